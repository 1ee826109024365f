package witness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"realname/compliance/receipt/tiles"
)

// ErrContradicted: the witness has cosigned another history of the log.
var ErrContradicted = errors.New("witness: it has cosigned another history of this log")

// SizeError says that the last checkpoint the witness has is of another size
// than it was told.
type SizeError struct{ Size int64 }

func (e *SizeError) Error() string {
	return fmt.Sprintf("witness: its last checkpoint has %d entries", e.Size)
}

// Client asks one witness.
type Client struct {
	URL      string        // submission prefix
	Verifier note.Verifier // of its cosignatures
	HTTP     *http.Client  // http.DefaultClient when nil
}

// Name is the witness's name.
func (c *Client) Name() string { return c.Verifier.Name() }

// Cosign submits a signed checkpoint, with the proof that it continues the old
// size, and returns the witness's signature lines, verified. Errors: *SizeError
// when the witness stands elsewhere, ErrContradicted when it refuses the proof
// or has another root; all others say that it did not answer well.
func (c *Client) Cosign(ctx context.Context, old int64, proof tlog.TreeProof, signed []byte) ([]byte, error) {
	body := request{old: old, proof: proof, checkpoint: signed}.encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(c.URL, "/")+"/add-checkpoint", bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("witness: %w", err)
	}
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("witness %s: %w", c.Name(), err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		return nil, fmt.Errorf("witness %s: %w", c.Name(), err)
	}
	switch resp.StatusCode {
	case http.StatusOK:
		return c.lines(signed, text)
	case http.StatusConflict:
		size, err := strconv.ParseInt(strings.TrimSuffix(string(text), "\n"), 10, 64)
		if err != nil || size < 0 {
			return nil, fmt.Errorf("witness %s: a conflict without a size", c.Name())
		}
		if size == old {
			return nil, fmt.Errorf("%w: %s, at %d entries", ErrContradicted, c.Name(), size)
		}
		return nil, &SizeError{Size: size}
	case http.StatusUnprocessableEntity:
		return nil, fmt.Errorf("%w: %s, at %d entries", ErrContradicted, c.Name(), old)
	default:
		return nil, fmt.Errorf("witness %s: %s", c.Name(), resp.Status)
	}
}

// lines keeps, of an answer, the lines that the witness's key verifies on the checkpoint.
func (c *Client) lines(signed, answer []byte) ([]byte, error) {
	checkpoint, err := tiles.Peek(signed)
	if err != nil {
		return nil, err
	}
	n, err := note.Open([]byte(checkpoint.Text()+"\n"+string(answer)), note.VerifierList(c.Verifier))
	if err != nil {
		return nil, fmt.Errorf("witness %s: what it answered is no cosignature of its key: %w", c.Name(), err)
	}
	var out bytes.Buffer
	for _, s := range n.Sigs {
		fmt.Fprintf(&out, "— %s %s\n", s.Name, s.Base64)
	}
	return out.Bytes(), nil
}
