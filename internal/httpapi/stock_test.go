package httpapi

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"realname/compliance"
	"realname/verify"
)

func csvBody(more ...string) header {
	h := header{"Content-Type": mediaCSV}
	if len(more) > 0 {
		h["Content-Type"] = more[0]
	}
	return h
}

func TestLoadStock(t *testing.T) {
	h := newHarness(t)
	h.service.load = verify.StockLoad{ID: "imp_1", Row: 11, Loaded: 7, Known: 1, Refused: 2}
	h.service.refusedRows = []verify.RefusedRow{{Row: 3, Code: "row_malformed"}, {Row: 5, Code: "product_unknown", ExternalRef: "c-5"}}
	r := h.call("POST", "/v1/stock", "kind,number\n", csvBody(), header{"Accept-Language": "en"})
	var got stockAnswer
	r.decode(t, &got)
	if r.status != http.StatusAccepted || got.Complete || got.Rows != 10 || got.Loaded != 7 || got.Known != 1 || got.Refused != 2 || r.header.Get("Location") != "/v1/stock/imp_1" {
		t.Errorf("not complete: %d %s", r.status, r.body)
	}
	if len(got.Rejected) != 2 || got.Rejected[1].ExternalRef != "c-5" || !strings.HasPrefix(got.Rejected[0].Message, "The row is no sound") || got.Next != 0 {
		t.Errorf("refused rows: %s", r.body)
	}
	h.service.load.EndedAt, h.service.load.Replayed = testTime, true
	r = h.call("POST", "/v1/stock", "kind,number\n", csvBody("text/csv; charset=GBK"))
	if r.decode(t, &got); r.status != http.StatusCreated || !got.Complete || r.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("complete: %d %s", r.status, r.body)
	}
	if !slices.Equal(h.service.files, []string{"kind,number\n", "kind,number\n"}) || !slices.Equal(h.service.keys, []string{"key-1", "key-1"}) {
		t.Errorf("reached the service: %q %q", h.service.files, h.service.keys)
	}
	if r := h.call("GET", "/v1/stock/imp_1?after=1", ""); r.status != http.StatusOK || !strings.Contains(string(r.body), `"row":5`) || strings.Contains(string(r.body), `"row":3`) {
		t.Errorf("a page: %d %s", r.status, r.body)
	}
}

func TestStockFilesRefused(t *testing.T) {
	h := newHarness(t)
	for _, path := range []string{"/v1/stock", "/v1/stock/reconciliations"} {
		for _, tc := range []struct {
			media  string
			status int
			code   string
		}{
			{mediaJSON, http.StatusUnsupportedMediaType, "unsupported_media_type"},
			{"text/csv; charset=utf-16", http.StatusUnsupportedMediaType, "unsupported_media_type"},
			{"text/csv; charset", http.StatusUnsupportedMediaType, "unsupported_media_type"},
		} {
			h.wantProblem(h.call("POST", path, "a,b\n", csvBody(tc.media)), tc.status, tc.code)
		}
		h.wantProblem(h.call("POST", path, "a,b\n", csvBody(), header{"Content-Encoding": "gzip"}), http.StatusUnsupportedMediaType, "unsupported_media_type")
		h.wantProblem(h.call("POST", path, strings.Repeat("a", maxImport+1), csvBody()), http.StatusRequestEntityTooLarge, "body_too_large")
		h.wantProblem(h.call("POST", path, "a,b\n", csvBody(), header{"Authorization": "Bearer " + h.regulator}), http.StatusForbidden, "forbidden")
	}
	h.wantProblem(h.call("POST", "/v1/stock", "a,b\n", csvBody(), header{"Idempotency-Key": ""}), http.StatusBadRequest, "idempotency_key_missing")
	for _, query := range []string{"after=-1", "after=x", "after=%ff"} {
		h.wantProblem(h.call("GET", "/v1/stock/imp_1?"+query, ""), http.StatusBadRequest, "query_malformed")
		h.wantProblem(h.call("GET", "/v1/stock/reconciliations/rec_1?"+query, ""), http.StatusBadRequest, "query_malformed")
	}
	if len(h.service.files) > 0 {
		t.Error("a refused file reached the service")
	}
	h.service.fail = compliance.E(compliance.FaultNotFound, "stock_load_not_found", "")
	h.wantProblem(h.call("GET", "/v1/stock/imp_1", ""), http.StatusNotFound, "stock_load_not_found")
	h.service.fail = compliance.E(compliance.FaultInvalid, "stock_columns", "the first line")
	h.wantProblem(h.call("POST", "/v1/stock", "a,b\n", csvBody()), http.StatusBadRequest, "stock_columns")
	h.service.fail = compliance.E(compliance.FaultConflict, "reconciliation_abandoned", "")
	h.wantProblem(h.call("POST", "/v1/stock/reconciliations", "a,b\n", csvBody()), http.StatusConflict, "reconciliation_abandoned")
}

func TestReconcileStock(t *testing.T) {
	h := newHarness(t)
	h.service.reconciliation = verify.Reconciliation{
		ID: "rec_1", Phase: verify.ReconciliationComplete, StartedAt: testTime, EndedAt: testTime.Add(time.Second),
		Matched: 4, Differing: 1001, OnlyLedger: 1, OnlyFile: 1, Refused: 1,
	}
	h.service.refusedRows = []verify.RefusedRow{{Row: 2, Code: "external_ref_missing"}}
	h.service.findings = []verify.Finding{
		{Ordinal: 1, Side: verify.SideFile, ExternalRef: "new", Row: 3}, {Ordinal: 2, Side: verify.SideLedger, OpeningID: openingIDs[0]},
	}
	for n := range 1001 {
		h.service.findings = append(h.service.findings, verify.Finding{
			Ordinal: int64(n + 3), Side: verify.SideLedger, OpeningID: openingIDs[0], ExternalRef: fmt.Sprint("c-", n), Row: int64(n + 4), Difference: "state,person",
		})
	}
	r := h.call("POST", "/v1/stock/reconciliations", "external_ref\n", csvBody())
	var got reconciliationAnswer
	r.decode(t, &got)
	if r.status != http.StatusCreated || r.header.Get("Location") != "/v1/stock/reconciliations/rec_1" || got.Matched != 4 || got.Differing != 1001 || got.EndedAt.IsZero() {
		t.Errorf("%d %+v", r.status, got)
	}
	if len(got.Findings) != stockPage || got.Next != stockPage || len(got.Rejected) != 1 ||
		got.Findings[0].Kind != "only_file" || got.Findings[1].Kind != "only_ledger" || !slices.Equal(got.Findings[2].Differs, []string{"state", "person"}) {
		t.Errorf("findings: %d, next %d, %+v", len(got.Findings), got.Next, got.Findings[:3])
	}
	got = reconciliationAnswer{}
	h.call("GET", fmt.Sprint("/v1/stock/reconciliations/rec_1?after=", stockPage), "").decode(t, &got)
	if len(got.Findings) != 3 || got.Next != 0 || len(got.Rejected) != 0 {
		t.Errorf("the second page: %+v", got)
	}
	h.service.reconciliation.Phase = verify.ReconciliationReading
	if r := h.call("GET", "/v1/stock/reconciliations/rec_1", ""); strings.Contains(string(r.body), "ended_at") {
		t.Errorf("one that runs has an end: %s", r.body[:200])
	}
}

func TestStateBaseline(t *testing.T) {
	h := newHarness(t)
	r := h.call("PUT", "/v1/stock/baselines/phone_cards", `{"as_of":"2026-03-01","complete":true}`)
	if r.status != http.StatusOK || string(r.body) != `{"family":"phone_cards","as_of":"2026-03-01","complete":true}`+"\n" {
		t.Errorf("%d %s", r.status, r.body)
	}
	h.call("PUT", "/v1/stock/baselines/phone_cards", `{"as_of":"2026-03-02"}`)
	if !slices.Equal(h.service.stated, []string{"phone_cards 2026-03-01 true", "phone_cards 2026-03-02 false"}) {
		t.Errorf("stated %q", h.service.stated)
	}
	h.wantProblem(h.call("PUT", "/v1/stock/baselines/phone_cards", `{"as_of":"1.3.2026"}`), http.StatusBadRequest, "validation_failed")
	h.wantProblem(h.call("PUT", "/v1/stock/baselines/phone_cards", `{}`), http.StatusBadRequest, "validation_failed")
	h.wantProblem(h.call("PUT", "/v1/stock/baselines/Phone%20Cards", `{"as_of":"2026-03-01"}`), http.StatusUnprocessableEntity, "family_unknown")
}
