package verify

import (
	"context"
	"slices"
	"sort"
	"time"

	"realname/compliance"
	"realname/verify/idnumber"
)

// Sources of checks.
const (
	sourceGateway = "gateway"
	sourceWorker  = "worker"
	sourceTenant  = "tenant"

	groupAuthority = "authority" // its answers are one independent channel
)

// assessment gathers what the checks of one request found.
type assessment struct {
	req    *Request
	facts  compliance.Facts
	checks map[string]compliance.Check
	number idnumber.Number // canonical number of the holder, zero when invalid
	proxy  idnumber.Number
	clock  func() time.Time
	now    time.Time // when the assessment began; dates are judged by it
}

func newAssessment(c Caller, req *Request, wantsOpening bool, clock func() time.Time) *assessment {
	now := clock().UTC()
	a := &assessment{req: req, checks: map[string]compliance.Check{}, clock: clock, now: now}
	holder, _ := req.Holder()
	_, proxied := req.Proxy()
	a.facts = compliance.Facts{
		Date: idnumber.DateOf(now).String(), Sector: c.Sector, Scene: req.Scene, Occasion: req.Occasion,
		Product: req.Product, CustomerType: req.CustomerType, Channel: req.Channel.Kind,
		Delegated: req.Channel.ChannelAgent != "", Proxy: proxied, DocumentKind: holder.Document.Kind,
		AgeBand: "unknown", Evidence: evidenceKinds(req.Evidence), HasOpening: wantsOpening,
		PhotoGiven: hasPhoto(req.Evidence),
	}
	return a
}

func evidenceKinds(evidence []Evidence) []compliance.EvidenceKind {
	kinds := []compliance.EvidenceKind{}
	for _, e := range evidence {
		if !slices.Contains(kinds, e.Kind) {
			kinds = append(kinds, e.Kind)
		}
	}
	slices.Sort(kinds)
	return kinds
}

func hasPhoto(evidence []Evidence) bool {
	return slices.ContainsFunc(evidence, func(e Evidence) bool { return e.Kind == compliance.EvidenceDocumentPhoto })
}

// set records one check; the newest result of a check stands.
func (a *assessment) set(c compliance.Check) {
	if c.At.IsZero() {
		c.At = a.clock()
	}
	c.At = c.At.UTC().Truncate(time.Microsecond)
	a.checks[c.Name] = c
}

// list returns the checks sorted by name, and fills the facts that policy reads.
func (a *assessment) list() []compliance.Check {
	out := make([]compliance.Check, 0, len(a.checks))
	a.facts.Checks = map[string]compliance.CheckResult{}
	a.facts.CheckReasons = map[string][]string{}
	for name, c := range a.checks {
		out = append(out, c)
		a.facts.Checks[name] = c.Result
		if len(c.Reasons) > 0 {
			a.facts.CheckReasons[name] = c.Reasons
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}

// local runs the checks that cost nothing and depend on no evidence.
func (a *assessment) local() {
	holder, _ := a.req.Holder()
	result := a.checkNumber(compliance.CheckNumber, holder)
	a.number = result.Canonical
	if result.Status != idnumber.Invalid {
		a.facts.AgeBand = ageBand(result.Birth, idnumber.DateOf(a.now))
	}
	if proxy, ok := a.req.Proxy(); ok {
		a.proxy = a.checkNumber(compliance.CheckProxyNumber, proxy).Canonical
	}
	if a.req.LiabilityNoticeRef != "" {
		a.set(compliance.Check{Name: compliance.CheckLiabilityShown, Result: compliance.Passed, Source: sourceTenant})
	}
}

func (a *assessment) checkNumber(name string, p Party) idnumber.Result {
	today := idnumber.DateOf(a.now)
	r := idnumber.Check(idnumber.Kind(p.Document.Kind), p.Document.Number.Reveal(), today)
	c := compliance.Check{Name: name, Result: compliance.Passed, Source: sourceGateway}
	if r.Reason != "" {
		c.Reasons = []string{string(r.Reason)}
	}
	fail := func(code string) { c.Result, c.Reasons = compliance.Failed, []string{code} }
	switch {
	case p.Document.Number == "":
		fail(string(idnumber.CodeEmpty))
	case r.Reason == idnumber.CodeUnknownKind:
		c.Result = compliance.Inconclusive // a document that the rules may know and we cannot check: somebody must
	case r.Status == idnumber.Invalid:
		c.Result = compliance.Failed
	case outOfDate(p.Document, today) != "":
		fail(outOfDate(p.Document, today))
	case r.Status == idnumber.Suspicious:
		c.Result = compliance.Warning
	}
	a.set(c)
	return r
}

// longTerm is the end of validity of a card that has none (长期).
const longTerm = "long_term"

// outOfDate says why a document may not be shown today, by its own dates; "" when they are silent or hold.
func outOfDate(d Document, today idnumber.Date) string {
	from, to := idnumber.Date{}, idnumber.Date{}
	var err error
	if d.ValidFrom != "" {
		if from, err = idnumber.ParseDate(d.ValidFrom); err != nil || today.Before(from) {
			return "validity_impossible"
		}
	}
	if d.ValidTo != "" && d.ValidTo != longTerm {
		if to, err = idnumber.ParseDate(d.ValidTo); err != nil || to.Before(from) {
			return "validity_impossible"
		}
		if to.Before(today) {
			return "document_expired"
		}
	}
	return ""
}

// attested are the checks that a tenant's device or process makes and attests.
var attested = map[compliance.EvidenceKind]string{
	compliance.EvidenceChipRead:      compliance.CheckChipRead,
	compliance.EvidencePortraitMatch: compliance.CheckPortraitMatch,
	compliance.EvidenceLiveVideo:     compliance.CheckLiveVideo,
	compliance.EvidenceAuthorisation: compliance.CheckAuthorisation,
}

// What a device attests is of the moment: an old match says nothing of who stands there now.
const (
	evidenceAge  = 24 * time.Hour
	evidenceSkew = 5 * time.Minute // of a device's clock
)

// attest reads what the evidence attests. Among several pieces for one check
// the strictest stands, so that a second try cannot hide a first failure.
func (a *assessment) attest(evidence []Evidence) {
	found := map[string]compliance.Check{}
	for _, e := range evidence {
		name, ok := attested[e.Kind]
		if !ok {
			continue
		}
		c := a.attestation(name, e)
		if before, twice := found[name]; !twice || severity[c.Result] > severity[before.Result] {
			found[name] = c
		}
	}
	for _, c := range found {
		a.set(c)
	}
}

var severity = map[compliance.CheckResult]int{
	compliance.Passed: 0, compliance.NotApplicable: 1, compliance.Warning: 2,
	compliance.NotExecuted: 3, compliance.Inconclusive: 4, compliance.Failed: 5,
}

func (a *assessment) attestation(name string, e Evidence) compliance.Check {
	c := compliance.Check{Name: name, Result: e.Result, Source: sourceTenant, Reference: e.ID, At: e.CapturedAt}
	fail := func(code string) { c.Result, c.Reasons, c.At = compliance.Failed, []string{code}, a.now }
	switch dated := name != compliance.CheckAuthorisation; {
	case e.Result == "":
		c.Result, c.Reasons = compliance.Inconclusive, []string{"evidence_without_result"}
	case name == compliance.CheckChipRead && e.DeviceSerial == "":
		// Without a device there was no chip read, only somebody's word for it.
		fail("chip_device_missing")
	case dated && e.CapturedAt.IsZero():
		fail("evidence_undated")
	case e.CapturedAt.After(a.now.Add(evidenceSkew)):
		fail("evidence_from_future")
	case dated && a.now.Sub(e.CapturedAt) > evidenceAge:
		fail("evidence_too_old")
	}
	return c
}

func ageBand(birth, today idnumber.Date) string {
	older := func(years uint16) bool {
		reached := idnumber.Date{Year: birth.Year + years, Month: birth.Month, Day: birth.Day}
		return !today.Before(reached)
	}
	switch {
	case !older(14):
		return "under_14"
	case !older(18):
		return "under_18"
	}
	return "adult"
}

// await marks the checks that the gateway itself could run and has not yet.
func (a *assessment) await(names []string) {
	for _, name := range names {
		if _, done := a.checks[name]; done {
			continue
		}
		switch name {
		case compliance.CheckNetwork, compliance.CheckProxyNetwork:
			a.set(compliance.Check{Name: name, Result: compliance.NotExecuted, Source: sourceGateway})
		default:
			if slices.Contains(photoChecks, name) && a.facts.PhotoGiven {
				a.set(compliance.Check{Name: name, Result: compliance.NotExecuted, Source: sourceGateway})
			}
		}
	}
}

func (a *assessment) waits(names ...string) bool {
	return slices.ContainsFunc(names, func(n string) bool {
		c, ok := a.checks[n]
		return ok && c.Result == compliance.NotExecuted
	})
}

// authority asks the upstream for every party whose confirmation is awaited.
func (a *assessment) authority(ctx context.Context, up Authority, ids *compliance.IDs) {
	ask := func(check string, p Party, number idnumber.Number, mismatch string) {
		if number.IsZero() || !a.waits(check) {
			return
		}
		answer, err := up.Check(ctx, AuthorityQuery{
			RequestID: ids.New(compliance.PrefixEvent), Kind: p.Document.Kind, Number: Secret(number.Reveal()),
			Name: p.Name, Purpose: a.req.Purpose,
		})
		if err != nil {
			return // stays not_executed
		}
		c := compliance.Check{
			Name: check, Result: answer.Result, Source: "authority:" + answer.Authority, Group: groupAuthority,
			NativeCode: answer.NativeCode, Reference: answer.Reference,
		}
		switch answer.Result {
		case compliance.Failed:
			c.Reasons = []string{mismatch}
		case compliance.Inconclusive:
			c.Reasons = []string{"authority_no_record"}
		}
		a.set(c)
	}
	if holder, ok := a.req.Holder(); ok {
		ask(compliance.CheckNetwork, holder, a.number, "authority_mismatch")
	}
	if proxy, ok := a.req.Proxy(); ok {
		ask(compliance.CheckProxyNetwork, proxy, a.proxy, "proxy_authority_mismatch")
	}
}
