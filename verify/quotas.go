package verify

import (
	"context"
	"slices"
	"strings"

	"realname/compliance"
	"realname/compliance/policy"
	"realname/ratelimit/quota"
	"realname/verify/idnumber"
)

// parts are who and what a request can be counted by beside its holder: the roles of the other parties, and the
// holder's phone number. One that cannot be read is a part too, so that its limits are not evaded.
func parts(r *Request) []string {
	var out []string
	for _, p := range r.Parties {
		switch {
		case p.Role != compliance.RoleHolder:
			out = append(out, string(p.Role))
		default:
			out = append(out, given(map[string]bool{string(quota.Phone): p.Phone != "", string(quota.Account): p.Account != ""})...)
		}
	}
	out = append(out, given(map[string]bool{
		compliance.PartChannelAgent: r.Channel.ChannelAgent != "", compliance.PartOutlet: r.Channel.Outlet != "",
		compliance.PartClerk: r.Channel.Clerk != "", compliance.PartTerminal: r.Channel.Terminal != "",
		compliance.PartNetwork: r.Channel.Network != "", compliance.PartDevice: len(devices(r)) > 0,
	})...)
	slices.Sort(out)
	return slices.Compact(out)
}

func given(parts map[string]bool) []string {
	var out []string
	for part, here := range parts {
		if here {
			out = append(out, part)
		}
	}
	return out
}

// others are the parts of the request that have a number to count them by.
func (s *Service) others(a *assessment) ([]Other, error) {
	var out []Other
	var failed error
	type number struct{ part, kind, state, text string }
	seen := map[number]bool{}
	add := func(n number, prefix compliance.Prefix) {
		if n.text == "" || seen[n] || failed != nil {
			return
		}
		seen[n] = true
		keys, err := s.o.Vault.DocumentKeys(n.kind, n.state, n.text)
		failed = vaultError(err)
		out = append(out, Other{Part: quota.Part(n.part), Keys: keys, NewID: s.o.IDs.New(prefix)})
	}
	today := idnumber.DateOf(a.now)
	for _, p := range a.req.Parties {
		if p.Role == compliance.RoleHolder {
			add(number{string(quota.Phone), string(idnumber.MobilePhone), "CHN", s.phone(p.Phone, today)}, compliance.PrefixPhone)
			add(number{string(quota.Account), "bank_account", "", digits(p.Account)}, compliance.PrefixAccount)
			continue
		}
		r := s.numbers.document(p.Document, today)
		if subject := subjectOf(&r, p.Document); r.Status != idnumber.Invalid && a.suits(p, r.Kind.Class()) && !subject.Number.IsZero() {
			add(number{string(p.Role), string(subject.Kind), subject.State.String(), subject.Number.Reveal()}, compliance.PrefixPerson)
		}
	}
	return out, failed
}

// phone is the one writing of a phone number: canonical where it is of the mainland's plan, else its digits.
func (s *Service) phone(number Secret, on idnumber.Date) string {
	if r := s.numbers(idnumber.MobilePhone, number.Reveal(), on); r.Status != idnumber.Invalid {
		return r.Canonical.Reveal()
	}
	return digits(number)
}

func digits(number Secret) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, number.Reveal())
}

// demands are the quota families that the request touches. A family whose part has no number is left out: the policy
// sees that it was not counted.
func (s *Service) demands(ctx context.Context, f compliance.Facts, c Caller, e Enrolled) ([]quota.Demand, error) {
	if !f.HasOpening || e.PersonID == "" {
		return nil, nil
	}
	own, err := s.o.Ledger.TenantLimits(ctx, c.TenantID)
	if err != nil {
		return nil, ledgerError(err)
	}
	var out []quota.Demand
	for _, l := range s.rules().Limits(f) {
		if l, binds := binding(l, own); binds {
			out = append(out, Demands(l, c, e)...)
		}
	}
	return out, nil
}

// binding is the limit as the tenant's own settings leave it; false where it is the tenant's to set and was not.
func binding(l policy.Limit, own map[string]int) (policy.Limit, bool) {
	most, set := own[l.Family]
	if set {
		l.Max = min(l.Max, most)
	}
	return l, set || !l.TenantSets
}

// Demands are the demands of one limit: one for each party in the role that it counts by.
func Demands(l policy.Limit, c Caller, e Enrolled) []quota.Demand {
	d := quota.Demand{
		Family: l.Family, Clause: l.Clause, Reason: l.Reason, Products: l.Products, Counts: quota.Counting(l.Counts), Mode: quota.Mode(l.Mode),
		Person: e.PersonID, Entity: c.LegalEntityID, Whole: true, Max: l.Max, Want: 1,
	}
	for _, state := range l.States {
		d.States = append(d.States, quota.State(state))
	}
	all := []quota.Demand{d}
	for _, per := range l.Per {
		keys := keysOf(quota.Part(per), c, e)
		var next []quota.Demand
		for _, d := range all {
			for _, k := range keys {
				more := d
				more.By = append(slices.Clone(d.By), k)
				next = append(next, more)
			}
		}
		all = next
	}
	return all
}

func keysOf(part quota.Part, c Caller, e Enrolled) []quota.Key {
	switch part {
	case quota.Holder:
		return []quota.Key{{Part: part, ID: e.PersonID}}
	case quota.LegalEntity:
		return []quota.Key{{Part: part, ID: c.LegalEntityID}}
	case quota.Tenant:
		return []quota.Key{{Part: part, ID: c.TenantID}}
	}
	var keys []quota.Key
	for _, k := range e.Others {
		if k.Part == part {
			keys = append(keys, k)
		}
	}
	return keys
}

// quotaUses are the counts as the policy reads them: of several parties in one role the one with the least room.
func quotaUses(uses []quota.Use) []compliance.QuotaUse {
	out := make([]compliance.QuotaUse, 0, len(uses))
	for _, u := range uses {
		next := compliance.QuotaUse{
			Family: u.Family, Clause: u.Clause, Used: u.Used, Limit: u.Max, Reserved: u.Reserved, FreesAt: u.FreesAt,
			Incomplete: u.Incomplete, Exception: u.Exception,
		}
		i := slices.IndexFunc(out, func(o compliance.QuotaUse) bool { return o.Family == u.Family && o.Clause == u.Clause })
		switch {
		case i < 0:
			out = append(out, next)
		case room(next) < room(out[i]):
			out[i] = next
		}
	}
	return out
}

// room is how many more a count admits; a limit that an exception lets pass has room for one.
func room(u compliance.QuotaUse) int {
	if u.Exception != "" {
		return 1
	}
	return u.Limit - u.Used
}

// excepts are the exceptions that a request uses up.
func excepts(uses []quota.Use) []string {
	var out []string
	for _, u := range uses {
		if u.Full() && u.Exception != "" {
			out = append(out, u.Exception)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// counted are the persons and numbers that a request is counted by: they are locked while it is.
func counted(e Enrolled) []string {
	var out []string
	if e.PersonID != "" {
		out = append(out, e.PersonID)
	}
	for _, k := range e.Others {
		out = append(out, k.ID)
	}
	return out
}
