package vault

import (
	"bytes"
	"errors"
	"testing"
)

func TestIndexKeepsScopesApart(t *testing.T) {
	v := newVault(t, newKeys(t))
	seen := map[int64]string{}
	for _, in := range [][3]string{{"a", "x", "1"}, {"a", "y", "1"}, {"b", "x", "1"}, {"ax", "", "1"}, {"a", "x", "2"}} {
		value := indexOf(t, v, in[0], in[1]).Value(1, []byte(in[2]))
		if other, taken := seen[value]; taken {
			t.Errorf("%v has the value of %s", in, other)
		}
		seen[value] = in[0] + in[1] + in[2]
		if indexOf(t, v, in[0], in[1]).Value(1, []byte(in[2])) != value {
			t.Errorf("%v is not stable", in)
		}
	}
	if _, same := seen[indexOf(t, newVault(t, newKeys(t)), "a", "x").Value(1, []byte("1"))]; same {
		t.Error("another master key gives the same value")
	}
}

func TestIndexSealsAreTheScopesAndTheOwners(t *testing.T) {
	keys := newKeys(t)
	old := newVault(t, keys)
	plain := []byte("what near things share")
	version, sealed, err := indexOf(t, old, "a", "x").Seal("owner", plain)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, plain) {
		t.Fatal("the seal shows its content")
	}
	more := newKeys(t)
	keys[2] = more[1]
	rotated := newVault(t, keys)
	if got := indexOf(t, rotated, "a", "x").Versions(); len(got) != 2 || got[0] != 2 {
		t.Errorf("versions %v, want 2 and 1", got)
	}
	if indexOf(t, rotated, "a", "x").Value(1, plain) != indexOf(t, old, "a", "x").Value(1, plain) {
		t.Error("a value of the old version is not found after rotation")
	}
	if got, err := indexOf(t, rotated, "a", "x").Open(version, "owner", sealed); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("after rotation: %v", err)
	}
	for name, x := range map[string]*Index{"scope": indexOf(t, old, "a", "y"), "purpose": indexOf(t, old, "b", "x")} {
		if _, err := x.Open(version, "owner", sealed); !errors.Is(err, ErrSealBroken) {
			t.Errorf("opened in another %s: %v", name, err)
		}
	}
	if _, err := indexOf(t, old, "a", "x").Open(version, "another", sealed); !errors.Is(err, ErrSealBroken) {
		t.Errorf("opened for another owner: %v", err)
	}
	if _, err := indexOf(t, old, "a", "x").Open(version, "owner", nil); !errors.Is(err, ErrSealBroken) {
		t.Errorf("opened nothing: %v", err)
	}
	delete(keys, 1)
	if _, err := indexOf(t, newVault(t, keys), "a", "x").Open(1, "owner", sealed); !errors.Is(err, ErrUnknownMaster) {
		t.Errorf("without version 1: %v", err)
	}
}
