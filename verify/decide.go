package verify

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"realname/compliance"
	"realname/compliance/policy"
	"realname/compliance/vault"
	"realname/imaging"
	"realname/ratelimit/quota"
	"realname/verify/idnumber"
	"realname/verify/personname"
)

// Decide verifies one request and commits the decision. The same idempotency
// key with the same request returns the first answer.
func (s *Service) Decide(ctx context.Context, c Caller, key string, req Request) (Answer, error) {
	return s.once(ctx, c, endpointVerifications, key, OpeningRequest{Request: req})
}

// Open decides a request for a card or account and reserves it in the same
// transaction, or consumes one approved verification for it.
func (s *Service) Open(ctx context.Context, c Caller, key string, ask OpeningRequest) (Answer, error) {
	return s.once(ctx, c, endpointOpenings, key, ask)
}

// once replays what the idempotency key already brought, or decides.
func (s *Service) once(ctx context.Context, c Caller, endpoint, key string, ask OpeningRequest) (Answer, error) {
	s = s.pinned()
	opens := endpoint == endpointOpenings
	leave, err := s.enter(c.TenantID, key)
	if err != nil {
		return Answer{}, err
	}
	defer leave()

	writeNames(&ask.Request)
	clear := inClear(ask, opens)
	text, err := json.Marshal(clear)
	if err != nil {
		return Answer{}, err
	}
	if a, found, err := s.replay(ctx, c, key, text); found || err != nil {
		return a, err
	}
	if err := s.keyIsFor(ctx, c, key, keyOfDecision); err != nil {
		return Answer{}, err
	}
	if opens && ask.VerificationID != "" {
		if err := s.adopt(ctx, c, &ask); err != nil {
			return Answer{}, err
		}
	}
	own, err := s.o.Ledger.TenantSettings(ctx, c.TenantID)
	if err != nil {
		return Answer{}, ledgerError(err)
	}
	if base, is := own.Products[ask.Request.Product]; is {
		ask.Request.OwnProduct, ask.Request.Product = ask.Request.Product, base
	}
	clear = inClear(ask, opens)
	if err := s.validate(c, &ask.Request, opens); err != nil {
		return Answer{}, err
	}
	ask.Request.Evidence = slices.Clone(ask.Request.Evidence) // the caller's own stays as it was
	if err := s.gather(ctx, c, endpoint, ask.Request.Evidence); err != nil {
		return Answer{}, err
	}
	clear.Evidence = evidenceInClear(ask.Request.Evidence)
	digest, err := s.digest(text)
	if err != nil {
		return Answer{}, err
	}
	return s.decide(ctx, job{own: own, caller: c, endpoint: endpoint, ask: ask, clear: clear, opens: opens, key: key, digest: digest})
}

// writeNames brings every name to its one writing. What cannot be read stays as it was given.
func writeNames(r *Request) {
	r.Parties = slices.Clone(r.Parties)
	for i := range r.Parties {
		name := strings.TrimSpace(r.Parties[i].Name.Reveal())
		if canonical, ok := personname.Canonical(name); ok {
			name = canonical
		}
		r.Parties[i].Name = Secret(name)
	}
}

func (s *Service) replay(ctx context.Context, c Caller, key string, text []byte) (Answer, bool, error) {
	stored, err := s.o.Ledger.DecisionByKey(ctx, c.TenantID, key)
	if errors.Is(err, ErrNotFound) {
		return Answer{}, false, nil
	}
	if err != nil {
		return Answer{}, false, ledgerError(err)
	}
	if err := s.same(stored.RequestDigest, text); err != nil {
		return Answer{}, true, err
	}
	a := answer(stored.DecisionRow)
	a.Replayed = true
	if ref := stored.Decision.Opening; ref != nil {
		// The first answer, not the opening's present state.
		a.Opening = &Opening{
			ID: ref.ID, TenantID: c.TenantID, DecisionID: stored.Decision.ID, Product: stored.Decision.Product,
			State: quota.State(ref.State), LeaseUntil: ref.LeaseUntil, CreatedAt: stored.Decision.DecidedAt, UpdatedAt: stored.Decision.DecidedAt,
			Origin: "gateway",
		}
	}
	return a, true, nil
}

// job is one request on its way to a decision.
type job struct {
	own      policy.TenantSettings
	caller   Caller
	endpoint string
	ask      OpeningRequest
	clear    clearRequest
	opens    bool
	key      string
	digest   string
}

func (s *Service) decide(ctx context.Context, j job) (Answer, error) {
	a := s.newAssessment(j.caller, &j.ask.Request, j.opens)
	a.facts.Own = j.own.For(j.ask.Request.Scene)
	a.local()
	a.attest(j.ask.Request.Evidence)
	for name, check := range j.ask.adopted {
		if _, fresh := a.checks[name]; !fresh {
			a.set(check)
		}
	}
	enrolled, err := s.enroll(ctx, j.caller, &j.ask.Request, a)
	if err != nil {
		return Answer{}, err
	}
	a.personID = enrolled.PersonID
	if j.opens {
		if err := s.predecessor(ctx, j.caller, &j.ask, enrolled.PersonID); err != nil {
			return Answer{}, err
		}
	}
	if err := s.determined(ctx, a, j.caller, enrolled.PersonID); err != nil {
		return Answer{}, err
	}
	a.list()
	a.await(s.rules().Needs(a.facts))
	demands, err := s.demands(ctx, a.facts, j.caller, enrolled)
	if err != nil {
		return Answer{}, err
	}
	id := s.o.IDs.New(compliance.PrefixDecision)
	take := func() error { return s.hold(ctx, a, j.caller, enrolled, id) }
	if err := s.execute(ctx, a, demands, nil, take); err != nil {
		return Answer{}, s.refused(ctx, j, a, err)
	}
	d := s.draft(j, a)
	d.ID, d.Version = id, 1
	d.Consumes = j.ask.VerificationID
	rows, err := s.commit(ctx, draft{
		decision: d, job: j, assessment: a, demands: demands, enrolled: enrolled, reserves: j.opens,
	})
	if err != nil {
		return Answer{}, err
	}
	out := answer(rows.Decision)
	out.Opening = rows.Opening
	return out, nil
}

// execute runs what costs something, cheapest first, and stops as soon as the
// outcome can only be a refusal. take holds the velocities, nil where they were counted before.
func (s *Service) execute(ctx context.Context, a *assessment, demands []quota.Demand, uses []compliance.QuotaUse, take func() error) error {
	if len(demands) > 0 {
		counted, err := s.o.Ledger.Count(ctx, demands)
		if err != nil {
			return ledgerError(err)
		}
		uses = quotaUses(counted)
	}
	refuse := func() bool {
		a.list()
		facts := a.facts
		if s.o.Reuse.found(a.early) {
			_, facts = marked(nil, facts, a.early)
		}
		return s.rules().Evaluate(facts, uses).Outcome == compliance.Rejected
	}
	if refuse() {
		if take != nil {
			a.facts.Velocities = s.unasked(a)
		}
		return nil
	}
	if take != nil {
		if err := take(); err != nil || refuse() {
			return err
		}
	}
	if err := a.photos(ctx, s.o.Photos); err != nil {
		return err
	}
	if err := s.seenBefore(ctx, a); err != nil {
		return err
	}
	if refuse() {
		return nil
	}
	a.authority(ctx, s.o.Authority, s.o.IDs)
	return nil
}

// refused maps an upload that cannot be decoded to its error and records the attempt.
func (s *Service) refused(ctx context.Context, j job, a *assessment, err error) error {
	defer s.dropHold(ctx, a.held)
	upload, ok := errors.AsType[*imaging.UploadError](err)
	if !ok {
		return err
	}
	attempt := Attempt{
		TenantID: j.caller.TenantID, Code: upload.Code, Endpoint: j.endpoint, Scene: a.facts.Scene, Product: a.facts.Product,
		PersonID: a.personID, Channel: j.ask.Request.Channel,
	}
	if a.held != nil {
		attempt.Windows = a.held.windows()
	}
	if err := s.refuseAttempt(ctx, attempt); err != nil {
		return err
	}
	return uploadError(upload)
}

func uploadError(u *imaging.UploadError) *compliance.Error {
	fault := compliance.FaultUnprocessable
	switch u.Code {
	case imaging.UploadTooLarge, imaging.UploadTooManyPixels:
		fault = compliance.FaultTooLarge
	case imaging.UploadUnsupportedFormat:
		fault = compliance.FaultUnsupportedMedia
	}
	return compliance.E(fault, u.Code, u.Detail)
}

// enroll finds or makes the person and the data key of this relationship.
func (s *Service) enroll(ctx context.Context, c Caller, req *Request, a *assessment) (Enrolled, error) {
	dk, err := s.o.Vault.NewDataKey(s.o.IDs.New(compliance.PrefixDataKey), c.TenantID, string(req.Scene), retentionClass(c.Sector))
	if err != nil {
		return Enrolled{}, vaultError(err)
	}
	e := Enrolment{NewPersonID: s.o.IDs.New(compliance.PrefixPerson), DataKey: dk}
	if e.Others, err = s.others(a); err != nil {
		return Enrolled{}, err
	}
	if !a.holder.Number.IsZero() {
		if e.Keys, err = s.documentKeys(a.holder); err != nil {
			return Enrolled{}, err
		}
	}
	enrolled, err := s.o.Ledger.Enroll(ctx, e)
	if err != nil {
		return Enrolled{}, ledgerError(err)
	}
	return enrolled, nil
}

// documentKeys are of the subject and not of the document: one number is one person, whatever card it was read from.
func (s *Service) documentKeys(subject idnumber.Subject) ([]vault.DocumentKey, error) {
	keys, err := s.o.Vault.DocumentKeys(string(subject.Kind), subject.State.String(), subject.Number.Reveal())
	return keys, vaultError(err)
}

// digest is the keyed digest of a request.
func (s *Service) digest(text []byte) (string, error) {
	digest, err := s.o.Vault.RequestDigest(text)
	return digest, vaultError(err)
}

// same is `idempotency_key_reused` unless a digest was made of text.
func (s *Service) same(digest string, text []byte) error {
	switch same, err := s.o.Vault.SameRequest(digest, text); {
	case err != nil:
		return vaultError(err)
	case !same:
		return errKeyReused()
	}
	return nil
}

// retentionClass names the floor that a sector keeps its identification data for.
func retentionClass(sector compliance.Sector) string {
	switch sector {
	case compliance.SectorTelecom:
		return "phone_registration" // R-25-11
	case compliance.SectorBanking, compliance.SectorPayment:
		return "customer_identification" // R-AML-34
	}
	return "account_registration" // R-PIPL-19
}

// draft is the part of a decision that does not depend on the binding count.
func (s *Service) draft(j job, a *assessment) compliance.Decision {
	r := &j.ask.Request
	return compliance.Decision{
		TenantID: j.caller.TenantID, Scene: r.Scene, Occasion: r.Occasion, Product: r.Product, CustomerType: r.CustomerType,
		Channel: r.Channel.Kind, Checks: a.list(), PolicyDigest: s.rules().Digest(), Facts: a.facts,
		Purpose: r.Purpose, LegalBasis: r.LegalBasis, NoticeVersion: r.NoticeVersion, ConsentRef: r.ConsentRef,
		LiabilityNoticeRef: r.LiabilityNoticeRef,
	}
}

// MaxLease bounds the lease of a reservation: a slot that is held longer is as good as taken.
const MaxLease = 30 * 24 * time.Hour

func (s *Service) lease(ask OpeningRequest, product string) time.Duration {
	if ask.Lease > 0 {
		return min(ask.Lease, MaxLease)
	}
	if d, ok := s.o.Leases[product]; ok {
		return d
	}
	return s.o.Lease
}
