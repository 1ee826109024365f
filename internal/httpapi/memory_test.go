package httpapi

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"realname/imaging"
)

// large is a request whose body costs all the memory of a harness.
func large() string {
	return goodRequest(func(m map[string]any) {
		m["evidence"] = []any{map[string]any{
			"kind": "document_photo", "content": base64.StdEncoding.EncodeToString(make([]byte, testMemory/costJSON)),
		}}
	})
}

// direct asks the handler without a socket, so that the test holds the request's context.
func (h *harness) direct(ctx context.Context, body string) reply {
	req := httptest.NewRequestWithContext(ctx, "POST", "/v1/verifications", strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer "+h.key)
	req.Header.Set("Content-Type", mediaJSON)
	req.Header.Set("Idempotency-Key", "key-1")
	rec := httptest.NewRecorder()
	h.api.ServeHTTP(rec, req)
	r := reply{status: rec.Code, header: rec.Header(), body: rec.Body.Bytes()}
	h.spec.checkAnswer(h.t, req, r)
	return r
}

func TestBodiesWaitForMemory(t *testing.T) {
	h := newHarness(t)
	inside, leave := make(chan struct{}), make(chan struct{})
	h.service.within = func() {
		inside <- struct{}{}
		<-leave
	}
	first, second := make(chan reply), make(chan reply)
	go func() { first <- h.direct(t.Context(), large()) }()
	<-inside // the first body is held now

	ended, cancel := context.WithDeadline(t.Context(), testTime.AddDate(-10, 0, 0))
	defer cancel()
	r := h.direct(ended, large())
	h.wantProblem(r, http.StatusServiceUnavailable, "busy")
	if r.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	h.wantProblem(h.direct(gone, large()), http.StatusServiceUnavailable, "request_cancelled")
	if len(h.service.attempts) > 0 {
		t.Errorf("recorded as bad input: %q", h.service.attempts)
	}

	go func() { second <- h.direct(t.Context(), large()) }()
	leave <- struct{}{}
	if r := <-first; r.status != http.StatusCreated {
		t.Errorf("the first got %d", r.status)
	}
	<-inside
	leave <- struct{}{}
	if r := <-second; r.status != http.StatusCreated {
		t.Errorf("the one that waited got %d", r.status)
	}
}

// TestMemoryIsGivenBack by every way out of a handler.
func TestMemoryIsGivenBack(t *testing.T) {
	h := newHarness(t)
	body, contentType := multipartBody(t, part{"request", mediaJSON, goodRequest(func(m map[string]any) {
		m["evidence"] = []any{map[string]any{"kind": "document_photo"}}
	})}, part{"evidence[0]", "image/jpeg", strings.Repeat("x", maxImage)})
	h.service.report = imaging.Report{
		Verdict: imaging.Reject, NumberAgreement: imaging.NotCompared, NameAgreement: imaging.NotCompared,
		BirthAgreement: imaging.NotCompared, SexAgreement: imaging.NotCompared,
	}
	for name, try := range map[string]func() reply{
		"answered":  func() reply { return h.call("POST", "/v1/verifications", large()) },
		"multipart": func() reply { return h.call("POST", "/v1/verifications", body, header{"Content-Type": contentType}) },
		"refused":   func() reply { return h.call("POST", "/v1/verifications", strings.Repeat(" ", maxPhotos)) },
		"too large": func() reply { return h.call("POST", "/v1/verifications", strings.Repeat(" ", maxPhotos+1)) },
		"image": func() reply {
			return h.call("POST", "/v1/photos/check", strings.Repeat("x", maxImage), header{"Content-Type": "image/png"})
		},
		"panic": func() reply {
			h.service.panics = true
			defer func() { h.service.panics = false }()
			return h.call("POST", "/v1/verifications", large())
		},
	} {
		try()
		if !h.api.memory.TryAcquire(testMemory) {
			t.Fatalf("%s: memory is kept", name)
		}
		h.api.memory.Release(testMemory)
	}
}

func TestSmallBodiesPassTogether(t *testing.T) {
	h := newHarness(t)
	const together = 64
	inside, leave := make(chan struct{}), make(chan struct{})
	h.service.within = func() {
		inside <- struct{}{}
		<-leave
	}
	answers := make(chan reply)
	for range together {
		go func() { answers <- h.direct(t.Context(), goodRequest(nil)) }()
	}
	for range together {
		<-inside // all are within before one leaves
	}
	close(leave)
	for range together {
		if r := <-answers; r.status != http.StatusCreated {
			t.Errorf("%d %s", r.status, r.body)
		}
	}
}
