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
	status, text, err := w.do(req)
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

// do sends one request and reads the answer up to maxAnswer.
func (w *process) do(req *http.Request) (status int, text []byte, err error) {
	resp, err := w.client.Do(req)
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
	hung                      // it did not answer within the time for one attempt
	abandoned                 // nobody waits for its answer any more
	distrusted                // it panicked or answered what no worker answers
	overspent                 // it took more CPU time than one check may
)

func (o outcome) String() string {
	return [...]string{"answered", "ended while idle", "crashed", "hung", "abandoned", "distrusted", "overspent"}[o]
}

// attempt sends one request. An error that is not an *UploadError says that the
// worker gave no usable answer, and the outcome why.
func (w *process) attempt(ctx context.Context, header, image []byte, wall, cpu time.Duration) (Report, outcome, error) {
	timed, cancel := context.WithTimeout(ctx, wall)
	defer cancel()
	limited, stop := context.WithCancelCause(timed)
	defer stop(nil)
	go w.meter(limited, cpu, stop)
	body := io.MultiReader(bytes.NewReader(header), bytes.NewReader(image))
	req, err := http.NewRequestWithContext(limited, http.MethodPost, "http://worker"+pathCheck, body)
	if err != nil {
		return Report{}, served, err
	}
	req.ContentLength = int64(len(header) + len(image))
	req.Header.Set("Content-Type", "application/octet-stream")
	status, text, err := w.do(req)
	var dial *dialError
	switch {
	case err == nil:
		return interpret(status, text)
	case ctx.Err() != nil:
		return Report{}, abandoned, err
	case errors.Is(context.Cause(limited), errOverspent):
		return Report{}, overspent, errOverspent
	case limited.Err() != nil:
		return Report{}, hung, err
	case errors.As(err, &dial):
		return Report{}, unreached, err
	default:
		return Report{}, crashed, err
	}
}

var errOverspent = errors.New("more CPU time than one check may take")

// meter ends an attempt whose worker, all threads of it together, computes for
// longer than limit. It looks from outside, so the worker need not cooperate.
func (w *process) meter(ctx context.Context, limit time.Duration, stop context.CancelCauseFunc) {
	const looks = 20 // a check overspends by a twentieth, and on each core, at most
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
	default:
		return Report{}, distrusted, fmt.Errorf("it answers with status %d", status)
	}
}
