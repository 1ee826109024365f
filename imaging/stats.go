package imaging

import "sync/atomic"

// Stats is a snapshot of a Pool; every count is since Open.
type Stats struct {
	Checks       uint64 // checks that passed the gate
	Refused      uint64 // uploads refused by the gate
	TurnedAway   uint64 // checks refused because the queue was full
	Unavailable  uint64 // checks not executed, for whatever reason
	Retries      uint64 // second attempts
	Crashes      uint64 // workers that ended by themselves, in mid-request or idle
	Timeouts     uint64 // workers killed because they did not answer in time
	Overspent    uint64 // workers killed because a check took too much CPU time
	Distrusted   uint64 // workers killed after a panic or a nonsense answer
	Killed       uint64 // workers that somebody else killed or stopped in mid-request
	Costly       uint64 // uploads refused because two workers were lost to each
	Lost         uint64 // attempts that ended with their machine
	Recycled     uint64 // workers replaced by plan
	FailedStarts uint64 // starts after Open that brought no ready worker

	Waiting      int   // checks that wait for a worker
	WaitingBytes int64 // of their images
	Workers      []WorkerStats
	Machines     []MachineStats
}

// Ready says that a worker, here or on another machine, could take a check now or soon.
func (s Stats) Ready() bool {
	for _, w := range s.Workers {
		if w.Ready {
			return true
		}
	}
	for _, m := range s.Machines {
		if m.Up {
			return true
		}
	}
	return false
}

// WorkerStats describes the worker of one slot.
type WorkerStats struct {
	Ready         bool // false while the slot has no worker; the rest is zero then
	Busy          bool
	PID           int
	ResidentBytes int64
	Checks        int64  // answered by this process
	Pipeline      string // version that it named
	Sandbox       Sandbox
}

type counters struct {
	checks, refused, turnedAway, unavailable, retries, costly        atomic.Uint64
	crashes, timeouts, overspent, distrusted, recycled, failedStarts atomic.Uint64
	killed, lost                                                     atomic.Uint64
}

// Stats reads the counters and looks at each worker's memory.
func (p *Pool) Stats() Stats {
	c := &p.counters
	s := Stats{
		Checks: c.checks.Load(), Refused: c.refused.Load(), TurnedAway: c.turnedAway.Load(),
		Unavailable: c.unavailable.Load(), Retries: c.retries.Load(), Crashes: c.crashes.Load(),
		Timeouts: c.timeouts.Load(), Overspent: c.overspent.Load(), Distrusted: c.distrusted.Load(), Recycled: c.recycled.Load(),
		FailedStarts: c.failedStarts.Load(), Killed: c.killed.Load(), Costly: c.costly.Load(), Lost: c.lost.Load(),
		Workers: make([]WorkerStats, len(p.current)), Machines: make([]MachineStats, len(p.machines)),
	}
	s.Waiting, s.WaitingBytes = p.desk.queue()
	for i, m := range p.machines {
		s.Machines[i] = m.stats(p.desk)
	}
	for slot := range p.current {
		if w := p.current[slot].Load(); w != nil {
			s.Workers[slot] = WorkerStats{
				Ready: true, Busy: w.busy.Load(), PID: w.pid, ResidentBytes: residentBytes(w.pid),
				Checks: w.checks.Load(), Pipeline: w.pipeline, Sandbox: w.sandbox,
			}
		}
	}
	return s
}
