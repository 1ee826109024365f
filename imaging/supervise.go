package imaging

import (
	"context"
	"time"
)

// supervise keeps one slot filled until the pool closes. What became of the first
// start goes to started; when it failed the slot stays empty, for Open gives up.
func (p *Pool) supervise(opening context.Context, slot int, started chan<- error) {
	first, release := context.WithCancel(p.life)
	stop := context.AfterFunc(opening, release)
	w, err := p.startProcess(first, slot, 0)
	stop()
	release()
	if err == nil {
		p.current[slot].Store(w) // who has opened the pool sees it ready
	}
	started <- err
	if err != nil {
		return
	}
	failures := 0
	for generation := 1; ; generation++ {
		if err != nil {
			failures++
		} else {
			out := p.employ(w)
			if w.checks.Load() > 0 {
				failures = 0
			}
			if out == unreached {
				failures++
			}
		}
		if !p.pause(failures) {
			return
		}
		w, err = p.startProcess(p.life, slot, generation)
		if err != nil && p.life.Err() == nil {
			p.counters.failedStarts.Add(1)
			p.o.Logger.Error("imaging worker did not start", "worker", slot, "error", err)
		}
	}
}

// pause keeps the back-off; false says that the pool closes.
func (p *Pool) pause(failures int) bool {
	if failures > 0 {
		timer := time.NewTimer(p.o.Backoff(failures))
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-p.life.Done():
		}
	}
	return p.life.Err() == nil
}

// employ lends a ready worker until its end, buries it and says what ended it;
// served stands for an end that was planned.
func (p *Pool) employ(w *process) outcome {
	p.current[w.slot].Store(w)
	out := p.lend(w)
	p.current[w.slot].Store(nil)
	p.count(out)
	w.bury()
	log := p.o.Logger.With("worker", w.slot, "pid", w.pid, "checks", w.checks.Load())
	switch {
	case out != served:
		log.Warn("imaging worker lost", "why", out.String(), "end", w.state.String())
	case p.life.Err() == nil:
		log.Info("imaging worker recycled")
	}
	return out
}

func (p *Pool) count(out outcome) {
	switch out {
	case served:
		if p.life.Err() == nil {
			p.counters.recycled.Add(1)
		}
	case hung:
		p.counters.timeouts.Add(1)
	case killed:
		p.counters.killed.Add(1)
	case lost:
		p.counters.lost.Add(1)
	case overspent:
		p.counters.overspent.Add(1)
	case distrusted, panicked:
		p.counters.distrusted.Add(1)
	default:
		p.counters.crashes.Add(1)
	}
}

// lend offers the worker to one check after another until it is lost or worn out.
func (p *Pool) lend(w *process) outcome {
	for {
		if !p.desk.offer(w.seat, w.exited, p.life.Done()) {
			if p.life.Err() != nil {
				return served
			}
			return unreached
		}
		out := p.watch(w)
		p.desk.vacate(w.seat)
		if out == untouched {
			continue
		}
		if out != served {
			return out
		}
		if w.checks.Add(1) >= p.wornAfter(w.slot) || residentBytes(w.pid) > p.o.RecycleBytes || p.life.Err() != nil {
			return served
		}
	}
}

// watch waits for the end of one loan, and of what the worker does for it.
func (p *Pool) watch(w *process) outcome {
	w.busy.Store(true)
	defer w.busy.Store(false)
	select {
	case out := <-w.seat.returned:
		if out == abandoned {
			return p.settle(w)
		}
		return out
	case <-p.life.Done():
		return served
	}
}

// settle gives a worker whose caller has gone the time of one attempt to finish.
func (p *Pool) settle(w *process) outcome {
	ctx, cancel := context.WithTimeout(p.life, p.o.Timeout)
	defer cancel()
	_, err := w.idle(ctx)
	switch {
	case err == nil || p.life.Err() != nil:
		return served
	case ctx.Err() != nil:
		return hung
	default:
		return crashed
	}
}

// wornAfter is RecycleChecks, later for higher slots so that workers which share the
// load evenly are not all replaced at once.
func (p *Pool) wornAfter(slot int) int64 {
	n := int64(p.o.RecycleChecks)
	return n + n*int64(slot)/int64(2*p.o.Workers)
}
