package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func areasFile(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "new.csv")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// areasHome gives a configuration with a data folder of its own.
func areasHome(t *testing.T) (flag areasConfig, installed string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "realname.yaml")
	text := "data: " + filepath.Join(dir, "data") + "\nauthority: {url: http://127.0.0.1:1, secret_file: none}\n"
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return areasConfig{Config: name}, filepath.Join(dir, "data", "areas.csv")
}

func TestAreasShow(t *testing.T) {
	flag, _ := areasHome(t)
	for _, c := range []struct {
		why, code string
		year      int
		want      []string
	}{
		{"abolished", "110103", 0, []string{"110103  北京市崇文区", "2026  abolished", "1980–2010  崇文区"}},
		{"in force then", "110103", 1990, []string{"1990  in force"}},
		{"born before the first list", "110105", 1950, []string{"1950  before the first list (1980): taken as in force"}},
		{"a later code, born before the first list", "330113", 1950, []string{"1950  created after"}},
		{"the first list", "110105", 1980, []string{"1980  in force"}},
		{"the first year", "110105", 1900, []string{"1900  before the first list"}},
		{"the last year", "110105", 2154, []string{"2154  in force"}},
		{"two names", "430102", 2020, []string{"湖南省长沙市芙蓉区", "2020  in force", "–1983  城东区", "芙蓉区"}},
		{"created later", "330113", 2000, []string{"2000  created after"}},
		{"unknown", "110199", 0, []string{"110199  北京市\n", "in no list"}},
		{"read on cards", "320219", 0, []string{"江苏省无锡市", "…–…  (read on cards"}},
		{"a permit's", "810000", 0, []string{"no resident number"}},
		{"a province", "110000", 0, []string{"no card carries"}},
	} {
		var out bytes.Buffer
		cmd := areasShowCmd{areasConfig: flag, Code: c.code, Year: c.year}
		if err := cmd.run(&out, evening); err != nil {
			t.Errorf("%s: %v", c.why, err)
		}
		for _, want := range c.want {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: %q lacks %q", c.why, out.String(), want)
			}
		}
	}
	for _, code := range []string{"", "11010", "1101011", "11010x", "+11010", "110105199"} {
		if err := (&areasShowCmd{areasConfig: flag, Code: code}).run(&bytes.Buffer{}, evening); err == nil {
			t.Errorf("%q is shown", code)
		}
	}
}

func TestAreasShowRefusesYears(t *testing.T) {
	flag, _ := areasHome(t)
	for _, year := range []int{-1, 1, 1899, 2155, 20260} {
		var out bytes.Buffer
		err := (&areasShowCmd{areasConfig: flag, Code: "110105", Year: year}).run(&out, evening)
		if err == nil || err.Error() != "--year: want 1900 to 2154" || out.Len() > 0 {
			t.Errorf("%d: %q, %v", year, out.String(), err)
		}
	}
}

func TestAreasUpdate(t *testing.T) {
	flag, installed := areasHome(t)
	update := func(text string, dry bool) (string, error) {
		var out bytes.Buffer
		err := (&areasUpdateCmd{areasConfig: flag, File: areasFile(t, text), DryRun: dry}).run(&out)
		return out.String(), err
	}
	const first = "110101,1980,2026,东城区\n110102,1980,2026,西城区\n110102,2026,,新西城区\n110199,2026,,新设区\n"
	const changes = "closed   110101  东城区 1980–… → 东城区 1980–2026\n" +
		"renamed  110102  西城区 1980–… → 新西城区 2026–…\n" +
		"added    110199  新设区 2026–…\n" +
		"3 codes change, 1 added, 1 closed, 1 renamed\n"
	if got, err := update(first, true); err != nil || got != changes {
		t.Errorf("dry run: %q, %v", got, err)
	}
	if _, err := os.Stat(installed); err == nil {
		t.Error("the dry run wrote")
	}
	if got, err := update(first, false); err != nil || got != changes+"written to "+installed+"\n" {
		t.Errorf("update: %q, %v", got, err)
	}
	if text, err := os.ReadFile(installed); err != nil || string(text) != first {
		t.Errorf("installed %q, %v", text, err)
	}
	if got, err := update(first, true); err != nil || got != "0 codes change\n" {
		t.Errorf("again: %q, %v", got, err)
	}
	if got, err := update("110101,1980,2026,东城区\n", false); err != nil || !strings.HasPrefix(got, "renamed  110102  新西城区 2026–… → 西城区 1980–…\nremoved  110199") {
		t.Errorf("a shorter list: %q, %v", got, err)
	}
	if text, err := os.ReadFile(installed + ".bak"); err != nil || string(text) != first {
		t.Errorf("kept %q, %v", text, err)
	}
	var shown bytes.Buffer
	if err := (&areasShowCmd{areasConfig: flag, Code: "110101", Year: 2027}).run(&shown, evening); err != nil || !strings.Contains(shown.String(), "abolished") {
		t.Errorf("show after the update: %q, %v", shown.String(), err)
	}
}

func TestAreasUpdateRefusesABrokenFile(t *testing.T) {
	flag, installed := areasHome(t)
	var out bytes.Buffer
	err := (&areasUpdateCmd{areasConfig: flag, File: areasFile(t, "110101,1980,,x\n11010519491231002X,,,y\n")}).run(&out)
	if err == nil || !strings.Contains(err.Error(), "line 2: code") || strings.Contains(err.Error(), "19491231") {
		t.Errorf("the error is %v", err)
	}
	if _, err := os.Stat(installed); err == nil || out.Len() > 0 {
		t.Errorf("it was installed, or printed %q", out.String())
	}
}

// What can be read and is hardly meant is installed with --force only.
func TestAreasUpdateNeedsForce(t *testing.T) {
	for _, c := range []struct{ why, text, want string }{
		{"nothing", "", "no line has a code"},
		{"comments only", "\ufeff# a list\n\n", "no line has a code"},
		{"two years in two periods", "110101,1980,2026,甲区\n110101,2025,,乙区\n", "two periods of 110101 share"},
		{"the same period twice", "110105,1980,,朝阳区\n110105,1980,,朝阳区\n", "two periods of 110105 share"},
	} {
		flag, installed := areasHome(t)
		cmd := areasUpdateCmd{areasConfig: flag, File: areasFile(t, c.text)}
		var out bytes.Buffer
		if err := cmd.run(&out); err == nil || !strings.Contains(err.Error(), c.want) || out.Len() > 0 {
			t.Errorf("%s: %q, %v", c.why, out.String(), err)
		}
		if _, err := os.Stat(installed); err == nil {
			t.Errorf("%s: it was installed", c.why)
		}
		cmd.Force = true
		if err := cmd.run(&out); err != nil {
			t.Errorf("%s, with --force: %v", c.why, err)
		}
		if text, err := os.ReadFile(installed); err != nil || string(text) != c.text {
			t.Errorf("%s, with --force: %q, %v", c.why, text, err)
		}
	}
}

// Without --config the data folder lies in the folder of the call: it is named in full, and never made.
func TestAreasUpdateWithoutAConfiguration(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	cmd := areasUpdateCmd{File: areasFile(t, "110199,2026,,新设区\n")}
	var out bytes.Buffer
	if err := cmd.run(&out); err == nil || !strings.Contains(err.Error(), "no folder "+filepath.Join(dir, "var", "realname")) {
		t.Errorf("the error is %v", err)
	}
	if _, err := os.Stat("var"); err == nil {
		t.Error("a folder was made")
	}
	if err := os.MkdirAll(filepath.Join("var", "realname"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := cmd.run(&out); err != nil || !strings.Contains(out.String(), "written to "+filepath.Join(dir, "var", "realname", "areas.csv")+"\n") {
		t.Errorf("printed %q, %v", out.String(), err)
	}
}

// What was put in place by hand and cannot be read is replaced, and kept.
func TestAreasUpdateMendsABrokenFile(t *testing.T) {
	flag, installed := areasHome(t)
	if err := os.WriteFile(installed, []byte("broken\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := (&areasUpdateCmd{areasConfig: flag, File: areasFile(t, "110199,2026,,新设区\n")}).run(&out); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.Contains(got, "cannot be used") || !strings.Contains(got, "1 added") {
		t.Errorf("printed %q", got)
	}
	if text, err := os.ReadFile(installed + ".bak"); err != nil || string(text) != "broken\n" {
		t.Errorf("kept %q, %v", text, err)
	}
}

func TestAreasUpdateCapsTheList(t *testing.T) {
	flag, _ := areasHome(t)
	var out bytes.Buffer
	// Beijing never had a prefecture 99: all sixty codes are new.
	text := ""
	for i := range 60 {
		text += "1199" + string(rune('0'+i/10)) + string(rune('0'+i%10)) + ",2026,,x\n"
	}
	if err := (&areasUpdateCmd{areasConfig: flag, File: areasFile(t, text), DryRun: true}).run(&out); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.Contains(got, "… and 20 more\n60 codes change, 60 added\n") || strings.Count(got, "\n") != 42 {
		t.Errorf("printed %q", got)
	}
}
