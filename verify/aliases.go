package verify

import (
	"context"

	"realname/compliance/vault"
)

// Aliases are the document keys of everybody whom the sealed request behind a decision names, one list a document or
// number, under every live version: so that a new master key leads to them too. `personal_data_erased` when the request is
// kept no longer.
func (s *Service) Aliases(ctx context.Context, row *DecisionRow) ([][]vault.DocumentKey, error) {
	dk, err := s.o.Ledger.DataKey(ctx, row.Decision.TenantID, row.DataKeyID)
	if err != nil {
		return nil, ledgerError(err)
	}
	dk.StorageOnly = false // what is stored stays under the keys that are in use
	sealer, err := s.o.Vault.Sealer(dk)
	if err != nil {
		return nil, vaultError(err)
	}
	clear, err := openRequest(sealer, *row)
	if err != nil {
		return nil, vaultError(err)
	}
	ask := clear.ask()
	a := s.newAssessment(Caller{TenantID: row.Decision.TenantID, LegalEntityID: row.LegalEntityID}, &ask.Request, clear.WantsOpening)
	a.now = row.Decision.DecidedAt // what could be read of a document then, can be read of it
	a.local()
	var out [][]vault.DocumentKey
	if !a.holder.Number.IsZero() {
		keys, err := s.documentKeys(a.holder)
		if err != nil {
			return nil, err
		}
		out = append(out, keys)
	}
	others, err := s.others(a)
	if err != nil {
		return nil, err
	}
	for _, o := range others {
		out = append(out, o.Keys)
	}
	return out, nil
}
