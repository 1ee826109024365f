package policy

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"realname/compliance"
)

var results = []compliance.CheckResult{
	"", compliance.Passed, compliance.Failed, compliance.Warning, compliance.Inconclusive, compliance.NotApplicable,
	compliance.NotExecuted, "delighted",
}

// drawFacts draws any facts, known values and others, with checks all over the place.
func drawFacts(t *rapid.T) compliance.Facts {
	f := compliance.Facts{
		Date:         rapid.SampledFrom([]string{"2026-11-22", "2025-12-31", "2018-06-01", "2013-01-01", "", "never"}).Draw(t, "date"),
		Sector:       rapid.SampledFrom(append(knownSectors, "", "x")).Draw(t, "sector"),
		Scene:        rapid.SampledFrom(append(knownScenes, "", "x")).Draw(t, "scene"),
		Occasion:     rapid.SampledFrom(append(knownEvents, "", "x")).Draw(t, "event"),
		Product:      rapid.SampledFrom(append(Builtin().Products(), "", "x")).Draw(t, "product"),
		CustomerType: rapid.SampledFrom(append(knownCustomers, "", "x")).Draw(t, "customer"),
		Channel:      rapid.SampledFrom(append(knownChannels, "", "x")).Draw(t, "channel"),
		Delegated:    rapid.Bool().Draw(t, "delegated"),
		Proxy:        rapid.Bool().Draw(t, "proxy"),
		DocumentKind: rapid.SampledFrom([]string{"resident_id", "passport", "x", ""}).Draw(t, "document"),
		AgeBand:      rapid.SampledFrom([]string{"adult", "under_14", "under_18", "unknown", ""}).Draw(t, "age"),
		HasOpening:   rapid.Bool().Draw(t, "opening"),
		PhotoGiven:   rapid.Bool().Draw(t, "photo"),
		Waited:       rapid.Bool().Draw(t, "waited"),
		Checks:       map[string]compliance.CheckResult{}, CheckReasons: map[string][]string{},
		Parts: rapid.SliceOf(rapid.SampledFrom([]string{"proxy", "phone", "clerk"})).Draw(t, "parts"),
	}
	for _, name := range checkNames {
		// Mostly passed, or hardly anything would ever be approved.
		if rapid.IntRange(0, 9).Draw(t, "mostly") < 8 {
			f.Checks[name] = compliance.Passed
			continue
		}
		f.Checks[name] = rapid.SampledFrom(results).Draw(t, name)
		if rapid.Bool().Draw(t, "why") {
			f.CheckReasons[name] = []string{"further_review"}
		}
	}
	for _, v := range Builtin().Velocities(f) {
		if n := rapid.IntRange(0, 19).Draw(t, "velocity"); n > 0 {
			f.Velocities = append(f.Velocities, compliance.VelocityUse{Name: v.Name, Clause: v.Clause, Executed: n > 1, Full: n == 2, Skipped: n == 3})
		}
	}
	return f
}

func drawUses(t *rapid.T, f compliance.Facts) []compliance.QuotaUse {
	var uses []compliance.QuotaUse
	for _, l := range Builtin().Limits(f) {
		if rapid.IntRange(0, 9).Draw(t, "counted") > 0 {
			uses = append(uses, compliance.QuotaUse{Family: l.Family, Clause: l.Clause, Limit: l.Max,
				Used: rapid.IntRange(-1, l.Max+1).Draw(t, "used")})
		}
	}
	return uses
}

// Nothing is approved unless every demanded check passed and every limit in force was counted and has room. The number
// alone may carry a warning.
func TestOnlyWhatIsProvedIsApproved(t *testing.T) {
	approved := 0
	rapid.Check(t, func(t *rapid.T) {
		f := drawFacts(t)
		uses := drawUses(t, f)
		e := Builtin().Evaluate(f, uses)
		if e.Outcome != compliance.Approved {
			if len(e.Reasons) == 0 || e.Reasons[0].Code == "" {
				t.Fatalf("%s without a reason", e.Outcome)
			}
			return
		}
		approved++
		for _, name := range Builtin().Needs(f) {
			result := f.Checks[name]
			number := name == compliance.CheckNumber || name == compliance.CheckProxyNumber
			if result != compliance.Passed && !(number && result == compliance.Warning) {
				t.Fatalf("approved with %s %q", name, result)
			}
		}
		if len(Builtin().Needs(f)) == 0 {
			t.Fatal("approved without any check")
		}
		for _, v := range Builtin().Velocities(f) {
			if !slices.ContainsFunc(f.Velocities, func(u compliance.VelocityUse) bool { return u.Name == v.Name && (u.Skipped || u.Executed && !u.Full) }) {
				t.Fatalf("approved with %s uncounted or full", v.Name)
			}
		}
		for _, l := range Builtin().Limits(f) {
			i := slices.IndexFunc(uses, func(u compliance.QuotaUse) bool { return u.Family == l.Family })
			if f.HasOpening && (i < 0 || uses[i].Used < 0 || uses[i].Used+1 > l.Max) {
				t.Fatalf("approved with %s uncounted or full", l.Family)
			}
		}
	})
	if approved == 0 {
		t.Error("nothing was ever approved, so this test saw nothing")
	}
}

// A failed check that is demanded rejects, whatever else is open.
func TestFailedChecksReject(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := drawFacts(t)
		needs := Builtin().Needs(f)
		if len(needs) == 0 {
			return
		}
		f.Checks[rapid.SampledFrom(needs).Draw(t, "failed")] = compliance.Failed
		if e := Builtin().Evaluate(f, drawUses(t, f)); e.Outcome != compliance.Rejected {
			t.Fatalf("a failed check gives %s", e.Outcome)
		}
	})
}

// Making one result worse never makes the outcome better.
func TestWorseResultsNeverHelp(t *testing.T) {
	better := []compliance.CheckResult{compliance.Passed, compliance.Warning, compliance.NotExecuted, compliance.Inconclusive, compliance.Failed}
	rapid.Check(t, func(t *rapid.T) {
		f := drawFacts(t)
		f.Waited = false
		uses := drawUses(t, f)
		name := rapid.SampledFrom(checkNames).Draw(t, "check")
		i := rapid.IntRange(0, len(better)-2).Draw(t, "from")
		k := rapid.IntRange(i+1, len(better)-1).Draw(t, "to")
		if better[i] == compliance.Warning && better[k] == compliance.NotExecuted {
			return // a warning may ask for a person, which is stricter than to wait
		}
		f.Checks[name] = better[i]
		before := Builtin().Evaluate(f, uses)
		f.Checks[name] = better[k]
		after := Builtin().Evaluate(f, uses)
		if strictness(after.Outcome) < strictness(before.Outcome) {
			t.Fatalf("%s from %s to %s: from %s to %s", name, better[i], better[k], before.Outcome, after.Outcome)
		}
	})
}

// Every finding is consistent with the whole, and no slice is nil.
func TestEvaluationIsConsistent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := drawFacts(t)
		e := Builtin().Evaluate(f, drawUses(t, f))
		if e.Reasons == nil || e.Findings == nil || e.WaitingOn == nil || e.Needed == nil {
			t.Fatal("a slice is nil")
		}
		for _, finding := range e.Findings {
			if strictness(finding.Outcome) > strictness(e.Outcome) {
				t.Fatalf("%s is stricter than the whole, %s", finding.Clause, e.Outcome)
			}
			if (finding.Outcome == compliance.Approved) != (finding.Reason == "") {
				t.Fatalf("%s: %s with reason %q", finding.Clause, finding.Outcome, finding.Reason)
			}
			if _, ok := Builtin().Clause(finding.Clause, f.Date); !ok {
				t.Fatalf("%s is not in force on %s", finding.Clause, f.Date)
			}
		}
		for _, r := range e.Reasons {
			if _, ok := compliance.Reason(r.Code); !ok {
				t.Fatalf("reason %s is in no catalogue", r.Code)
			}
		}
	})
}

// The same facts give the same bytes, however their maps were built and however often they are asked.
func TestEvaluationIsDeterministic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := drawFacts(t)
		uses := drawUses(t, f)
		first := encode(t, Builtin().Evaluate(f, uses))
		shuffled := f
		shuffled.Checks, shuffled.CheckReasons = map[string]compliance.CheckResult{}, map[string][]string{}
		for _, name := range rapid.Permutation(checkNames).Draw(t, "order") {
			if v, ok := f.Checks[name]; ok {
				shuffled.Checks[name] = v
			}
			if v, ok := f.CheckReasons[name]; ok {
				shuffled.CheckReasons[name] = v
			}
		}
		again, err := Load("again", Builtin().Source())
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if got := encode(t, again.Evaluate(shuffled, rapid.Permutation(uses).Draw(t, "uses"))); !bytes.Equal(got, first) {
				t.Fatalf("%s\n%s", first, got)
			}
		}
	})
}

func encode(t *rapid.T, e Evaluation) []byte {
	out, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// evaluateSmall evaluates the small policy, edited, on facts in its scope.
func evaluateSmall(t *testing.T, src string, change func(*compliance.Facts)) Evaluation {
	t.Helper()
	p, err := Load("small.yaml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	f := compliance.Facts{
		Date: "2020-06-01", Sector: compliance.SectorTelecom, Scene: compliance.ScenePhoneCard, Occasion: compliance.OccasionOpen,
		Product: "mobile_card", CustomerType: "individual", Channel: compliance.ChannelPhysical, Delegated: true,
		Checks: map[string]compliance.CheckResult{"number": "passed", "live_video": "passed", "portrait_match": "passed"},
	}
	change(&f)
	return p.Evaluate(f, nil)
}

func TestAnyOf(t *testing.T) {
	alone := edit(t, "      - {check: portrait_match, after: number, late: review}\n", "")
	for _, c := range []struct {
		video, portrait compliance.CheckResult
		want            compliance.Outcome
		found           string
		waiting         []string
	}{
		{"passed", "", "approved", "passed|missing", []string{}},
		{"", "passed", "approved", "missing|passed", []string{}},
		{"passed", "not_executed", "approved", "passed|not_executed", []string{}},
		{"passed", "failed", "rejected", "passed|failed", []string{}},
		{"", "", "rejected", "missing|missing", []string{}},
		{"not_applicable", "", "rejected", "not_applicable|missing", []string{}},
		{"", "not_executed", "pending", "missing|not_executed", []string{"portrait_match"}},
		{"inconclusive", "not_executed", "pending", "inconclusive|not_executed", []string{"portrait_match"}},
		{"inconclusive", "", "review", "inconclusive|missing", []string{}},
		{"failed", "not_executed", "rejected", "failed|not_executed", []string{}},
	} {
		e := evaluateSmall(t, alone, func(f *compliance.Facts) { f.Checks["live_video"], f.Checks["portrait_match"] = c.video, c.portrait })
		if e.Outcome != c.want || e.Findings[1].Found != c.found || !slices.Equal(e.WaitingOn, c.waiting) {
			t.Errorf("%q and %q: %s, found %s, waiting on %v", c.video, c.portrait, e.Outcome, e.Findings[1].Found, e.WaitingOn)
		}
	}
}

// An alternative that was waited for in vain does not undo one that passed.
func TestAnyOfWaitedOut(t *testing.T) {
	alone := edit(t, "      - {check: portrait_match, after: number, late: review}\n", "")
	for video, want := range map[compliance.CheckResult]compliance.Outcome{"passed": "approved", "": "rejected", "not_executed": "review"} {
		e := evaluateSmall(t, alone, func(f *compliance.Facts) {
			f.Waited = true
			f.Checks["live_video"], f.Checks["portrait_match"] = video, compliance.NotExecuted
		})
		if e.Outcome != want {
			t.Errorf("video %q: %s %v, want %s", video, e.Outcome, e.Reasons, want)
		}
	}
}

func TestTerms(t *testing.T) {
	open := func(f *compliance.Facts) { f.Checks["number"] = compliance.NotExecuted }
	passed := func(*compliance.Facts) {}
	shorter := "  - id: OP-U\n    kind: term\n    instrument: 设定\n    source: O\n    effective_from: 2020-01-01\n    title: 题\n" +
		"    text: {zh: 文, en: text}\n    terms: {pending_deadline: 1h, approval_valid: 5m}\n"
	none := small[:strings.Index(small, "  - id: OP-T")]
	for why, c := range map[string]struct {
		src               string
		deadline, approve time.Duration
	}{
		"one term":             {small, 48 * time.Hour, 30 * time.Minute},
		"the shorter of two":   {small + shorter, time.Hour, 5 * time.Minute},
		"the defaults of none": {none, DefaultDeadline, DefaultApprovalValid},
	} {
		if e := evaluateSmall(t, c.src, open); e.Outcome != compliance.Pending || e.Deadline != c.deadline || e.ApprovalValid != 0 {
			t.Errorf("%s: %s with deadline %v", why, e.Outcome, e.Deadline)
		}
		if e := evaluateSmall(t, c.src, passed); e.Outcome != compliance.Approved || e.ApprovalValid != c.approve || e.Deadline != 0 {
			t.Errorf("%s: %s valid for %v", why, e.Outcome, e.ApprovalValid)
		}
	}
}

// A condition that cannot be computed counts against the request.
func TestConditionsThatFail(t *testing.T) {
	failing := `evidence[5] == "x"`
	demands := edit(t, `when: product == "mobile_card"`, "when: "+failing)
	if e := evaluateSmall(t, demands, func(f *compliance.Facts) { f.Checks["number"] = compliance.Failed }); e.Outcome != compliance.Rejected {
		t.Errorf("a requirement whose condition fails is left out: %s", e.Outcome)
	}
	reviews := edit(t, `when: checks.number == "failed" && reasons.number.exists(r, r == "x")`, "when: "+failing)
	e := evaluateSmall(t, reviews, func(*compliance.Facts) {})
	want := []compliance.ReasonRef{{Code: "check_not_executed", Clauses: []string{"R-C"}}}
	if e.Outcome != compliance.Review || !cmp.Equal(e.Reasons, want) {
		t.Errorf("a review whose condition fails: %s %v", e.Outcome, e.Reasons)
	}
	if e := evaluateSmall(t, reviews, func(f *compliance.Facts) {
		f.Evidence = []compliance.EvidenceKind{"a", "b", "c", "d", "e", "f"}
	}); e.Outcome != compliance.Approved {
		t.Errorf("a review whose condition is false: %s", e.Outcome)
	}
}

// Every fact that facts.go declares reaches conditions with its type.
func TestFactsReachConditions(t *testing.T) {
	for _, when := range []string{
		`date == "2020-06-01" && sector == "telecom" && scene == "phone_card" && event == "open" && product == "mobile_card"`,
		`customer_type == "individual" && channel == "physical" && delegated && !proxy && document == "" && age_band == ""`,
		`size(evidence) == 0 && !opening && !photo && !waited_out`,
		`checks.number == "passed" && checks.chip_read == "" && size(reasons.number) == 0`,
	} {
		src := edit(t, `when: checks.number == "failed" && reasons.number.exists(r, r == "x")`, "when: '"+when+"'")
		if e := evaluateSmall(t, src, func(*compliance.Facts) {}); e.Outcome != compliance.Review {
			t.Errorf("%s does not hold: %s %v", when, e.Outcome, e.Findings)
		}
	}
	for _, f := range append(slices.Clone(requestFacts), resultFacts...) {
		if f.of(&compliance.Facts{}) == nil {
			t.Errorf("fact %s is nil on empty facts", f.name)
		}
	}
}

func TestScopes(t *testing.T) {
	for why, change := range map[string]func(*compliance.Facts){
		"another scene":    func(f *compliance.Facts) { f.Scene = compliance.SceneSignup },
		"another event":    func(f *compliance.Facts) { f.Occasion = compliance.OccasionClose },
		"another channel":  func(f *compliance.Facts) { f.Channel = compliance.ChannelOnline },
		"another sector":   func(f *compliance.Facts) { f.Sector = compliance.SectorBanking },
		"another customer": func(f *compliance.Facts) { f.CustomerType = "unit" },
		"not delegated":    func(f *compliance.Facts) { f.Delegated = false },
		"by a proxy":       func(f *compliance.Facts) { f.Proxy = true },
		"another product":  func(f *compliance.Facts) { f.Product = "x" },
		"the day before":   func(f *compliance.Facts) { f.Date = "2019-12-31" },
		"the day after":    func(f *compliance.Facts) { f.Date = "2021-01-01" },
	} {
		e := evaluateSmall(t, small, change)
		if slices.ContainsFunc(e.Findings, func(f compliance.Finding) bool { return f.Clause == "R-A" }) {
			t.Errorf("%s: R-A is applied", why)
		}
		if e.Outcome != compliance.Review || e.Reasons[0].Code != reasonNoClause {
			t.Errorf("%s: uncovered and yet %s", why, e.Outcome)
		}
	}
	for why, change := range map[string]func(*compliance.Facts){
		"unknown scene":    func(f *compliance.Facts) { f.Scene = "x" },
		"no event":         func(f *compliance.Facts) { f.Occasion = "" },
		"unknown channel":  func(f *compliance.Facts) { f.Channel = "x" },
		"no sector":        func(f *compliance.Facts) { f.Sector = "" },
		"unknown customer": func(f *compliance.Facts) { f.CustomerType = "x" },
		"the first day":    func(f *compliance.Facts) { f.Date = "2020-01-01" },
		"the last day":     func(f *compliance.Facts) { f.Date = "2020-12-31" },
	} {
		e := evaluateSmall(t, small, change)
		if !slices.ContainsFunc(e.Findings, func(f compliance.Finding) bool { return f.Clause == "R-A" }) {
			t.Errorf("%s: R-A is evaded", why)
		}
	}
}

// What would help is told while there is still something to decide.
func TestNeeded(t *testing.T) {
	e := evaluateSmall(t, small, func(f *compliance.Facts) { f.Checks["portrait_match"] = compliance.Inconclusive })
	if e.Outcome != compliance.Review || !slices.Equal(e.Needed, []string{"portrait_match"}) {
		t.Errorf("%s needs %v", e.Outcome, e.Needed)
	}
	e = evaluateSmall(t, small, func(f *compliance.Facts) { f.Checks["portrait_match"] = compliance.Failed })
	if e.Outcome != compliance.Rejected || len(e.Needed) != 0 {
		t.Errorf("%s needs %v", e.Outcome, e.Needed)
	}
	e = evaluateSmall(t, small, func(f *compliance.Facts) {
		f.Waited = true
		f.Checks["live_video"], f.Checks["portrait_match"] = compliance.Passed, compliance.NotExecuted
	})
	if e.Outcome != compliance.Review || e.Reasons[0].Code != "pending_expired" {
		t.Errorf("waited out: %s %v", e.Outcome, e.Reasons)
	}
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := Load("builtin.yaml", builtinSource); err != nil {
			b.Fatal(err)
		}
	}
}
