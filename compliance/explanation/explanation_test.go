package explanation

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"realname/compliance"
	"realname/compliance/policy"
)

func clausesOf(p *policy.Policy, date string) Clauses {
	return func(id string) (policy.Clause, bool) { return p.Clause(id, date) }
}

// cardFacts are those of a phone card over a counter for which everything was checked and passed.
func cardFacts() compliance.Facts {
	f := compliance.Facts{
		Date: "2026-03-02", Sector: compliance.SectorTelecom, Scene: compliance.ScenePhoneCard, Occasion: compliance.OccasionOpen,
		Product: "mobile_card", CustomerType: "individual", Channel: compliance.ChannelPhysical, DocumentKind: "resident_id",
		AgeBand: "adult", Checks: map[string]compliance.CheckResult{}, CheckReasons: map[string][]string{}, HasOpening: true,
		Parts: []string{"clerk", "phone"},
	}
	for _, name := range policy.Builtin().Needs(f) {
		f.Checks[name] = compliance.Passed
	}
	for _, v := range policy.Builtin().Velocities(f) {
		f.Velocities = append(f.Velocities, compliance.VelocityUse{Name: v.Name, Clause: v.Clause, Used: 7331, Limit: v.Max, Executed: true})
	}
	return f
}

// decide makes the decision that the service would store.
func decide(p *policy.Policy, f compliance.Facts, used int) *compliance.Decision {
	var uses []compliance.QuotaUse
	for _, l := range p.Limits(f) {
		uses = append(uses, compliance.QuotaUse{Family: l.Family, Clause: l.Clause, Used: used, Limit: l.Max})
	}
	e := p.Evaluate(f, uses)
	d := &compliance.Decision{
		ID: "ver_00000000-0000-7000-8000-000000000001", Version: 1, Scene: f.Scene, Occasion: f.Occasion, Product: f.Product,
		Outcome: e.Outcome, Reasons: e.Reasons, Findings: e.Findings, Quotas: uses, PolicyDigest: p.Digest(), Facts: f,
		DecidedAt: time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC),
	}
	if e.Deadline > 0 {
		d.Deadline = d.DecidedAt.Add(e.Deadline)
	}
	for _, name := range p.Needs(f) {
		d.Checks = append(d.Checks, compliance.Check{Name: name, Result: f.Checks[name], Reasons: f.CheckReasons[name], Source: "gateway"})
	}
	return d
}

func explain(d *compliance.Decision, a compliance.Audience, lang string) Explanation {
	return Explain(d, clausesOf(policy.Builtin(), d.Facts.Date), a, lang)
}

func fullWindow(f *compliance.Facts) {
	f.Velocities[0].Full = true
}

func TestRefusalNamesReasonArticleRemedyMaterialsChannelAndTerm(t *testing.T) {
	for _, lang := range []string{"zh", "en"} {
		for _, a := range compliance.Audiences() {
			e := explain(decide(policy.Builtin(), cardFacts(), 5), a, lang)
			if e.Outcome != compliance.Rejected || len(e.Reasons) != 1 {
				t.Fatalf("%+v", e)
			}
			r := e.Reasons[0]
			if r.Code != "quota_exceeded" || r.Message == "" || r.Remedy == "" || len(r.Materials) != 1 || len(r.Clauses) != 1 {
				t.Errorf("%s: %+v", a, r)
			}
			if c := r.Clauses[0]; c.ID != "R-5CARD" || c.Article != "4" || c.Remedy == "" || c.Unverified {
				t.Errorf("%s: cites %+v", a, c)
			}
			if len(e.Ways) != 1 || e.Ways[0].Clause != "R-PIPL-24" || e.Ways[0].Channel == "" || e.Ways[0].Days != 0 || e.Ways[0].Term == "" {
				t.Errorf("%s: ways %+v", a, e.Ways)
			}
			if len(e.Why.By) != 1 || e.Why.By[0].Clause != "R-5CARD" || e.Why.By[0].Found != "5/5" || e.Why.Rest != "approved" {
				t.Errorf("%s: why %+v", a, e.Why)
			}
			if len(e.Why.Others) != 3 || len(e.Why.Others[0].Against) != 1 {
				t.Errorf("%s: others %+v", a, e.Why.Others)
			}
			for _, c := range e.Clauses {
				if c.ID == "R-PORTRAIT" && !c.Unverified {
					t.Error("an unread article is not marked")
				}
			}
		}
	}
}

func TestBankIsAnsweredWithinFifteenDays(t *testing.T) {
	f := cardFacts()
	f.Sector, f.Scene, f.Product = compliance.SectorBanking, compliance.SceneBankAccount, "debit_card"
	for _, name := range policy.Builtin().Needs(f) {
		f.Checks[name] = compliance.Passed
	}
	f.Velocities = nil
	e := explain(decide(policy.Builtin(), f, 9), compliance.ForPerson, "en")
	if e.Outcome != compliance.Rejected || len(e.Ways) != 2 || e.Ways[0].Clause != "R-AML-39" || e.Ways[0].Days != 15 {
		t.Errorf("%s, ways %+v", e.Outcome, e.Ways)
	}
	if !slices.ContainsFunc(e.Why.Others, func(o Other) bool { return o.Outcome == compliance.Approved && len(o.Against) > 1 }) {
		t.Errorf("why not approved: %+v", e.Why.Others)
	}
}

func TestPendingNamesWhatWasNotExecuted(t *testing.T) {
	f := cardFacts()
	f.Checks["network_check"] = compliance.NotExecuted
	f.CheckReasons["network_check"] = []string{"authority_unavailable"}
	e := explain(decide(policy.Builtin(), f, 0), compliance.ForClerk, "zh")
	if e.Outcome != compliance.Pending || len(e.NotExecuted) != 1 || e.NotExecuted[0].Check != "network_check" || len(e.Ways) != 0 || e.Deadline.IsZero() {
		t.Errorf("%+v", e)
	}
	if len(e.Why.By) == 0 || e.Why.By[0].Outcome != compliance.Pending || e.Why.Rest != "approved" {
		t.Errorf("why %+v", e.Why)
	}
}

func TestApprovalHasNoWayToObject(t *testing.T) {
	e := explain(decide(policy.Builtin(), cardFacts(), 0), compliance.ForPerson, "zh")
	if e.Outcome != compliance.Approved || len(e.Ways)+len(e.Reasons)+len(e.Why.By) != 0 || len(e.Clauses) < 6 {
		t.Errorf("%+v", e)
	}
}

// What a person reads is the same whether or not a window was full, but for the outcome and its neutral reason.
func TestSuspicionReachesOfficialsOnly(t *testing.T) {
	f := cardFacts()
	fullWindow(&f)
	d := decide(policy.Builtin(), f, 1)
	for _, a := range []compliance.Audience{compliance.ForPerson, compliance.ForClerk} {
		e := explain(d, a, "en")
		if e.Outcome != compliance.Review || len(e.Reasons) != 1 || e.Reasons[0].Code != "further_review" || len(e.Reasons[0].Clauses) != 0 {
			t.Errorf("%s: %+v", a, e.Reasons)
		}
		if len(e.Why.By) != 1 || e.Why.By[0] != (Cause{Reason: "further_review", Outcome: compliance.Review}) {
			t.Errorf("%s: why %+v", a, e.Why.By)
		}
		calm := explain(decide(policy.Builtin(), cardFacts(), 1), a, "en")
		if len(calm.Clauses) != len(e.Clauses) {
			t.Errorf("%s: %d clauses are told in a calm case and %d in a suspicious one", a, len(calm.Clauses), len(e.Clauses))
		}
		for _, secret := range []string{"OP-VELOCITY", "异常", "7331", "attempts_of_person", "velocit\":[{", f.Velocities[0].Name} {
			for _, told := range []Explanation{e, calm} {
				if text := everything(t, &told); strings.Contains(text, secret) {
					t.Errorf("%s: %q is told: %s", a, secret, text)
				}
			}
		}
	}
	for _, a := range []compliance.Audience{compliance.ForCompliance, compliance.ForRegulator} {
		e := explain(d, a, "en")
		if len(e.Reasons) != 1 || e.Reasons[0].Code != "abnormal_opening" || e.Reasons[0].ToldAs != "further_review" || len(e.Velocities) == 0 {
			t.Errorf("%s: %+v", a, e)
		}
		if len(e.Why.By) != 1 || e.Why.By[0].Clause != "OP-VELOCITY" {
			t.Errorf("%s: why %+v", a, e.Why.By)
		}
	}
}

// everything is all that a reader could see, as JSON and as text.
func everything(t *testing.T, e *Explanation) string {
	t.Helper()
	body, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := e.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	return string(body) + text.String()
}

// withReason is the built-in policy with one more clause of each kind that can carry a reason of suspicion.
func withReason(t *testing.T, code string) *policy.Policy {
	t.Helper()
	source := string(policy.Builtin().Source())
	source = strings.ReplaceAll(source, "reason: abnormal_opening", "reason: "+code)
	source += `
  - id: R-SECRET
    kind: review
    instrument: 秘密法
    article: "10"
    source: S
    effective_from: 2000-01-01
    title: 秘密标题
    text: {zh: 秘密条文, en: the secret text}
    when: channel == "physical"
    reason: ` + code + "\n"
	p, err := policy.Load("test", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The whole catalogue, by every road on which a code reaches a decision: a window, a condition, a check's own reason.
func TestNoUndisclosedReasonReachesPersonOrClerk(t *testing.T) {
	hidden := 0
	for _, r := range compliance.Reasons() {
		p := policy.Builtin()
		if !r.Disclosed || r.Code == "quota_exceeded" { // one that is disclosed stands for all: loading a policy is slow
			p = withReason(t, r.Code)
		}
		for road, set := range map[string]func(*compliance.Facts){
			"window":    fullWindow,
			"condition": func(*compliance.Facts) {},
			"condition that does not hold": func(f *compliance.Facts) {
				f.Channel = compliance.ChannelOnline
				for _, name := range policy.Builtin().Needs(*f) {
					f.Checks[name] = compliance.Passed
				}
			},
			"check": func(f *compliance.Facts) {
				f.Checks["portrait_match"], f.CheckReasons["portrait_match"] = compliance.Warning, []string{"portrait_mismatch", r.Code}
			},
			"check alone": func(f *compliance.Facts) {
				f.Checks["portrait_match"], f.CheckReasons["portrait_match"] = compliance.Failed, []string{r.Code}
			},
			"not executed": func(f *compliance.Facts) {
				f.Checks["portrait_match"], f.CheckReasons["portrait_match"] = compliance.NotExecuted, []string{r.Code}
			},
		} {
			f := cardFacts()
			set(&f)
			d := decide(p, f, 1)
			if !r.Disclosed {
				hidden++
			}
			if _, own := p.Clause("R-SECRET", f.Date); !own && !strings.HasPrefix(road, "check") && road != "not executed" {
				continue
			}
			for _, lang := range []string{"zh", "en"} {
				for _, lost := range []bool{false, true} {
					checkTold(t, road, &r, d, p, lang, lost)
				}
			}
		}
	}
	if hidden == 0 {
		t.Error("no reason is undisclosed: this test saw nothing")
	}
}

func checkTold(t *testing.T, road string, r *compliance.ReasonText, d *compliance.Decision, p *policy.Policy, lang string, lost bool) {
	t.Helper()
	find := clausesOf(p, d.Facts.Date)
	if lost {
		find = func(string) (policy.Clause, bool) { return policy.Clause{}, false }
	}
	for _, a := range []compliance.Audience{compliance.ForPerson, compliance.ForClerk} {
		e := Explain(d, find, a, lang)
		text := everything(t, &e)
		secrets := []string{"OP-VELOCITY", "异常频次", "7331", "attempts_of_person", "openings_with_phone"}
		if !r.Disclosed {
			secrets = append(secrets, r.Code, r.Compliance.ZH, r.Compliance.EN, r.Regulator.ZH, r.Regulator.EN, "R-SECRET", "秘密", "secret text")
		}
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Fatalf("%s by %s, lost %v: the %s is told %q", r.Code, road, lost, a, secret)
			}
		}
	}
	if e := Explain(d, find, compliance.ForCompliance, lang); d.Outcome != compliance.Approved && !strings.Contains(everything(t, &e), r.Code) {
		t.Errorf("%s by %s: the compliance officer is not told", r.Code, road)
	}
}

func TestOperatorsOwnThresholdIsNoPublicCount(t *testing.T) {
	f := cardFacts()
	f.Sector, f.Scene, f.Product, f.Channel = compliance.SectorInternet, compliance.SceneSignup, "internet_account", compliance.ChannelOnline
	for _, name := range policy.Builtin().Needs(f) {
		f.Checks[name] = compliance.Passed
	}
	f.Velocities = nil
	for _, v := range policy.Builtin().Velocities(f) {
		f.Velocities = append(f.Velocities, compliance.VelocityUse{Name: v.Name, Clause: v.Clause, Executed: true})
	}
	d := decide(policy.Builtin(), f, 1000)
	for _, a := range compliance.Audiences() {
		e := explain(d, a, "en")
		if told := strings.Contains(everything(t, &e), "1000/1000"); e.Outcome != compliance.Rejected || told != a.Official() {
			t.Errorf("%s: %s, the count is told: %v", a, e.Outcome, told)
		}
	}
}

// A tenant may set less than the law allows: that number is its own.
func TestTenantsOwnLimitIsNoPublicCount(t *testing.T) {
	d := decide(policy.Builtin(), cardFacts(), 5)
	for i := range d.Findings {
		if d.Findings[i].Kind == policy.KindLimit {
			d.Findings[i].Found = "3/3"
		}
	}
	for _, a := range compliance.Audiences() {
		e := explain(d, a, "en")
		if text := everything(t, &e); strings.Contains(text, "3/3") != a.Official() || strings.Contains(text, "the limit is reached") == a.Official() {
			t.Errorf("%s: %s", a, text)
		}
	}
}

func TestOperatorsOwnClauseIsToldWhereItRefuses(t *testing.T) {
	calm := cardFacts()
	unit := cardFacts()
	unit.CustomerType = "unit"
	for _, tc := range []struct {
		facts compliance.Facts
		told  bool
	}{{calm, false}, {unit, true}} {
		e := explain(decide(policy.Builtin(), tc.facts, 0), compliance.ForPerson, "en")
		if got := strings.Contains(everything(t, &e), "OP-UNIT"); got != tc.told {
			t.Errorf("%s: told %v", tc.facts.CustomerType, got)
		}
	}
}

func TestLostPolicyIsSaid(t *testing.T) {
	e := Explain(decide(policy.Builtin(), cardFacts(), 5), func(string) (policy.Clause, bool) { return policy.Clause{}, false }, compliance.ForRegulator, "en")
	if !e.PolicyMissing || len(e.Reasons[0].Clauses) != 1 || e.Reasons[0].Clauses[0].Article != "4" {
		t.Errorf("%+v", e.Reasons)
	}
}

func TestSameDecisionIsExplainedByTheSameBytes(t *testing.T) {
	d := decide(policy.Builtin(), cardFacts(), 5)
	for _, a := range compliance.Audiences() {
		first, second := explain(d, a, "zh"), explain(d, a, "zh")
		if everything(t, &first) != everything(t, &second) {
			t.Errorf("%s: two explanations differ", a)
		}
	}
}

// Every check that the built-in policy demands has a name that a reader understands.
func TestEveryCheckHasAName(t *testing.T) {
	for _, c := range policy.Builtin().Products() {
		f := cardFacts()
		f.Product, f.Scene, f.Proxy, f.PhotoGiven = c, policy.Builtin().SceneOf(c), true, true
		for _, unit := range []string{"individual", "unit"} {
			f.CustomerType = unit
			for _, name := range policy.Builtin().Needs(f) {
				if _, ok := checkNames[name]; !ok {
					t.Errorf("check %s has no name", name)
				}
			}
		}
	}
	for key, text := range words {
		if text.ZH == "" || text.EN == "" || strings.Count(text.ZH, "%") != strings.Count(text.EN, "%") {
			t.Errorf("word %s: %+v", key, text)
		}
	}
}
