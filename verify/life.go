package verify

import (
	"context"
	"errors"
	"time"

	"realname/compliance"
	"realname/ratelimit/quota"
)

// Confirm ends a reservation: the card or account was handed over. What a transfer takes over is closed in the same
// write. A reservation that ran out is counted anew: where there is still room a successor is opened, and returned.
func (s *Service) Confirm(ctx context.Context, c Caller, id string, how Confirmation) (Opening, error) {
	o, err := s.Opening(ctx, c, id)
	if err != nil {
		return Opening{}, err
	}
	var stored Stored
	if o.DecisionID != "" {
		if stored, err = s.o.Ledger.Decision(ctx, c.TenantID, o.DecisionID); err != nil {
			return Opening{}, ledgerError(err)
		}
		if stored.Decision.Outcome != compliance.Approved {
			return Opening{}, compliance.E(compliance.FaultConflict, "opening_not_approved", "the decision behind this opening is not approved")
		}
	}
	if o.PredecessorID != "" && o.State == quota.Reserved {
		o, err = s.takeOver(ctx, c, o, how)
	} else {
		o, err = s.move(ctx, c, id, how.action(), compliance.EventOpeningConfirmed, how.ExternalRef, nil)
	}
	if compliance.CodeOf(err) == "lease_expired" && stored.Decision.ID != "" {
		return s.confirmLate(ctx, c, id, stored, how)
	}
	return o, err
}

func (how Confirmation) action() quota.Action {
	if how.AwaitActivation {
		return quota.Deliver
	}
	return quota.Confirm
}

// Release gives a reserved slot back.
func (s *Service) Release(ctx context.Context, c Caller, id string) (Opening, error) {
	return s.move(ctx, c, id, quota.Release, compliance.EventOpeningReleased, "", nil)
}

// Activate tells that the holder activated in person what was handed over.
func (s *Service) Activate(ctx context.Context, c Caller, id string) (Opening, error) {
	return s.move(ctx, c, id, quota.Activate, compliance.EventOpeningActivated, "", nil)
}

// Suspend stops a card or account; it keeps its slot.
func (s *Service) Suspend(ctx context.Context, c Caller, id string) (Opening, error) {
	return s.move(ctx, c, id, quota.Suspend, compliance.EventOpeningSuspended, "", nil)
}

// Resume ends a suspension.
func (s *Service) Resume(ctx context.Context, c Caller, id string) (Opening, error) {
	return s.move(ctx, c, id, quota.Resume, compliance.EventOpeningResumed, "", nil)
}

// Close ends a card or account and frees its slot. A number that is ported out closes here and opens elsewhere.
func (s *Service) Close(ctx context.Context, c Caller, id string, why CloseReason) (Opening, error) {
	var more map[string]string
	if why != "" {
		more = map[string]string{"reason": string(why)}
	}
	return s.move(ctx, c, id, quota.Close, compliance.EventOpeningClosed, "", more)
}

func (s *Service) move(ctx context.Context, c Caller, id string, action quota.Action, kind compliance.EventKind, ref string,
	more map[string]string,
) (Opening, error) {
	eventID := s.o.IDs.New(compliance.PrefixEvent)
	o, err := s.o.Ledger.Transition(ctx, c.TenantID, id, func(at time.Time, o Opening) (OpeningUpdate, error) {
		up, err := step(o, at, action, ref)
		if err != nil || up.State == o.State {
			return up, err
		}
		ev, err := compliance.NewEvent(eventID, kind, c.TenantID, o.ID, at, between(o.State, up.State, more))
		up.Event = &ev
		return up, err
	})
	if errors.Is(err, ErrNotFound) {
		return Opening{}, errNoOpening()
	}
	if err != nil {
		return Opening{}, ledgerError(err)
	}
	s.o.OnCommit()
	if o.State == quota.Released {
		s.giveBack(ctx, o.DecisionID)
	}
	return o, nil
}

// step is the update that an action makes of o; it has the same state when there is nothing to do.
func step(o Opening, at time.Time, action quota.Action, ref string) (OpeningUpdate, error) {
	lapsed := o.State == quota.Expired || o.State == quota.Reserved && !at.Before(o.LeaseUntil)
	if lapsed && action != quota.Release {
		return OpeningUpdate{}, compliance.E(compliance.FaultConflict, "lease_expired", "the reservation has expired; ask for a new opening")
	}
	next, err := quota.Next(o.State, action)
	if err != nil {
		return OpeningUpdate{}, compliance.E(compliance.FaultConflict, "opening_state", "the opening is "+string(o.State))
	}
	if next == o.State && ref != "" && ref != o.ExternalRef {
		return OpeningUpdate{}, errOtherReference()
	}
	return OpeningUpdate{ID: o.ID, State: next, ExternalRef: ref}, nil
}

func errOtherReference() error {
	return compliance.E(compliance.FaultConflict, "opening_state", "the opening was confirmed under another external_ref").At("/external_ref")
}

// between is the data of the event of a move.
func between(from, to quota.State, more map[string]string) map[string]string {
	data := map[string]string{"from": string(from), "to": string(to)}
	for k, v := range more {
		data[k] = v
	}
	return data
}
