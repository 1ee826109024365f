package verify

import (
	"context"
	"errors"
	"slices"
	"time"

	"realname/compliance"
	"realname/compliance/policy"
	"realname/compliance/vault"
	"realname/verify/idnumber"
)

// MaxExceptionDays bounds how long an exception may wait to be used.
const MaxExceptionDays = 30

// Exception lets one request of one person pass one limit in principle (原则上), once, after two people granted it.
type Exception struct {
	ID            string
	TenantID      string
	LegalEntityID string // where it holds
	PersonID      string
	Family        string
	Clause        string
	Grounds       string // the tenant's own reference of the statement it rests on, without meaning to us
	ProposedBy    string // key id
	ProposedAt    time.Time
	ApprovedBy    string // key id, another one; empty until then
	ApprovedAt    time.Time
	ExpiresAt     time.Time
	UsedBy        string // decision or opening that used it up
}

// ExceptionState says where an exception stands.
type ExceptionState string

// The states of an exception. Used and expired are final.
const (
	ExceptionProposed ExceptionState = "proposed"
	ExceptionApproved ExceptionState = "approved"
	ExceptionUsed     ExceptionState = "used"
	ExceptionExpired  ExceptionState = "expired"
)

// State is where the exception stands at a time.
func (x Exception) State(at time.Time) ExceptionState {
	switch {
	case x.UsedBy != "":
		return ExceptionUsed
	case !at.Before(x.ExpiresAt):
		return ExceptionExpired
	case x.ApprovedBy != "":
		return ExceptionApproved
	}
	return ExceptionProposed
}

// NewException is a proposal as a tenant makes it.
type NewException struct {
	Document Document
	Family   string
	Grounds  string
	Days     int // of validity, 1 to MaxExceptionDays
}

// ExceptionLedger keeps the exceptions.
type ExceptionLedger interface {
	// ProposeException finds the tenant's exception for the same person, family and grounds, or writes the one proposed
	// with its event; made reports which.
	ProposeException(ctx context.Context, p ExceptionProposal) (x Exception, made bool, err error)
	// Exception returns one exception of the tenant.
	Exception(ctx context.Context, tenantID, id string) (Exception, error)
	// ApproveException calls approve with the exception as it stands, while nobody else can approve it, and writes who
	// approved with the event. Without an event nothing is written.
	ApproveException(ctx context.Context, tenantID, id string,
		approve func(at time.Time, x Exception) (by string, event *compliance.Event, err error)) (Exception, error)
}

// ExceptionProposal brings an exception and the keys of its person, newest key version first.
type ExceptionProposal struct {
	Exception   Exception // PersonID and its times are filled by the ledger
	Keys        []vault.DocumentKey
	NewPersonID string
	Valid       time.Duration
	Event       func(x Exception) (compliance.Event, error)
}

// ProposeException proposes that one request of the person may pass a limit in principle. Proposing it again returns
// what was proposed first, whatever became of it, and made is false.
func (s *Service) ProposeException(ctx context.Context, c Caller, ask NewException) (x Exception, made bool, err error) {
	s = s.pinned()
	if ask.Days < 1 || ask.Days > MaxExceptionDays {
		return Exception{}, false, compliance.E(compliance.FaultInvalid, "validation_failed", "an exception is valid for 1 to 30 days").At("/valid_days")
	}
	today := idnumber.DateOf(s.o.Now())
	limit, err := s.inPrinciple(c, ask.Family, today)
	if err != nil {
		return Exception{}, false, err
	}
	subject, code := s.stockSubject(ask.Document, today)
	if code != "" {
		return Exception{}, false, compliance.E(compliance.FaultUnprocessable, code, "the document names nobody").At("/document")
	}
	keys, err := s.documentKeys(subject)
	if err != nil {
		return Exception{}, false, err
	}
	eventID := s.o.IDs.New(compliance.PrefixEvent)
	x, made, err = s.o.Ledger.ProposeException(ctx, ExceptionProposal{
		Exception: Exception{
			ID: s.o.IDs.New(compliance.PrefixException), TenantID: c.TenantID, LegalEntityID: c.LegalEntityID,
			Family: limit.Family, Clause: limit.Clause, Grounds: ask.Grounds, ProposedBy: c.KeyID,
		},
		Keys: keys, NewPersonID: s.o.IDs.New(compliance.PrefixPerson), Valid: time.Duration(ask.Days) * 24 * time.Hour,
		Event: func(x Exception) (compliance.Event, error) {
			return compliance.NewEvent(eventID, compliance.EventExceptionProposed, x.TenantID, x.ID, x.ProposedAt, map[string]string{
				"family": x.Family, "clause": x.Clause, "by": x.ProposedBy, "expires_at": x.ExpiresAt.Format(time.RFC3339),
			})
		},
	})
	if err != nil {
		return Exception{}, false, ledgerError(err)
	}
	if made {
		s.o.OnCommit()
	}
	return x, made, nil
}

// inPrinciple is the limit of the family that gives way to an exception.
func (s *Service) inPrinciple(c Caller, family string, on idnumber.Date) (policy.Limit, error) {
	known := false
	for _, l := range s.limitsOf(c.Sector, on) {
		if l.Family != family {
			continue
		}
		if l.Mode == policy.ModeInPrinciple {
			return l, nil
		}
		known = true
	}
	if known {
		return policy.Limit{}, compliance.E(compliance.FaultUnprocessable, "limit_is_hard", "the limit of this family knows no exception").At("/family")
	}
	return policy.Limit{}, compliance.E(compliance.FaultUnprocessable, "family_unknown", "no limit of this family binds this tenant today").At("/family")
}

// limitsOf are the limits that requests of a sector can meet on a day.
func (s *Service) limitsOf(sector compliance.Sector, on idnumber.Date) []policy.Limit {
	return s.rules().LimitsOf(sector, scenesOf(sector), on.String())
}

// scenesOf are the scenes that a sector may ask for.
func scenesOf(sector compliance.Sector) []compliance.Scene {
	return slices.DeleteFunc(compliance.Scenes(), func(scene compliance.Scene) bool {
		allowed, bound := sectorsOf[scene]
		return bound && !slices.Contains(allowed, sector)
	})
}

// Exception returns one exception of the caller's.
func (s *Service) Exception(ctx context.Context, c Caller, id string) (Exception, error) {
	x, err := s.o.Ledger.Exception(ctx, c.TenantID, id)
	return x, exceptionError(err)
}

// ApproveException grants an exception that somebody else proposed. Whoever approves one that is granted already changes nothing.
func (s *Service) ApproveException(ctx context.Context, c Caller, id string) (Exception, error) {
	eventID := s.o.IDs.New(compliance.PrefixEvent)
	x, err := s.o.Ledger.ApproveException(ctx, c.TenantID, id, func(at time.Time, x Exception) (string, *compliance.Event, error) {
		switch {
		case c.KeyID == "" || c.KeyID == x.ProposedBy:
			return "", nil, compliance.E(compliance.FaultForbidden, "four_eyes", "another key than the one that proposed it must approve")
		case x.ApprovedBy != "":
			return "", nil, nil
		case x.State(at) == ExceptionExpired:
			return "", nil, compliance.E(compliance.FaultConflict, "exception_expired", "the exception was not approved in time; propose it anew on new grounds")
		}
		ev, err := compliance.NewEvent(eventID, compliance.EventExceptionApproved, x.TenantID, x.ID, at, map[string]string{
			"family": x.Family, "clause": x.Clause, "by": c.KeyID, "proposed_by": x.ProposedBy,
		})
		return c.KeyID, &ev, err
	})
	if err != nil {
		return Exception{}, exceptionError(err)
	}
	s.o.OnCommit()
	return x, nil
}

func exceptionError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrNotFound):
		return compliance.E(compliance.FaultNotFound, "exception_not_found", "no such exception of this tenant")
	}
	return ledgerError(err)
}
