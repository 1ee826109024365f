package httpapi

import (
	"net/http"
	"testing"

	"realname/compliance"
	"realname/verify"
)

const objectionID = "obj_0192f6e4-8c5a-7c3d-9e21-4b6f0a7d8e90"

func TestObjections(t *testing.T) {
	h := newHarness(t)
	h.service.objection = verify.Objection{
		ID: objectionID, DecisionID: decisionID, Way: "aml_39", Clause: "R-AML-39", ReceivedOn: "2026-02-10", DueOn: "2026-02-25", State: verify.ObjectionOpen, FiledBy: "key_a", FiledAt: testTime,
	}
	path := "/v1/verifications/" + decisionID + "/objections"
	r := h.call("POST", path, `{"way":"aml_39","received_on":"2026-02-10","reference":"crm-77"}`, header{"Idempotency-Key": ""})
	var got objectionAnswer
	r.decode(t, &got)
	if r.status != http.StatusCreated || r.header.Get("Location") != "/v1/objections/"+objectionID || got.VerificationOf != decisionID || got.DueOn != "2026-02-25" {
		t.Errorf("%d %+v", r.status, got)
	}
	if !got.Overdue { // the test's day is the second of March
		t.Error("its last day has passed")
	}
	if r = h.call("POST", path, `{}`); r.status != http.StatusCreated || r.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("again: %d %v", r.status, r.header)
	}
	var list objectionsAnswer
	h.call("GET", "/v1/objections", "").decode(t, &list)
	if len(list.Objections) != 1 || list.Objections[0].ID != objectionID {
		t.Errorf("%+v", list)
	}
	h.call("GET", "/v1/objections/"+objectionID, "").decode(t, &got)
	if got.State != verify.ObjectionOpen {
		t.Errorf("%+v", got)
	}
	h.call("POST", "/v1/objections/"+objectionID+"/resolve", `{"state":"lifted","verification_id":"`+decisionID+`"}`).decode(t, &got)
	if got.State != verify.ObjectionLifted || got.VerificationID != decisionID || got.Overdue {
		t.Errorf("%+v", got)
	}
	for body, pointer := range map[string]string{
		`{"way":"A way"}`: "/way", `{"received_on":"yesterday"}`: "/received_on",
	} {
		p := h.wantProblem(h.call("POST", path, body), http.StatusBadRequest, "validation_failed")
		if len(p.Errors) != 1 || p.Errors[0].Pointer != pointer {
			t.Errorf("%s: %+v", body, p.Errors)
		}
	}
	h.wantProblem(h.call("POST", path, `{"reference":"110105194912310003"}`), http.StatusBadRequest, "personal_data_in_reference")
	for _, body := range []string{`{}`, `{"state":"open"}`, `{"state":"lifted","verification_id":"x"}`} {
		h.wantProblem(h.call("POST", "/v1/objections/"+objectionID+"/resolve", body), http.StatusBadRequest, "validation_failed")
	}
	h.service.fail = compliance.E(compliance.FaultConflict, "objection_resolved", "the objection was resolved before")
	h.wantProblem(h.call("POST", "/v1/objections/"+objectionID+"/resolve", `{"state":"upheld"}`), http.StatusConflict, "objection_resolved")
}
