package signing_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"realname/compliance/signing"
)

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// sm2Line builds a verifier line by hand, as package doc tells.
func sm2Line(public []byte) string {
	material := append([]byte("\xffoid/1.2.156.10197.1.501\n"), public...)
	id := sha256.Sum256(append([]byte(name+"\n"), material...))
	return name + "+" + hex.EncodeToString(id[:4]) + "+" + base64.StdEncoding.EncodeToString(material)
}

// The example of GB/T 32918.5-2017, annex A.2: key, message and signature.
const (
	vectorSecret  = "3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8"
	vectorPublic  = "0409F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
	vectorMessage = "message digest"
	vectorSig     = "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
)

func TestSM2PublishedVector(t *testing.T) {
	verifiers, err := signing.ParseVerifiers(sm2Line(unhex(t, vectorPublic)))
	if err != nil {
		t.Fatal(err)
	}
	id := verifiers.IDs()[0]
	if verifiers.SuiteOf(id) != signing.SM2 {
		t.Errorf("suite of %s: %q", id, verifiers.SuiteOf(id))
	}
	hash := unhex(t, id[len(id)-8:])
	v, err := verifiers.Verifier(name, uint32(hash[0])<<24|uint32(hash[1])<<16|uint32(hash[2])<<8|uint32(hash[3]))
	if err != nil {
		t.Fatal(err)
	}
	sig := unhex(t, vectorSig)
	if !v.Verify([]byte(vectorMessage), sig) {
		t.Fatal("the published signature does not verify")
	}
	for i := range sig {
		bad := bytes.Clone(sig)
		bad[i] ^= 1
		if v.Verify([]byte(vectorMessage), bad) {
			t.Errorf("verifies with byte %d changed", i)
		}
	}
	for what, bad := range map[string][]byte{"cut": sig[:63], "longer": append(bytes.Clone(sig), 0), "none": nil, "zero": make([]byte, 64)} {
		if v.Verify([]byte(vectorMessage), bad) {
			t.Errorf("%s: verifies", what)
		}
	}
	if v.Verify([]byte("message digesT"), sig) {
		t.Error("verifies another message")
	}
	k, err := signing.Generate(signing.SM2, name, bytes.NewReader(unhex(t, vectorSecret)))
	if err != nil {
		t.Fatal(err)
	}
	if k.Public() != sm2Line(unhex(t, vectorPublic)) {
		t.Errorf("the published secret gives %s", k.Public())
	}
}

// TestBothLines signs one note with both suites; each suite is enough for who
// knows only its key, and either changed spoils the note for who knows it.
func TestBothLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.key")
	if _, err := signing.Create(path, name, rand.Reader, signing.LogSuites()...); err != nil {
		t.Fatal(err)
	}
	keys, err := signing.Load(path)
	if err != nil || len(keys) != 2 || keys[0].Suite() != signing.Ed25519 || keys[1].Suite() != signing.SM2 {
		t.Fatalf("%v, %v", keys, err)
	}
	signed, err := note.Sign(&note.Note{Text: "hello\n"}, keys[0].Signer(), keys[1].Signer())
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		v, err := signing.ParseVerifiers(k.Public())
		if err != nil {
			t.Fatal(err)
		}
		if n, err := note.Open(signed, v); err != nil || len(n.Sigs) != 1 || len(n.UnverifiedSigs) != 1 {
			t.Errorf("%s alone: %+v, %v", k.Suite(), n, err)
		}
		i := bytes.LastIndex(signed, []byte(k.Name()+" ")) // the last line is the SM2 one
		if k.Suite() == signing.Ed25519 {
			i = bytes.Index(signed, []byte(k.Name()+" "))
		}
		bad := bytes.Clone(signed)
		at := i + len(k.Name()) + 40
		bad[at] = map[bool]byte{true: 'B', false: 'A'}[bad[at] == 'A']
		if _, err := note.Open(bad, v); err == nil {
			t.Errorf("%s: a changed signature passes", k.Suite())
		}
	}
}

func TestDemands(t *testing.T) {
	ed, err := signing.Generate(signing.Ed25519, name, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sm, err := signing.Generate(signing.SM2, name, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var witnesses []*signing.Key
	for _, n := range []string{"w.example/1", "w.example/2", "w.example/2"} {
		w, err := signing.Generate(signing.Cosignature, n, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		witnesses = append(witnesses, w)
	}
	all := signing.NewVerifiers(ed.Verifier(), sm.Verifier(), witnesses[0].Verifier(), witnesses[1].Verifier(), witnesses[2].Verifier())
	open := func(v *signing.Verifiers, keys ...*signing.Key) error {
		var signers []note.Signer
		for _, k := range keys {
			signers = append(signers, k.Signer())
		}
		text, err := note.Sign(&note.Note{Text: name + "\n"}, signers...)
		if err != nil {
			t.Fatal(err)
		}
		n, err := note.Open(text, v)
		if err != nil {
			t.Fatal(err)
		}
		return v.Satisfied(name, n.Sigs)
	}
	stranger, err := signing.Generate(signing.SM2, "other.example/log", rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	all = signing.NewVerifiers(append(all.Verifiers(), stranger.Verifier())...)
	both, err := all.Require(signing.Ed25519, signing.SM2)
	if err != nil {
		t.Fatal(err)
	}
	two, err := all.RequireWitnesses(2)
	if err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		keys *signing.Verifiers
		by   []*signing.Key
		ok   bool
	}{
		"nothing demanded":         {all, []*signing.Key{ed}, true},
		"both, by both":            {both, []*signing.Key{ed, sm}, true},
		"both, by one":             {both, []*signing.Key{ed, witnesses[0]}, false},
		"both, one of another log": {both, []*signing.Key{ed, stranger}, false},
		"both, by the other":       {both, []*signing.Key{sm}, false},
		"two witnesses":            {two, []*signing.Key{ed, witnesses[0], witnesses[1]}, true},
		"one witness":              {two, []*signing.Key{ed, sm, witnesses[0]}, false},
		"one witness, two keys":    {two, []*signing.Key{ed, witnesses[1], witnesses[2]}, false},
		"the demand is not gone":   {both, nil, false},
		"the quorum is not alone":  {two, nil, false},
	} {
		var err error
		if c.by == nil {
			err = c.keys.Satisfied(name, nil)
		} else {
			err = open(c.keys, c.by...)
		}
		if (err == nil) != c.ok || err != nil && !errors.Is(err, signing.ErrDemand) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := signing.NewVerifiers(ed.Verifier()).Require(signing.SM2); !errors.Is(err, signing.ErrDemand) {
		t.Errorf("a demand that no key can meet: %v", err)
	}
	if _, err := all.Require("rot13"); !errors.Is(err, signing.ErrDemand) {
		t.Errorf("an unknown suite: %v", err)
	}
	if _, err := all.RequireWitnesses(3); !errors.Is(err, signing.ErrDemand) {
		t.Errorf("three of two witnesses: %v", err)
	}
}

func TestCosignature(t *testing.T) {
	k, err := signing.Generate(signing.Cosignature, "w.example/1", rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	signed, err := note.Sign(&note.Note{Text: "log\n1\nhash\n"}, k.SignerAt(func() time.Time { return at }))
	if err != nil {
		t.Fatal(err)
	}
	v, err := signing.ParseVerifiers(k.Public())
	if err != nil {
		t.Fatal(err)
	}
	n, err := note.Open(signed, v)
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := signing.CosignedAt(n.Sigs[0]); !ok || !got.Equal(at) {
		t.Errorf("cosigned at %v, %v", got, ok)
	}
	// The time is signed too.
	raw, err := base64.StdEncoding.DecodeString(n.Sigs[0].Base64)
	if err != nil {
		t.Fatal(err)
	}
	raw[4+7] ^= 1
	bad := strings.Replace(string(signed), n.Sigs[0].Base64, base64.StdEncoding.EncodeToString(raw), 1)
	if _, err := note.Open([]byte(bad), v); err == nil {
		t.Error("another time verifies")
	}
}

// The example of c2sp.org/tlog-cosignature says when it was cosigned.
func TestCosignatureOfTheSpecification(t *testing.T) {
	const line = "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA=="
	at, ok := signing.CosignedAt(note.Signature{Name: "witness.example.com/w1", Base64: line})
	if want := time.Unix(1679315147, 0).UTC(); !ok || !at.Equal(want) {
		t.Errorf("cosigned at %v, %v, want %v", at, ok, want)
	}
}

func TestAddKey(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "log.key")
	if _, err := signing.Create(path, name, rand.Reader, signing.Ed25519); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	refused := errors.New("no")
	if _, err := signing.Add(path, signing.SM2, rand.Reader, func(*signing.Key) error { return refused }); !errors.Is(err, refused) {
		t.Errorf("added unannounced: %v", err)
	}
	if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, before) {
		t.Errorf("the file changed: %v", err)
	}
	// Several programs that start together add one key between them.
	var mu sync.Mutex
	var added []string
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			k, err := signing.Add(path, signing.SM2, rand.Reader, func(*signing.Key) error { return nil })
			if err != nil {
				t.Error(err)
			}
			if k != nil {
				mu.Lock()
				defer mu.Unlock()
				added = append(added, k.ID())
			}
		})
	}
	wg.Wait()
	keys, err := signing.Load(path)
	if err != nil || len(keys) != 2 || len(added) != 1 || keys[1].ID() != added[0] || keys[1].Suite() != signing.SM2 {
		t.Fatalf("keys %v, added %v, %v", keys, added, err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.HasPrefix(after, before) {
		t.Errorf("the first key is not what it was: %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("files left: %v, %v", slices.Collect(func(yield func(string) bool) {
			for _, e := range left {
				yield(e.Name())
			}
		}), err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}
