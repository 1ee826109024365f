package witness

import (
	"bytes"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

// FuzzRequest: what parses encodes to the same bytes, so that one request has one text.
func FuzzRequest(f *testing.F) {
	f.Add(request{old: 7, proof: tlog.TreeProof{{1}, {2}}, checkpoint: []byte("o\n8\nh\n\n— a b\n")}.encode())
	f.Add([]byte("old 0\n\n"))
	f.Add([]byte("old 007\nx\n\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := parseRequest(body)
		if err == nil && !bytes.Equal(r.encode(), body) {
			t.Errorf("%q parses, and encodes to %q", body, r.encode())
		}
	})
}
