package main

import (
	"fmt"

	"realname/compliance/receipt"
)

type verifyCmd struct {
	trust
	Dir string `arg:"" help:"${h_dir}"`
}

// verdict is the JSON form of an outcome.
type verdict struct {
	Verdict string `json:"verdict"` // sound, tampered or unchecked
	File    string `json:"file,omitempty"`
	Error   string `json:"error,omitempty"`
}

func (v *verifyCmd) run(p printer) int {
	keys, err := v.keys()
	if err != nil {
		return p.unchecked("", err)
	}
	report, err := receipt.VerifyLog(v.Dir, keys, p.progress())
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
			receipt.Report
			Suites []string `json:"suites"`
		}{verdict{Verdict: name}, report, suitesOf(keys, report.SignedBy)})
		return status
	}
	p.report(report, keys)
	return status
}

// progress returns what VerifyLog is to tell, nil when nobody looks.
func (p printer) progress() func(done, total int64) {
	if !p.c.terminal || p.json {
		return nil
	}
	last := int64(-1)
	return func(done, total int64) {
		if percent := done * 100 / max(1, total); percent != last {
			last = percent
			fmt.Fprintf(p.c.err, "\r"+p.words["progress"], done, total, percent)
		}
	}
}

func (p printer) clearProgress() {
	if p.c.terminal && !p.json {
		fmt.Fprint(p.c.err, "\r\x1b[K")
	}
}
