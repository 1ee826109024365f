package httpapi

import (
	"net/http"
	"testing"
	"time"

	"realname/compliance"
	"realname/ratelimit/request"
	"realname/verify"
)

// Every answer says what is left; one too many is refused before anything is read, and costs no other tenant anything.
func TestPace(t *testing.T) {
	h := newHarness(t)
	pace, err := request.New(request.Options{Requests: 2, Per: time.Minute, Now: func() time.Time { return testTime }})
	if err != nil {
		t.Fatal(err)
	}
	h.api.o.Pace = pace
	for i, left := range []string{`"tenant";r=1;t=30`, `"tenant";r=0;t=60`} {
		r := h.call("POST", "/v1/verifications", goodRequest(nil))
		if r.status != http.StatusCreated || r.header.Get("RateLimit") != left || r.header.Get("RateLimit-Policy") != `"tenant";q=2;w=60` {
			t.Errorf("%d: %d %v", i, r.status, r.header)
		}
	}
	r := h.call("POST", "/v1/verifications", "{broken")
	h.wantProblem(r, http.StatusTooManyRequests, "too_many_requests")
	if r.header.Get("Retry-After") != "30" || r.header.Get("RateLimit") != `"tenant";r=0;t=60` {
		t.Errorf("%v", r.header)
	}
	if n := len(h.service.decided); n != 2 {
		t.Errorf("%d requests reached the service", n)
	}
	h.key = h.newKey(verify.Caller{TenantID: "tnt_b", Role: compliance.RoleTenant, Sector: compliance.SectorTelecom})
	if r := h.call("POST", "/v1/verifications", goodRequest(nil)); r.status != http.StatusCreated {
		t.Errorf("another tenant: %d", r.status)
	}
}
