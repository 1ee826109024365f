package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/alecthomas/kong"

	"realname/internal/app"
)

// policyTestCmd tries example cases.
type policyTestCmd struct {
	policyOutput
	File  string `arg:"" help:"Policy file, or builtin."`
	Cases string `arg:"" help:"File of cases, or builtin."`
}

// Help documents the file.
func (*policyTestCmd) Help() string {
	return `    $ realname policy test draft.yaml cases.yaml

Each case gives facts and what must be decided of them:

    - name: sixth card
      facts: {date: 2026-11-22, sector: telecom, scene: phone_card, event: open, product: mobile_card,
              customer_type: individual, channel: physical, opening: true}
      checks: {number: passed, network_check: passed}
      used: {phone_cards: 5}
      outcome: rejected
      reasons: [quota_exceeded]

"like" starts from an earlier case; "cites", "needs", "limits" and "waiting_on" may be wanted too.

Exit status: 0 all as wanted; 1 otherwise, or a file has faults.`
}

// Run tries.
func (c *policyTestCmd) Run(k *kong.Context) error { return c.run(newConsole(k)) }

func (c *policyTestCmd) run(t console) error {
	p, cases, err := policyAndCases(c.File, c.Cases)
	if err != nil {
		return c.faults(t, err)
	}
	results := make([]app.PolicyCaseResult, len(cases))
	failed := 0
	for i := range cases {
		if results[i] = p.Try(&cases[i]); len(results[i].Wrong) > 0 {
			failed++
		}
	}
	if err := c.write(t, map[string]any{"policy": p.Name(), "policy_digest": p.Digest(), "cases": results, "failed": failed}, func(out *strings.Builder) {
		for _, r := range results {
			if len(r.Wrong) == 0 {
				continue
			}
			fmt.Fprintf(out, "%s:%d: %s\n", c.Cases, r.Line, r.Case)
			for _, wrong := range r.Wrong {
				fmt.Fprintf(out, c.word("wrong"), wrong.What, wrong.Want, wrong.Got)
			}
		}
		fmt.Fprintf(out, c.word("tried"), len(results), failed)
	}); err != nil || failed == 0 {
		return err
	}
	return failure(fmt.Sprintf(c.word("failed"), failed))
}

func policyAndCases(file, cases string) (*app.Policy, []app.PolicyCase, error) {
	p, err := app.ReadPolicy(file)
	if err != nil {
		return nil, nil, err
	}
	list, err := app.ReadPolicyCases(cases)
	return p, list, err
}

// policyCoverageCmd tells what nothing touches.
type policyCoverageCmd struct {
	policyOutput
	ledgerFlag
	File  string `arg:"" help:"Policy file, or builtin."`
	Cases string `arg:"" help:"File of cases, or builtin."`
}

// Help says what counts.
func (*policyCoverageCmd) Help() string {
	return `    $ realname policy coverage draft.yaml cases.yaml
    $ realname policy coverage builtin builtin --config realname.yaml

A case or decision touches a clause that demanded, counted, set or looked at something for it; it is
decisive where it did not let the request pass. Decisions are read under this policy, whichever made
them; nothing is changed.`
}

// Run tells; what is untouched is no error.
func (c *policyCoverageCmd) Run(ctx context.Context, k *kong.Context) error {
	return c.run(ctx, newConsole(k))
}

func (c *policyCoverageCmd) run(ctx context.Context, t console) error {
	p, cases, err := policyAndCases(c.File, c.Cases)
	if err != nil {
		return c.faults(t, err)
	}
	return c.operate(ctx, func(o *app.Operator) error {
		tell, finish := t.pace()
		uses, err := app.CoverPolicy(ctx, p, cases, o, tell)
		finish()
		if err != nil {
			return err
		}
		return c.write(t, map[string]any{"policy": p.Name(), "policy_digest": p.Digest(), "clauses": uses}, func(out *strings.Builder) {
			c.table(out, uses, o != nil)
		})
	})
}

func (c *policyCoverageCmd) table(out *strings.Builder, uses []app.ClauseUse, stored bool) {
	rows, notes := [][]string{{c.word("cases"), c.word("decisive"), c.word("decisions"), c.word("kind"), c.word("clause")}}, []string{""}
	untouched, unstored := 0, 0
	for _, u := range uses {
		var note []string
		if u.Cases == 0 {
			untouched++
			note = append(note, c.word("untouched"))
		}
		decisions := "-"
		if stored {
			decisions = fmt.Sprint(u.Decisions)
			if u.Decisions == 0 {
				unstored++
				note = append(note, c.word("unstored"))
			}
		}
		rows = append(rows, []string{fmt.Sprint(u.Cases), fmt.Sprint(u.Decisive), decisions, u.Kind, u.Clause + " (" + u.Version + ")"})
		notes = append(notes, strings.Join(note, "; "))
	}
	fmt.Fprintf(out, c.word("covered"), len(uses), untouched)
	if stored {
		fmt.Fprintf(out, c.word("decided"), unstored)
	}
	out.WriteString("\n\n")
	writeColumns(out, rows, notes)
}
