package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The division codes of a configuration reach the number commands.
func TestNumberCommandsUseTheOperatorsAreas(t *testing.T) {
	flag, installed := areasHome(t)
	const number = "110199199001010002" // sequence 000: never issued
	const line = `{"kind":"resident_id","number":"` + number + `"}` + "\n"
	check := func(flag areasConfig) string {
		var out bytes.Buffer
		if err := (&numberCheckCmd{areasConfig: flag, File: "-", NoCanonical: true}).run(t.Context(), testConsole(strings.NewReader(line), &out)); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	explained := func(kind string) string {
		out, err := explainText(t, numberExplainCmd{areasConfig: flag, Lang: "en", Kind: kind}, number+"\n")
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if got := check(flag); !strings.Contains(got, "area_unknown") {
		t.Errorf("without a list: %s", got)
	}
	if got := explained(""); !strings.Contains(got, "(resident_id) suspicious") {
		t.Errorf("explained without a list:\n%s", got)
	}
	if err := os.MkdirAll(filepath.Dir(installed), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(installed, []byte("110199,1980,,新设区\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := check(flag); !strings.Contains(got, `"valid"`) {
		t.Errorf("with a list: %s", got)
	}
	if got := check(areasConfig{}); !strings.Contains(got, "area_unknown") {
		t.Errorf("another configuration: %s", got)
	}
	for _, kind := range []string{"", "resident_id"} {
		if got := explained(kind); !strings.Contains(got, "(resident_id): well-formed") || !strings.Contains(got, "北京市新设区") {
			t.Errorf("explained with a list, kind %q:\n%s", kind, got)
		}
	}
}

// A list that cannot be read is an error, as for areas show: the built-in codes would judge otherwise than the gateway.
func TestNumberCommandsRefuseABrokenList(t *testing.T) {
	flag, installed := areasHome(t)
	if err := os.MkdirAll(filepath.Dir(installed), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(installed, []byte("broken\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := (&numberCheckCmd{areasConfig: flag, File: "-"}).run(t.Context(), testConsole(strings.NewReader(""), &bytes.Buffer{})); err == nil {
		t.Error("check takes a broken list")
	}
	if _, err := explainText(t, numberExplainCmd{areasConfig: flag}, "1\n"); err == nil {
		t.Error("explain takes a broken list")
	}
}
