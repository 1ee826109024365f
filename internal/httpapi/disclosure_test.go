package httpapi

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"realname/compliance"
	"realname/imaging"
	"realname/verify"
)

const goodDisclosure = `{"recipient":"psb-110105/2026-0412","purpose":"case_inquiry","legal_basis":"statutory_duty"}`

func TestDisclosure(t *testing.T) {
	h := newHarness(t)
	jpeg := []byte("\xff\xd8 a copy \xff\xd9")
	h.service.made = verify.Copy{
		Disclosure: verify.Disclosure{ID: testIDs.New(compliance.PrefixDisclosure), Watermark: "COPY FOR x", At: testTime},
		JPEG:       jpeg, Digest: compliance.Digest(jpeg),
	}
	path := "/v1/evidence/" + evidenceIDs[0] + "/disclosures"
	r := h.call("POST", path, goodDisclosure)
	var got disclosureAnswer
	r.decode(t, &got)
	if r.status != http.StatusCreated || got.Evidence != evidenceIDs[0] || !bytes.Equal(got.Copy.Content, jpeg) || got.Copy.Kind != imaging.CropCard ||
		got.Copy.Width != 1012 || got.Copy.Height != 638 || got.Digest != h.service.made.Digest ||
		r.header.Get("Cache-Control") != "no-store" || r.header.Get("Idempotency-Replayed") != "" {
		t.Errorf("%d %v %s", r.status, r.header, r.body)
	}
	if len(h.service.copies) != 1 || h.service.copies[0] != (verify.CopyRequest{Recipient: "psb-110105/2026-0412", Purpose: "case_inquiry", LegalBasis: "statutory_duty"}) {
		t.Errorf("asked for %+v", h.service.copies)
	}
	h.service.made.Replayed = true
	if r := h.call("POST", path, goodDisclosure); r.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("a repetition: %v", r.header)
	}
	h.service.fail = compliance.E(compliance.FaultGone, "evidence_not_kept", "")
	h.wantProblem(h.call("POST", path, goodDisclosure), http.StatusGone, "evidence_not_kept")
	h.service.fail = compliance.E(compliance.FaultConflict, "evidence_not_disclosable", "")
	h.wantProblem(h.call("POST", path, goodDisclosure), http.StatusConflict, "evidence_not_disclosable")
}

func TestDisclosureRefuses(t *testing.T) {
	h := newHarness(t)
	path := "/v1/evidence/" + evidenceIDs[0] + "/disclosures"
	recipient := func(r string) string { return strings.Replace(goodDisclosure, "psb-110105/2026-0412", r, 1) }
	for name, tc := range map[string]struct {
		path, body string
		set        header
		status     int
		code       string
	}{
		"no legal basis":         {path, `{"recipient":"x","purpose":"y"}`, nil, http.StatusUnprocessableEntity, "legal_basis_missing"},
		"an empty legal basis":   {path, `{"recipient":"x","purpose":"y","legal_basis":""}`, nil, http.StatusUnprocessableEntity, "legal_basis_missing"},
		"no recipient":           {path, `{"purpose":"y","legal_basis":"z"}`, nil, http.StatusBadRequest, "validation_failed"},
		"no purpose":             {path, `{"recipient":"x","legal_basis":"z"}`, nil, http.StatusBadRequest, "validation_failed"},
		"a long recipient":       {path, recipient(strings.Repeat("x", 65)), nil, http.StatusBadRequest, "validation_failed"},
		"a recipient by name":    {path, recipient("王测试"), nil, http.StatusBadRequest, "validation_failed"},
		"a number as recipient":  {path, recipient("110101199001010007"), nil, http.StatusBadRequest, "personal_data_in_reference"},
		"a phone as recipient":   {path, recipient("13800000000"), nil, http.StatusBadRequest, "personal_data_in_reference"},
		"no key":                 {path, goodDisclosure, header{"Idempotency-Key": ""}, http.StatusBadRequest, "idempotency_key_missing"},
		"no id":                  {"/v1/evidence/evd_1/disclosures", goodDisclosure, nil, http.StatusNotFound, "evidence_not_found"},
		"a regulator":            {path, goodDisclosure, header{"Authorization": "Bearer " + h.regulator}, http.StatusForbidden, "forbidden"},
		"the token of an upload": {path, goodDisclosure, header{"Authorization": "Bearer " + h.service.token}, http.StatusUnauthorized, "unauthenticated"},
		"nobody":                 {path, goodDisclosure, header{"Authorization": ""}, http.StatusUnauthorized, "unauthenticated"},
	} {
		t.Run(name, func(t *testing.T) {
			var sets []header
			if tc.set != nil {
				sets = append(sets, tc.set)
			}
			h.wantProblem(h.call("POST", tc.path, tc.body, sets...), tc.status, tc.code)
		})
	}
	if len(h.service.copies) != 0 {
		t.Error("a copy left all the same")
	}
	asked := 0
	for _, a := range h.service.attempts {
		if strings.HasSuffix(a, "POST /v1/evidence/{id}/disclosures legal_basis_missing") {
			asked++
		}
	}
	if asked != 2 {
		t.Errorf("to ask for a copy without a legal basis is an attempt: %v", h.service.attempts)
	}
}
