package main

import (
	"time"

	"realname/compliance/receipt/inspection"
	"realname/compliance/signing"
)

type packageCmd struct {
	Key string `required:"" placeholder:"KEYFILE" help:"${h_key}"`
	Dir string `arg:"" help:"${h_package_dir}"`
}

func (c *packageCmd) run(p printer) int {
	keys, err := signing.LoadVerifiers(c.Key)
	if err != nil {
		return p.unchecked("", err)
	}
	report, err := inspection.Verify(c.Dir, keys, p.progress())
	p.clearProgress()
	if err != nil {
		return p.unchecked("", err)
	}
	status, name := exitSound, "sound"
	if !report.Sound() {
		status, name = exitTampered, "tampered"
	}
	if p.json {
		p.printJSON(struct {
			verdict
			inspection.Report
		}{verdict{Verdict: name}, report})
		return status
	}
	if m := &report.Manifest; m.Origin != "" {
		p.line("log", visible(m.Origin))
		p.line("case", visible(m.Case), visible(m.LegalBasis))
		p.line("asked", visible(m.Tenant), m.From.Format(time.RFC3339), m.To.Format(time.RFC3339))
		p.line("holds", report.Events, m.FirstSeq, m.LastSeq, report.Decisions, report.Files)
	}
	for i, f := range report.Findings {
		p.line("numbered", i+1, p.words["k_"+string(f.Kind)])
		p.line("file", visible(f.File))
		if f.Row > 0 {
			p.line("row", f.Row)
		}
		if f.Detail != "" {
			p.line("found", visible(f.Detail))
		}
	}
	if report.Omitted > 0 {
		p.line("omitted", report.Omitted)
	}
	if report.Sound() {
		p.line("package_sound")
	} else {
		p.line("tampered", int64(len(report.Findings)))
	}
	return status
}
