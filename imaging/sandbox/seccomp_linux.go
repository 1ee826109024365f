package sandbox

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"time"
	"unsafe"

	seccomp "github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// needed is what the Go runtime, glibc, OpenCV and ONNX Runtime call during checks,
// found by running them. Names that an architecture lacks are left out there.
var needed = []string{
	// Memory; mmap and mprotect stand among the conditions.
	"brk", "madvise", "mremap", "munmap",
	// Threads and waiting.
	"clock_gettime", "clock_nanosleep", "exit", "exit_group", "futex", "getcpu", "getpid", "gettid", "getrandom", "getrusage",
	"gettimeofday", "nanosleep", "restart_syscall", "rseq", "sched_getaffinity", "sched_yield", "set_robust_list", "time",
	// Signals to itself; kill and tgkill stand among the conditions.
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack",
	// Descriptors that are open already, and connections that others make.
	"accept", "accept4", "close", "epoll_ctl", "epoll_pwait", "epoll_wait", "fstat", "getpeername", "getsockname", "pread64",
	"read", "shutdown", "write", "writev",
}

// hostile is what only an intruder calls: the process dies at once, and the pool counts it.
var hostile = []string{
	"execve", "execveat", "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "bpf", "userfaultfd",
	"init_module", "finit_module", "kexec_load", "mount", "pivot_root", "setns", "unshare", "keyctl", "io_uring_setup",
}

// absent answers "no such call", upon which glibc takes the older one that a filter can look into.
var absent = []string{"clone3"}

// conditional is what is needed with some arguments only.
func conditional(pid int) []seccomp.NameWithConditions {
	when := func(name string, argument uint32, operation seccomp.Operation, value uint64) seccomp.NameWithConditions {
		return seccomp.NameWithConditions{Name: name, Conditions: seccomp.ArgumentConditions{{Argument: argument, Operation: operation, Value: value}}}
	}
	return []seccomp.NameWithConditions{
		when("clone", 0, seccomp.BitsSet, unix.CLONE_THREAD), // a thread, never a process
		when("mmap", 2, seccomp.BitsNotSet, unix.PROT_EXEC),  // no new code
		when("mprotect", 2, seccomp.BitsNotSet, unix.PROT_EXEC),
		when("kill", 0, seccomp.Equal, uint64(pid)), // nobody but itself
		when("tgkill", 0, seccomp.Equal, uint64(pid)),
		when("prctl", 0, seccomp.Equal, unix.PR_SET_NAME),
		when("prctl", 0, seccomp.Equal, unix.PR_SET_VMA), // the runtime names its mappings
	}
}

// policy answers EPERM to every call that is on no list, and to those of another architecture.
func policy(pid int) (*seccomp.Policy, error) {
	machine, err := arch.GetInfo("")
	if err != nil {
		return nil, err
	}
	known := func(names []string) []string {
		return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
			_, found := machine.SyscallNames[name]
			return !found
		})
	}
	return &seccomp.Policy{
		DefaultAction: seccomp.ActionErrno,
		Syscalls: []seccomp.SyscallGroup{
			{Names: known(needed), NamesWithCondtions: conditional(pid), Action: seccomp.ActionAllow},
			{Names: known(hostile), Action: seccomp.ActionKillProcess},
			{Names: known(absent), Action: seccomp.ActionErrno | seccomp.Action(unix.ENOSYS)},
		},
	}, nil
}

// filterCalls puts the filter on every thread of the process, or on none.
func filterCalls() error {
	p, err := policy(os.Getpid())
	if err != nil {
		return err
	}
	instructions, err := p.Assemble()
	if err != nil {
		return fmt.Errorf("assemble the filter: %w", err)
	}
	raw, err := bpf.Assemble(instructions)
	if err != nil {
		return fmt.Errorf("assemble the filter: %w", err)
	}
	filter := make([]unix.SockFilter, len(raw))
	for i, r := range raw {
		filter[i] = unix.SockFilter{Code: r.Op, Jt: r.Jt, Jf: r.Jf, K: r.K}
	}
	// The Go runtime opens its poller with the first timer and dies if it cannot.
	time.AfterFunc(time.Hour, func() {}).Stop()
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("give up new privileges: %w", err)
	}
	// Not the library's loader: that one takes a thread which could not follow, told by a positive result, for success.
	stuck, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&program)))
	runtime.KeepAlive(filter)
	switch {
	case errno != 0:
		return fmt.Errorf("load the filter: %w", errno)
	case stuck != 0:
		return errors.New("load the filter: a thread cannot take it")
	}
	return nil
}
