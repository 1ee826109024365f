package policy

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/cel"

	"realname/compliance"
	"realname/verify/idnumber"
)

var (
	clauseID  = regexp.MustCompile(`^(R|OP)-[A-Za-z0-9][A-Za-z0-9./-]{0,62}$`)
	token64   = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)
	limitKeys = append(texts(compliance.PartyRoles()), compliance.PartPhone, compliance.PartBankAccount, partLegalEntity, compliance.PartTenant)
	// countable are the states of openings that a limit may count; final ones hold no slot.
	countable = []string{"reserved", "pending_activation", "active", "suspended"}
)

// Load reads a policy. The error joins every fault found, each an *Error that names file, line and what to do.
func Load(name string, src []byte) (*Policy, error) {
	r := &reader{name: name, conditions: map[conditionKey]*condition{}}
	var doc document
	if err := r.read(src, &doc); err != nil {
		return nil, err
	}
	p := &Policy{name: name, source: slices.Clone(src), digest: compliance.Digest(src), products: map[string]compliance.Scene{}}
	r.products(p, doc.Products)
	r.checks(doc.Checks)
	p.rules = map[string]checkRule{}
	for name := range doc.Checks {
		p.rules[name] = newRule(name, doc.Checks[name])
	}
	for i := range doc.Clauses {
		p.clauses = append(p.clauses, r.clause(i, &doc.Clauses[i], doc.Checks, p))
	}
	if len(doc.Clauses) == 0 {
		r.fault("", "write at least one", "no clauses")
	}
	r.overlaps(p.clauses)
	r.gaps(p.clauses)
	r.carveOuts(p.clauses)
	if err := r.joined(); err != nil {
		return nil, err
	}
	p.conditions = len(r.conditions)
	p.index()
	return p, nil
}

// joined are the faults in the order of their lines; nil when there are none.
func (r *reader) joined() error {
	slices.SortStableFunc(r.faults, func(a, b *Error) int { return a.Line - b.Line })
	all := make([]error, len(r.faults))
	for i, f := range r.faults {
		all[i] = f
	}
	return errors.Join(all...)
}

func (r *reader) products(p *Policy, entries []productEntry) {
	for i, e := range entries {
		path := fmt.Sprintf("$.products[%d]", i)
		scene := compliance.Scene(e.Scene)
		switch {
		case !token64.MatchString(e.ID):
			r.fault(path+".id", "use a-z, 0-9 and _", "product id %q", e.ID)
		case !slices.Contains(knownScenes, scene):
			r.fault(path+".scene", "use one of "+choices(knownScenes), "unknown scene %q", e.Scene)
		case e.Name.ZH == "" || e.Name.EN == "":
			r.fault(path, "give name.zh and name.en", "product %s has no name", e.ID)
		case p.products[e.ID] != "":
			r.fault(path+".id", "keep one", "product %s twice", e.ID)
		}
		p.products[e.ID] = scene
	}
}

// checks judges the entries of the checks section.
func (r *reader) checks(entries map[string]checkEntry) {
	for _, name := range sortedKeys(entries) {
		path := "$.checks." + name
		if !slices.Contains(checkNames, name) {
			r.fault(path, "use one of "+choices(checkNames), "unknown check %q", name)
			continue
		}
		r.rule(path, name, entries[name])
	}
}

// newRule makes the rule of an entry that was judged elsewhere.
func newRule(name string, e checkEntry) checkRule {
	rule := checkRule{
		name: name, failed: e.Failed, missing: e.Missing, inconclusive: e.Inconclusive,
		unexecuted: e.Unexecuted, expired: e.Expired, evidence: e.Evidence,
		ownReasons: e.OwnReasons != nil && *e.OwnReasons,
		warning:    compliance.Review, late: compliance.Outcome(e.Late),
	}
	if e.Warning == "pass" {
		rule.warning = compliance.Approved
	}
	return rule
}

// rule judges an entry of the checks section, or one with overrides.
func (r *reader) rule(path, name string, e checkEntry) {
	for _, f := range []struct{ key, code string }{
		{"failed", e.Failed}, {"missing", e.Missing}, {"inconclusive", e.Inconclusive},
		{"unexecuted", e.Unexecuted}, {"expired", e.Expired},
	} {
		r.reason(path, f.key, f.code)
	}
	if e.Warning != "pass" && e.Warning != "review" {
		r.fault(path+".warning", "use pass or review", "check %s: warning is %q", name, e.Warning)
	}
	if e.Late != "rejected" && e.Late != "review" {
		r.fault(path+".late", "use rejected or review", "check %s: late is %q", name, e.Late)
	}
	for i, kind := range e.Evidence {
		if !slices.Contains(knownEvidence, compliance.EvidenceKind(kind)) {
			r.fault(fmt.Sprintf("%s.evidence[%d]", path, i), "use one of "+choices(knownEvidence), "unknown evidence %q", kind)
		}
	}
}

// reason wants a code that the catalogue has texts for: a refusal without texts could not be explained.
func (r *reader) reason(path, key, code string) {
	if _, ok := compliance.Reason(code); !ok {
		r.fault(path+"."+key, "use a code of the reason catalogue", "%s: unknown reason %q", key, code)
	}
}

func (r *reader) clause(i int, e *clauseEntry, checks map[string]checkEntry, p *Policy) *clause {
	path := fmt.Sprintf("$.clauses[%d]", i)
	c := &clause{Clause: Clause{
		ID: e.ID, Kind: e.Kind, Instrument: e.Instrument, Article: e.Article,
		EffectiveFrom: e.EffectiveFrom, EffectiveTo: e.EffectiveTo,
		TitleZH: e.Title, TextZH: e.Text.ZH, TextEN: e.Text.EN,
		Unverified: e.Unverified, Source: e.Source, Remedy: compliance.Text{ZH: e.Remedy.ZH, EN: e.Remedy.EN},
		Reason: e.Reason,
	}}
	r.head(path, e)
	c.scope = r.scope(path+".scope", &e.Scope, p)
	env := requestEnv()
	if e.Kind == KindDenial || e.Kind == KindReview {
		env = resultEnv()
	}
	c.when = r.condition(path+".when", env, e.When)
	c.demands = r.demands(path, e.Demands, checks)
	for k := range e.Limits {
		c.limits = append(c.limits, r.limit(fmt.Sprintf("%s.limits[%d]", path, k), e.ID, &e.Limits[k], p))
	}
	if len(c.limits) > 0 {
		c.Most = map[string]int{}
	}
	for i := range c.limits {
		c.Most[c.limits[i].Family] = c.limits[i].Max
	}
	for k := range e.Velocities {
		c.speeds = append(c.speeds, r.velocity(fmt.Sprintf("%s.velocities[%d]", path, k), e.ID, &e.Velocities[k]))
	}
	for k := range e.Measures {
		c.measures = append(c.measures, r.measure(fmt.Sprintf("%s.measures[%d]", path, k), e.ID, &e.Measures[k], p))
	}
	c.terms = terms{
		pendingDeadline: r.duration(path+".terms.pending_deadline", e.Terms.PendingDeadline),
		approvalValid:   r.duration(path+".terms.approval_valid", e.Terms.ApprovalValid),
	}
	c.keep, c.carves = r.retention(path+".keep", e), e.CarvesOut
	r.body(path, e)
	return c
}

// head judges what every clause has: id, instrument, article, dates and texts.
func (r *reader) head(path string, e *clauseEntry) {
	if !clauseID.MatchString(e.ID) {
		r.fault(path+".id", "use an id such as R-5CARD, or OP-… for a setting of your own", "clause id %q", e.ID)
	}
	for _, f := range []struct{ key, text string }{
		{"instrument", e.Instrument}, {"title", e.Title}, {"text.zh", e.Text.ZH}, {"text.en", e.Text.EN},
	} {
		if strings.TrimSpace(f.text) == "" {
			r.fault(path+"."+f.key, "write it", "clause %s has no %s", e.ID, f.key)
		}
	}
	if (e.Remedy.ZH == "") != (e.Remedy.EN == "") {
		r.fault(path+".remedy", "give zh and en, or neither", "clause %s has a remedy in one language", e.ID)
	}
	operator := e.Source == SourceOperator
	own := e.Kind == KindTerm || e.Kind == KindReview || e.Kind == KindVelocity ||
		e.Kind == KindLimit && !slices.ContainsFunc(e.Limits, func(l limitEntry) bool { return !l.TenantSets })
	switch {
	case !slices.Contains([]string{SourceRead, SourceSummary, SourceMemory, SourceDerived, SourceOperator}, e.Source):
		r.fault(path+".source", "use S, S~, K, D or O", "clause %s: source is %q", e.ID, e.Source)
	case operator != strings.HasPrefix(e.ID, "OP-") || operator && !own || !operator && e.Kind == KindTerm:
		// An operator may be more careful than the law, and refuses nothing in its name; what a tenant sets is its own to refuse by.
		r.fault(path+".source", "an operator's clause has source O, an OP- id and kind term, review, velocity or a limit that the tenant sets; a law's has none of these",
			"clause %s: source %s does not go with its id and kind", e.ID, e.Source)
	case (e.Source == SourceMemory || e.Source == SourceDerived) && !e.Unverified:
		r.fault(path+".source", "add unverified: true", "clause %s was not read against a text and is not marked so", e.ID)
	case e.Article == "" && !e.Unverified && !operator:
		r.fault(path, "give the article, or add unverified: true", "clause %s has no article", e.ID)
	}
	r.date(path+".effective_from", e.EffectiveFrom)
	if e.EffectiveTo != "" {
		r.date(path+".effective_to", e.EffectiveTo)
		if e.EffectiveTo < e.EffectiveFrom {
			r.fault(path+".effective_to", "correct the dates", "clause %s ends before it begins", e.ID)
		}
	}
}

func (r *reader) date(path, text string) {
	if _, err := idnumber.ParseDate(text); err != nil {
		r.fault(path, "write a day of the calendar as YYYY-MM-DD", "bad date %q", text)
	}
}

// body wants exactly the parts that belong to the kind.
func (r *reader) body(path string, e *clauseEntry) {
	has := map[string]bool{
		"demands": len(e.Demands) > 0, "limits": len(e.Limits) > 0, "velocities": len(e.Velocities) > 0, "measures": len(e.Measures) > 0, "reason": e.Reason != "", "terms": e.Terms != termsEntry{}, "keep": len(e.Keep.Evidence) > 0 || e.Keep.Years != 0,
	}
	wants := map[string]string{
		KindRequirement: "demands", KindLimit: "limits", KindDenial: "reason", KindReview: "reason", KindTerm: "terms", KindRetention: "keep",
		KindVelocity: "velocities", KindMeasure: "measures",
	}
	want, ok := wants[e.Kind]
	if !ok {
		r.fault(path+".kind", "use one of "+choices(sortedKeys(wants)), "clause %s: unknown kind %q", e.ID, e.Kind)
		return
	}
	for _, part := range sortedKeys(has) {
		switch {
		case part == want && !has[part]:
			r.fault(path, "add "+part, "clause %s of kind %s has no %s", e.ID, e.Kind, part)
		case part != want && has[part]:
			r.fault(path+"."+part, "remove it or make it a clause of its own", "clause %s of kind %s has %s", e.ID, e.Kind, part)
		}
	}
	if want == "reason" {
		r.reason(path, "reason", e.Reason)
		if e.When == "" {
			r.fault(path, "add when", "clause %s of kind %s has no condition", e.ID, e.Kind)
		}
	}
}

func (r *reader) scope(path string, e *scopeEntry, p *Policy) scope {
	s := scope{
		scenes:    known(r, path+".scenes", e.Scenes, knownScenes),
		events:    known(r, path+".events", e.Events, knownEvents),
		channels:  known(r, path+".channels", e.Channels, knownChannels),
		sectors:   known(r, path+".sectors", e.Sectors, knownSectors),
		customers: known(r, path+".customer_types", e.Customers, knownCustomers),
		products:  e.Products, delegated: e.Delegated, proxy: e.Proxy,
	}
	r.declared(path+".products", e.Products, p)
	return s
}

// declared wants products of the products section.
func (r *reader) declared(path string, products []string, p *Policy) {
	for i, id := range products {
		if p.products[id] == "" {
			r.fault(fmt.Sprintf("%s[%d]", path, i), "declare it under products", "unknown product %q", id)
		}
	}
}

// known wants values of a closed list.
func known[T ~string](r *reader, path string, values []string, list []T) []T {
	var out []T
	for i, v := range values {
		if !slices.Contains(list, T(v)) {
			r.fault(fmt.Sprintf("%s[%d]", path, i), "use one of "+choices(list), "unknown value %q", v)
		}
		out = append(out, T(v))
	}
	return out
}

func (r *reader) condition(path string, env *cel.Env, text string) *condition {
	if text == "" {
		return nil
	}
	key := conditionKey{env, text}
	if c, ok := r.conditions[key]; ok {
		return c
	}
	c, err := compile(env, text)
	if err == nil {
		c.nth = len(r.conditions)
		r.conditions[key] = c
	} else {
		fix := "correct the expression"
		if strings.Contains(err.Error(), "undeclared reference") {
			fix = "use a documented fact; what checks found may be read by denials and reviews only"
		}
		r.fault(path, fix, "condition: %v", err)
	}
	return c
}

func (r *reader) demands(path string, entries []demandEntry, checks map[string]checkEntry) []demand {
	var out []demand
	for i := range entries {
		e := &entries[i]
		at := fmt.Sprintf("%s.demands[%d]", path, i)
		names := e.AnyOf
		if e.Check != "" {
			names = []string{e.Check}
		}
		switch {
		case (e.Check == "") == (len(e.AnyOf) == 0):
			r.fault(at, "give one of the two", "a demand wants check or any_of")
		case e.Check == "" && (!e.Rule.empty() || e.After != ""):
			r.fault(at, "demand a single check, or move it to the checks section", "any_of takes no overrides and no after")
		case len(sorted(names)) != len(names):
			r.fault(at+".any_of", "name each check once", "a check twice")
		}
		d := demand{names: strings.Join(names, "|"), after: e.After, when: r.condition(at+".when", requestEnv(), e.When)}
		for _, name := range names {
			entry, ok := checks[name]
			if !ok {
				r.fault(at, "add it to the checks section", "check %q has no entry there", name)
				continue
			}
			if !e.Rule.empty() {
				entry = e.Rule.over(entry)
				r.rule(at, name, entry)
			}
			d.anyOf = append(d.anyOf, newRule(name, entry))
		}
		if e.After != "" && !slices.ContainsFunc(entries[:i], func(b demandEntry) bool { return b.Check == e.After && b.When == e.When && b.After == "" }) {
			r.fault(at+".after", "demand that check before this one, alone and under the same when", "after names %q", e.After)
		}
		out = append(out, d)
	}
	return out
}

func (e *checkEntry) empty() bool {
	return e.Failed == "" && e.Missing == "" && e.Inconclusive == "" && e.Unexecuted == "" && e.Expired == "" &&
		e.OwnReasons == nil && e.Warning == "" && e.Late == "" && len(e.Evidence) == 0
}

// over gives the base with what e sets put over it.
func (e *checkEntry) over(base checkEntry) checkEntry {
	for _, f := range []struct {
		from string
		to   *string
	}{
		{e.Failed, &base.Failed}, {e.Missing, &base.Missing}, {e.Inconclusive, &base.Inconclusive},
		{e.Unexecuted, &base.Unexecuted}, {e.Expired, &base.Expired}, {e.Warning, &base.Warning}, {e.Late, &base.Late},
	} {
		if f.from != "" {
			*f.to = f.from
		}
	}
	if e.OwnReasons != nil {
		base.OwnReasons = e.OwnReasons
	}
	if len(e.Evidence) > 0 {
		base.Evidence = e.Evidence
	}
	return base
}

func (r *reader) limit(path, id string, e *limitEntry, p *Policy) Limit {
	if !token64.MatchString(e.Family) {
		r.fault(path+".family", "use a-z, 0-9 and _", "family %q", e.Family)
	}
	if e.Max < 1 || e.Max > 1_000_000 {
		r.fault(path+".max", "use 1 to 1000000", "family %s: max is %d", e.Family, e.Max)
	}
	if e.Mode != ModeHard && e.Mode != ModeInPrinciple {
		r.fault(path+".mode", "use hard or in_principle", "family %s: mode is %q", e.Family, e.Mode)
	}
	if e.Counts != "openings" && e.Counts != "persons" {
		r.fault(path+".counts", "use openings or persons", "family %s: counts is %q", e.Family, e.Counts)
	}
	if e.Counts == "persons" && slices.Contains(e.Per, string(compliance.RoleHolder)) {
		r.fault(path+".per", "count openings per holder, or persons per another part", "family %s: a holder is one person", e.Family)
	}
	for _, f := range []struct {
		key    string
		values []string
	}{{"products", e.Products}, {"per", e.Per}, {"states", e.States}} {
		if len(f.values) == 0 || len(sorted(f.values)) != len(f.values) {
			r.fault(path+"."+f.key, "list each once", "family %s: %s is empty or repeats itself", e.Family, f.key)
		}
	}
	if slices.ContainsFunc(countable, func(state string) bool { return !slices.Contains(e.States, state) }) {
		// What can become a counted state without being counted again must count: else whoever waits a while passes the limit.
		r.fault(path+".states", "list "+strings.Join(countable, ", "), "family %s: states leave out one that leads to another", e.Family)
	}
	r.declared(path+".products", e.Products, p)
	known(r, path+".per", e.Per, limitKeys)
	known(r, path+".states", e.States, countable)
	r.reason(path, "reason", e.Reason)
	return Limit{
		Clause: id, Family: e.Family, Products: e.Products, Per: e.Per, Counts: e.Counts, States: e.States,
		Max: e.Max, Mode: e.Mode, Reason: e.Reason, TenantSets: e.TenantSets,
	}
}

// duration reads a term; a term may be a year long at most.
func (r *reader) duration(path, text string) time.Duration {
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 || d > 366*24*time.Hour {
		r.fault(path, "write hours or minutes such as 72h or 30m, up to a year", "bad duration %q", text)
	}
	return d
}

// overlaps wants at most one version of a clause on any day, and a family in one clause only.
func (r *reader) overlaps(clauses []*clause) {
	for i, c := range clauses {
		families, speeds := map[string]bool{}, map[string]bool{}
		for k, v := range c.speeds {
			if speeds[v.Name] {
				r.fault(fmt.Sprintf("$.clauses[%d].velocities[%d].name", i, k), "keep one", "velocity %s twice in clause %s", v.Name, c.ID)
			}
			speeds[v.Name] = true
		}
		for k, l := range c.limits {
			if families[l.Family] {
				r.fault(fmt.Sprintf("$.clauses[%d].limits[%d].family", i, k), "keep one", "family %s twice in clause %s", l.Family, c.ID)
			}
			families[l.Family] = true
		}
		for _, earlier := range clauses[:i] {
			if earlier.ID == c.ID && overlap(earlier, c) {
				r.fault(fmt.Sprintf("$.clauses[%d].effective_from", i), "end the older version the day before",
					"clause %s is in force twice from %s", c.ID, max(earlier.EffectiveFrom, c.EffectiveFrom))
			}
		}
	}
}

func overlap(a, b *clause) bool {
	return (a.EffectiveTo == "" || b.EffectiveFrom <= a.EffectiveTo) && (b.EffectiveTo == "" || a.EffectiveFrom <= b.EffectiveTo)
}

func choices[T ~string](list []T) string { return strings.Join(texts(list), ", ") }

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
