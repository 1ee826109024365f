package velocitytest

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"realname/ratelimit/velocity"
)

// Prove is the environment variable that asks for the long forms: how many runs of each crowd. Unset or 0: the short ones.
const Prove = "REALNAME_PROVE"

// Runs is how many runs a crowd has, and how many clients: few, or as many as Prove says.
func Runs(t testing.TB, short int) (runs int, clients []int) {
	t.Helper()
	text := os.Getenv(Prove)
	if text == "" {
		return short, []int{64}
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s=%q is no number of runs", Prove, text)
	}
	return n, []int{64, 512}
}

// Crowd lets clients ask at once, each once, and returns how many were admitted and how many had no answer.
func Crowd(clients int, ask func(client int) (bool, error)) (admitted, failed int, err error) {
	var (
		yes, no atomic.Int64
		first   atomic.Pointer[error]
		ready   sync.WaitGroup
		done    sync.WaitGroup
		start   = make(chan struct{})
	)
	ready.Add(clients)
	for i := range clients {
		done.Go(func() {
			ready.Done()
			<-start
			ok, err := ask(i)
			if err != nil {
				no.Add(1)
				first.CompareAndSwap(nil, &err)
			} else if ok {
				yes.Add(1)
			}
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
	if e := first.Load(); e != nil {
		err = *e
	}
	return int(yes.Load()), int(no.Load()), err
}

var serial atomic.Int64

// ID makes a reservation id that no other has.
func ID() string { return fmt.Sprintf("ver_%d", serial.Add(1)) }

// Key makes a key that no other has.
func Key(kind string) string { return fmt.Sprintf("%s:%d", kind, serial.Add(1)) }

// Limit makes a limit on openings with a key of its own and a window that no test outlives.
func Limit(kind string, most int) velocity.Limit {
	return velocity.Limit{Name: kind, Key: Key(kind), Window: 24 * time.Hour, Max: most, Counts: velocity.Openings}
}

// TTL is a tentative life that no test outlives.
const TTL = 10 * time.Minute

// Held asks for one unit of limits under a new id.
func Held(ctx context.Context, e velocity.Engine, limits ...velocity.Limit) (string, velocity.Answer, error) {
	id := ID()
	a, err := e.Hold(ctx, velocity.Hold{ID: id, Limits: limits, TTL: TTL})
	return id, a, err
}

// Table prints one row of what a test measured.
func Table(t testing.TB, format string, args ...any) {
	t.Helper()
	t.Logf("| "+format, args...)
}
