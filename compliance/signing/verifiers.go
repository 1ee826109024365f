package signing

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// ErrDemand: what was demanded of signatures is not met, or cannot be met by the keys that were given.
var ErrDemand = errors.New("signing: a demanded signature is missing")

// verifier implements note.Verifier.
type verifier struct {
	name  string
	hash  uint32
	suite Suite
	check checkFunc
}

func (v *verifier) Name() string                { return v.name }
func (v *verifier) KeyHash() uint32             { return v.hash }
func (v *verifier) Verify(msg, sig []byte) bool { return v.check(msg, sig) }

// ID returns name+keyid.
func (v *verifier) ID() string { return keyID(v.name, v.hash) }

func keyID(name string, hash uint32) string { return fmt.Sprintf("%s+%08x", name, hash) }

func parseVerifier(line string) (note.Verifier, error) {
	if strings.HasPrefix(line, privatePrefix) {
		return nil, fmt.Errorf("%w: a private key stands where a verifier key belongs", ErrKey)
	}
	name, a, public, err := parseLine(line, func(a algorithm) int { return a.publicSize })
	if err != nil {
		return nil, err
	}
	v, err := a.verifier(name, public)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(line, v.ID()+"+") {
		return nil, fmt.Errorf("%w: the key id of %q is not that of its key", ErrKey, name)
	}
	return v, nil
}

// Verifiers are the public keys that a reader trusts, and what the reader
// demands of signatures beyond one that verifies.
type Verifiers struct {
	list   []note.Verifier
	known  note.Verifiers
	suites []Suite // each must have signed under the origin
	quorum int     // of the witnesses among the keys
}

// NewVerifiers trusts the keys of list.
func NewVerifiers(list ...note.Verifier) *Verifiers {
	return &Verifiers{list: slices.Clone(list), known: note.VerifierList(list...)}
}

// ParseVerifiers reads verifier lines. It needs at least one key, and refuses
// a line that it does not understand: half a key file is no key file.
func ParseVerifiers(text string) (*Verifiers, error) {
	var list []note.Verifier
	for n, line := range keyLines(text) {
		v, err := parseVerifier(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		list = append(list, v)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%w: no key line", ErrKey)
	}
	return NewVerifiers(list...), nil
}

// Verifier implements note.Verifiers.
func (v *Verifiers) Verifier(name string, hash uint32) (note.Verifier, error) {
	return v.known.Verifier(name, hash)
}

// Require returns the same keys with the demand that every one of suites has
// signed. Suites that no key is of, and Cosignature, are ErrDemand.
func (v *Verifiers) Require(suites ...Suite) (*Verifiers, error) {
	for _, s := range suites {
		if !slices.Contains(LogSuites(), s) {
			return nil, fmt.Errorf("%w: %q is no suite of a log", ErrDemand, s)
		}
		if !slices.ContainsFunc(v.list, func(k note.Verifier) bool { return suiteOf(k) == s }) {
			return nil, fmt.Errorf("%w: there is no %s key to check it with", ErrDemand, s)
		}
	}
	out := *v
	out.suites = slices.Clone(suites)
	return &out, nil
}

// RequireWitnesses returns the same keys with the demand that k or more of the
// witnesses among them have cosigned.
func (v *Verifiers) RequireWitnesses(k int) (*Verifiers, error) {
	if n := len(v.witnesses()); k < 0 || k > n {
		return nil, fmt.Errorf("%w: %d of %d witnesses", ErrDemand, k, n)
	}
	out := *v
	out.quorum = k
	return &out, nil
}

func (v *Verifiers) witnesses() map[string]bool {
	names := make(map[string]bool)
	for _, k := range v.list {
		if suiteOf(k) == Cosignature {
			names[k.Name()] = true
		}
	}
	return names
}

// Satisfied reports, as ErrDemand, what the verified signatures of a note of
// origin lack. A witness counts once, however many of its keys signed.
func (v *Verifiers) Satisfied(origin string, verified []note.Signature) error {
	signed := make(map[Suite]bool)
	witnesses := make(map[string]bool)
	for _, s := range verified {
		k, err := v.known.Verifier(s.Name, s.Hash)
		if err != nil {
			continue
		}
		if suite := suiteOf(k); suite == Cosignature {
			witnesses[s.Name] = true
		} else if s.Name == origin {
			signed[suite] = true
		}
	}
	for _, s := range v.suites {
		if !signed[s] {
			return fmt.Errorf("%w: none of suite %s", ErrDemand, s)
		}
	}
	if len(witnesses) < v.quorum {
		return fmt.Errorf("%w: %d of the %d witnesses that are demanded", ErrDemand, len(witnesses), v.quorum)
	}
	return nil
}

// Knows reports whether a key is under that name.
func (v *Verifiers) Knows(name string) bool {
	return slices.ContainsFunc(v.list, func(k note.Verifier) bool { return k.Name() == name })
}

// Verifiers returns the keys, in the order of the file.
func (v *Verifiers) Verifiers() []note.Verifier { return slices.Clone(v.list) }

// IDs returns name+keyid of every key, in the order of the file.
func (v *Verifiers) IDs() []string {
	ids := make([]string, len(v.list))
	for i, k := range v.list {
		ids[i] = keyID(k.Name(), k.KeyHash())
	}
	return ids
}

// SuiteOf returns the suite of the key name+keyid, "" when it is not known.
func (v *Verifiers) SuiteOf(id string) Suite {
	for _, k := range v.list {
		if keyID(k.Name(), k.KeyHash()) == id {
			return suiteOf(k)
		}
	}
	return ""
}

func suiteOf(k note.Verifier) Suite {
	if v, ok := k.(*verifier); ok {
		return v.suite
	}
	return ""
}

// CosignedAt returns the time in a signature of suite Cosignature, which must
// have been verified; ok is false when it has no such form.
func CosignedAt(s note.Signature) (at time.Time, ok bool) {
	raw, err := base64.StdEncoding.DecodeString(s.Base64)
	if err != nil || len(raw) < 4+timeSize {
		return time.Time{}, false
	}
	return time.Unix(int64(binary.BigEndian.Uint64(raw[4:])), 0).UTC(), true
}
