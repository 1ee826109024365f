package tiles

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Errors of checkpoints.
var (
	// ErrCheckpoint: the bytes are not a checkpoint in its canonical spelling.
	ErrCheckpoint = errors.New("tiles: malformed checkpoint")
	// ErrSignature: no trusted key of the log has signed, or a signature of one is wrong.
	ErrSignature = errors.New("tiles: checkpoint signature does not verify")
)

// maxCheckpoint bounds what is parsed: 16 signatures of 5 kB and room to spare.
const maxCheckpoint = 128 << 10

// maxSize bounds the entries of a log: near 2^63 the arithmetic of tlog goes round for ever.
const maxSize = 1 << 56

// Checkpoint is the head of a log at one size.
type Checkpoint struct {
	Origin string
	Size   int64
	Root   tlog.Hash
}

// Text returns the three lines that are signed.
func (c Checkpoint) Text() string {
	return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, c.Root)
}

// Sign returns the signed note of c, one signature line a signer.
func (c Checkpoint) Sign(signers ...note.Signer) ([]byte, error) {
	return note.Sign(&note.Note{Text: c.Text()}, signers...)
}

// ParseText reads the lines of a checkpoint that are signed. Extension lines
// are refused: no log of ours writes them.
func ParseText(text string) (Checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[3] != "" || lines[0] == "" {
		return Checkpoint{}, fmt.Errorf("%w: want the lines origin, size and root", ErrCheckpoint)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || size > maxSize || strconv.FormatInt(size, 10) != lines[1] {
		return Checkpoint{}, fmt.Errorf("%w: tree size %.30q", ErrCheckpoint, lines[1])
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil || root.String() != lines[2] {
		return Checkpoint{}, fmt.Errorf("%w: root hash %.60q", ErrCheckpoint, lines[2])
	}
	return Checkpoint{Origin: lines[0], Size: size, Root: root}, nil
}

// Peek reads what a signed checkpoint claims, and verifies nothing.
func Peek(signed []byte) (Checkpoint, error) {
	text, _, ok := strings.Cut(string(signed), "\n\n")
	if !ok || len(signed) > maxCheckpoint {
		return Checkpoint{}, fmt.Errorf("%w: no signed note", ErrCheckpoint)
	}
	return ParseText(text + "\n")
}

// Demanding are keys that ask more of a checkpoint than one signature that verifies.
type Demanding interface {
	note.Verifiers
	// Satisfied says what the verified signatures of a checkpoint of origin lack.
	Satisfied(origin string, verified []note.Signature) error
}

// Opened is a checkpoint whose signatures were verified.
type Opened struct {
	Checkpoint
	Verified []note.Signature // by known keys, those of the log and those of witnesses
	// Unknown names the keys (name+id) of further signatures; those are not verified.
	Unknown []string
}

// SignedBy returns the keys (name+id) whose signatures were verified.
func (o Opened) SignedBy() []string { return names(o.Verified) }

// Open verifies a signed checkpoint. A key of keys must have signed under a
// name that equals the origin, no signature of a known key may be wrong, and
// where keys are Demanding they must be satisfied. Errors are ErrCheckpoint and
// ErrSignature.
func Open(signed []byte, keys note.Verifiers) (Opened, error) {
	if len(signed) > maxCheckpoint {
		return Opened{}, fmt.Errorf("%w: %d bytes", ErrCheckpoint, len(signed))
	}
	n, err := note.Open(signed, keys)
	var unverified *note.UnverifiedNoteError
	var invalid *note.InvalidSignatureError
	switch {
	case errors.As(err, &unverified):
		return Opened{}, fmt.Errorf("%w: signed by %.200q only, no key that is trusted", ErrSignature, names(unverified.Note.UnverifiedSigs))
	case errors.As(err, &invalid):
		return Opened{}, fmt.Errorf("%w: key %s+%08x", ErrSignature, invalid.Name, invalid.Hash)
	case err != nil:
		return Opened{}, fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	c, err := ParseText(n.Text)
	if err != nil {
		return Opened{}, err
	}
	if err := strictSignatures(n, signed); err != nil {
		return Opened{}, err
	}
	if !slices.ContainsFunc(n.Sigs, func(s note.Signature) bool { return s.Name == c.Origin }) {
		return Opened{}, fmt.Errorf("%w: no signature under the name of the origin %.200q", ErrSignature, c.Origin)
	}
	if d, ok := keys.(Demanding); ok {
		if err := d.Satisfied(c.Origin, n.Sigs); err != nil {
			return Opened{}, fmt.Errorf("%w: %w", ErrSignature, err)
		}
	}
	return Opened{Checkpoint: c, Verified: n.Sigs, Unknown: names(n.UnverifiedSigs)}, nil
}

// names returns name+id of the key of each signature.
func names(sigs []note.Signature) []string {
	var out []string
	for _, s := range sigs {
		out = append(out, fmt.Sprintf("%s+%08x", s.Name, s.Hash))
	}
	return out
}

// strictSignatures closes what note.Open lets pass: repeated signature lines,
// and base64 with spare bits set, by which two texts would be one checkpoint.
func strictSignatures(n *note.Note, signed []byte) error {
	lines := strings.Count(string(signed[len(n.Text):]), "\n") - 1
	if lines != len(n.Sigs)+len(n.UnverifiedSigs) {
		return fmt.Errorf("%w: a signature line is repeated", ErrCheckpoint)
	}
	for _, s := range append(n.Sigs[:len(n.Sigs):len(n.Sigs)], n.UnverifiedSigs...) {
		raw, err := base64.StdEncoding.DecodeString(s.Base64)
		if err != nil || base64.StdEncoding.EncodeToString(raw) != s.Base64 {
			return fmt.Errorf("%w: the signature of %s+%08x is not strict base64", ErrCheckpoint, s.Name, s.Hash)
		}
	}
	return nil
}
