package verify

import (
	"context"
	"slices"
	"time"

	"realname/compliance"
	"realname/compliance/policy"
	"realname/ratelimit/quota"
	"realname/verify/idnumber"
)

// Trial asks the limits of a policy about openings that nobody verified: the counting, the judgement of the limits and
// the openings' life are the gateway's own, the decision behind them rests on nothing. Its ledger is one to throw away.
type Trial struct{ *Service }

// NewTrial needs of the options Ledger, Vault, Policy, IDs, Now and Lease.
func NewTrial(o Options) *Trial { return &Trial{New(o)} }

// TrialRequest asks for one opening. Persons and numbers are tokens without meaning.
type TrialRequest struct {
	Scene         compliance.Scene // empty: that of the product
	Occasion      compliance.Occasion
	Product       string
	CustomerType  string
	Holder        string
	Others        map[string]string // token by role of a party, or `phone`
	PredecessorID string            // of a transfer
}

// TrialAnswer is what the limits say. Opening is nil when they refuse.
type TrialAnswer struct {
	Opening  *Opening
	Uses     []quota.Use          // what was counted, this request not included
	Findings []compliance.Finding // of limits only
}

// SectorOf is a sector that may ask for a scene, or for a product of it.
func (t *Trial) SectorOf(scene compliance.Scene, product string) compliance.Sector {
	if scene == "" {
		scene = t.rules().SceneOf(product)
	}
	if sectors := sectorsOf[scene]; len(sectors) > 0 {
		return sectors[0]
	}
	return compliance.SectorInternet
}

// Reserve counts one request, and reserves its opening when no limit refuses it.
func (t *Trial) Reserve(ctx context.Context, c Caller, r TrialRequest) (TrialAnswer, error) {
	if r.Scene == "" {
		r.Scene = t.rules().SceneOf(r.Product)
	}
	if t.rules().SceneOf(r.Product) != r.Scene {
		return TrialAnswer{}, compliance.E(compliance.FaultUnprocessable, "product_unknown", "the policy has no such product in this scene").At("/product")
	}
	e, err := t.enrolTokens(ctx, c, r)
	if err != nil {
		return TrialAnswer{}, err
	}
	ask := OpeningRequest{PredecessorID: r.PredecessorID}
	ask.Request = Request{Scene: r.Scene, Occasion: r.Occasion, Product: r.Product, CustomerType: r.CustomerType}
	if err := t.predecessor(ctx, c, &ask, e.PersonID); err != nil {
		return TrialAnswer{}, err
	}
	d := draft{
		job: job{caller: c, ask: ask, opens: true}, enrolled: e, reserves: true,
		decision: compliance.Decision{
			ID: t.o.IDs.New(compliance.PrefixDecision), Version: 1, TenantID: c.TenantID, Scene: r.Scene, Occasion: r.Occasion,
			Product: r.Product, CustomerType: r.CustomerType, PolicyDigest: t.rules().Digest(), Facts: t.facts(c, r),
		},
	}
	if d.demands, err = t.demands(ctx, d.decision.Facts, c, e); err != nil {
		return TrialAnswer{}, err
	}
	for i := range d.demands {
		d.demands[i].Whole = false // the history that is tried is all the stock there is
	}
	return t.commit(ctx, d)
}

// facts are those of an adult with a resident card whose every check passed: how long an approval is valid depends on it.
func (t *Trial) facts(c Caller, r TrialRequest) compliance.Facts {
	f := compliance.Facts{
		Date: idnumber.DateOf(t.o.Now()).String(), Sector: c.Sector, Scene: r.Scene, Occasion: r.Occasion, Product: r.Product,
		CustomerType: r.CustomerType, HasOpening: true, Proxy: r.Others[string(compliance.RoleProxy)] != "",
		AgeBand: "adult", DocumentKind: string(idnumber.ResidentID), Checks: map[string]compliance.CheckResult{},
	}
	for part, token := range r.Others {
		if token != "" {
			f.Parts = append(f.Parts, part)
		}
	}
	slices.Sort(f.Parts)
	for _, name := range t.rules().Needs(f) {
		f.Checks[name] = compliance.Passed
	}
	return f
}

// enrolTokens makes persons and numbers of tokens, the same for the same token.
func (t *Trial) enrolTokens(ctx context.Context, c Caller, r TrialRequest) (Enrolled, error) {
	const token, number = "token", "phone_token" // kinds that no document has
	dk, err := t.o.Vault.NewDataKey(t.o.IDs.New(compliance.PrefixDataKey), c.TenantID, string(r.Scene), "trial")
	if err != nil {
		return Enrolled{}, err
	}
	e := Enrolment{NewPersonID: t.o.IDs.New(compliance.PrefixPerson), DataKey: dk}
	if e.Keys, err = t.o.Vault.DocumentKeys(token, "", r.Holder); err != nil {
		return Enrolled{}, vaultError(err)
	}
	for part, text := range r.Others {
		other := Other{Part: quota.Part(part), NewID: t.o.IDs.New(compliance.PrefixPerson)}
		switch {
		case text == "":
			continue
		case other.Part == quota.Phone:
			other.Keys, err = t.o.Vault.DocumentKeys(number, "", text)
		default:
			other.Keys, err = t.o.Vault.DocumentKeys(token, "", text)
		}
		if err != nil {
			return Enrolled{}, vaultError(err)
		}
		e.Others = append(e.Others, other)
	}
	enrolled, err := t.o.Ledger.Enroll(ctx, e)
	if err != nil {
		return Enrolled{}, ledgerError(err)
	}
	return enrolled, nil
}

// commit is the gateway's, but that only limits are judged.
func (t *Trial) commit(ctx context.Context, d draft) (TrialAnswer, error) {
	openingID, eventID := t.o.IDs.New(compliance.PrefixOpening), t.o.IDs.New(compliance.PrefixEvent)
	var out TrialAnswer
	build := func(at time.Time, uses []quota.Use, _ compliance.ImageReuse) (Rows, error) {
		out = TrialAnswer{Uses: uses}
		dec := d.decision
		dec.DecidedAt, dec.Quotas, dec.Outcome = at.UTC(), quotaUses(uses), compliance.Approved
		for _, f := range t.rules().Evaluate(dec.Facts, dec.Quotas).Findings {
			if f.Kind != policy.KindLimit {
				continue
			}
			out.Findings = append(out.Findings, f)
			if f.Outcome != compliance.Approved {
				dec.Outcome = compliance.Rejected
			}
		}
		rows := Rows{}
		if err := t.place(&rows, &dec, d, openingID, ""); err != nil {
			return rows, err
		}
		event, canonical, err := compliance.NewDecisionEvent(eventID, dec)
		rows.Decision = DecisionRow{
			Decision: dec, Canonical: canonical, Event: event, PersonID: d.enrolled.PersonID,
			LegalEntityID: d.job.caller.LegalEntityID, Parties: d.enrolled.Others,
		}
		out.Opening = rows.Opening
		return rows, err
	}
	if _, err := t.o.Ledger.Commit(ctx, Record{Demands: d.demands, Persons: counted(d.enrolled), Build: build}); err != nil {
		return TrialAnswer{}, ledgerError(err)
	}
	return out, nil
}
