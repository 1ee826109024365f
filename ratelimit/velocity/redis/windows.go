package redis

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"realname/ratelimit/velocity"
)

// errLedger marks what no share can help against: the ledger fills those windows too.
var errLedger = errors.New("the ledger did not answer")

// group is what one script decides: all limits on one server, those of one key in Cluster.
type group struct {
	keys   []string
	limits []velocity.Limit
	places []int // in the call's limits
}

func (e *Engine) groups(limits []velocity.Limit) []group {
	var out []group
	for i, l := range limits {
		at := len(out) - 1
		if e.servers.cluster != nil {
			at = slices.IndexFunc(out, func(g group) bool { return g.limits[0].Key == l.Key })
		}
		if at < 0 {
			at = len(out)
			out = append(out, group{
				keys: make([]string, 0, len(limits)), limits: make([]velocity.Limit, 0, len(limits)), places: make([]int, 0, len(limits)),
			})
		}
		g := &out[at]
		g.keys, g.limits, g.places = append(g.keys, e.name(l)), append(g.limits, l), append(g.places, i)
	}
	return out
}

// name is the key of a limit's window. Hashed, so that Redis does not learn the token, and short; the braces put the
// windows of one token into one slot.
func (e *Engine) name(l velocity.Limit) string {
	sum := sha256.Sum256([]byte(l.Key))
	var buf [64]byte
	b := append(buf[:0], e.o.Prefix...)
	b = append(b, '{')
	b = base64.RawURLEncoding.AppendEncode(b, sum[:12])
	b = append(b, '}', letter(l.Counts))
	return string(strconv.AppendInt(b, l.Window.Microseconds(), 36))
}

// letter is of the counting and of the form of a window: an engine of another form has windows of its own.
func letter(c velocity.Counting) byte {
	if c == velocity.Attempts {
		return 'A'
	}
	return 'O'
}

// reservation is what stands for an id in a window: 12 bytes, too
// many for two of a window to meet.
func reservation(id string) string {
	sum := sha256.Sum256([]byte(id))
	return string(sum[:12])
}

// reply is what a hold or a look found.
type reply struct {
	admitted bool
	uses     []velocity.Use
	taken    []bool // by this hold, and not by an earlier one of the same id
}

// The first number of a script's reply.
const (
	refused = iota
	done
	isCold
	isCorrupt
)

// What can be asked of windows.
const (
	opHold = 'h'
	opLook = 'l'
)

// question is the one argument of a hold or a look. Its form stands in the script.
func (e *Engine) question(op byte, id string, ttl time.Duration, g group) []byte {
	b := make([]byte, 0, 19+10*len(g.keys))
	b = append(b, op)
	b = appendNumber(b, 6, ttl.Microseconds())
	b = append(b, reservation(id)...)
	for i, l := range g.limits {
		b = appendNumber(b, 7, l.Window.Microseconds())
		b = binary.BigEndian.AppendUint16(b, uint16(l.Max))
		var flags byte
		if l.Counts == velocity.Attempts {
			flags |= 1
		}
		if e.debts.number(g.keys[i]) != 0 {
			flags |= 2
		}
		b = append(b, flags)
	}
	return b
}

// appendNumber appends the last so many bytes of n.
func appendNumber(b []byte, bytes int, n int64) []byte {
	var buf [8]byte
	binary.BigEndian.PutUint64(buf[:], uint64(n))
	return append(b, buf[8-bytes:]...)
}

// ask holds or looks, and fills the windows that are cold before it asks again.
func (e *Engine) ask(ctx context.Context, op byte, id string, ttl time.Duration, g group) (reply, error) {
	const tries = 5 // windows may grow cold again, each time for a reason
	for range tries {
		n, err := e.servers.run(ctx, g.keys, e.question(op, id, ttl, g))
		if err != nil {
			return reply{}, err
		}
		switch {
		case n[0] == isCold:
			if err := e.fillAll(ctx, g, n[1:]); err != nil {
				return reply{}, err
			}
			continue
		case n[0] == done && len(n) == 1+len(g.keys):
			n = usual(n)
		case n[0] != refused && n[0] != done || len(n) != 1+3*len(g.keys):
			return reply{}, corrupt(g.keys, n)
		}
		r := reply{admitted: n[0] == done, uses: make([]velocity.Use, 0, len(g.keys)), taken: make([]bool, 0, len(g.keys))}
		for i, l := range g.limits {
			used, frees, taken := n[1+3*i], n[2+3*i], n[3+3*i]
			if used < 0 || used > 1<<31 || frees < 0 || taken < 0 || taken > 1 {
				return reply{}, corrupt(g.keys, n)
			}
			u := velocity.Use{Limit: l, Used: int(used)}
			if frees > 0 {
				u.FreesAt = time.UnixMicro(frees).UTC()
			}
			r.uses, r.taken = append(r.uses, u), append(r.taken, taken == 1)
		}
		return r, nil
	}
	return reply{}, fmt.Errorf("%w: the windows %q do not stay filled", velocity.ErrUnavailable, g.keys)
}

// usual is the short answer to the usual hold at length: in none of its windows was the limit reached or the id known.
func usual(n []int64) []int64 {
	out := make([]int64, 1, 3*len(n)-2)
	out[0] = n[0]
	for _, used := range n[1:] {
		out = append(out, used, 0, 1)
	}
	return out
}

func corrupt(keys []string, n []int64) error {
	if len(n) == 2 && n[0] == isCorrupt && n[1] >= 1 && int(n[1]) <= len(keys) {
		keys = keys[n[1]-1:][:1]
	}
	return fmt.Errorf("%w: %w: what lies at %q is not ours: delete it", velocity.ErrUnavailable, velocity.ErrCorrupt, keys)
}

// tell confirms, gives back or undoes.
func (e *Engine) tell(ctx context.Context, op, id string, g group) error {
	args := make([]any, 0, 3+2*len(g.keys))
	args = append(args, op, reservation(id), velocity.Linger.Microseconds())
	for _, l := range g.limits {
		args = append(args, l.Window.Microseconds(), string(letter(l.Counts)))
	}
	n, err := e.servers.run(ctx, g.keys, args...)
	if err == nil && (len(n) != 1 || n[0] != done) {
		err = corrupt(g.keys, n)
	}
	return err
}

// fillAll fills the windows at places, which count from 1 and follow the server's time.
func (e *Engine) fillAll(ctx context.Context, g group, n []int64) error {
	if len(n) < 2 {
		return corrupt(g.keys, n)
	}
	type fill = <-chan error
	var waits []fill
	for _, place := range n[1:] {
		if place < 1 || int(place) > len(g.keys) {
			return corrupt(g.keys, n)
		}
		waits = append(waits, e.fill(ctx, g.keys[place-1], g.limits[place-1]))
	}
	var errs []error
	for _, w := range waits {
		select {
		case err := <-w:
			errs = append(errs, err)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return errors.Join(errs...)
}

// fill reads one window from the ledger, once for all who ask, and goes on though the one that began gives up.
func (e *Engine) fill(ctx context.Context, key string, l velocity.Limit) <-chan error {
	out := make(chan error, 1)
	results := e.fills.DoChan(key, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), e.o.Fill)
		defer cancel()
		select {
		case e.filling <- struct{}{}:
			defer func() { <-e.filling }()
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w: %w", velocity.ErrUnavailable, errLedger, ctx.Err())
		}
		return nil, e.fillNow(ctx, key, l)
	})
	go func() { out <- (<-results).Err }()
	return out
}

func (e *Engine) fillNow(ctx context.Context, key string, l velocity.Limit) error {
	// Somebody may have filled it since it was found cold; and the window begins by the server's time, not by ours.
	debt := e.debts.number(key)
	n, err := e.servers.run(ctx, []string{key}, e.question(opLook, "", time.Second, group{keys: []string{key}, limits: []velocity.Limit{l}}))
	if err != nil {
		return err
	}
	if n[0] != isCold {
		return nil // what else is wrong, the next hold says
	}
	if len(n) != 3 {
		return corrupt([]string{key}, n)
	}
	since := time.UnixMicro(n[1]).Add(-l.Window)
	events, err := e.o.Source.Events(ctx, l.Key, l.Counts, since, velocity.MaxMax)
	if err != nil {
		return fmt.Errorf("%w: %w: %w", velocity.ErrUnavailable, errLedger, err)
	}
	n, err = e.servers.run(ctx, []string{key}, "fill", "", l.Window.Microseconds(), packed(events, since))
	if err == nil && (len(n) != 1 || n[0] != done) {
		err = corrupt([]string{key}, n)
	}
	if err == nil {
		e.debts.clear(key, debt)
	}
	return err
}

// packed are the events as a window keeps them: oldest first, each once.
func packed(events []velocity.Event, since time.Time) string {
	sorted := slices.Clone(events)
	slices.SortFunc(sorted, func(a, b velocity.Event) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
	if n := len(sorted) - velocity.MaxMax; n > 0 {
		sorted = sorted[n:]
	}
	const size = 19
	out := make([]byte, 0, size*len(sorted))
	seen := make(map[string]bool, len(sorted))
	for _, ev := range sorted {
		if seen[ev.ID] || !ev.At.After(since) || ev.At.UnixMicro() < 0 {
			continue
		}
		seen[ev.ID] = true
		out = append(appendNumber(out, 7, ev.At.UnixMicro()), reservation(ev.ID)...)
	}
	return string(out)
}

// debts are the windows that the store was not told everything about: it must not be trusted with them until they were
// filled again.
type debts struct {
	mu   sync.Mutex
	owed map[string]debt
	last uint64
	n    atomic.Int64
}

type debt struct {
	limit  velocity.Limit
	number uint64
}

func (d *debts) add(g group) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.owed == nil {
		d.owed = map[string]debt{}
	}
	for i, k := range g.keys {
		d.last++
		d.owed[k] = debt{g.limits[i], d.last}
	}
	d.n.Store(int64(len(d.owed)))
}

// number is of the newest debt of a key; 0: none.
func (d *debts) number(key string) uint64 {
	if !d.any() {
		return 0
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.owed[key].number
}

// clear ends the debt of key unless there is a newer one.
func (d *debts) clear(key string, number uint64) {
	if !d.any() {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.owed[key].number == number {
		delete(d.owed, key)
		d.n.Store(int64(len(d.owed)))
	}
}

func (d *debts) any() bool { return d.n.Load() > 0 }

func (d *debts) all() map[string]velocity.Limit {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := make(map[string]velocity.Limit, len(d.owed))
	for k, v := range d.owed {
		out[k] = v.limit
	}
	return out
}
