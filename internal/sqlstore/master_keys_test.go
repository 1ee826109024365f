package sqlstore_test

import (
	"errors"
	"strconv"
	"testing"
	"time"

	"realname/compliance"
	"realname/compliance/vault"
	"realname/internal/sqlstore"
	"realname/internal/sqlstore/storetest"
	"realname/ratelimit/quota"
	"realname/verify"
)

// addKeys tells the ledger of versions.
func addKeys(t *testing.T, s *sqlstore.Store, keys ...sqlstore.MasterKey) {
	t.Helper()
	err := s.ChangeMasterKeys(t.Context(), func(at time.Time, _ []sqlstore.MasterKey, _ func(int, int) (sqlstore.MasterKeyUse, error)) (sqlstore.MasterKeyChange, error) {
		c := sqlstore.MasterKeyChange{Add: keys}
		for range keys {
			ev, err := storetest.NewEvent(compliance.EventMasterKeyAdded, "", "master_key", at)
			if err != nil {
				return c, err
			}
			c.Events = append(c.Events, ev)
		}
		return c, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func destroy(t *testing.T, s *sqlstore.Store, version int, keep bool) error {
	t.Helper()
	return s.ChangeMasterKeys(t.Context(), func(time.Time, []sqlstore.MasterKey, func(int, int) (sqlstore.MasterKeyUse, error)) (sqlstore.MasterKeyChange, error) {
		return sqlstore.MasterKeyChange{Destroy: version, KeepDocuments: keep}, nil
	})
}

func useOf(t *testing.T, s *sqlstore.Store, version, newest int) sqlstore.MasterKeyUse {
	t.Helper()
	u, err := s.MasterKeyUse(t.Context(), version, newest)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestTheLifeOfAMasterKey(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		clock := storetest.NewClock()
		s := storetest.Open(t, e.DSN(t), clock.Now)
		from := clock.Now().Add(time.Hour)
		addKeys(t, s, sqlstore.MasterKey{Version: 1, Suite: "international", Fingerprint: "a"})
		addKeys(t, s, sqlstore.MasterKey{Version: 2, Suite: "national", Fingerprint: "b", From: from})
		known, err := s.MasterKeys(t.Context())
		if err != nil || len(known) != 2 {
			t.Fatalf("%+v, %v", known, err)
		}
		if k := known[0]; !k.RotatedAt.Equal(from) || !k.From.IsZero() || k.Fingerprint != "a" || k.Suite != "international" {
			t.Errorf("version 1: %+v", k)
		}
		if k := known[1]; !k.RotatedAt.IsZero() || !k.From.Equal(from) || k.Suite != "national" {
			t.Errorf("version 2: %+v", k)
		}
		if err := destroy(t, s, 1, false); !errors.Is(err, verify.ErrStale) {
			t.Errorf("destroyed while it is in use: %v", err)
		}
		clock.Move(time.Hour)
		if err := destroy(t, s, 1, true); err != nil {
			t.Error(err)
		}
		if err := destroy(t, s, 1, true); !errors.Is(err, verify.ErrStale) {
			t.Errorf("destroyed twice: %v", err)
		}
		if err := destroy(t, s, 1, false); err != nil {
			t.Errorf("what was left of it: %v", err)
		}
		if err := destroy(t, s, 2, false); !errors.Is(err, verify.ErrStale) {
			t.Errorf("the newest was destroyed: %v", err)
		}
		known, err = s.MasterKeys(t.Context())
		if err != nil || known[0].DestroyedAt.IsZero() || known[0].DocumentsKept || !known[1].DestroyedAt.IsZero() {
			t.Errorf("%+v, %v", known, err)
		}
		if n := waiting(t, s); n != 2 {
			t.Errorf("%d events", n)
		}
	})
}

// enrolUnder enrols somebody under versions.
func enrolUnder(t *testing.T, s *sqlstore.Store, name string, versions ...int) verify.Enrolled {
	t.Helper()
	e := storetest.Enrolment(name)
	e.Keys = nil
	for _, v := range versions {
		e.Keys = append(e.Keys, storetest.Key(name, v))
	}
	e.DataKey.MasterVersion = versions[0]
	got, err := s.Enroll(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestWhatDependsOnAMasterKey(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		clock := storetest.NewClock()
		dsn := e.DSN(t)
		s := storetest.Open(t, dsn, clock.Now)
		addKeys(t, s, sqlstore.MasterKey{Version: 1, Suite: "international"})
		early := clock.Now()
		clock.Move(time.Hour)
		addKeys(t, s, sqlstore.MasterKey{Version: 2, Suite: "national"})
		enrolUnder(t, s, "old", 1)
		enrolUnder(t, s, "both", 2, 1)
		if got, want := useOf(t, s, 1, 2), (sqlstore.MasterKeyUse{DataKeys: 1, DocumentKeys: 2, OnlyHere: 1}); got != want {
			t.Errorf("version 1: %+v, want %+v", got, want)
		}
		if got, want := useOf(t, s, 2, 2), (sqlstore.MasterKeyUse{DataKeys: 1, DocumentKeys: 1}); got != want {
			t.Errorf("version 2: %+v, want %+v", got, want)
		}
		for i, w := range []struct {
			key string
			at  time.Time
		}{
			{"network:v1.aa", early}, {"network:v1.aa", clock.Now().Add(30 * time.Second)}, // not every gateway had version 2 yet
			{"network:v1.aa", clock.Now().Add(2 * time.Minute)}, {"network:v10.aa", early}, {"clerk:v1.aa", early},
		} {
			execute(t, dsn, `INSERT INTO velocity_events (key, counts, at, id, decision_id) VALUES ('`+w.key+`', 2, `+strconv.FormatInt(w.at.UnixMicro(), 10)+`, 'i`+string(rune('0'+i))+`', 'd')`)
		}
		if got := useOf(t, s, 1, 2).Windows; got != 2 {
			t.Errorf("%d units stand in the way, want 2", got)
		}
		if got := useOf(t, s, 2, 2).Windows; got != 0 {
			t.Errorf("version 2 has %d units, though version 1 counts", got)
		}
		if n, err := s.ForgetUnder(t.Context(), 1, 10); err != nil || n != 0 {
			t.Errorf("%d rows of a living version were forgotten, %v", n, err)
		}
		if err := destroy(t, s, 1, true); err != nil {
			t.Fatal(err)
		}
		if n, err := s.ForgetUnder(t.Context(), 1, 10); err != nil || n != 0 {
			t.Errorf("%d document keys were forgotten that are kept, %v", n, err)
		}
		if err := destroy(t, s, 1, false); err != nil {
			t.Fatal(err)
		}
		for _, want := range []int{1, 1, 0} {
			if n, err := s.ForgetUnder(t.Context(), 1, 1); err != nil || n != want {
				t.Errorf("%d rows forgotten, want %d, %v", n, want, err)
			}
		}
	})
}

func TestRewrapMovesDataKeysInPages(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		s := storetest.Open(t, e.DSN(t), nil)
		ctx := t.Context()
		addKeys(t, s, sqlstore.MasterKey{Version: 1, Suite: "international"}, sqlstore.MasterKey{Version: 2, Suite: "national"})
		var ids []string
		for _, name := range []string{"a", "b", "c"} {
			ids = append(ids, enrolUnder(t, s, name, 1).DataKey.ID)
		}
		enrolUnder(t, s, "d", 2)
		event := func(at time.Time) (compliance.Event, error) {
			return storetest.NewEvent(compliance.EventRewrapStarted, "", "rewrap", at)
		}
		need, err := s.RewrapNeed(ctx, 2)
		if err != nil || need != (sqlstore.RewrapNeed{DataKeys: 3, DocumentKeys: 3}) {
			t.Errorf("%+v, %v", need, err)
		}
		run, again, err := s.BeginRewrap(ctx, sqlstore.Rewrap{ID: "rwr_1", Version: 2}, event)
		if err != nil || again {
			t.Fatal(again, err)
		}
		rewrap := func(k vault.DataKey) (vault.DataKey, error) {
			k.MasterVersion, k.Wrapped = 2, []byte("anew "+k.ID)
			return k, nil
		}
		n, last, err := s.RewrapKeys(ctx, &run, "", 2, rewrap)
		if err != nil || n != 2 || last != ids[1] {
			t.Fatalf("%d up to %s, %v", n, last, err)
		}
		// Cut short here, the next run goes on.
		run, again, err = s.BeginRewrap(ctx, sqlstore.Rewrap{ID: "rwr_2", Version: 2}, event)
		if err != nil || !again || run.ID != "rwr_1" || run.DataKeys != 2 {
			t.Fatalf("%+v %v, %v", run, again, err)
		}
		// A key that goes between reading and writing stays gone.
		n, _, err = s.RewrapKeys(ctx, &run, "", 2, func(k vault.DataKey) (vault.DataKey, error) {
			moved, err := rewrap(k)
			other, _ := rewrap(k)
			other.Wrapped = []byte("another run")
			if _, _, err := s.RewrapKeys(ctx, &run, "", 1, func(vault.DataKey) (vault.DataKey, error) { return other, nil }); err != nil {
				t.Error(err)
			}
			return moved, err
		})
		if got, _ := s.DataKey(ctx, storetest.Tenant, ids[2]); err != nil || n != 1 || string(got.Wrapped) != "another run" || run.DataKeys != 3 {
			t.Errorf("%d read, %q, %d in all, %v", n, got.Wrapped, run.DataKeys, err)
		}
		broken := errors.New("does not open")
		enrolUnder(t, s, "e", 1)
		if _, _, err := s.RewrapKeys(ctx, &run, "", 2, func(k vault.DataKey) (vault.DataKey, error) { return k, broken }); !errors.Is(err, broken) {
			t.Errorf("a key that does not open: %v", err)
		}
		if err := s.EndRewrap(ctx, run.ID, event); err != nil {
			t.Error(err)
		}
		if err := s.EndRewrap(ctx, run.ID, event); !errors.Is(err, verify.ErrStale) {
			t.Errorf("ended twice: %v", err)
		}
	})
}

// withParty makes the decision count by somebody beside its holder.
func withParty(rec verify.Record, person string) verify.Record {
	build := rec.Build
	rec.Build = func(at time.Time, uses []quota.Use, seen compliance.ImageReuse) (verify.Rows, error) {
		rows, err := build(at, uses, seen)
		rows.Decision.Parties = []quota.Key{{Part: "proxy", ID: person}}
		return rows, err
	}
	return rec
}

func TestRewrapBringsDocumentKeys(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		s := storetest.Open(t, e.DSN(t), nil)
		ctx := t.Context()
		addKeys(t, s, sqlstore.MasterKey{Version: 1, Suite: "international"}, sqlstore.MasterKey{Version: 2, Suite: "national"})
		holder, party, stock, done := enrolUnder(t, s, "holder", 1), enrolUnder(t, s, "party", 1), enrolUnder(t, s, "stock", 1), enrolUnder(t, s, "done", 2, 1)
		var decided []string
		for i, person := range []string{holder.PersonID, done.PersonID, done.PersonID} {
			d := storetest.Draft{ID: storetest.IDs.New(compliance.PrefixDecision), Person: person, Sealed: []byte("sealed")}
			rec := storetest.Reserve(d, "", time.Hour)
			if i == 2 {
				rec = withParty(rec, party.PersonID)
			}
			if _, err := s.Commit(ctx, rec); err != nil {
				t.Fatal(err)
			}
			decided = append(decided, d.ID)
		}
		run, _, err := s.BeginRewrap(ctx, sqlstore.Rewrap{ID: "rwr_1", Version: 2}, func(at time.Time) (compliance.Event, error) {
			return storetest.NewEvent(compliance.EventRewrapStarted, "", "rewrap", at)
		})
		if err != nil {
			t.Fatal(err)
		}
		page, err := s.RewrapDecisions(ctx, &run, 1)
		if err != nil || len(page) != 1 || page[0].Decision.ID != decided[0] {
			t.Fatalf("%d decisions, %v", len(page), err)
		}
		keys := func(name string) []vault.DocumentKey {
			return []vault.DocumentKey{storetest.Key(name, 2), storetest.Key(name, 1)}
		}
		if err := s.AddDocumentKeys(ctx, &run, [][]vault.DocumentKey{keys("holder"), keys("nobody"), keys("done"), keys("holder")}, decided[0], 1); err != nil {
			t.Fatal(err)
		}
		page, err = s.RewrapDecisions(ctx, &run, 10)
		if err != nil || len(page) != 1 || page[0].Decision.ID != decided[2] {
			t.Fatalf("%d decisions behind the first, %v", len(page), err)
		}
		if err := s.AddDocumentKeys(ctx, &run, [][]vault.DocumentKey{keys("done"), keys("party")}, decided[2], 1); err != nil || run.DocumentKeys != 2 {
			t.Errorf("%d keys were brought, %v", run.DocumentKeys, err)
		}
		if need, err := s.RewrapNeed(ctx, 2); err != nil || need.DocumentKeys != 1 {
			t.Errorf("%+v, %v", need, err)
		}
		for name, person := range map[string]string{"holder": holder.PersonID, "party": party.PersonID, "done": done.PersonID} {
			if got := enrolUnder(t, s, name, 2); got.PersonID != person {
				t.Errorf("%s is another person by the new key", name)
			}
		}
		if got := enrolUnder(t, s, "stock", 2); got.PersonID == stock.PersonID {
			t.Error("a key came from nowhere")
		}
	})
}
