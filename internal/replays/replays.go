// Package replays remembers in Redis, for a while, what an idempotency key brought, so that a client that repeats itself
// costs the ledger nothing. The truth is in the ledger: what is not remembered, or not ours by its keyed digest, is read
// there, and a key is taken there alone.
package replays

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/sony/gobreaker/v2"

	"realname/compliance"
	"realname/verify"
)

// Digester makes and knows keyed digests; the vault is one.
type Digester interface {
	RequestDigest(text []byte) (string, error)
	SameRequest(digest string, text []byte) (bool, error)
}

// Options are what the memory is made of.
type Options struct {
	Client goredis.UniversalClient
	Keyed  Digester
	Prefix string
	For    time.Duration // how long an answer is remembered; default 24 h
	Wait   time.Duration // longest call to Redis; default 50 ms
}

// Ledger is a verify.Ledger that remembers.
type Ledger struct {
	verify.Ledger
	o       Options
	breaker *gobreaker.CircuitBreaker[[]byte]
}

// New puts the memory before a ledger.
func New(before verify.Ledger, o Options) *Ledger {
	if o.For <= 0 {
		o.For = 24 * time.Hour
	}
	if o.Wait <= 0 {
		o.Wait = 50 * time.Millisecond
	}
	return &Ledger{Ledger: before, o: o, breaker: gobreaker.NewCircuitBreaker[[]byte](gobreaker.Settings{Name: "replays", Timeout: time.Second})}
}

// remembered is what a repeat is answered by: nothing of it is personal, and nothing of it ever changes.
type remembered struct {
	Digest string `json:"digest"` // keyed, of all else and of tenant and key
	Row    row    `json:"row"`
}

type row struct {
	Canonical     []byte `json:"canonical"`
	BizNo         string `json:"biz_no"`
	EventID       string `json:"event_id"`
	RequestDigest string `json:"request_digest"`
}

// DecisionByKey implements verify.Ledger. What it finds in memory has no seal and no consumer: it is for telling the
// first answer again.
func (l *Ledger) DecisionByKey(ctx context.Context, tenantID, key string) (verify.Stored, error) {
	if st, ok := l.recall(ctx, tenantID, key); ok {
		return st, nil
	}
	st, err := l.Ledger.DecisionByKey(ctx, tenantID, key)
	if err == nil {
		l.remember(ctx, tenantID, key, st.DecisionRow)
	}
	return st, err
}

// Commit implements verify.Ledger.
func (l *Ledger) Commit(ctx context.Context, rec verify.Record) (verify.Rows, error) {
	rows, err := l.Ledger.Commit(ctx, rec)
	if d := rows.Decision; err == nil && d.IdempotencyKey != "" {
		l.remember(context.WithoutCancel(ctx), d.Decision.TenantID, d.IdempotencyKey, d)
	}
	return rows, err
}

func (l *Ledger) recall(ctx context.Context, tenantID, key string) (verify.Stored, bool) {
	text, err := l.call(ctx, func(ctx context.Context) ([]byte, error) {
		b, err := l.o.Client.Get(ctx, l.place(tenantID, key)).Bytes()
		if errors.Is(err, goredis.Nil) {
			return nil, nil
		}
		return b, err
	})
	var m remembered
	if err != nil || len(text) == 0 || json.Unmarshal(text, &m) != nil {
		return verify.Stored{}, false
	}
	if ours, err := l.o.Keyed.SameRequest(m.Digest, m.Row.framed(tenantID, key)); err != nil || !ours {
		return verify.Stored{}, false
	}
	d, err := compliance.DecodeDecision(m.Row.Canonical)
	if err != nil {
		return verify.Stored{}, false
	}
	return verify.Stored{DecisionRow: verify.DecisionRow{
		Decision: d, Canonical: m.Row.Canonical, BizNo: m.Row.BizNo, Event: compliance.Event{ID: m.Row.EventID},
		IdempotencyKey: key, RequestDigest: m.Row.RequestDigest,
	}}, true
}

func (l *Ledger) remember(ctx context.Context, tenantID, key string, d verify.DecisionRow) {
	r := row{Canonical: d.Canonical, BizNo: d.BizNo, EventID: d.Event.ID, RequestDigest: d.RequestDigest}
	digest, err := l.o.Keyed.RequestDigest(r.framed(tenantID, key))
	if err != nil {
		return
	}
	text, err := json.Marshal(remembered{Digest: digest, Row: r})
	if err != nil {
		return
	}
	_, _ = l.call(ctx, func(ctx context.Context) ([]byte, error) { // not remembered: the ledger answers
		return nil, l.o.Client.Set(ctx, l.place(tenantID, key), text, l.o.For).Err()
	})
}

func (l *Ledger) call(ctx context.Context, f func(ctx context.Context) ([]byte, error)) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, l.o.Wait)
	defer cancel()
	return l.breaker.Execute(func() ([]byte, error) { return f(ctx) })
}

// framed is what the digest is of: it binds the answer to the tenant and the key.
func (r row) framed(tenantID, key string) []byte {
	text, _ := json.Marshal([]any{"replay", tenantID, key, r}) // strings and bytes always encode
	return text
}

// place is the key in Redis; what a client calls its request does not stand in it.
func (l *Ledger) place(tenantID, key string) string {
	sum := sha256.Sum256([]byte(tenantID + "\x00" + key))
	return l.o.Prefix + ":" + hex.EncodeToString(sum[:])
}
