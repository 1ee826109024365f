//go:build vision

package app

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"realname/internal/config"
	"realname/ratelimit/velocity/redistest"
	"realname/verify/authority/standin"
	"realname/verify/idnumber"
)

// ask sends one signup of an invented person, under its own or a given idempotency key.
func (r *running) ask(t *testing.T, key string) (*http.Response, reply) {
	t.Helper()
	number := "11010119800101000"
	number += string(idnumber.CheckChar(number))
	r.sim.Know(standin.Person{Number: number, Name: "云一"})
	body := fmt.Sprintf(`{"biz_no":"B-%s","scene":"signup","event":"open","product":"forum","customer_type":"individual",
		"parties":[{"role":"holder","name":"云一","document":{"kind":"resident_id","number":"%s"}}],
		"channel":{"kind":"online"},"purpose":"real_name_registration","legal_basis":"statutory_duty"}`, key, number)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.base+"/v1/verifications", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+r.key)
	req.Header.Set("Idempotency-Key", key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp, decodeReply(t, resp)
}

// Windows, rates and repeats go by Redis while it is there, and by this gateway while it is not; every request is answered.
func TestGatewayOnRedis(t *testing.T) {
	srv := redistest.Start(t)
	r := startGatewayWith(t, func(c *config.Config) {
		c.Redis.Addresses = []string{srv.Addr}
		c.Requests = config.Requests{Most: 5, Per: config.Duration(time.Hour)}
	})
	resp, first := r.ask(t, "k1")
	if first.status != http.StatusCreated || first.body["decision"] != "approved" {
		t.Fatalf("%d %v", first.status, first.body)
	}
	if got := resp.Header.Get("RateLimit"); got != `"tenant";r=4;t=720` || resp.Header.Get("RateLimit-Policy") != `"tenant";q=5;w=3600` {
		t.Errorf("RateLimit %q, %q", got, resp.Header.Get("RateLimit-Policy"))
	}
	client := goredis.NewClient(&goredis.Options{Addr: srv.Addr})
	t.Cleanup(func() { _ = client.Close() })
	kinds := map[string]int{}
	for _, key := range client.Keys(t.Context(), "*").Val() {
		for _, kind := range []string{"realname:v", "realname:r", "realname:q"} {
			if strings.Contains(key, kind) {
				kinds[kind]++
			}
		}
		if strings.Contains(key, "1101") || strings.Contains(key, "云") {
			t.Errorf("a key tells of the person: %s", key)
		}
	}
	if len(kinds) != 3 {
		t.Errorf("in Redis stand %v", kinds)
	}
	if resp, again := r.ask(t, "k1"); again.body["id"] != first.body["id"] || resp.Header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("a repeat: %v", again.body)
	}
	for range 3 {
		r.ask(t, "k1")
	}
	if resp, sixth := r.ask(t, "k2"); sixth.status != http.StatusTooManyRequests || sixth.code() != "too_many_requests" || resp.Header.Get("Retry-After") == "" {
		t.Errorf("the sixth request: %d %v", sixth.status, sixth.body)
	}
	srv.Kill()
	_, alone := r.ask(t, "k3")
	if alone.status != http.StatusCreated || alone.body["decision"] != "approved" {
		t.Errorf("without Redis: %d %v", alone.status, alone.body)
	}
	if _, again := r.ask(t, "k1"); again.body["id"] != first.body["id"] {
		t.Errorf("a repeat without Redis: %v", again.body)
	}
}
