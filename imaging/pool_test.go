package imaging_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"realname/imaging"
)

func TestPoolAnswers(t *testing.T) {
	var progress []string
	b := open(t, func(o *imaging.Options) {
		o.Progress = func(ready, total int) { progress = append(progress, fmt.Sprintf("%d/%d", ready, total)) }
	})
	if !slices.Equal(progress, []string{"1/2", "2/2"}) {
		t.Errorf("progress %v", progress)
	}
	claim := &imaging.Claim{Number: "the number", Name: "王小明"}
	report, err := b.Check(t.Context(), imaging.Request{Image: photo(t, "ok"), Side: imaging.SideBack, Claim: claim})
	if err != nil {
		t.Fatal(err)
	}
	if report.Fields != (imaging.Fields{Number: claim.Number, Name: claim.Name}) || report.Reasons[0].Code != "back" {
		t.Errorf("the pipeline saw %+v", report)
	}
	if report.Pipeline != "obedient 1" || report.Elapsed <= 0 || report.Width != 8 || report.Height != 6 {
		t.Errorf("got %+v", report)
	}
	s := b.Stats()
	if s.Checks != 1 || s.Retries != 0 || len(s.Workers) != 2 || s.Workers[0].ResidentBytes == 0 || s.Workers[0].Pipeline != "obedient 1" {
		t.Errorf("stats %+v", s)
	}
}

func TestKilledWorkerCostsOneRetry(t *testing.T) {
	b := open(t, nil)
	result := b.begin(t.Context(), "first:seen:hang")
	b.awaitMark("seen")
	killed := b.busyPID()
	if err := syscall.Kill(killed, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	got := <-result
	if got.err != nil || int(got.report.Reasons[0].Value) == killed {
		t.Fatalf("got %+v, %v", got.report, got.err)
	}
	eventually(t, "the kill in the counts", func() bool {
		s := b.Stats()
		return s.Killed == 1 && s.Crashes == 0 && s.Retries == 1 && len(b.pids()) == 2
	})
}

// Each command fails on two workers; the pool then serves on, with new processes
// where the old were lost or could not be trusted.
func TestFailureOnTwoWorkersIsUnavailable(t *testing.T) {
	for _, c := range []struct {
		command  string
		replaced bool
		count    func(imaging.Stats) uint64
	}{
		{"exit", true, func(s imaging.Stats) uint64 { return s.Crashes }},
		{"crash", true, func(s imaging.Stats) uint64 { return s.Crashes }},
		{"hang", true, func(s imaging.Stats) uint64 { return s.Timeouts }},
		{"panic", true, func(s imaging.Stats) uint64 { return s.Distrusted }},
		{"no-verdict", true, func(s imaging.Stats) uint64 { return s.Distrusted }},
		{"accept-unexamined", true, func(s imaging.Stats) uint64 { return s.Distrusted }},
		{"unsealed", true, func(s imaging.Stats) uint64 { return s.Distrusted }},
		{"not-a-number", true, func(s imaging.Stats) uint64 { return s.Distrusted }},
		{"fail", false, nil},
	} {
		t.Run(c.command, func(t *testing.T) {
			b := open(t, func(o *imaging.Options) { o.Timeout = time.Second })
			before := b.pids()
			_, err := b.check(t.Context(), c.command)
			unavailable(t, err, imaging.UnavailableWorkers)
			eventually(t, "both workers", func() bool {
				return len(b.pids()) == 2 && (!c.replaced || c.count(b.Stats()) == 2)
			})
			b.answers()
			if s := b.Stats(); s.Retries != 1 || s.Unavailable != 1 {
				t.Errorf("stats %+v", s)
			}
			for slot, pid := range b.pids() {
				if slices.Contains(before, pid) == c.replaced {
					t.Errorf("worker %d: was %v, is %d", slot, before, pid)
				}
			}
			if strings.Contains(b.log.String(), "must not be logged") {
				t.Error("a panic's value was logged")
			}
		})
	}
}

func TestHungWorkerIsReplaced(t *testing.T) {
	b := open(t, func(o *imaging.Options) { o.Workers, o.Timeout = 1, time.Second })
	before := b.pids()[0]
	if _, err := b.check(t.Context(), "first:seen:hang"); err != nil {
		t.Fatal(err)
	}
	if after := b.answers(); after == before || alive(before) {
		t.Errorf("worker %d, now %d", before, after)
	}
	if s := b.Stats(); s.Timeouts != 1 || s.Retries != 1 {
		t.Errorf("stats %+v", s)
	}
}

// The wall is far away here, so only the meter of CPU time can end the check.
func TestOverspendingWorkerIsReplaced(t *testing.T) {
	b := open(t, func(o *imaging.Options) {
		o.Workers, o.Timeout, o.CPU = 1, patience, 100*time.Millisecond
	})
	before := b.pids()[0]
	_, err := b.check(t.Context(), "first:seen:burn")
	if err != nil {
		t.Fatal(err)
	}
	if after := b.answers(); after == before || alive(before) {
		t.Errorf("worker %d, now %d", before, after)
	}
	if s := b.Stats(); s.Overspent != 1 || s.Retries != 1 || s.Timeouts+s.Crashes != 0 {
		t.Errorf("stats %+v", s)
	}
}

// A worker that waits computes nothing, however long: only the wall ends it.
func TestWaitingIsNoOverspending(t *testing.T) {
	b := open(t, func(o *imaging.Options) { o.Workers, o.Timeout, o.CPU = 1, time.Second, 200*time.Millisecond })
	_, err := b.check(t.Context(), "hang")
	unavailable(t, err, imaging.UnavailableWorkers)
	if s := b.Stats(); s.Overspent != 0 || s.Timeouts == 0 {
		t.Errorf("stats %+v", s)
	}
}

func TestGarbageIsUnavailable(t *testing.T) {
	o, b := options(t, roleGarbage)
	pool, err := imaging.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	for range 3 {
		_, err := pool.Check(t.Context(), imaging.Request{Image: photo(t, "ok")})
		unavailable(t, err, imaging.UnavailableWorkers)
	}
	if strings.Contains(b.log.String(), "html") {
		t.Error("an answer was logged")
	}
}

func TestMemoryLimitHolds(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector needs an unlimited address space")
	}
	b := open(t, func(o *imaging.Options) { o.MemoryBytes, o.Timeout = 512<<20, patience })
	b.answers()
	_, err := b.check(t.Context(), "allocate")
	refused(t, err, imaging.UploadTooCostly)
	b.answers()
	eventually(t, "two crashes in the counts", func() bool { return b.Stats().Crashes == 2 })
}

func TestUploadErrorsCostNoWorker(t *testing.T) {
	b := open(t, nil)
	before := b.pids()
	for _, c := range badUploads(t) {
		_, err := b.Check(t.Context(), imaging.Request{Image: c.data})
		var upload *imaging.UploadError
		if !errors.As(err, &upload) || upload.Code != c.code || errors.Is(err, imaging.ErrUnavailable) {
			t.Errorf("%s: got %v, want %s", c.name, err, c.code)
		}
	}
	var upload *imaging.UploadError
	if _, err := b.check(t.Context(), "corrupt"); !errors.As(err, &upload) || upload.Code != imaging.UploadCorrupt || upload.Detail != "does not decode" {
		t.Errorf("got %v", err)
	}
	b.answers()
	if s := b.Stats(); s.Retries+s.Crashes+s.Unavailable != 0 || s.Refused != uint64(len(badUploads(t))) || !slices.Equal(before, b.pids()) {
		t.Errorf("stats %+v", s)
	}
}

func TestFullQueueTurnsAway(t *testing.T) {
	image := photo(t, "ok")
	for _, c := range []struct {
		name  string
		limit func(*imaging.Options)
	}{
		{"by count", func(o *imaging.Options) { o.QueueLength = 2 }},
		{"by bytes", func(o *imaging.Options) { o.QueueBytes = int64(2*len(image)) + 1 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := open(t, func(o *imaging.Options) { o.Workers = 1; c.limit(o) })
			held := b.begin(t.Context(), "hold:held")
			b.awaitMark("held")
			waiting := []<-chan answer{b.begin(t.Context(), "ok"), b.begin(t.Context(), "ok")}
			eventually(t, "two that wait", func() bool { return b.Stats().Waiting == 2 })
			if got := b.Stats().WaitingBytes; got != int64(2*len(image)) {
				t.Errorf("%d bytes wait", got)
			}
			_, err := b.check(t.Context(), "ok")
			unavailable(t, err, imaging.UnavailableBusy)
			b.release("held")
			for _, result := range append(waiting, held) {
				if got := <-result; got.err != nil {
					t.Error(got.err)
				}
			}
			b.answers()
			if s := b.Stats(); s.Waiting != 0 || s.WaitingBytes != 0 || s.TurnedAway != 1 {
				t.Errorf("stats %+v", s)
			}
		})
	}
}

func TestCanceledCheckFreesItsWorker(t *testing.T) {
	for _, c := range []struct {
		command  string
		replaced bool
	}{
		{"until-canceled:seen", false},
		{"first:seen:hang", true},
	} {
		t.Run(c.command, func(t *testing.T) {
			b := open(t, func(o *imaging.Options) { o.Workers, o.Timeout = 1, time.Second })
			before := b.pids()[0]
			ctx, cancel := context.WithCancel(t.Context())
			result := b.begin(ctx, c.command)
			b.awaitMark("seen")
			cancel()
			got := <-result
			unavailable(t, got.err, imaging.UnavailableCanceled)
			if !errors.Is(got.err, context.Canceled) {
				t.Errorf("got %v", got.err)
			}
			if after := b.answers(); (after != before) != c.replaced {
				t.Errorf("worker %d, now %d", before, after)
			}
		})
	}
}

func TestBudgetEndsAWait(t *testing.T) {
	b := open(t, func(o *imaging.Options) { o.Workers, o.Budget = 1, time.Second })
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	held := b.begin(ctx, "hold:held")
	b.awaitMark("held")
	_, err := b.check(t.Context(), "ok")
	unavailable(t, err, imaging.UnavailableOverdue)
	b.release("held")
	<-held
	b.answers()
}

func TestCanceledBeforeItBegins(t *testing.T) {
	b := open(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := b.check(ctx, "ok")
	unavailable(t, err, imaging.UnavailableCanceled)
}

func TestCloseLeavesNothing(t *testing.T) {
	b := open(t, func(o *imaging.Options) { o.Workers = 1 })
	pids := b.pids()
	running := b.begin(t.Context(), "hold:held")
	b.awaitMark("held")
	waiting := b.begin(t.Context(), "ok")
	eventually(t, "one that waits", func() bool { return b.Stats().Waiting == 1 })
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	unavailable(t, (<-running).err, imaging.UnavailableClosed)
	unavailable(t, (<-waiting).err, imaging.UnavailableClosed)
	_, err := b.check(t.Context(), "ok")
	unavailable(t, err, imaging.UnavailableClosed)
	for _, pid := range pids {
		if alive(pid) {
			t.Errorf("worker %d lives", pid)
		}
	}
	if left, err := os.ReadDir(b.dir); err != nil || len(left) != 0 {
		t.Errorf("left in the folder: %v, %v", left, err)
	}
}

// Killing workers at random loses no request: what others do is not held against it.
func TestRandomKillsUnderLoad(t *testing.T) {
	const requests, everyNth = 200, 15
	b := open(t, func(o *imaging.Options) { o.QueueLength, o.Budget = requests, time.Hour })
	var done, kills atomic.Int64
	var wg sync.WaitGroup
	for range requests {
		wg.Go(func() {
			if report, err := b.check(t.Context(), "work"); err != nil || report.Verdict != imaging.Accept {
				t.Errorf("got %+v, %v", report, err)
			}
			if done.Add(1)%everyNth != 0 {
				return
			}
			for _, w := range b.Stats().Workers {
				if w.Busy && syscall.Kill(w.PID, syscall.SIGKILL) == nil {
					kills.Add(1)
					return
				}
			}
		})
	}
	wg.Wait()
	b.answers()
	s := b.Stats()
	t.Logf("%d kills, %d of them in mid-request, %d retries", kills.Load(), s.Killed, s.Retries)
	if kills.Load() == 0 || s.Retries != s.Killed {
		t.Errorf("%d kills, stats %+v", kills.Load(), s)
	}
	if s.Checks != requests+1 || s.Unavailable != 0 || s.Waiting != 0 {
		t.Errorf("stats %+v", s)
	}
}

// A kill -9 of each worker that takes a check ends it after a while; it is not held to be at fault.
func TestKillersAreOutlasted(t *testing.T) {
	b := open(t, func(o *imaging.Options) { o.Workers, o.Timeout = 1, patience })
	b.answers()
	result := b.begin(t.Context(), "hang")
	var got answer
	eventually(t, "the end of the check", func() bool {
		for _, w := range b.Stats().Workers {
			if w.Busy {
				_ = syscall.Kill(w.PID, syscall.SIGKILL)
			}
		}
		select {
		case got = <-result:
			return true
		default:
			return false
		}
	})
	unavailable(t, got.err, imaging.UnavailableWorkers)
	// A kill before the request has arrived is no attempt, and may come on top.
	eventually(t, "eight kills", func() bool { return b.Stats().Killed == 8 })
	if s := b.Stats(); s.Costly != 0 {
		t.Errorf("stats %+v", s)
	}
}

func TestImageThatCostsTwoWorkersIsRefused(t *testing.T) {
	for _, c := range []struct {
		command string
		code    string // of the upload; none where the image is not held to be at fault
	}{
		{"exit", imaging.UploadTooCostly},
		{"crash", imaging.UploadTooCostly},
		{"panic", imaging.UploadTooCostly},
		{"burn", imaging.UploadTooCostly},
		{"hang", ""},
		{"no-verdict", ""},
		{"fail", ""},
	} {
		t.Run(c.command, func(t *testing.T) {
			b := open(t, func(o *imaging.Options) {
				o.CPU = 100 * time.Millisecond
				if c.command == "hang" {
					o.Timeout = time.Second
				}
			})
			b.answers()
			_, err := b.check(t.Context(), c.command)
			if c.code == "" {
				unavailable(t, err, imaging.UnavailableWorkers)
			} else {
				refused(t, err, c.code)
			}
			b.answers()
			if s := b.Stats(); (s.Costly == 1) != (c.code != "") || s.Retries != 1 {
				t.Errorf("stats %+v", s)
			}
		})
	}
}

// Workers that fail on whatever they get are at fault themselves.
func TestWorkersThatAnswerNothingAccuseNobody(t *testing.T) {
	b := open(t, nil)
	_, err := b.check(t.Context(), "exit")
	unavailable(t, err, imaging.UnavailableWorkers)
	b.answers()
	for range 3 {
		_, err = b.check(t.Context(), "exit")
		refused(t, err, imaging.UploadTooCostly)
	}
	_, err = b.check(t.Context(), "exit")
	unavailable(t, err, imaging.UnavailableWorkers)
	b.answers()
	_, err = b.check(t.Context(), "exit")
	refused(t, err, imaging.UploadTooCostly)
}

// A worker that is stopped does not answer: its check goes on to one that is not, and it is replaced.
func TestPausedWorkersLoseNoCheck(t *testing.T) {
	b := open(t, func(o *imaging.Options) { o.Timeout, o.Budget = time.Second, patience })
	before := b.pids()
	for _, pid := range before {
		if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		eventually(t, "a stop", func() bool {
			text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
			return err == nil && strings.Contains(string(text), ") T ")
		})
	}
	if after := b.answers(); slices.Contains(before, after) {
		t.Error("a stopped worker answered")
	}
	if s := b.Stats(); s.Killed == 0 || s.Timeouts+s.Crashes+s.Costly != 0 {
		t.Errorf("stats %+v", s)
	}
}
