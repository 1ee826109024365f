package receipt

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"realname/compliance/receipt/tiles"
)

// Errors of receipts; tiles.ErrCheckpoint, tiles.ErrSignature and ErrLeaf occur as well.
var (
	// ErrMalformed: the text is no tlog-proof with a leaf, in its canonical spelling.
	ErrMalformed = errors.New("receipt: malformed")
	// ErrInclusion: the leaf is not at that index in the tree of the checkpoint.
	ErrInclusion = errors.New("receipt: the proof does not lead from the leaf to the checkpoint")
	// ErrOrigin: the leaf names another log than the checkpoint.
	ErrOrigin = errors.New("receipt: leaf and checkpoint name different logs")
)

const (
	header = "c2sp.org/tlog-proof@v1"
	// Extension is the file extension of receipts.
	Extension = ".tlog-proof"
	// MaxSize bounds the text of a receipt in bytes: the largest leaf, 63 hashes, the largest checkpoint.
	MaxSize   = 256 << 10
	maxHashes = 63
)

// Receipt is a parsed, unverified receipt.
type Receipt struct {
	Index      int64  // of the leaf, from 0
	Leaf       []byte // verbatim
	Proof      tlog.RecordProof
	Checkpoint []byte // signed note, verbatim
}

// Marshal returns the text of r.
func Marshal(r Receipt) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\nextra %s\nindex %d\n", header, base64.StdEncoding.EncodeToString(r.Leaf), r.Index)
	for _, h := range r.Proof {
		b.WriteString(h.String())
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	b.Write(r.Checkpoint)
	return b.Bytes()
}

// Parse reads the text of a receipt without verifying it; errors are ErrMalformed.
func Parse(text []byte) (Receipt, error) {
	bad := func(what string) (Receipt, error) { return Receipt{}, fmt.Errorf("%w: %s", ErrMalformed, what) }
	if len(text) > MaxSize {
		return bad(fmt.Sprintf("%d bytes, at most %d", len(text), MaxSize))
	}
	head, checkpoint, ok := strings.Cut(string(text), "\n\n")
	lines := strings.Split(head, "\n")
	if !ok || lines[0] != header {
		return bad("no tlog-proof")
	}
	if len(lines) < 3 || len(lines) > 3+maxHashes {
		return bad(fmt.Sprintf("%d lines before the checkpoint", len(lines)))
	}
	r := Receipt{Checkpoint: []byte(checkpoint)}
	extra, ok := strings.CutPrefix(lines[1], "extra ")
	if !ok {
		return bad("no leaf in it")
	}
	var err error
	if r.Leaf, err = base64.StdEncoding.DecodeString(extra); err != nil {
		return bad("the leaf is not base64")
	}
	index, ok := strings.CutPrefix(lines[2], "index ")
	if r.Index, err = strconv.ParseInt(index, 10, 64); !ok || err != nil || r.Index < 0 {
		return bad("no index")
	}
	for _, line := range lines[3:] {
		h, err := tlog.ParseHash(line)
		if err != nil {
			return bad("a line of the proof is no hash")
		}
		r.Proof = append(r.Proof, h)
	}
	// Base64 and numbers have several spellings, a receipt has one.
	if !bytes.Equal(Marshal(r), text) {
		return bad("not in canonical form")
	}
	return r, nil
}

// Verified is what a receipt proves.
type Verified struct {
	Origin string
	Index  int64     // of the leaf, from 0
	Size   int64     // leaves in the log at the checkpoint
	Root   tlog.Hash // tree hash at the checkpoint
	Leaf   Leaf
	Raw    []byte // the leaf, verbatim
	// SignedBy names the keys (name+id) whose signatures on the checkpoint were verified.
	SignedBy []string
	// Unknown names the signatures on the checkpoint by keys that were not given.
	Unknown []string
}

// Verify checks a receipt against the keys of its log, offline: the signature
// of the checkpoint, its origin, and the inclusion of the leaf.
func Verify(keys note.Verifiers, text []byte) (Verified, error) {
	r, err := Parse(text)
	if err != nil {
		return Verified{}, err
	}
	c, err := tiles.Open(r.Checkpoint, keys)
	if err != nil {
		return Verified{}, err
	}
	if err := tlog.CheckRecord(r.Proof, c.Size, c.Root, r.Index, tlog.RecordHash(r.Leaf)); err != nil {
		return Verified{}, fmt.Errorf("%w: index %d of %d", ErrInclusion, r.Index, c.Size)
	}
	leaf, err := ParseLeaf(r.Leaf)
	if err != nil {
		return Verified{}, err
	}
	if leaf.Origin != c.Origin {
		return Verified{}, fmt.Errorf("%w: %q and %q", ErrOrigin, leaf.Origin, c.Origin)
	}
	if !json.Valid(leaf.Event) {
		return Verified{}, fmt.Errorf("%w: the event is no JSON", ErrLeaf)
	}
	return Verified{
		Origin: c.Origin, Index: r.Index, Size: c.Size, Root: c.Root,
		Leaf: leaf, Raw: r.Leaf, SignedBy: c.SignedBy(), Unknown: c.Unknown,
	}, nil
}
