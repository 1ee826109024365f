package imaging

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

func socketClient(socket string) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var dialer net.Dialer
			conn, err := dialer.DialContext(ctx, "unix", socket)
			if err != nil {
				return nil, &dialError{err}
			}
			return conn, nil
		},
		// A fresh connection a request tells "never reached it" from "died on it".
		DisableKeepAlives:  true,
		DisableCompression: true,
	}}
}

// dialError says that a request never reached the worker.
type dialError struct{ cause error }

func (e *dialError) Error() string { return "dial worker: " + e.cause.Error() }
func (e *dialError) Unwrap() error { return e.cause }

// idle waits until the worker is done with whatever it does and could take an image.
func (w *process) idle(ctx context.Context) (readyAnswer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://worker"+pathReady, nil)
	if err != nil {
		return readyAnswer{}, err
	}
	status, text, err := exchange(w.client, req)
	if err != nil {
		return readyAnswer{}, err
	}
	var answer readyAnswer
	if status != http.StatusOK {
		return readyAnswer{}, fmt.Errorf("it answers with status %d", status)
	}
	if err := decodeStrict(text, &answer); err != nil {
		return readyAnswer{}, err
	}
	return answer, nil
}

// exchange sends one request and reads the answer up to maxAnswer.
func exchange(client *http.Client, req *http.Request) (status int, text []byte, err error) {
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	text, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return 0, nil, err
	}
	return resp.StatusCode, text, nil
}

// awaitReady asks until the worker answers, ends, or ctx does.
func (w *process) awaitReady(ctx context.Context) (readyAnswer, error) {
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	for {
		answer, err := w.idle(ctx)
		var dial *dialError
		if !errors.As(err, &dial) {
			return answer, err
		}
		select {
		case <-tick.C:
		case <-w.exited:
			return readyAnswer{}, errors.New("it ended")
		case <-ctx.Done():
			return readyAnswer{}, ctx.Err()
		}
	}
}

// outcome is what a borrower learned about a worker.
type outcome int

const (
	served     outcome = iota // it answered as the contract says, be it that the pipeline failed
	unreached                 // it had ended before the request reached it
	crashed                   // it ended in mid-request
	killed                    // somebody else killed or stopped it in mid-request
	hung                      // it did not answer within the time for one attempt
	abandoned                 // nobody waits for its answer any more
	distrusted                // it answered what no worker answers
	panicked                  // its pipeline panicked
	overspent                 // it took more CPU time than one check may
	turnedAway                // its machine has no room now
	lost                      // its machine cannot be reached any more
	untouched                 // it was lent, and not used
)

func (o outcome) String() string {
	return [...]string{
		"answered", "ended while idle", "crashed", "was killed or stopped by others", "hung", "abandoned", "distrusted", "panicked", "overspent",
		"has no room", "lost its machine", "unused",
	}[o]
}

// accuses says that the image most likely is at fault. A worker that hangs without
// computing waits for its machine.
func (o outcome) accuses() bool { return o == crashed || o == panicked || o == overspent }

// attempt implements worker.
func (w *process) attempt(ctx context.Context, header, image []byte) (Report, outcome, error) {
	timed, cancel := context.WithTimeout(ctx, w.wall)
	defer cancel()
	limited, stop := context.WithCancelCause(timed)
	defer stop(nil)
	go w.meter(limited, stop)
	req, err := checkRequest(limited, "http://worker", header, image)
	if err != nil {
		return Report{}, served, err
	}
	status, text, err := exchange(w.client, req)
	var dial *dialError
	switch {
	case err == nil:
		return interpret(status, text)
	case ctx.Err() != nil:
		return Report{}, abandoned, err
	case errors.Is(context.Cause(limited), errOverspent):
		return Report{}, overspent, errOverspent
	case limited.Err() != nil && stopped(w.pid):
		return Report{}, killed, err
	case limited.Err() != nil:
		return Report{}, hung, err
	case errors.As(err, &dial):
		return Report{}, unreached, err
	case w.killedByOthers(ctx):
		return Report{}, killed, err
	default:
		return Report{}, crashed, err
	}
}

func checkRequest(ctx context.Context, base string, header, image []byte) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+pathCheck, io.MultiReader(bytes.NewReader(header), bytes.NewReader(image)))
	if err != nil {
		return nil, err
	}
	req.ContentLength = int64(len(header) + len(image))
	req.Header.Set("Content-Type", "application/octet-stream")
	return req, nil
}

// killedByOthers says that the worker ended by a SIGKILL, which is neither its own
// doing nor, as long as it is lent, the pool's.
func (w *process) killedByOthers(ctx context.Context) bool {
	patience := time.NewTimer(2 * pipeGrace) // a connection may break before its process has been buried
	defer patience.Stop()
	select {
	case <-w.exited:
		return endedBySIGKILL(w.state)
	case <-patience.C:
	case <-ctx.Done():
	}
	return false
}

var errOverspent = errors.New("more CPU time than one check may take")

// meter ends an attempt whose worker, all threads of it together, computes for
// longer than limit. It looks from outside, so the worker need not cooperate.
func (w *process) meter(ctx context.Context, stop context.CancelCauseFunc) {
	const looks = 20 // a check overspends by a twentieth, and on each core, at most
	limit := w.cpu
	begin := cpuTime(w.pid)
	tick := time.NewTicker(max(limit/looks, time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if cpuTime(w.pid)-begin > limit {
				stop(errOverspent)
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

func interpret(status int, text []byte) (Report, outcome, error) {
	if status == http.StatusOK {
		report, err := decodeReport(text)
		if err != nil {
			return Report{}, distrusted, err
		}
		return report, served, nil
	}
	var f failure
	if err := decodeStrict(text, &f); err != nil {
		return Report{}, distrusted, err
	}
	switch {
	case status == http.StatusUnprocessableEntity && uploadCodes[f.Code]:
		return Report{}, served, &UploadError{Code: f.Code, Detail: plain(f.Detail, maxDetail)}
	case status == http.StatusInternalServerError && f.Code == failurePipeline:
		return Report{}, served, errors.New("the pipeline failed")
	case status == http.StatusInternalServerError && f.Code == failurePanic:
		return Report{}, panicked, errors.New("the pipeline panicked")
	default:
		return Report{}, distrusted, fmt.Errorf("it answers with status %d", status)
	}
}
