package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/alecthomas/kong"

	"realname/compliance"
	"realname/internal/app"
)

// stockLoadCmd loads a CSV file of any size.
type stockLoadCmd struct {
	stockFlags
	Report string `help:"File for the rows that were refused (default: ID.refused.csv here); written only if there are any." placeholder:"FILE"`
	JSON   bool   `name:"json" help:"Print JSON."`
	File   string `arg:"" help:"CSV file to read, - for standard input."`
}

// Help gives examples.
func (*stockLoadCmd) Help() string {
	return `The first line names the columns, in any order and no others:

    kind           resident_id, passport … as in docs/numbers.md     required
    number         of the document                                   required
    product        mobile_card, debit_card … of the policy           required
    external_ref   the tenant's own number of the card or account    required
    state          pending_activation, active (when empty), suspended, closed
    opened_at      YYYY-MM-DD, or an RFC 3339 time
    issuing_state, birth_date, sex, nationality   as printed, for documents that need them

UTF-8 with or without a byte-order mark, or GB18030. A row that cannot be used is refused with
its number and a code, and stops nothing; one whose external_ref is known is skipped. The same
file again goes on where it stopped, after whatever stopped it; a stream that cannot be read
twice begins again and skips what is known. A gateway may run meanwhile.

    $ realname stock load --config realname.yaml --tenant tnt_… cards.csv
    $ gpg -d cards.csv.gpg | realname stock load --config realname.yaml --tenant tnt_… -

Exit status: 0 all loaded, 2 some rows were refused, 1 it did not come to the end.`
}

// Run loads the file.
func (c *stockLoadCmd) Run(ctx context.Context, k *kong.Context) error {
	return c.run(ctx, newConsole(k))
}

func (c *stockLoadCmd) run(ctx context.Context, t console) error {
	in, err := openStock(ctx, c.File, t.in)
	if err != nil {
		return err
	}
	return errors.Join(c.open(ctx, func(s *app.Stock) error { return c.load(ctx, t, s, in) }), in.close())
}

func (c *stockLoadCmd) load(ctx context.Context, t console, s *app.Stock, in stockInput) error {
	progress := newStockProgress(t, in.content)
	load, err := s.Load(ctx, app.StockFile{
		Content: in.content, Name: in.name,
		Begins: func(l app.StockLoad) {
			progress.first = l.Row
			if l.Row > 0 {
				fmt.Fprintf(t.notes, "realname: going on behind row %d of %s\n", l.Row, l.ID)
			}
		},
		Changed: func(before app.StockLoad) {
			fmt.Fprintf(t.notes, "realname: this is not the file that was loaded under its name before (%s); it is loaded as a new one\n", before.ID)
		},
		Progress: func(l app.StockLoad) { progress.at(l.Row, l.Byte) },
	})
	progress.bar.finish()
	switch {
	case err != nil && ctx.Err() != nil:
		return fmt.Errorf("%w; %d rows of %s are done, and the same command goes on behind them", errInterrupted, max(load.Row-1, 0), load.ID)
	case err != nil && load.ID != "":
		return fmt.Errorf("%d rows of %s are done, and the same command goes on behind them: %w", max(load.Row-1, 0), load.ID, inWords(err))
	case err != nil:
		return inWords(err)
	}
	if err := c.tell(t, load, progress.speed(load.Row)); err != nil {
		return err
	}
	if load.Refused == 0 {
		return nil
	}
	file := c.Report
	if file == "" {
		file = load.ID + ".refused.csv"
	}
	if err := report(t, file, func(w io.Writer) error { return s.ReportLoad(ctx, w, load.ID) }); err != nil {
		return err
	}
	return stockFindings(fmt.Sprintf("%d rows were refused", load.Refused))
}

// loadAnswer is what --json prints.
type loadAnswer struct {
	ID      string `json:"id"`
	Rows    int64  `json:"rows"` // of the file, the header not counted
	Loaded  int64  `json:"loaded"`
	Known   int64  `json:"known"`
	Refused int64  `json:"refused"`
	Again   bool   `json:"again"` // it was loaded before; nothing was done now
}

func (c *stockLoadCmd) tell(t console, l app.StockLoad, speed float64) error {
	a := loadAnswer{ID: l.ID, Rows: l.Row - 1, Loaded: l.Loaded, Known: l.Known, Refused: l.Refused, Again: l.Replayed}
	if c.JSON {
		return json.NewEncoder(t.out).Encode(a)
	}
	if a.Again {
		_, err := fmt.Fprintf(t.out, "this file was loaded before, by %s: %d loaded, %d already known, %d refused\n", a.ID, a.Loaded, a.Known, a.Refused)
		return err
	}
	_, err := fmt.Fprintf(t.out, "load          %s\nrows          %d (%.0f a second)\nloaded        %d\nalready known %d\nrefused       %d\n",
		a.ID, a.Rows, speed, a.Loaded, a.Known, a.Refused)
	return err
}

// inWords is an error in the words of the catalogue, where it has any.
func inWords(err error) error {
	e, ok := errors.AsType[*compliance.Error](err)
	if !ok {
		return err
	}
	reason, known := compliance.Reason(e.Code)
	if !known {
		return err
	}
	text := reason.Clerk.EN
	if e.Detail != "" {
		text += " " + e.Detail + "."
	}
	if e.Cause != nil {
		return fmt.Errorf("%s (%s): %w", text, e.Code, nameless(e.Cause))
	}
	return fmt.Errorf("%s (%s)", text, e.Code)
}
