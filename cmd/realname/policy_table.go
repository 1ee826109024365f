package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"realname/internal/app"
)

// policyTableCmd writes which example shows which clause.
type policyTableCmd struct {
	policyOutput
	File  string `arg:"" help:"Policy file, or builtin."`
	Cases string `arg:"" help:"File of cases, or builtin."`
}

// Help says what the table is for.
func (*policyTableCmd) Help() string {
	return `    $ realname policy table builtin builtin > docs/clauses.md

A page in Markdown: every rule of the regulation facts, the clause that acts on it, and the examples that
show it; then the rules on which no clause acts, and why. Examples that a clause decides stand before those
in which it was satisfied. A clause that no example shows says so.`
}

// Run writes.
func (c *policyTableCmd) Run(k *kong.Context) error { return c.run(newConsole(k)) }

// shownRow is a row as JSON.
type shownRow struct {
	Clause     string   `json:"clause"`
	Version    string   `json:"version"`
	Until      string   `json:"until,omitempty"`
	Kind       string   `json:"kind"`
	Article    string   `json:"article,omitempty"`
	Unverified bool     `json:"unverified"`
	Decisive   []string `json:"decisive"`
	Touched    []string `json:"touched"`
}

// most examples named of a clause: enough to find it, and the page stays short.
const mostExamples = 3

func (c *policyTableCmd) run(t console) error {
	p, cases, err := policyAndCases(c.File, c.Cases)
	if err != nil {
		return c.faults(t, err)
	}
	shown, rows := p.Shown(cases), app.UnactedRows(p)
	answer := []shownRow{}
	for _, s := range shown {
		answer = append(answer, shownRow{
			s.Clause.ID, s.Clause.EffectiveFrom, s.Clause.EffectiveTo, s.Clause.Kind, s.Clause.Article, s.Clause.Unverified,
			append([]string{}, s.Decisive...), append([]string{}, s.Touched...),
		})
	}
	return c.write(t, answer, func(out *strings.Builder) {
		fmt.Fprintf(out, c.word("table"), p.Name(), len(shown), len(rows))
		for _, s := range shown {
			dates, article := s.Clause.EffectiveFrom, s.Clause.Article
			if s.Clause.EffectiveTo != "" {
				dates += " – " + s.Clause.EffectiveTo
			}
			if article == "" {
				article = "–"
			}
			if s.Clause.Unverified {
				article += c.word("unread")
			}
			fmt.Fprintf(out, "| %s | %s | %s | %s | %s | %s |\n", s.Clause.ID, s.Clause.TitleZH, article, dates, s.Clause.Kind, c.examples(s.Decisive, s.Touched))
		}
		fmt.Fprintf(out, "\n%s\n", c.word("untable"))
		for _, row := range rows {
			fmt.Fprintf(out, "| %s | %s |\n", row.ID, row.Why.In(c.language()))
		}
	})
}

// examples names a few, those that the clause decides first, and says how many more there are.
func (c *policyTableCmd) examples(decisive, touched []string) string {
	all := slices.Concat(decisive, touched)
	if len(all) == 0 {
		return c.word("unshown")
	}
	text := strings.Join(all[:min(len(all), mostExamples)], "; ")
	if more := len(all) - mostExamples; more > 0 {
		text += fmt.Sprintf(c.word("more"), more)
	}
	return text
}
