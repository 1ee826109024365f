package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/alecthomas/kong"

	"realname/internal/app"
)

// policyReplayCmd decides stored history again.
type policyReplayCmd struct {
	policyOutput
	configFlag
	Policy  string `help:"Policy file, or builtin." required:"" placeholder:"FILE"`
	From    string `help:"First day of the decisions, in China, YYYY-MM-DD (default: the first decision)." placeholder:"DATE"`
	To      string `help:"Last day of the decisions (default: the last decision)." placeholder:"DATE"`
	After   string `help:"Only decisions behind this id, to go on where a replay stopped." placeholder:"ver_…"`
	Sample  int    `help:"How many ids of each group are told." default:"5"`
	Recount bool   `help:"Count openings anew, as the ledger says that they stood before each decision."`
}

// Help says what the answer means.
func (*policyReplayCmd) Help() string {
	return `    $ realname policy replay --config realname.yaml --policy draft.yaml --from 2026-03-01 --to 2026-03-31

Every version of a decision is decided again, on the facts that were kept and the counts as they were
observed then; the ledger is only read. fact_missing are decisions of which the policy reads something
that was never kept: a check that nobody made, a count that nobody took, what was left undone because
the request had been refused already, or the policy of that time. What was decided under this very
policy must come out the same to the byte; what does not is told. erased are decisions whose personal
data is gone: they are decided again all the same, for the facts hold none.

With --recount the openings of each person are counted again from the ledger: stock that was loaded
later is seen then, and so is a limit that nobody counted at the time.

Exit status: 0 done, whatever differs; 1 something is not reproduced, or the run was interrupted: it
goes on with --after.`
}

// Run decides; differences between two policies are no error.
func (c *policyReplayCmd) Run(ctx context.Context, k *kong.Context) error {
	return c.run(ctx, newConsole(k))
}

func (c *policyReplayCmd) run(ctx context.Context, t console) error {
	p, err := app.ReadPolicy(c.Policy)
	if err != nil {
		return c.faults(t, err)
	}
	return operate(ctx, c.configFlag, func(o *app.Operator) error {
		tell, finish := t.pace()
		report, err := o.Replay(ctx, app.ReplayOptions{Policy: p, From: c.From, To: c.To, After: c.After, Sample: max(c.Sample, 0), Recount: c.Recount, Progress: tell})
		finish()
		if report == nil {
			return err
		}
		wrote := c.write(t, report, func(out *strings.Builder) { c.text(out, report) })
		switch {
		case err != nil && errors.Is(err, context.Canceled):
			return errors.Join(wrote, failure(fmt.Sprintf(c.word("goon"), report.Last)))
		case err != nil:
			return errors.Join(err, wrote)
		case len(report.Differing) > 0:
			n := 0
			for _, g := range report.Differing {
				n += g.Decisions
			}
			return errors.Join(wrote, failure(fmt.Sprintf(c.word("unproved"), n)))
		}
		return wrote
	})
}

func (c *policyReplayCmd) text(out *strings.Builder, r *app.Replay) {
	fmt.Fprintf(out, c.word("replayed"), r.Policy, r.PolicyDigest[:12], r.Decisions)
	fmt.Fprintf(out, c.word("same"), r.Same, r.Otherwise, r.FactMissing)
	if r.Erased > 0 {
		fmt.Fprintf(out, c.word("erased"), r.Erased)
	}
	if r.OwnPolicy > 0 {
		fmt.Fprintf(out, c.word("own"), r.OwnPolicy, r.Reproduced)
	}
	for _, list := range []struct {
		title  string
		groups []*app.ReplayGroup
	}{{"not_own", r.Differing}, {"changes", r.Changes}, {"missing", r.Missing}} {
		if len(list.groups) > 0 {
			fmt.Fprintf(out, "\n%s\n", c.word(list.title))
		}
		for _, g := range list.groups {
			fmt.Fprintf(out, "  %d  %s  %s\n", g.Decisions, g.Of, strings.Join(g.Sample, " "))
		}
	}
	for _, by := range []struct {
		title  string
		counts []app.ReplayCount
	}{{"scene", r.Scenes}, {"tenant", r.Tenants}} {
		if r.Decisions > 0 {
			c.counts(out, by.title, by.counts)
		}
	}
	if len(r.Reasons) > 0 {
		rows := [][]string{{c.word("gained"), c.word("lost"), c.word("reason")}}
		for _, reason := range r.Reasons {
			rows = append(rows, []string{fmt.Sprint(reason.Gained), fmt.Sprint(reason.Lost), reason.Code})
		}
		out.WriteString("\n")
		writeColumns(out, rows, make([]string, len(rows)))
	}
}

func (c *policyReplayCmd) counts(out *strings.Builder, title string, counts []app.ReplayCount) {
	rows := [][]string{{c.word("decisions"), c.word("other"), "fact_missing", c.word(title)}}
	for _, n := range counts {
		rows = append(rows, []string{fmt.Sprint(n.Decisions), fmt.Sprint(n.Otherwise), fmt.Sprint(n.FactMissing), n.Of})
	}
	out.WriteString("\n")
	writeColumns(out, rows, make([]string, len(rows)))
}
