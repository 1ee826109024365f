package httpapi

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"realname/compliance"
	"realname/compliance/policy"
	"realname/verify"
)

func TestCreateVerification(t *testing.T) {
	h := newHarness(t)
	body := goodRequest(func(m map[string]any) {
		m["channel"] = map[string]any{"kind": "physical", "channel_agent": "AG1", "outlet": "O1", "clerk": "C1", "terminal": "T1"}
		m["evidence"] = []any{map[string]any{
			"kind": "chip_read", "result": "passed", "device_serial": "R-9", "captured_at": "2026-03-02T17:59:00+08:00",
		}}
		m["liability_notice_ref"] = "LN-1"
	})
	r := h.call("POST", "/v1/verifications", body)
	if r.status != http.StatusCreated || r.header.Get("Location") != "/v1/verifications/"+decisionID {
		t.Fatalf("status %d, location %q: %s", r.status, r.header.Get("Location"), r.body)
	}
	if r.header.Get("Idempotency-Replayed") != "" {
		t.Error("a first answer is marked as replayed")
	}
	got := h.service.decided[0]
	holder, ok := got.Holder()
	if !ok || holder.Document.Number.Reveal() != "110105194912310003" || holder.Name.Reveal() != "王测试" {
		t.Error("the holder did not arrive")
	}
	if got.CustomerType != "individual" || got.Channel.Clerk != "C1" || got.LiabilityNoticeRef != "LN-1" {
		t.Errorf("request %+v", got)
	}
	if e := got.Evidence[0]; e.DeviceSerial != "R-9" || !e.CapturedAt.Equal(time.Date(2026, 3, 2, 9, 59, 0, 0, time.UTC)) {
		t.Errorf("evidence %+v", e)
	}
	if h.service.keys[0] != "key-1" {
		t.Errorf("idempotency key %q", h.service.keys[0])
	}
}

func TestPhotosArriveByEveryRoute(t *testing.T) {
	photo := "\xff\xd8\xff some bytes"
	evidence := func(e map[string]any) string {
		return goodRequest(func(m map[string]any) { m["evidence"] = []any{e} })
	}
	t.Run("base64", func(t *testing.T) {
		h := newHarness(t)
		r := h.call("POST", "/v1/verifications", evidence(map[string]any{
			"kind": "document_photo", "side": "front", "content": base64.StdEncoding.EncodeToString([]byte(photo)),
		}))
		if r.status != http.StatusCreated || string(h.service.decided[0].Evidence[0].Content) != photo {
			t.Fatalf("status %d", r.status)
		}
	})
	t.Run("multipart", func(t *testing.T) {
		h := newHarness(t)
		body, contentType := multipartBody(t,
			part{"evidence[0]", "image/jpeg", photo},
			part{"request", mediaJSON, evidence(map[string]any{"kind": "document_photo", "side": "front"})})
		r := h.call("POST", "/v1/verifications", body, header{"Content-Type": contentType})
		if r.status != http.StatusCreated || string(h.service.decided[0].Evidence[0].Content) != photo {
			t.Fatalf("status %d: %s", r.status, r.body)
		}
	})
	t.Run("id", func(t *testing.T) {
		h := newHarness(t)
		r := h.call("POST", "/v1/verifications", evidence(map[string]any{"id": evidenceIDs[0]}))
		if r.status != http.StatusCreated || h.service.decided[0].Evidence[0].ID != evidenceIDs[0] {
			t.Fatalf("status %d: %s", r.status, r.body)
		}
	})
	t.Run("large multipart", func(t *testing.T) {
		h := newHarness(t)
		big := strings.Repeat("x", maxImage)
		body, contentType := multipartBody(t,
			part{"request", mediaJSON, evidence(map[string]any{"kind": "document_photo"})}, part{"evidence[0]", "image/jpeg", big})
		r := h.call("POST", "/v1/verifications", body, header{"Content-Type": contentType})
		if r.status != http.StatusCreated || len(h.service.decided[0].Evidence[0].Content) != maxImage {
			t.Fatalf("status %d: %s", r.status, r.body)
		}
	})
}

func refusedAnswer(outcome compliance.Outcome, code string, clauses ...string) verify.Answer {
	a := approvedAnswer()
	a.Decision.Outcome, a.Decision.ExpiresAt = outcome, time.Time{}
	a.Decision.Scene, a.Decision.Facts.Scene = compliance.ScenePhoneCard, compliance.ScenePhoneCard
	a.Decision.Reasons = []compliance.ReasonRef{{Code: code, Clauses: clauses}}
	a.Decision.Checks[0].Reasons = []string{code}
	return a
}

func TestRefusalNamesReasonRemedyArticleAndAppeal(t *testing.T) {
	h := newHarness(t)
	h.service.answer = refusedAnswer(compliance.Rejected, "quota_exceeded", "R-5CARD")
	h.service.answer.Decision.Quotas = []compliance.QuotaUse{{Family: "phone_cards", Clause: "R-5CARD", Used: 5, Limit: 5}}
	for lang, want := range map[string]string{"zh-CN": "上限", "en-GB,en;q=0.9": "limit", "": "上限", "zh-HK": "上限", "fr": "limit", "zh-CN;q=2": "上限", strings.Repeat("en,", 400): "上限"} {
		r := h.call("GET", "/v1/verifications/"+decisionID, "", header{"Accept-Language": lang})
		var v verificationAnswer
		r.decode(t, &v)
		if len(v.Reasons) != 1 || !strings.Contains(v.Reasons[0].Message, want) {
			t.Fatalf("%q: %s", lang, r.body)
		}
		reason := v.Reasons[0]
		if reason.Code != "quota_exceeded" || reason.Retry != compliance.RetryAfterCorrection || len(reason.Materials) == 0 || reason.Remedy == "" {
			t.Errorf("reason %+v", reason)
		}
		if reason.Appeal == nil || reason.Appeal.Article == "" || reason.Appeal.Text == "" {
			t.Error("no way to appeal")
		}
		if len(reason.Clauses) != 1 || reason.Clauses[0].ID != "R-5CARD" || reason.Clauses[0].Article == "" || reason.Clauses[0].Text == "" {
			t.Errorf("clauses %+v", reason.Clauses)
		}
		if len(v.Quotas) != 1 || !v.Quotas[0].Exceeded || v.Quotas[0].Used != 5 || v.Quotas[0].Limit != 5 || !slices.Equal(v.Quotas[0].Frees, []string{"close_one"}) {
			t.Errorf("quotas %+v", v.Quotas)
		}
	}
}

func TestClauseOfALostPolicyStillNamesItsArticle(t *testing.T) {
	h := newHarness(t)
	h.service.answer = refusedAnswer(compliance.Rejected, "quota_exceeded", "R-GONE")
	h.service.answer.Decision.Findings = []compliance.Finding{{Clause: "R-GONE", Article: "7", Unchecked: true}}
	var v verificationAnswer
	h.call("GET", "/v1/verifications/"+decisionID, "").decode(t, &v)
	if c := v.Reasons[0].Clauses[0]; c.ID != "R-GONE" || c.Article != "7" || !c.Unverified {
		t.Errorf("clause %+v", c)
	}
}

// TestClausesAreThoseOfThePolicyThatDecided: the policy of today must not put its words into a decision of yesterday.
func TestClausesAreThoseOfThePolicyThatDecided(t *testing.T) {
	h := newHarness(t)
	now, ok := policy.Builtin().Clause("R-5CARD", "2026-03-02")
	if !ok {
		t.Fatal("R-5CARD is not in the built-in policy")
	}
	const then = "As it was told then."
	old, err := policy.Load("old.yaml", bytes.Replace(policy.Builtin().Source(), []byte(now.TextEN), []byte(then), 1))
	if err != nil {
		t.Fatal(err)
	}
	h.policies[old.Digest()] = old
	h.service.answer = refusedAnswer(compliance.Rejected, "quota_exceeded", "R-5CARD")
	for digest, want := range map[string]string{old.Digest(): then, policy.Builtin().Digest(): now.TextEN, strings.Repeat("ab", 32): ""} {
		h.service.answer.Decision.PolicyDigest = digest
		var v verificationAnswer
		h.call("GET", "/v1/verifications/"+decisionID, "", header{"Accept-Language": "en"}).decode(t, &v)
		if c := v.Reasons[0].Clauses[0]; c.Text != want || c.ID != "R-5CARD" {
			t.Errorf("policy %.8s: %+v, want %q", digest, c, want)
		}
	}
}

func TestSuspicionIsNotDisclosed(t *testing.T) {
	h := newHarness(t)
	h.service.answer = refusedAnswer(compliance.Review, "abnormal_opening", "R-ATFL-10")
	h.service.answer.Decision.Reasons = append(h.service.answer.Decision.Reasons, compliance.ReasonRef{Code: "organised_opening"})
	r := h.call("GET", "/v1/verifications/"+decisionID, "", header{"Accept-Language": "en"})
	for _, secret := range []string{"abnormal", "organised", "R-ATFL-10", "suspicio"} {
		if strings.Contains(strings.ToLower(string(r.body)), strings.ToLower(secret)) {
			t.Errorf("%q shows: %s", secret, r.body)
		}
	}
	var v verificationAnswer
	r.decode(t, &v)
	if len(v.Reasons) != 1 || v.Reasons[0].Code != "further_review" || v.Reasons[0].Appeal == nil {
		t.Errorf("reasons %+v", v.Reasons)
	}
}

func TestPendingSaysWhatItWaitsFor(t *testing.T) {
	h := newHarness(t)
	h.service.answer = refusedAnswer(compliance.Pending, "authority_unavailable")
	d := &h.service.answer.Decision
	d.WaitingOn, d.Needed, d.Deadline = []string{compliance.CheckNetwork}, []string{"auxiliary_document"}, testTime.Add(time.Hour)
	d.Opening = &compliance.OpeningRef{ID: openingIDs[0], State: "released"}
	h.service.answer.Opening = &h.service.opening
	var v verificationAnswer
	h.call("GET", "/v1/verifications/"+decisionID, "").decode(t, &v)
	if v.Decision != compliance.Pending || v.WaitingOn[0] != compliance.CheckNetwork || len(v.Needed) != 1 || !v.Deadline.Equal(d.Deadline) {
		t.Errorf("%+v", v)
	}
	if v.Opening == nil || v.Opening.State != "reserved" || v.Reasons[0].Appeal != nil {
		t.Errorf("opening %+v, appeal %+v", v.Opening, v.Reasons[0].Appeal)
	}
}

// TestOpeningOfADecisionAlone: without the opening at hand, the answer tells of it what the decision knew.
func TestOpeningOfADecisionAlone(t *testing.T) {
	h := newHarness(t)
	d := &h.service.answer.Decision
	d.Opening = &compliance.OpeningRef{ID: openingIDs[0], State: "reserved", LeaseUntil: testTime.Add(time.Hour)}
	var v verificationAnswer
	h.call("GET", "/v1/verifications/"+decisionID, "").decode(t, &v)
	if v.Opening == nil || *v.Opening != (openingSummary{ID: openingIDs[0], State: "reserved", LeaseUntil: testTime.Add(time.Hour)}) {
		t.Errorf("opening %+v", v.Opening)
	}
	d.Opening.State = "" // of a decision made before states were kept
	v = verificationAnswer{}
	h.call("GET", "/v1/verifications/"+decisionID, "").decode(t, &v)
	if v.Opening != nil {
		t.Errorf("opening %+v", v.Opening)
	}
}

func TestFindByBizNo(t *testing.T) {
	h := newHarness(t)
	var list verificationList
	h.call("GET", "/v1/verifications?biz_no=B-1", "").decode(t, &list)
	if len(list.Items) != 1 || list.Items[0].BizNo != "B-1" {
		t.Errorf("%+v", list)
	}
	h.service.fail = compliance.E(compliance.FaultNotFound, "verification_not_found", "")
	r := h.call("GET", "/v1/verifications?biz_no=B-2", "")
	r.decode(t, &list)
	if r.status != http.StatusOK || len(list.Items) != 0 {
		t.Errorf("%d %+v", r.status, list)
	}
	for _, query := range []string{"", "?biz_no=", "?biz_no=a&biz_no=b", "?biz_no=a&page=2", "?biz_no=%zz", "?biz_no=%ff", "?biz_no=%00", "?biz_no=" + strings.Repeat("a", 129), "?biz_no=a%20b", "?biz_no=%E7%8E%8B"} {
		h.wantProblem(h.call("GET", "/v1/verifications"+query, ""), http.StatusBadRequest, "query_malformed")
	}
}

func TestAddEvidence(t *testing.T) {
	h := newHarness(t)
	photo := base64.StdEncoding.EncodeToString([]byte("jpeg"))
	body := `{"evidence":[{"kind":"document_photo","content":"` + photo + `"},{"kind":"authorisation","result":"passed"}]}`
	r := h.call("POST", "/v1/verifications/"+decisionID+"/evidence", body)
	if r.status != http.StatusOK || len(h.service.added) != 2 || string(h.service.added[0].Content) != "jpeg" {
		t.Fatalf("%d %s", r.status, r.body)
	}
	h.wantProblem(h.call("POST", "/v1/verifications/"+decisionID+"/evidence", `{"evidence":[]}`), http.StatusBadRequest, "validation_failed")
	h.wantProblem(h.call("POST", "/v1/verifications/ver_1/evidence", body), http.StatusNotFound, "verification_not_found")
}

func TestReceipt(t *testing.T) {
	h := newHarness(t)
	path := "/v1/verifications/" + decisionID + "/receipt"
	for _, query := range []string{"", "?wait=20ms"} {
		r := h.call("GET", path+query, "")
		h.wantProblem(r, http.StatusNotFound, "receipt_not_ready")
		if r.header.Get("Retry-After") != "1" {
			t.Errorf("Retry-After %q", r.header.Get("Retry-After"))
		}
	}
	h.log.receipts["evt_1"] = "c2sp.org/tlog-proof@v1\n"
	for _, query := range []string{"", "?wait=10s", "?version=1", "?wait=0s&version=1"} {
		r := h.call("GET", path+query, "")
		if r.status != http.StatusOK || string(r.body) != h.log.receipts["evt_1"] || !strings.HasPrefix(r.header.Get("Content-Type"), "text/plain") {
			t.Errorf("%s: %d %s", query, r.status, r.body)
		}
	}
	if h.service.version != 1 {
		t.Errorf("asked for version %d", h.service.version)
	}
	for _, query := range []string{"?version=0", "?version=x", "?version=-1", "?version=99999999999", "?wait=11s", "?wait=-1s", "?wait=soon", "?wait=1s&wait=1s", "?format=pdf"} {
		h.wantProblem(h.call("GET", path+query, ""), http.StatusBadRequest, "query_malformed")
	}
}

func TestIdempotencyKey(t *testing.T) {
	for _, path := range []string{"/v1/verifications", "/v1/openings", "/v1/openings/import", "/v1/evidence", "/v1/verifications/" + decisionID + "/evidence"} {
		h := newHarness(t)
		h.wantProblem(h.call("POST", path, goodRequest(nil), header{"Idempotency-Key": ""}), http.StatusBadRequest, "idempotency_key_missing")
		for _, bad := range []string{"a b", `"quoted"`, strings.Repeat("k", 129), "键"} {
			h.wantProblem(h.call("POST", path, goodRequest(nil), header{"Idempotency-Key": bad}), http.StatusBadRequest, "idempotency_key_malformed")
		}
		if len(h.service.keys) > 0 {
			t.Errorf("%s: a call without a good key went through", path)
		}
	}
	h := newHarness(t)
	h.service.answer.Replayed = true
	if r := h.call("POST", "/v1/verifications", goodRequest(nil)); r.header.Get("Idempotency-Replayed") != "true" || r.status != http.StatusCreated {
		t.Errorf("a replay answers %d, %v", r.status, r.header)
	}
	h.service.fail = compliance.E(compliance.FaultUnprocessable, "idempotency_key_reused", "")
	h.wantProblem(h.call("POST", "/v1/verifications", goodRequest(nil)), http.StatusUnprocessableEntity, "idempotency_key_reused")
	h.service.fail = compliance.E(compliance.FaultConflict, "request_in_progress", "")
	r := h.call("POST", "/v1/verifications", goodRequest(nil))
	h.wantProblem(r, http.StatusConflict, "request_in_progress")
	if r.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}
