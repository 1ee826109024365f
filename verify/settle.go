package verify

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"realname/compliance"
	"realname/compliance/vault"
	"realname/ratelimit/quota"
)

const settlePage = 64

// AddEvidence gives a pending or reviewed verification more evidence and
// decides again: a new version with its own event and receipt.
func (s *Service) AddEvidence(ctx context.Context, c Caller, key, id string, more []Evidence) (Answer, error) {
	if key == "" {
		return Answer{}, compliance.E(compliance.FaultInvalid, "idempotency_key_missing", "creation needs an Idempotency-Key header")
	}
	leave, err := s.enter(c.TenantID, key)
	if err != nil {
		return Answer{}, err
	}
	defer leave()
	text, err := json.Marshal(struct {
		ID   string           `json:"id"`
		More []sealedEvidence `json:"evidence"`
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
	stored, err := s.Ledger.Decision(ctx, c.TenantID, id)
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
	rows, err := s.again(ctx, c, stored.DecisionRow, more, key, s.Vault.RequestDigest(text))
	if err != nil {
		return Answer{}, err
	}
	return s.found(ctx, c, Stored{DecisionRow: rows.Decision}, nil)
}

// Settle runs what pending decisions wait for, where it can be run now, and
// returns how many of them were settled. It stops at the first ledger error.
func (s *Service) Settle(ctx context.Context) (int, error) {
	settled, after := 0, ""
	for {
		page, err := s.Ledger.PendingDecisions(ctx, after, settlePage)
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
				s.Log.Warn("a pending verification could not be settled", "verification", p.Decision.ID, "code", compliance.CodeOf(err))
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
	return !s.Now().Before(d.Deadline) || s.Authority.Ready()
}

// errUnchanged says that nothing new was found, so that no version was made.
var errUnchanged = errors.New("verify: nothing new was found")

// again decides once more on what is stored, what can be run now, and what is added.
func (s *Service) again(ctx context.Context, c Caller, row DecisionRow, more []Evidence, key, digest string) (Rows, error) {
	dk, err := s.Ledger.DataKey(ctx, row.Decision.TenantID, row.DataKeyID)
	if err != nil {
		return Rows{}, ledgerError(err)
	}
	sealer, err := s.Vault.Sealer(dk)
	if err != nil {
		return Rows{}, vaultError(err)
	}
	clear, err := openRequest(sealer, row)
	if err != nil {
		return Rows{}, vaultError(err)
	}
	ask := clear.ask()
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
	if err := s.execute(ctx, a, d.demands, d.earlier); err != nil {
		return Rows{}, s.refused(ctx, d.job, err)
	}
	if len(more) == 0 && !a.facts.Waited && !changed(row.Decision.Checks, a) {
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
	a := newAssessment(c, &ask.Request, earlier.Facts.HasOpening, s.Now())
	a.local()
	for name, check := range checksByName(earlier.Checks) {
		// What was found stands; new evidence replaces only its own checks.
		_, rerun := a.checks[name]
		if rerun && len(more) > 0 || hasPhoto(more) && slices.Contains(photoChecks, name) {
			continue
		}
		a.set(check)
	}
	a.facts.Date = earlier.Facts.Date // the anchor of every clause is the application
	a.facts.Waited = !earlier.Deadline.IsZero() && !a.now.Before(earlier.Deadline)
	a.list()
	a.await(s.Policy.Needs(a.facts))
	if a.waits(compliance.CheckDocumentPhoto) {
		for i := range ask.Request.Evidence {
			e := &ask.Request.Evidence[i]
			if e.Kind != compliance.EvidenceDocumentPhoto || len(e.Content) > 0 {
				continue
			}
			if err := s.load(ctx, c, e); err != nil {
				return nil, err
			}
		}
	}
	return a, nil
}

// standing finds out whether the opening that an earlier version reserved still
// holds its slot; if it does not, the slot must be counted again.
func (s *Service) standing(ctx context.Context, d *draft, row DecisionRow) error {
	if !d.job.opens {
		return nil
	}
	if ref := row.Decision.Opening; ref != nil {
		o, err := s.Ledger.Opening(ctx, d.job.caller.TenantID, ref.ID)
		if err != nil {
			return ledgerError(err)
		}
		if !o.State.Final() && (o.State != quota.Reserved || d.assessment.now.Before(o.LeaseUntil)) {
			d.reserved = &o
			return nil
		}
	}
	d.reserves = true
	d.demands = s.demands(d.assessment, d.job.caller, row.PersonID)
	return nil
}

func changed(before []compliance.Check, a *assessment) bool {
	for _, c := range before {
		if now, ok := a.checks[c.Name]; !ok || now.Result != c.Result {
			return true
		}
	}
	return len(before) != len(a.checks)
}

func (s *Service) sealerOf(ctx context.Context, row DecisionRow) (*vault.Sealer, error) {
	dk, err := s.Ledger.DataKey(ctx, row.Decision.TenantID, row.DataKeyID)
	if err != nil {
		return nil, ledgerError(err)
	}
	sealer, err := s.Vault.Sealer(dk)
	if err != nil {
		return nil, vaultError(err)
	}
	return sealer, nil
}

// ExpireLeases ends the reservations whose lease is over.
func (s *Service) ExpireLeases(ctx context.Context) (int, error) {
	n, err := s.Ledger.ExpireLeases(ctx, settlePage, func(at time.Time, o Opening) (compliance.Event, error) {
		return compliance.NewEvent(s.IDs.New(compliance.PrefixEvent), compliance.EventOpeningExpired, o.TenantID, o.ID, at,
			map[string]string{"from": string(o.State), "to": string(quota.Expired)})
	})
	if err != nil {
		return n, ledgerError(err)
	}
	if n > 0 {
		s.OnCommit()
	}
	return n, nil
}
