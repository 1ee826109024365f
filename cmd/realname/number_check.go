package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/alecthomas/kong"

	"realname/internal/csvrecord"
	"realname/verify/idnumber"
)

// numberCheckCmd answers every line of a file or of standard input, in order. The output holds personal data: it is the
// canonical number.
type numberCheckCmd struct {
	areasConfig
	On          string `help:"Day of the check as YYYY-MM-DD (default: today in China)." placeholder:"DATE"`
	Format      string `help:"ndjson or csv; auto goes by the file's name, else by its first byte." enum:"auto,ndjson,csv" default:"auto"`
	Kind        string `help:"Kind of every number of a CSV file (default: the column kind says it), of NDJSON lines without one." placeholder:"KIND"`
	Column      string `help:"CSV: the column of the number." default:"number" placeholder:"NAME"`
	Tell        bool   `help:"Also what the number tells: form, birth, sex, area, nationality, issuer."`
	NoCanonical bool   `help:"Leave the canonical number out."`
	Summary     *bool  `help:"Counts by status and reason on standard error (default: when it is a terminal)." negatable:""`
	FailOn      string `help:"Exit 2 when a number is invalid, or is suspicious or worse." enum:"none,suspicious,invalid" default:"none"`
	File        string `arg:"" optional:"" default:"-" help:"File to read, - for standard input."`
}

// Help gives examples.
func (*numberCheckCmd) Help() string {
	return `NDJSON, one question a line and one answer a line:

    $ echo '{"kind":"resident_id","number":"11010519491231002x"}' | realname number check
    {"kind":"resident_id","status":"valid","reason":"","canonical":"11010519491231002X"}

CSV, whose first line names the columns. Every column is kept, and status, reason and
canonical come behind them:

    $ realname number check --kind resident_id --column id persons.csv > answers.csv
    $ realname number check --no-canonical --fail-on invalid mixed.csv   # columns kind and number

A line that cannot be read is answered with the reason bad_input and stops nothing. Exit
status: 0 all answered, 1 not all could be read or written, 2 as --fail-on says. All
kinds, findings and equivalent spellings: docs/numbers.md.`
}

// Run checks every line; an error is one of reading or writing, a bad flag, or what --fail-on asks for.
func (c *numberCheckCmd) Run(ctx context.Context, k *kong.Context) error {
	return c.run(ctx, newConsole(k))
}

func (c *numberCheckCmd) run(ctx context.Context, t console) error {
	on, err := dayOf(c.On, t.now)
	if err != nil {
		return err
	}
	kind, err := knownKind(c.Kind)
	if err != nil {
		return err
	}
	checker, err := c.checker()
	if err != nil {
		return err
	}
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return fmt.Errorf("the file to read: %w", nameless(err))
		}
		defer f.Close()
		t.in = f
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	out := bufio.NewWriterSize(t.out, chunkSize)
	s := &numberStream{check: c, checker: checker, on: on, kind: kind, out: out, tally: newTally(t.now())}
	s.source = newPatientReader(ctx, t.in, s.flush)
	s.window = csvrecord.NewWindow(s)
	s.bar = t.progress()
	err = errors.Join(s.answerAll(), out.Flush())
	s.bar.finish()
	if c.Summary == nil && t.watched || c.Summary != nil && *c.Summary {
		err = errors.Join(err, s.tally.write(t.notes, t.now()))
	}
	if err != nil {
		return err
	}
	return s.tally.verdict(c.FailOn)
}

// numberStream is one run of number check.
type numberStream struct {
	check   *numberCheckCmd
	checker *idnumber.Checker
	on      idnumber.Date
	kind    idnumber.Kind // of --kind; "" when a column says it
	source  io.Reader
	window  *csvrecord.Window
	out     *bufio.Writer
	tally   *tally
	bar     *progress
}

// Read is the source's, and moves the bar.
func (s *numberStream) Read(to []byte) (int, error) {
	s.bar.at(s.window.Consumed())
	return s.source.Read(to)
}

// flush comes before every wait for input: whatever was read is answered by then.
func (s *numberStream) flush() error {
	if err := s.out.Flush(); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

func (s *numberStream) answerAll() error {
	const mark = "\ufeff"
	marked := bytes.Equal(s.window.Peek(1), []byte(mark[:1])) && string(s.window.Peek(len(mark))) == mark
	if marked {
		s.window.Take(len(mark))
	}
	answer := s.answerJSON
	if s.isCSV() {
		if marked { // a spreadsheet needs it to read Chinese
			_, _ = s.out.WriteString(mark)
		}
		answer = s.answerCSV
	}
	if err := answer(); err != nil {
		return err
	}
	switch {
	case errors.Is(s.window.Err(), context.Canceled):
		return fmt.Errorf("%w; the first %d records are answered", errInterrupted, s.tally.total)
	case s.window.Err() != nil && !errors.Is(s.window.Err(), io.EOF):
		return fmt.Errorf("read: %w", nameless(s.window.Err()))
	}
	return nil
}

// isCSV goes by --format, by the name of the file, and by its first byte: a JSON value of a line begins with a bracket.
func (s *numberStream) isCSV() bool {
	if s.check.Format != "auto" && s.check.Format != "" {
		return s.check.Format == "csv"
	}
	switch strings.ToLower(filepath.Ext(s.check.File)) {
	case ".csv":
		return true
	case ".ndjson", ".jsonl", ".json":
		return false
	}
	for n := 1; n <= csvrecord.MaxLine; n++ {
		b := s.window.Peek(n)
		if len(b) < n {
			break
		}
		switch b[n-1] {
		case ' ', '\t', '\r', '\n':
			continue
		case '{', '[':
			return false
		}
		return true
	}
	return false
}

// judge checks one number and counts it.
func (s *numberStream) judge(kind idnumber.Kind, number string) idnumber.Result {
	r := s.checker.Check(kind, number, s.on)
	s.tally.count(r.Status, r.Reason)
	return r
}

// told is what a number tells beside its verdict; every value is "" when it does not tell it.
type told struct {
	Form        string `json:"form"`
	Birth       string `json:"birth"`
	Sex         string `json:"sex"`
	Area        string `json:"area"`
	AreaName    string `json:"area_name"` // in the year of birth
	Nationality string `json:"nationality"`
	State       string `json:"state"`
	Issuer      string `json:"issuer"`
	Expiry      string `json:"expiry"`
}

var toldColumns = []string{"form", "birth", "sex", "area", "area_name", "nationality", "state", "issuer", "expiry"}

func (t *told) cells() [9]string {
	return [...]string{t.Form, t.Birth, t.Sex, t.Area, t.AreaName, t.Nationality, t.State, t.Issuer, t.Expiry}
}

func tell(r *idnumber.Result) told {
	t := told{
		Form: r.Form.String(), Sex: r.Sex.String(), Nationality: r.Nationality.String(), State: r.State.String(),
		Issuer: r.Issuer.String(), AreaName: r.Area.FullName(),
	}
	if r.Area.Code != 0 {
		t.Area = r.Area.Code.String()
	}
	if r.Birth.Valid() {
		t.Birth = r.Birth.String()
	}
	if r.Expiry.Valid() {
		t.Expiry = r.Expiry.String()
	}
	return t
}
