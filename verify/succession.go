package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"realname/compliance"
	"realname/ratelimit/quota"
	"realname/verify/idnumber"
)

// takeOver confirms a transfer: the predecessor is closed and the new opening begins, in one write.
func (s *Service) takeOver(ctx context.Context, c Caller, o Opening, how Confirmation) (Opening, error) {
	closes, confirms := s.o.IDs.New(compliance.PrefixEvent), s.o.IDs.New(compliance.PrefixEvent)
	after := o
	rows, err := s.shift(ctx, Shift{
		TenantID: c.TenantID, Openings: []string{o.ID, o.PredecessorID},
		Apply: func(at time.Time, of []Opening, _ []quota.Use) (ShiftRows, error) {
			after = of[0]
			up, err := step(of[0], at, how.action(), how.ExternalRef)
			if err != nil || up.State == of[0].State {
				return ShiftRows{}, err
			}
			after.State, after.LeaseUntil, after.UpdatedAt = up.State, time.Time{}, at
			ended, err := ends(of[1], o.ID, closes, at)
			if err != nil {
				return ShiftRows{}, err
			}
			ev, err := compliance.NewEvent(confirms, compliance.EventOpeningConfirmed, c.TenantID, o.ID, at,
				between(of[0].State, up.State, map[string]string{"takes_over": of[1].ID}))
			up.Event = &ev
			return ShiftRows{Updates: []OpeningUpdate{ended, up}}, err
		},
	})
	if err != nil {
		return Opening{}, err
	}
	for _, up := range rows.Updates { // the predecessor's and its own, the latter last
		after.ExternalRef = up.ExternalRef
	}
	return after, nil
}

// ends closes what by takes the place of.
func ends(o Opening, by, eventID string, at time.Time) (OpeningUpdate, error) {
	next, err := quota.Next(o.State, quota.Close)
	if err != nil || o.State == quota.Closed {
		return OpeningUpdate{}, compliance.E(compliance.FaultConflict, "predecessor_ended", "the opening that would be taken over is "+string(o.State))
	}
	ev, err := compliance.NewEvent(eventID, compliance.EventOpeningClosed, o.TenantID, o.ID, at,
		between(o.State, next, map[string]string{"because": by}))
	return OpeningUpdate{ID: o.ID, State: next, Event: &ev}, err
}

// confirmLate opens a successor of a reservation that ran out, where the limits still have room, while an approval of
// the decision's age may still be used: beyond that the identity must be verified anew.
func (s *Service) confirmLate(ctx context.Context, c Caller, id string, stored Stored, how Confirmation) (Opening, error) {
	s = s.pinned()
	gone, err := s.Opening(ctx, c, id)
	if err != nil {
		return Opening{}, err
	}
	demands, e, err := s.recount(ctx, c, stored, gone.Product, nil)
	if err != nil {
		return Opening{}, err
	}
	valid := s.rules().ApprovalValid(stored.Decision.Facts)
	heir := s.heir(gone, stored.Decision.ID, how.ExternalRef)
	confirms, closes, expires := s.o.IDs.New(compliance.PrefixEvent), s.o.IDs.New(compliance.PrefixEvent), s.o.IDs.New(compliance.PrefixEvent)
	sh := Shift{TenantID: c.TenantID, Openings: []string{id}, Persons: counted(e), Demands: demands, Succeeds: id}
	if gone.PredecessorID != "" {
		sh.Openings = append(sh.Openings, gone.PredecessorID)
	}
	units, err := s.holdAgain(ctx, gone, stored.Decision.Facts)
	if err != nil {
		return Opening{}, err
	}
	sh.Apply = func(at time.Time, of []Opening, uses []quota.Use) (ShiftRows, error) {
		if of[0].State != quota.Expired || at.Sub(stored.Decision.DecidedAt) >= valid {
			return ShiftRows{}, compliance.E(compliance.FaultConflict, "lease_expired", "the reservation has expired; ask for a new opening")
		}
		if err := fits(uses); err != nil {
			return ShiftRows{}, err
		}
		o := heir
		o.State, o.OpenedAt = quota.Active, at
		if how.AwaitActivation {
			o.State = quota.PendingActivation
		}
		ran, err := ranOut(of[0], expires, at) // before its sweep it would still hold its reference
		if err != nil {
			return ShiftRows{}, err
		}
		rows := ShiftRows{Updates: []OpeningUpdate{ran}, Opening: &o, Parties: e.Others, Excepts: excepts(uses)}
		if units != nil {
			rows.Windows = units.windows()
		}
		if len(of) > 1 {
			ended, err := ends(of[1], o.ID, closes, at)
			if err != nil {
				return ShiftRows{}, err
			}
			rows.Updates = append(rows.Updates, ended)
		}
		ev, err := compliance.NewEvent(confirms, compliance.EventOpeningConfirmed, c.TenantID, o.ID, at,
			between(quota.Expired, o.State, map[string]string{"follows": id}))
		rows.Events = []compliance.Event{ev}
		return rows, err
	}
	o, err := s.succeed(ctx, sh, heir)
	s.confirmHold(ctx, units, err == nil)
	return o, err
}

// ranOut is the end of a reservation whose lease is over; the ledger leaves out what is expired already.
func ranOut(o Opening, eventID string, at time.Time) (OpeningUpdate, error) {
	ev, err := compliance.NewEvent(eventID, compliance.EventOpeningExpired, o.TenantID, o.ID, at, between(quota.Reserved, quota.Expired, nil))
	return OpeningUpdate{ID: o.ID, State: quota.Expired, Event: &ev}, err
}

// Replace gives an opening a new card (补换卡): it keeps its slot, and rests on a verification for the replacement.
func (s *Service) Replace(ctx context.Context, c Caller, id string, with Replacement) (Opening, error) {
	return s.renew(ctx, c, id, with, compliance.OccasionReplaceSIM, compliance.EventOpeningReplaced)
}

// Reclass moves an account to another class: one write leaves the old family and enters the new one.
func (s *Service) Reclass(ctx context.Context, c Caller, id string, with Replacement) (Opening, error) {
	return s.renew(ctx, c, id, with, compliance.OccasionReclass, compliance.EventOpeningReclassed)
}

// renew closes an opening and opens its successor in the same state, in one write.
func (s *Service) renew(ctx context.Context, c Caller, id string, with Replacement, what compliance.Occasion, kind compliance.EventKind) (Opening, error) {
	s = s.pinned()
	old, err := s.Opening(ctx, c, id)
	if err != nil {
		return Opening{}, err
	}
	stored, err := s.consumable(ctx, c, with.VerificationID, old)
	if err != nil {
		return Opening{}, err
	}
	if stored.Decision.Occasion != what || stored.PersonID != old.PersonID {
		return Opening{}, compliance.E(compliance.FaultConflict, "verification_other_scene", "the verification is of another person or event").At("/verification_id")
	}
	heir := s.heir(old, stored.Decision.ID, with.ExternalRef)
	sh := Shift{TenantID: c.TenantID, Openings: []string{id}, Succeeds: id}
	var e Enrolled
	if e.Others, err = s.o.Ledger.OpeningParties(ctx, c.TenantID, id); err != nil { // who counted goes on counting
		return Opening{}, ledgerError(err)
	}
	if what == compliance.OccasionReclass {
		if stored.Decision.Product == old.Product {
			return Opening{}, compliance.E(compliance.FaultUnprocessable, "product_unchanged", "the opening is of this class already").At("/verification_id")
		}
		heir.Product = stored.Decision.Product
		if sh.Demands, e, err = s.recount(ctx, c, stored, heir.Product, e.Others); err != nil {
			return Opening{}, err
		}
		for i := range sh.Demands {
			sh.Demands[i].Without = []string{id}
		}
	}
	sh.Persons = append([]string{old.PersonID}, counted(e)...)
	closes, begins := s.o.IDs.New(compliance.PrefixEvent), s.o.IDs.New(compliance.PrefixEvent)
	sh.Apply = func(at time.Time, of []Opening, uses []quota.Use) (ShiftRows, error) {
		if err := fits(uses); err != nil {
			return ShiftRows{}, err
		}
		o := heir
		o.State, o.OpenedAt = of[0].State, of[0].OpenedAt
		ended, err := ends(of[0], o.ID, closes, at)
		if err != nil {
			return ShiftRows{}, err
		}
		ev, err := compliance.NewEvent(begins, kind, c.TenantID, o.ID, at,
			map[string]string{"follows": id, "from": of[0].Product, "to": o.Product})
		return ShiftRows{
			Updates: []OpeningUpdate{ended}, Opening: &o, Parties: e.Others, Events: []compliance.Event{ev},
			Consumes: stored.Decision.ID, Excepts: excepts(uses),
		}, err
	}
	return s.succeed(ctx, sh, heir)
}

// consumable is an approved verification of the opening's scene that was not used yet, but by the opening's own successor.
func (s *Service) consumable(ctx context.Context, c Caller, id string, old Opening) (Stored, error) {
	stored, err := s.o.Ledger.Decision(ctx, c.TenantID, id)
	if errors.Is(err, ErrNotFound) {
		return Stored{}, compliance.E(compliance.FaultUnprocessable, "verification_not_found", "no such verification of this tenant").At("/verification_id")
	}
	if err != nil {
		return Stored{}, ledgerError(err)
	}
	conflict := func(code, detail string) (Stored, error) {
		return Stored{}, compliance.E(compliance.FaultConflict, code, detail).At("/verification_id")
	}
	d := stored.Decision
	switch {
	case d.Outcome != compliance.Approved:
		return conflict("verification_not_approved", "only an approved verification can be consumed")
	case stored.ConsumedBy != "" && old.State != quota.Closed:
		return conflict("verification_consumed", "the verification was already consumed")
	case old.State == quota.Closed: // perhaps a repeat: the ledger finds the successor or refuses
		return stored, nil
	case d.ExpiresAt.IsZero() || !s.o.Now().Before(d.ExpiresAt):
		return conflict("verification_expired", "the verification may no longer be consumed")
	case s.rules().SceneOf(old.Product) != d.Scene:
		return conflict("verification_other_scene", "the verification was made for another scene")
	}
	return stored, nil
}

// recount are the limits in force now for an opening of the product, as the verification's request would be counted if
// it named those too who counted before.
func (s *Service) recount(ctx context.Context, c Caller, stored Stored, product string, before []quota.Key) ([]quota.Demand, Enrolled, error) {
	d := stored.Decision
	e := Enrolled{PersonID: stored.PersonID}
	var err error
	if e.Others, err = s.o.Ledger.DecisionParties(ctx, c.TenantID, d.ID, d.Version); err != nil {
		return nil, e, ledgerError(err)
	}
	f := d.Facts
	for _, k := range before {
		if !slices.Contains(e.Others, k) {
			e.Others = append(e.Others, k)
		}
		f.Parts, f.Proxy = append(slices.Clone(f.Parts), string(k.Part)), f.Proxy || k.Part == quota.Proxy
	}
	f.Date, f.Product, f.HasOpening = idnumber.DateOf(s.o.Now()).String(), product, true
	if f.Occasion == compliance.OccasionReclass { // whoever changes class opens one of the new class
		f.Occasion = compliance.OccasionOpen
	}
	demands, err := s.demands(ctx, f, c, e)
	return demands, e, err
}

// fits refuses what a limit has no room for; its detail names family, count and clause.
func fits(uses []quota.Use) error {
	refused := quota.Refused(uses)
	if len(refused) == 0 {
		return nil
	}
	u := refused[0]
	if !u.Full() {
		return compliance.E(compliance.FaultConflict, "stock_incomplete", "the stock of family "+u.Family+" is not loaded completely ("+u.Clause+")")
	}
	return compliance.E(compliance.FaultConflict, u.Reason, fmt.Sprintf("family %s: %d of %d are used (%s)", u.Family, u.Used, u.Max, u.Clause))
}

// heir is the successor of an opening, without its state.
func (s *Service) heir(old Opening, decisionID, ref string) Opening {
	if ref == "" {
		ref = old.ExternalRef
	}
	return Opening{
		ID: s.o.IDs.New(compliance.PrefixOpening), TenantID: old.TenantID, LegalEntityID: old.LegalEntityID, PersonID: old.PersonID,
		DecisionID: decisionID, Product: old.Product, Origin: "gateway", ExternalRef: ref, PredecessorID: old.ID,
	}
}

// succeed writes a successor, or finds the one that a first call made: that must be the same.
func (s *Service) succeed(ctx context.Context, sh Shift, heir Opening) (Opening, error) {
	rows, err := s.shift(ctx, sh)
	if err != nil {
		return Opening{}, err
	}
	o := *rows.Opening
	if rows.Repeated && (o.ExternalRef != heir.ExternalRef || o.Product != heir.Product || o.DecisionID != heir.DecisionID) {
		return Opening{}, compliance.E(compliance.FaultConflict, "predecessor_ended", "the opening already has another successor")
	}
	return o, nil
}

func (s *Service) shift(ctx context.Context, sh Shift) (ShiftRows, error) {
	slices.Sort(sh.Persons)
	sh.Persons = slices.Compact(sh.Persons)
	rows, err := s.o.Ledger.Shift(ctx, sh)
	if errors.Is(err, ErrNotFound) {
		return ShiftRows{}, errNoOpening()
	}
	if err != nil {
		return ShiftRows{}, ledgerError(err)
	}
	if !rows.Repeated {
		s.o.OnCommit()
	}
	return rows, nil
}

// predecessor makes sure that a transfer takes over an opening of the tenant's that lives, of the same product, from somebody else.
func (s *Service) predecessor(ctx context.Context, c Caller, ask *OpeningRequest, personID string) error {
	transfer := ask.Request.Occasion == compliance.OccasionTransfer
	switch {
	case !transfer && ask.PredecessorID == "":
		return nil
	case !transfer:
		return compliance.E(compliance.FaultUnprocessable, "predecessor_not_asked", "only a transfer takes over an opening").At("/predecessor")
	case ask.PredecessorID == "":
		return compliance.E(compliance.FaultUnprocessable, "predecessor_missing", "say which opening is transferred").At("/predecessor")
	}
	old, err := s.o.Ledger.Opening(ctx, c.TenantID, ask.PredecessorID)
	switch {
	case errors.Is(err, ErrNotFound):
		return compliance.E(compliance.FaultUnprocessable, "predecessor_not_found", "no such opening of this tenant").At("/predecessor")
	case err != nil:
		return ledgerError(err)
	case old.State.Final() || old.State == quota.Reserved:
		return compliance.E(compliance.FaultConflict, "predecessor_ended", "the opening that would be taken over is "+string(old.State)).At("/predecessor")
	case old.Product != ask.Request.Product:
		return compliance.E(compliance.FaultUnprocessable, "predecessor_other_product", "the opening that would be taken over is of another product").At("/predecessor")
	case old.PersonID == personID:
		return compliance.E(compliance.FaultUnprocessable, "predecessor_same_holder", "the holder has this opening already").At("/predecessor")
	}
	return nil
}
