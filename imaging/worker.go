package imaging

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

const (
	readyPoll = 10 * time.Millisecond // between two looks at a socket that does not answer yet
	pipeGrace = time.Second           // for the rest of stderr after a worker's end
)

// process is one run of the worker binary. One caller at a time talks to it.
type process struct {
	slot     int
	pid      int
	pipeline string // version that it named when it became ready
	sandbox  Sandbox
	client   *http.Client
	socket   string
	stderr   *stderrLog
	seat     *seat
	wall     time.Duration // for one attempt
	cpu      time.Duration // of all its threads, for one attempt
	exited   chan struct{}
	state    *os.ProcessState // set once exited is closed
	checks   atomic.Int64
	busy     atomic.Bool

	killing sync.Mutex
	reaped  bool // the pid may be another process's from here on
}

// launcher starts processes on one OS thread of its own: a parent-death signal
// follows the thread that forked, and no-new-privileges is a property of a thread.
type launcher struct {
	commands chan launch
	done     chan struct{}
}

type launch struct {
	cmd    *exec.Cmd
	result chan error
}

func newLauncher() (*launcher, error) {
	l := &launcher{commands: make(chan launch), done: make(chan struct{})}
	ready := make(chan error)
	go func() {
		defer close(l.done)
		// Never unlocked: the thread, with what is set on it, ends with the goroutine.
		runtime.LockOSThread()
		ready <- dropPrivileges()
		for c := range l.commands {
			c.result <- c.cmd.Start()
		}
	}()
	if err := <-ready; err != nil {
		l.close()
		return nil, fmt.Errorf("imaging: give up new privileges: %w", err)
	}
	return l, nil
}

func (l *launcher) start(cmd *exec.Cmd) error {
	result := make(chan error)
	l.commands <- launch{cmd, result}
	return <-result
}

func (l *launcher) close() {
	close(l.commands)
	<-l.done
}

// startProcess starts a worker and waits until it answers on its socket.
func (p *Pool) startProcess(ctx context.Context, slot, generation int) (*process, error) {
	o := &p.o
	socket := filepath.Join(p.dir, fmt.Sprintf("%d-%d.sock", slot, generation))
	w := &process{
		slot: slot, socket: socket, client: socketClient(socket), wall: o.Timeout, cpu: o.CPU,
		stderr: newStderrLog(o.Logger.With("worker", slot), time.Now), exited: make(chan struct{}),
	}
	w.seat = newSeat(w, p.here)
	cmd := exec.Command(o.Path, append(append([]string(nil), o.Args...), "--sandbox", string(o.Sandbox), "--socket", socket)...)
	cmd.Env = append(append([]string(nil), o.Env...), workerEnvironment(o.Limits)...)
	cmd.Stderr = w.stderr // stdin and stdout stay nil: /dev/null
	cmd.WaitDelay = pipeGrace
	cmd.SysProcAttr = processAttributes()
	if err := p.launcher.start(cmd); err != nil {
		return nil, fmt.Errorf("imaging: start worker: %w", err)
	}
	w.pid = cmd.Process.Pid
	go w.reap(cmd)
	// Before any image reaches it, and from outside, so that it need not cooperate.
	if err := confine(w.pid, o.MemoryBytes); err != nil {
		return nil, w.explain(err)
	}
	ctx, cancel := context.WithTimeout(ctx, o.StartTimeout)
	defer cancel()
	answer, err := w.awaitReady(ctx)
	if err != nil {
		return nil, w.explain(err)
	}
	w.pipeline, w.sandbox = plain(answer.Pipeline, maxDetail), answer.Sandbox
	if err := w.confirm(o); err != nil {
		return nil, w.explain(err)
	}
	return w, nil
}

// explain buries a worker that did not start and says what it said last.
func (w *process) explain(cause error) error {
	w.bury()
	if said := w.stderr.lastLine(); said != "" {
		return fmt.Errorf("imaging: worker did not start: %w (%s; it said: %s)", cause, w.state, said)
	}
	return fmt.Errorf("imaging: worker did not start: %w (%s)", cause, w.state)
}

// workerEnvironment is all that a worker inherits beside Options.Env: no secret of
// the gateway. OpenCV reads its cap only at process start.
func workerEnvironment(limits Limits) []string {
	return []string{
		"OPENCV_IO_MAX_IMAGE_PIXELS=" + strconv.FormatInt(limits.MaxPixels, 10),
		"OMP_NUM_THREADS=1",
		"MALLOC_ARENA_MAX=2",
		"GOTRACEBACK=single",
	}
}

// reap waits for the end of the process, then ends what it left in its group.
func (w *process) reap(cmd *exec.Cmd) {
	// The pid stays ours until its group has been signalled.
	awaitExit(w.pid)
	w.kill()
	w.killing.Lock()
	w.reaped = true
	w.killing.Unlock()
	// The error repeats the state, or says that stderr stayed open past its grace.
	_ = cmd.Wait()
	w.stderr.flush()
	w.state = cmd.ProcessState
	close(w.exited)
}

// kill ends the worker's process group at once; harmless when it has ended.
func (w *process) kill() {
	w.killing.Lock()
	defer w.killing.Unlock()
	if !w.reaped {
		killGroup(w.pid)
	}
}

// bury kills the worker, waits for its end and removes its socket.
func (w *process) bury() {
	w.kill()
	<-w.exited
	_ = os.Remove(w.socket)
}
