//go:build linux && !race

package sandbox_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"realname/imaging/sandbox"
)

// The test binary starts itself again: as a process that confines itself by the
// parts named in partsVariable and then makes the attempt of attemptVariable.
const (
	partsVariable   = "REALNAME_TEST_PARTS"
	attemptVariable = "REALNAME_TEST_ATTEMPT"
	folderVariable  = "REALNAME_TEST_FOLDER" // with a file, a socket that listens and room for more

	done = "done" // what a process prints whose attempt succeeded
)

func TestMain(m *testing.M) {
	parts, child := os.LookupEnv(partsVariable)
	if !child {
		os.Exit(m.Run())
	}
	if err := confine(parts); err != nil {
		fmt.Println("not confined:", err)
		os.Exit(1)
	}
	if err := attempts[os.Getenv(attemptVariable)](); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(done)
}

func confine(parts string) error {
	switch parts {
	case "landlock":
		_, err := sandbox.RestrictAccess()
		return err
	case "seccomp":
		return sandbox.FilterCalls()
	case "both":
		held, err := sandbox.Enter()
		if err == nil && !held.Complete() {
			err = fmt.Errorf("%+v", held)
		}
		return err
	default: // nothing: the attempt itself must be able to succeed
		return nil
	}
}

func inFolder(name string) string { return filepath.Join(os.Getenv(folderVariable), name) }

func socket(family, kind int) error {
	fd, err := unix.Socket(family, kind, 0)
	if err != nil {
		return err
	}
	return unix.Close(fd)
}

func closed(f *os.File, err error) error {
	if err != nil {
		return err
	}
	return f.Close()
}

func hangUp(conn net.Conn, err error) error {
	if err != nil {
		return err
	}
	return conn.Close()
}

// otherThread makes an attempt on a thread that existed before the process was confined.
var otherThread = sync.OnceValue(func() chan func() {
	work := make(chan func())
	go func() {
		runtime.LockOSThread()
		for f := range work {
			f()
		}
	}()
	work <- func() {}
	return work
})

var attempts = map[string]func() error{
	"read a file":      func() error { return closed(os.Open(inFolder("file"))) },
	"list a folder":    func() error { _, err := os.ReadDir(os.Getenv(folderVariable)); return err },
	"create a file":    func() error { return closed(os.Create(inFolder("new"))) },
	"write a file":     func() error { return closed(os.OpenFile(inFolder("file"), os.O_WRONLY, 0)) },
	"make a folder":    func() error { return os.Mkdir(inFolder("folder"), 0o700) },
	"remove a file":    func() error { return os.Remove(inFolder("file")) },
	"rename a file":    func() error { return os.Rename(inFolder("file"), inFolder("renamed")) },
	"connect by TCP":   func() error { return hangUp(net.Dial("tcp", os.Getenv("REALNAME_TEST_TCP"))) },
	"connect locally":  func() error { return hangUp(net.Dial("unix", inFolder("socket"))) },
	"a UDP socket":     func() error { return socket(unix.AF_INET, unix.SOCK_DGRAM) },
	"a netlink socket": func() error { return socket(unix.AF_NETLINK, unix.SOCK_RAW) },
	"listen by TCP": func() error {
		listener, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			return err
		}
		return listener.Close()
	},
	"start a program": func() error { return exec.Command("/bin/true").Run() },
	"become a program": func() error {
		return syscall.Exec("/bin/echo", []string{"echo", done}, nil)
	},
	"trace its parent": func() error { return unix.PtraceSeize(os.Getppid()) },
	"read its parent's memory": func() error {
		_, err := unix.ProcessVMReadv(os.Getppid(), nil, nil, 0)
		return err
	},
	"signal its parent": func() error { return syscall.Kill(os.Getppid(), 0) },
	"new code": func() error {
		memory, err := unix.Mmap(-1, 0, 4096, unix.PROT_READ|unix.PROT_EXEC, unix.MAP_ANON|unix.MAP_PRIVATE)
		if err != nil {
			return err
		}
		return unix.Munmap(memory)
	},
	"read a file on an old thread": func() error {
		result := make(chan error)
		otherThread() <- func() { result <- closed(os.Open(inFolder("file"))) }
		return <-result
	},
	"compute": func() error {
		// New threads, timers, the collector and its signals to its own threads.
		var group sync.WaitGroup
		for range 32 {
			group.Go(func() {
				runtime.LockOSThread()
				kept := make([][]byte, 0, 16)
				for range 16 {
					kept = append(kept, make([]byte, 1<<20))
					<-time.After(time.Millisecond)
				}
				runtime.GC()
				runtime.KeepAlive(kept)
			})
		}
		group.Wait()
		return syscall.Kill(os.Getpid(), 0)
	},
	"abort": func() error { return syscall.Kill(os.Getpid(), syscall.SIGKILL) },
}

func init() {
	// The thread must be older than the sandbox.
	if _, child := os.LookupEnv(partsVariable); child {
		otherThread()
	}
}

func try(t *testing.T, parts, attempt string) (said string, err error) {
	t.Helper()
	folder, err := os.MkdirTemp("", "sandbox") // short: a socket's address holds 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(folder)
	if err := os.WriteFile(filepath.Join(folder, "file"), []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	local, err := net.Listen("unix", filepath.Join(folder, "socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer local.Close()
	tcp, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), partsVariable+"="+parts, attemptVariable+"="+attempt, folderVariable+"="+folder,
		"REALNAME_TEST_TCP="+tcp.Addr().String())
	out, err := cmd.CombinedOutput()
	said, _, _ = strings.Cut(string(out), "\n") // the rest would be a trace
	if strings.HasPrefix(said, "not confined") {
		t.Skip(said) // a kernel or a container without it; the release is tested on one that has both
	}
	return said, err
}

const (
	byErrno = "operation not permitted" // EPERM of the filter
	byLock  = "permission denied"       // EACCES of landlock
	byDeath = "signal: bad system call" // SIGSYS
)

func TestForbidden(t *testing.T) {
	for _, c := range []struct{ parts, attempt, says, why string }{
		{"both", "read a file", byErrno, "other people's uploads, keys of the gateway"},
		{"both", "read a file on an old thread", byErrno, "the filter must reach threads that C libraries had started"},
		{"both", "list a folder", byErrno, "names tell something too"},
		{"both", "create a file", byErrno, "nothing may outlive the check"},
		{"both", "write a file", byErrno, "nothing may outlive the check"},
		{"both", "make a folder", byErrno, "nothing may outlive the check"},
		{"both", "remove a file", byErrno, "the sockets of other workers lie in the same folder"},
		{"both", "rename a file", byErrno, "the sockets of other workers lie in the same folder"},
		{"both", "connect by TCP", byErrno, "what was read must not leave"},
		{"both", "connect locally", byErrno, "the ledger and other workers listen on such sockets"},
		{"both", "listen by TCP", byErrno, "nobody may come in either"},
		{"both", "a UDP socket", byErrno, "DNS carries data out"},
		{"both", "a netlink socket", byErrno, "much of the kernel lies behind it"},
		{"both", "start a program", byErrno, "fork comes first, and fails"},
		{"both", "become a program", byDeath, "only an intruder does"},
		{"both", "trace its parent", byDeath, "the gateway holds keys in memory"},
		{"both", "read its parent's memory", byDeath, "the gateway holds keys in memory"},
		{"both", "signal its parent", byErrno, "a worker must not end the gateway"},
		{"both", "new code", byErrno, "injected bytes must not become a program"},

		{"landlock", "read a file", byLock, "landlock holds by itself where seccomp is missing"},
		{"landlock", "read a file on an old thread", byLock, "on every thread"},
		{"landlock", "create a file", byLock, "landlock holds by itself"},
		{"landlock", "connect by TCP", byLock, "landlock holds by itself"},
		{"landlock", "start a program", byLock, "landlock holds by itself"},
		{"seccomp", "read a file", byErrno, "the filter holds by itself where landlock is missing"},
		{"seccomp", "connect locally", byErrno, "the filter holds by itself"},
	} {
		t.Run(c.parts+"/"+c.attempt, func(t *testing.T) {
			t.Parallel()
			said, err := try(t, c.parts, c.attempt)
			if err == nil || !strings.Contains(said+err.Error(), c.says) {
				t.Errorf("got %q, %v; want %q, because: %s", said, err, c.says, c.why)
			}
		})
	}
}

// Without this a typing error in an attempt would pass for a refusal.
func TestAttemptsSucceedUnconfined(t *testing.T) {
	for attempt := range attempts {
		switch attempt {
		case "abort", "trace its parent": // ends; needs a privilege that the tests may lack
			continue
		}
		t.Run(attempt, func(t *testing.T) {
			t.Parallel()
			if said, err := try(t, "none", attempt); err != nil || said != done {
				t.Errorf("got %q, %v", said, err)
			}
		})
	}
}

func TestAllowed(t *testing.T) {
	for _, parts := range []string{"landlock", "seccomp", "both"} {
		t.Run(parts, func(t *testing.T) {
			t.Parallel()
			if said, err := try(t, parts, "compute"); err != nil || said != done {
				t.Errorf("got %q, %v", said, err)
			}
		})
	}
	t.Run("to end itself", func(t *testing.T) {
		t.Parallel()
		_, err := try(t, "both", "abort")
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
			t.Errorf("got %v", err)
		}
	})
}
