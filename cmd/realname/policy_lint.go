package main

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"

	"realname/internal/app"
)

// policyLintCmd looks at one policy file.
type policyLintCmd struct {
	policyOutput
	File string `arg:"" help:"Policy file, or builtin."`
	On   string `help:"Day on which scenes must be covered, YYYY-MM-DD (default: today in China)." placeholder:"DATE"`
}

// Help tells the exit status.
func (*policyLintCmd) Help() string {
	return `    $ realname policy lint draft.yaml

Tells every fault with its line and what to do. Of a policy that loads: clauses that can never be in
force, conditions that read nothing, gaps between versions, clauses that another one makes idle,
scenes that no requirement covers, and how many clauses were not read against their text.

Exit status: 0 it loads, whatever the warnings; 1 faults.`
}

// Run looks; warnings are no error.
func (c *policyLintCmd) Run(k *kong.Context) error { return c.run(newConsole(k)) }

func (c *policyLintCmd) run(t console) error {
	today, err := dayOf(c.On, t.now)
	if err != nil {
		return err
	}
	report, err := app.LintPolicy(c.File, today.String())
	if err != nil {
		return c.faults(t, err)
	}
	return c.write(t, report, func(out *strings.Builder) {
		told := 0
		var lines strings.Builder
		for _, w := range report.Warnings {
			if w.Code == "unverified" { // counted in the first line, and marked by `policy at`
				continue
			}
			told++
			at := report.Policy
			if w.Line > 0 {
				at = fmt.Sprintf("%s:%d: %s (%s)", report.Policy, w.Line, w.Clause, w.Version)
			}
			fmt.Fprintf(&lines, "%s: %s%s\n", at, c.word(w.Code), w.About)
		}
		fmt.Fprintf(out, c.word("lint"), report.Policy, report.Digest[:12], report.Clauses, report.Unverified, told)
		out.WriteString(lines.String())
	})
}
