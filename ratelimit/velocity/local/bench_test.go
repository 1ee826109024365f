package local_test

import (
	"fmt"
	"hash/maphash"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"realname/ratelimit/velocity"
	"realname/ratelimit/velocity/local"
	"realname/ratelimit/velocity/velocitytest"
)

// bare is a sharded map with mutexes: for each key it drops the times that have left the window, compares how many are
// left and appends one. It knows no reservations and takes one key after another.
type bare struct {
	seed   maphash.Seed
	shards [64]struct {
		sync.Mutex
		times map[string][]int64
	}
}

func (m *bare) hold(now int64, limits []velocity.Limit) bool {
	for _, l := range limits {
		s := &m.shards[maphash.String(m.seed, l.Key)%64]
		s.Lock()
		times, gone := s.times[l.Key], 0
		for gone < len(times) && times[gone]+l.Window.Microseconds() <= now {
			gone++
		}
		times = times[gone:]
		full := len(times) >= l.Max
		if !full {
			s.times[l.Key] = append(times, now)
		}
		s.Unlock()
		if full {
			return false
		}
	}
	return true
}

// processor is the processor time of this process, which a busy machine does not lengthen as it does the wall's.
func processor(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkHold reports how many holds on three limits the engine makes in the time of one of the bare map.
func BenchmarkHold(b *testing.B) {
	const turns, keys, calls = 16, 512, 4096
	limits := make([][]velocity.Limit, keys)
	for i := range limits {
		limits[i] = []velocity.Limit{velocitytest.Limit("agent", 1000), velocitytest.Limit("outlet", 1000), velocitytest.Limit("person", 1000)}
	}
	ids := make([]string, turns*calls)
	for i := range ids {
		ids[i] = fmt.Sprintf("ver_%032d", i)
	}
	var ratios []float64
	var took time.Duration
	for b.Loop() {
		e, err := local.New(local.Options{Source: velocitytest.NewLedger(), Now: time.Now})
		if err != nil {
			b.Fatal(err)
		}
		m := &bare{seed: maphash.MakeSeed()}
		for i := range m.shards {
			m.shards[i].times = map[string][]int64{}
		}
		for _, l := range limits {
			if _, err := e.Uses(b.Context(), l); err != nil {
				b.Fatal(err)
			}
		}
		for turn := range turns {
			began := processor(b)
			for i := range calls {
				m.hold(time.Now().UnixMicro(), limits[i%keys])
			}
			floor := processor(b) - began
			began = processor(b)
			for i := range calls {
				h := velocity.Hold{ID: ids[turn*calls+i], Limits: limits[i%keys], TTL: time.Minute}
				if a, err := e.Hold(b.Context(), h); err != nil || !a.Admitted {
					b.Fatal(a, err)
				}
			}
			own := processor(b) - began
			took += own
			ratios = append(ratios, floor.Seconds()/own.Seconds())
		}
	}
	slices.Sort(ratios)
	b.ReportMetric(ratios[len(ratios)/2], "×bare-map")
	b.ReportMetric(float64(took.Nanoseconds())/float64(len(ratios)*calls), "ns/hold")
}
