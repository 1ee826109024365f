package app

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"realname/compliance"
	"realname/imaging"
)

// decisionCounter counts decisions by scene and outcome; labels never hold what a tenant wrote.
func (g *gateway) decisionCounter() func(compliance.Decision) {
	decisions := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "realname_decisions_total", Help: "Decision versions committed, by scene and outcome.",
	}, []string{"scene", "outcome"})
	g.metrics.MustRegister(decisions)
	return func(d compliance.Decision) { decisions.WithLabelValues(string(d.Scene), string(d.Outcome)).Inc() }
}

// measure registers what is read at the time of a scrape.
func (g *gateway) measure() {
	g.metrics.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "realname_authority_ready", Help: "1 unless the authority's circuit breaker is open.",
		}, func() float64 {
			if g.upstream.Ready() {
				return 1
			}
			return 0
		}),
	)
	for _, m := range []struct {
		name, help string
		read       func(imaging.Stats) uint64
	}{
		{"checks", "Photo checks that passed the gate.", func(s imaging.Stats) uint64 { return s.Checks }},
		{"refused", "Uploads refused by the gate.", func(s imaging.Stats) uint64 { return s.Refused }},
		{"unavailable", "Photo checks not executed.", func(s imaging.Stats) uint64 { return s.Unavailable }},
		{"retries", "Photo checks tried a second time.", func(s imaging.Stats) uint64 { return s.Retries }},
		{"costly", "Uploads refused because two workers were lost to each.", func(s imaging.Stats) uint64 { return s.Costly }},
		{"killed", "Workers that somebody else killed or stopped in mid-check.", func(s imaging.Stats) uint64 { return s.Killed }},
		{"lost", "Attempts that ended with their machine.", func(s imaging.Stats) uint64 { return s.Lost }},
		{"crashes", "Workers that ended by themselves.", func(s imaging.Stats) uint64 { return s.Crashes }},
		{"timeouts", "Workers killed because they did not answer in time.", func(s imaging.Stats) uint64 { return s.Timeouts }},
		{"overspent", "Workers killed because a check took too much CPU time.", func(s imaging.Stats) uint64 { return s.Overspent }},
		{"distrusted", "Workers killed after a panic or a nonsense answer.", func(s imaging.Stats) uint64 { return s.Distrusted }},
		{"recycled", "Workers replaced by plan.", func(s imaging.Stats) uint64 { return s.Recycled }},
		{"turned_away", "Photo checks refused because the queue was full.", func(s imaging.Stats) uint64 { return s.TurnedAway }},
		{"failed_starts", "Starts of a worker that brought no ready one.", func(s imaging.Stats) uint64 { return s.FailedStarts }},
	} {
		g.metrics.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "realname_imaging_" + m.name + "_total", Help: m.help,
		}, func() float64 { return float64(m.read(g.photos.Stats())) }))
	}
	g.metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "realname_imaging_waiting", Help: "Photo checks that wait for a worker.",
	}, func() float64 { return float64(g.photos.Stats().Waiting) }))
	for i, m := range g.opts.Config.Imaging.Remote {
		g.metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "realname_imaging_machine_seats", Help: "Workers that a remote machine lends; 0 while it is out.",
			ConstLabels: prometheus.Labels{"machine": m.Address},
		}, func() float64 { return float64(g.photos.Stats().Machines[i].Seats) }))
	}
	g.metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "realname_imaging_unconfined", Help: "Ready workers, and machines of such, without seccomp or landlock.",
	}, func() float64 { return float64(unconfined(g.photos.Stats())) }))
}

func unconfined(s imaging.Stats) int {
	n := 0
	for _, w := range s.Workers {
		if w.Ready && !w.Sandbox.Complete() {
			n++
		}
	}
	for _, m := range s.Machines {
		if m.Up && !m.Sandbox.Complete() {
			n++
		}
	}
	return n
}
