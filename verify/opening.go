package verify

import (
	"context"
	"errors"
	"time"

	"realname/compliance"
	"realname/ratelimit/quota"
)

// adopt turns the consumption of an approved verification into a request: the
// parties, evidence and results are those of the verification.
func (s *Service) adopt(ctx context.Context, c Caller, ask *OpeningRequest) error {
	stored, err := s.o.Ledger.Decision(ctx, c.TenantID, ask.VerificationID)
	if errors.Is(err, ErrNotFound) {
		return compliance.E(compliance.FaultUnprocessable, "verification_not_found", "no such verification of this tenant").At("/verification_id")
	}
	if err != nil {
		return ledgerError(err)
	}
	d := stored.Decision
	conflict := func(code, detail string) error {
		return compliance.E(compliance.FaultConflict, code, detail).At("/verification_id")
	}
	switch {
	case d.Outcome != compliance.Approved:
		return conflict("verification_not_approved", "only an approved verification can be consumed")
	case stored.ConsumedBy != "":
		return conflict("verification_consumed", "the verification was already consumed by an opening")
	case d.ExpiresAt.IsZero() || !s.o.Now().Before(d.ExpiresAt):
		return conflict("verification_expired", "the verification may no longer be consumed")
	case ask.Request.Scene != "" && ask.Request.Scene != d.Scene:
		return conflict("verification_other_scene", "the verification was made for another scene")
	}
	_, sealer, err := s.sealer(ctx, c.TenantID, stored.DataKeyID)
	if err != nil {
		return err
	}
	clear, err := openRequest(sealer, stored.DecisionRow)
	if err != nil {
		return vaultError(err)
	}
	from := clear.ask().Request
	from.BizNo = ask.Request.BizNo
	if ask.Request.Product != "" {
		from.Product = ask.Request.Product
	}
	for _, ref := range []struct{ into, given *string }{
		{&from.LiabilityNoticeRef, &ask.Request.LiabilityNoticeRef},
		{&from.NoticeVersion, &ask.Request.NoticeVersion},
		{&from.ConsentRef, &ask.Request.ConsentRef},
	} {
		if *ref.given != "" {
			*ref.into = *ref.given
		}
	}
	ask.Request = from
	ask.adopted = checksByName(d.Checks)
	return nil
}

func checksByName(checks []compliance.Check) map[string]compliance.Check {
	out := make(map[string]compliance.Check, len(checks))
	for _, c := range checks {
		out[c.Name] = c
	}
	return out
}

// Opening returns one opening of the caller's.
func (s *Service) Opening(ctx context.Context, c Caller, id string) (Opening, error) {
	o, err := s.o.Ledger.Opening(ctx, c.TenantID, id)
	if errors.Is(err, ErrNotFound) {
		return Opening{}, errNoOpening()
	}
	if err != nil {
		return Opening{}, ledgerError(err)
	}
	return o, nil
}

func errNoOpening() error {
	return compliance.E(compliance.FaultNotFound, "opening_not_found", "no such opening of this tenant")
}

// Confirm ends a reservation: the card or account was handed over.
func (s *Service) Confirm(ctx context.Context, c Caller, id string, how Confirmation) (Opening, error) {
	o, err := s.Opening(ctx, c, id)
	if err != nil {
		return Opening{}, err
	}
	if o.DecisionID != "" {
		stored, err := s.o.Ledger.Decision(ctx, c.TenantID, o.DecisionID)
		if err != nil {
			return Opening{}, ledgerError(err)
		}
		if stored.Decision.Outcome != compliance.Approved {
			return Opening{}, compliance.E(compliance.FaultConflict, "opening_not_approved", "the decision behind this opening is not approved")
		}
	}
	if how.AwaitActivation {
		return s.move(ctx, c, id, quota.Deliver, compliance.EventOpeningConfirmed, how.ExternalRef)
	}
	return s.move(ctx, c, id, quota.Confirm, compliance.EventOpeningConfirmed, how.ExternalRef)
}

// Release gives a reserved slot back.
func (s *Service) Release(ctx context.Context, c Caller, id string) (Opening, error) {
	return s.move(ctx, c, id, quota.Release, compliance.EventOpeningReleased, "")
}

// Close ends a card or account and frees its slot.
func (s *Service) Close(ctx context.Context, c Caller, id string) (Opening, error) {
	return s.move(ctx, c, id, quota.Close, compliance.EventOpeningClosed, "")
}

func (s *Service) move(ctx context.Context, c Caller, id string, action quota.Action, kind compliance.EventKind, ref string) (Opening, error) {
	eventID := s.o.IDs.New(compliance.PrefixEvent)
	o, err := s.o.Ledger.Transition(ctx, c.TenantID, id, func(at time.Time, o Opening) (OpeningUpdate, error) {
		lapsed := o.State == quota.Expired || o.State == quota.Reserved && !at.Before(o.LeaseUntil)
		if lapsed && action != quota.Release {
			return OpeningUpdate{}, compliance.E(compliance.FaultConflict, "lease_expired", "the reservation has expired; ask for a new opening")
		}
		next, err := quota.Next(o.State, action)
		if err != nil {
			return OpeningUpdate{}, compliance.E(compliance.FaultConflict, "opening_state", "the opening is "+string(o.State))
		}
		if next == o.State && ref != "" && ref != o.ExternalRef {
			return OpeningUpdate{}, compliance.E(compliance.FaultConflict, "opening_state", "the opening was confirmed under another external_ref").At("/external_ref")
		}
		if next == o.State {
			return OpeningUpdate{ID: o.ID, State: o.State}, nil
		}
		ev, err := compliance.NewEvent(eventID, kind, c.TenantID, o.ID, at, map[string]string{"from": string(o.State), "to": string(next)})
		if err != nil {
			return OpeningUpdate{}, err
		}
		return OpeningUpdate{ID: o.ID, State: next, ExternalRef: ref, Event: &ev}, nil
	})
	if errors.Is(err, ErrNotFound) {
		return Opening{}, errNoOpening()
	}
	if err != nil {
		return Opening{}, ledgerError(err)
	}
	s.o.OnCommit()
	return o, nil
}
