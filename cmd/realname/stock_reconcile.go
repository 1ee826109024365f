package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/alecthomas/kong"

	"realname/internal/app"
)

// stockReconcileCmd compares the ledger with a tenant's own file.
type stockReconcileCmd struct {
	stockFlags
	Report string `help:"File for what was found (default: ID.csv here); written only if something was." placeholder:"FILE"`
	JSON   bool   `name:"json" help:"Print JSON."`
	File   string `arg:"" help:"CSV file to read, - for standard input."`
}

// Help gives examples.
func (*stockReconcileCmd) Help() string {
	return `The file is the tenant's own list of its living openings: external_ref, product and state, and
kind and number (with issuing_state and the like) where the holder is to be compared too.

    $ realname stock reconcile --config realname.yaml --tenant tnt_… books-2026-12-01.csv

What only one side has, and what both have differently, is written to a report and recorded as
an event. Nothing is changed: people decide. What is reserved here and not handed over yet may
be missing in the file. Exit status: 0 both agree, 2 they do not, 1 it did not come to the end.`
}

// Run compares.
func (c *stockReconcileCmd) Run(ctx context.Context, k *kong.Context) error {
	return c.run(ctx, newConsole(k))
}

func (c *stockReconcileCmd) run(ctx context.Context, t console) error {
	in, err := openStock(ctx, c.File, t.in)
	if err != nil {
		return err
	}
	return errors.Join(c.open(ctx, func(s *app.Stock) error { return c.reconcile(ctx, t, s, in) }), in.close())
}

func (c *stockReconcileCmd) reconcile(ctx context.Context, t console, s *app.Stock, in stockInput) error {
	progress := newStockProgress(t, in.content)
	r, err := s.Reconcile(ctx, app.ReconciliationFile{Content: in.content, Progress: progress.at})
	progress.bar.finish()
	switch {
	case err != nil && ctx.Err() != nil:
		return fmt.Errorf("%w; the same command begins again", errInterrupted)
	case err != nil:
		return inWords(err)
	}
	if err := c.tell(t, r); err != nil {
		return err
	}
	found := r.Differing + r.OnlyLedger + r.OnlyFile + r.Refused
	if found == 0 {
		return nil
	}
	file := c.Report
	if file == "" {
		file = r.ID + ".csv"
	}
	if err := report(t, file, func(w io.Writer) error { return s.ReportReconciliation(ctx, w, r.ID) }); err != nil {
		return err
	}
	return stockFindings(fmt.Sprintf("%d rows do not agree", found))
}

// reconciliationAnswer is what --json prints.
type reconciliationAnswer struct {
	ID         string `json:"id"`
	Matched    int64  `json:"matched"`
	Differing  int64  `json:"differing"`
	OnlyLedger int64  `json:"only_ledger"`
	OnlyFile   int64  `json:"only_file"`
	Refused    int64  `json:"refused"`
}

func (c *stockReconcileCmd) tell(t console, r app.Reconciliation) error {
	a := reconciliationAnswer{r.ID, r.Matched, r.Differing, r.OnlyLedger, r.OnlyFile, r.Refused}
	if c.JSON {
		return json.NewEncoder(t.out).Encode(a)
	}
	_, err := fmt.Fprintf(t.out, "reconciliation      %s\nboth agree          %d\nboth, but different %d\nonly in the ledger  %d\nonly in the file    %d\nrefused             %d\n",
		a.ID, a.Matched, a.Differing, a.OnlyLedger, a.OnlyFile, a.Refused)
	return err
}
