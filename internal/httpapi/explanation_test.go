package httpapi

import (
	"net/http"
	"strings"
	"testing"

	"realname/compliance"
	"realname/compliance/explanation"
	"realname/compliance/policy"
)

var explanationPath = "/v1/verifications/" + decisionID + "/explanation"

// suspiciousAnswer is under review because a window was full, and refused a sixth card besides.
func suspiciousAnswer(h *harness) {
	h.service.answer = refusedAnswer(compliance.Review, "abnormal_opening", "OP-VELOCITY")
	d := &h.service.answer.Decision
	d.PolicyDigest, d.Facts.Date = policy.Builtin().Digest(), "2026-03-02"
	d.Facts.Velocities = []compliance.VelocityUse{{Name: "openings_of_clerk", Clause: "OP-VELOCITY", Used: 7331, Limit: 2000, Full: true, Executed: true}}
	d.Findings = []compliance.Finding{
		{Clause: "R-ATFL-9", Version: "2022-12-01", Article: "9", Kind: policy.KindRequirement, Demanded: "network_check", Found: "passed", Outcome: compliance.Approved},
		{Clause: "R-5CARD", Version: "2016-09-23", Article: "4", Kind: policy.KindLimit, Demanded: "phone_cards", Found: "2/5", Outcome: compliance.Approved},
		{Clause: "OP-VELOCITY", Version: "2000-01-01", Kind: policy.KindVelocity, Demanded: "openings_of_clerk", Found: "full", Outcome: compliance.Review, Reason: "abnormal_opening"},
	}
	h.service.answer.Decision.Checks[0].Reused = &compliance.ImageReuse{Persons: 4242}
}

func TestExplanationByAudience(t *testing.T) {
	h := newHarness(t)
	suspiciousAnswer(h)
	for audience, official := range map[string]bool{"": false, "?audience=person": false, "?audience=clerk": false, "?audience=compliance": true} {
		for _, lang := range []string{"zh-CN", "en"} {
			r := h.call("GET", explanationPath+audience, "", header{"Accept-Language": lang})
			if r.status != http.StatusOK {
				t.Fatalf("%s: %d %s", audience, r.status, r.body)
			}
			var e explanation.Explanation
			r.decode(t, &e)
			if want, named := strings.CutPrefix(audience, "?audience="); named && string(e.Audience) != want || !named && e.Audience != compliance.ForClerk {
				t.Errorf("%q is answered for the %s", audience, e.Audience)
			}
			if e.Lang != lang || len(e.Reasons) != 1 || len(e.Ways) == 0 {
				t.Errorf("%s: %s", audience, r.body)
			}
			for _, secret := range []string{"abnormal", "OP-VELOCITY", "openings_of_clerk", "7331", "4242", policy.Builtin().Digest()} {
				if told := strings.Contains(string(r.body), secret); told != official {
					t.Errorf("%q: %q is told: %v", audience, secret, told)
				}
			}
			if !strings.Contains(string(r.body), "2/5") {
				t.Errorf("%q: the count of a legal limit is not told", audience)
			}
		}
	}
}

func TestExplanationOfAVersion(t *testing.T) {
	h := newHarness(t)
	if r := h.call("GET", explanationPath+"?version=3&audience=person", ""); r.status != http.StatusOK || h.service.version != 3 {
		t.Errorf("%d, version %d was asked for", r.status, h.service.version)
	}
	for _, query := range []string{"?audience=regulator", "?audience=", "?audience=boss", "?version=0", "?version=x", "?audience=person&audience=clerk", "?lang=en"} {
		h.wantProblem(h.call("GET", explanationPath+query, ""), http.StatusBadRequest, "query_malformed")
	}
	h.wantProblem(h.call("GET", "/v1/verifications/nothing/explanation", ""), http.StatusNotFound, "verification_not_found")
	r := h.call("GET", explanationPath, "", header{"Authorization": "Bearer " + h.regulator})
	if r.status != http.StatusForbidden {
		t.Errorf("a regulator's key is answered %d", r.status)
	}
}

// A disclosed reason of a window (it could not be counted) must not bring the window's clause along.
func TestVerificationCitesNoWindow(t *testing.T) {
	h := newHarness(t)
	suspiciousAnswer(h)
	d := &h.service.answer.Decision
	d.Outcome, d.Reasons = compliance.Pending, []compliance.ReasonRef{{Code: "velocity_unavailable", Clauses: []string{"OP-VELOCITY"}}}
	for _, digest := range []string{policy.Builtin().Digest(), strings.Repeat("ab", 32)} {
		d.PolicyDigest = digest
		r := h.call("GET", "/v1/verifications/"+decisionID, "")
		for _, secret := range []string{"OP-VELOCITY", "异常"} {
			if strings.Contains(string(r.body), secret) {
				t.Errorf("policy %.8s: %q is told: %s", digest, secret, r.body)
			}
		}
		if !strings.Contains(string(r.body), "velocity_unavailable") {
			t.Errorf("the reason is not told: %s", r.body)
		}
	}
}
