package imaging

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"time"
)

// Pipeline is what a worker runs on one image at a time.
type Pipeline interface {
	// Check returns an *UploadError for bytes that do not decode. Any other error
	// says that the check was not executed; it must hold no personal data.
	// A done ctx says that nobody waits for the answer any more.
	Check(ctx context.Context, req Request, info Info) (Report, error)
	// Version names the pipeline and its models, for replay.
	Version() string
}

// Serve answers checks on listener until ctx is done, one at a time whatever the
// number of connections. The listener is closed on return. It is the worker's
// side of Pool; both must be of one build. held is what the worker says of its
// own confinement.
func Serve(ctx context.Context, listener net.Listener, pipeline Pipeline, held Sandbox) error {
	h := &handler{pipeline: pipeline, sandbox: held, turn: make(chan struct{}, 1)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+pathReady, h.ready)
	mux.HandleFunc("POST "+pathCheck, h.check)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 16 << 10}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("imaging: serve checks: %w", err)
	}
	return nil
}

type handler struct {
	pipeline Pipeline
	sandbox  Sandbox
	turn     chan struct{} // holds one token while the pipeline works
}

// enter waits for the pipeline to be free; false says that the caller has gone.
func (h *handler) enter(ctx context.Context) bool {
	select {
	case h.turn <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (h *handler) leave() { <-h.turn }

// ready answers once the pipeline could start on a new image.
func (h *handler) ready(w http.ResponseWriter, r *http.Request) {
	if !h.enter(r.Context()) {
		return
	}
	h.leave()
	writeJSON(w, http.StatusOK, readyAnswer{Pipeline: h.pipeline.Version(), Sandbox: h.sandbox})
}

func (h *handler) check(w http.ResponseWriter, r *http.Request) {
	if !h.enter(r.Context()) {
		return
	}
	defer h.leave()
	defer func() {
		if v := recover(); v != nil {
			// The value may quote what the pipeline had read, so only its type is told.
			slog.Error("photo check panicked", "type", fmt.Sprintf("%T", v), "at", callers())
			writeJSON(w, http.StatusInternalServerError, failure{Code: failurePanic})
		}
	}()
	req, limits, err := readRequest(r.Body, r.ContentLength)
	if err != nil {
		writeJSON(w, http.StatusBadRequest, failure{Code: failureRequest})
		return
	}
	begin := time.Now()
	report, err := h.run(r.Context(), req, limits)
	var upload *UploadError
	switch {
	case errors.As(err, &upload):
		writeJSON(w, http.StatusUnprocessableEntity, failure{Code: upload.Code, Detail: upload.Detail})
	case err != nil:
		slog.Error("photo check failed", "error", err)
		writeJSON(w, http.StatusInternalServerError, failure{Code: failurePipeline})
	default:
		report.Pipeline = h.pipeline.Version()
		report.Elapsed = time.Since(begin)
		writeJSON(w, http.StatusOK, report)
	}
}

func (h *handler) run(ctx context.Context, req Request, limits Limits) (Report, error) {
	info, err := Gate(req.Image, limits)
	if err != nil {
		return Report{}, err
	}
	return h.pipeline.Check(ctx, req, info)
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil { // a NaN in a report; the pool takes the bare status for a broken worker
		slog.Error("photo check answered what JSON cannot hold", "error", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// callers names the frames above the panic that is being recovered.
func callers() []string {
	const depth = 8
	var pcs [depth]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(4, pcs[:])])
	var names []string
	for {
		frame, more := frames.Next()
		names = append(names, fmt.Sprintf("%s:%d", frame.Function, frame.Line))
		if !more {
			return names
		}
	}
}
