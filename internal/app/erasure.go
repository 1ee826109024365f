package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"realname/compliance"
	"realname/verify"
)

// ErasedKey is a data key that was looked at, in ids alone, and what became of it.
type ErasedKey struct {
	DataKey       string     `json:"data_key"`
	TenantID      string     `json:"tenant"`
	Relationship  string     `json:"relationship"`
	Class         string     `json:"retention_class"`
	MasterVersion int        `json:"master_version"`      // once it is destroyed, which backups hold, the erasure is complete
	Fate          string     `json:"fate"`                // erased, later, lasting, awaits or unasked
	Until         *time.Time `json:"not_before,omitzero"` // as is known now
	Asked         bool       `json:"asked"`
	Images        int        `json:"images"`        // entries of the index of images that went with it
	DocumentKeys  int        `json:"document_keys"` // that led to a person of whom nothing is left
}

// Erasure is a person's demand, made known by one of the person's verifications.
type Erasure struct {
	Verification string
	Relationship string // scene; empty: all that the tenant has of the person
	Basis        string // a token, such as pipl_47
	DryRun       bool
}

// EraseData erases what a tenant has of a person where the law lets it go, and keeps the rest for the law alone.
func (o *Operator) EraseData(ctx context.Context, e Erasure, found func(ErasedKey)) error {
	if !compliance.ValidID(compliance.PrefixDecision, e.Verification) {
		return errors.New("a person is named by one of the tenant's verifications, such as ver_00000000-0000-7000-8000-000000000000")
	}
	tenant, person, err := o.store.PersonOf(ctx, e.Verification)
	if errors.Is(err, verify.ErrNotFound) {
		return fmt.Errorf("no verification %s in the ledger", e.Verification)
	}
	if err != nil {
		return err
	}
	return o.erase(ctx, e.DryRun, &verify.ErasureAsked{TenantID: tenant, PersonID: person, Relationship: e.Relationship, Basis: e.Basis}, found)
}

// SweepErasures erases what the law wants kept no more, and tells found of each data key that was looked at.
func (o *Operator) SweepErasures(ctx context.Context, dryRun bool, found func(ErasedKey)) error {
	return o.erase(ctx, dryRun, nil, found)
}

func (o *Operator) erase(ctx context.Context, dryRun bool, asked *verify.ErasureAsked, found func(ErasedKey)) error {
	rules, err := o.ruling(ctx)
	if err != nil {
		return err
	}
	erased := 0
	err = verify.EraseData(ctx, o.store, o.ids, rules, dryRun, asked, func(e verify.Erased) {
		k := ErasedKey{
			DataKey: e.ID, TenantID: e.TenantID, Relationship: e.Relationship, Class: e.Class, MasterVersion: e.MasterVersion,
			Fate: string(e.Fate), Asked: e.Asked, Images: e.Images, DocumentKeys: e.DocumentKeys,
		}
		if !e.Until.IsZero() {
			k.Until = &e.Until
		}
		if e.Fate == verify.ErasureDone {
			erased++
		}
		found(k)
	})
	if err != nil || dryRun || erased == 0 {
		return err
	}
	return o.store.Scrub(ctx)
}
