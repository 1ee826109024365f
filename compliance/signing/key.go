package signing

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"
)

// Errors of this package; all are wrapped with what was found.
var (
	// ErrName: the name of a key is no origin (see ValidName).
	ErrName = errors.New("signing: not a valid key name")
	// ErrKey: a key line does not parse, or its key id is not that of its key.
	ErrKey = errors.New("signing: malformed key")
	// ErrAlgorithm: the key line is of an algorithm that this build does not know.
	ErrAlgorithm = errors.New("signing: unknown signature algorithm")
	// ErrPermissions: others than the owner can read or write the key file.
	ErrPermissions = errors.New("signing: key file is open to others")
)

// algEd25519 is the signature type byte of C2SP signed-note.
const algEd25519 = 0x01

const privatePrefix = "PRIVATE+KEY+"

// maxName bounds the name, which stands in every checkpoint and every leaf.
const maxName = 200

// ValidName reports whether name can be the name of a key and the origin of a
// log: 1 to 200 bytes of UTF-8 without spaces, control characters, quotes,
// backslashes or plus signs, and without a scheme.
func ValidName(name string) bool {
	if name == "" || len(name) > maxName || !utf8.ValidString(name) || strings.Contains(name, "://") {
		return false
	}
	return !strings.ContainsFunc(name, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune(`+"\`, r)
	})
}

// Key signs notes under one name. The private half never leaves it but by the
// key file that Create writes; printing a Key shows its public half.
type Key struct {
	signer   note.Signer
	verifier note.Verifier
	private  string
	public   string
}

// Generate makes an Ed25519 key from 32 bytes of rand.
func Generate(rand io.Reader, name string) (*Key, error) {
	if !ValidName(name) {
		return nil, fmt.Errorf("%w: %q", ErrName, name)
	}
	seed := make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(rand, seed); err != nil {
		return nil, fmt.Errorf("signing: read randomness: %w", err)
	}
	return newEd25519(name, seed)
}

func newEd25519(name string, seed []byte) (*Key, error) {
	pub := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
	public, err := note.NewEd25519VerifierKey(name, pub)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	verifier, err := note.NewVerifier(public)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	private := fmt.Sprintf("%s%s+%08x+%s", privatePrefix, name, verifier.KeyHash(),
		base64.StdEncoding.EncodeToString(append([]byte{algEd25519}, seed...)))
	signer, err := note.NewSigner(private)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	return &Key{signer: signer, verifier: verifier, private: private, public: public}, nil
}

// parseKey reads one PRIVATE+KEY+… line. Its errors never repeat the line.
func parseKey(line string) (*Key, error) {
	rest, ok := strings.CutPrefix(line, privatePrefix)
	fields := strings.Split(rest, "+")
	// The base64 of the key may itself hold plus signs.
	if !ok || len(fields) < 3 {
		return nil, fmt.Errorf("%w: not a PRIVATE+KEY line", ErrKey)
	}
	name, raw := fields[0], strings.Join(fields[2:], "+")
	if !ValidName(name) {
		return nil, fmt.Errorf("%w: %q", ErrName, name)
	}
	material, err := base64.StdEncoding.Strict().DecodeString(raw)
	if err != nil || len(material) == 0 {
		return nil, fmt.Errorf("%w: the key of %q is not base64", ErrKey, name)
	}
	switch material[0] {
	case algEd25519:
		if len(material) != 1+ed25519.SeedSize {
			return nil, fmt.Errorf("%w: the Ed25519 key of %q has %d bytes, want %d", ErrKey, name, len(material)-1, ed25519.SeedSize)
		}
		k, err := newEd25519(name, material[1:])
		if err != nil {
			return nil, err
		}
		if k.private != line {
			return nil, fmt.Errorf("%w: the key id of %q is not that of its key", ErrKey, name)
		}
		return k, nil
	default:
		return nil, fmt.Errorf("%w 0x%02x of %q", ErrAlgorithm, material[0], name)
	}
}

// Name returns the name under which the key signs.
func (k *Key) Name() string { return k.signer.Name() }

// Signer returns the signer of notes.
func (k *Key) Signer() note.Signer { return k.signer }

// Verifier returns the verifier of what the key signs.
func (k *Key) Verifier() note.Verifier { return k.verifier }

// Public returns the verifier line of the key, without a newline.
func (k *Key) Public() string { return k.public }

// String returns the verifier line; it keeps the private half out of logs.
func (k *Key) String() string { return k.public }

// GoString is String: %#v must not show the private half either.
func (k *Key) GoString() string { return k.public }

// Verifiers are the public keys that a reader trusts.
type Verifiers struct {
	list  []note.Verifier
	known note.Verifiers
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

func parseVerifier(line string) (note.Verifier, error) {
	if strings.HasPrefix(line, privatePrefix) {
		return nil, fmt.Errorf("%w: a private key stands where a verifier key belongs", ErrKey)
	}
	fields := strings.SplitN(line, "+", 3)
	if len(fields) < 3 {
		return nil, fmt.Errorf("%w: want NAME+ID+KEY", ErrKey)
	}
	if !ValidName(fields[0]) {
		return nil, fmt.Errorf("%w: %q", ErrName, fields[0])
	}
	material, err := base64.StdEncoding.Strict().DecodeString(fields[2])
	if err != nil || len(material) == 0 {
		return nil, fmt.Errorf("%w: the key of %q is not base64", ErrKey, fields[0])
	}
	if material[0] != algEd25519 {
		return nil, fmt.Errorf("%w 0x%02x of %q", ErrAlgorithm, material[0], fields[0])
	}
	v, err := note.NewVerifier(line)
	if err != nil {
		return nil, fmt.Errorf("%w: %q: %w", ErrKey, fields[0], err)
	}
	return v, nil
}

// Verifier implements note.Verifiers.
func (v *Verifiers) Verifier(name string, hash uint32) (note.Verifier, error) {
	return v.known.Verifier(name, hash)
}

// IDs returns name+keyid of every key, in the order of the file.
func (v *Verifiers) IDs() []string {
	ids := make([]string, len(v.list))
	for i, k := range v.list {
		ids[i] = fmt.Sprintf("%s+%08x", k.Name(), k.KeyHash())
	}
	return ids
}
