// Package velocity limits behaviour in sliding windows: at most so many openings, or attempts, of one person, channel
// agent, outlet, clerk, device or network within a length of time. A window is the exact list of its events, not a
// bucket: at no moment do more than Max of them lie within one length.
//
// A decision takes a unit of every limit it touches by a Hold, all or none. The unit is tentative until the decision is
// committed to the ledger and confirmed; one that is never confirmed lapses by itself. The ledger is the truth: an engine
// may lose any window at any moment, and fills it again from a Source before it next admits anybody by it.
//
// This package is arithmetic and words. The engines lie beneath it: local in this process, redis on a shared server;
// velocitytest is the one suite that both must pass.
package velocity

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Bounds of what a caller may ask.
const (
	MaxMax    = 10_000               // the highest Max: so many events of a key are read from the ledger at most
	MaxLimits = 16                   // limits of one hold
	MaxWindow = 400 * 24 * time.Hour // the longest window
	MaxTTL    = time.Hour            // the longest tentative life
	MaxText   = 128                  // bytes of a key or a reservation id

	// Linger is how long an engine remembers, in a warm window, that a reservation was given back or confirmed without
	// a hold that it knows; the length of the window where that is shorter.
	Linger = 2 * time.Minute
)

// Errors of engines. Both leave the decision to the caller, who fails closed.
var (
	// ErrInvalid says that the call itself is wrong: nothing was asked of a store.
	ErrInvalid = errors.New("velocity: invalid")
	// ErrUnavailable says that the store or the ledger could not be asked and no limit's policy allows to go on without.
	ErrUnavailable = errors.New("velocity: unavailable")
	// ErrCorrupt says that a store holds what no engine wrote. It comes wrapped together with ErrUnavailable.
	ErrCorrupt = errors.New("velocity: corrupt window")
)

// Counting says what a limit counts.
type Counting uint8

// What is counted. The unit of an opening comes back when the opening is given back; the unit of an attempt never does.
const (
	Openings Counting = iota + 1
	Attempts
)

// Loss says what becomes of a limit while the shared store is gone.
type Loss uint8

// The policies. FailClosed admits nobody; LocalBound lets each node admit its own share (see Share).
const (
	FailClosed Loss = iota
	LocalBound
)

// Limit is one limit on one key. Limits with equal Key, Counts and Window are one window whatever their names, so one
// call may name it once only. Max may change from call to call.
type Limit struct {
	Name   string // for people; no engine looks at it
	Key    string // an opaque token like "agent:cha_…" or "person:prs_…", never personal data; it says what is counted
	Window time.Duration
	Max    int // 0 admits nobody
	Counts Counting
	Loss   Loss
}

// Hold asks for one unit of each limit.
type Hold struct {
	// ID is the reservation. Repeating an admitted hold under its ID within TTL is admitted again and counts once.
	ID string
	// Limits are in the caller's fixed order, the person last: where they cannot be taken at once they are taken in it.
	Limits []Limit
	// TTL is the tentative life: longer than any request. After it the unit of an opening that was not confirmed lapses;
	// that of an attempt stays.
	TTL time.Duration
}

// Use is how much of a limit is used.
type Use struct {
	Limit
	// Used counts the events in the window now, the asking hold's own left out.
	Used int
	// FreesAt is when there is room if nothing else happens; zero while there is, and where Max is 0. By the clock of
	// the engine's store, exact to a millisecond.
	FreesAt time.Time
}

// Admits reports whether there is room for one more.
func (u Use) Admits() bool { return u.Used < u.Max }

// Answer is what became of a hold.
type Answer struct {
	Admitted bool
	Uses     []Use // as Hold.Limits. Where it is refused, limits behind a refusing one may be left out.
	Bounded  bool  // at least one limit was decided by this node's own share, while the store was gone
}

// Engine holds the windows. All methods are safe for concurrent use. An error wraps ErrInvalid, ErrUnavailable or the
// context's; after an error or a cancelled call of Hold it is unknown whether the units were taken: give them back, or
// leave them to lapse.
type Engine interface {
	// Hold takes one unit of each limit, all or none.
	Hold(ctx context.Context, h Hold) (Answer, error)
	// Confirm says that the decision is in the ledger: units count until their windows pass, also where the hold had
	// lapsed. Idempotent; after a GiveBack of the same id it changes nothing.
	Confirm(ctx context.Context, id string, limits []Limit) error
	// GiveBack says that the decision did not come about or its opening ended early: units of openings come back, those
	// of attempts stay. Idempotent, before or after Confirm.
	GiveBack(ctx context.Context, id string, limits []Limit) error
	// Uses looks without taking anything.
	Uses(ctx context.Context, limits []Limit) ([]Use, error)
}

// Event is one opening or attempt as the ledger knows it.
type Event struct {
	ID string // the reservation id it was held under
	At time.Time
}

// Source is the ledger, which windows are filled from.
type Source interface {
	// Events returns what counts under key later than since: the newest, at most limit of them, in any order. What was
	// given back is left out, and so is what no hold admitted. It must see every commit that ended before the call.
	Events(ctx context.Context, key string, counts Counting, since time.Time, limit int) ([]Event, error)
}

// Check returns an error that wraps ErrInvalid where the hold cannot be asked.
func (h Hold) Check() error {
	if h.TTL < time.Millisecond || h.TTL > MaxTTL {
		return fmt.Errorf("%w: a tentative life of %v", ErrInvalid, h.TTL)
	}
	return Check(h.ID, h.Limits)
}

// Check returns an error that wraps ErrInvalid where id or limits cannot be asked about.
func Check(id string, limits []Limit) error {
	if id == "" || len(id) > MaxText {
		return fmt.Errorf("%w: a reservation id of %d bytes", ErrInvalid, len(id))
	}
	return CheckLimits(limits)
}

// CheckLimits returns an error that wraps ErrInvalid where limits cannot be asked about.
func CheckLimits(limits []Limit) error {
	if len(limits) == 0 || len(limits) > MaxLimits {
		return fmt.Errorf("%w: %d limits", ErrInvalid, len(limits))
	}
	for i, l := range limits {
		switch {
		case l.Key == "" || len(l.Key) > MaxText:
			return fmt.Errorf("%w: limit %q has a key of %d bytes", ErrInvalid, l.Name, len(l.Key))
		case l.Window < time.Millisecond || l.Window > MaxWindow:
			return fmt.Errorf("%w: limit %q has a window of %v", ErrInvalid, l.Name, l.Window)
		case l.Max < 0 || l.Max > MaxMax:
			return fmt.Errorf("%w: limit %q has a maximum of %d", ErrInvalid, l.Name, l.Max)
		case l.Counts != Openings && l.Counts != Attempts:
			return fmt.Errorf("%w: limit %q counts nothing known", ErrInvalid, l.Name)
		case l.Loss != FailClosed && l.Loss != LocalBound:
			return fmt.Errorf("%w: limit %q has no policy for a lost store", ErrInvalid, l.Name)
		}
		for _, o := range limits[:i] {
			if o.Key == l.Key && o.Counts == l.Counts && o.Window == l.Window {
				return fmt.Errorf("%w: limits %q and %q are the same window", ErrInvalid, o.Name, l.Name)
			}
		}
	}
	return nil
}

// Share is how many of room units node may give while it cannot ask the others: room divided by nodes, and the units
// that are left over go to one node each, beginning at a node that turn chooses, so that not always the same has more.
// Over all nodes the shares of one room and turn add up to room exactly. node counts from 0.
func Share(room, nodes, node int, turn uint64) int {
	if room <= 0 {
		return 0
	}
	if nodes <= 1 {
		return room
	}
	place := (uint64(node) + turn%uint64(nodes)) % uint64(nodes)
	share := room / nodes
	if place < uint64(room%nodes) {
		share++
	}
	return share
}
