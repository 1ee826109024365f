package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"realname/compliance/auditlog"
	"realname/compliance/auditlog/auditlogtest"
	"realname/compliance/receipt"
	"realname/compliance/signing"
)

// bothSuites makes a log of 20 entries that every suite signs, with a receipt,
// and the key file of it.
func bothSuites(t *testing.T, suites ...signing.Suite) (dir, keyFile string) {
	t.Helper()
	dir, keyFile = filepath.Join(t.TempDir(), "log"), filepath.Join(t.TempDir(), "log.pub")
	store := new(auditlogtest.Memory)
	o := auditlogtest.Options(t, store, auditlogtest.Folder(t, dir))
	o.Signers = nil
	var public strings.Builder
	var verifiers []note.Verifier
	for _, s := range signing.LogSuites() {
		k := auditlogtest.KeyOf(t, s, auditlogtest.Origin, 3)
		public.WriteString(k.Public() + "\n")
		verifiers = append(verifiers, k.Verifier())
		for _, wanted := range suites {
			if s == wanted {
				o.Signers = append(o.Signers, k.Signer())
			}
		}
	}
	o.Verifiers = signing.NewVerifiers(verifiers...)
	l, err := auditlog.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	auditlogtest.Grow(t, store, l, 0, 20, 10)
	text, err := l.Proof(t.Context(), auditlogtest.Events(7, 8)[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "receipts", "7"+receipt.Extension), string(text))
	put(t, keyFile, public.String())
	return dir, keyFile
}

func put(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestDemandedSuites: one suite is enough until more are demanded, in the
// checkpoint and in every receipt, and the output says what was checked.
func TestDemandedSuites(t *testing.T) {
	both, key := bothSuites(t, signing.Ed25519, signing.SM2)
	one, oneKey := bothSuites(t, signing.Ed25519)
	text, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(text), "\n")
	onlySM2, onlyEd := filepath.Join(t.TempDir(), "sm2.pub"), filepath.Join(t.TempDir(), "ed25519.pub")
	put(t, onlyEd, lines[0])
	put(t, onlySM2, lines[1])
	for _, c := range []struct {
		name   string
		args   []string
		status int
		says   string
	}{
		{"both lines", []string{"verify", "--key", key, both}, exitSound, "signed    ed25519 " + auditlogtest.Origin},
		{"both demanded", []string{"verify", "--key", key, "--require", "ed25519,sm2", both}, exitSound, ", sm2 " + auditlogtest.Origin},
		{"in Chinese", []string{"--lang", "zh-CN", "verify", "--key", key, "--require", "sm2", both}, exitSound, "签名      ed25519"},
		{"with the SM2 key alone", []string{"verify", "--key", onlySM2, "--require", "sm2", both}, exitSound, "signed    sm2"},
		{"with the Ed25519 key alone", []string{"verify", "--key", onlyEd, both}, exitSound, "a further signature"},
		{"a demand without a key", []string{"verify", "--key", onlyEd, "--require", "sm2", both}, exitUnchecked, "there is no sm2 key"},
		{"an unknown suite", []string{"verify", "--key", key, "--require", "rsa", both}, exitUnchecked, "no suite of a log"},
		{"SM2 is missing", []string{"verify", "--key", oneKey, "--require", "ed25519,sm2", one}, exitTampered, "none of suite sm2"},
		{"and not demanded", []string{"verify", "--key", oneKey, one}, exitSound, "SOUND"},
		{"as JSON", []string{"--json", "verify", "--key", key, both}, exitSound, `"suites":["ed25519","sm2"]`},
		{"a receipt", []string{"receipt", "--key", key, "--require", "sm2", filepath.Join(both, "receipts", "7.tlog-proof")}, exitSound, ", sm2 "},
		{"a receipt without SM2", []string{"receipt", "--key", oneKey, "--require", "sm2", filepath.Join(one, "receipts", "7.tlog-proof")}, exitTampered, "none of suite sm2"},
		{"witnesses that are not in the key file", []string{"verify", "--key", key, "--witnesses", "1", both}, exitUnchecked, "1 of 0 witnesses"},
	} {
		status, out, errOut := audit(t, c.args...)
		if status != c.status || !strings.Contains(out+errOut, c.says) {
			t.Errorf("%s: exit %d, want %d and %q in\n%s%s", c.name, status, c.status, c.says, out, errOut)
		}
	}
}

func TestEitherLineChangedIsFound(t *testing.T) {
	dir, key := bothSuites(t, signing.Ed25519, signing.SM2)
	file := filepath.Join(dir, "checkpoint")
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(whole), "\n")
	for i, suite := range map[int]string{4: "ed25519", 5: "sm2"} {
		at := len(strings.Join(lines[:i], "")) + len("— "+auditlogtest.Origin+" ") + 30
		bad := []byte(string(whole))
		bad[at] = map[bool]byte{true: 'B', false: 'A'}[bad[at] == 'A']
		put(t, file, string(bad))
		if status, out, _ := audit(t, "verify", "--key", key, dir); status != exitTampered || !strings.Contains(out, "checkpoint") {
			t.Errorf("%s line changed: exit %d\n%s", suite, status, out)
		}
	}
}
