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
func (w *process) idle(ctx context.Context) (version string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://worker"+pathReady, nil)
	if err != nil {
		return "", err
	}
	status, text, err := w.do(req)
	if err != nil {
		return "", err
	}
	var answer readyAnswer
	if status != http.StatusOK {
		return "", fmt.Errorf("it answers with status %d", status)
	}
	if err := decodeStrict(text, &answer); err != nil {
		return "", err
	}
	return plain(answer.Pipeline, maxDetail), nil
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
func (w *process) awaitReady(ctx context.Context) (version string, err error) {
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	for {
		version, err := w.idle(ctx)
		var dial *dialError
		if !errors.As(err, &dial) {
			return version, err
		}
		select {
		case <-tick.C:
		case <-w.exited:
			return "", errors.New("it ended")
		case <-ctx.Done():
			return "", ctx.Err()
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
)

func (o outcome) String() string {
	return [...]string{"answered", "ended while idle", "crashed", "hung", "abandoned", "distrusted"}[o]
}

// attempt sends one request. An error that is not an *UploadError says that the
// worker gave no usable answer, and the outcome why.
func (w *process) attempt(ctx context.Context, header, image []byte, timeout time.Duration) (Report, outcome, error) {
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
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
	case limited.Err() != nil:
		return Report{}, hung, err
	case errors.As(err, &dial):
		return Report{}, unreached, err
	default:
		return Report{}, crashed, err
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
