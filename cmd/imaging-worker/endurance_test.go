//go:build vision

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"realname/imaging"
	"realname/internal/specimen"
)

// `make prove` makes these long.
const (
	checksVariable = "REALNAME_PROVE_CHECKS" // photos through one worker
	killsVariable  = "REALNAME_PROVE_KILLS"  // workers killed or stopped under load
)

func proved(t *testing.T, variable string, short int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return short
	}
	n, err := strconv.Atoi(text)
	if err != nil || n <= 0 {
		t.Fatalf("%s must be a positive number", variable)
	}
	return n
}

// One worker, never replaced, takes cards, drawings, photographs, damaged files and what
// decodes to the most; it comes back to what it held in the first fifth. (The most between
// two photos says less: allocators keep more after one than after another.)
func TestMemoryStaysFlat(t *testing.T) {
	const slack = 32 << 20
	pool := live(t, roleWorker, func(o *imaging.Options) { o.Workers, o.RecycleChecks = 1, 1<<30 })
	card := photograph(t, 101)
	pictures := [][]byte{
		card.Image, specimen.JPEG(specimen.Avatar(specimen.Seed(3), 512), 85), photograph(t, 102).Image,
		specimen.JPEG(specimen.Scene(specimen.Seed(7), 800, 600), 80), card.Image[:len(card.Image)/2],
		avatarWebP(t), specimen.JPEG(specimen.Avatar(specimen.Seed(4), 640), 85), pngOf(t, specimen.Avatar(specimen.Seed(5), 400)),
	}
	n := proved(t, checksVariable, 64)
	pid := pool.Stats().Workers[0].PID
	var early, late, least int64 // the most in the first fifth; the most and the least in the last
	for i := range n {
		image := pictures[i%len(pictures)]
		if i%500 == 250 {
			image = pngForm{width: 7000, height: 7000, depth: 8, colour: 2}.bytes(t)
		}
		if _, err := answered(t, pool, image); err != nil && !isCard(err) {
			t.Fatalf("check %d: %v", i, err)
		}
		w := pool.Stats().Workers[0]
		if w.PID != pid {
			t.Fatalf("the worker was replaced after %d checks", i)
		}
		switch resident := w.ResidentBytes; {
		case i < n/5:
			early = max(early, resident)
		case i >= n-n/5:
			late = max(late, resident)
			if least == 0 || resident < least {
				least = resident
			}
		}
	}
	t.Logf("%d checks: at most %d MB resident between checks in the first fifth, %d to %d MB in the last; peak %d MB",
		n, early>>20, least>>20, late>>20, peakMegabytes(t, pid))
	if least > early+slack {
		t.Errorf("grown from %d to %d MB", early>>20, least>>20)
	}
	unharmed(t, pool)
}

// isCard says that a picture was accepted, which is what becomes of the honest card among them.
func isCard(err error) bool { return err.Error() == "accepted" }

// Workers are killed -9 and stopped at random under 16 clients: each check is answered
// as the same photo is in peace.
func TestKillsUnderLoadLoseNoCard(t *testing.T) {
	const clients = 16
	pool := live(t, roleWorker, func(o *imaging.Options) {
		o.Workers, o.Timeout, o.Budget = 2, 20*time.Second, time.Hour
	})
	images := [][]byte{
		photograph(t, 101).Image, specimen.JPEG(specimen.Avatar(specimen.Seed(3), 512), 85),
		specimen.JPEG(specimen.Scene(specimen.Seed(7), 800, 600), 80), avatarWebP(t),
	}
	peace := make([]string, len(images))
	for i, image := range images {
		peace[i] = told(t, pool, image)
	}
	kills := int64(proved(t, killsVariable, 6))
	var done, checks atomic.Int64
	var group sync.WaitGroup
	for client := range clients {
		group.Go(func() {
			for i := client; done.Load() < kills && !t.Failed(); i++ {
				if got := told(t, pool, images[i%len(images)]); got != peace[i%len(images)] {
					t.Errorf("got %s, in peace %s", got, peace[i%len(images)])
				}
				checks.Add(1)
			}
		})
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for done.Load() < kills && !t.Failed() {
		signal := syscall.SIGKILL
		if done.Load()%5 == 4 {
			signal = syscall.SIGSTOP
		}
		signalBusy(t, pool, rng, signal)
		done.Add(1)
		// The next one comes when work has gone on.
		for before := checks.Load(); checks.Load() < before+2 && !t.Failed(); {
			<-time.After(time.Millisecond)
		}
	}
	group.Wait()
	s := pool.Stats()
	t.Logf("%d checks, %d killed or stopped in mid-check, %d idle, %d retries", s.Checks, s.Killed, s.Crashes, s.Retries)
	if s.Unavailable+s.Costly+s.Timeouts+s.Overspent != 0 || s.Killed == 0 {
		t.Errorf("stats %+v", s)
	}
}

// told is what a caller is told of a photo.
func told(t testing.TB, pool *imaging.Pool, image []byte) string {
	t.Helper()
	report, err := pool.Check(t.Context(), imaging.Request{Image: image})
	report.Elapsed = 0
	text, fault := json.Marshal(report)
	if fault != nil {
		t.Error(fault)
	}
	return fmt.Sprintf("%s, %v", text, err)
}

// signalBusy signals one of the workers that are at work on an image.
func signalBusy(t *testing.T, pool *imaging.Pool, rng *rand.Rand, signal syscall.Signal) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		workers := pool.Stats().Workers
		if w := workers[rng.IntN(len(workers))]; w.Busy {
			err := syscall.Kill(w.PID, signal)
			if errors.Is(err, syscall.ESRCH) {
				continue // it ended between the look and the signal
			}
			if err != nil {
				t.Error(err)
			}
			return
		}
	}
}
