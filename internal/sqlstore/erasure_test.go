package sqlstore_test

import (
	"errors"
	"testing"
	"time"

	"realname/compliance"
	"realname/compliance/policy"
	"realname/compliance/vault"
	"realname/internal/sqlstore/storetest"
	"realname/ratelimit/quota"
	"realname/verify"
)

// erasures judges everything whose look has come, or what is asked for, and returns what became of each key.
func (a *archive) erasures(years int, asked *verify.ErasureAsked) map[string]verify.Erased {
	a.t.Helper()
	out := map[string]verify.Erased{}
	sweep := verify.ErasureSweep{
		Limit: 2, Asked: asked, Until: policy.TermEnd, Years: func(time.Time, vault.DataKey) int { return years },
		Event: func(at time.Time, e verify.Erased) (compliance.Event, error) {
			kind := compliance.EventErasure
			if e.Fate != verify.ErasureDone {
				kind = compliance.EventErasureAsked
			}
			return storetest.NewEvent(kind, e.TenantID, e.ID, at)
		},
	}
	for {
		page, err := a.Erase(a.t.Context(), sweep)
		if err != nil {
			a.t.Fatal(err)
		}
		for _, k := range page.Keys {
			out[k.ID] = k
		}
		if !page.More {
			return out
		}
		sweep.After = page.Next
	}
}

func (a *archive) enrolled(name string) verify.Enrolled {
	a.t.Helper()
	e, err := a.Enroll(a.t.Context(), storetest.Enrolment(name))
	if err != nil {
		a.t.Fatal(err)
	}
	return e
}

// seals decides something under a key.
func (a *archive) seals(e verify.Enrolled, outcome compliance.Outcome) (decision string, err error) {
	a.t.Helper()
	d := storetest.Draft{ID: storetest.IDs.New(compliance.PrefixDecision), Person: e.PersonID, Outcome: outcome, Sealed: []byte("sealed")}
	_, err = a.Commit(a.t.Context(), verify.Record{Persons: []string{e.PersonID}, Build: func(at time.Time, _ []quota.Use, _ compliance.ImageReuse) (verify.Rows, error) {
		row, err := storetest.Decision(d, at)
		row.DataKeyID = e.DataKey.ID
		return verify.Rows{Decision: row}, err
	}})
	return d.ID, err
}

func (a *archive) alive(id string) bool {
	a.t.Helper()
	k, err := a.DataKey(a.t.Context(), storetest.Tenant, id)
	if err != nil {
		a.t.Fatal(err)
	}
	return len(k.Wrapped) > 0
}

func TestADataKeyOutlivesTheLastUseByItsYears(t *testing.T) {
	onArchives(t, func(a *archive) {
		e := a.enrolled("a")
		if _, err := a.seals(e, compliance.Approved); err != nil {
			t.Fatal(err)
		}
		a.clock.Move(300 * 24 * time.Hour)
		if _, err := a.seals(e, compliance.Rejected); err != nil { // a later use counts
			t.Fatal(err)
		}
		last := a.clock.Now()
		a.clock.Move(31 * 24 * time.Hour)
		got := a.erasures(2, nil)[e.DataKey.ID]
		if got.Fate != verify.ErasureLater || got.Until.Before(policy.TermEnd(last, 2)) || got.Until.After(policy.TermEnd(last.Add(48*time.Hour), 2)) {
			t.Fatalf("%+v; last used %v", got, last)
		}
		if again := a.erasures(2, nil); len(again) != 0 {
			t.Errorf("looked at before its day: %v", again)
		}
		a.until(got.Until.Add(-time.Microsecond))
		a.erasures(2, nil)
		if !a.alive(e.DataKey.ID) {
			t.Fatal("destroyed too early")
		}
		a.until(got.Until)
		if got := a.erasures(2, nil)[e.DataKey.ID]; got.Fate != verify.ErasureDone || got.DocumentKeys != 1 {
			t.Errorf("%+v", got)
		}
		if a.alive(e.DataKey.ID) {
			t.Error("the wrapped key is there")
		}
		if again := a.erasures(2, nil); len(again) != 0 {
			t.Errorf("again: %v", again)
		}
		if _, err := a.seals(e, compliance.Approved); !errors.Is(err, verify.ErrStale) {
			t.Errorf("something was sealed under a destroyed key: %v", err)
		}
	})
}

func TestWhatKeepsADataKey(t *testing.T) {
	onArchives(t, func(a *archive) {
		fates := map[string]verify.ErasureFate{}
		ids := map[string]string{}
		for name, set := range map[string]func(e verify.Enrolled) verify.ErasureFate{
			"an active card": func(e verify.Enrolled) verify.ErasureFate {
				a.opens(storetest.Draft{Person: e.PersonID}, quota.Active)
				return verify.ErasureLasting
			},
			"one to be activated": func(e verify.Enrolled) verify.ErasureFate {
				a.opens(storetest.Draft{Person: e.PersonID}, quota.PendingActivation)
				return verify.ErasureAwaits
			},
			"a pending decision": func(e verify.Enrolled) verify.ErasureFate {
				_, _ = a.seals(e, compliance.Pending)
				return verify.ErasureAwaits
			},
			"nothing":              func(verify.Enrolled) verify.ErasureFate { return verify.ErasureDone },
			"a photo kept for 9":   func(e verify.Enrolled) verify.ErasureFate { a.keepUnder(e, 9); return verify.ErasureLater },
			"a photo not yet gone": func(e verify.Enrolled) verify.ErasureFate { a.keepUnder(e, 1); return verify.ErasureAwaits },
		} {
			e := a.enrolled(name)
			ids[name], fates[name] = e.DataKey.ID, set(e)
		}
		a.clock.Move(4 * 365 * 24 * time.Hour)
		got := a.erasures(2, nil)
		for name, want := range fates {
			if g := got[ids[name]]; g.Fate != want || a.alive(ids[name]) != (want != verify.ErasureDone) {
				t.Errorf("%s: %s, want %s", name, g.Fate, want)
			}
		}
		if n := len(got); n != len(ids) {
			t.Errorf("%d keys were looked at, want %d", n, len(ids))
		}
	})
}

// keepUnder keeps a photo under the person's key.
func (a *archive) keepUnder(e verify.Enrolled, years int) {
	a.t.Helper()
	a.attach(verify.EvidenceRow{
		ID: storetest.IDs.New(compliance.PrefixEvidence), TenantID: storetest.Tenant, Kind: compliance.EvidenceDocumentPhoto,
		Length: 4, Received: 4, Complete: true, Sealed: []byte("seal"), DataKeyID: e.DataKey.ID,
	}, e.PersonID, years)
}

// What no law keeps goes when somebody asks; whoever has nothing left is forgotten, unless something counts them.
func TestErasureThatIsAskedFor(t *testing.T) {
	onArchives(t, func(a *archive) {
		ctx := t.Context()
		one, counted := a.enrolled("one"), a.enrolled("counted")
		a.opensAt(storetest.OtherTenant, counted.PersonID)
		other := storetest.Enrolment("one")
		other.DataKey = storetest.DataKey(storetest.OtherTenant)
		elsewhere, err := a.Enroll(ctx, other)
		if err != nil {
			t.Fatal(err)
		}
		a.clock.Move(31 * 24 * time.Hour)
		if got := a.erasures(0, nil)[one.DataKey.ID]; got.Fate != verify.ErasureUnasked || !a.alive(one.DataKey.ID) {
			t.Errorf("nobody asked: %+v", got)
		}
		asked := func(e verify.Enrolled, tenant string) verify.Erased {
			return a.erasures(0, &verify.ErasureAsked{TenantID: tenant, PersonID: e.PersonID})[e.DataKey.ID]
		}
		if got := a.erasures(0, &verify.ErasureAsked{TenantID: storetest.Tenant, PersonID: one.PersonID, Relationship: "signup"}); len(got) != 0 {
			t.Errorf("of another relationship: %v", got)
		}
		if got := asked(one, storetest.Tenant); got.Fate != verify.ErasureDone || got.DocumentKeys != 0 {
			t.Errorf("another tenant has something of the person: %+v", got)
		}
		if got := asked(elsewhere, storetest.OtherTenant); got.Fate != verify.ErasureDone || got.DocumentKeys != 1 {
			t.Errorf("the last of the person: %+v", got)
		}
		if got := asked(counted, storetest.Tenant); got.Fate != verify.ErasureDone || got.DocumentKeys != 0 {
			t.Errorf("a person with a card elsewhere: %+v", got)
		}
		if again := a.enrolled("counted"); again.PersonID != counted.PersonID || again.DataKey.ID == counted.DataKey.ID {
			t.Error("the person with a card is another, or has the old key")
		}
		if again := a.enrolled("one"); again.PersonID == one.PersonID {
			t.Error("a forgotten person is found")
		}
	})
}

// opensAt gives somebody an active card of another tenant.
func (a *archive) opensAt(tenant, person string) {
	a.t.Helper()
	a.opens(storetest.Draft{Person: person, Tenant: tenant}, quota.Active)
}

// Two sweeps at once destroy and log each key once.
func TestErasuresAtOnce(t *testing.T) {
	onArchives(t, func(a *archive) {
		for _, name := range []string{"a", "b", "c", "d", "e"} {
			a.enrolled(name)
		}
		a.clock.Move(3 * 365 * 24 * time.Hour)
		before := waiting(t, a.Store)
		results := make(chan map[string]verify.Erased, 3)
		for range 3 {
			go func() { results <- a.erasures(1, nil) }()
		}
		erased := 0
		for range 3 {
			for _, k := range <-results {
				if k.Fate == verify.ErasureDone {
					erased++
				}
			}
		}
		if n := waiting(t, a.Store) - before; erased != 5 || n != 5 {
			t.Errorf("%d erased, %d logged, want 5", erased, n)
		}
	})
}
