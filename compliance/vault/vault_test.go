package vault

import (
	"bytes"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"realname/compliance"
)

func newVault(t *testing.T, keys MasterKeys) *Vault {
	t.Helper()
	v, err := New(keys, rand.Reader, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func newKeys(t *testing.T) MasterKeys {
	t.Helper()
	keys, err := NewMasterKeys(International, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestDocumentKeysSeparateKindStateAndNumber(t *testing.T) {
	v := newVault(t, newKeys(t))
	seen := map[string]bool{}
	for _, in := range [][3]string{{"a", "CHN", "12"}, {"a", "CHN", "21"}, {"b", "CHN", "12"}, {"a", "HKG", "12"}, {"aC", "HN", "12"}} {
		k := documents(t, v, in[0], in[1], in[2])[0]
		if seen[k.MAC] {
			t.Errorf("%v collides", in)
		}
		seen[k.MAC] = true
		if again := documents(t, v, in[0], in[1], in[2])[0]; again != k {
			t.Errorf("%v is not stable", in)
		}
	}
	if other := documents(t, newVault(t, newKeys(t)), "a", "CHN", "12")[0]; seen[other.MAC] {
		t.Error("another master key gives the same document key")
	}
}

func TestRotationKeepsOldKeysLive(t *testing.T) {
	keys := newKeys(t)
	old := newVault(t, keys)
	dk, err := old.NewDataKey("dek_1", "tnt_1", "signup", "registration")
	if err != nil {
		t.Fatal(err)
	}
	more := newKeys(t)
	keys[2] = more[1]
	rotated := newVault(t, keys)

	got := documents(t, rotated, "resident_id", "CHN", "x")
	if len(got) != 2 || got[0].Version != 2 || got[1] != documents(t, old, "resident_id", "CHN", "x")[0] {
		t.Errorf("document keys after rotation = %+v", got)
	}
	if _, err := rotated.Sealer(dk); err != nil {
		t.Errorf("data key of version 1 does not open: %v", err)
	}
	if !same(t, rotated, digestOf(t, old, []byte("body")), []byte("body")) {
		t.Error("a replay after rotation looks like another request")
	}
	delete(keys, 1)
	if _, err := newVault(t, keys).Sealer(dk); !errors.Is(err, ErrUnknownMaster) {
		t.Errorf("without version 1: %v", err)
	}
}

func TestSealBindsItsContext(t *testing.T) {
	v := newVault(t, newKeys(t))
	dk, _ := v.NewDataKey("dek_1", "tnt_1", "signup", "registration")
	s, err := v.Sealer(dk)
	if err != nil {
		t.Fatal(err)
	}
	plain := []byte("personal data")
	sealed, err := s.Seal("request", "ver_1", plain)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, plain) {
		t.Fatal("the seal shows its content")
	}
	if got, err := s.Open("request", "ver_1", sealed); err != nil || !bytes.Equal(got, plain) {
		t.Fatalf("Open = %q, %v", got, err)
	}
	moved := dk
	moved.TenantID = "tnt_2"
	if _, err := v.Sealer(moved); !errors.Is(err, ErrSealBroken) {
		t.Errorf("data key under another tenant: %v", err)
	}
	for _, ctx := range [][2]string{{"other", "ver_1"}, {"request", "ver_2"}} {
		if _, err := s.Open(ctx[0], ctx[1], sealed); !errors.Is(err, ErrSealBroken) {
			t.Errorf("opened as %v: %v", ctx, err)
		}
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if _, err := s.Open("request", "ver_1", bad); !errors.Is(err, ErrSealBroken) {
			t.Fatalf("byte %d flipped: %v", i, err)
		}
	}
	for n := range sealed {
		if _, err := s.Open("request", "ver_1", sealed[:n]); !errors.Is(err, ErrSealBroken) {
			t.Fatalf("cut to %d bytes: %v", n, err)
		}
	}
	dk.Wrapped = nil
	if _, err := v.Sealer(dk); !errors.Is(err, ErrErased) {
		t.Errorf("destroyed key: %v", err)
	}
}

func TestCommitmentHidesAndBinds(t *testing.T) {
	v := newVault(t, newKeys(t))
	c, salt, err := v.Commitment("name", []byte("value"))
	if err != nil {
		t.Fatal(err)
	}
	if !VerifyCommitment(c, salt, []byte("value")) {
		t.Error("the commitment does not verify")
	}
	if VerifyCommitment(c, salt, []byte("other")) {
		t.Error("the commitment verifies for another value")
	}
	if VerifyCommitment(compliance.Commitment{Field: "number", Alg: c.Alg, Value: c.Value}, salt, []byte("value")) {
		t.Error("the commitment verifies for another field")
	}
	again, _, _ := v.Commitment("name", []byte("value"))
	if again.Value == c.Value {
		t.Error("two commitments to one value are equal: the salt is not fresh")
	}
}

func TestKeyFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "vault.keys")
	keys := newKeys(t)
	if err := WriteKeyFile(path, keys); err != nil {
		t.Fatal(err)
	}
	got, err := ReadKeyFile(path)
	if err != nil || !bytes.Equal(got[1].Secret, keys[1].Secret) {
		t.Fatalf("ReadKeyFile = %v, %v", len(got), err)
	}
	if err := WriteKeyFile(path, keys); !errors.Is(err, os.ErrExist) {
		t.Errorf("a second write: %v", err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadKeyFile(path); !errors.Is(err, os.ErrPermission) {
		t.Errorf("a file that the group may read: %v", err)
	}
	for name, text := range map[string]string{
		"no header": "1 AAAA\n", "short key": keyFileHeader + "\n1 AAAA\n", "no version": keyFileHeader + "\nAAAA\n",
		"empty": "", "header only": keyFileHeader + "\n",
	} {
		bad := filepath.Join(t.TempDir(), "keys")
		if err := os.WriteFile(bad, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadKeyFile(bad); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
