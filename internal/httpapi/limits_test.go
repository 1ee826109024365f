package httpapi

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"realname/compliance"
	"realname/compliance/policy"
	"realname/ratelimit/velocity"
	"realname/verify"
)

var exceptionID = testIDs.New(compliance.PrefixException)

func testException() verify.Exception {
	return verify.Exception{
		ID: exceptionID, TenantID: "tnt_a", Family: "persons_per_phone", Clause: "R-261-phone", Grounds: "statement-1", ProposedBy: "key_a",
		ProposedAt: testTime, ExpiresAt: testTime.Add(7 * 24 * time.Hour),
	}
}

const goodException = `{"document":{"kind":"resident_id","number":"110105194912310003"},"family":"persons_per_phone","grounds":"statement-1","valid_days":7}`

func TestExceptions(t *testing.T) {
	h := newHarness(t)
	h.service.exception = testException()
	for n, replayed := range []string{"", "true"} {
		r := h.call("POST", "/v1/quota-exceptions", goodException, header{"Idempotency-Key": ""})
		var got exceptionAnswer
		r.decode(t, &got)
		if r.status != http.StatusCreated || got.State != verify.ExceptionProposed || r.header.Get("Location") != "/v1/quota-exceptions/"+exceptionID ||
			r.header.Get("Idempotency-Replayed") != replayed {
			t.Errorf("%d: %d %v %s", n, r.status, r.header, r.body)
		}
	}
	if got := h.service.proposed[0]; got.Days != 7 || got.Document.Number != "110105194912310003" || got.Grounds != "statement-1" {
		t.Errorf("%+v", got)
	}
	h.advance(7 * 24 * time.Hour)
	var got exceptionAnswer
	h.call("GET", "/v1/quota-exceptions/"+exceptionID, "").decode(t, &got)
	if got.State != verify.ExceptionExpired {
		t.Errorf("at its end it is %s", got.State)
	}
	if r := h.call("POST", "/v1/quota-exceptions/"+exceptionID+"/approve", ""); r.status != http.StatusOK || len(h.service.approvers) != 1 {
		t.Errorf("%d %s", r.status, r.body)
	}
	h.service.fail = compliance.E(compliance.FaultForbidden, "four_eyes", "")
	h.wantProblem(h.call("POST", "/v1/quota-exceptions/"+exceptionID+"/approve", "{}"), http.StatusForbidden, "four_eyes")
	h.service.fail = compliance.E(compliance.FaultUnprocessable, "limit_is_hard", "").At("/family")
	h.wantProblem(h.call("POST", "/v1/quota-exceptions", goodException), http.StatusUnprocessableEntity, "limit_is_hard")
	for _, id := range []string{"qex_1", openingIDs[0], "%00"} {
		h.wantProblem(h.call("GET", "/v1/quota-exceptions/"+id, ""), http.StatusNotFound, "exception_not_found")
		h.wantProblem(h.call("POST", "/v1/quota-exceptions/"+id+"/approve", ""), http.StatusNotFound, "exception_not_found")
	}
}

func TestExceptionsWithBadInput(t *testing.T) {
	h := newHarness(t)
	for pointer, body := range map[string]string{
		"/valid_days": strings.Replace(goodException, ":7", ":31", 1),
		"/grounds":    strings.Replace(goodException, "statement-1", "my uncle said so", 1),
		"/family":     strings.Replace(goodException, "persons_per_phone", "PHONES", 1),
		"/document":   strings.Replace(goodException, `{"kind":"resident_id","number":"110105194912310003"}`, "{}", 1),
	} {
		p := h.wantProblem(h.call("POST", "/v1/quota-exceptions", body), http.StatusBadRequest, "validation_failed")
		if len(p.Errors) != 1 || p.Errors[0].Pointer != pointer {
			t.Errorf("%s: %+v", pointer, p.Errors)
		}
	}
	for _, days := range []string{"0", "-1", "1.5", "1000000000000000000000"} {
		r := h.call("POST", "/v1/quota-exceptions", strings.Replace(goodException, ":7", ":"+days, 1))
		if r.status != http.StatusBadRequest {
			t.Errorf("%s days: %d", days, r.status)
		}
	}
	personal := strings.Replace(goodException, "statement-1", "card-"+residentLike, 1)
	h.wantProblem(h.call("POST", "/v1/quota-exceptions", personal), http.StatusBadRequest, "personal_data_in_reference")
	if len(h.service.proposed) > 0 {
		t.Error("it reached the service")
	}
}

const goodLimits = `{"document":{"kind":"resident_id","number":"110105194912310003"},"phone":"13800000000","purpose":"counter_enquiry","legal_basis":"contract"}`

func TestLimits(t *testing.T) {
	h := newHarness(t)
	clause, _ := policy.Builtin().Clause("R-5CARD", "2026-03-02")
	limits := policy.Builtin().LimitsOf(compliance.SectorTelecom, []compliance.Scene{compliance.ScenePhoneCard}, "2026-03-02")
	h.service.view = verify.LimitView{
		At: testTime, Date: "2026-03-02", PersonID: "prs_secret", PolicyDigest: policy.Builtin().Digest(),
		Limits: []verify.LimitUse{{Limit: limits[0], Clause: clause, Use: compliance.QuotaUse{
			Family: "phone_cards", Clause: "R-5CARD", Used: 5, Limit: 5, Reserved: 1, FreesAt: testTime.Add(time.Minute),
		}}},
		Uncounted: []verify.LimitUncounted{{Limit: limits[0], Clause: clause, Needs: []string{"phone"}}},
		Windows: []verify.WindowUse{{
			Velocity: policy.Velocity{Name: "attempts_of_person", Per: "holder", Counts: "attempts", Window: time.Hour, Max: 3}, Clause: clause,
			Use: velocity.Use{Limit: velocity.Limit{Max: 3}, Used: 3, FreesAt: testTime.Add(time.Minute)}, Executed: true,
		}},
	}
	r := h.call("POST", "/v1/limits", goodLimits, header{"Idempotency-Key": "", "Accept-Language": "en"})
	var got limitsAnswer
	r.decode(t, &got)
	if r.status != http.StatusOK || len(got.Limits) != 1 || len(got.Uncounted) != 1 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	l := got.Limits[0]
	if l.Used != 5 || l.Limit != 5 || !l.Exceeded || strings.Join(l.Frees, " ") != "close_one release_one lease_ends" ||
		l.Clause.Article != "4" || l.Clause.Title != "一证五卡" || !strings.HasPrefix(l.Clause.Text, "A user who holds five") {
		t.Errorf("%+v", l)
	}
	if w := got.Velocities[0]; len(got.Velocities) != 1 || w.Used != 3 || w.Limit != 3 || !w.Full || !w.Executed || w.Seconds != 3600 || w.FreesAt.IsZero() {
		t.Errorf("%+v", got.Velocities)
	}
	if strings.Contains(string(r.body), "prs_") {
		t.Errorf("a person's id is the same for all tenants and was told: %s", r.body)
	}
	if q := h.service.asked[0]; q.Phone != "13800000000" || q.Purpose != "counter_enquiry" || q.LegalBasis != "contract" {
		t.Errorf("%+v", q)
	}
	if validateFields(&limitsRequest{Document: documentRequest{Kind: "resident_id"}, Phone: "12800000000", Purpose: "p", LegalBasis: "b"}, "") == nil {
		t.Error("a number of no phone was taken")
	}
	for pointer, body := range map[string]string{
		"/purpose":     strings.Replace(goodLimits, `"purpose":"counter_enquiry",`, "", 1),
		"/legal_basis": strings.Replace(goodLimits, `,"legal_basis":"contract"`, "", 1),
	} {
		p := h.wantProblem(h.call("POST", "/v1/limits", body), http.StatusBadRequest, "validation_failed")
		if len(p.Errors) != 1 || p.Errors[0].Pointer != pointer {
			t.Errorf("%s: %+v", pointer, p.Errors)
		}
	}
}
