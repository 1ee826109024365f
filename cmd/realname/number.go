package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/alecthomas/kong"
	"github.com/mattn/go-isatty"

	"realname/verify/idnumber"
)

// numberCmd groups the commands on document numbers.
type numberCmd struct {
	Check    numberCheckCmd    `cmd:"" help:"Check document numbers, NDJSON or CSV, one answer a line."`
	Explain  numberExplainCmd  `cmd:"" help:"Say what the parts of one number mean and which of them is wrong."`
	Generate numberGenerateCmd `cmd:"" help:"Make valid numbers for tests and demonstrations."`
}

// console is what a number command talks to.
type console struct {
	in       io.Reader
	out      io.Writer
	notes    io.Writer // standard error: everything that is not an answer
	watched  bool      // notes go to a terminal
	prompted bool      // a person types at in, and sees notes
	now      func() time.Time
}

func newConsole(k *kong.Context) console {
	watched := isatty.IsTerminal(os.Stderr.Fd())
	return console{
		in: os.Stdin, out: k.Stdout, notes: k.Stderr, watched: watched,
		prompted: watched && isatty.IsTerminal(os.Stdin.Fd()), now: time.Now,
	}
}

// dayOf reads a day of --on: today in China when it is empty.
func dayOf(text string, now func() time.Time) (idnumber.Date, error) {
	if text == "" {
		return idnumber.DateOf(now()), nil
	}
	day, err := idnumber.ParseDate(text)
	if err != nil {
		return idnumber.Date{}, fmt.Errorf("--on: %w", err)
	}
	return day, nil
}

// knownKind reads a kind of --kind; "" stays "".
func knownKind(text string) (idnumber.Kind, error) {
	kind := idnumber.Kind(text)
	if text != "" && kind.Class() == idnumber.NoClass {
		return "", fmt.Errorf("--kind: no such kind; the kinds are %v", idnumber.Kinds()) // never the text: it may be a number
	}
	return kind, nil
}
