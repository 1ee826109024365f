package policy

import (
	"strings"
	"testing"
	"time"

	"realname/compliance"
)

const speedy = `products: [{id: card, scene: phone_card, name: {zh: 卡, en: card}}]
checks: {}
clauses:
  - id: OP-V
    kind: velocity
    instrument: 设定
    source: O
    effective_from: 2020-01-01
    effective_to: 2020-12-31
    title: 题
    text: {zh: 文, en: text}
    velocities:
      - {name: cards_of_agent, per: channel_agent, counts: openings, window: 1h, max: 3, outcome: rejected, reason: abnormal_opening, when_lost: fail_closed}
      - {name: tries_of_device, per: device, counts: attempts, window: 24h, max: 9, outcome: review, reason: abnormal_opening, when_lost: local_bound}
`

func TestLoadVelocities(t *testing.T) {
	p, err := Load("v.yaml", []byte(speedy))
	if err != nil {
		t.Fatal(err)
	}
	f := compliance.Facts{Date: "2020-06-01", Parts: []string{"channel_agent", "device"}, HasOpening: true}
	got := p.Velocities(f)
	if len(got) != 2 || got[0].Window != time.Hour || got[0].Max != 3 || got[0].WhenLost != FailClosed || got[1].Outcome != compliance.Review {
		t.Errorf("%+v", got)
	}
	for _, tc := range []struct {
		name string
		f    func(f *compliance.Facts)
		want int
	}{
		{"no opening asked for", func(f *compliance.Facts) { f.HasOpening = false }, 1},
		{"no device named", func(f *compliance.Facts) { f.Parts = []string{"channel_agent"} }, 1},
		{"after its end", func(f *compliance.Facts) { f.Date = "2021-01-01" }, 0},
	} {
		g := f
		tc.f(&g)
		if got := p.Velocities(g); len(got) != tc.want {
			t.Errorf("%s: %+v", tc.name, got)
		}
	}
	if got := p.AllVelocities(); len(got) != 2 {
		t.Errorf("%+v", got)
	}
}

func TestLoadTellsFaultsOfVelocities(t *testing.T) {
	for _, tc := range []struct{ from, to, problem string }{
		{"name: cards_of_agent", "name: Cards", `velocity "Cards"`},
		{"per: channel_agent", "per: planet", `per is "planet"`},
		{"counts: openings", "counts: sheep", `counts is "sheep"`},
		{"window: 1h", "window: -1h", `window is "-1h"`},
		{"window: 1h", "window: 9601h", `window is "9601h"`},
		{"max: 3", "max: 0", "max is 0"},
		{"max: 3", "max: 10001", "max is 10001"},
		{"max: 3", "max: -3", "max is -3"},
		{"outcome: rejected", "outcome: approved", `outcome is "approved"`},
		{"reason: abnormal_opening", "reason: because", `unknown reason "because"`},
		{"when_lost: fail_closed", "when_lost: pass", `when_lost is "pass"`},
		{"name: tries_of_device", "name: cards_of_agent", "twice in clause"},
		{"kind: velocity", "kind: limit", "has no limits"},
	} {
		_, err := Load("v.yaml", []byte(strings.Replace(speedy, tc.from, tc.to, 1)))
		if err == nil || !strings.Contains(err.Error(), tc.problem) || !strings.Contains(err.Error(), "v.yaml:") {
			t.Errorf("%s: %v", tc.to, err)
		}
	}
}
