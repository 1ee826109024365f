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
		value := v.Index(in[0], in[1]).Value(1, []byte(in[2]))
		if other, taken := seen[value]; taken {
			t.Errorf("%v has the value of %s", in, other)
		}
		seen[value] = in[0] + in[1] + in[2]
		if v.Index(in[0], in[1]).Value(1, []byte(in[2])) != value {
			t.Errorf("%v is not stable", in)
		}
	}
	if _, same := seen[newVault(t, newKeys(t)).Index("a", "x").Value(1, []byte("1"))]; same {
		t.Error("another master key gives the same value")
	}
}

func TestIndexSealsAreTheScopesAndTheOwners(t *testing.T) {
	keys := newKeys(t)
	old := newVault(t, keys)
	plain := []byte("what near things share")
	version, sealed, err := old.Index("a", "x").Seal("owner", plain)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, plain) {
		t.Fatal("the seal shows its content")
	}
	more := newKeys(t)
	keys[2] = more[1]
	rotated := newVault(t, keys)
	if got := rotated.Index("a", "x").Versions(); len(got) != 2 || got[0] != 2 {
		t.Errorf("versions %v, want 2 and 1", got)
	}
	if rotated.Index("a", "x").Value(1, plain) != old.Index("a", "x").Value(1, plain) {
		t.Error("a value of the old version is not found after rotation")
	}
	if got, err := rotated.Index("a", "x").Open(version, "owner", sealed); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("after rotation: %v", err)
	}
	for name, x := range map[string]*Index{"scope": old.Index("a", "y"), "purpose": old.Index("b", "x")} {
		if _, err := x.Open(version, "owner", sealed); !errors.Is(err, ErrSealBroken) {
			t.Errorf("opened in another %s: %v", name, err)
		}
	}
	if _, err := old.Index("a", "x").Open(version, "another", sealed); !errors.Is(err, ErrSealBroken) {
		t.Errorf("opened for another owner: %v", err)
	}
	if _, err := old.Index("a", "x").Open(version, "owner", nil); !errors.Is(err, ErrSealBroken) {
		t.Errorf("opened nothing: %v", err)
	}
	delete(keys, 1)
	if _, err := newVault(t, keys).Index("a", "x").Open(1, "owner", sealed); !errors.Is(err, ErrUnknownMaster) {
		t.Errorf("without version 1: %v", err)
	}
}
