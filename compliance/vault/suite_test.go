package vault

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The algorithms of the national suite are the standard's own: GB/T 32905 appendix A for SM3, RFC 8998 A.1 for SM4-GCM.
func TestNationalAlgorithms(t *testing.T) {
	s := suites[National]
	h := s.hash()
	h.Write([]byte("abc"))
	if got := hex.EncodeToString(h.Sum(nil)); got != "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0" {
		t.Errorf("SM3 of abc is %s", got)
	}
	gcm, err := s.gcm(unhex(t, "0123456789abcdeffedcba9876543210"))
	if err != nil {
		t.Fatal(err)
	}
	var plain []byte
	for _, c := range "abcdefea" {
		plain = append(plain, unhex(t, strings.Repeat(string(c), 16))...)
	}
	got := gcm.Seal(nil, unhex(t, "00001234567800000000abcd"), plain, unhex(t, "feedfacedeadbeeffeedfacedeadbeefabaddad2"))
	const want = "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d" +
		"83de3541e4c2b58177e065a9bf7b62ec"
	if hex.EncodeToString(got) != want {
		t.Errorf("SM4-GCM gives %x", got)
	}
}

// A vault goes from one suite to the other by rotation: what was made before stays readable, each value names its algorithms.
func TestRotationToTheOtherSuite(t *testing.T) {
	for _, way := range [][2]Suite{{International, National}, {National, International}} {
		t.Run(string(way[0])+" to "+string(way[1]), func(t *testing.T) {
			now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
			keys, err := NewMasterKeys(way[0], rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			v, err := New(keys, rand.Reader, func() time.Time { return now })
			if err != nil {
				t.Fatal(err)
			}
			before := made(t, v, suites[way[0]], 1)
			token := tokens(t, v, "network", "x")[0]
			rotated, err := keys.Rotated(way[1], now.Add(time.Minute), rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			if err := v.Replace(rotated); err != nil {
				t.Fatal(err)
			}
			made(t, v, suites[way[0]], 1) // its time has not come
			now = now.Add(time.Minute)
			after := made(t, v, suites[way[1]], 2)
			both := tokens(t, v, "network", "x")
			if len(both) != 2 || both[0] != token || !v.Counts(token) || v.Counts(both[1]) {
				t.Error("rotation changed the token that is counted by")
			}
			for _, m := range []sealed{before, after} {
				m.opens(t, v)
			}
			moved, err := v.Rewrap(before.key)
			if err != nil || moved.MasterVersion != 2 || bytes.Equal(moved.Wrapped, before.key.Wrapped) {
				t.Fatalf("rewrapped: %+v, %v", moved.MasterVersion, err)
			}
			if err := v.Replace(rotated.Without(1)); err != nil {
				t.Fatal(err)
			}
			before.fails(t, v, ErrUnknownMaster)
			before.key = moved
			before.opens(t, v)
			if left := tokens(t, v, "network", "x"); len(left) != 1 || left[0] != both[1] || !v.Counts(left[0]) {
				t.Error("the later token is not the one to count by once the older version is gone")
			}
		})
	}
}

type sealed struct {
	key  DataKey
	seal []byte
}

func (m sealed) opens(t *testing.T, v *Vault) {
	t.Helper()
	s, err := v.Sealer(m.key)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.Open("request", "ver_1", m.seal); err != nil || string(got) != "personal data" {
		t.Errorf("Open = %q, %v", got, err)
	}
}

func (m sealed) fails(t *testing.T, v *Vault, want error) {
	t.Helper()
	if _, err := v.Sealer(m.key); !errors.Is(err, want) {
		t.Errorf("Sealer: %v, want %v", err, want)
	}
}

// made makes one of each value and looks at the algorithms that stand beside them.
func made(t *testing.T, v *Vault, of *suite, version int) sealed {
	t.Helper()
	dk, err := v.NewDataKey("dek_1", "tnt_1", "signup", "registration")
	if err != nil || dk.Suite != of.seal || dk.MasterVersion != version || v.Newest() != version {
		t.Fatalf("data key of %s, version %d, %v", dk.Suite, dk.MasterVersion, err)
	}
	s, err := v.Sealer(dk)
	if err != nil {
		t.Fatal(err)
	}
	out := sealed{key: dk}
	if out.seal, err = s.Seal("request", "ver_1", []byte("personal data")); err != nil || out.seal[1] != of.sealID {
		t.Fatalf("seal %x, %v", out.seal[:2], err)
	}
	c, salt, err := v.Commitment("name", []byte("value"))
	if err != nil || c.Alg != of.commitment || !VerifyCommitment(c, salt, []byte("value")) || VerifyCommitment(c, salt, []byte("valve")) {
		t.Errorf("commitment %+v, %v", c, err)
	}
	if !same(t, v, digestOf(t, v, []byte("body")), []byte("body")) || same(t, v, digestOf(t, v, []byte("body")), []byte("bodies")) {
		t.Error("requests are not told apart")
	}
	for _, k := range documents(t, v, "resident_id", "CHN", "x") {
		if k.Version == version && k.Suite != of.mac {
			t.Errorf("document key of %s", k.Suite)
		}
	}
	x := indexOf(t, v, "images", "scope")
	if x.Versions()[0] != version {
		t.Errorf("index of versions %v, new entries under %d", x.Versions(), version)
	}
	under, seal, err := x.Seal("owner", []byte("print"))
	if err != nil || under != version || seal[1] != of.sealID {
		t.Errorf("index seals under %d, %v", under, err)
	}
	if got, err := x.Open(under, "owner", seal); err != nil || string(got) != "print" {
		t.Errorf("index opens %q, %v", got, err)
	}
	return out
}

// A key file says the suite and the time of each version; one of before suites is of the international one.
func TestKeyFileOfTwoSuites(t *testing.T) {
	keys := newKeys(t)
	keys, err := keys.Rotated(National, time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	path := t.TempDir() + "/vault.keys"
	if err := WriteKeyFile(path, newKeys(t)); err != nil {
		t.Fatal(err)
	}
	if err := ReplaceKeyFile(path, keys); err != nil {
		t.Fatal(err)
	}
	got, err := ReadKeyFile(path)
	if err != nil || len(got) != 2 {
		t.Fatalf("%d keys, %v", len(got), err)
	}
	for version, k := range keys {
		if g := got[version]; g.Suite != k.Suite || !g.From.Equal(k.From) || !bytes.Equal(g.Secret, k.Secret) {
			t.Errorf("version %d reads as %s from %v", version, g.Suite, g.From)
		}
	}
	for name, line := range map[string]string{
		"a suite nobody knows": "1 national2 " + strings.Repeat("A", 43) + "=", "a time that is none": "1 national " + strings.Repeat("A", 43) + "= soon",
		"five words": "1 national " + strings.Repeat("A", 43) + "= 2026-03-01T00:00:00Z more",
	} {
		if err := (MasterKeys{}).parse(line); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if err := (MasterKeys{}).parse("1 " + strings.Repeat("A", 43) + "="); err != nil {
		t.Errorf("a line without suite: %v", err)
	}
}
