package verify_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"realname/compliance"
	"realname/compliance/auditlog"
	"realname/compliance/receipt"
	"realname/compliance/signing"
	"realname/compliance/vault"
	"realname/verify"
)

const testOrigin = "realname.example/log"

// logOf publishes the house's ledger, and returns the log with its keys.
func (h *house) logOf(t *testing.T) (*auditlog.Log, *signing.Verifiers) {
	t.Helper()
	k, err := signing.Generate(signing.Ed25519, testOrigin, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	folder, err := auditlog.OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	keys := signing.NewVerifiers(k.Verifier())
	l, err := auditlog.Open(t.Context(), auditlog.Options{
		Origin: testOrigin, Signers: []note.Signer{k.Signer()}, Verifiers: keys, Ledger: h.store.Log(), Storage: folder,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	return l, keys
}

func proved(t *testing.T, f verify.DisclosedField, proof []byte) receipt.Disclosure {
	t.Helper()
	return receipt.Disclosure{
		V: 1, Field: f.Commitment.Field, Value: f.Value.Reveal(), Salt: f.Salt, Alg: f.Commitment.Alg, Commitment: f.Commitment.Value, Receipt: string(proof),
	}
}

func toInspector(field string) verify.FieldRequest {
	return verify.FieldRequest{Version: 1, Field: field, Recipient: "psb-110105/2026-0412", Purpose: "case_inquiry", LegalBasis: "statutory_duty"}
}

// TestOneFieldIsDisclosed discloses one input of a decision, under both suites,
// and has the auditor's code, which shares none with the vault, check it.
func TestOneFieldIsDisclosed(t *testing.T) {
	for suite, alg := range map[vault.Suite]string{vault.International: receipt.CommitSHA256, vault.National: receipt.CommitSM3} {
		t.Run(string(suite), func(t *testing.T) {
			h := newHouse(t)
			master, err := vault.NewMasterKeys(suite, rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			if h.options.Vault, err = vault.New(master, rand.Reader, h.clock.now); err != nil {
				t.Fatal(err)
			}
			h.Service = verify.New(h.options)
			p := h.person(true)
			a, err := h.Decide(context.Background(), h.platform, h.key(), h.signup(p))
			if err != nil {
				t.Fatal(err)
			}
			l, keys := h.logOf(t)
			proof, err := l.Proof(t.Context(), a.EventID)
			if err != nil {
				t.Fatal(err)
			}
			const field = "party.0.holder.document"
			f, err := h.DiscloseField(context.Background(), h.platform, a.Decision.ID, toInspector(field))
			if err != nil {
				t.Fatal(err)
			}
			d := proved(t, f, proof)
			text, err := d.Encode()
			if err != nil {
				t.Fatal(err)
			}
			v, err := receipt.VerifyDisclosure(keys, text)
			if err != nil || v.Value != "resident_id::"+p.number || v.Field != field || v.Alg != alg || v.Decision != a.Decision.ID || v.Version != 1 {
				t.Fatalf("%s of %s version %d by %s, %v", v.Field, v.Decision, v.Version, v.Alg, err)
			}
			if bytes.Contains(text, []byte(p.name)) {
				t.Error("the name left with the number")
			}
			checkForgeries(t, keys, d)
		})
	}
}

// checkForgeries changes each part of a disclosure that verifies.
func checkForgeries(t *testing.T, keys note.Verifiers, good receipt.Disclosure) {
	t.Helper()
	for what, c := range map[string]struct {
		change func(*receipt.Disclosure)
		want   error
	}{
		"another value":      {func(d *receipt.Disclosure) { d.Value = d.Value[:len(d.Value)-1] }, receipt.ErrOtherValue},
		"another salt":       {func(d *receipt.Disclosure) { d.Salt = append(bytes.Clone(d.Salt), 0); d.Salt[0] ^= 1 }, receipt.ErrOtherValue},
		"another field":      {func(d *receipt.Disclosure) { d.Field = "party.0.holder.name" }, receipt.ErrNotCommitted},
		"no such field":      {func(d *receipt.Disclosure) { d.Field = "party.9.holder.name" }, receipt.ErrNotCommitted},
		"another commitment": {func(d *receipt.Disclosure) { d.Commitment = strings.Repeat("00", 32) }, receipt.ErrNotCommitted},
		"another algorithm": {func(d *receipt.Disclosure) {
			d.Alg = map[string]string{receipt.CommitSM3: receipt.CommitSHA256, receipt.CommitSHA256: receipt.CommitSM3}[d.Alg]
		}, receipt.ErrNotCommitted},
		"a receipt that was changed": {func(d *receipt.Disclosure) { d.Receipt = strings.Replace(d.Receipt, "index ", "index 1", 1) }, receipt.ErrInclusion},
		"no receipt":                 {func(d *receipt.Disclosure) { d.Receipt = "" }, receipt.ErrDisclosure},
		"a later version":            {func(d *receipt.Disclosure) { d.V = 2 }, receipt.ErrDisclosure},
	} {
		bad := good
		c.change(&bad)
		text, err := bad.Encode()
		if err != nil {
			t.Fatal(err)
		}
		_, err = receipt.VerifyDisclosure(keys, text)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", what, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), good.Value[len(good.Value)-12:]) {
			t.Errorf("%s: the error shows the value", what)
		}
	}
	text, err := good.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for what, bad := range map[string][]byte{
		"more behind it": append(bytes.Clone(text), "{}"...), "another member": bytes.Replace(text, []byte(`{"v":1`), []byte(`{"w":1,"v":1`), 1), "nothing": nil,
	} {
		if _, err := receipt.VerifyDisclosure(keys, bad); !errors.Is(err, receipt.ErrDisclosure) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestDisclosingAFieldIsAnEvent(t *testing.T) {
	h := newHouse(t)
	p := h.person(true)
	a, err := h.Decide(context.Background(), h.platform, h.key(), h.signup(p))
	if err != nil {
		t.Fatal(err)
	}
	const field = "party.0.holder.name"
	for code, c := range map[string]struct {
		who verify.Caller
		id  string
		ask func(*verify.FieldRequest)
	}{
		"validation_failed":      {h.platform, a.Decision.ID, func(r *verify.FieldRequest) { r.Purpose = "" }},
		"verification_not_found": {h.other, a.Decision.ID, func(*verify.FieldRequest) {}},
		"field_not_committed":    {h.platform, a.Decision.ID, func(r *verify.FieldRequest) { r.Field = "party.0.holder.phone" }},
	} {
		ask := toInspector(field)
		c.ask(&ask)
		_, err := h.DiscloseField(context.Background(), c.who, c.id, ask)
		wantCode(t, err, code)
	}
	for _, change := range []func(*verify.FieldRequest){
		func(r *verify.FieldRequest) { r.LegalBasis = "because I can" },
		func(r *verify.FieldRequest) { r.Recipient = "" },
		func(r *verify.FieldRequest) { r.Recipient = p.number },
	} {
		ask := toInspector(field)
		change(&ask)
		_, err := h.DiscloseField(context.Background(), h.platform, a.Decision.ID, ask)
		wantCode(t, err, "validation_failed")
	}
	if n := h.count(t, compliance.EventFieldDisclosed); n != 0 {
		t.Errorf("%d events of what was refused", n)
	}
	f, err := h.DiscloseField(context.Background(), withKey(h.platform, "key_a"), a.Decision.ID, toInspector(field))
	if err != nil || f.Value.Reveal() != p.name {
		t.Fatalf("%v, %v", f.Commitment, err)
	}
	for _, e := range h.events(t) {
		if e.Kind != string(compliance.EventFieldDisclosed) {
			continue
		}
		for _, says := range []string{`"by":"key_a"`, `"field":"party.0.holder.name"`, `"purpose":"case_inquiry"`, `"legal_basis":"statutory_duty"`, `"recipient":"psb-110105/2026-0412"`} {
			if !bytes.Contains(e.Body, []byte(says)) {
				t.Errorf("no %s in %s", says, e.Body)
			}
		}
		if bytes.Contains(e.Body, []byte(p.name)) {
			t.Errorf("the name is in %s", e.Body)
		}
	}
	if n := h.count(t, compliance.EventFieldDisclosed); n != 1 {
		t.Errorf("%d events", n)
	}
}
