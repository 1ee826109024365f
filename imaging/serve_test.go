package imaging_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"

	"realname/imaging"
)

// serve runs the worker's side in this process and returns its base address.
func serve(t *testing.T, pipeline imaging.Pipeline) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	result := make(chan error, 1)
	go func() { result <- imaging.Serve(ctx, listener, pipeline, imaging.Sandbox{}) }()
	t.Cleanup(func() {
		cancel()
		if err := <-result; err != nil {
			t.Error(err)
		}
	})
	return "http://" + listener.Addr().String()
}

func framed(header string, image []byte) []byte {
	return append(append(binary.BigEndian.AppendUint32(nil, uint32(len(header))), header...), image...)
}

func post(t *testing.T, base string, body io.Reader) (status int, code string) {
	t.Helper()
	resp, err := http.Post(base+"/check", "application/octet-stream", body)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		Code string `json:"code"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, answer.Code
}

// fixed answers every image alike.
type fixed struct {
	err     error
	working atomic.Int32
	most    atomic.Int32
}

func (f *fixed) Version() string { return "fixed 1" }

func (f *fixed) Check(context.Context, imaging.Request, imaging.Info) (imaging.Report, error) {
	f.most.Store(max(f.most.Load(), f.working.Add(1)))
	defer f.working.Add(-1)
	return imaging.Report{Verdict: imaging.Review, Class: imaging.ClassUnknown}, f.err
}

func TestServeAnswersHostileBodies(t *testing.T) {
	base := serve(t, &fixed{})
	image := photo(t, "ok")
	for _, c := range []struct {
		name   string
		body   []byte
		status int
		code   string
	}{
		{"empty", nil, 400, "bad_request"},
		{"half a length", []byte{0, 0}, 400, "bad_request"},
		{"header longer than the body", []byte{0, 0, 0, 9, '{'}, 400, "bad_request"},
		{"header of 4 GiB", []byte("\xff\xff\xff\xff{}"), 400, "bad_request"},
		{"header that is no JSON", framed("side=front", image), 400, "bad_request"},
		{"two headers", framed(`{}{}`, image), 400, "bad_request"},
		{"unknown field", framed(`{"sides":"front"}`, image), 400, "bad_request"},
		{"no image", framed(`{}`, nil), 422, imaging.UploadEmpty},
		{"image over the pool's limit", framed(`{"limits":{"max_bytes":20,"max_pixels":0}}`, image), 422, imaging.UploadTooLarge},
		{"no picture", framed(`{}`, []byte("%PDF-1.7")), 422, imaging.UploadUnsupportedFormat},
		{"whole", framed(`{"side":"front"}`, image), 200, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if status, code := post(t, base, bytes.NewReader(c.body)); status != c.status || code != c.code {
				t.Fatalf("got %d %s, want %d %s", status, code, c.status, c.code)
			}
		})
	}
}

func TestServeTellsNoDetailOfAFailure(t *testing.T) {
	base := serve(t, &fixed{err: errors.New("a detail")})
	if status, code := post(t, base, bytes.NewReader(framed(`{}`, photo(t, "ok")))); status != 500 || code != "pipeline_failed" {
		t.Fatalf("got %d %s", status, code)
	}
}

func TestServeWorksOnOneImageAtATime(t *testing.T) {
	const clients = 16
	pipeline := &fixed{}
	base := serve(t, pipeline)
	body := framed(`{}`, photo(t, "ok"))
	answers := make(chan int, clients)
	for range clients {
		go func() {
			resp, err := http.Post(base+"/check", "", bytes.NewReader(body))
			if err != nil {
				answers <- 0
				return
			}
			resp.Body.Close()
			answers <- resp.StatusCode
		}()
	}
	for range clients {
		if status := <-answers; status != 200 {
			t.Errorf("status %d", status)
		}
	}
	if most := pipeline.most.Load(); most != 1 {
		t.Errorf("%d at a time", most)
	}
}
