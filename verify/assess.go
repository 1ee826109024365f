package verify

import (
	"context"
	"slices"
	"sort"
	"time"

	"realname/compliance"
	"realname/imaging"
	"realname/verify/idnumber"
	"realname/verify/personname"
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
	req     *Request
	facts   compliance.Facts
	checks  map[string]compliance.Check
	numbers numberChecker
	holder  idnumber.Subject // who is counted; without a number when nobody can be
	proxy   idnumber.Subject
	clock   func() time.Time
	now     time.Time // when the assessment began; dates are judged by it

	held     *held // of the sliding windows; nil where nothing was taken
	tenantID string
	personID string
	indexed  bool                  // images are looked up in an index
	card     *imaging.Report       // of a photo that shows the front of a card, for the index
	search   *ImageSearch          // of that photo
	early    compliance.ImageReuse // what it found before the decision
}

func (s *Service) newAssessment(c Caller, req *Request, wantsOpening bool) *assessment {
	now := s.o.Now().UTC()
	a := &assessment{
		req: req, checks: map[string]compliance.Check{}, numbers: s.numbers, clock: s.o.Now, now: now,
		tenantID: c.TenantID, indexed: s.o.Reuse.Most > 0,
	}
	holder, _ := req.Holder()
	_, proxied := req.Proxy()
	a.facts = compliance.Facts{
		Date: idnumber.DateOf(now).String(), Sector: c.Sector, Scene: req.Scene, Occasion: req.Occasion,
		Product: req.Product, CustomerType: req.CustomerType, Channel: req.Channel.Kind,
		Delegated: req.Channel.ChannelAgent != "", Proxy: proxied, DocumentKind: holder.Document.Kind,
		AgeBand: idnumber.AgeUnknown.String(), Evidence: evidenceKinds(req.Evidence), HasOpening: wantsOpening,
		PhotoGiven: hasPhoto(req.Evidence), Parts: parts(req), OwnProduct: req.OwnProduct,
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
	result, subject := a.judgeDocument(compliance.CheckNumber, compliance.CheckDocumentData, holder)
	a.holder = subject
	birth := result.Birth
	if birth == (idnumber.Date{}) { // a passport's number tells none; whoever says that he is a child is taken for one
		claims, _ := claimsOf(holder.Document)
		birth = claims.Birth
	}
	a.facts.AgeBand = idnumber.BandOf(birth, idnumber.DateOf(a.now)).String()
	if proxy, ok := a.req.Proxy(); ok {
		_, a.proxy = a.judgeDocument(compliance.CheckProxyNumber, compliance.CheckProxyDocumentData, proxy)
	}
	if unit, ok := a.req.party(compliance.RoleUnit); ok {
		r := a.numbers.document(unit.Document, idnumber.DateOf(a.now))
		a.set(a.numberCheck(compliance.CheckUnitNumber, unit, &r))
	}
	if a.req.LiabilityNoticeRef != "" {
		a.set(compliance.Check{Name: compliance.CheckLiabilityShown, Result: compliance.Passed, Source: sourceTenant})
	}
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
	ask := func(check string, p Party, subject idnumber.Subject, mismatch string) {
		if subject.Number.IsZero() || !a.waits(check) {
			return
		}
		name, readable := personname.Canonical(p.Name.Reveal())
		if !readable { // an authority would answer that it is somebody else's
			a.set(compliance.Check{
				Name: check, Result: compliance.Inconclusive, Source: sourceGateway, Reasons: []string{reasonNameNotComparable},
			})
			return
		}
		answer, err := up.Check(ctx, AuthorityQuery{
			RequestID: ids.New(compliance.PrefixEvent), Kind: string(subject.Kind), IssuingState: subject.State.String(),
			Number: Secret(subject.Number.Reveal()), Name: Secret(name), Purpose: a.req.Purpose,
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
		ask(compliance.CheckNetwork, holder, a.holder, "authority_mismatch")
	}
	if proxy, ok := a.req.Proxy(); ok {
		ask(compliance.CheckProxyNetwork, proxy, a.proxy, "proxy_authority_mismatch")
	}
}
