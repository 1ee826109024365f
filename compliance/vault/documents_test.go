package vault

import (
	"bytes"
	"crypto/rand"
	"errors"
	"path/filepath"
	"testing"
	"time"
)

// What is left of a version that was destroyed but for its document keys leads to the same persons, and opens nothing.
func TestWhatIsLeftOfADestroyedVersion(t *testing.T) {
	for _, suite := range []Suite{International, National} {
		t.Run(string(suite), func(t *testing.T) {
			keys, err := NewMasterKeys(suite, rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			v := newVault(t, keys)
			dk, err := v.NewDataKey("dek_1", "tnt_1", "signup", "registration")
			if err != nil {
				t.Fatal(err)
			}
			document, token, digest := documents(t, v, "resident_id", "CHN", "x")[0], tokens(t, v, "network", "x")[0], digestOf(t, v, []byte("body"))
			_, sealed, err := indexOf(t, v, "a", "x").Seal("owner", []byte("print"))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := keys.WithDocumentsOnly(1); err != nil {
				t.Fatal(err)
			}
			if only, _ := keys.WithDocumentsOnly(1); v.Replace(only) == nil {
				t.Error("a vault that can seal nothing was made")
			}
			rotated, err := keys.Rotated(International, time.Time{}, rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			left := throughFile(t, rotated)
			if !left[1].Documents || left[2].Documents || bytes.Equal(left[1].Secret, keys[1].Secret) {
				t.Fatal("the file does not hold what should be left")
			}
			if err := v.Replace(left); err != nil {
				t.Fatal(err)
			}
			if got := documents(t, v, "resident_id", "CHN", "x"); len(got) != 2 || got[1] != document {
				t.Errorf("document keys %+v, want %+v as the second", got, document)
			}
			if got := tokens(t, v, "network", "x"); got[0] != token {
				t.Error("the window's token is another")
			}
			if _, err := v.Sealer(dk); !errors.Is(err, ErrUnknownMaster) {
				t.Errorf("a data key opens: %v", err)
			}
			if same(t, v, digest, []byte("body")) {
				t.Error("a request of before is still compared")
			}
			if _, err := indexOf(t, v, "a", "x").Open(1, "owner", sealed); !errors.Is(err, ErrUnknownMaster) {
				t.Errorf("an entry of the index opens: %v", err)
			}
			if v.Newest() != 2 {
				t.Errorf("new seals are made under version %d", v.Newest())
			}
			whole, part := fingerprint(t, rotated, 1), fingerprint(t, left, 1)
			if other := fingerprint(t, rotated, 2); whole != part || len(whole) != 16 || whole == other {
				t.Errorf("fingerprints %s, %s and %s of another", whole, part, other)
			}
		})
	}
}

// throughFile destroys version 1 but for its document keys, and reads the result from a file.
func throughFile(t *testing.T, keys MasterKeys) MasterKeys {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys")
	if err := WriteKeyFile(path, keys); err != nil {
		t.Fatal(err)
	}
	only, err := keys.WithDocumentsOnly(1)
	if err != nil {
		t.Fatal(err)
	}
	if err := ReplaceKeyFile(path, only); err != nil {
		t.Fatal(err)
	}
	got, err := ReadKeyFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// The ledger may know of a destruction before the key is gone: the key is there, and is not used.
func TestADestroyedKeyThatIsStillThere(t *testing.T) {
	keys, err := newKeys(t).Rotated(National, time.Time{}, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	v := newVault(t, newKeys(t))
	if err := v.Replace(keys.Without(2)); err != nil {
		t.Fatal(err)
	}
	dk, err := v.NewDataKey("dek_1", "tnt_1", "signup", "registration")
	if err != nil {
		t.Fatal(err)
	}
	ring, err := keys.Open(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Use(ring.WithDocumentsOnly(1)); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Sealer(dk); !errors.Is(err, ErrUnknownMaster) {
		t.Errorf("a data key opens: %v", err)
	}
	if ring[1].Documents || len(documents(t, v, "resident_id", "CHN", "x")) != 2 {
		t.Error("the ring that was given changed, or document keys are missing")
	}
}
