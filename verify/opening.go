package verify

import (
	"context"
	"errors"

	"realname/compliance"
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
