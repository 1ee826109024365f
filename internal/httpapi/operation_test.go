package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

func TestAuditPaths(t *testing.T) {
	h := newHarness(t)
	h.wantProblem(h.call("GET", "/v1/audit/checkpoint", ""), http.StatusNotFound, "checkpoint_not_ready")
	h.log.files = map[string]string{
		"checkpoint": "log.example\n5\nroot\n\nsig\n", "tile/0/000.p/5": "\x00\x01tile", "tile/entries/x001/234": "entries",
	}
	r := h.call("GET", "/v1/audit/checkpoint", "")
	if string(r.body) != h.log.files["checkpoint"] || r.header.Get("Cache-Control") != "no-cache" {
		t.Errorf("%v %q", r.header, r.body)
	}
	inspector := header{"Authorization": "Bearer " + h.regulator}
	for _, path := range []string{"tile/0/000.p/5", "tile/entries/x001/234"} {
		r := h.call("GET", "/v1/audit/"+path, "", inspector)
		if r.status != http.StatusOK || string(r.body) != h.log.files[path] || !strings.Contains(r.header.Get("Cache-Control"), "immutable") ||
			r.header.Get("Content-Type") != "application/octet-stream" {
			t.Errorf("%s: %d %v %q", path, r.status, r.header, r.body)
		}
	}
	for _, path := range []string{"0/001", "0/000.p/0", "x", "../checkpoint", "..%2f..%2fetc%2fpasswd", "0/000.p/5/..", "entries/%00", ""} {
		h.wantProblem(h.call("GET", "/v1/audit/tile/"+path, "", inspector), http.StatusNotFound, "not_found")
	}
}

func TestHealthAndReadiness(t *testing.T) {
	down := errors.New("dial tcp 10.0.0.7:5432: password secret refused")
	answers := map[string]error{"ledger": nil, "authority": down}
	probe := func(name string, required bool) Probe {
		return Probe{Name: name, Required: required, Check: func(context.Context) error { return answers[name] }}
	}
	h := newHarness(t, probe("ledger", true), probe("authority", false))
	open := header{"Authorization": ""}
	if r := h.call("GET", "/healthz", "", open); r.status != http.StatusOK {
		t.Errorf("healthz %d", r.status)
	}
	r := h.call("GET", "/readyz", "", open)
	var got readyAnswer
	r.decode(t, &got)
	if r.status != http.StatusOK || got.Status != "ready" || fmt.Sprint(got.Dependencies) != "[{ledger true true} {authority false false}]" {
		t.Errorf("%d %s", r.status, r.body)
	}
	answers["ledger"] = down
	r = h.call("GET", "/readyz", "", open)
	r.decode(t, &got)
	if r.status != http.StatusServiceUnavailable || got.Status != "not_ready" || strings.Contains(string(r.body), "secret") {
		t.Errorf("%d %s", r.status, r.body)
	}
}

// TestNothingPersonalIsLoggedOrMeasured sends personal data in every place where a client can put it.
func TestNothingPersonalIsLoggedOrMeasured(t *testing.T) {
	h := newHarness(t)
	const number, name = "110105194912310003", "王测试"
	h.call("POST", "/v1/verifications", goodRequest(nil))
	h.call("POST", "/v1/verifications", strings.Replace(goodRequest(nil), `"role"`, `"`+number+`"`, 1))
	h.call("GET", "/v1/verifications?biz_no="+number, "")
	h.call("GET", "/v1/verifications/"+number, "")
	h.call("GET", "/v1/people/"+number, "")
	h.call("GET", "/v1/audit/tile/"+number, "", header{"Authorization": "Bearer " + h.regulator})
	h.call("POST", "/v1/verifications", goodRequest(func(m map[string]any) { m["consent_ref"] = "c-" + number }))
	h.call("POST", "/v1/verifications", goodRequest(nil), header{"Idempotency-Key": number})
	h.call("GET", "/v1/openings/"+openingIDs[0], "", header{"User-Agent": name, "X-Request-Id": number, "Accept-Language": number})
	h.service.fail = fmt.Errorf("duplicate key value (%s, %s)", number, name)
	h.call("POST", "/v1/verifications", goodRequest(nil))

	metrics := string(h.call("GET", "/metrics", "", header{"Authorization": ""}).body)
	for where, text := range map[string]string{"log": h.logged.String(), "metrics": metrics} {
		for _, secret := range []string{number, name, decisionID, openingIDs[0], h.key} {
			if strings.Contains(text, secret) {
				t.Errorf("%s in the %s:\n%s", secret, where, text)
			}
		}
	}
	for _, want := range []string{
		`realname_http_requests_total{method="POST",route="/v1/verifications",status="201"} 1`,
		`route="unmatched",status="404"`, `realname_http_problems_total{code="json_unknown_field"} 1`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("no %s in\n%s", want, metrics)
		}
	}
	for _, want := range []string{`"route":"/v1/openings/:id"`, `"tenant":"tnt_a"`, `"status":500`, `"request":"req_`, `"code":"internal"`, `"cause":`} {
		if !strings.Contains(h.logged.String(), want) {
			t.Errorf("no %s in\n%s", want, h.logged.String())
		}
	}
}

func TestHeadersOfEveryAnswer(t *testing.T) {
	h := newHarness(t)
	mine := h.call("GET", "/healthz", "", header{"X-Request-Id": "mine"})
	for _, r := range []reply{mine, h.call("GET", "/nowhere", ""), h.call("POST", "/v1/verifications", "{")} {
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
			"X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
		} {
			if r.header.Get(name) != want {
				t.Errorf("%s %q, want %q", name, r.header.Get(name), want)
			}
		}
		if !strings.HasPrefix(r.header.Get("X-Request-Id"), "req_") {
			t.Errorf("request id %q", r.header.Get("X-Request-Id"))
		}
	}
}

func TestMetricsAreRegisteredOnce(t *testing.T) {
	h := newHarness(t)
	o := h.api.o
	if _, err := New(o); err == nil {
		t.Error("a second API on one registry went unnoticed")
	}
	o.Registry = prometheus.NewRegistry()
	if _, err := New(o); err != nil {
		t.Error(err)
	}
}
