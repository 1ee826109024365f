package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/alecthomas/kong"
	"github.com/mattn/go-isatty"

	"realname/internal/app"
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
	shown    bool      // answers go to a terminal
	typed    bool      // a person types at in
	prompted bool      // and sees notes
	now      func() time.Time
}

func newConsole(k *kong.Context) console {
	watched, typed := isatty.IsTerminal(os.Stderr.Fd()), isatty.IsTerminal(os.Stdin.Fd())
	return console{
		in: os.Stdin, out: k.Stdout, notes: k.Stderr, watched: watched, shown: isatty.IsTerminal(os.Stdout.Fd()),
		typed: typed, prompted: watched && typed, now: time.Now,
	}
}

// progress gives the bar over what is read; nil where nobody sees it, and where it would write over the answers.
func (c console) progress() *progress {
	if !c.watched || c.shown {
		return nil
	}
	return newProgress(c.in, c.notes)
}

var errInterrupted = errors.New("interrupted")

// checker judges with the division codes that the gateway of this configuration uses.
func (c areasConfig) checker() (*idnumber.Checker, error) {
	cfg, err := c.load()
	if err != nil {
		return nil, err
	}
	areas, err := app.ReadAreas(cfg)
	if err != nil {
		return nil, err
	}
	return idnumber.NewChecker(areas), nil
}

// nameless takes the name of the file out of an error: somebody may have given a number for it.
func nameless(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
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
