package auditlogtest

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"realname/compliance/auditlog"
	"realname/compliance/receipt/witness"
	"realname/compliance/signing"
)

// Bystander is a real witness behind HTTP, which can be switched off.
type Bystander struct {
	*witness.Client
	Key  *signing.Key
	Dir  string // of its records
	Off  atomic.Bool
	Hits atomic.Int64
}

// NewBystander starts a witness of that name, for logs that the keys of logs sign.
func NewBystander(t testing.TB, name string, seed byte, logs *signing.Verifiers) *Bystander {
	t.Helper()
	b := &Bystander{Key: KeyOf(t, signing.Cosignature, name, seed), Dir: t.TempDir()}
	w, err := witness.Open(b.Dir, b.Key.Signer(), logs, nil)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		b.Hits.Add(1)
		if b.Off.Load() {
			rw.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.ServeHTTP(rw, r)
	}))
	t.Cleanup(func() {
		server.Close()
		_ = w.Close()
	})
	b.Client = &witness.Client{URL: server.URL, Verifier: b.Key.Verifier()}
	return b
}

// Watched returns o with witnesses, k of which a receipt needs.
func Watched(t testing.TB, o auditlog.Options, k int, list ...*Bystander) auditlog.Options {
	t.Helper()
	verifiers := []note.Verifier{Key(t, 1).Verifier()}
	o.Witnesses, o.Quorum = nil, k
	for _, b := range list {
		o.Witnesses = append(o.Witnesses, b.Client)
		verifiers = append(verifiers, b.Key.Verifier())
	}
	o.Verifiers = signing.NewVerifiers(verifiers...)
	return o
}
