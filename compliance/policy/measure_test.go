package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"realname/compliance"
)

// The ban on whoever lent an account changed twice: three years, five, then two or three for all telecom and finance.
func TestThreeBans(t *testing.T) {
	for _, c := range []struct {
		on     string
		ground compliance.Ground
		want   []Measure
	}{
		{"2016-11-30", compliance.GroundTrade, nil},
		{"2019-03-31", compliance.GroundTrade, []Measure{{"R-261-ban", "no_new_account", "2022-03-31"}}},
		{"2019-04-01", compliance.GroundTrade, []Measure{{"R-85", "no_new_account", "2024-04-01"}}},
		{"2019-04-02", compliance.GroundTrade, []Measure{{"R-85", "no_new_account", "2024-04-02"}}},
		{"2019-04-02", compliance.GroundRealNameHelp, nil}, // no ground of that notice
		{"2024-11-30", compliance.GroundTrade, []Measure{{"R-85", "no_new_account", "2029-11-30"}}},
		{"2024-12-02", compliance.GroundTrade, []Measure{
			{"R-JP-fin", "no_new_payment_account", "2026-12-02"}, {"R-JP-fin", "limited_account", "2026-12-02"}, {"R-JP-tel", "no_new_service", "2026-12-02"},
		}},
		{"2024-12-02", compliance.GroundCriminal, []Measure{
			{"R-JP-fin", "no_new_payment_account", "2027-12-02"}, {"R-JP-fin", "limited_account", "2027-12-02"}, {"R-JP-tel", "no_new_service", "2027-12-02"},
		}},
	} {
		of := []compliance.Determination{{On: c.on, Ground: c.ground}}
		if got := Builtin().Measures(of, c.on); !slices.Equal(got, c.want) {
			t.Errorf("determined on %s for %s: %v, want %v", c.on, c.ground, got, c.want)
		}
		for _, m := range c.want {
			if got := Builtin().Measures(of, dayAfter(m.Until)); slices.Contains(got, m) {
				t.Errorf("%v still stands the day after", m)
			}
		}
	}
}

func TestRepeatedTerms(t *testing.T) {
	m := &measure{years: map[compliance.Ground]int{compliance.GroundTrade: 2, compliance.GroundCriminal: 3}, inARow: 5}
	c := &clause{Clause: Clause{EffectiveFrom: "2024-12-01"}}
	for _, k := range []struct{ of, want string }{
		{"2025-01-10 trade", "2027-01-10"},
		{"2025-01-10 trade, 2026-01-10 trade", "2029-01-10"},                         // one after the other
		{"2026-01-10 trade, 2025-01-10 trade", "2029-01-10"},                         // in whatever order they became known
		{"2025-01-10 trade, 2027-01-10 trade", "2029-01-10"},                         // on the last day
		{"2025-01-10 trade, 2027-01-11 trade", "2029-01-11"},                         // on the day after: a term of its own
		{"2025-01-10 criminal, 2026-01-10 trade, 2027-01-10 criminal", "2030-01-10"}, // five years and no more
		{"2025-01-10 criminal, 2026-01-10 criminal, 2031-06-01 trade", "2033-06-01"},
		{"2024-11-30 trade", ""}, // before the clause
	} {
		var of []compliance.Determination
		for _, one := range strings.Split(k.of, ", ") {
			on, ground, _ := strings.Cut(one, " ")
			of = append(of, compliance.Determination{On: on, Ground: compliance.Ground(ground)})
		}
		if got, ok := m.until(c, of, "2040-01-01"); got != k.want || !ok {
			t.Errorf("%s: until %q, want %q", k.of, got, k.want)
		}
	}
}

// Whatever is determined, in whatever order it is told: from the day that ends a free stretch no term runs beyond the bound
// of its clause, every determination is served up to it, and whoever is bound can still get basic service.
func TestTermsNeverPassTheirBound(t *testing.T) {
	p := Builtin()
	day := func(n int) string {
		return time.Date(2016, 6, 1, 0, 0, 0, 0, china).AddDate(0, 0, n).Format(time.DateOnly)
	}
	rapid.Check(t, func(t *rapid.T) {
		var of []compliance.Determination
		for i := range rapid.IntRange(1, 10).Draw(t, "determinations") {
			of = append(of, compliance.Determination{
				On:     day(rapid.IntRange(0, 6000).Draw(t, fmt.Sprint("day ", i))),
				Ground: rapid.SampledFrom(compliance.Grounds()).Draw(t, fmt.Sprint("ground ", i)),
			})
		}
		told := rapid.Permutation(of).Draw(t, "told")
		slices.SortFunc(of, func(a, b compliance.Determination) int { return strings.Compare(a.On, b.On) })
		for _, c := range p.clauses {
			for i := range c.measures {
				m := &c.measures[i]
				begun, before := "", ""
				for k, d := range of {
					until, ok := m.until(c, told, d.On)
					term := m.years[d.Ground]
					if term == 0 || d.On < c.EffectiveFrom || c.EffectiveTo != "" && d.On > c.EffectiveTo {
						continue
					}
					if before < d.On {
						begun = d.On
					}
					bound := m.inARow
					if bound == 0 {
						bound = 100
					}
					last, fair := lastDay(begun, bound), min(lastDay(d.On, term), lastDay(begun, bound))
					if !ok || until > last || until < fair || until < before {
						t.Fatalf("%s %s after %v: until %s; begun %s, bound %s, its own term ends %s, before %s", c.ID, m.name, of[:k+1], until, begun, last, fair, before)
					}
					before = until
				}
			}
		}
		basicServiceIsKept(t, p, told, day(rapid.IntRange(3200, 9000).Draw(t, "asked")))
	})
}

// basicServiceIsKept asks for a first phone card and for a bank account as one who was so determined.
func basicServiceIsKept(t *rapid.T, p *Policy, of []compliance.Determination, date string) {
	for _, c := range BuiltinCases() {
		if c.Name != "first phone card at a counter" && c.Name != "first class I account" {
			continue
		}
		none := 0
		c.facts.Date, c.facts.Determinations, c.facts.BasicHeld = date, of, &none
		facts, uses := c.Under(p)
		e := p.Evaluate(facts, uses)
		banned := func(f compliance.Finding) bool {
			return f.Kind == KindMeasure && f.Outcome == compliance.Rejected && strings.HasPrefix(f.Clause, "R-JP-")
		}
		if slices.ContainsFunc(e.Findings, banned) {
			t.Fatalf("%s on %s: %+v", c.Name, date, e.Findings)
		}
		if bound := p.Measures(of, date); c.Name == "first phone card at a counter" && slices.ContainsFunc(bound, func(m Measure) bool { return m.Clause == "R-JP-tel" }) {
			if e.Outcome != compliance.Review {
				t.Fatalf("a first phone card of one who is bound is %s: %v", e.Outcome, e.Reasons)
			}
		}
	}
}

func TestBrokenMeasures(t *testing.T) {
	src := string(Builtin().Source())
	for _, c := range []struct{ from, to, says string }{
		{"years: {trade: 3, organising: 3, impersonation: 3, fictitious_agency: 3}", "years: {}", "has no term"},
		{"years: {trade: 3,", "years: {sorcery: 3,", `unknown ground "sorcery"`},
		{"years: {trade: 3,", "years: {trade: 0,", "a term of 0 years"},
		{"years: {trade: 3,", "years: {trade: 900,", "a term of 900 years"},
		{"in_a_row: 5,", "in_a_row: 2,", "at most 2 years in a row"},
		{"outcome: rejected, reason: punished}", "outcome: approved, reason: punished}", `outcome is "approved"`},
		{"outcome: rejected, reason: punished}", "outcome: rejected, reason: because}", `unknown reason "because"`},
		{"basic: {products: [mobile_card]", "basic: {products: [yacht]", `unknown product "yacht"`},
		{"basic: {products: [mobile_card], reason: punished_basic}", "basic: {products: [mobile_card]}", "unknown reason"},
	} {
		broken := strings.Replace(src, c.from, c.to, 1)
		if broken == src {
			t.Fatalf("no %q", c.from)
		}
		if _, err := Load("broken.yaml", []byte(broken)); err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "broken.yaml:") {
			t.Errorf("%q: %v, want %q", c.to, err, c.says)
		}
	}
}
