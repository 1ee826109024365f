package app

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/note"

	"realname/compliance"
	"realname/compliance/auditlog"
	"realname/compliance/signing"
	"realname/internal/httpapi"
	"realname/verify"
)

// FieldRequest asks for one input of a decision in clear, with what proves it.
type FieldRequest = verify.FieldRequest

// DiscloseField returns the file that proves one input of a decision of any
// tenant, the newest version when none is named. That it leaves is an event.
func (o *Operator) DiscloseField(ctx context.Context, id string, ask FieldRequest) ([]byte, error) {
	if !compliance.ValidID(compliance.PrefixDecision, id) || ask.Version < 0 {
		return nil, fmt.Errorf("%q is no id of a decision, such as ver_00000000-0000-7000-8000-000000000000, or its version is below 1", id)
	}
	stored, err := o.store.AnyDecision(ctx, id, ask.Version)
	if errors.Is(err, verify.ErrNotFound) {
		return nil, fmt.Errorf("no decision %s in this version in the ledger", id)
	}
	if err != nil {
		return nil, err
	}
	proof, err := o.reader().Proof(ctx, stored.Event.ID)
	if errors.Is(err, auditlog.ErrNotYet) {
		return nil, fmt.Errorf("decision %s is not in the published log yet: the gateway publishes it, within a second of running", id)
	}
	if err != nil {
		return nil, err
	}
	d, err := o.desk(ctx, stored.Decision.TenantID)
	if err != nil {
		return nil, err
	}
	ask.Version = stored.Decision.Version
	field, err := d.DiscloseField(ctx, d.caller, id, ask)
	if err != nil {
		return nil, err
	}
	return httpapi.EncodeDisclosure(field, proof)
}

// reader reads the published log beside the gateway that writes it.
func (o *Operator) reader() *auditlog.Reader {
	return auditlog.NewReader(auditlog.Options{
		Origin: o.config.Log.Origin, Verifiers: verifiersOf(o.keys.known), Ledger: o.store.Log(), Storage: auditlog.ReadFolder(o.config.LogFolder()),
	})
}

func verifiersOf(keys []*signing.Key) *signing.Verifiers {
	var list []note.Verifier
	for _, k := range keys {
		list = append(list, k.Verifier())
	}
	return signing.NewVerifiers(list...)
}
