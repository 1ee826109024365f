package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"realname/compliance"
	"realname/compliance/policy"
	"realname/compliance/vault"
	"realname/imaging"
	"realname/ratelimit/quota"
)

const settlePage = 64

// AddEvidence gives a pending or reviewed verification more evidence and
// decides again: a new version with its own event and receipt.
func (s *Service) AddEvidence(ctx context.Context, c Caller, key, id string, more []Evidence) (Answer, error) {
	leave, err := s.enter(c.TenantID, key)
	if err != nil {
		return Answer{}, err
	}
	defer leave()
	text, err := json.Marshal(struct {
		ID   string          `json:"id"`
		More []clearEvidence `json:"evidence"`
	}{id, evidenceInClear(more)})
	if err != nil {
		return Answer{}, err
	}
	if a, found, err := s.replay(ctx, c, key, text); found || err != nil {
		return a, err
	}
	if !compliance.ValidID(compliance.PrefixDecision, id) {
		return Answer{}, errNoVerification()
	}
	stored, err := s.o.Ledger.Decision(ctx, c.TenantID, id)
	if errors.Is(err, ErrNotFound) {
		return Answer{}, errNoVerification()
	}
	if err != nil {
		return Answer{}, ledgerError(err)
	}
	if stored.Decision.Outcome.Final() {
		return Answer{}, compliance.E(compliance.FaultConflict, "verification_settled", "the verification is already decided")
	}
	more = slices.Clone(more)
	if err := s.gather(ctx, c, endpointMoreEvidence, more); err != nil {
		return Answer{}, err
	}
	digest, err := s.digest(text)
	if err != nil {
		return Answer{}, err
	}
	rows, err := s.again(ctx, c, stored.DecisionRow, more, key, digest)
	if err != nil {
		return Answer{}, err
	}
	return s.found(ctx, c, Stored{DecisionRow: rows.Decision}, nil)
}

// Settle runs what pending decisions wait for, where it can be run now, and
// returns how many of them were settled. One that cannot be settled is logged
// and passed over.
func (s *Service) Settle(ctx context.Context) (int, error) {
	settled, after := 0, ""
	for {
		page, err := s.o.Ledger.PendingDecisions(ctx, after, settlePage)
		if err != nil {
			return settled, ledgerError(err)
		}
		for _, p := range page {
			after = p.Decision.ID
			if !s.due(p.Decision) {
				continue
			}
			caller := Caller{TenantID: p.Decision.TenantID, LegalEntityID: p.LegalEntityID, Sector: p.Decision.Facts.Sector}
			rows, err := s.again(ctx, caller, p.DecisionRow, nil, "", "")
			switch {
			case errors.Is(err, errUnchanged):
			case compliance.CodeOf(err) == "verification_changed":
			case err != nil:
				s.o.Log.Warn("a pending verification could not be settled", "verification", p.Decision.ID, "code", compliance.CodeOf(err))
			case rows.Decision.Decision.Outcome != compliance.Pending:
				settled++
			}
		}
		if len(page) < settlePage || ctx.Err() != nil {
			return settled, ctx.Err()
		}
	}
}

// due reports whether a pending decision has a chance of being settled now.
func (s *Service) due(d compliance.Decision) bool {
	if !s.o.Now().Before(d.Deadline) {
		return true
	}
	return slices.ContainsFunc(d.WaitingOn, func(check string) bool {
		if check == policy.WaitsForVelocity {
			return true
		}
		if slices.Contains(photoChecks, check) {
			return s.o.PhotosReady()
		}
		return s.o.Authority.Ready()
	})
}

// errUnchanged says that nothing new was found, so that no version was made.
var errUnchanged = errors.New("verify: nothing new was found")

// again decides once more on what is stored, what can be run now, and what is added.
func (s *Service) again(ctx context.Context, c Caller, row DecisionRow, more []Evidence, key, digest string) (Rows, error) {
	s = s.underOf(ctx, row.Decision.PolicyDigest)
	dk, sealer, err := s.sealer(ctx, row.Decision.TenantID, row.DataKeyID)
	if err != nil {
		return Rows{}, err
	}
	clear, err := openRequest(sealer, row)
	if err != nil {
		return Rows{}, vaultError(err)
	}
	ask := clear.ask()
	if len(ask.Request.Evidence)+len(more) > maxEvidence {
		return Rows{}, errTooMuchEvidence()
	}
	ask.Request.Evidence = append(ask.Request.Evidence, more...)
	clear.Evidence = append(clear.Evidence, evidenceInClear(more)...)
	a, err := s.resume(ctx, c, row, &ask, more)
	if err != nil {
		return Rows{}, err
	}
	d := draft{
		assessment: a, enrolled: Enrolled{PersonID: row.PersonID, DataKey: dk}, earlier: row.Decision.Quotas,
		job: job{caller: c, endpoint: endpointMoreEvidence, ask: ask, clear: clear, opens: clear.WantsOpening, key: key, digest: digest},
	}
	if err := s.standing(ctx, &d, row); err != nil {
		return Rows{}, err
	}
	if !a.facts.Waited { // what comes after the deadline comes too late
		var take func() error
		if windowsLost(row.Decision.Facts.Velocities) || d.reserves { // what a review held for an opening came back
			take = func() error {
				return s.hold(ctx, a, c, d.enrolled, fmt.Sprintf("%s/%d", row.Decision.ID, row.Decision.Version+1))
			}
		}
		err = s.execute(ctx, a, d.demands, d.earlier, take)
	}
	if upload, ok := errors.AsType[*imaging.UploadError](err); ok && !hasPhoto(more) {
		a.undecodable(upload) // it was taken in while no worker could look
		err = nil
	}
	if err != nil {
		return Rows{}, s.refused(ctx, d.job, a, err)
	}
	if len(more) == 0 && !a.facts.Waited && !changed(row.Decision.Checks, a) && windowsLost(a.facts.Velocities) == windowsLost(row.Decision.Facts.Velocities) &&
		slices.Equal(a.facts.Determinations, row.Decision.Facts.Determinations) {
		s.dropHold(ctx, a.held)
		return Rows{}, errUnchanged
	}
	d.decision = s.draft(d.job, a)
	d.decision.ID, d.decision.Version = row.Decision.ID, row.Decision.Version+1
	d.decision.Deadline, d.decision.Consumes = row.Decision.Deadline, row.Decision.Consumes
	return s.commit(ctx, d)
}

// resume rebuilds the assessment of an earlier version.
func (s *Service) resume(ctx context.Context, c Caller, row DecisionRow, ask *OpeningRequest, more []Evidence) (*assessment, error) {
	earlier := row.Decision
	a := s.newAssessment(c, &ask.Request, earlier.Facts.HasOpening)
	a.local()
	for name, check := range checksByName(earlier.Checks) {
		// What was found stands; new evidence replaces only its own checks.
		again := hasPhoto(more) && slices.Contains(photoChecks, name)
		// An authority that had no record may have one by now.
		again = again || len(more) > 0 && check.Group == groupAuthority && check.Result == compliance.Inconclusive
		if !again {
			a.set(check)
		}
	}
	a.personID = row.PersonID
	a.attest(more)
	a.facts.Date = earlier.Facts.Date // the anchor of every clause is the application
	a.facts.Velocities, a.facts.Own = earlier.Facts.Velocities, earlier.Facts.Own
	if err := s.determined(ctx, a, c, row.PersonID); err != nil { // what was determined meanwhile binds
		return nil, err
	}
	a.facts.Waited = !earlier.Deadline.IsZero() && !a.now.Before(earlier.Deadline)
	a.list()
	a.await(s.rules().Needs(a.facts))
	if _, here := a.front(); here || a.facts.Waited || !a.waits(photoChecks...) {
		return a, nil
	}
	for i := range slices.Backward(ask.Request.Evidence) {
		e := &ask.Request.Evidence[i]
		if e.Kind == compliance.EvidenceDocumentPhoto && e.Side != string(imaging.SideBack) && e.Locator == "" {
			return a, s.load(ctx, c, e)
		}
	}
	return a, nil
}

// standing finds whom the request counts by, and the opening that a pending
// version reserved; a reviewed one holds no slot, which must be counted anew.
func (s *Service) standing(ctx context.Context, d *draft, row DecisionRow) error {
	var err error
	if d.enrolled.Others, err = s.o.Ledger.DecisionParties(ctx, d.job.caller.TenantID, row.Decision.ID, row.Decision.Version); err != nil {
		return ledgerError(err)
	}
	if !d.job.opens {
		return nil
	}
	if ref := row.Decision.Opening; ref != nil && row.Decision.Outcome == compliance.Pending {
		o, err := s.o.Ledger.Opening(ctx, d.job.caller.TenantID, ref.ID)
		if err != nil {
			return ledgerError(err)
		}
		d.reserved = &o
		return nil
	}
	d.reserves = true
	d.demands, err = s.demands(ctx, d.assessment.facts, d.job.caller, d.enrolled)
	return err
}

func changed(before []compliance.Check, a *assessment) bool {
	for _, c := range before {
		if now, ok := a.checks[c.Name]; !ok || now.Result != c.Result {
			return true
		}
	}
	return len(before) != len(a.checks)
}

// sealer unwraps a data key of the tenant.
func (s *Service) sealer(ctx context.Context, tenantID, dataKeyID string) (vault.DataKey, *vault.Sealer, error) {
	dk, err := s.o.Ledger.DataKey(ctx, tenantID, dataKeyID)
	if err != nil {
		return dk, nil, ledgerError(err)
	}
	sealer, err := s.o.Vault.Sealer(dk)
	if err != nil {
		return dk, nil, vaultError(err)
	}
	return dk, sealer, nil
}

// ExpireLeases ends the reservations whose lease is over, and returns how many.
func (s *Service) ExpireLeases(ctx context.Context) (int, error) {
	total := 0
	for {
		n, err := s.expire(ctx)
		total += n
		if n < settlePage || err != nil || ctx.Err() != nil {
			return total, err
		}
	}
}

func (s *Service) expire(ctx context.Context) (int, error) {
	var ended []string
	n, err := s.o.Ledger.ExpireLeases(ctx, settlePage, func(at time.Time, o Opening) (compliance.Event, error) {
		ended = append(ended, o.DecisionID)
		return compliance.NewEvent(s.o.IDs.New(compliance.PrefixEvent), compliance.EventOpeningExpired, o.TenantID, o.ID, at,
			map[string]string{"from": string(o.State), "to": string(quota.Expired)})
	})
	if err != nil {
		return n, ledgerError(err)
	}
	if n > 0 {
		s.o.OnCommit()
	}
	for _, id := range ended {
		s.giveBack(ctx, id)
	}
	return n, nil
}
