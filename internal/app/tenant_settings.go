package app

import (
	"context"

	"realname/compliance"
	"realname/compliance/policy"
)

// TenantSettings are what a tenant demands of its own requests beyond the clauses.
type TenantSettings = policy.TenantSettings

// SetTenantSettings judges a file of settings by the policy that decides and puts it in the place of all earlier ones.
// What would loosen a clause is refused with the clause's name; of a broken file the error has PolicyFaults.
func (o *Operator) SetTenantSettings(ctx context.Context, tenantID, name string, text []byte) (TenantSettings, error) {
	d, err := o.desk(ctx, tenantID)
	if err != nil {
		return TenantSettings{}, err
	}
	s, err := d.policy.ReadTenantSettings(name, text, d.LimitsInForce(d.caller))
	if err != nil {
		return s, err
	}
	ev, err := compliance.NewEvent(o.ids.New(compliance.PrefixEvent), compliance.EventTenantSettingsSet, tenantID, tenantID, o.now(), s)
	if err != nil {
		return s, err
	}
	return s, o.store.SetTenantSettings(ctx, tenantID, s, ev)
}

// TenantSettings are those that stand.
func (o *Operator) TenantSettings(ctx context.Context, tenantID string) (TenantSettings, error) {
	if _, err := o.desk(ctx, tenantID); err != nil {
		return TenantSettings{}, err
	}
	s, err := o.store.TenantSettings(ctx, tenantID)
	if err != nil {
		return s, err
	}
	s.Limits, err = o.store.TenantLimits(ctx, tenantID)
	return s, err
}
