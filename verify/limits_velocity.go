package verify

import (
	"context"
	"errors"
	"slices"
	"time"

	"realname/compliance"
	"realname/compliance/policy"
	"realname/ratelimit/quota"
	"realname/ratelimit/velocity"
	"realname/verify/idnumber"
)

// WindowUse is one velocity and how much of its window is used.
type WindowUse struct {
	Velocity policy.Velocity
	Clause   policy.Clause
	Use      velocity.Use // zero where not Executed
	Executed bool         // false: the store of the windows could not be asked
}

// Full reports whether there is no room for one more.
func (w WindowUse) Full() bool { return w.Executed && !w.Use.Admits() }

// windowUses looks into the windows over the person in every role, over the phone number where one was given, and over
// the tenant. What runs over agents, outlets, clerks, devices, networks and bank accounts tells nothing of the person and
// is left out.
func (s *Service) windowUses(ctx context.Context, c Caller, f LookedUp, phone bool, on idnumber.Date) ([]WindowUse, error) {
	var out []WindowUse
	var limits []velocity.Limit
	var of []int // the limit of each: what two clauses say of one window is asked once
	for _, v := range s.rules().VelocitiesOf(c.Sector, scenesOf(c.Sector), on.String()) {
		id := f.PersonID
		switch {
		case v.Per == compliance.PartTenant:
			id = c.TenantID
		case v.Per == string(quota.Phone) && phone:
			id = f.PhoneID
		case !slices.Contains(compliance.PartyRoles(), compliance.PartyRole(v.Per)):
			continue
		}
		clause, _ := s.rules().Clause(v.Clause, on.String())
		var k int
		limits, k = withWindow(limits, limitOf(v, v.Per+":"+id))
		out, of = append(out, WindowUse{Velocity: v, Clause: clause}), append(of, k)
	}
	for from := 0; from < len(limits); from += velocity.MaxLimits {
		uses, err := s.o.Velocities.Uses(ctx, limits[from:min(from+velocity.MaxLimits, len(limits))])
		if errors.Is(err, velocity.ErrUnavailable) {
			continue
		}
		if err != nil {
			return nil, ledgerError(err)
		}
		for i := range out {
			if k := of[i] - from; k >= 0 && k < len(uses) {
				out[i].Use, out[i].Executed = uses[k], true
				if out[i].Use.Max = out[i].Velocity.Max; out[i].Use.Admits() {
					out[i].Use.FreesAt = time.Time{} // that of another clause, which is stricter
				}
			}
		}
	}
	return out, nil
}
