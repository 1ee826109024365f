package main

import (
	"errors"
	"io/fs"
	"strings"

	"github.com/alecthomas/kong"
)

// argumentsError says what is wrong with a command line and does not repeat it.
type argumentsError struct {
	text  string
	cause error
}

func (e argumentsError) Error() string { return e.text }

// Unwrap keeps the exit status and the usage of a kong.ParseError.
func (e argumentsError) Unwrap() error { return e.cause }

// withoutArguments takes what was typed out of a parse error of the commands on numbers, stock and limits, and of one before any command:
// somebody may have given a number there, and a terminal's record keeps errors. Only texts that are known to repeat
// nothing are kept.
func withoutArguments(err error) error {
	var parse *kong.ParseError
	if !errors.As(err, &parse) || !mayHoldNumber(parse.Context) {
		return err
	}
	text := err.Error()
	before, _, repeats := strings.Cut(text, " but got ")
	var path *fs.PathError
	switch {
	case errors.As(err, &path):
		text = "a file that was named: " + path.Err.Error()
	case strings.HasPrefix(text, "unexpected argument"):
		text = "unexpected argument; a number comes from standard input, never from the command line"
	case strings.HasPrefix(text, "unknown flag"):
		text = "unknown flag"
	case repeats && strings.HasPrefix(text, "--"):
		text = before
	case !repeats && (strings.HasPrefix(text, "missing flags: ") || strings.HasPrefix(text, "expected ")):
	default:
		text = "the command line cannot be read"
	}
	return argumentsError{text, err}
}

func mayHoldNumber(c *kong.Context) bool {
	for _, p := range c.Path {
		if p.Command != nil {
			return p.Command.Name == "number" || p.Command.Name == "stock" || p.Command.Name == "limits"
		}
	}
	return true
}
