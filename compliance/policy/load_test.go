package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// small is a whole policy in few lines; tests change one line of it.
const small = `products:
  - {id: mobile_card, scene: phone_card, name: {zh: 卡, en: card}}
checks:
  number: {failed: number_invalid, missing: number_empty, inconclusive: further_review, unexecuted: check_not_executed, expired: pending_expired, warning: pass, late: rejected}
  live_video: {failed: live_video_failed, missing: live_video_missing, inconclusive: further_review, unexecuted: check_not_executed, expired: pending_expired, own_reasons: true, warning: review, late: review, evidence: [live_video]}
  portrait_match: {failed: portrait_mismatch, missing: portrait_match_missing, inconclusive: further_review, unexecuted: check_not_executed, expired: pending_expired, warning: review, late: rejected, evidence: [portrait_match]}
clauses:
  - id: R-A
    kind: requirement
    instrument: 法
    article: "1"
    source: S
    effective_from: 2020-01-01
    effective_to: 2020-12-31
    title: 题
    text: {zh: 文, en: text}
    scope: {scenes: [phone_card], events: [open], channels: [physical], sectors: [telecom], customer_types: [individual], delegated: true, proxy: false}
    when: product == "mobile_card"
    demands:
      - {check: number}
      - {any_of: [live_video, portrait_match], when: "!photo"}
      - {check: portrait_match, after: number, late: review}
  - id: R-B
    kind: limit
    instrument: 法
    unverified: true
    source: K
    effective_from: 2020-01-01
    title: 题
    text: {zh: 文, en: text}
    limits:
      - {family: cards, products: [mobile_card], per: [holder], counts: openings, states: [reserved, pending_activation, active, suspended], max: 5, mode: hard, reason: quota_exceeded}
  - id: R-C
    kind: review
    instrument: 法
    article: "2"
    source: S
    effective_from: 2020-01-01
    title: 题
    text: {zh: 文, en: text}
    when: checks.number == "failed" && reasons.number.exists(r, r == "x")
    reason: further_review
  - id: OP-T
    kind: term
    instrument: 设定
    source: O
    effective_from: 2020-01-01
    title: 题
    text: {zh: 文, en: text}
    terms: {pending_deadline: 48h, approval_valid: 30m}
`

// edit replaces the first occurrence of one text of small by another.
func edit(t *testing.T, from, to string) string {
	t.Helper()
	if !strings.Contains(small, from) {
		t.Fatalf("the small policy has no %q", from)
	}
	return strings.Replace(small, from, to, 1)
}

func TestLoadSmall(t *testing.T) {
	p, err := Load("small.yaml", []byte(small))
	if err != nil {
		t.Fatal(err)
	}
	if p.Name() != "small.yaml" || string(p.Source()) != small || len(p.Digest()) != 64 {
		t.Errorf("name %q, %d bytes of source, digest %q", p.Name(), len(p.Source()), p.Digest())
	}
	p.Source()[0] = 'X'
	if string(p.Source()) != small {
		t.Error("a caller can change the source")
	}
}

// Each fault names its line in the file and says what to do.
func TestLoadFaults(t *testing.T) {
	for _, c := range []struct {
		why      string
		from, to string
		line     int
		problem  string
	}{
		{"unknown key", "    kind: requirement", "    knid: requirement", 9, `unknown field "knid"`},
		{"unknown key of a demand", "{check: number}", "{check: number, sometimes: true}", 20, "sometimes"},
		{"unknown key at the top", "products:", "produces:", 1, "produces"},
		{"wrong type", "max: 5", "max: many", 32, "cannot unmarshal"},
		{"broken YAML", `article: "1"`, `article: "1`, 18, ""},
		{"key twice", "    source: S\n", "    source: S\n    source: S\n", 13, "source"},
		{"tab", "    kind: requirement", "\tkind: requirement", 9, ""},
		{"unknown fact", `when: product == "mobile_card"`, `when: colour == "red"`, 18, "undeclared reference to 'colour'"},
		{"unknown fact of a demand", `"!photo"`, `"!foto"`, 21, "undeclared reference to 'foto'"},
		{"unknown check in a condition", `checks.number`, `checks.numer`, 41, "undeclared reference to 'checks.numer'"},
		{"result read before it is known", `when: product == "mobile_card"`, `when: checks.number == "passed"`, 18, "undeclared reference to 'checks'"},
		{"type error", `when: product == "mobile_card"`, `when: product == 5`, 18, "no matching overload"},
		{"condition that is no condition", `when: product == "mobile_card"`, `when: product + "x"`, 18, "not true or false"},
		{"condition that cannot be parsed", `when: product == "mobile_card"`, `when: product ==`, 18, "condition: column"},
		{"regular expression that cannot be", `when: product == "mobile_card"`, `when: product.matches("(")`, 18, "condition"},
		{"costly condition", `reasons.number.exists(r, r == "x")`,
			`evidence.all(a, evidence.all(b, evidence.all(c, evidence.all(d, evidence.all(e, a+b+c+d+e != "x")))))`, 41, "it may cost"},
		{"deep condition", `when: product == "mobile_card"`, "when: " + strings.Repeat("(", 200) + "photo" + strings.Repeat(")", 200), 18, "condition"},
		{"long condition", `when: product == "mobile_card"`, `when: product == "` + strings.Repeat("x", 3000) + `"`, 18, "condition"},
		{"bad date", "2020-12-31", "2020-02-30", 14, `bad date "2020-02-30"`},
		{"no date", "    effective_from: 2020-01-01\n    effective_to", "    effective_to", 8, `bad date ""`},
		{"ends before it begins", "2020-12-31", "2019-12-31", 14, "ends before it begins"},
		{"two versions at once", "id: R-C", "id: R-B", 38, "in force twice from 2020-01-01"},
		{"two versions on one day", "id: R-B\n    kind: limit\n    instrument: 法\n    unverified: true\n    source: K\n    effective_from: 2020-01-01",
			"id: R-A\n    kind: limit\n    instrument: 法\n    unverified: true\n    source: K\n    effective_from: 2020-12-31", 28, "in force twice from 2020-12-31"},
		{"no article", "    article: \"1\"\n", "", 8, "has no article"},
		{"from memory and not marked", "    unverified: true\n", "    article: \"3\"\n", 27, "not marked so"},
		{"unknown source", "source: S\n", "source: X\n", 12, `source is "X"`},
		{"operator's setting under a law's id", "id: OP-T", "id: R-T", 46, "does not go with its id"},
		{"law under an operator's id", "id: R-A", "id: OP-A", 12, "does not go with its id"},
		{"operator's setting that denies", "kind: term", "kind: denial", 46, "does not go with its id"},
		{"bad id", "id: R-A", "id: five cards", 8, "clause id"},
		{"no instrument", "    instrument: 法\n    article: \"1\"", "    article: \"1\"", 8, "has no instrument"},
		{"no title", "    title: 题\n", "", 8, "has no title"},
		{"text in one language", "text: {zh: 文, en: text}", "text: {zh: 文}", 16, "has no text.en"},
		{"remedy in one language", "text: {zh: 文, en: text}", "text: {zh: 文, en: text}\n    remedy: {zh: 改}", 17, "remedy in one language"},
		{"unknown kind", "kind: requirement", "kind: wish", 9, `unknown kind "wish"`},
		{"part of another kind", "    terms: {", "    reason: further_review\n    terms: {", 50, "of kind term has reason"},
		{"part that is missing", "    terms: {pending_deadline: 48h, approval_valid: 30m}\n", "", 43, "has no terms"},
		{"denial without a condition", "    when: checks.number == \"failed\" && reasons.number.exists(r, r == \"x\")\n", "", 33, "has no condition"},
		{"unknown scene", "scenes: [phone_card]", "scenes: [lottery]", 17, `unknown value "lottery"`},
		{"unknown event", "events: [open]", "events: [opened]", 17, `unknown value "opened"`},
		{"unknown channel", "channels: [physical]", "channels: [pigeon]", 17, `unknown value "pigeon"`},
		{"unknown sector", "sectors: [telecom]", "sectors: [church]", 17, `unknown value "church"`},
		{"unknown customer", "customer_types: [individual]", "customer_types: [robot]", 17, `unknown value "robot"`},
		{"undeclared product in a scope", "delegated: true", "products: [sim]", 17, `unknown product "sim"`},
		{"undeclared product of a limit", "products: [mobile_card]", "products: [sim]", 32, `unknown product "sim"`},
		{"product of no scene", "scene: phone_card", "scene: lottery", 2, "unknown scene"},
		{"product without a name", "name: {zh: 卡, en: card}", "name: {zh: 卡}", 2, "has no name"},
		{"bad product", "id: mobile_card", "id: Mobile Card", 2, "product id"},
		{"product twice", "checks:\n", "  - {id: mobile_card, scene: phone_card, name: {zh: 卡, en: card}}\nchecks:\n", 3, "twice"},
		{"unknown check", "  number: {", "  numero: {", 4, `unknown check "numero"`},
		{"check without an entry", "check: number", "check: chip_read", 20, `check "chip_read" has no entry`},
		{"unknown reason", "failed: number_invalid", "failed: because", 4, `unknown reason "because"`},
		{"unknown reason of a limit", "quota_exceeded", "because", 32, `unknown reason "because"`},
		{"unknown reason of a review", "reason: further_review", "reason: because", 42, `unknown reason "because"`},
		{"bad warning", "warning: pass", "warning: perhaps", 4, `warning is "perhaps"`},
		{"bad late", "late: rejected}", "late: approved}", 4, `late is "approved"`},
		{"bad override", "late: review}\n  - id", "late: approved}\n  - id", 22, `late is "approved"`},
		{"unknown evidence", "evidence: [live_video]", "evidence: [hearsay]", 5, `unknown evidence "hearsay"`},
		{"check and any_of", "{check: number}", "{check: number, any_of: [live_video]}", 20, "wants check or any_of"},
		{"neither", "{check: number}", "{when: photo}", 20, "wants check or any_of"},
		{"any_of twice the same", "any_of: [live_video, portrait_match]", "any_of: [live_video, live_video]", 21, "a check twice"},
		{"any_of with overrides", `when: "!photo"`, "late: review", 21, "takes no overrides"},
		{"after what is not demanded", "after: number", "after: live_video", 22, `after names "live_video"`},
		{"after itself", "after: number", "after: portrait_match", 22, `after names "portrait_match"`},
		{"after under another condition", "{check: number}", "{check: number, when: photo}", 22, `after names "number"`},
		{"negative limit", "max: 5", "max: -5", 32, "max is -5"},
		{"no limit", "max: 5", "max: 0", 32, "max is 0"},
		{"soft limit", "mode: hard", "mode: soft", 32, `mode is "soft"`},
		{"limit on something else", "counts: openings", "counts: sheep", 32, `counts is "sheep"`},
		{"limit per nothing", "per: [holder]", "per: []", 32, "per is empty"},
		{"limit per something else", "per: [holder]", "per: [planet]", 32, `unknown value "planet"`},
		{"final state counted", "states: [reserved, pending", "states: [closed, reserved, pending", 32, `unknown value "closed"`},
		{"states that lead past the limit", "states: [reserved, pending_activation, active, suspended]", "states: [active]", 32, "leave out one"},
		{"state twice", "states: [reserved, pending", "states: [active, reserved, pending", 32, "repeats itself"},
		{"bad family", "family: cards", "family: Cards!", 32, `family "Cards!"`},
		{"family twice", "  - id: R-C", "      - {family: cards, products: [mobile_card], per: [holder], counts: openings, states: [reserved, pending_activation, active, suspended], max: 5, mode: hard, reason: quota_exceeded}\n  - id: R-C", 33, "twice in clause"},
		{"bad duration", "pending_deadline: 48h", "pending_deadline: soon", 50, `bad duration "soon"`},
		{"negative duration", "pending_deadline: 48h", "pending_deadline: -48h", 50, "bad duration"},
		{"endless duration", "pending_deadline: 48h", "pending_deadline: 99999h", 50, "bad duration"},
		{"anchor", "instrument: 法", "instrument: &a 法", 10, "anchors"},
		{"alias", "instrument: 法", "instrument: *a", 10, "anchors"},
		{"merge", "    instrument: 法", "    <<: {instrument: 法}", 10, "anchors"},
		{"tag", "instrument: 法", "instrument: !!binary aaaa", 10, "anchors"},
		{"nested brackets", "events: [open]", "events: [[[[[[[[open]]]]]]]]", 17, "nested too deep"},
		{"nested dashes", "      - {check: number}", "      - - - - - - number", 20, "nested too deep"},
		{"second document", "  - id: R-B", "---\n  - id: R-B", 0, "2 YAML documents"},
	} {
		_, err := Load("p.yaml", []byte(edit(t, c.from, c.to)))
		faults := Faults(err)
		if !slices.ContainsFunc(faults, func(f *Error) bool {
			return f.Line == c.line && strings.Contains(f.Problem, c.problem) && f.Fix != "" && f.File == "p.yaml"
		}) {
			t.Errorf("%s: got %v, want a fault on line %d with %q", c.why, err, c.line, c.problem)
		}
	}
}

func TestLoadWholeFileFaults(t *testing.T) {
	for why, c := range map[string]struct{ src, problem string }{
		"nothing":       {"", "p.yaml: empty"},
		"a comment":     {"# rules\n", "p.yaml: "},
		"no clauses":    {"clauses: []\n", "no clauses"},
		"a list":        {"- 1\n", "p.yaml:1: "},
		"too long":      {strings.Repeat("# \n", maxSource), "longer than"},
		"binary":        {"\x00\x01\xff\xfe", "p.yaml"},
		"open brackets": {strings.Repeat("[", 100_000), "nested too deep"},
		"open braces":   {strings.Repeat("{a: ", 100_000), "nested too deep"},
		"dashes":        {strings.Repeat("- ", 100_000), "nested too deep"},
		"questions":     {strings.Repeat("? ", 100_000), "nested too deep"},
		"stairs":        {stairs(1000), "indented too deep"},
	} {
		_, err := Load("p.yaml", []byte(c.src))
		if err == nil || !strings.Contains(err.Error(), c.problem) {
			t.Errorf("%s: got %.200v, want %q", why, err, c.problem)
		}
	}
}

func stairs(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%*sa:\n", i, "")
	}
	return b.String()
}

// Several faults are told at once, in the order of their lines.
func TestLoadTellsEveryFault(t *testing.T) {
	src := strings.Replace(edit(t, "max: 5", "max: 0"), "scenes: [phone_card]", "scenes: [lottery]", 1)
	_, err := Load("p.yaml", []byte(src))
	want := "p.yaml:17: unknown value \"lottery\"; use one of signup, phone_card, iot_card, bank_account, payment_account, " +
		"enterprise_account, reverification\np.yaml:32: family cards: max is 0; use 1 to 1000000"
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

// Versions that follow each other are one clause.
func TestLoadVersions(t *testing.T) {
	second := strings.NewReplacer("2020-01-01\n    effective_to: 2020-12-31", "2021-01-01").Replace(
		small[strings.Index(small, "  - id: R-A"):strings.Index(small, "  - id: R-B")])
	p, err := Load("p.yaml", []byte(edit(t, "  - id: R-B", second+"  - id: R-B")))
	if err != nil {
		t.Fatal(err)
	}
	for date, want := range map[string]string{"2020-12-31": "2020-01-01", "2021-01-01": "2021-01-01"} {
		if c, ok := p.Clause("R-A", date); !ok || c.EffectiveFrom != want {
			t.Errorf("on %s the version of %s is in force, want %s", date, c.EffectiveFrom, want)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(small))
	f.Add(builtinSource[:4000])
	for _, s := range []string{"", "a: *b", "- - -", "{", "clauses:\n  - id: R-A\n    when: photo", "checks: {number: {}}", "\t", "---\n---"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		p, err := Load("p.yaml", src)
		if err != nil {
			if len(Faults(err)) == 0 || err.Error() == "" {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		if again, err := Load("p.yaml", p.Source()); err != nil || again.Digest() != p.Digest() {
			t.Fatalf("a policy cannot be loaded again: %v", err)
		}
	})
}
