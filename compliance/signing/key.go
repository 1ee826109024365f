package signing

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
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
	verifier *verifier
	sign     signFunc
	private  string
	public   string
}

// Generate makes a key of a suite from 32 bytes of rand.
func Generate(suite Suite, name string, rand io.Reader) (*Key, error) {
	a, err := algorithmOf(suite)
	if err != nil {
		return nil, err
	}
	if !ValidName(name) {
		return nil, fmt.Errorf("%w: %q", ErrName, name)
	}
	secret, err := a.generate(rand)
	if err != nil {
		return nil, err
	}
	return a.key(name, secret)
}

// key makes the Key of a secret.
func (a algorithm) key(name string, secret []byte) (*Key, error) {
	public, sign, err := a.open(secret)
	if err != nil {
		return nil, err
	}
	v, err := a.verifier(name, public)
	if err != nil {
		return nil, err
	}
	line := func(half []byte) string {
		return fmt.Sprintf("%s+%08x+%s", name, v.hash, base64.StdEncoding.EncodeToString(append([]byte(a.kind), half...)))
	}
	return &Key{verifier: v, sign: sign, private: privatePrefix + line(secret), public: line(public)}, nil
}

// verifier makes the verifier of a public key.
func (a algorithm) verifier(name string, public []byte) (*verifier, error) {
	check, err := a.verify(public)
	if err != nil {
		return nil, err
	}
	// The key id that C2SP signed-note recommends.
	sum := sha256.Sum256([]byte(name + "\n" + a.kind + string(public)))
	return &verifier{name: name, hash: binary.BigEndian.Uint32(sum[:]), suite: a.suite, check: check}, nil
}

// parseLine splits NAME+ID+KEY and finds the algorithm of the key; half says
// which size it must have. Its errors never repeat the key.
func parseLine(line string, half func(algorithm) int) (name string, a algorithm, key []byte, err error) {
	fields := strings.SplitN(line, "+", 3) // the base64 of the key may itself hold plus signs
	if len(fields) < 3 {
		return "", a, nil, fmt.Errorf("%w: want NAME+ID+KEY", ErrKey)
	}
	name = fields[0]
	if !ValidName(name) {
		return "", a, nil, fmt.Errorf("%w: %q", ErrName, name)
	}
	material, err := base64.StdEncoding.Strict().DecodeString(fields[2])
	if err != nil || len(material) == 0 {
		return "", a, nil, fmt.Errorf("%w: the key of %q is not base64", ErrKey, name)
	}
	for _, a := range algorithms {
		key, ok := strings.CutPrefix(string(material), a.kind)
		if !ok {
			continue
		}
		if want := half(a); len(key) != want {
			return "", a, nil, fmt.Errorf("%w: the %s key of %q has %d bytes, want %d", ErrKey, a.suite, name, len(key), want)
		}
		return name, a, []byte(key), nil
	}
	return "", a, nil, fmt.Errorf("%w 0x%02x of %q", ErrAlgorithm, material[0], name)
}

// parseKey reads one PRIVATE+KEY+… line. Its errors never repeat the line.
func parseKey(line string) (*Key, error) {
	rest, ok := strings.CutPrefix(line, privatePrefix)
	if !ok {
		return nil, fmt.Errorf("%w: not a PRIVATE+KEY line", ErrKey)
	}
	name, a, secret, err := parseLine(rest, func(a algorithm) int { return a.secretSize })
	if err != nil {
		return nil, err
	}
	k, err := a.key(name, secret)
	if err != nil {
		return nil, err
	}
	if k.private != line {
		return nil, fmt.Errorf("%w: the key id of %q is not that of its key", ErrKey, name)
	}
	return k, nil
}

// Name returns the name under which the key signs.
func (k *Key) Name() string { return k.verifier.name }

// Suite returns the suite of the key.
func (k *Key) Suite() Suite { return k.verifier.suite }

// ID returns name+keyid, as signatures and reports name the key.
func (k *Key) ID() string { return k.verifier.ID() }

// Signer returns the signer of notes; cosignatures bear the time of the machine.
func (k *Key) Signer() note.Signer { return k.SignerAt(time.Now) }

// SignerAt returns a signer whose cosignatures bear the time that now tells.
func (k *Key) SignerAt(now func() time.Time) note.Signer { return &signer{k, now} }

// Verifier returns the verifier of what the key signs.
func (k *Key) Verifier() note.Verifier { return k.verifier }

// Public returns the verifier line of the key, without a newline.
func (k *Key) Public() string { return k.public }

// String returns the verifier line; it keeps the private half out of logs.
func (k *Key) String() string { return k.public }

// GoString is String: %#v must not show the private half either.
func (k *Key) GoString() string { return k.public }

// signer implements note.Signer.
type signer struct {
	key *Key
	now func() time.Time
}

func (s *signer) Name() string                    { return s.key.verifier.name }
func (s *signer) KeyHash() uint32                 { return s.key.verifier.hash }
func (s *signer) Sign(msg []byte) ([]byte, error) { return s.key.sign(msg, s.now()) }
