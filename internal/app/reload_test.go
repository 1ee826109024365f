//go:build vision

package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"realname/compliance/policy"
	"realname/verify/authority/standin"
	"realname/verify/idnumber"
)

// Clients ask without a pause while the policy changes over: no request fails, each client sees the digest change once, and
// each decision is what its policy decides.
func TestHotReloadUnderLoad(t *testing.T) {
	g := startGateway(t)
	base, key, sim, stop := g.base, g.key, g.sim, g.stop
	o, err := OpenOperator(t.Context(), g.config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.Close() })
	other := with(t, "id: R-5CARD", "max: 5", "max: 4")
	instant := time.Now().Add(6 * time.Second)
	bring(t, o, other, instant)
	var wg sync.WaitGroup
	seen := make([][]string, 8)
	for n := range seen {
		wg.Go(func() {
			for i := 0; time.Now().Before(instant.Add(time.Second)); i++ {
				begun := time.Now()
				digest := ask(t, base, key, sim, n, i)
				if ended := time.Now(); digest == "" || begun.After(instant) && digest != other.Digest() || ended.Before(instant) && digest == other.Digest() {
					t.Errorf("client %d, request %d, %v from the instant: %.12q", n, i, begun.Sub(instant), digest)
					return
				}
				seen[n] = append(seen[n], digest)
			}
		})
	}
	wg.Wait()
	requests := 0
	for n, digests := range seen {
		requests += len(digests)
		turns := 0
		for i := 1; i < len(digests); i++ {
			if digests[i] != digests[i-1] {
				turns++
			}
		}
		if turns != 1 {
			t.Errorf("client %d saw the policy change %d times", n, turns)
		}
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d requests over the change", requests)
	replayed, err := o.Replay(t.Context(), ReplayOptions{Policy: other})
	if err != nil || replayed.OwnPolicy == 0 || replayed.OwnPolicy != replayed.Reproduced || len(replayed.Differing) > 0 {
		t.Errorf("%+v, %v", replayed, err)
	}
	own, err := o.Replay(t.Context(), ReplayOptions{Policy: policy.Builtin()})
	if err != nil || own.OwnPolicy == 0 || own.OwnPolicy != own.Reproduced || own.OwnPolicy+replayed.OwnPolicy != requests {
		t.Errorf("%+v, %v", own, err)
	}
	counts, err := o.ShadowCounts(t.Context(), other.Digest())
	total := int64(0)
	for _, c := range counts {
		total += c.N
	}
	if err != nil || total == 0 || total > int64(own.OwnPolicy) {
		t.Errorf("%d counted in shadow of %d decisions, %v", total, own.OwnPolicy, err)
	}
}

// ask signs somebody up and gives the digest of the policy that decided; empty when the request failed.
func ask(t *testing.T, base, key string, sim *standin.Server, client, n int) string {
	number := fmt.Sprintf("11010119%02d%02d%02d%03d", 50+client, 1+n%12, 1+n/12%28, 0)
	number += string(idnumber.CheckChar(number))
	name := "云" + string(rune('一'+client))
	sim.Know(standin.Person{Number: number, Name: name})
	body, err := json.Marshal(map[string]any{
		"biz_no": fmt.Sprintf("biz-%d-%d", client, n), "scene": "signup", "event": "open", "product": "internet_account", "customer_type": "individual",
		"parties": []any{map[string]any{"role": "holder", "name": name, "document": map[string]any{"kind": "resident_id", "number": number}}},
		"channel": map[string]any{"kind": "online"}, "purpose": "registration", "legal_basis": "statutory_duty",
	})
	if err != nil {
		t.Error(err)
		return ""
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/v1/verifications", bytes.NewReader(body))
	if err != nil {
		t.Error(err)
		return ""
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("Idempotency-Key", fmt.Sprintf("key-%d-%d", client, n))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	var out struct {
		PolicyDigest string `json:"policy_digest"`
	}
	if err != nil || resp.StatusCode != http.StatusCreated || json.Unmarshal(text, &out) != nil {
		t.Errorf("%d %.300s %v", resp.StatusCode, text, err)
		return ""
	}
	return out.PolicyDigest
}
