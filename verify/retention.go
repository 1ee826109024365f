package verify

import (
	"slices"

	"realname/compliance"
	"realname/compliance/policy"
	"realname/compliance/vault"
)

// kept says what becomes of the content of evidence under a decision. While the
// decision is open somebody still looks at it; once it is approved, a clause may
// want it kept; in every other case it goes, and its digest stays.
func (s *Service) kept(evidence []EvidenceRow, d compliance.Decision) []EvidenceRow {
	out := slices.Clone(evidence)
	if !d.Outcome.Final() {
		return out
	}
	retained := s.rules().Retained(d.Facts)
	for i := range out {
		e := &out[i]
		for _, r := range retained {
			if r.Evidence != e.Kind || d.Outcome != compliance.Approved {
				continue
			}
			// The relationship that the years run from ends today at the earliest.
			if r.Years > e.KeepYears {
				e.KeptBy, e.KeepYears, e.KeepUntil = r.Clause, r.Years, policy.TermEnd(d.DecidedAt, r.Years)
			}
		}
		if e.KeptBy == "" {
			e.Sealed, e.Released = nil, true
		}
	}
	return out
}

// reseal makes the row of a piece that is in the ledger: its decision is noted,
// and its content comes under the seal of the person, whom nobody knew while it
// was uploaded.
func reseal(sealer *vault.Sealer, d *draft, e *Evidence) (EvidenceRow, error) {
	row := EvidenceRow{ID: e.ID, TenantID: d.job.caller.TenantID, DecisionID: d.decision.ID, Kind: e.Kind}
	if len(e.Content) == 0 {
		return row, nil
	}
	sealed, err := sealer.Seal(chunkField, chunkRecord(e.ID, 0), e.Content)
	if err != nil {
		return row, vaultError(err)
	}
	row.Sealed, row.DataKeyID = sealed, sealer.DataKeyID()
	return row, nil
}
