package replays_test

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"context"

	"github.com/google/go-cmp/cmp"
	goredis "github.com/redis/go-redis/v9"

	"realname/compliance/vault"
	"realname/internal/replays"
	"realname/internal/sqlstore/storetest"
	"realname/ratelimit/velocity/redistest"
	"realname/verify"
)

// counted is the real ledger, whose reads by key are counted.
type counted struct {
	verify.Ledger
	reads atomic.Int64
}

func (c *counted) DecisionByKey(ctx context.Context, tenantID, key string) (verify.Stored, error) {
	c.reads.Add(1)
	return c.Ledger.DecisionByKey(ctx, tenantID, key)
}

// told is what a repeat is answered by.
func told(st verify.Stored) []any {
	return []any{st.Decision.ID, st.Decision.Version, st.Decision.Outcome, string(st.Canonical), st.BizNo, st.Event.ID, st.RequestDigest}
}

func TestRepeatsAreAnsweredFromMemory(t *testing.T) {
	ctx := t.Context()
	srv := redistest.Start(t)
	client := goredis.NewClient(&goredis.Options{Addr: srv.Addr, MaxRetries: -1})
	t.Cleanup(func() { _ = client.Close() })
	keys, err := vault.NewMasterKeys(vault.International, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	safe, err := vault.New(keys, rand.Reader, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	store := storetest.Open(t, storetest.SQLite(t), nil)
	behind := &counted{Ledger: store}
	l := replays.New(behind, replays.Options{Client: client, Keyed: safe, Prefix: "rp", Wait: 5 * time.Second})
	person := storetest.Person(t, store, "p")
	if _, err := l.Commit(ctx, storetest.Reserve(storetest.Draft{Person: person, Key: "k1", BizNo: "b1", Sealed: []byte("sealed")}, "", time.Hour, storetest.Demand(person, 5))); err != nil {
		t.Fatal(err)
	}
	truth, err := store.DecisionByKey(ctx, storetest.Tenant, "k1")
	if err != nil {
		t.Fatal(err)
	}
	ask := func(what string, reads int64) {
		t.Helper()
		before := behind.reads.Load()
		got, err := l.DecisionByKey(ctx, storetest.Tenant, "k1")
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if diff := cmp.Diff(told(truth), told(got)); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
		if n := behind.reads.Load() - before; n != reads {
			t.Errorf("%s: the ledger was read %d times, want %d", what, n, reads)
		}
	}
	ask("right after the commit", 0)
	if _, err := l.DecisionByKey(ctx, storetest.OtherTenant, "k1"); !errors.Is(err, verify.ErrNotFound) {
		t.Errorf("another tenant's key: %v", err)
	}
	if _, err := l.DecisionByKey(ctx, storetest.Tenant, "k2"); !errors.Is(err, verify.ErrNotFound) {
		t.Errorf("a key that brought nothing: %v", err)
	}

	// Redis lies: whatever stands there, the answer is the ledger's.
	place := client.Keys(ctx, "rp:*").Val()[0]
	honest := client.Get(ctx, place).Val()
	var m map[string]any
	if err := json.Unmarshal([]byte(honest), &m); err != nil {
		t.Fatal(err)
	}
	m["row"].(map[string]any)["biz_no"] = "b2"
	forged, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	for what, lie := range map[string]string{"forged": string(forged), "garbage": "\xff{", "empty": "", "another's": `{"digest":"1:00","row":{}}`} {
		if err := client.Set(ctx, place, lie, 0).Err(); err != nil {
			t.Fatal(err)
		}
		ask(what, 1)
		ask("after "+what, 0)
	}
	if _, err := client.Del(ctx, place).Result(); err != nil {
		t.Fatal(err)
	}
	if err := client.LPush(ctx, place, "list").Err(); err != nil {
		t.Fatal(err)
	}
	ask("a list", 1)
	if ttl := client.TTL(ctx, place).Val(); ttl <= 0 || ttl > 24*time.Hour {
		t.Errorf("what is remembered stays for %v", ttl)
	}
	srv.Flush()
	ask("after a flush", 1)
	srv.Kill()
	ask("while Redis is gone", 1)
}
