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

	Workers int    // processes here, one image at a time each; default 2, or none where there are Machines
	Limits  Limits // of an upload, at both ends

	Machines    []Machine   // that lend their workers, see Lend
	Credentials Credentials // by which this end and the machines know each other; files are read again when they change

	StartTimeout time.Duration // for a worker to become ready; default 30 s
	Timeout      time.Duration // for one attempt on one worker; default 10 s
	CPU          time.Duration // of all threads of a worker for one attempt; default half of Timeout
	Budget       time.Duration // for a whole Check, waiting and retry included; default 3 x Timeout

	QueueLength int   // checks that may wait for a worker; default 64
	QueueBytes  int64 // of images that may wait; default 256 MiB

	Sandbox SandboxMode // default SandboxBestEffort

	MemoryBytes   int64 // private memory of a worker (RLIMIT_DATA: heap and stacks); default 768 MiB, negative for no limit
	RecycleBytes  int64 // resident memory above which a worker is replaced between checks; default 400 MiB
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
	if len(o.Machines) == 0 {
		setDefault(&o.Workers, 2)
	}
	setDefault(&o.StartTimeout, 30*time.Second)
	setDefault(&o.Timeout, 10*time.Second)
	setDefault(&o.CPU, o.Timeout/2)
	setDefault(&o.Budget, 3*o.Timeout)
	setDefault(&o.Sandbox, SandboxBestEffort)
	setDefault(&o.QueueLength, 64)
	setDefault(&o.QueueBytes, 256<<20)
	setDefault(&o.MemoryBytes, 768<<20)
	setDefault(&o.RecycleBytes, 400<<20)
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

// Pool runs worker processes, borrows those of other machines, and checks photos in
// them. It is a Checker.
//
// A check that loses its worker is tried on another. An image that has cost two
// workers, by CPU time, a crash or a panic, is refused as UploadTooCostly; a worker
// that somebody else killed, or a machine that went away, is not held against it. A
// worker that crashes, hangs, overspends, panics or talks nonsense is killed and replaced.
type Pool struct {
	o        Options
	dir      string // private, removed by Close
	launcher *launcher
	desk     *desk
	here     *station
	machines []*machine

	life      context.Context // ends when Close is called
	end       context.CancelFunc
	closeOnce sync.Once
	slots     sync.WaitGroup
	current   []atomic.Pointer[process] // by slot; nil while it has no ready worker
	counters  counters
	trust     atomic.Int64 // accusations left until an image is answered again
}

// Open starts the workers and returns when all are ready. When one does not start,
// or ctx ends first, it stops them all and returns why. ctx bounds only the start.
// Machines are looked for from then on; one that is not there is no error.
func Open(ctx context.Context, options Options) (*Pool, error) {
	o := options.withDefaults()
	if o.Workers < 0 || o.QueueLength < 0 || o.RecycleChecks < 0 || o.Path == "" && o.Workers > 0 {
		return nil, errors.New("imaging: the pool needs the path of its worker, and no negative counts")
	}
	p := &Pool{
		o: o, here: &station{seats: o.Workers}, current: make([]atomic.Pointer[process], o.Workers),
		desk: &desk{length: o.QueueLength, bytes: o.QueueBytes},
	}
	if err := p.reach(); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(o.Dir, "imaging-") // 0700
	if err != nil {
		return nil, fmt.Errorf("imaging: make folder of sockets: %w", err)
	}
	const longestName, longestAddress = len("/999-4294967295.sock"), 107 // unix(7): 108 with its final zero
	if len(dir)+longestName > longestAddress {
		return nil, errors.Join(fmt.Errorf("imaging: the folder of sockets %s leaves no room within the %d bytes of a socket's address", dir, longestAddress), os.RemoveAll(dir))
	}
	p.dir = dir
	if p.launcher, err = newLauncher(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	p.life, p.end = context.WithCancel(context.Background())
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
	for _, m := range p.machines {
		p.slots.Go(func() { p.follow(m) })
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

// A check gives up after so many attempts that came to nothing: its own doing
// (a third worker would fare no better), and that of others.
const (
	ownAttempts    = 2
	othersAttempts = 8
)

func (p *Pool) run(ctx context.Context, header, image []byte) (Report, error) {
	var failure error
	var avoid *station
	accusable := true
	for own, others, urgent := 0, 0, false; own < ownAttempts && others < othersAttempts; urgent = true {
		if ctx.Err() != nil {
			return Report{}, p.ended(ctx)
		}
		s, err := p.borrow(ctx, urgent, int64(len(image)), avoid)
		if err != nil {
			return Report{}, err
		}
		report, out, err := s.worker.attempt(ctx, header, image)
		s.returned <- out
		var upload *UploadError
		switch {
		case err == nil || errors.As(err, &upload):
			p.trust.Store(mostAccusations)
			return report, err
		case out == abandoned:
			return Report{}, p.ended(ctx)
		case out == unreached || out == turnedAway: // no worker has seen it: not an attempt
			avoid = s.at
			continue
		case out == killed || out == lost:
			others++
		default:
			own++
			accusable = accusable && out.accuses()
		}
		avoid, failure = s.at, fmt.Errorf("worker %s: %w", out, err)
		if own < ownAttempts && others < othersAttempts {
			p.counters.retries.Add(1)
			continue
		}
		if own == ownAttempts && accusable && p.accuse() {
			p.counters.costly.Add(1)
			return Report{}, &UploadError{UploadTooCostly, "two workers were lost to it, by their CPU time, their memory or a fault"}
		}
	}
	select {
	case <-p.life.Done():
		return Report{}, &UnavailableError{Reason: UnavailableClosed}
	default:
		return Report{}, &UnavailableError{Reason: UnavailableWorkers, Cause: failure}
	}
}

// mostAccusations bounds how many images in a row are held to be at fault: workers
// that fail on whatever they get are at fault themselves.
const mostAccusations = 3

// accuse says whether the workers have answered lately, so that an image which two of
// them were lost to may be held to be at fault.
func (p *Pool) accuse() bool {
	for {
		left := p.trust.Load()
		if left == 0 || p.trust.CompareAndSwap(left, left-1) {
			return left > 0
		}
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
func (p *Pool) borrow(ctx context.Context, urgent bool, size int64, avoid *station) (*seat, error) {
	if p.life.Err() != nil {
		return nil, &UnavailableError{Reason: UnavailableClosed}
	}
	s, w := p.desk.take(urgent, size, avoid)
	switch {
	case s != nil:
		return s, nil
	case w == nil:
		p.counters.turnedAway.Add(1)
		return nil, &UnavailableError{Reason: UnavailableBusy}
	}
	select {
	case s := <-w.got:
		return s, nil
	case <-ctx.Done():
		p.desk.leave(w)
		return nil, p.ended(ctx)
	case <-p.life.Done():
		p.desk.leave(w)
		return nil, &UnavailableError{Reason: UnavailableClosed}
	}
}
