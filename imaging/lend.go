package imaging

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Lend offers a pool's workers to gateways on other machines, each of which names this
// one among its Options.Machines. It serves on listener, over TLS 1.3 with certificates
// on both sides, until ctx is done, then lets the checks under way end, and closes the
// listener.
//
// A check is tried once here; the gateway, which knows the others, tries it again.
// What may be at hand at a time is bounded as a pool's queue is, before anything of an
// image is read; beyond it the answer is 503 with Retry-After.
func Lend(ctx context.Context, listener net.Listener, pool *Pool, files Credentials) error {
	keys, err := openKeeper(files, pool.o.Logger)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	l := &lender{pool: pool}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+pathReady, l.ready)
	mux.HandleFunc("POST "+pathCheck, l.check)
	server := &http.Server{
		Handler: mux, ReadHeaderTimeout: handshakePatience, IdleTimeout: handshakePatience, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(pool.o.Logger.Handler(), slog.LevelWarn),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(tls.NewListener(listener, keys.server())) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.patience())
	defer cancel()
	err = server.Shutdown(grace)
	if ended := <-served; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}

// handshakePatience bounds whatever two machines say to each other before a check.
const handshakePatience = 5 * time.Second

// lender answers gateways. What it holds is counted by what they declare.
type lender struct {
	pool *Pool

	mu    sync.Mutex
	held  int
	bytes int64
}

// patience is the longest that a check takes here, be it answered or not.
func (l *lender) patience() time.Duration { return 2*l.pool.o.Timeout + l.pool.o.Budget }

func (l *lender) ready(w http.ResponseWriter, _ *http.Request) {
	s := l.pool.Stats()
	answer := machineAnswer{Wire: wireVersion(), Seats: len(s.Workers), Patience: l.patience()}
	for _, worker := range s.Workers {
		if !worker.Ready {
			continue
		}
		if answer.Ready == 0 || !worker.Sandbox.Complete() { // the least confined speaks for all
			answer.Sandbox = worker.Sandbox
		}
		answer.Ready++
		answer.Pipeline = worker.Pipeline
	}
	writeJSON(w, http.StatusOK, answer)
}

func (l *lender) check(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength < 0 {
		writeJSON(w, http.StatusLengthRequired, failure{Code: failureRequest})
		return
	}
	control := http.NewResponseController(w)
	if err := control.SetReadDeadline(time.Now().Add(l.pool.o.Timeout)); err != nil {
		writeJSON(w, http.StatusInternalServerError, failure{Code: failureRequest})
		return
	}
	if !l.admit(r.ContentLength) {
		// A gateway that still writes would take an early answer for a broken machine; an error leaves it at that.
		_, _ = io.CopyN(io.Discard, r.Body, min(r.ContentLength, l.pool.o.Limits.MaxBytes+maxHeader))
		busy(w)
		return
	}
	defer l.dismiss(r.ContentLength)
	req, limits, err := readRequest(r.Body, r.ContentLength)
	if err != nil {
		writeJSON(w, http.StatusBadRequest, failure{Code: failureRequest})
		return
	}
	// From here on the read only waits for the gateway to hang up.
	if err := control.SetReadDeadline(time.Time{}); err != nil {
		writeJSON(w, http.StatusInternalServerError, failure{Code: failureRequest})
		return
	}
	report, out, err := l.pool.once(r.Context(), req, limits)
	var upload *UploadError
	switch {
	case err == nil:
		writeJSON(w, http.StatusOK, report)
	case errors.As(err, &upload):
		writeJSON(w, http.StatusUnprocessableEntity, failure{Code: upload.Code, Detail: upload.Detail})
	case out == served:
		writeJSON(w, http.StatusInternalServerError, failure{Code: failurePipeline})
	case out == turnedAway:
		busy(w)
	default:
		writeJSON(w, http.StatusBadGateway, failure{Code: outcomeCodes[out]})
	}
}

func busy(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "1")
	writeJSON(w, http.StatusServiceUnavailable, failure{Code: outcomeCodes[turnedAway]})
}

func (l *lender) admit(size int64) bool {
	o := &l.pool.o
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held >= o.Workers+o.QueueLength || l.bytes+size > o.QueueBytes+int64(o.Workers)*(o.Limits.MaxBytes+maxHeader) {
		return false
	}
	l.held++
	l.bytes += size
	return true
}

func (l *lender) dismiss(size int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held--
	l.bytes -= size
}

// once tries a check on one worker and says what became of it there.
func (p *Pool) once(ctx context.Context, req Request, asked Limits) (Report, outcome, error) {
	limits := p.o.Limits.within(asked)
	if _, err := Gate(req.Image, limits); err != nil {
		p.counters.refused.Add(1)
		return Report{}, served, err
	}
	header, err := encodeHeader(req, limits)
	if err != nil {
		return Report{}, served, err
	}
	p.counters.checks.Add(1)
	ctx, cancel := context.WithTimeoutCause(ctx, p.o.Budget, errBudget)
	defer cancel()
	for urgent := false; ; urgent = true {
		s, err := p.borrow(ctx, urgent, int64(len(req.Image)), nil)
		if err != nil {
			p.counters.unavailable.Add(1)
			return Report{}, turnedAway, err
		}
		report, out, err := s.worker.attempt(ctx, header, req.Image)
		s.returned <- out
		switch {
		case out == unreached:
			continue
		case out == abandoned && errors.Is(context.Cause(ctx), errBudget):
			return Report{}, turnedAway, err
		}
		return report, out, err
	}
}
