package imaging

import "fmt"

// Sandbox says what confines a worker's process beside the limits that the pool sets.
type Sandbox struct {
	Seccomp  bool `json:"seccomp"`  // a filter of system calls on every thread
	Landlock int  `json:"landlock"` // ABI version in force; 0 for none
}

// Complete says that both parts hold.
func (s Sandbox) Complete() bool { return s.Seccomp && s.Landlock > 0 }

// SandboxMode says what the pool does with a worker that cannot be confined wholly.
type SandboxMode string

// The modes. SandboxBestEffort takes what the kernel offers and logs what is missing;
// SandboxRequired starts no worker without both parts.
const (
	SandboxBestEffort SandboxMode = "best_effort"
	SandboxRequired   SandboxMode = "required"
)

// confirm compares what a new worker says of its sandbox with what the kernel says
// of its threads, and tells the log.
func (w *process) confirm(o *Options) error {
	if w.sandbox.Seccomp && !filtered(w.pid) {
		return fmt.Errorf("it says that it is under seccomp, but not each of its threads is")
	}
	log := o.Logger.With("worker", w.slot, "pid", w.pid, "seccomp", w.sandbox.Seccomp, "landlock", w.sandbox.Landlock)
	switch {
	case w.sandbox.Complete():
		log.Info("imaging worker is confined")
	case o.Sandbox == SandboxRequired:
		return fmt.Errorf("the sandbox is required, but seccomp is %t and landlock %d", w.sandbox.Seccomp, w.sandbox.Landlock)
	default:
		log.Warn("imaging worker is not confined wholly: this kernel lacks seccomp or landlock, or forbids them")
	}
	return nil
}
