package witness

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// ErrRequest: the body is no add-checkpoint request.
var ErrRequest = errors.New("witness: malformed request")

const (
	// sizeType is the content type of an answer that tells the size that the witness has.
	sizeType  = "text/x.tlog.size"
	maxHashes = 63
	// maxBody bounds a request: the hashes, and a checkpoint of 16 signatures.
	maxBody = 160 << 10
)

// request is the body of add-checkpoint.
type request struct {
	old        int64
	proof      tlog.TreeProof
	checkpoint []byte // signed
}

func (r request) encode() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "old %d\n", r.old)
	for _, h := range r.proof {
		b.WriteString(h.String() + "\n")
	}
	b.WriteString("\n")
	b.Write(r.checkpoint)
	return b.Bytes()
}

func parseRequest(body []byte) (request, error) {
	head, checkpoint, ok := strings.Cut(string(body), "\n\n")
	lines := strings.Split(head, "\n")
	if !ok || len(lines) > 1+maxHashes {
		return request{}, fmt.Errorf("%w: want an old size, at most %d hashes, an empty line and a checkpoint", ErrRequest, maxHashes)
	}
	r := request{checkpoint: []byte(checkpoint)}
	text, ok := strings.CutPrefix(lines[0], "old ")
	var err error
	if r.old, err = strconv.ParseInt(text, 10, 64); !ok || err != nil || r.old < 0 || strconv.FormatInt(r.old, 10) != text {
		return request{}, fmt.Errorf("%w: no old size", ErrRequest)
	}
	for _, line := range lines[1:] {
		h, err := tlog.ParseHash(line)
		if err != nil || h.String() != line {
			return request{}, fmt.Errorf("%w: a line of the proof is no hash", ErrRequest)
		}
		r.proof = append(r.proof, h)
	}
	return r, nil
}

// signatureLines returns what signer adds to a note of that text.
func signatureLines(text string, signer note.Signer) ([]byte, error) {
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	if err != nil {
		return nil, fmt.Errorf("witness: cosign: %w", err)
	}
	return signed[len(text)+1:], nil
}
