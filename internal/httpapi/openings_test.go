package httpapi

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"realname/compliance"
	"realname/verify"
)

func TestCreateOpening(t *testing.T) {
	h := newHarness(t)
	h.service.answer.Opening = &h.service.opening
	r := h.call("POST", "/v1/openings", goodRequest(func(m map[string]any) { m["external_ref"] = "ORD-1" }))
	if r.status != http.StatusCreated || r.header.Get("Location") != "/v1/openings/"+openingIDs[0] {
		t.Fatalf("%d %v %s", r.status, r.header, r.body)
	}
	if got := h.service.opened[0]; got.ExternalRef != "ORD-1" || got.Request.BizNo != "B-1" || got.VerificationID != "" {
		t.Errorf("%+v", got)
	}
	h.service.answer = refusedAnswer(compliance.Rejected, "quota_exceeded", "R-5CARD")
	r = h.call("POST", "/v1/openings", goodRequest(nil))
	if r.status != http.StatusCreated || r.header.Get("Location") != "/v1/verifications/"+decisionID {
		t.Errorf("a refused opening: %d %v", r.status, r.header)
	}
}

// The bounds of a lease are the gateway's; a transfer names what it takes over.
func TestLeaseAndPredecessorOfAnOpening(t *testing.T) {
	h := newHarness(t)
	for _, bad := range []any{0, -1, 59, 2592001, 1e9, "15m"} {
		r := h.call("POST", "/v1/openings", goodRequest(func(m map[string]any) { m["lease_seconds"] = bad }))
		if r.status != http.StatusBadRequest {
			t.Errorf("a lease of %v: %d %s", bad, r.status, r.body)
		}
	}
	r := h.call("POST", "/v1/openings", goodRequest(func(m map[string]any) { m["lease_seconds"], m["predecessor"] = 60, openingIDs[0] }))
	if r.status != http.StatusCreated || h.service.opened[0].Lease != time.Minute || h.service.opened[0].PredecessorID != openingIDs[0] {
		t.Errorf("%d %s %+v", r.status, r.body, h.service.opened)
	}
	for _, field := range []string{"quantity", "count"} {
		r := h.call("POST", "/v1/openings", goodRequest(func(m map[string]any) { m[field] = 2 }))
		h.wantProblem(r, http.StatusBadRequest, "json_unknown_field")
	}
	h.wantProblem(h.call("POST", "/v1/openings", goodRequest(func(m map[string]any) { m["predecessor"] = decisionID })), http.StatusBadRequest, "validation_failed")
}

func TestOpeningConsumesAVerification(t *testing.T) {
	h := newHarness(t)
	consume := `{"verification_id":"` + decisionID + `","biz_no":"B-2","product":"phone_card","scene":"phone_card","liability_notice_ref":"LN"}`
	if r := h.call("POST", "/v1/openings", consume); r.status != http.StatusCreated {
		t.Fatalf("%d %s", r.status, r.body)
	}
	if got := h.service.opened[0]; got.VerificationID != decisionID || got.Request.Product != "phone_card" || got.Request.LiabilityNoticeRef != "LN" {
		t.Errorf("%+v", got)
	}
	r := h.call("POST", "/v1/openings", goodRequest(func(m map[string]any) { m["verification_id"] = decisionID }))
	p := h.wantProblem(r, http.StatusBadRequest, "validation_failed")
	if len(p.Errors) != 5 || p.Errors[0].Pointer != "/channel" || p.Errors[0].Code != "field_not_allowed" {
		t.Errorf("%+v", p.Errors)
	}
	h.wantProblem(h.call("POST", "/v1/openings", `{"verification_id":"ver_1","biz_no":"B"}`), http.StatusBadRequest, "validation_failed")
	h.wantProblem(h.call("POST", "/v1/openings", `{"biz_no":"B"}`), http.StatusBadRequest, "validation_failed")
	long := goodRequest(func(m map[string]any) { m["external_ref"] = strings.Repeat("r", 129) })
	h.wantProblem(h.call("POST", "/v1/openings", long), http.StatusBadRequest, "validation_failed")
}

func TestOpeningLife(t *testing.T) {
	h := newHarness(t)
	path := "/v1/openings/" + openingIDs[0]
	for _, step := range []struct{ method, path, body, state string }{
		{"GET", path, "", "reserved"},
		{"POST", path + "/confirm", `{"external_ref":"8986"}`, "active"},
		{"POST", path + "/confirm", `{}`, "active"},
		{"POST", path + "/release", "", "released"},
		{"POST", path + "/release", `{}`, "released"},
		{"POST", path + "/activate", "", "active"},
		{"POST", path + "/suspend", "", "suspended"},
		{"POST", path + "/resume", "", "active"},
		{"POST", path + "/replace", `{"verification_id":"` + decisionID + `","external_ref":"8987"}`, "active"},
		{"POST", path + "/reclass", `{"verification_id":"` + decisionID + `"}`, "active"},
		{"POST", path + "/close", "", "closed"},
		{"POST", path + "/close", `{"reason":"port_out"}`, "closed"},
	} {
		r := h.call(step.method, step.path, step.body, header{"Idempotency-Key": ""})
		var o openingAnswer
		r.decode(t, &o)
		if r.status != http.StatusOK || o.State != step.state || o.VerificationID != decisionID {
			t.Errorf("%s: %d %s", step.path, r.status, r.body)
		}
	}
	for _, id := range []string{"opn_1", decisionID, "..", "%00", "%ff", strings.Repeat("a", 500)} {
		h.wantProblem(h.call("GET", "/v1/openings/"+id, ""), http.StatusNotFound, "opening_not_found")
	}
	if got := h.service.closed; !slices.Equal(got, []verify.CloseReason{"", verify.ClosedByPortOut}) {
		t.Errorf("closed because of %v", got)
	}
	if got := h.service.renewed; len(got) != 2 || got[0] != (verify.Replacement{VerificationID: decisionID, ExternalRef: "8987"}) {
		t.Errorf("renewed with %+v", got)
	}
	for _, body := range []string{`{}`, `{"verification_id":"` + openingIDs[0] + `"}`} {
		h.wantProblem(h.call("POST", path+"/replace", body), http.StatusBadRequest, "validation_failed")
	}
	h.wantProblem(h.call("POST", path+"/close", `{"reason":"bored"}`), http.StatusBadRequest, "validation_failed")
	h.wantProblem(h.call("POST", path+"/close", `{"really":true}`), http.StatusBadRequest, "json_unknown_field")
	h.wantProblem(h.call("POST", path+"/confirm", ""), http.StatusUnsupportedMediaType, "unsupported_media_type")
	h.service.fail = compliance.E(compliance.FaultConflict, "lease_expired", "")
	h.wantProblem(h.call("POST", path+"/confirm", `{}`), http.StatusConflict, "lease_expired")
}

const goodRow = `{"document":{"kind":"resident_id","number":"110105194912310003"},"product":"phone_card","external_ref":"E1","opened_at":"2020-01-02T00:00:00Z"}`

func TestImportOfAnArray(t *testing.T) {
	h := newHarness(t)
	h.service.stock = verify.Stock{ID: "imp_1", Loaded: 1, Refused: []verify.StockRefusal{{Row: 1, Code: "check_digit_mismatch"}}}
	rows := "[" + goodRow + `,{"document":{"kind":"resident_id"},"product":"PHONE","external_ref":"E2"},` + strings.Replace(goodRow, "E1", "E3", 1) + "]"
	r := h.call("POST", "/v1/openings/import", rows, header{"Accept-Language": "en", "Content-Type": "application/json; charset=utf-8"})
	var got importAnswer
	r.decode(t, &got)
	if r.status != http.StatusCreated || got.Loaded != 1 || len(got.Refused) != 2 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	if len(h.service.imported) != 2 || h.service.imported[1].ExternalRef != "E3" || h.service.imported[0].OpenedAt != time.Date(2020, 1, 2, 0, 0, 0, 0, time.UTC) {
		t.Errorf("passed on %+v", h.service.imported)
	}
	if a := got.Refused[0]; a.Row != 1 || a.Code != "field_malformed" || a.Pointer != "/product" {
		t.Errorf("refused by validation: %+v", a)
	}
	// The service counts only the rows that it was given; the answer names rows of the request.
	if b := got.Refused[1]; b.Row != 2 || b.Code != "check_digit_mismatch" || !strings.Contains(b.Message, "check digit") {
		t.Errorf("refused by the service: %+v", b)
	}
}

func TestImportOfNDJSON(t *testing.T) {
	h := newHarness(t)
	h.service.stock = verify.Stock{ID: "imp_1", Loaded: 1, Replayed: true}
	lines := goodRow + "\n\n{\"broken\n" + `{"colour":1}` + "\n"
	r := h.call("POST", "/v1/openings/import", lines, header{"Content-Type": mediaNDJSON})
	var got importAnswer
	r.decode(t, &got)
	if r.status != http.StatusCreated || len(got.Refused) != 2 || r.header.Get("Idempotency-Replayed") != "true" {
		t.Fatalf("%d %s", r.status, r.body)
	}
	if got.Refused[0].Code != "json_malformed" || got.Refused[0].Row != 1 || got.Refused[1].Code != "json_unknown_field" || got.Refused[1].Pointer != "/colour" {
		t.Errorf("%+v", got.Refused)
	}
}

func TestImportRefusedWhole(t *testing.T) {
	h := newHarness(t)
	for _, tc := range []struct {
		body, media string
		status      int
		code        string
	}{
		{"[]", mediaJSON, http.StatusBadRequest, "import_empty"},
		{"\n\n", mediaNDJSON, http.StatusBadRequest, "import_empty"},
		{"[{}]", mediaJSON, http.StatusUnprocessableEntity, "import_all_refused"},
		{"[" + goodRow, mediaJSON, http.StatusBadRequest, "json_malformed"},
		{"a,b\n", "text/csv", http.StatusUnsupportedMediaType, "unsupported_media_type"},
		{"[" + strings.Repeat("{},", maxImportRows) + "{}]", mediaJSON, http.StatusRequestEntityTooLarge, "import_too_many_rows"},
		{strings.Repeat("{}\n", maxImportRows+1), mediaNDJSON, http.StatusRequestEntityTooLarge, "import_too_many_rows"},
	} {
		h.wantProblem(h.call("POST", "/v1/openings/import", tc.body, header{"Content-Type": tc.media}), tc.status, tc.code)
	}
	if len(h.service.keys) > 0 {
		t.Error("a refused import reached the service")
	}
}
