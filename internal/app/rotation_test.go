//go:build vision

package app

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"realname/compliance"
	"realname/compliance/vault"
	"realname/internal/config"
	"realname/internal/specimen"
	"realname/internal/sqlstore/storetest"
	"realname/verify/authority/standin"
)

// card asks for a phone card of p.
func (r *running) card(t *testing.T, p specimen.Person) reply {
	t.Helper()
	attested := func(kind string) map[string]any {
		return map[string]any{"kind": kind, "result": "passed", "device_serial": "R1", "captured_at": time.Now().UTC().Format(time.RFC3339)}
	}
	return r.post(t, "/v1/openings", map[string]any{
		"biz_no": fmt.Sprint("card-", r.n), "scene": "phone_card", "event": "open", "product": "mobile_card", "customer_type": "individual",
		"parties":              []any{map[string]any{"role": "holder", "name": p.Name, "document": map[string]any{"kind": "resident_id", "number": p.Number}}},
		"liability_notice_ref": "2026-01", "channel": map[string]any{"kind": "physical", "channel_agent": "a", "outlet": "o", "clerk": "c"},
		"evidence": []any{attested("chip_read"), attested("portrait_match")},
		"purpose":  "real_name_registration", "legal_basis": "statutory_duty",
	})
}

func (r *running) known(seed uint64) specimen.Person {
	p := specimen.NewPerson(specimen.Seed(seed))
	r.sim.Know(standin.Person{Number: p.Number, Name: p.Name})
	return p
}

// Master keys rotate to the other suite, everything comes under the new one, and the old one is destroyed, by commands beside
// a gateway that serves all the while: the same person stays the same person, with the same quota.
func TestRotationWhileServing(t *testing.T) {
	for name, dsn := range map[string]func(testing.TB) string{"sqlite": func(testing.TB) string { return "" }, "postgresql": storetest.PostgreSQL} {
		t.Run(name, func(t *testing.T) { rotateWhileServing(t, dsn(t)) })
	}
}

func rotateWhileServing(t *testing.T, dsn string) {
	r := startGatewayWith(t, func(c *config.Config) {
		c.Ledger.DSN, c.Settle.Every, c.Imaging.Workers = dsn, config.Duration(100*time.Millisecond), 1
	})
	g := inProcess(t, r, "")
	stop := g.load(t)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(g.log.text())
		}
	})
	g.carrier(t)
	p, stock := g.known(101), g.known(102)
	opened := func(who specimen.Person, want string) reply {
		t.Helper()
		got := g.card(t, who)
		if got.status != http.StatusCreated || got.body["decision"] != want {
			t.Errorf("status %d, decision %v, want %s: %v", got.status, got.body["decision"], want, got.body)
		}
		return got
	}
	first := opened(p, "approved")
	opened(p, "approved")
	row := fmt.Sprintf(`{"document":{"kind":"resident_id","number":%q},"product":"mobile_card","external_ref":"sim-1","state":"active","opened_at":"2024-05-01T00:00:00+08:00"}`, stock.Number)
	if got := g.send(t, http.MethodPost, "/v1/openings/import", "application/x-ndjson", strings.NewReader(row+"\n")); got.status >= 300 {
		t.Fatalf("import: %d %v", got.status, got.body)
	}

	from := time.Now().Add(2 * time.Second)
	g.says(t, "rotate", "master key version 2 (national", "--suite", "national", "--from", from.Format(time.RFC3339Nano), "--lang", "en")
	until(t, "the gateway reads the new key", func() bool { return strings.Contains(g.log.text(), `"versions":[2,1]`) })
	opened(p, "approved") // under version 1, known under both
	until(t, "the new key's time", func() bool { return time.Now().After(from) })
	opened(p, "approved") // under version 2

	var done VaultRewrap
	if err := json.Unmarshal([]byte(g.says(t, "rewrap", `"version":2`, "--json")), &done); err != nil || done.DataKeys == 0 || done.DocumentKeys == 0 || done.Unreached != 1 || done.Unopened != 0 {
		t.Errorf("%+v, %v", done, err)
	}
	if out, err := g.realname(t, "vault", "destroy", "1", "--yes", "--lang", "en"); err == nil || !strings.Contains(out, "in use: 0 data keys, 1 document keys that no newer version has") {
		t.Errorf("%v: %s", err, out)
	}
	g.says(t, "destroy", "can be destroyed", "1", "--keep-document-keys", "--lang", "en")
	g.says(t, "destroy", "is destroyed", "1", "--keep-document-keys", "--yes", "--lang", "en")
	g.says(t, "list", "destroyed but for document keys", "--lang", "en")
	until(t, "the gateway uses the old key no more", func() bool { return strings.Contains(g.log.text(), `"versions":[2,1],"documents_only":[1]`) })

	opened(p, "approved")
	if got := opened(p, "rejected"); !strings.Contains(fmt.Sprint(got.body["reasons"]), "quota_exceeded") {
		t.Errorf("a sixth card: %v", got.body["reasons"])
	}
	for range 4 {
		opened(stock, "approved")
	}
	opened(stock, "rejected") // whom only the old key's aliases lead to

	if n := stop(); n < 10 {
		t.Errorf("only %d requests beside", n)
	}
	if got := g.send(t, http.MethodGet, "/readyz", "", nil); got.status != http.StatusOK {
		t.Errorf("not ready: %v", got.body)
	}
	if err := g.stop(); err != nil {
		t.Error(err)
	}
	id, _ := first.body["id"].(string)
	verifiable(t, g.config, id, p)
}

// says runs a command on the vault that must say something.
func (p *process) says(t *testing.T, command, what string, args ...string) string {
	t.Helper()
	out, err := p.realname(t, append([]string{"vault", command}, args...)...)
	if err != nil || !strings.Contains(out, what) {
		t.Fatalf("vault %s: %v, no %q in %s", command, err, what, out)
	}
	return out
}

// load signs people up without a pause until stop, which tells how many; each must be approved.
func (p *process) load(t *testing.T) (stop func() int) {
	t.Helper()
	var n atomic.Int64
	var wg sync.WaitGroup
	ended := make(chan struct{})
	base, key, sim := p.base, p.key, p.sim
	for client := range 2 {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-ended:
					return
				default:
				}
				if ask(t, base, key, sim, client, i) == "" {
					return
				}
				n.Add(1)
			}
		})
	}
	return func() int { close(ended); wg.Wait(); return int(n.Load()) }
}

// verifiable checks that the commitments of a decision from before are what the log has, and that the ledger proves them.
func verifiable(t *testing.T, c config.Config, id string, p specimen.Person) {
	t.Helper()
	o, err := OpenOperator(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	stored, err := o.store.AnyDecision(t.Context(), id, 1)
	if err != nil {
		t.Fatal(err)
	}
	var event struct {
		Data compliance.DecisionData `json:"data"`
	}
	if err := json.Unmarshal(stored.Event.Body, &event); err != nil || event.Data.Digest != compliance.Digest(stored.Canonical) {
		t.Errorf("the event is not of the decision: %v", err)
	}
	keys, err := o.store.DataKey(t.Context(), stored.Decision.TenantID, stored.DataKeyID)
	if err != nil || keys.MasterVersion != 2 || keys.Suite != "aes-256-gcm" {
		t.Fatalf("version %d, suite %s, %v", keys.MasterVersion, keys.Suite, err)
	}
	safe, err := vault.Over(o.keys.master, nil, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := safe.Sealer(keys)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := sealer.Open("request", id+"#1", stored.Sealed)
	if err != nil {
		t.Fatal(err)
	}
	var request struct{ Salts map[string][]byte }
	if err := json.Unmarshal(plain, &request); err != nil {
		t.Fatal(err)
	}
	for _, commitment := range event.Data.Commitments {
		if commitment.Field == "party.0.holder.document" {
			if commitment.Alg != "hmac-sha256-salted" || !vault.VerifyCommitment(commitment, request.Salts[commitment.Field], []byte("resident_id::"+p.Number)) {
				t.Errorf("a commitment of before is not verifiable: %+v", commitment)
			}
			return
		}
	}
	t.Error("no commitment to the holder's number")
}
