package imaging

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Options configures a Pool. Path is required; every zero field has the default named here.
type Options struct {
	Path string   // the worker's binary; it is called with Args, then --sandbox MODE --socket FILE
	Args []string // for example --assets DIR
	Env  []string // KEY=value; the worker inherits nothing else but the limits set by the pool
	Dir  string   // parent of the pool's private folder of sockets; default os.TempDir()

	Workers int    // processes, one image at a time each; default 2
	Limits  Limits // of an upload, at both ends

	StartTimeout time.Duration // for a worker to become ready; default 30 s
	Timeout      time.Duration // for one attempt on one worker; default 10 s
	CPU          time.Duration // of all threads of a worker for one attempt; default half of Timeout
	Budget       time.Duration // for a whole Check, waiting and retry included; default 3 x Timeout

	QueueLength int   // checks that may wait for a worker; default 64
	QueueBytes  int64 // of images that may wait; default 256 MiB

	Sandbox SandboxMode // default SandboxBestEffort

	MemoryBytes   int64 // address space of a worker (RLIMIT_AS); default 3 GiB, negative for none
	RecycleBytes  int64 // resident memory above which a worker is replaced between checks; default 700 MiB
	RecycleChecks int   // checks after which a worker is replaced; default 5000

	// Backoff is the pause before the next start after so many failures in a row (1, 2, …):
	// failed starts and ends while idle. A worker lost to a request is replaced at once.
	// Default: 100 ms doubling up to 10 s.
	Backoff func(failures int) time.Duration
	// Progress is told how many workers are ready while Open waits. Default: nobody.
	Progress func(ready, total int)
	Logger   *slog.Logger // default: discard
}

func (o Options) withDefaults() Options {
	o.Limits = o.Limits.withDefaults()
	setDefault(&o.Dir, os.TempDir())
	setDefault(&o.Workers, 2)
	setDefault(&o.StartTimeout, 30*time.Second)
	setDefault(&o.Timeout, 10*time.Second)
	setDefault(&o.CPU, o.Timeout/2)
	setDefault(&o.Budget, 3*o.Timeout)
	setDefault(&o.Sandbox, SandboxBestEffort)
	setDefault(&o.QueueLength, 64)
	setDefault(&o.QueueBytes, 256<<20)
	setDefault(&o.MemoryBytes, 3<<30)
	setDefault(&o.RecycleBytes, 700<<20)
	setDefault(&o.RecycleChecks, 5000)
	setDefault(&o.Logger, slog.New(slog.DiscardHandler))
	if o.Backoff == nil {
		o.Backoff = doublingBackoff
	}
	if o.Progress == nil {
		o.Progress = func(int, int) {}
	}
	return o
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func doublingBackoff(failures int) time.Duration {
	const first, longest = 100 * time.Millisecond, 10 * time.Second
	return min(longest, first<<min(failures-1, 10))
}

// Pool runs worker processes and checks photos in them. It is a Checker.
//
// A check that loses its worker is tried once more on another, unless it took too
// much CPU time; a worker that crashes, hangs, overspends, panics or talks nonsense
// is killed and replaced.
type Pool struct {
	o        Options
	dir      string // private, removed by Close
	launcher *launcher

	urgent chan *process // lends to a check that lost its worker
	ready  chan *process // lends to any other

	life      context.Context // ends when Close is called
	end       context.CancelFunc
	closeOnce sync.Once
	slots     sync.WaitGroup
	current   []atomic.Pointer[process] // by slot; nil while it has no ready worker
	counters  counters

	waitMu       sync.Mutex
	waiting      int
	waitingBytes int64
}

// Open starts the workers and returns when all are ready. When one does not start,
// or ctx ends first, it stops them all and returns why. ctx bounds only the start.
func Open(ctx context.Context, options Options) (*Pool, error) {
	o := options.withDefaults()
	if o.Path == "" || o.Workers < 0 || o.QueueLength < 0 || o.RecycleChecks < 0 {
		return nil, errors.New("imaging: the pool needs the path of its worker, and no negative counts")
	}
	dir, err := os.MkdirTemp(o.Dir, "imaging-") // 0700
	if err != nil {
		return nil, fmt.Errorf("imaging: make folder of sockets: %w", err)
	}
	const longestName, longestAddress = len("/999-4294967295.sock"), 107 // unix(7): 108 with its final zero
	if len(dir)+longestName > longestAddress {
		return nil, errors.Join(fmt.Errorf("imaging: the folder of sockets %s leaves no room within the %d bytes of a socket's address", dir, longestAddress), os.RemoveAll(dir))
	}
	launcher, err := newLauncher()
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	life, end := context.WithCancel(context.Background())
	p := &Pool{
		o: o, dir: dir, launcher: launcher, life: life, end: end,
		urgent: make(chan *process), ready: make(chan *process),
		current: make([]atomic.Pointer[process], o.Workers),
	}
	started := make(chan error, o.Workers)
	for slot := range o.Workers {
		p.slots.Go(func() { p.supervise(ctx, slot, started) })
	}
	for ready := range o.Workers {
		if err := <-started; err != nil {
			return nil, errors.Join(err, p.Close())
		}
		o.Progress(ready+1, o.Workers)
	}
	return p, nil
}

// Close kills the workers, waits for their end and removes the folder. Checks under
// way end with ErrUnavailable. It may be called more than once.
func (p *Pool) Close() error {
	var err error
	p.closeOnce.Do(func() {
		p.end()
		p.slots.Wait()
		p.launcher.close()
		err = os.RemoveAll(p.dir)
	})
	return err
}

// Check implements Checker. It copies nothing of the image, and may read it for a
// moment longer where ctx ends early, so its bytes must never change. Safe for
// concurrent use.
func (p *Pool) Check(ctx context.Context, req Request) (Report, error) {
	if _, err := Gate(req.Image, p.o.Limits); err != nil {
		p.counters.refused.Add(1)
		return Report{}, err
	}
	header, err := encodeHeader(req, p.o.Limits)
	if err != nil {
		return Report{}, err
	}
	p.counters.checks.Add(1)
	budget, cancel := context.WithTimeoutCause(ctx, p.o.Budget, errBudget)
	defer cancel()
	report, err := p.run(budget, header, req.Image)
	if report.Crop != nil && report.Crop.Kind != req.Crop {
		report.Crop = nil // nobody gets what was not asked for
	}
	if errors.Is(err, ErrUnavailable) {
		p.counters.unavailable.Add(1)
	}
	return report, err
}

var errBudget = errors.New("no answer within the budget of one check")

func (p *Pool) run(ctx context.Context, header, image []byte) (Report, error) {
	const attempts = 2
	var failure error
	for tried, urgent := 0, false; tried < attempts; urgent = true {
		if ctx.Err() != nil {
			return Report{}, p.ended(ctx)
		}
		w, err := p.borrow(ctx, urgent, int64(len(image)))
		if err != nil {
			return Report{}, err
		}
		report, out, err := w.attempt(ctx, header, image, p.o.Timeout, p.o.CPU)
		w.returned <- out
		var upload *UploadError
		switch {
		case err == nil || errors.As(err, &upload):
			return report, err
		case out == abandoned:
			return Report{}, p.ended(ctx)
		case out == unreached: // no worker has seen it: not an attempt
			continue
		}
		failure = fmt.Errorf("worker %s: %w", out, err)
		if out == overspent { // as it would on any other worker
			break
		}
		if tried++; tried < attempts {
			p.counters.retries.Add(1)
		}
	}
	select {
	case <-p.life.Done():
		return Report{}, &UnavailableError{Reason: UnavailableClosed}
	default:
		return Report{}, &UnavailableError{Reason: UnavailableWorkers, Cause: failure}
	}
}

// ended says why ctx, the budget of a check, is over.
func (p *Pool) ended(ctx context.Context) error {
	if cause := context.Cause(ctx); errors.Is(cause, errBudget) {
		return &UnavailableError{Reason: UnavailableOverdue}
	}
	return &UnavailableError{Reason: UnavailableCanceled, Cause: ctx.Err()}
}

// borrow waits for a worker. One that lost its worker goes before the others and is
// not turned away: it has been admitted already.
func (p *Pool) borrow(ctx context.Context, urgent bool, size int64) (*process, error) {
	var lost chan *process
	if urgent {
		lost = p.urgent
	}
	select {
	case <-p.life.Done():
		return nil, &UnavailableError{Reason: UnavailableClosed}
	case w := <-p.ready:
		return w, nil
	case w := <-lost:
		return w, nil
	default:
	}
	if !p.admit(urgent, size) {
		p.counters.turnedAway.Add(1)
		return nil, &UnavailableError{Reason: UnavailableBusy}
	}
	defer p.dismiss(size)
	select {
	case w := <-p.ready:
		return w, nil
	case w := <-lost:
		return w, nil
	case <-ctx.Done():
		return nil, p.ended(ctx)
	case <-p.life.Done():
		return nil, &UnavailableError{Reason: UnavailableClosed}
	}
}

func (p *Pool) admit(urgent bool, size int64) bool {
	p.waitMu.Lock()
	defer p.waitMu.Unlock()
	if !urgent && (p.waiting >= p.o.QueueLength || p.waitingBytes+size > p.o.QueueBytes) {
		return false
	}
	p.waiting++
	p.waitingBytes += size
	return true
}

func (p *Pool) dismiss(size int64) {
	p.waitMu.Lock()
	defer p.waitMu.Unlock()
	p.waiting--
	p.waitingBytes -= size
}
