package verify

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"realname/compliance"
	"realname/compliance/policy"
	"realname/compliance/vault"
	"realname/imaging"
	"realname/ratelimit/velocity"
	"realname/verify/idnumber"
)

// Options are what a Service is made of.
type Options struct {
	Ledger    Ledger
	Vault     *vault.Vault
	Policy    *policy.Policy // the one that decides, where Live says nothing
	Photos    imaging.Checker
	Authority Authority
	IDs       *compliance.IDs
	Now       func() time.Time
	NewToken  func() (token, hash string) // one-time upload tokens, 256 bits
	HashToken func(token string) string
	Numbers   *idnumber.Checker // with the operator's division codes; the built-in ones, when nil
	Log       *slog.Logger

	Live   func() *policy.Policy                                   // the one that decides now; it may change
	Past   func(ctx context.Context, digest string) *policy.Policy // one that decided before, nil when it cannot be read
	Coming func() []*policy.Policy                                 // that may decide soon, so that what they count by is kept

	Lease       time.Duration            // of a reservation, where Leases says nothing
	Leases      map[string]time.Duration // by product
	UploadToken time.Duration            // life of a one-time upload token
	PhotoLimits imaging.Limits

	Velocities velocity.Engine // the sliding windows

	Reuse Reuse // the index of images that were seen before

	PhotosReady func() bool // whether an imaging worker could answer now; always, when nil

	OnCommit   func()                      // an event is durable: wakes the sequencer
	OnDecision func(d compliance.Decision) // for metrics
}

// Service decides. It is safe for concurrent use.
type Service struct {
	o       Options
	numbers numberChecker
	fixed   *policy.Policy // of one request
	*inFlight
}

// inFlight are the requests that run.
type inFlight struct {
	mu      sync.Mutex
	running map[runningKey]struct{}
}

type runningKey struct{ tenant, key string }

// New makes a service.
func New(o Options) *Service {
	if o.OnCommit == nil {
		o.OnCommit = func() {}
	}
	if o.PhotosReady == nil {
		o.PhotosReady = func() bool { return true }
	}
	if o.OnDecision == nil {
		o.OnDecision = func(compliance.Decision) {}
	}
	s := &Service{o: o, numbers: idnumber.Check, inFlight: &inFlight{running: map[runningKey]struct{}{}}}
	if o.Numbers != nil {
		s.numbers = o.Numbers.Check
	}
	return s
}

// pinned is the service of one request: the policy that is live as it begins decides all of it.
func (s *Service) pinned() *Service {
	if s.fixed != nil {
		return s
	}
	return s.under(s.rules())
}

func (s *Service) under(p *policy.Policy) *Service {
	one := *s
	one.fixed = p
	return &one
}

// underOf is the service that goes on with a decision: by the policy that made it, where that can still be read.
func (s *Service) underOf(ctx context.Context, digest string) *Service {
	live := s.rules()
	if s.o.Past != nil && live.Digest() != digest {
		if p := s.o.Past(ctx, digest); p != nil {
			return s.under(p)
		}
	}
	return s.under(live)
}

func (s *Service) rules() *policy.Policy {
	switch {
	case s.fixed != nil:
		return s.fixed
	case s.o.Live != nil:
		return s.o.Live()
	}
	return s.o.Policy
}

// CheckNumber judges one number by its standard alone, as of a civil date in China. Nobody is asked and nothing is kept.
func (s *Service) CheckNumber(kind idnumber.Kind, raw string, on idnumber.Date) idnumber.Result {
	return s.numbers(kind, raw, on)
}

// enter claims an idempotency key for the time of one request; a second
// request under it meets `request_in_progress`.
func (s *Service) enter(tenant, key string) (leave func(), err error) {
	if key == "" {
		return nil, compliance.E(compliance.FaultInvalid, "idempotency_key_missing", "creation needs an Idempotency-Key header")
	}
	k := runningKey{tenant, key}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, busy := s.running[k]; busy {
		return nil, compliance.E(compliance.FaultConflict, "request_in_progress", "a request under this idempotency key is still running")
	}
	s.running[k] = struct{}{}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.running, k)
	}, nil
}

func errKeyReused() error {
	return compliance.E(compliance.FaultUnprocessable, "idempotency_key_reused", "the key was used for another request")
}

// What an idempotency key was used for.
type keyUse int

const (
	keyOfDecision keyUse = iota
	keyOfEvidence
	keyOfImport
	keyOfDisclosure
)

// keyIsFor refuses an idempotency key that already made something of another kind: a tenant's keys are one namespace.
func (s *Service) keyIsFor(ctx context.Context, c Caller, key string, use keyUse) error {
	for other, look := range map[keyUse]func() error{
		keyOfDecision:   func() error { _, err := s.o.Ledger.DecisionByKey(ctx, c.TenantID, key); return err },
		keyOfEvidence:   func() error { _, err := s.o.Ledger.EvidenceByKey(ctx, c.TenantID, key); return err },
		keyOfImport:     func() error { _, err := s.o.Ledger.ImportByKey(ctx, c.TenantID, key); return err },
		keyOfDisclosure: func() error { _, err := s.o.Ledger.DisclosureByKey(ctx, c.TenantID, key); return err },
	} {
		if other == use {
			continue
		}
		switch err := look(); {
		case err == nil:
			return errKeyReused()
		case !errors.Is(err, ErrNotFound):
			return ledgerError(err)
		}
	}
	return nil
}

// Verification returns the newest version of a decision of the caller's.
func (s *Service) Verification(ctx context.Context, c Caller, id string) (Answer, error) {
	if !compliance.ValidID(compliance.PrefixDecision, id) {
		return Answer{}, errNoVerification()
	}
	stored, err := s.o.Ledger.Decision(ctx, c.TenantID, id)
	return s.found(ctx, c, stored, err)
}

// VerificationVersion returns one version of a decision of the caller's.
func (s *Service) VerificationVersion(ctx context.Context, c Caller, id string, version int) (Answer, error) {
	if !compliance.ValidID(compliance.PrefixDecision, id) {
		return Answer{}, errNoVerification()
	}
	stored, err := s.o.Ledger.DecisionVersion(ctx, c.TenantID, id, version)
	return s.found(ctx, c, stored, err)
}

// VerificationByBizNo returns the newest version of the decision under the tenant's own number.
func (s *Service) VerificationByBizNo(ctx context.Context, c Caller, bizNo string) (Answer, error) {
	stored, err := s.o.Ledger.DecisionByBizNo(ctx, c.TenantID, bizNo)
	return s.found(ctx, c, stored, err)
}

func (s *Service) found(ctx context.Context, c Caller, stored Stored, err error) (Answer, error) {
	if errors.Is(err, ErrNotFound) {
		return Answer{}, errNoVerification()
	}
	if err != nil {
		return Answer{}, ledgerError(err)
	}
	a := answer(stored.DecisionRow)
	if stored.DataKeyID != "" {
		dk, err := s.o.Ledger.DataKey(ctx, c.TenantID, stored.DataKeyID)
		switch {
		case err != nil:
			return Answer{}, ledgerError(err)
		case len(dk.Wrapped) == 0:
			a.PersonalData = DataErased
		case dk.StorageOnly:
			a.PersonalData = DataStorageOnly
		}
	}
	if stored.Decision.Opening != nil {
		o, err := s.o.Ledger.Opening(ctx, c.TenantID, stored.Decision.Opening.ID)
		if err != nil {
			return Answer{}, ledgerError(err)
		}
		a.Opening = &o
	}
	return a, nil
}

func answer(row DecisionRow) Answer {
	return Answer{Decision: row.Decision, BizNo: row.BizNo, Digest: compliance.Digest(row.Canonical), EventID: row.Event.ID}
}

// RefuseAttempt records that input was refused before any decision, by its stable code.
func (s *Service) RefuseAttempt(ctx context.Context, c Caller, endpoint, code string) error {
	return s.refuseAttempt(ctx, Attempt{TenantID: c.TenantID, Code: code, Endpoint: endpoint})
}

func (s *Service) refuseAttempt(ctx context.Context, a Attempt) error {
	now := s.o.Now().UTC()
	a.ID, a.At = s.o.IDs.New(compliance.PrefixAttempt), now
	ev, err := compliance.NewEvent(s.o.IDs.New(compliance.PrefixEvent), compliance.EventAttemptRefused, a.TenantID, a.ID, now,
		map[string]string{"code": a.Code, "endpoint": a.Endpoint})
	if err != nil {
		return err
	}
	if err := s.o.Ledger.Attempt(ctx, a, ev); err != nil {
		return ledgerError(err)
	}
	s.o.OnCommit()
	return nil
}

func errNoVerification() error {
	return compliance.E(compliance.FaultNotFound, "verification_not_found", "no such verification of this tenant")
}

// ledgerError maps what a ledger returns to the family of errors that callers see.
func ledgerError(err error) error {
	if _, ok := errors.AsType[*compliance.Error](err); ok {
		return err
	}
	conflict := func(code, detail string) *compliance.Error {
		return compliance.E(compliance.FaultConflict, code, detail)
	}
	switch {
	case errors.Is(err, ErrKeyTaken):
		return conflict("request_in_progress", "another request under this idempotency key was first")
	case errors.Is(err, ErrBizNoTaken):
		return conflict("biz_no_taken", "another verification of this tenant has this biz_no").At("/biz_no")
	case errors.Is(err, ErrConsumed):
		return conflict("verification_consumed", "the verification was already consumed by an opening")
	case errors.Is(err, ErrExternalRefTaken):
		return conflict("external_ref_taken", "another opening of this tenant has this external_ref").At("/external_ref")
	case errors.Is(err, ErrOpeningEnded):
		return conflict("opening_state", "the opening has ended")
	case errors.Is(err, ErrImportOverlap):
		return conflict("request_in_progress", "another import under this idempotency key was first")
	case errors.Is(err, ErrWrongOffset), errors.Is(err, ErrUploadClosed):
		return errOffset()
	case errors.Is(err, ErrStale):
		return conflict("verification_changed", "a newer version was made meanwhile")
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return compliance.E(compliance.FaultUnavailable, "request_cancelled", "the request ended before it was known to be committed; ask again under the same key").Because(err)
	}
	return compliance.E(compliance.FaultUnavailable, "ledger_unavailable", "the ledger did not confirm the request; ask again under the same key").Because(err)
}
