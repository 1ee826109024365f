package imaging_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"realname/imaging"
)

// patience bounds every wait for a condition; it is reached only on failure.
const patience = 30 * time.Second

func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatal("waited in vain: " + what)
		}
	}
}

type bench struct {
	*imaging.Pool
	t     testing.TB
	marks string
	dir   string
	log   *lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func options(t testing.TB, role string) (imaging.Options, *bench) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, marks: t.TempDir(), dir: shortTempDir(t), log: &lockedBuffer{}}
	return imaging.Options{
		Path: self, Dir: b.dir, Logger: slog.New(slog.NewTextHandler(b.log, nil)), MemoryBytes: -1,
		Env:     []string{roleVariable + "=" + role, marksVariable + "=" + b.marks},
		Backoff: func(int) time.Duration { return 0 },
	}, b
}

// shortTempDir leaves room for a socket's name within the 108 bytes of its address.
func shortTempDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "pool")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func open(t testing.TB, change func(*imaging.Options)) *bench {
	t.Helper()
	o, b := options(t, roleWorker)
	if change != nil {
		change(&o)
	}
	pool, err := imaging.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	b.Pool = pool
	t.Cleanup(func() {
		if err := pool.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Log(b.log.String())
		}
	})
	return b
}

func (b *bench) check(ctx context.Context, command string) (imaging.Report, error) {
	return b.Check(ctx, imaging.Request{Image: photo(b.t, command), NoClaim: true})
}

// answers checks that the pool serves an ordinary photo and returns the worker's pid.
func (b *bench) answers() int {
	b.t.Helper()
	report, err := b.check(b.t.Context(), "ok")
	if err != nil || report.Verdict != imaging.Accept {
		b.t.Fatalf("an ordinary photo got %+v, %v", report, err)
	}
	return int(report.Reasons[0].Value)
}

type answer struct {
	report imaging.Report
	err    error
}

func (b *bench) begin(ctx context.Context, command string) <-chan answer {
	result := make(chan answer, 1)
	go func() {
		report, err := b.check(ctx, command)
		result <- answer{report, err}
	}()
	return result
}

func (b *bench) path(name string) string { return filepath.Join(b.marks, name) }

func (b *bench) awaitMark(name string) {
	b.t.Helper()
	eventually(b.t, "mark "+name, func() bool { _, err := os.Stat(b.path(name)); return err == nil })
}

func (b *bench) release(name string) {
	b.t.Helper()
	if err := os.WriteFile(b.path(name+".release"), nil, 0o600); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) pids() []int {
	var pids []int
	for _, w := range b.Stats().Workers {
		if w.Ready {
			pids = append(pids, w.PID)
		}
	}
	return pids
}

func (b *bench) busyPID() int {
	b.t.Helper()
	var pid int
	eventually(b.t, "a busy worker", func() bool {
		for _, w := range b.Stats().Workers {
			if w.Busy {
				pid = w.PID
			}
		}
		return pid != 0
	})
	return pid
}

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

func unavailable(t testing.TB, err error, reason string) {
	t.Helper()
	var u *imaging.UnavailableError
	if !errors.As(err, &u) || u.Reason != reason || !errors.Is(err, imaging.ErrUnavailable) {
		t.Fatalf("got %v, want ErrUnavailable for %s", err, reason)
	}
}

func refused(t testing.TB, err error, code string) {
	t.Helper()
	var u *imaging.UploadError
	if !errors.As(err, &u) || u.Code != code || errors.Is(err, imaging.ErrUnavailable) {
		t.Fatalf("got %v, want an upload refused as %s", err, code)
	}
}
