package verify

import (
	"context"
	"errors"
	"strconv"

	"realname/compliance"
	"realname/compliance/vault"
	"realname/verify/reference"
)

// FieldRequest asks for one input of a decision in clear, with what proves it.
type FieldRequest struct {
	Version    int    // of the decision, from 1
	Field      string // as its commitments name it, such as party.0.holder.document
	Recipient  string // the tenant's own reference of who gets it: printable ASCII, at most MaxRecipient
	Purpose    string // a token
	LegalBasis string // a token; without one nothing leaves
}

// DisclosedField is one input of a decision in clear.
type DisclosedField struct {
	Commitment compliance.Commitment
	Value      Secret
	Salt       []byte // with it anyone can check that Commitment is to Value
}

// DiscloseField opens one input of a decision that the log commits to, and
// nothing else of it. Who asked, for whom and why is an event that is durable
// before the value is returned.
func (s *Service) DiscloseField(ctx context.Context, c Caller, id string, ask FieldRequest) (DisclosedField, error) {
	for at, word := range map[string]string{"/purpose": ask.Purpose, "/legal_basis": ask.LegalBasis} {
		if !wordPattern.MatchString(word) {
			return DisclosedField{}, compliance.E(compliance.FaultInvalid, "validation_failed", "say why the field is disclosed").At(at)
		}
	}
	if !reference.WellFormed(ask.Recipient) || reference.Personal(ask.Recipient) || len(ask.Recipient) > MaxRecipient {
		return DisclosedField{}, compliance.E(compliance.FaultInvalid, "validation_failed", "say to whom the field is disclosed").At("/recipient")
	}
	stored, err := s.o.Ledger.DecisionVersion(ctx, c.TenantID, id, ask.Version)
	if errors.Is(err, ErrNotFound) {
		return DisclosedField{}, errNoVerification()
	}
	if err != nil {
		return DisclosedField{}, ledgerError(err)
	}
	_, sealer, err := s.sealer(ctx, c.TenantID, stored.DataKeyID)
	if err != nil {
		return DisclosedField{}, err
	}
	clear, err := openRequest(sealer, stored.DecisionRow)
	if err != nil {
		return DisclosedField{}, vaultError(err)
	}
	out, err := clear.field(stored.Decision.Commitments, ask.Field)
	if err != nil {
		return DisclosedField{}, err
	}
	by := c.KeyID
	if by == "" {
		by = operatorKey
	}
	ev, err := compliance.NewEvent(s.o.IDs.New(compliance.PrefixEvent), compliance.EventFieldDisclosed, c.TenantID, id, s.o.Now(), map[string]string{
		"by": by, "field": ask.Field, "version": strconv.Itoa(ask.Version), "recipient": ask.Recipient, "purpose": ask.Purpose, "legal_basis": ask.LegalBasis,
	})
	if err != nil {
		return DisclosedField{}, err
	}
	if err := s.o.Ledger.Append(ctx, ev); err != nil {
		return DisclosedField{}, ledgerError(err)
	}
	s.o.OnCommit()
	return out, nil
}

// field finds one input with its salt; it never returns what its commitment is not to.
func (c *clearRequest) field(commitments []compliance.Commitment, name string) (DisclosedField, error) {
	for _, commitment := range commitments {
		if commitment.Field != name {
			continue
		}
		out := DisclosedField{Commitment: commitment, Value: Secret(c.inputs()[name]), Salt: c.Salts[name]}
		if !vault.VerifyCommitment(commitment, out.Salt, []byte(out.Value.Reveal())) {
			return DisclosedField{}, vaultError(vault.ErrSealBroken)
		}
		return out, nil
	}
	return DisclosedField{}, compliance.E(compliance.FaultNotFound, "field_not_committed", "the decision commits to no such field").At("/field")
}
