// Package doctor says what of the things realname needs is present, missing or too old on this machine, and which
// command mends it. It reads the lists that set-up installs from (package deploy), so the two cannot disagree.
// It changes nothing and uses no network.
package doctor

import (
	"context"
	"encoding/json"
	"io"
	"slices"

	"realname/deploy"
)

// Options say what to look at and how to tell.
type Options struct {
	Assets   string // folder of the pinned files; empty: deploy.AssetsDir()
	Binaries string // folder of the programs; empty: this program's own, or `bin` beside the assets
	Runtime  bool   // only what serving needs: no compilers, fonts, test servers or test pictures
	JSON     bool   // one JSON object {"ok", "findings"} in place of lines for a person
	Language string // "en" or "zh-CN"; anything else means "en". JSON is the same in both.
}

// State is what the doctor found of one thing.
type State string

// The states of a finding. All but Present and Low make a report not OK.
const (
	Present State = "present"
	Missing State = "missing"
	TooOld  State = "too_old"
	Altered State = "altered" // there, but not with the pinned content
	Broken  State = "broken"  // there, but it cannot be asked or used
	Low     State = "low"     // less disk or memory than advised: a warning
)

// Finding is one line of the report.
type Finding struct {
	For    string `json:"for"` // "build", "demo", "test", "run" or "machine"
	Name   string `json:"name"`
	State  State  `json:"state"`
	Found  string `json:"found,omitempty"`  // a version, a count or an amount
	Wanted string `json:"wanted,omitempty"` // the lowest version or amount that does
	Mend   string `json:"mend,omitempty"`   // a command, where there is one
}

var groups = []string{"build", "demo", "test", "run", "machine"}

// Report is everything found, in a fixed order.
type Report struct {
	OK       bool      `json:"ok"` // nothing missing, too old, altered or broken
	Findings []Finding `json:"findings"`
}

// Examine looks at the machine.
func Examine(ctx context.Context, o Options) (Report, error) {
	if o.Assets == "" {
		o.Assets = deploy.AssetsDir()
	}
	if o.Binaries == "" {
		o.Binaries = binariesDir(o.Assets)
	}
	needs, err := deploy.Needs()
	if err != nil {
		return Report{}, err
	}
	lock, err := deploy.Assets()
	if err != nil {
		return Report{}, err
	}
	var r Report
	if !o.Runtime {
		r.Findings = append(r.Findings, lookAtNeeds(ctx, needs)...)
	}
	r.Findings = append(r.Findings, lookAtAssets(o.Assets, lock, o.Runtime)...)
	r.Findings = append(r.Findings, lookAtPrograms(o.Binaries)...)
	r.Findings = append(r.Findings, lookAtMachine(o.Assets)...)
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		return slices.Index(groups, a.For) - slices.Index(groups, b.For)
	})
	r.OK = true
	for _, f := range r.Findings {
		if f.State != Present && f.State != Low {
			r.OK = false
		}
	}
	return r, nil
}

// Run examines the machine and writes the report to w. ok is Report.OK; an error means that there is no report.
func Run(ctx context.Context, w io.Writer, o Options) (ok bool, err error) {
	r, err := Examine(ctx, o)
	if err != nil {
		return false, err
	}
	if o.JSON {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return r.OK, enc.Encode(r)
	}
	return r.OK, r.write(w, textsIn(o.Language))
}
