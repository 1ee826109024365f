package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/alecthomas/kong"

	"realname/internal/app"
)

// stockCmd groups the commands on existing openings. Their files hold personal data, so that what goes wrong with one is
// told by the number of its row.
type stockCmd struct {
	Load      stockLoadCmd      `cmd:"" help:"Load existing openings from CSV, so that the limits count them; goes on where it stopped."`
	Reconcile stockReconcileCmd `cmd:"" help:"Compare the openings in the ledger with the tenant's own file, and report what differs."`
	Baseline  stockBaselineCmd  `cmd:"" help:"State that the whole nationwide stock of a quota family is loaded, or is not."`
}

// stockFlags say whose stock is meant.
type stockFlags struct {
	configFlag
	Tenant string `help:"Id of the tenant." required:"" placeholder:"tnt_…"`
}

// open opens the stock of the tenant for one command.
func (f stockFlags) open(ctx context.Context, do func(*app.Stock) error) error {
	return operate(ctx, f.configFlag, func(o *app.Operator) error {
		stock, err := o.Stock(ctx, f.Tenant)
		if err != nil {
			return err
		}
		return do(stock)
	})
}

// stockInput is the file that a command reads, or standard input.
type stockInput struct {
	content io.Reader
	name    string // of the file; empty for standard input
	close   func() error
}

// openStock opens a file, or takes in for "-". A pipe loses its method Seek, which would fail: what cannot be read twice
// must not say that it can.
func openStock(ctx context.Context, file string, in io.Reader) (stockInput, error) {
	name, closeIt := "", func() error { return nil }
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return stockInput{}, fmt.Errorf("the file to read: %w", nameless(err))
		}
		in, name, closeIt = f, filepath.Base(file), f.Close
	}
	if f, ok := in.(*os.File); ok {
		if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
			in = newPatientReader(ctx, f, func() error { return nil })
		}
	}
	return stockInput{in, name, closeIt}, nil
}

// stockFindings ends a command that did its work and found something to look at.
type stockFindings string

func (e stockFindings) Error() string { return string(e) }

// ExitCode tells this from an error.
func (stockFindings) ExitCode() int { return 2 }

// pace is how often a line tells the progress where no terminal shows a bar.
const pace = 10 * time.Second

// stockProgress tells how far a command has come: a bar on a terminal, a line now and then elsewhere.
type stockProgress struct {
	console
	bar   *progress
	began time.Time
	told  time.Time
	first int64 // rows that an earlier run had done
}

func newStockProgress(t console, in io.Reader) *stockProgress {
	p := &stockProgress{console: t, began: t.now()}
	p.told = p.began
	if t.watched {
		p.bar = newProgress(in, t.notes)
	}
	return p
}

// at takes the rows and bytes that are done.
func (p *stockProgress) at(rows, bytes int64) {
	p.bar.at(bytes)
	now := p.now()
	if p.bar != nil || now.Sub(p.told) < pace {
		return
	}
	p.told = now
	// Telling progress is worth no error.
	_, _ = fmt.Fprintf(p.notes, "realname: %d rows, %.0f a second\n", rows, p.speed(rows))
}

// speed is the rows of this run for each second of it.
func (p *stockProgress) speed(rows int64) float64 {
	took := p.now().Sub(p.began).Seconds()
	if took <= 0 {
		return 0
	}
	return float64(rows-p.first) / took
}

// report writes a report that has something to say to a file that is readable by its owner only, and says where.
func report(t console, file string, write func(w io.Writer) error) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("the report: %w", err)
	}
	if err := errors.Join(write(f), f.Close()); err != nil {
		return fmt.Errorf("the report: %w", err)
	}
	_, err = fmt.Fprintln(t.notes, "realname: the report is in", file)
	return err
}

type stockBaselineCmd struct {
	stockFlags
	Family     string `help:"Quota family of the policy, such as phone_cards." required:""`
	AsOf       string `help:"Day as YYYY-MM-DD in China as of which that is so." required:"" placeholder:"DATE"`
	Complete   bool   `help:"The legal entity's whole nationwide stock of the family is in the ledger." xor:"word" required:""`
	Incomplete bool   `help:"It is not: the family's limit cannot be judged." xor:"word" required:""`
}

// Run states the baseline; the newest day that was stated for a family holds.
func (c *stockBaselineCmd) Run(ctx context.Context, k *kong.Context) error {
	return c.open(ctx, func(s *app.Stock) error {
		if err := s.StateBaseline(ctx, c.Family, c.AsOf, c.Complete); err != nil {
			return inWords(err)
		}
		word := "complete"
		if !c.Complete {
			word = "not complete"
		}
		_, err := fmt.Fprintf(k.Stdout, "%s is %s as of %s\n", c.Family, word, c.AsOf)
		return err
	})
}
