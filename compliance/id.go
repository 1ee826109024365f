package compliance

import (
	"encoding/binary"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/google/uuid"
)

// Prefix is the type prefix of an id, as in `ver_0192…`.
type Prefix string

// The prefixes of every id in the ledger and the API.
const (
	PrefixTenant      Prefix = "tnt"
	PrefixLegalEntity Prefix = "ent"
	PrefixKey         Prefix = "key"
	PrefixPerson      Prefix = "prs"
	PrefixPhone       Prefix = "phn"
	PrefixAccount     Prefix = "act"
	PrefixException   Prefix = "qex"
	PrefixDecision    Prefix = "ver"
	PrefixOpening     Prefix = "opn"
	PrefixEvidence    Prefix = "evd"
	PrefixEvent       Prefix = "evt"
	PrefixAttempt     Prefix = "att"
	PrefixImport      Prefix = "imp"
	PrefixDataKey     Prefix = "dek"
	PrefixLookup      Prefix = "lku"
	PrefixDisclosure  Prefix = "dis"

	PrefixObjection     Prefix = "obj"
	PrefixDetermination Prefix = "det"

	PrefixReconciliation Prefix = "rec"
	PrefixRewrap         Prefix = "rwr"
)

// IDs makes time-ordered ids: UUIDv7 (RFC 9562) behind a type prefix. Within
// one process they never run backwards, even when the clock does.
type IDs struct {
	now  func() time.Time
	rand io.Reader

	mu   sync.Mutex
	last uint64 // milliseconds and 12-bit counter of the newest id
}

// NewIDs makes a source of ids from a clock and a source of randomness.
func NewIDs(now func() time.Time, rand io.Reader) *IDs {
	return &IDs{now: now, rand: rand}
}

// New returns a fresh id, such as `ver_019abcde-…`. It panics only when the
// source of randomness fails, after which nothing the gateway does is safe.
func (g *IDs) New(p Prefix) string {
	var u uuid.UUID
	if _, err := io.ReadFull(g.rand, u[8:]); err != nil {
		panic(fmt.Sprintf("compliance: no randomness for an id: %v", err))
	}
	g.mu.Lock()
	stamp := uint64(g.now().UnixMilli()) << 12
	if stamp <= g.last {
		stamp = g.last + 1
	}
	g.last = stamp
	g.mu.Unlock()

	binary.BigEndian.PutUint64(u[:8], stamp>>12<<16|stamp&0xfff)
	u[6] = u[6]&0x0f | 0x70
	u[8] = u[8]&0x3f | 0x80
	return string(p) + "_" + u.String()
}

// ValidID reports whether id is a well-formed id of the type p.
func ValidID(p Prefix, id string) bool {
	n := len(p)
	if len(id) != n+1+36 || id[:n] != string(p) || id[n] != '_' {
		return false
	}
	u, err := uuid.Parse(id[n+1:])
	return err == nil && u.Version() == 7
}
