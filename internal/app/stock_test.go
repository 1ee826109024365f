package app

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"realname/compliance"
	"realname/internal/config"
	"realname/internal/httpapi"
	"realname/verify/idnumber"
)

// stockAPI is the real service behind the real handler, for what needs neither photos nor an authority. Its requests have
// so little time that a load takes one chunk each.
type stockAPI struct {
	t        *testing.T
	operator *Operator
	server   *httptest.Server
	tenant   *Stock
	key      string
	other    string // key of another tenant
}

func newStockAPI(t *testing.T) *stockAPI {
	t.Helper()
	c := config.Default()
	c.Data = filepath.Join(t.TempDir(), "data")
	a := &stockAPI{t: t}
	var err error
	if a.operator, err = OpenOperator(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.operator.Close() })
	for _, key := range []*string{&a.other, &a.key} {
		n, err := a.operator.AddTenant(t.Context(), NewTenant{Name: "Carrier", Sector: compliance.SectorTelecom, Region: "000000"})
		if err != nil {
			t.Fatal(err)
		}
		if _, *key, err = a.operator.CreateKey(t.Context(), n.ID, compliance.RoleTenant); err != nil {
			t.Fatal(err)
		}
		if a.tenant, err = a.operator.Stock(t.Context(), n.ID); err != nil {
			t.Fatal(err)
		}
	}
	api, err := httpapi.New(httpapi.Options{
		Service: a.tenant.desk, Credentials: a.operator.store, Registry: prometheus.NewRegistry(), Logger: slog.New(slog.DiscardHandler),
		Now: time.Now, IDs: compliance.NewIDs(time.Now, rand.Reader), RequestTimeout: 9 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	a.server = httptest.NewServer(api)
	t.Cleanup(a.server.Close)
	return a
}

// answer is what the API says of a load or a reconciliation, or why it refuses.
type answer struct {
	Status     int
	Code       string `json:"code"`
	ID         string `json:"id"`
	Rows       int64  `json:"rows"`
	Loaded     int64  `json:"loaded"`
	Known      int64  `json:"known"`
	Matched    int64  `json:"matched"`
	OnlyLedger int64  `json:"only_ledger"`
	OnlyFile   int64  `json:"only_file"`
	Replayed   bool
}

func (a *stockAPI) send(method, path, apiKey, key, media, body string) answer {
	a.t.Helper()
	req, err := http.NewRequestWithContext(a.t.Context(), method, a.server.URL+path, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+apiKey)
	req.Header.Set("Idempotency-Key", key)
	req.Header.Set("Content-Type", media)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	out := answer{Status: resp.StatusCode, Replayed: resp.Header.Get("Idempotency-Replayed") == "true"}
	if err := json.Unmarshal(text, &out); err != nil {
		a.t.Fatalf("%v: %s", err, text)
	}
	return out
}

func (a *stockAPI) load(apiKey, key, body string) answer {
	a.t.Helper()
	return a.send("POST", "/v1/stock", apiKey, key, "text/csv", body)
}

// stockOf is a file of rows whose numbers are never issued: their sequence is 000.
func stockOf(rows int) string {
	var b strings.Builder
	b.WriteString("kind,number,product,external_ref\n")
	for n := range rows {
		body := fmt.Sprintf("110105%04d%02d%02d000", 1950+n/336%50, 1+n/28%12, 1+n%28)
		fmt.Fprintf(&b, "resident_id,%s%c,mobile_card,card-%d\n", body, idnumber.CheckChar(body), n)
	}
	return b.String()
}

// A file that needs more time than a request has is loaded by the same request again and again.
func TestStockThroughTheAPI(t *testing.T) {
	a := newStockAPI(t)
	file := stockOf(2500)
	var first answer
	for n, want := range []answer{
		{Status: http.StatusAccepted, Rows: 1000, Loaded: 1000}, {Status: http.StatusAccepted, Rows: 2000, Loaded: 2000},
		{Status: http.StatusCreated, Rows: 2500, Loaded: 2500}, {Status: http.StatusCreated, Rows: 2500, Loaded: 2500, Replayed: true},
	} {
		got := a.load(a.key, "k", file)
		if n == 0 {
			first = got
		}
		if want.ID = first.ID; got != want || got.ID == "" {
			t.Errorf("request %d: %+v, want %+v", n+1, got, want)
		}
	}
	if got := a.load(a.key, "k", stockOf(3)); got.Status != http.StatusUnprocessableEntity || got.Code != "idempotency_key_reused" {
		t.Errorf("another file under the key: %+v", got)
	}
	row := `[{"document":{"kind":"resident_id","number":"110105195001010003"},"product":"mobile_card","external_ref":"x"}]`
	if got := a.send("POST", "/v1/openings/import", a.key, "k", "application/json", row); got.Code != "idempotency_key_reused" {
		t.Errorf("an import in one piece under the key: %+v", got)
	}
	if got := a.load(a.key, "k2", stockOf(900)); got.Status != http.StatusCreated || got.Loaded != 0 || got.Known != 900 {
		t.Errorf("some of it under another key: %+v", got)
	}
	if got := a.load(a.other, "k", stockOf(900)); got.Status != http.StatusCreated || got.Loaded != 900 {
		t.Errorf("another tenant under the same key: %+v", got)
	}
	if got := a.send("GET", "/v1/stock/"+first.ID, a.other, "", "", ""); got.Status != http.StatusNotFound || got.Code != "stock_load_not_found" {
		t.Errorf("another tenant's load: %+v", got)
	}
	if got := a.send("GET", "/v1/stock/"+first.ID, a.key, "", "", ""); got.Status != http.StatusOK || got.Loaded != 2500 {
		t.Errorf("its own: %+v", got)
	}
}

func TestReconciliationAndBaselineThroughTheAPI(t *testing.T) {
	a := newStockAPI(t)
	if got := a.load(a.key, "k", stockOf(500)); got.Loaded != 500 {
		t.Fatalf("%+v", got)
	}
	books := "external_ref,product,state\nnew,mobile_card,active\n"
	for n := range 498 {
		books += fmt.Sprintf("card-%d,mobile_card,active\n", n)
	}
	got := a.send("POST", "/v1/stock/reconciliations", a.key, "", "text/csv; charset=gb18030", books)
	if got.Status != http.StatusCreated || got.Matched != 498 || got.OnlyLedger != 2 || got.OnlyFile != 1 {
		t.Errorf("%+v", got)
	}
	path := "/v1/stock/reconciliations/" + got.ID
	if again := a.send("GET", path, a.key, "", "", ""); again.Status != http.StatusOK || again.Matched != 498 {
		t.Errorf("read again: %+v", again)
	}
	if other := a.send("GET", path, a.other, "", "", ""); other.Status != http.StatusNotFound || other.Code != "reconciliation_not_found" {
		t.Errorf("another tenant's: %+v", other)
	}
	if got := a.send("PUT", "/v1/stock/baselines/phone_cards", a.key, "", "application/json", `{"as_of":"2026-03-01","complete":true}`); got.Status != http.StatusOK {
		t.Errorf("baseline: %+v", got)
	}
	asOf, complete, err := a.operator.store.Baseline(t.Context(), a.tenant.desk.caller.LegalEntityID, "phone_cards")
	if err != nil || !complete || !asOf.Equal(time.Date(2026, 2, 28, 16, 0, 0, 0, time.UTC)) { // midnight in China
		t.Errorf("baseline since %v: %v, %v", asOf, complete, err)
	}
	if got := a.send("PUT", "/v1/stock/baselines/fax_lines", a.key, "", "application/json", `{"as_of":"2026-03-01"}`); got.Code != "family_unknown" {
		t.Errorf("a family that is none: %+v", got)
	}
}
