package httpapi

import (
	"crypto/rand"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"realname/compliance"
	"realname/verify"
)

func TestNewKey(t *testing.T) {
	key, hash := NewKey(rand.Reader)
	other, _ := NewKey(rand.Reader)
	if !strings.HasPrefix(key, "rn_") || len(key) != 3+43 || key == other || hash != HashKey(key) || len(hash) != 64 {
		t.Errorf("key of %d characters, hash %s", len(key), hash)
	}
	token, hash := NewUploadToken(rand.Reader)
	if strings.HasPrefix(token, "rn_") || hash != HashKey(token) {
		t.Error("an upload token passes for a key")
	}
	defer func() {
		if recover() == nil {
			t.Error("a key was made without randomness")
		}
	}()
	NewKey(strings.NewReader("too short"))
}

func TestCredentials(t *testing.T) {
	h := newHarness(t)
	path := "/v1/verifications/" + decisionID
	unknown, _ := NewKey(rand.Reader)
	for name, set := range map[string]header{
		"none":         {"Authorization": ""},
		"unknown key":  {"Authorization": "Bearer " + unknown},
		"basic":        {"Authorization": "Basic " + h.key},
		"no token":     {"Authorization": "Bearer "},
		"no key":       {"Authorization": "Bearer hello"},
		"two at once":  {"X-Api-Key": h.key},
		"upload token": {"Authorization": "Bearer " + h.service.token},
	} {
		r := h.call("GET", path, "", set)
		h.wantProblem(r, http.StatusUnauthorized, "unauthenticated")
		if r.header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: no WWW-Authenticate", name)
		}
	}
	if r := h.call("GET", path, "", header{"Authorization": "", "X-API-Key": h.key}); r.status != http.StatusOK {
		t.Errorf("X-API-Key: %d", r.status)
	}
	if r := h.call("GET", path, "", header{"Authorization": "bearer " + h.key}); r.status != http.StatusOK {
		t.Errorf("lower-case scheme: %d", r.status)
	}
	if len(h.service.attempts) > 0 {
		t.Errorf("strangers were recorded: %q", h.service.attempts)
	}
}

func TestRevokedKeyDiesWithinFiveSeconds(t *testing.T) {
	h := newHarness(t)
	path := "/v1/verifications/" + decisionID
	for range 3 {
		h.call("GET", path, "")
	}
	if h.creds.looked != 1 {
		t.Errorf("looked up %d times, want 1", h.creds.looked)
	}
	delete(h.creds.known, HashKey(h.key))
	h.advance(4 * time.Second)
	if r := h.call("GET", path, ""); r.status != http.StatusOK {
		t.Errorf("within the cache: %d", r.status)
	}
	h.advance(time.Second)
	h.wantProblem(h.call("GET", path, ""), http.StatusUnauthorized, "unauthenticated")
}

func TestCredentialsDown(t *testing.T) {
	h := newHarness(t)
	h.creds.down = errors.New("connection refused")
	h.wantProblem(h.call("GET", "/v1/openings/"+openingIDs[0], ""), http.StatusServiceUnavailable, "unavailable")
	h.creds.down = compliance.E(compliance.FaultUnavailable, "ledger_unavailable", "")
	h.wantProblem(h.call("GET", "/v1/openings/"+openingIDs[0], ""), http.StatusServiceUnavailable, "ledger_unavailable")
}

func TestKeyCacheIsBounded(t *testing.T) {
	creds := &credentials{known: map[string]verify.Caller{}}
	cache := newKeyCache(creds, func() time.Time { return testTime })
	for range keyCacheMax + 10 {
		key, hash := NewKey(rand.Reader)
		creds.known[hash] = verify.Caller{TenantID: "tnt_a"}
		if _, err := cache.caller(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	if len(cache.known) > keyCacheMax {
		t.Errorf("%d entries", len(cache.known))
	}
}

// TestRoles: a regulator reads the log and nothing else; a tenant reads of the log only its checkpoint.
func TestRoles(t *testing.T) {
	h := newHarness(t)
	h.log.files["checkpoint"] = "origin\n0\n"
	for _, key := range []string{h.key, h.regulator} {
		if r := h.call("GET", "/v1/audit/checkpoint", "", header{"Authorization": "Bearer " + key}); r.status != http.StatusOK {
			t.Errorf("checkpoint: %d", r.status)
		}
	}
	h.log.files["tile/entries/000.p/5"] = "leaves of all tenants"
	const leaves = "/v1/audit/tile/entries/000.p/5"
	if r := h.call("GET", leaves, "", header{"Authorization": "Bearer " + h.regulator}); r.status != http.StatusOK {
		t.Errorf("a regulator gets the leaves as %d", r.status)
	}
	for _, path := range []string{leaves, "/v1/audit/tile/0/000.p/5", "/v1/audit/tile/x"} {
		h.wantProblem(h.call("GET", path, ""), http.StatusForbidden, "forbidden")
	}
	for _, r := range h.api.echo.Routes() {
		id := decisionID
		if strings.HasPrefix(r.Path, "/v1/evidence/") {
			id = evidenceIDs[0]
		}
		path := strings.Replace(r.Path, ":id", id, 1)
		if !strings.HasPrefix(path, "/v1/") || strings.HasPrefix(path, "/v1/audit/") {
			continue
		}
		got := h.call(r.Method, path, "", header{"Authorization": "Bearer " + h.regulator})
		if got.status != http.StatusForbidden {
			t.Errorf("%s %s answers a regulator %d", r.Method, path, got.status)
		}
		if got := h.call(r.Method, path, "", header{"Authorization": ""}); got.status != http.StatusUnauthorized {
			t.Errorf("%s %s answers a stranger %d", r.Method, path, got.status)
		}
	}
	nobody := h.newKey(verify.Caller{TenantID: "tnt_x"})
	h.wantProblem(h.call("GET", "/v1/audit/checkpoint", "", header{"Authorization": "Bearer " + nobody}), http.StatusForbidden, "forbidden")
}
