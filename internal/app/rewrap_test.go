package app

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"realname/compliance"
	"realname/compliance/policy"
	"realname/compliance/vault"
)

// newKeys gives the operator what a rotation made, as opening it anew would.
func (o *Operator) newKeys(t *testing.T) {
	t.Helper()
	var err error
	if o.keys.master, err = readMaster(t.Context(), o.keys.source, o.store, o.ids); err != nil {
		t.Fatal(err)
	}
}

// kinds counts the events of kinds that wait for the log.
func (o *Operator) kinds(t *testing.T, kinds ...compliance.EventKind) map[compliance.EventKind]int {
	t.Helper()
	pending, err := o.store.Log().Pending(t.Context(), 10_000)
	if err != nil {
		t.Fatal(err)
	}
	out := map[compliance.EventKind]int{}
	for _, e := range pending {
		for _, k := range kinds {
			if e.Kind == string(k) {
				out[k]++
			}
		}
	}
	return out
}

// A rewrap that is cut short anywhere goes on where it was, with one event at its beginning and one at its end; phones and
// proxies come under the new key too.
func TestARewrapThatIsCutShortGoesOn(t *testing.T) {
	before := rewrapPage
	rewrapPage = 2
	t.Cleanup(func() { rewrapPage = before })
	b := newBranch(t, compliance.SectorTelecom)
	const people = 7
	for i := range people {
		ask := b.card()
		ask.Request.BizNo = fmt.Sprint("card-", i)
		ask.Request.Parties[0].Phone = "13800000000"
		if _, err := b.Open(t.Context(), b.caller, ask.Request.BizNo, ask); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.o.RotateVault(t.Context(), vault.National, time.Time{}); err != nil {
		t.Fatal(err)
	}
	b.o.newKeys(t)
	quiet := slog.New(slog.DiscardHandler)
	cuts := 0
	var done VaultRewrap
	for {
		ctx, cancel := context.WithCancel(t.Context())
		pages := 0
		var err error
		done, err = b.o.RewrapVault(ctx, quiet, func(n, all int) {
			if n > all {
				t.Errorf("%d of %d", n, all)
			}
			if pages++; pages == 2 {
				cancel()
			}
		})
		cancel()
		if err == nil {
			break
		}
		if cuts++; cuts > 2*people {
			t.Fatal(err)
		}
	}
	if cuts < 2 || !done.Again || done.DataKeys != people || done.DocumentKeys != people+1 || done.Unreached != 0 || done.Unopened != 0 {
		t.Errorf("cut %d times: %+v", cuts, done)
	}
	if got := b.o.kinds(t, compliance.EventRewrapStarted, compliance.EventRewrapEnded); got[compliance.EventRewrapStarted] != 1 || got[compliance.EventRewrapEnded] != 1 {
		t.Errorf("events: %v", got)
	}
	list, err := b.o.VaultKeys(t.Context())
	if err != nil || list[0].DataKeys != 0 || list[0].OnlyHere != 0 || list[1].DataKeys != people || list[1].DocumentKeys != people+1 {
		t.Errorf("%+v, %v", list, err)
	}
	if err := b.o.DestroyVaultKey(t.Context(), 1, DestroyOptions{}); err != nil {
		t.Error(err)
	}
	if list, err = b.o.VaultKeys(t.Context()); err != nil || list[0].DocumentKeys != 0 || list[0].DestroyedAt == nil {
		t.Errorf("%+v, %v", list[0], err)
	}
}

// A request that does not open is told, and stops nothing.
func TestARewrapTellsWhatDoesNotOpen(t *testing.T) {
	b := newBranch(t, compliance.SectorTelecom)
	var ids []string
	for i := range 3 {
		ask := b.card()
		ask.Request.BizNo = fmt.Sprint("card-", i)
		a, err := b.Open(t.Context(), b.caller, ask.Request.BizNo, ask)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, a.Decision.ID)
	}
	if _, err := b.o.RotateVault(t.Context(), vault.International, time.Time{}); err != nil {
		t.Fatal(err)
	}
	b.o.newKeys(t)
	spoil(t, b.o, ids[1])
	done, err := b.o.RewrapVault(t.Context(), slog.New(slog.DiscardHandler), func(int, int) {})
	if err != nil || done.Unopened != 1 || done.Unreached != 1 || done.DocumentKeys != 2 {
		t.Errorf("%+v, %v", done, err)
	}
	if err := b.o.DestroyVaultKey(t.Context(), 1, DestroyOptions{}); err == nil {
		t.Error("the only key that leads to somebody was destroyed")
	}
}

// spoil damages the sealed request behind a decision.
func spoil(t *testing.T, o *Operator, id string) {
	t.Helper()
	db, err := sql.Open("sqlite", o.config.LedgerDSN())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), `UPDATE decisions SET sealed = x'0101' WHERE id = ?`, id); err != nil {
		t.Fatal(err)
	}
}

// Erasure by the operator's hand, in ids alone.
func TestTheOperatorErases(t *testing.T) {
	b := newBranch(t, compliance.SectorInternet)
	a, err := b.Decide(t.Context(), b.caller, "key", b.request(true, compliance.SceneSignup, "internet_account"))
	if err != nil {
		t.Fatal(err)
	}
	erase := func(e Erasure) (keys []ErasedKey, err error) {
		err = b.o.EraseData(t.Context(), e, func(k ErasedKey) { keys = append(keys, k) })
		return keys, err
	}
	for _, id := range []string{"", "prs_x", a.Decision.ID[:len(a.Decision.ID)-1] + "x", b.o.ids.New(compliance.PrefixDecision)} {
		if _, err := erase(Erasure{Verification: id}); err == nil {
			t.Errorf("erased %q", id)
		}
	}
	if keys, err := erase(Erasure{Verification: a.Decision.ID, DryRun: true}); err != nil || len(keys) != 1 || keys[0].Fate != "erased" {
		t.Errorf("%+v, %v", keys, err)
	}
	keys, err := erase(Erasure{Verification: a.Decision.ID, Basis: "pipl_47"})
	if err != nil || len(keys) != 1 || keys[0].Fate != "erased" || keys[0].MasterVersion != 1 {
		t.Fatalf("%+v, %v", keys, err)
	}
	if text, err := json.Marshal(keys); err != nil || len(text) == 0 {
		t.Error(err)
	}
	if got := b.o.kinds(t, compliance.EventErasure); got[compliance.EventErasure] != 1 {
		t.Errorf("events: %v", got)
	}
	report, err := b.o.Replay(t.Context(), ReplayOptions{Policy: policy.Builtin()})
	if err != nil || report.Erased != 1 || report.Same != 1 {
		t.Errorf("%+v, %v", report, err)
	}
	n := 0
	if err := b.o.SweepErasures(t.Context(), false, func(ErasedKey) { n++ }); err != nil || n != 0 {
		t.Errorf("%d keys were looked at, %v", n, err)
	}
}
