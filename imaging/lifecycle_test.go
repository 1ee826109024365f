package imaging_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"realname/imaging"
)

func TestWorkersDieWithTheGateway(t *testing.T) {
	o, b := options(t, roleGateway)
	cmd := exec.Command(o.Path)
	cmd.Env = o.Env
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = b.log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	var pids []int
	for len(pids) < 2 && lines.Scan() {
		pid, err := strconv.Atoi(lines.Text())
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if len(pids) != 2 {
		t.Fatal(b.log.String())
	}
	eventually(t, "the end of the orphans", func() bool { return !running(pids[0]) && !running(pids[1]) })
}

// running is false for a zombie, which an init that does not reap may leave.
func running(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(text), ") Z ")
}

func TestWorkersAreConfined(t *testing.T) {
	t.Setenv("REALNAME_TEST_SECRET", "of the gateway")
	b := open(t, func(o *imaging.Options) {
		o.Workers = 1
		if !raceDetector {
			o.MemoryBytes = 2 << 30
		}
	})
	read := func(name string) string {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", b.pids()[0], name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if environment := read("environ"); strings.Contains(environment, "SECRET") || !strings.Contains(environment, "OPENCV_IO_MAX_IMAGE_PIXELS=50000000\x00") {
		t.Errorf("environment %q", environment)
	}
	if !strings.Contains(read("status"), "NoNewPrivs:\t1\n") {
		t.Error("it may gain privileges")
	}
	limits := strings.Join(strings.Fields(read("limits")), " ")
	for _, want := range []string{"Max core file size 0 0", "Max file size 0 0", "Max open files 256 256"} {
		if !strings.Contains(limits, want) {
			t.Errorf("no %q in %s", want, limits)
		}
	}
	if !raceDetector && !(strings.Contains(limits, "Max data size 2147483648 2147483648") && strings.Contains(limits, "Max address space 6442450944 6442450944")) {
		t.Errorf("limits %s", limits)
	}
	if pid := b.pids()[0]; mustGetpgid(t, pid) != pid {
		t.Error("it shares a process group")
	}
	folders, err := filepath.Glob(filepath.Join(b.dir, "*"))
	if err != nil || len(folders) != 1 {
		t.Fatal(folders, err)
	}
	if info, err := os.Stat(folders[0]); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder %v, %v", info, err)
	}
}

func mustGetpgid(t *testing.T, pid int) int {
	t.Helper()
	group, err := syscall.Getpgid(pid)
	if err != nil {
		t.Fatal(err)
	}
	return group
}

func TestRecycling(t *testing.T) {
	for _, c := range []struct {
		name    string
		limit   func(*imaging.Options)
		command string
		checks  int
	}{
		{"after a number of checks", func(o *imaging.Options) { o.RecycleChecks = 3 }, "ok", 3},
		{"above a memory", func(o *imaging.Options) { o.RecycleBytes = 120 << 20 }, "grow", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := open(t, func(o *imaging.Options) {
				o.Workers = 1
				if raceDetector {
					o.RecycleBytes = 4 << 30
				}
				c.limit(o)
			})
			before := b.pids()[0]
			for range c.checks {
				report, err := b.check(t.Context(), c.command)
				if err != nil || int(report.Reasons[0].Value) != before {
					t.Fatalf("got %+v, %v", report, err)
				}
			}
			if after := b.answers(); after == before {
				t.Error("not replaced")
			}
			if s := b.Stats(); s.Recycled == 0 || s.Crashes+s.Retries != 0 {
				t.Errorf("stats %+v", s)
			}
		})
	}
}

func TestOpenSaysWhyItFails(t *testing.T) {
	t.Run("no such binary", func(t *testing.T) {
		o, b := options(t, roleWorker)
		o.Path = filepath.Join(b.marks, "absent")
		if _, err := imaging.Open(t.Context(), o); !errors.Is(err, os.ErrNotExist) {
			t.Fatalf("got %v", err)
		}
		nothingLeft(t, b.dir)
	})
	t.Run("worker that ends", func(t *testing.T) {
		o, b := options(t, roleWorker)
		if err := os.WriteFile(b.path("no-start"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := imaging.Open(t.Context(), o)
		if err == nil || !strings.Contains(err.Error(), "run 'make setup'") || !strings.Contains(err.Error(), "exit status 1") {
			t.Fatalf("got %v", err)
		}
		nothingLeft(t, b.dir)
	})
	t.Run("canceled", func(t *testing.T) {
		o, b := options(t, roleWorker)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := imaging.Open(ctx, o); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v", err)
		}
		nothingLeft(t, b.dir)
	})
	t.Run("no path", func(t *testing.T) {
		if _, err := imaging.Open(t.Context(), imaging.Options{}); err == nil {
			t.Fatal("opened")
		}
	})
	t.Run("no room for a socket's name", func(t *testing.T) {
		o, b := options(t, roleWorker)
		o.Dir = filepath.Join(b.dir, strings.Repeat("d", 100))
		if err := os.Mkdir(o.Dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if _, err := imaging.Open(t.Context(), o); err == nil || !strings.Contains(err.Error(), "bytes") {
			t.Fatalf("got %v", err)
		}
	})
}

func nothingLeft(t *testing.T, dir string) {
	t.Helper()
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left in the folder: %v, %v", left, err)
	}
}

func TestStartsBackOff(t *testing.T) {
	var failures []int
	b := open(t, func(o *imaging.Options) {
		o.Workers = 1
		// One slot, so one goroutine asks.
		o.Backoff = func(n int) time.Duration { failures = append(failures, n); return 0 }
	})
	no := b.path("no-start")
	if err := os.WriteFile(no, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(b.pids()[0], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "three failed starts", func() bool { return b.Stats().FailedStarts >= 3 })
	if err := os.Remove(no); err != nil {
		t.Fatal(err)
	}
	b.answers()
	if err := b.Close(); err != nil { // ends the goroutine that appends
		t.Fatal(err)
	}
	for i, n := range failures {
		if n != i+1 {
			t.Fatalf("asked for %v", failures)
		}
	}
	if s := b.Stats(); uint64(len(failures)) != s.FailedStarts+1 || s.Crashes != 1 {
		t.Errorf("asked for %v, stats %+v", failures, s)
	}
}

func TestLogHoldsNoPersonalData(t *testing.T) {
	b := open(t, nil)
	number := strings.Repeat("10", 8) + "1X"
	if _, err := b.check(t.Context(), "say:read "+number+" of 王小明\n"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the line", func() bool { return strings.Contains(b.log.String(), "read # of ???") })
	if text := b.log.String(); strings.Contains(text, number) || strings.Contains(text, "王") {
		t.Error(text)
	}
}
