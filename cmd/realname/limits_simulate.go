package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"realname/internal/app"
)

// limitsSimulateCmd plays a history of openings against a policy.
type limitsSimulateCmd struct {
	Policy  string         `help:"Policy file (default: the built-in policy)." type:"existingfile" placeholder:"FILE"`
	CSV     string         `name:"csv" help:"History of openings; - for standard input." required:"" placeholder:"FILE"`
	Set     map[string]int `help:"A limit that every institution sets for itself, such as internet_accounts=3." placeholder:"FAMILY=N"`
	Lease   time.Duration  `help:"Of a reservation that is not handed over." default:"15m"`
	First   int            `help:"How many refused rows of each family are told." default:"5"`
	Scratch string         `help:"Folder for the temporary ledger, about 5 KB a row (default: the system's own)." type:"existingdir" placeholder:"DIR"`
	JSON    bool           `name:"json" help:"Print JSON."`
}

// Help documents the header.
func (*limitsSimulateCmd) Help() string {
	return `    $ realname limits simulate --policy draft.yaml --csv openings.csv

The first line names the columns, in any order:

    at            time with its zone, such as 2026-03-02T10:00:00+08:00; rows in that order
    action        open, reserve, confirm, port_in, transfer, release, suspend, resume, close
    opening       token of the card or account, each opened once
  and for open, reserve, port_in and transfer
    person        token of the holder
    product       of the policy, such as mobile_card
    legal_entity  token of the carrier, bank or platform
    predecessor   of a transfer: the opening that it takes over
    scene         default: that of the product
    customer_type individual (default) or unit
    phone         token of the phone number
    proxy, guardian, … token of the person in that role

Tokens have no meaning: put them in the place of every number before. "open" reserves and hands
over at once; "reserve" holds for --lease unless a "confirm" follows. Nobody is verified: every
check counts as passed, and every opening before the history as none. It is counted by the
gateway's own code on a temporary ledger, which is removed at the end.

Exit status: 0 all played, whatever was refused; 1 a row or the policy cannot be read.`
}

// Run plays; refusals are no error.
func (c *limitsSimulateCmd) Run(ctx context.Context, k *kong.Context) error {
	return c.run(ctx, newConsole(k))
}

func (c *limitsSimulateCmd) run(ctx context.Context, t console) error {
	if c.CSV != "-" {
		f, err := os.Open(c.CSV)
		if err != nil {
			return fmt.Errorf("the history: %w", nameless(err))
		}
		defer f.Close()
		t.in = f
	}
	bar, told := t.progress(), t.now()
	report, err := app.Simulate(ctx, app.SimulationOptions{
		PolicyFile: c.Policy, Openings: t.in, Limits: c.Set, Lease: c.Lease, Scratch: c.Scratch, Most: c.First,
		Progress: func(rows, bytes int64) {
			bar.at(bytes)
			if now := t.now(); bar == nil && now.Sub(told) >= simulationPace {
				told = now
				_, _ = fmt.Fprintf(t.notes, "realname: %d rows\n", rows) // telling progress is worth no error
			}
		},
	})
	bar.finish()
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(t.out).Encode(report)
	}
	_, err = io.WriteString(t.out, simulationText(report))
	return err
}

// simulationPace is how often a line tells the progress where no terminal shows a bar.
const simulationPace = 10 * time.Second

func simulationText(r *app.Simulation) string {
	var out strings.Builder
	fmt.Fprintf(&out, "policy %s (%s)\n%d rows, %s to %s\n%d admitted, %d refused by a limit", r.Policy, r.PolicyDigest[:12], r.Rows,
		r.From.In(china).Format("2006-01-02 15:04"), r.To.In(china).Format("2006-01-02 15:04"), r.Admitted, r.Refused)
	if r.Skipped > 0 {
		fmt.Fprintf(&out, ", %d about openings that were refused before", r.Skipped)
	}
	out.WriteString("\n\n")
	if len(r.Families) == 0 {
		return out.String() + "No limit was asked.\n"
	}
	rows := [][]string{{"family", "limit", "admitted", "refused", "peak", "at limit", "clause"}}
	notes := []string{""}
	for _, f := range r.Families {
		rows = append(rows, []string{
			f.Family, fmt.Sprint(f.Limit), fmt.Sprint(f.Admitted), fmt.Sprint(f.Refused), fmt.Sprint(f.Peak), fmt.Sprint(f.AtLimit), f.Clause,
		})
		refused := make([]string, len(f.First))
		for i, row := range f.First {
			refused[i] = fmt.Sprintf("line %d %s", row.Line, row.Opening)
		}
		note := strings.Join(refused, ", ")
		if more := f.Refused - len(f.First); len(f.First) > 0 && more > 0 {
			note += fmt.Sprintf(", and %d more", more)
		}
		if note != "" {
			note = "refused: " + note
		}
		notes = append(notes, note)
	}
	writeColumns(&out, rows, notes)
	if r.Failed > 0 {
		fmt.Fprintf(&out, "\n%d rows that the opening did not allow:\n", r.Failed)
		for _, row := range r.FirstFailed {
			fmt.Fprintf(&out, "    line %d %s: %s\n", row.Line, row.Opening, row.Code)
		}
	}
	return out.String()
}
