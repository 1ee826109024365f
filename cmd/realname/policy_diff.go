package main

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"

	"realname/internal/app"
)

// policyDiffCmd compares two policies.
type policyDiffCmd struct {
	policyOutput
	A     string `arg:"" help:"Policy file before, or builtin."`
	B     string `arg:"" help:"Policy file after, or builtin."`
	Cases string `help:"File of cases whose outcomes are compared (default: those of the built-in policy)." default:"builtin" placeholder:"FILE"`
}

// Help gives an example.
func (*policyDiffCmd) Help() string {
	return `    $ realname policy diff builtin draft.yaml

A clause is told by its id and the day from which this version is in force, with the scenes and the
scope of those whom it is about.`
}

// Run compares; differences are no error.
func (c *policyDiffCmd) Run(k *kong.Context) error { return c.run(newConsole(k)) }

func (c *policyDiffCmd) run(t console) error {
	a, err := app.ReadPolicy(c.A)
	if err != nil {
		return c.faults(t, err)
	}
	b, cases, err := policyAndCases(c.B, c.Cases)
	if err != nil {
		return c.faults(t, err)
	}
	d, err := app.DiffPolicies(a, b, cases)
	if err != nil {
		return err
	}
	return c.write(t, d, func(out *strings.Builder) {
		fmt.Fprintf(out, "- %s (%s)\n+ %s (%s)\n\n", a.Name(), a.Digest()[:12], b.Name(), b.Digest()[:12])
		c.text(out, d)
		fmt.Fprintf(out, c.word("differ"), len(cases), len(d.Cases))
		for _, change := range d.Cases {
			fmt.Fprintf(out, "  [%s] %s: %s → %s\n", change.Scene, change.Case, outcomeText(string(change.Before), change.ReasonsBefore), outcomeText(string(change.After), change.ReasonsAfter))
		}
	})
}

func outcomeText(outcome string, reasons []string) string {
	if len(reasons) == 0 {
		return outcome
	}
	return outcome + " (" + strings.Join(reasons, ", ") + ")"
}

func (c *policyDiffCmd) text(out *strings.Builder, d app.PolicyDifference) {
	if len(d.Clauses)+len(d.Parts) == 0 {
		out.WriteString(c.word("none") + "\n")
	}
	for _, change := range d.Clauses {
		scenes := make([]string, len(change.Scenes))
		for i, scene := range change.Scenes {
			scenes[i] = string(scene)
		}
		whom := strings.Join(scenes, ", ")
		for _, item := range change.Scope {
			whom += "; " + item.Key + ": " + strings.Join(item.Values, ", ")
		}
		fmt.Fprintf(out, "%s %s (%s) %s, %s\n", c.word(change.What), change.Clause, change.Version, change.Kind, fmt.Sprintf(c.word("for"), whom))
		for _, f := range change.Fields {
			fmt.Fprintf(out, "    %s: %q → %q\n", f.Field, f.Before, f.After)
		}
	}
	for _, change := range d.Parts {
		fmt.Fprintf(out, "%s %s\n", c.word(change.What), change.Part)
		for _, f := range change.Fields {
			fmt.Fprintf(out, "    %s: %q → %q\n", f.Field, f.Before, f.After)
		}
	}
}
