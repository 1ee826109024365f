package app

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/note"

	"realname/compliance"
	"realname/compliance/auditlog"
	"realname/compliance/receipt/witness"
	"realname/compliance/signing"
	"realname/internal/config"
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
	published, err := o.reader()
	if err != nil {
		return nil, err
	}
	proof, err := published.Proof(ctx, stored.Event.ID)
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
func (o *Operator) reader() (*auditlog.Reader, error) {
	of := auditlog.Options{Origin: o.config.Log.Origin, Ledger: o.store.Log(), Storage: auditlog.ReadFolder(o.config.LogFolder())}
	if err := witnessed(&of, o.config.Log, o.keys.known); err != nil {
		return nil, err
	}
	return auditlog.NewReader(of), nil
}

// witnessed puts the witnesses of a configuration into o, and the keys by which
// checkpoints are known: the log's own and those of the witnesses.
func witnessed(o *auditlog.Options, c config.Log, own []*signing.Key) error {
	var list []note.Verifier
	for _, k := range own {
		list = append(list, k.Verifier())
	}
	o.Quorum = c.Quorum
	for _, w := range c.Witnesses {
		keys, err := signing.ParseVerifiers(w.Key)
		if err != nil {
			return fmt.Errorf("app: log.witnesses: the key of %s: %w", w.URL, err)
		}
		if id := keys.IDs()[0]; keys.SuiteOf(id) != signing.Cosignature {
			return fmt.Errorf("app: log.witnesses: %s is no key of a witness", id)
		}
		verifier := keys.Verifiers()[0]
		o.Witnesses = append(o.Witnesses, &witness.Client{URL: w.URL, Verifier: verifier})
		list = append(list, verifier)
	}
	o.Verifiers = signing.NewVerifiers(list...)
	return nil
}
