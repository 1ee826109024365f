package app

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"realname/compliance"
	"realname/compliance/auditlog"
	"realname/compliance/receipt"
	"realname/compliance/signing"
	"realname/internal/config"
)

// publishAll sequences what the ledger of c holds, as a gateway does, and
// returns what a regulator with the published keys makes of the folder.
func publishAll(t *testing.T, c config.Config, demands ...signing.Suite) (receipt.Report, *Operator) {
	t.Helper()
	o, err := OpenOperator(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.Close() })
	folder, err := auditlog.OpenFolder(c.LogFolder())
	if err != nil {
		t.Fatal(err)
	}
	var signers []note.Signer
	for _, k := range o.keys.log {
		signers = append(signers, k.Signer())
	}
	keys, err := signing.LoadVerifiers(c.LogPublicKey())
	if err != nil {
		t.Fatal(err)
	}
	l, err := auditlog.Open(t.Context(), auditlog.Options{
		Origin: c.Log.Origin, Signers: signers, Verifiers: keys, Ledger: o.store.Log(), Storage: folder,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	strict, err := keys.Require(demands...)
	if err != nil {
		t.Fatal(err)
	}
	r, err := receipt.VerifyLog(c.LogFolder(), strict, nil)
	if err != nil || !r.Sound() {
		t.Fatalf("%+v, %v", r, err)
	}
	return r, o
}

func addTenant(t *testing.T, c config.Config) {
	t.Helper()
	o, err := OpenOperator(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	if _, err := o.AddTenant(t.Context(), NewTenant{Name: "platform", Sector: compliance.SectorInternet, Region: "000000", NoStock: true}); err != nil {
		t.Fatal(err)
	}
}

// TestSuiteAddedLater: a log that was signed with Ed25519 alone gets its SM2
// key when the configuration asks for it; that is an event, once, and what was
// signed before stays valid.
func TestSuiteAddedLater(t *testing.T) {
	c := config.Default()
	c.Data = filepath.Join(t.TempDir(), "data")
	c.Log.Suites = []string{"ed25519"}
	addTenant(t, c)
	before, _ := publishAll(t, c)
	if len(before.SignedBy) != 1 {
		t.Fatalf("signed by %v", before.SignedBy)
	}
	c.Log.Suites = []string{"ed25519", "sm2"}
	addTenant(t, c)
	after, o := publishAll(t, c, signing.Ed25519, signing.SM2)
	if len(after.SignedBy) != 2 || after.SignedBy[0] != before.SignedBy[0] {
		t.Errorf("signed by %v, then by %v", before.SignedBy, after.SignedBy)
	}
	if n := eventsOf(t, o, `"kind":"log.key_added"`, after.Size); n != 1 {
		t.Errorf("%d events of one key", n)
	}
	// A suite that is given up again signs no more; its key stays published.
	c.Log.Suites = []string{"ed25519"}
	addTenant(t, c)
	last, o := publishAll(t, c)
	if len(last.SignedBy) != 1 || len(o.keys.known) != 2 {
		t.Errorf("signed by %v, %d keys known", last.SignedBy, len(o.keys.known))
	}
}

func TestNewLogHasBothKeys(t *testing.T) {
	c := config.Default()
	c.Data = filepath.Join(t.TempDir(), "data")
	addTenant(t, c)
	r, o := publishAll(t, c, signing.LogSuites()...)
	if len(r.SignedBy) != 2 {
		t.Errorf("signed by %v", r.SignedBy)
	}
	if n := eventsOf(t, o, "log.key_added", r.Size); n != 0 {
		t.Errorf("%d events of keys that a new log has from the start", n)
	}
}

func eventsOf(t *testing.T, o *Operator, mark string, size int64) (n int) {
	t.Helper()
	leaves, err := o.store.Log().Leaves(context.Background(), 0, size)
	if err != nil {
		t.Fatal(err)
	}
	for _, leaf := range leaves {
		if strings.Contains(string(leaf), mark) {
			n++
		}
	}
	return n
}
