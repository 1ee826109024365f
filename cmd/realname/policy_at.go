package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"realname/compliance"
	"realname/internal/app"
	"realname/verify/idnumber"
)

// policyAtCmd shows what is in force.
type policyAtCmd struct {
	policyOutput
	Date string `arg:"" help:"Civil date in China, YYYY-MM-DD."`
	File string `arg:"" optional:"" default:"builtin" help:"Policy file (default: the built-in policy)."`
}

// Help gives an example.
func (*policyAtCmd) Help() string {
	return `    $ realname policy at 2024-12-02
    $ realname policy at 2026-01-01 draft.yaml --json

A clause of several scenes stands under each of them. "unverified" says that its article or wording
was not read against the text. Rows of regulation that no clause acts on are told with the reason.`
}

// Run shows.
func (c *policyAtCmd) Run(k *kong.Context) error { return c.run(newConsole(k)) }

// clauseAt is a clause as JSON tells it.
type clauseAt struct {
	Clause        string              `json:"clause"`
	Version       string              `json:"version"` // effective_from
	EffectiveTo   string              `json:"effective_to,omitempty"`
	Kind          string              `json:"kind"`
	Instrument    string              `json:"instrument"`
	Article       string              `json:"article"`
	Title         string              `json:"title"`
	Text          map[string]string   `json:"text"`
	Unverified    bool                `json:"unverified"`
	Source        string              `json:"source"`
	Scenes        []compliance.Scene  `json:"scenes"`
	Scope         map[string][]string `json:"scope"`
	When          string              `json:"when,omitempty"`
	Says          []string            `json:"says"` // what it demands or limits, in English
	Reason        string              `json:"reason,omitempty"`
	DeadlineHours float64             `json:"pending_deadline_hours,omitempty"`
	ApprovalHours float64             `json:"approval_valid_hours,omitempty"`
}

// unactedRow is a row of regulation without a clause, as JSON tells it.
type unactedRow struct {
	ID     string            `json:"id"`
	Reason string            `json:"reason"`
	Why    map[string]string `json:"why"`
}

func (c *policyAtCmd) run(t console) error {
	if _, err := idnumber.ParseDate(c.Date); err != nil {
		return errors.New("no such day; write YYYY-MM-DD")
	}
	p, err := app.ReadPolicy(c.File)
	if err != nil {
		return c.faults(t, err)
	}
	views, rows := p.At(c.Date), app.UnactedRows(p)
	return c.write(t, c.shape(p, views, rows), func(out *strings.Builder) {
		fmt.Fprintf(out, c.word("at"), c.Date, p.Name(), p.Digest()[:12])
		scenes := compliance.Scenes()
		c.scene(out, c.word("every"), views, func(v *app.PolicyView) bool { return len(v.Scenes) == len(scenes) })
		for _, scene := range scenes {
			c.scene(out, string(scene), views, func(v *app.PolicyView) bool { return len(v.Scenes) < len(scenes) && slices.Contains(v.Scenes, scene) })
		}
		if len(rows) > 0 {
			fmt.Fprintf(out, "\n%s\n", c.word("unacted"))
		}
		for _, row := range rows {
			fmt.Fprintf(out, "  %-18s %s\n", row.ID, row.Why.In(c.language()))
		}
	})
}

func (c *policyAtCmd) shape(p *app.Policy, views []app.PolicyView, rows []app.UnactedRow) any {
	english := policyOutput{Lang: "en"}
	clauses, left := []clauseAt{}, []unactedRow{}
	for i := range views {
		v := &views[i]
		scope := map[string][]string{}
		for _, item := range v.Scope {
			scope[item.Key] = item.Values
		}
		clauses = append(clauses, clauseAt{
			Clause: v.ID, Version: v.EffectiveFrom, EffectiveTo: v.EffectiveTo, Kind: v.Kind, Instrument: v.Instrument, Article: v.Article,
			Title: v.TitleZH, Text: map[string]string{"zh": v.TextZH, "en": v.TextEN}, Unverified: v.Unverified, Source: v.Source,
			Scenes: v.Scenes, Scope: scope, When: v.When, Says: english.says(v), Reason: v.Reason,
			DeadlineHours: v.PendingDeadline.Hours(), ApprovalHours: v.ApprovalValid.Hours(),
		})
	}
	for _, row := range rows {
		left = append(left, unactedRow{row.ID, row.Reason, map[string]string{"zh": row.Why.ZH, "en": row.Why.EN}})
	}
	return map[string]any{"date": c.Date, "policy": p.Name(), "policy_digest": p.Digest(), "clauses": clauses, "unacted": left}
}

// scene writes the clauses of one scene; nothing when it has none.
func (c *policyAtCmd) scene(out *strings.Builder, name string, views []app.PolicyView, of func(v *app.PolicyView) bool) {
	head := "\n" + name + "\n"
	for i := range views {
		v := &views[i]
		if !of(v) {
			continue
		}
		out.WriteString(head)
		head = ""
		fmt.Fprintf(out, "  %s  %s  《%s》%s\n", v.ID, v.TitleZH, v.Instrument, c.article(v.Article, v.Unverified))
		when := fmt.Sprintf(c.word("since"), v.EffectiveFrom)
		if v.EffectiveTo != "" {
			when += " " + fmt.Sprintf(c.word("until"), v.EffectiveTo)
		}
		fmt.Fprintf(out, "      %s  %s\n", when, compliance.Text{ZH: v.TextZH, EN: v.TextEN}.In(c.language()))
		for _, line := range append(c.bounds(v), c.says(v)...) {
			out.WriteString("      - " + line + "\n")
		}
	}
}

// bounds are the scope of a clause and its condition, each a line.
func (o policyOutput) bounds(v *app.PolicyView) []string {
	var out []string
	for _, item := range v.Scope {
		out = append(out, fmt.Sprintf(o.word("only"), item.Key, strings.Join(item.Values, ", ")))
	}
	if v.When != "" {
		out = append(out, fmt.Sprintf(o.word("when"), v.When))
	}
	if len(v.Carves) > 0 {
		out = append(out, fmt.Sprintf(o.word("carves"), strings.Join(v.Carves, ", ")))
	}
	return out
}

// says is what a clause demands or limits, each a line.
func (o policyOutput) says(v *app.PolicyView) []string {
	out := []string{}
	add := func(key string, args ...any) { out = append(out, fmt.Sprintf(o.word(key), args...)) }
	for _, d := range v.Demands {
		text := fmt.Sprintf(o.word("demands"), strings.Join(d.Checks, o.word("or")))
		if d.After != "" {
			text += fmt.Sprintf(o.word("after"), d.After)
		}
		if d.When != "" {
			text += " (" + fmt.Sprintf(o.word("when"), d.When) + ")"
		}
		out = append(out, text)
	}
	for _, l := range v.Limits {
		add("limit", l.Family, strings.Join(l.Per, "+"), l.Max, l.Counts, strings.Join(l.Products, ", "), strings.Join(l.States, ", "))
		out[len(out)-1] += o.yes(o.word("ownlimit"), l.TenantSets)
	}
	for _, w := range v.Windows {
		add("window", w.Name, w.Per, o.span(w.Window), w.Max, w.Counts, w.Outcome)
	}
	for _, m := range v.Terms {
		var years []string
		for _, ground := range compliance.Grounds() {
			if n := m.Years[ground]; n > 0 {
				years = append(years, fmt.Sprintf("%s %d", ground, n))
			}
		}
		add("measure", m.Name, strings.Join(years, ", "), m.Outcome, m.Reason)
		if m.InARow > 0 {
			out[len(out)-1] += fmt.Sprintf(o.word("inarow"), m.InARow)
		}
		if len(m.Basic) > 0 {
			out[len(out)-1] += fmt.Sprintf(o.word("basic"), strings.Join(m.Basic, ", "))
		}
	}
	switch {
	case v.Reason != "" && v.Kind == "denial":
		add("deny", v.Reason)
	case v.Reason != "":
		add("review", v.Reason)
	}
	if v.PendingDeadline > 0 {
		add("pending", o.span(v.PendingDeadline))
	}
	if v.ApprovalValid > 0 {
		add("approval", o.span(v.ApprovalValid))
	}
	if v.KeepYears > 0 {
		kinds := make([]string, len(v.Keeps))
		for i, kind := range v.Keeps {
			kinds[i] = string(kind)
		}
		add("keeps", v.KeepYears, strings.Join(kinds, ", "))
	}
	return out
}
