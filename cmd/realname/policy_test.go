package main

import (
	"database/sql"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"realname/compliance"
	"realname/compliance/policy"
	"realname/internal/app"
	"realname/internal/sqlstore/storetest"
	"realname/ratelimit/quota"
	"realname/verify"
)

// file writes a text into a folder of the test.
func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// draft is the built-in policy with one text behind another changed, as a file.
func draft(t *testing.T, behind, from, to string) string {
	t.Helper()
	src := string(policy.Builtin().Source())
	at := strings.Index(src, behind)
	if at < 0 || !strings.Contains(src[at:], from) {
		t.Fatalf("no %q behind %q", from, behind)
	}
	return file(t, "draft.yaml", src[:at]+strings.Replace(src[at:], from, to, 1))
}

// says wants a command to answer with every one of the texts, and to end as told.
func says(t *testing.T, ends string, texts []string, args ...string) string {
	t.Helper()
	out, _, err := realname(t, args...)
	got := ""
	if err != nil {
		got = err.Error()
	}
	if got != ends {
		t.Errorf("%v ends with %q, want %q", args, got, ends)
	}
	for _, text := range texts {
		if !strings.Contains(out, text) {
			t.Errorf("%v: no %q in\n%.3000s", args, text, out)
		}
	}
	return out
}

func TestPolicyLint(t *testing.T) {
	says(t, "", []string{"builtin.yaml (", "38 clauses, 16 of them unverified, 0 warnings"}, "policy", "lint", "builtin", "--lang", "en")
	broken := draft(t, "id: R-5CARD", "max: 5", "max: 0")
	at := broken + ":" // the line of the limit
	says(t, "1 faults", []string{at, ": family phone_cards: max is 0; use 1 to 1000000\n"}, "policy", "lint", broken, "--lang", "en")
	says(t, "1 处错误", []string{`{"faults":[{"file":"`, `"line":`, `"fix":"use 1 to 1000000"`}, "policy", "lint", broken, "--lang", "zh", "--json")
	idle := draft(t, "id: R-5CARD", "scenes: [phone_card]", "scenes: [signup]")
	says(t, "", []string{"R-5CARD (2016-09-23): no product of it is of a scene of the clause", "mobile_card"}, "policy", "lint", idle, "--lang", "en")
	says(t, "", []string{"所列产品都不属于该条款的场景"}, "policy", "lint", idle, "--lang", "zh")
	if _, _, err := realname(t, "policy", "lint", filepath.Join(t.TempDir(), "none.yaml")); err == nil {
		t.Error("a file that is not there has no faults")
	}
}

func TestPolicyAt(t *testing.T) {
	says(t, "", []string{"art. 26 [unverified]", "\nsignup\n", "at most 5 openings per holder+legal_entity of mobile_card", "R-ATFL-13", "rows of regulation"},
		"policy", "at", "2026-01-01", "--lang", "en")
	old := says(t, "", []string{"第24条", "\nsignup\n", "所有场景"}, "policy", "at", "2018-01-01", "--lang", "zh")
	if strings.Contains(old, "第26条") || strings.Contains(old, "反电信网络诈骗法") {
		t.Error("a clause of later stands among those of 2018")
	}
	var got struct {
		Clauses []clauseAt
		Unacted []unactedRow
	}
	if err := json.Unmarshal([]byte(says(t, "", nil, "policy", "at", "2026-01-01", "--json")), &got); err != nil || len(got.Clauses) < 30 || len(got.Unacted) < 80 {
		t.Errorf("%d clauses, %d rows, %v", len(got.Clauses), len(got.Unacted), err)
	}
	for _, c := range got.Clauses {
		if c.Clause == "R-CSL-24" && (!c.Unverified || c.Article != "26" || len(c.Says) != 3 || c.EffectiveTo != "") {
			t.Errorf("%+v", c)
		}
		if c.Kind != "denial" && c.Kind != "review" && len(c.Says) == 0 {
			t.Errorf("%s says nothing", c.Clause)
		}
	}
	says(t, "no such day; write YYYY-MM-DD", nil, "policy", "at", "2026-02-30")
}

const policyCases = `- name: a card too many
  facts: {date: 2026-11-22, sector: telecom, scene: phone_card, event: open, product: mobile_card, customer_type: individual, channel: physical, opening: true}
  used: {phone_cards: 5}
  outcome: rejected
`

func TestPolicyTestAndCoverage(t *testing.T) {
	cases := file(t, "cases.yaml", policyCases)
	says(t, "", []string{"1 cases, 0 otherwise\n"}, "policy", "test", "builtin", cases, "--lang", "en")
	wrong := file(t, "cases.yaml", strings.Replace(policyCases, "rejected", "approved", 1))
	says(t, "1 cases otherwise", []string{wrong + ":1: a card too many\n", `outcome: want "approved", got "rejected"`}, "policy", "test", "builtin", wrong, "--lang", "en")
	says(t, "1 个案例不符", []string{`"what":"outcome","want":"approved","got":"rejected"`, `"failed":1`}, "policy", "test", "builtin", wrong, "--lang", "zh", "--json")
	says(t, "1 faults", []string{"cases.yaml:1: ", "outcome is"}, "policy", "test", "builtin", file(t, "cases.yaml", "- {name: x}\n"), "--lang", "en")

	says(t, "", []string{"of 38 clauses, no example touches 0"}, "policy", "coverage", "builtin", "builtin", "--lang", "en")
	says(t, "", []string{"1         1         -          limit        R-5CARD (2016-09-23)\n", "R-4CARD (2016-01-01)\n    no example touches it\n"},
		"policy", "coverage", "builtin", cases, "--lang", "en")
}

func TestPolicyDiff(t *testing.T) {
	four := draft(t, "id: R-5CARD", "max: 5", "max: 4")
	says(t, "", []string{
		"changed R-5CARD (2016-09-23) limit, for phone_card; events: open, transfer, port_in; customer_types: individual\n", `limits[phone_cards].max: "5" → "4"`,
		"[phone_card] fifth phone card: approved → rejected (quota_exceeded)",
	}, "policy", "diff", "builtin", four, "--lang", "en")
	says(t, "", []string{"没有变化。", "104 个案例中，0 个结果不同"}, "policy", "diff", "builtin", "builtin", "--lang", "zh")
	says(t, "", []string{`"fields":[{"field":"limits[phone_cards].max","before":"5","after":"4"}]`}, "policy", "diff", "builtin", four, "--json")
}

// archived makes a configuration whose ledger holds every example of the built-in policy as it was decided.
func archived(t *testing.T) (config, ledger string, n int) {
	t.Helper()
	dir := t.TempDir()
	config = file(t, "realname.yaml", "data: "+filepath.Join(dir, "data")+"\nauthority: {url: 'http://127.0.0.1:1', secret_file: none}\n")
	if _, _, err := realname(t, "tenant", "list", "--config", config); err != nil {
		t.Fatal(err)
	}
	ledger = (&url.URL{Scheme: "file", Opaque: filepath.Join(dir, "data", "ledger.db")}).String()
	s := storetest.Open(t, ledger, nil)
	p := policy.Builtin()
	ev := storetest.Event(t, compliance.EventPolicyLive, storetest.Tenant, p.Digest(), time.Now())
	if _, err := s.PutPolicy(t.Context(), p.Digest(), p.Source(), ev); err != nil {
		t.Fatal(err)
	}
	for _, c := range policy.BuiltinCases() {
		facts, uses := c.Under(p)
		e := p.Evaluate(facts, uses)
		if _, err := s.Commit(t.Context(), verify.Record{Build: func(at time.Time, _ []quota.Use, _ compliance.ImageReuse) (verify.Rows, error) {
			row := verify.DecisionRow{Channel: verify.Channel{Kind: facts.Channel}}
			row.Decision = compliance.Decision{
				ID: storetest.IDs.New(compliance.PrefixDecision), Version: 1, TenantID: storetest.Tenant, Scene: facts.Scene, Occasion: facts.Occasion,
				Product: facts.Product, Channel: facts.Channel, Outcome: e.Outcome, Reasons: e.Reasons, Findings: e.Findings, Quotas: uses,
				PolicyDigest: p.Digest(), Facts: facts, WaitingOn: e.WaitingOn, Needed: e.Needed, DecidedAt: at,
			}
			var err error
			row.Event, row.Canonical, err = compliance.NewDecisionEvent(storetest.IDs.New(compliance.PrefixEvent), row.Decision)
			return verify.Rows{Decision: row}, err
		}}); err != nil {
			t.Fatal(err)
		}
		n++
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return config, ledger, n
}

func TestPolicyReplay(t *testing.T) {
	config, ledger, n := archived(t)
	replay := func(p string, more ...string) (r app.Replay) {
		t.Helper()
		args := append([]string{"policy", "replay", "--config", config, "--policy", p, "--json"}, more...)
		if err := json.Unmarshal([]byte(says(t, "", nil, args...)), &r); err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := replay("builtin"); r.Decisions != n || r.Reproduced != n || r.Same != n || !r.Complete {
		t.Errorf("%+v", r)
	}
	four := draft(t, "id: R-5CARD", "max: 5", "max: 4")
	whole := replay(four)
	if whole.Otherwise == 0 || whole.Changes[0].Of != "approved → rejected" || whole.Reasons[0].Code != "quota_exceeded" || whole.Same+whole.Otherwise != n {
		t.Errorf("%+v", whole)
	}
	first, _, _ := strings.Cut(whole.Changes[0].Sample[0], "/")
	if rest := replay(four, "--after", first); rest.Otherwise != whole.Otherwise-1 || rest.Decisions >= n {
		t.Errorf("%+v behind %s", rest, first)
	}
	says(t, "", []string{"decided otherwise\n", "approved → rejected  ver_", "gained  lost  reason\n", "phone_card\n", storetest.Tenant},
		"policy", "replay", "--config", config, "--policy", four, "--lang", "en")
	says(t, "", []string{"以本规则作出的", "逐字节重现"}, "policy", "replay", "--config", config, "--policy", "builtin", "--lang", "zh")
	says(t, "", []string{"0 decisions decided again"}, "policy", "replay", "--config", config, "--policy", "builtin", "--to", "2020-01-01", "--lang", "en")
	says(t, "", []string{", no stored decision 0\n"}, "policy", "coverage", "builtin", file(t, "cases.yaml", policyCases), "--config", config, "--lang", "en")

	changeCanonical(t, ledger, first)
	says(t, "1 decisions are not reproduced", []string{"not reproduced\n", first}, "policy", "replay", "--config", config, "--policy", "builtin", "--lang", "en")
}

// changeCanonical changes what the record of a decision says it found.
func changeCanonical(t *testing.T, ledger, id string) {
	t.Helper()
	db, err := sql.Open("sqlite", ledger)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), `UPDATE decisions SET canonical =
		CAST(REPLACE(CAST(canonical AS TEXT), '"found":"passed"', '"found":"warning"') AS BLOB) WHERE id = ?`, id); err != nil {
		t.Fatal(err)
	}
}
