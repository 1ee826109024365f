package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// realname runs a command line as main does; output and notes come back.
func realname(t *testing.T, args ...string) (out, notes string, err error) {
	t.Helper()
	var stdout, stderr strings.Builder
	parser, err := kong.New(&commands{}, kong.Name("realname"), kong.Writers(&stdout, &stderr),
		kong.BindTo(t.Context(), (*context.Context)(nil)))
	if err != nil {
		t.Fatal(err)
	}
	k, err := parser.Parse(args)
	if err == nil {
		err = k.Run()
	}
	return stdout.String(), stderr.String(), err
}

func TestImageCommandsRefuse(t *testing.T) {
	empty, hidden := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(hidden, ".DS_Store"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		why, line, want string
	}{
		{"one picture is drawn", "image check --annotate x.jpg a.jpg b.jpg", "one photo, not 2"},
		{"an empty folder", "image eval " + empty, "no picture to look at"},
		{"hidden files are the system's", "image eval " + hidden, "no picture to look at"},
		{"no such folder", "image eval " + filepath.Join(empty, "absent"), "no such file"},
		{"no worker", "image eval --workers 0 " + empty, "--workers"},
		{"a negative number of workers", "image contact-sheet --workers=-1 --out " + empty + " " + empty, "--workers"},
		{"no time", "image eval --timeout 0s " + empty, "--timeout"},
		{"sheets need a folder to go to", "image contact-sheet " + empty, "--out"},
	} {
		if _, _, err := realname(t, strings.Fields(c.line)...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.why, err)
		}
	}
}

func TestWritePrivate(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "page.html")
	if err := os.WriteFile(name, []byte("old, and open to all"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := writePrivate(name, []byte("new")); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(name)
	if err != nil || string(text) != "new" {
		t.Errorf("got %q, %v", text, err)
	}
	info, err := os.Stat(name)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := writePrivate(filepath.Join(dir, "absent", "page.html"), nil); err == nil {
		t.Error("a folder that is not there is written to")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}
