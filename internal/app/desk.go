package app

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"time"

	"realname/compliance"
	"realname/compliance/policy"
	"realname/compliance/vault"
	"realname/internal/sqlstore"
	"realname/ratelimit/velocity/local"
	"realname/verify"
	"realname/verify/idnumber"
)

// desk is one tenant's service in the hands of the operator.
type desk struct {
	*verify.Service
	caller verify.Caller
	policy *policy.Policy
}

// desk opens the service for a tenant, under the policy that decides and the division codes of the configuration.
func (o *Operator) desk(ctx context.Context, tenantID string) (desk, error) {
	tenants, err := o.store.Tenants(ctx)
	if err != nil {
		return desk{}, err
	}
	i := slices.IndexFunc(tenants, func(t sqlstore.Tenant) bool { return t.ID == tenantID })
	if i < 0 || tenants[i].Sector == compliance.SectorRegulator {
		return desk{}, fmt.Errorf("no tenant %s that opens anything; `realname tenant list` shows them", tenantID)
	}
	service, rules, err := o.service(ctx)
	if err != nil {
		return desk{}, err
	}
	t := tenants[i]
	return desk{
		Service: service,
		caller:  verify.Caller{TenantID: t.ID, LegalEntityID: t.LegalEntityID, Role: compliance.RoleTenant, Sector: t.Sector, Region: t.Region},
		policy:  rules,
	}, nil
}

// service is the gateway's service without what asks others, under the policy that decides.
func (o *Operator) service(ctx context.Context) (*verify.Service, *policy.Policy, error) {
	rules, err := o.ruling(ctx)
	if err != nil {
		return nil, nil, err
	}
	areas, err := ReadAreas(o.config)
	if err != nil {
		return nil, nil, err
	}
	safe, err := vault.Over(o.keys.master, rand.Reader, time.Now)
	if err != nil {
		return nil, nil, err
	}
	windows, err := local.New(local.Options{Source: o.store, Now: o.now}) // as the ledger has them, without what is under way
	if err != nil {
		return nil, nil, err
	}
	return verify.New(verify.Options{
		Ledger: o.store, Vault: safe, Policy: rules, IDs: o.ids, Now: o.now, Numbers: idnumber.NewChecker(areas), Velocities: windows,
	}), rules, nil
}
