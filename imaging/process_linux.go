package imaging

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	maxOpenFiles  = 256
	oomPreference = "800" // the kernel takes a worker before the gateway
)

// dropPrivileges binds the calling thread and all that it starts: no setuid
// program can give anything back.
func dropPrivileges() error { return unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }

// processAttributes gives a worker its own group, so that a terminal's interrupt
// does not reach it, and makes it die with the thread that started it.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// reservedBytes is what a worker maps without filling it: the Go runtime's arenas,
// code, shared libraries. It is twice of what one was seen to map.
const reservedBytes = 4 << 30

// confine sets the kernel's limits on a worker: no core dump, no byte written to a
// file, few descriptors, bounded memory (not when it is negative). What is private and
// writable counts as memory; the bound of all addresses is for what is shared.
func confine(pid int, memory int64) error {
	type limit struct {
		resource int
		value    uint64
	}
	limits := []limit{{unix.RLIMIT_CORE, 0}, {unix.RLIMIT_FSIZE, 0}, {unix.RLIMIT_NOFILE, maxOpenFiles}}
	if memory > 0 {
		limits = append(limits, limit{unix.RLIMIT_DATA, uint64(memory)}, limit{unix.RLIMIT_AS, uint64(memory) + reservedBytes})
	}
	for _, l := range limits {
		if err := unix.Prlimit(pid, l.resource, &unix.Rlimit{Cur: l.value, Max: l.value}, nil); err != nil {
			return fmt.Errorf("imaging: limit worker: %w", err)
		}
	}
	// A kernel that hides this file only loses a preference, not a limit.
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/oom_score_adj", pid), []byte(oomPreference), 0)
	return nil
}

// cpuTime is what a process has computed since its start, on all threads; 0 when it has ended.
func cpuTime(pid int) time.Duration {
	const scheduler = 2 // the clock of CPUCLOCK_SCHED in clock_getcpuclockid(3)'s encoding
	var spent unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|scheduler), &spent); err != nil {
		return 0
	}
	return time.Duration(spent.Nano())
}

// filtered says that every thread of a process is under a seccomp filter (proc(5): Seccomp 2).
func filtered(pid int) bool {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	if err != nil || len(threads) == 0 {
		return false
	}
	for _, name := range threads {
		text, err := os.ReadFile(name)
		ended := errors.Is(err, os.ErrNotExist) || errors.Is(err, unix.ESRCH)
		if !ended && !strings.Contains(string(text), "\nSeccomp:\t2\n") {
			return false
		}
	}
	return true
}

// awaitExit waits for the end of a child without reaping it.
func awaitExit(pid int) {
	for unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
}

// endedBySIGKILL says that a process did not end by itself.
func endedBySIGKILL(state *os.ProcessState) bool {
	status, ok := state.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// stopped says that a SIGSTOP holds a process (proc(5): state T).
func stopped(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && strings.Contains(string(text), ") T ")
}

// killGroup ends a process group; an error says that nothing of it is left.
func killGroup(pid int) { _ = unix.Kill(-pid, unix.SIGKILL) }

// residentBytes is the memory of a process in use; 0 when it has ended.
func residentBytes(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}
