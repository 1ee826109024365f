package httpapi

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"realname/compliance"
	"realname/compliance/receipt"
	"realname/verify"
)

const goodField = `{"field":"party.0.holder.document","recipient":"psb-110105/2026-0412","purpose":"case_inquiry","legal_basis":"statutory_duty"}`

func TestFieldDisclosure(t *testing.T) {
	h := newHarness(t)
	h.log.receipts[h.service.answer.EventID] = "a receipt"
	h.service.field = verify.DisclosedField{
		Commitment: compliance.Commitment{Field: "party.0.holder.document", Alg: receipt.CommitSM3, Value: "00ff"},
		Value:      "resident_id:CHN:110105194912310003", Salt: []byte("salt"),
	}
	path := "/v1/verifications/" + decisionID + "/disclosures"
	r := h.call("POST", path, goodField, header{"Idempotency-Key": ""})
	if r.status != http.StatusOK || r.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v %s", r.status, r.header, r.body)
	}
	d, err := receipt.ParseDisclosure([]byte(r.body))
	if err != nil || d.Value != h.service.field.Value.Reveal() || d.Alg != receipt.CommitSM3 || d.Commitment != "00ff" || string(d.Salt) != "salt" || d.Receipt == "" {
		t.Errorf("%+v, %v", d, err)
	}
	want := verify.FieldRequest{
		Version: h.service.answer.Decision.Version, Field: "party.0.holder.document", Recipient: "psb-110105/2026-0412", Purpose: "case_inquiry", LegalBasis: "statutory_duty",
	}
	if len(h.service.fields) != 1 || h.service.fields[0] != want {
		t.Errorf("asked for %+v", h.service.fields)
	}
	h.call("POST", path, strings.Replace(goodField, `{`, `{"version":7,`, 1))
	if h.service.version != 7 {
		t.Errorf("version %d was looked for", h.service.version)
	}
	h.service.fail = compliance.E(compliance.FaultNotFound, "field_not_committed", "")
	h.wantProblem(h.call("POST", path, goodField), http.StatusNotFound, "field_not_committed")
	h.service.fail = compliance.E(compliance.FaultConflict, "personal_data_erased", "")
	h.wantProblem(h.call("POST", path, goodField), http.StatusConflict, "personal_data_erased")
}

func TestFieldDisclosureRefuses(t *testing.T) {
	h := newHarness(t)
	h.log.receipts[h.service.answer.EventID] = "a receipt"
	path := "/v1/verifications/" + decisionID + "/disclosures"
	with := func(old, now string) string { return strings.Replace(goodField, old, now, 1) }
	for name, tc := range map[string]struct {
		path, body string
		set        header
		status     int
		code       string
	}{
		"no field":              {path, with(`"field":"party.0.holder.document",`, ""), nil, http.StatusBadRequest, "validation_failed"},
		"no legal basis":        {path, with(`,"legal_basis":"statutory_duty"`, ""), nil, http.StatusBadRequest, "validation_failed"},
		"no purpose":            {path, with(`"purpose":"case_inquiry",`, ""), nil, http.StatusBadRequest, "validation_failed"},
		"version 0 below":       {path, with(`{`, `{"version":-1,`), nil, http.StatusBadRequest, "validation_failed"},
		"a number as recipient": {path, with("psb-110105/2026-0412", "110101199001010007"), nil, http.StatusBadRequest, "personal_data_in_reference"},
		"no id":                 {"/v1/verifications/ver_1/disclosures", goodField, nil, http.StatusNotFound, "verification_not_found"},
		"a regulator":           {path, goodField, header{"Authorization": "Bearer " + h.regulator}, http.StatusForbidden, "forbidden"},
		"nobody":                {path, goodField, header{"Authorization": ""}, http.StatusUnauthorized, "unauthenticated"},
	} {
		t.Run(name, func(t *testing.T) {
			var sets []header
			if tc.set != nil {
				sets = append(sets, tc.set)
			}
			h.wantProblem(h.call("POST", tc.path, tc.body, sets...), tc.status, tc.code)
		})
	}
	// What cannot be proved yet is not opened either.
	h.log.receipts = map[string]string{}
	h.wantProblem(h.call("POST", path, goodField), http.StatusNotFound, "receipt_not_ready")
	if len(h.service.fields) != 0 {
		t.Errorf("opened all the same: %+v", h.service.fields)
	}
}

// TestReceiptsThatAreFinal: a receipt follows before the witnesses have cosigned, and says that it is not final.
func TestReceiptsThatAreFinal(t *testing.T) {
	h := newHarness(t)
	h.log.receipts[h.service.answer.EventID] = "a receipt"
	path := "/v1/verifications/" + decisionID + "/receipt"
	for _, unwitnessed := range []bool{true, false} {
		h.log.unwitnessed = unwitnessed
		if r := h.call("GET", path, ""); r.status != http.StatusOK || r.header.Get("Receipt-Final") != strconv.FormatBool(!unwitnessed) {
			t.Errorf("%d %v", r.status, r.header)
		}
		for _, query := range []string{"?final=true", "?final=true&wait=10ms"} {
			r := h.call("GET", path+query, "")
			if unwitnessed {
				h.wantProblem(r, http.StatusNotFound, "receipt_not_ready")
			} else if r.status != http.StatusOK || r.header.Get("Receipt-Final") != "true" {
				t.Errorf("%s: %d %v", query, r.status, r.header)
			}
		}
	}
	h.wantProblem(h.call("GET", path+"?final=maybe", ""), http.StatusBadRequest, "query_malformed")
}
