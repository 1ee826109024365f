package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"realname/compliance"
	"realname/internal/app"
)

// stepFlags are those of every command that takes a policy a step further.
type stepFlags struct {
	policyOutput
	configFlag
	KeyFile string `help:"File with the operator's key; realname key create --role operator makes one." required:"" type:"existingfile" env:"REALNAME_OPERATOR_KEY_FILE" placeholder:"FILE"`
	Note    string `help:"Why, such as the number of a ticket; it stays in the ledger."`
}

// move takes one step and tells it.
func (f stepFlags) move(ctx context.Context, t console, do func(o *app.Operator, key string) (app.PolicyStep, error)) error {
	text, err := os.ReadFile(f.KeyFile)
	if err != nil {
		return err
	}
	return operate(ctx, f.configFlag, func(o *app.Operator) error {
		s, err := do(o, strings.TrimSpace(string(text)))
		if err != nil {
			return f.refusal(err)
		}
		return f.write(t, s, func(out *strings.Builder) {
			fmt.Fprintf(out, "%s %s %s\n", s.Digest, s.Stage, s.By)
			if !s.EffectiveAt.IsZero() {
				fmt.Fprintf(out, f.word("from"), s.EffectiveAt.Format(time.RFC3339))
			}
		})
	})
}

// refusal tells a refused step in the words of the catalogue.
func (f stepFlags) refusal(err error) error {
	refused, ok := errors.AsType[*compliance.Error](err)
	if !ok {
		return err
	}
	reason, known := compliance.Reason(refused.Code)
	if !known {
		return err
	}
	return failure(fmt.Sprintf("%s (%s: %s)", reason.Compliance.In(f.language()), refused.Code, refused.Detail))
}

type policyDraftCmd struct {
	stepFlags
	File string `arg:"" help:"Policy file, or builtin."`
}

// Help tells the whole life.
func (*policyDraftCmd) Help() string {
	return `    $ realname policy draft FILE --config realname.yaml --key-file me.key

The life of a policy: draft, check, shadow, propose, approve; at its instant it is live, and the one
before is retired. Each step is an event in the audit log. Whoever proposes cannot approve.`
}

// Run keeps the policy.
func (c *policyDraftCmd) Run(ctx context.Context, k *kong.Context) error {
	t := newConsole(k)
	p, err := app.ReadPolicy(c.File)
	if err != nil {
		return c.faults(t, err)
	}
	return c.move(ctx, t, func(o *app.Operator, key string) (app.PolicyStep, error) { return o.DraftPolicy(ctx, key, p, c.Note) })
}

type policyCheckCmd struct {
	stepFlags
	Digest string `arg:"" help:"Digest, or its first 8 digits or more."`
	Cases  string `help:"File of examples, or builtin." required:"" placeholder:"FILE"`
}

// Help gives an example.
func (*policyCheckCmd) Help() string {
	return `    $ realname policy check 3f1c09aa77b2 --cases examples.yaml --config realname.yaml --key-file me.key

Every example must come out as it wants; one that does not is told with its line, and the policy stays a draft.
Keep the examples beside the clauses: realname policy test tries them without a ledger.`
}

// Run tries every example; one that comes out otherwise leaves the policy a draft.
func (c *policyCheckCmd) Run(ctx context.Context, k *kong.Context) error {
	t := newConsole(k)
	return c.move(ctx, t, func(o *app.Operator, key string) (app.PolicyStep, error) {
		s, results, err := o.CheckPolicy(ctx, key, c.Digest, c.Cases, c.Note)
		for _, r := range results {
			for _, wrong := range r.Wrong {
				fmt.Fprintf(t.notes, "%s:%d: %s: "+strings.TrimLeft(c.word("wrong"), " "), c.Cases, r.Line, r.Case, wrong.What, wrong.Want, wrong.Got)
			}
		}
		return s, err
	})
}

type policyProposeCmd struct {
	stepFlags
	Digest string `arg:"" help:"Digest, or its first 8 digits or more."`
	At     string `help:"Instant: 2026-12-02T00:00:00+08:00, a day (its beginning in China), or +15m from now." required:"" placeholder:"INSTANT"`
}

// Help gives an example.
func (*policyProposeCmd) Help() string {
	return `    $ realname policy propose 3f1c09aa77b2 --at 2026-12-24 --config realname.yaml --key-file me.key
    $ realname policy propose 3f1c09aa77b2 --at +15m --config realname.yaml --key-file me.key

The instant lies five seconds to a year ahead. Nothing changes until another operator approves; proposing again
moves the instant.`
}

// Run proposes.
func (c *policyProposeCmd) Run(ctx context.Context, k *kong.Context) error {
	t := newConsole(k)
	at, err := instantOf(c.At, t.now())
	if err != nil {
		return err
	}
	return c.move(ctx, t, func(o *app.Operator, key string) (app.PolicyStep, error) {
		return o.MovePolicy(ctx, key, c.Digest, app.PolicyProposed, at, c.Note)
	})
}

func instantOf(text string, now time.Time) (time.Time, error) {
	if after, ok := strings.CutPrefix(text, "+"); ok {
		d, err := time.ParseDuration(after)
		if err != nil {
			return time.Time{}, failure("no span " + after + "; write 15m or 2h")
		}
		return now.Add(d), nil
	}
	if at, err := time.ParseInLocation(time.DateOnly, text, time.FixedZone("Asia/Shanghai", 8*60*60)); err == nil {
		return at, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, failure("no such instant; write 2026-12-02T00:00:00+08:00, a day, or +15m")
	}
	return at, nil
}

type policyApproveCmd struct {
	stepFlags
	Digest string `arg:"" help:"Digest, or its first 8 digits or more."`
}

// Help gives an example.
func (*policyApproveCmd) Help() string {
	return `    $ realname policy approve 3f1c09aa77b2 --config realname.yaml --key-file other.key

It takes another key than the one that proposed. Gateways change over at the instant, between two requests,
also those that were down when it was approved. One policy is scheduled at a time.`
}

// Run approves what another operator proposed.
func (c *policyApproveCmd) Run(ctx context.Context, k *kong.Context) error {
	return c.move(ctx, newConsole(k), func(o *app.Operator, key string) (app.PolicyStep, error) {
		return o.MovePolicy(ctx, key, c.Digest, app.PolicyApproved, time.Time{}, c.Note)
	})
}

type policyWithdrawCmd struct {
	stepFlags
	Digest string `arg:"" help:"Digest, or its first 8 digits or more."`
}

// Help gives an example.
func (*policyWithdrawCmd) Help() string {
	return `    $ realname policy withdraw 3f1c09aa77b2 --config realname.yaml --key-file other.key --note "wrong limit"

Any operator may, until five seconds before the instant: then it goes live. A withdrawn policy begins anew
as a draft.`
}

// Run stops a policy before it is live.
func (c *policyWithdrawCmd) Run(ctx context.Context, k *kong.Context) error {
	return c.move(ctx, newConsole(k), func(o *app.Operator, key string) (app.PolicyStep, error) {
		return o.MovePolicy(ctx, key, c.Digest, app.PolicyWithdrawn, time.Time{}, c.Note)
	})
}

type policyShadowCmd struct {
	policyOutput
	configFlag
	Digest  string `arg:"" help:"Digest, or its first 8 digits or more."`
	KeyFile string `help:"File with the operator's key: the policy begins its time in shadow. Without one the counts are shown." type:"existingfile" placeholder:"FILE"`
	Note    string `help:"Why, such as the number of a ticket."`
}

// Help gives an example.
func (*policyShadowCmd) Help() string {
	return `    $ realname policy shadow 3f1c09aa77b2 --config realname.yaml --key-file me.key
    $ realname policy shadow 3f1c09aa77b2 --config realname.yaml

With a key it takes a checked policy into shadow: each decision is evaluated under it, too, behind the answer.
Without one it shows what differed, by day, scene and outcome; "dropped" came faster than it could be evaluated.`
}

// Run begins, or tells.
func (c *policyShadowCmd) Run(ctx context.Context, k *kong.Context) error {
	t := newConsole(k)
	if c.KeyFile != "" {
		f := stepFlags{policyOutput: c.policyOutput, configFlag: c.configFlag, KeyFile: c.KeyFile, Note: c.Note}
		return f.move(ctx, t, func(o *app.Operator, key string) (app.PolicyStep, error) {
			return o.MovePolicy(ctx, key, c.Digest, app.PolicyShadow, time.Time{}, c.Note)
		})
	}
	return operate(ctx, c.configFlag, func(o *app.Operator) error {
		counts, err := o.ShadowCounts(ctx, c.Digest)
		if err != nil {
			return stepFlags{policyOutput: c.policyOutput}.refusal(err)
		}
		return c.write(t, counts, func(out *strings.Builder) {
			rows := [][]string{{"n", c.word("day"), c.word("scene"), c.word("difference"), c.word("would")}}
			for _, n := range counts {
				rows = append(rows, []string{fmt.Sprint(n.N), n.Day, string(n.Scene), n.Difference, string(n.Decided) + " → " + string(n.Would)})
			}
			writeColumns(out, rows, make([]string, len(rows)))
		})
	})
}

type policyListCmd struct {
	policyOutput
	configFlag
}

// Help gives an example.
func (*policyListCmd) Help() string {
	return `    $ realname policy list --config realname.yaml

Every policy that the ledger keeps: its stage, since when, by whose key, and from when it decides.`
}

// Run tells where every policy stands.
func (c *policyListCmd) Run(ctx context.Context, k *kong.Context) error {
	return operate(ctx, c.configFlag, func(o *app.Operator) error {
		all, err := o.Policies(ctx)
		if err != nil {
			return err
		}
		return c.write(newConsole(k), all, func(out *strings.Builder) {
			for i := range all.Policies {
				c.one(out, &all, &all.Policies[i])
			}
			if all.Live != "" && all.Own != all.Live {
				fmt.Fprintf(out, c.word("own_not_live"), all.Own)
			}
		})
	})
}

// one tells of one policy, step by step.
func (c *policyListCmd) one(out *strings.Builder, all *app.PolicyLife, p *app.PolicyStanding) {
	fmt.Fprintf(out, "%s %s", p.Digest, p.Stage)
	if p.Digest == all.Live {
		out.WriteString(c.word("decides"))
	}
	out.WriteString("\n")
	for _, s := range p.Steps {
		fmt.Fprintf(out, "    %-9s %s  %s %s", s.Stage, s.At.Format(time.RFC3339), s.By, all.Labels[s.By])
		if !s.EffectiveAt.IsZero() {
			fmt.Fprintf(out, "  → %s", s.EffectiveAt.Format(time.RFC3339))
		}
		if s.Note != "" {
			fmt.Fprintf(out, "  %s", s.Note)
		}
		out.WriteString("\n")
	}
	if p.Same+p.Other > 0 {
		fmt.Fprintf(out, c.word("shadowed_n"), p.Same, p.Other)
	}
}
