package verify

import (
	"context"
	"time"

	"realname/compliance"
	"realname/ratelimit/quota"
)

// draft is a decision that lacks only the binding count and the ledger's time.
type draft struct {
	decision   compliance.Decision
	job        job
	assessment *assessment
	demands    []quota.Demand
	enrolled   Enrolled
	reserves   bool                  // an opening is wanted and not yet reserved
	reserved   *Opening              // by an earlier version
	earlier    []compliance.QuotaUse // counts of the version that reserved
}

// commit seals the request and writes everything in one transaction.
func (s *Service) commit(ctx context.Context, d draft) (Rows, error) {
	sealer, err := s.o.Vault.Sealer(d.enrolled.DataKey)
	if err != nil {
		return Rows{}, vaultError(err)
	}
	commitments, err := s.commitInputs(&d.job.clear)
	if err != nil {
		return Rows{}, err
	}
	d.decision.Commitments = commitments
	sealed, err := sealRequest(sealer, d.decision.ID, d.decision.Version, d.job.clear)
	if err != nil {
		return Rows{}, err
	}
	evidence, err := s.sealEvidence(sealer, &d)
	if err != nil {
		return Rows{}, err
	}
	eventID, openingID := s.o.IDs.New(compliance.PrefixEvent), s.o.IDs.New(compliance.PrefixOpening)
	releaseID := s.o.IDs.New(compliance.PrefixEvent)
	rec := Record{Demands: d.demands, Images: d.assessment.search, Build: func(at time.Time, uses []quota.Use, reuse compliance.ImageReuse) (Rows, error) {
		rows, err := s.build(d, at, uses, reuse, openingID, eventID, releaseID)
		rows.Decision.Sealed, rows.Decision.DataKeyID = sealed, sealer.DataKeyID()
		rows.Evidence, rows.Consumes = s.kept(evidence, rows.Decision.Decision), consumed(rows.Decision.Decision)
		if d.assessment.held != nil {
			rows.Windows = d.assessment.held.windows()
		}
		if holds(rows.Decision.Decision.Outcome) && len(d.demands) > 0 {
			rows.Excepts = excepts(uses)
		}
		return rows, err
	}, Persons: counted(d.enrolled)}
	rows, err := s.o.Ledger.Commit(ctx, rec)
	if err != nil {
		s.dropHold(ctx, d.assessment.held)
		return Rows{}, ledgerError(err)
	}
	s.confirmHold(ctx, d.assessment.held, rows.Opens())
	if rows.Update != nil && rows.Update.State == quota.Released {
		s.giveBack(ctx, rows.Decision.Decision.ID)
	}
	s.o.OnCommit()
	s.o.OnDecision(rows.Decision.Decision)
	return rows, nil
}

// consumed is the verification that an opening uses up; a refused or waiting request uses nothing up.
func consumed(d compliance.Decision) string {
	if d.Outcome == compliance.Approved {
		return d.Consumes
	}
	return ""
}

// build makes the rows inside the transaction: pure but for what it was given.
func (s *Service) build(d draft, at time.Time, uses []quota.Use, reuse compliance.ImageReuse, openingID, eventID, releaseID string) (Rows, error) {
	dec := d.decision
	dec.DecidedAt = at.UTC()
	dec.Quotas = d.earlier
	if len(d.demands) > 0 {
		dec.Quotas = quotaUses(uses)
	}
	if s.o.Reuse.found(reuse) {
		dec.Checks, dec.Facts = marked(dec.Checks, dec.Facts, reuse)
	}
	ev := s.rules().Evaluate(dec.Facts, dec.Quotas)
	dec.Outcome, dec.Reasons, dec.Findings = ev.Outcome, ev.Reasons, ev.Findings
	if holds(dec.Outcome) && len(quota.Refused(uses)) > 0 {
		// A policy that overlooks its own limit must not open anything.
		return Rows{}, compliance.E(compliance.FaultInternal, "internal", "the policy approved what its limit refuses")
	}
	dec.WaitingOn, dec.Needed = ev.WaitingOn, ev.Needed
	switch dec.Outcome {
	case compliance.Pending:
		if dec.Deadline.IsZero() {
			dec.Deadline = dec.DecidedAt.Add(ev.Deadline)
		}
	case compliance.Approved:
		dec.Deadline = time.Time{}
		if ev.ApprovalValid > 0 && !d.job.opens {
			dec.ExpiresAt = dec.DecidedAt.Add(ev.ApprovalValid)
		}
	default:
		dec.Deadline = time.Time{}
	}
	rows := Rows{}
	if err := s.place(&rows, &dec, d, openingID, releaseID); err != nil {
		return Rows{}, err
	}
	event, canonical, err := compliance.NewDecisionEvent(eventID, dec)
	if err != nil {
		return Rows{}, err
	}
	rows.Decision = DecisionRow{
		Decision: dec, Canonical: canonical, Event: event, PersonID: d.enrolled.PersonID,
		LegalEntityID: d.job.caller.LegalEntityID, BizNo: d.job.ask.Request.BizNo, Parties: d.enrolled.Others,
		Channel: d.job.ask.Request.Channel, IdempotencyKey: d.job.key, RequestDigest: d.job.digest,
	}
	return rows, nil
}

// holds reports whether a slot is held under the outcome.
func holds(o compliance.Outcome) bool { return o == compliance.Approved || o == compliance.Pending }

// place reserves, keeps or releases the opening that the decision is about.
func (s *Service) place(rows *Rows, dec *compliance.Decision, d draft, openingID, releaseID string) error {
	lease := dec.DecidedAt.Add(s.lease(d.job.ask, dec.Product))
	if dec.Outcome == compliance.Pending {
		lease = dec.Deadline
	}
	switch {
	case d.reserved != nil && d.reserved.State == quota.Reserved && !holds(dec.Outcome):
		ev, err := compliance.NewEvent(releaseID, compliance.EventOpeningReleased, dec.TenantID, d.reserved.ID, dec.DecidedAt,
			map[string]string{"because": dec.ID})
		if err != nil {
			return err
		}
		rows.Update = &OpeningUpdate{ID: d.reserved.ID, State: quota.Released, Event: &ev}
		dec.Opening = &compliance.OpeningRef{ID: d.reserved.ID, State: string(quota.Released)}
	case d.reserved != nil && d.reserved.State != quota.Reserved:
		// The tenant gave it back, or its time ran out: the decision stands by itself.
		dec.Opening = &compliance.OpeningRef{ID: d.reserved.ID, State: string(d.reserved.State)}
	case d.reserved != nil:
		dec.Opening = &compliance.OpeningRef{ID: d.reserved.ID, State: string(quota.Reserved), LeaseUntil: lease}
		rows.Update = &OpeningUpdate{ID: d.reserved.ID, State: d.reserved.State, LeaseUntil: lease}
	case d.reserves && holds(dec.Outcome):
		dec.Opening = &compliance.OpeningRef{ID: openingID, State: string(quota.Reserved), LeaseUntil: lease}
		rows.Opening = &Opening{
			ID: openingID, TenantID: dec.TenantID, LegalEntityID: d.job.caller.LegalEntityID, PersonID: d.enrolled.PersonID,
			DecisionID: dec.ID, Product: dec.Product, State: quota.Reserved, LeaseUntil: lease, Origin: "gateway",
			ExternalRef: d.job.ask.ExternalRef, OpenedAt: dec.DecidedAt, CreatedAt: dec.DecidedAt, UpdatedAt: dec.DecidedAt,
			PredecessorID: d.job.ask.PredecessorID,
		}
	}
	return nil
}
