package receipt

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/tlog"

	"realname/compliance/receipt/tiles"
)

var (
	// ErrLeaf: the bytes are no leaf of version 1.
	ErrLeaf = errors.New("receipt: malformed leaf")
	// ErrTooLarge: the event does not fit into a leaf.
	ErrTooLarge = errors.New("receipt: event too large for a leaf")
)

// Leaf is one entry of the log; see the package comment for its encoding.
type Leaf struct {
	Event  []byte // canonical JSON object
	Origin string
	Tenant string
	Seq    int64     // the tenant's own count, from 1
	Prev   tlog.Hash // leaf hash of the tenant's previous leaf; zero when Seq is 1
}

// The fixed text of a leaf, in the order that RFC 8785 gives the members.
const (
	leafHead   = `{"event":`
	leafOrigin = `,"origin":"`
	leafTenant = `","tenant":"`
	leafPrev   = `","tenant_prev":"`
	leafSeq    = `","tenant_seq":`
	leafTail   = `,"v":1}`
)

// maxSeq is the largest integer that every reader of JSON agrees on (RFC 7493).
const maxSeq = 1<<53 - 1

// Encode returns the bytes of the leaf. l.Event must be a JSON object in RFC
// 8785 form, which the caller has seen to; the rest is checked here.
func (l Leaf) Encode() ([]byte, error) {
	switch {
	case len(l.Event) < 2 || l.Event[0] != '{' || l.Event[len(l.Event)-1] != '}':
		return nil, fmt.Errorf("%w: the event is no JSON object", ErrLeaf)
	case !plain(l.Origin) || l.Origin == "" || !plain(l.Tenant):
		return nil, fmt.Errorf("%w: origin or tenant has characters that need escaping", ErrLeaf)
	case l.Seq < 1 || l.Seq > maxSeq || (l.Seq == 1) != (l.Prev == tlog.Hash{}):
		return nil, fmt.Errorf("%w: tenant_seq %d does not fit tenant_prev", ErrLeaf, l.Seq)
	}
	b := make([]byte, 0, len(l.Event)+len(l.Origin)+len(l.Tenant)+160)
	b = append(append(b, leafHead...), l.Event...)
	b = append(append(b, leafOrigin...), l.Origin...)
	b = append(append(b, leafTenant...), l.Tenant...)
	b = append(b, leafPrev...)
	if l.Seq > 1 {
		b = hex.AppendEncode(b, l.Prev[:])
	}
	b = strconv.AppendInt(append(b, leafSeq...), l.Seq, 10)
	b = append(b, leafTail...)
	if len(b) > tiles.MaxEntry {
		return nil, fmt.Errorf("%w: %d bytes, at most %d fit", ErrTooLarge, len(b), tiles.MaxEntry)
	}
	return b, nil
}

// plain reports whether s stands in JSON as it is.
func plain(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return r == '"' || r == '\\' || unicode.IsControl(r)
	})
}

// ParseLeaf reads a leaf. It is strict about everything but the inside of the
// event, which aliases b. The envelope is found from the end: within the event
// no string can hold the unescaped quotes that open it.
func ParseLeaf(b []byte) (Leaf, error) {
	bad := func(what string) (Leaf, error) { return Leaf{}, fmt.Errorf("%w: %s", ErrLeaf, what) }
	at := bytes.LastIndex(b, []byte(leafOrigin))
	if at < 0 || !bytes.HasPrefix(b, []byte(leafHead)) || len(b) > tiles.MaxEntry {
		return bad("no event and origin")
	}
	l := Leaf{Event: b[min(len(leafHead), at):at]}
	rest := string(b[at+len(leafOrigin):])
	var prev, seq string
	var ok1, ok2, ok3, ok4 bool
	l.Origin, rest, ok1 = strings.Cut(rest, leafTenant)
	l.Tenant, rest, ok2 = strings.Cut(rest, leafPrev)
	prev, rest, ok3 = strings.Cut(rest, leafSeq)
	seq, rest, ok4 = strings.Cut(rest, leafTail)
	if !ok1 || !ok2 || !ok3 || !ok4 || rest != "" {
		return bad("want the members event, origin, tenant, tenant_prev, tenant_seq, v of version 1")
	}
	var err error
	if l.Seq, err = strconv.ParseInt(seq, 10, 64); err != nil {
		return bad("tenant_seq is no number")
	}
	if prev != "" {
		if n, err := hex.Decode(l.Prev[:], []byte(prev[:min(len(prev), 2*tlog.HashSize)])); err != nil || n != tlog.HashSize {
			return bad("tenant_prev is no hash")
		}
	}
	// One text, one leaf: what does not encode to the same bytes is refused.
	again, err := l.Encode()
	if err != nil {
		return Leaf{}, err
	}
	if !bytes.Equal(again, b) {
		return bad("not in canonical form")
	}
	return l, nil
}

// EventID returns the id that the event carries, "" when it has none.
func (l Leaf) EventID() string { return eventID(l.Event) }

func eventID(event []byte) string {
	var e struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(event, &e) != nil || len(e.ID) > 100 || !plain(e.ID) {
		return ""
	}
	return e.ID
}
