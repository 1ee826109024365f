package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// A number that was given by mistake is in no error, whatever is wrong with the command line.
func TestArgumentsAreNotRepeated(t *testing.T) {
	const number = "11010519491231002X"
	for _, c := range []struct {
		why, line, want string
	}{
		{"an argument that no command takes", "number explain " + number, "unexpected argument; a number comes from standard input"},
		{"one too many", "number check a.csv " + number, "unexpected argument"},
		{"in place of a command", "number " + number, "unexpected argument"},
		{"in place of every command", number, "unexpected argument"},
		{"as a flag", "number explain --" + number, "unknown flag"},
		{"no count", "number generate --kind uscc --count " + number, "--count: expected a valid 64 bit int"},
		{"no seed", "number generate --kind uscc --seed=" + number, "--seed: expected a valid 64 bit uint"},
		{"no format", "number check --format " + number, `--format must be one of "auto","ndjson","csv"`},
		{"no file of the configuration", "number check --config " + number, "a file that was named: no such file"},
		{"a flag that is missing repeats nothing", "number generate", "missing flags: --kind=KIND"},
		{"a command that is missing repeats nothing", "number", `expected one of "check"`},
	} {
		parser := kong.Must(&commands{}, kong.BindTo(t.Context(), (*context.Context)(nil)))
		_, err := parser.Parse(strings.Fields(c.line))
		err = withoutArguments(err)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) || strings.Contains(err.Error(), number) {
			t.Errorf("%s: got %v", c.why, err)
		}
		var parse *kong.ParseError
		if !errors.As(err, &parse) {
			t.Errorf("%s: usage and exit status are lost", c.why)
		}
	}
}

func TestOtherCommandsSayWhatIsWrong(t *testing.T) {
	parser := kong.Must(&commands{})
	_, err := parser.Parse([]string{"areas", "show", "110105", "110106"})
	if err := withoutArguments(err); err == nil || !strings.Contains(err.Error(), "110106") {
		t.Errorf("got %v", err)
	}
	_, err = parser.Parse([]string{"areas", "show", "110105"})
	if err := withoutArguments(err); err != nil {
		t.Errorf("a good command line gives %v", err)
	}
}

// A number that was given for the name of a file is in no error.
func TestFileNamesAreNotRepeated(t *testing.T) {
	const number = "11010519491231002X"
	name := filepath.Join(t.TempDir(), number)
	check := func() error {
		return (&numberCheckCmd{File: name}).run(t.Context(), testConsole(nil, &strings.Builder{}))
	}
	if err := check(); !errors.Is(err, os.ErrNotExist) || strings.Contains(err.Error(), number) {
		t.Errorf("no such file: %v", err)
	}
	if err := os.Mkdir(name, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := check(); err == nil || strings.Contains(err.Error(), number) {
		t.Errorf("a folder: %v", err)
	}
}
