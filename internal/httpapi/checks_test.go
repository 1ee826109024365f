package httpapi

import (
	"net/http"
	"strings"
	"testing"

	"realname/imaging"
	"realname/verify/idnumber"
)

func TestCheckNumber(t *testing.T) {
	h := newHarness(t)
	for _, tc := range []struct {
		body, reason string
		status       idnumber.Status
		canonical    string
		findings     int
	}{
		{`{"kind":"resident_id","number":"11010519491231002x"}`, "", idnumber.Valid, "11010519491231002X", 5}, // GB 11643's own example
		{`{"kind":"resident_id","number":"110105194912310021"}`, "check_digit_mismatch", idnumber.Invalid, "", 5},
		{`{"kind":"resident_id","number":"11010519491231002X","on":"1949-12-30"}`, "date_future", idnumber.Invalid, "", 5},
		{`{"kind":"hkmo_permit","number":"h1234567801"}`, "", idnumber.Valid, "H12345678", 1},
		{`{"kind":"library_card","number":"1"}`, "unknown_kind", idnumber.Invalid, "", 0},
	} {
		r := h.call("POST", "/v1/numbers/check", tc.body, header{"Idempotency-Key": ""})
		var got numberCheckAnswer
		r.decode(t, &got)
		if r.status != http.StatusOK || got.Status != tc.status.String() || got.Reason != tc.reason || got.Canonical != tc.canonical || len(got.Findings) != tc.findings {
			t.Errorf("%s: %s", tc.body, r.body)
		}
		if (got.Message == "") != (tc.reason == "") {
			t.Errorf("%s: message %q", tc.body, got.Message)
		}
	}
	for _, body := range []string{`{"kind":"resident_id"}`, `{"kind":"Resident","number":"1"}`, `{"kind":"resident_id","number":"1","on":"2026-02-30"}`, `{"kind":"resident_id","number":"1","on":"0001-01-01"}`} {
		h.wantProblem(h.call("POST", "/v1/numbers/check", body), http.StatusBadRequest, "validation_failed")
	}
}

func TestCheckNumberTellsWhatTheNumberTells(t *testing.T) {
	h := newHarness(t)
	for _, tc := range []struct{ why, body, want string }{
		{"GB 11643-1999, sample", `{"kind":"resident_id","number":"11010519491231002X"}`,
			`"form":"resident_18","birth_date":"1949-12-31","sex":"female","area":{"code":"110105","name":"北京市朝阳区"}}`},
		{"an unknown county has no name", `{"kind":"resident_id","number":"110199199001010002"}`,
			`"area":{"code":"110199","name":`},
		{"NIA notice of 2023-10, specimen", `{"kind":"foreign_pr","number":"911398199012310021"}`, `"nationality":"KAZ"`},
		{"a card's range", `{"kind":"bank_card","number":"6216261000000000018"}`, `"issuer":"unionpay"}`},
		{"a permit tells its form alone", `{"kind":"hkmo_permit","number":"H12345678"}`, `"form":"permit_lifelong"}`},
	} {
		if r := h.call("POST", "/v1/numbers/check", tc.body); !strings.Contains(string(r.body), tc.want) {
			t.Errorf("%s: %s", tc.why, r.body)
		}
	}
	// Of a number that is wrong nothing is told: it may be somebody else's.
	r := h.call("POST", "/v1/numbers/check", `{"kind":"resident_id","number":"110105194912310021"}`)
	for _, told := range []string{"birth_date", "1949", "sex", "area\":", "form"} {
		if strings.Contains(string(r.body), told) {
			t.Errorf("an invalid number tells %s: %s", told, r.body)
		}
	}
}

func photoReport() imaging.Report {
	return imaging.Report{
		Verdict: imaging.Reject, Class: imaging.ClassResidentFront, NumberAgreement: imaging.Disagrees, NameAgreement: imaging.Agrees,
		BirthAgreement: imaging.NotCompared, SexAgreement: imaging.NotCompared,
		Reasons: []imaging.Reason{{Code: imaging.ReasonNumberMismatch, Value: 0.125, Threshold: 0.375, Place: &imaging.Box{X: 1, Y: 2, Width: 3, Height: 4}}},
		Fields:  imaging.Fields{Number: "110105194912310003", Name: "王测试", Address: "样本市样本路1号"}, Width: 640, Height: 400, Pipeline: "test",
		Examinations: []imaging.Examination{{Step: imaging.StepCard, Execution: imaging.Executed}, {Step: imaging.StepClaim, Execution: imaging.NotExecuted}},
		Quad:         &imaging.Quad{{X: 10.5, Y: 20}, {X: 600, Y: 21}, {X: 601, Y: 390}, {X: -4, Y: 391}},
		Zones:        []imaging.Zone{{Part: imaging.PartNumber, Text: "110105194912310003"}, {Part: imaging.PartName, Text: "王测试"}},
	}
}

func TestCheckPhoto(t *testing.T) {
	h := newHarness(t)
	h.service.report = photoReport()
	r := h.call("POST", "/v1/photos/check", "jpeg", header{"Content-Type": "image/jpeg"})
	var got photoCheckAnswer
	r.decode(t, &got)
	if r.status != http.StatusOK || got.Verdict != imaging.Reject || got.Reasons[0].Code != "number_mismatch" || got.Reasons[0].Place == nil {
		t.Fatalf("%d %s", r.status, r.body)
	}
	for _, secret := range []string{"110105194912310003", "王测试", "样本路", "0.375", "0.125"} {
		if strings.Contains(string(r.body), secret) {
			t.Errorf("%s shows without reveal", secret)
		}
	}
	if len(got.Examinations) != 2 || got.Quad == nil || got.Quad[3].X != -4 || len(got.Zones) != 2 || got.Zones[0].Part != imaging.PartNumber || got.Crop != nil {
		t.Errorf("%+v", got)
	}
	if h.service.photos[0].Crop != "" || h.service.photos[0].Claim != nil || string(h.service.photos[0].Image) != "jpeg" {
		t.Errorf("%+v", h.service.photos[0])
	}

	body, contentType := multipartBody(t, part{"image", "image/png", "png"},
		part{"claim", mediaJSON, `{"number":"110105194912310003","name":"王测试","side":"back","reveal":true,
			"document":"passport","birth_date":"1949-12-31","sex":"female","all_fields":true,"no_claim":true}`})
	r = h.call("POST", "/v1/photos/check", body, header{"Content-Type": contentType})
	r.decode(t, &got)
	if r.status != http.StatusOK || got.Number != "110105194912310003" || got.Name != "王测试" || got.Fields == nil || got.Fields.Address != "样本市样本路1号" {
		t.Fatalf("%d %s", r.status, r.body)
	}
	if p := h.service.photos[1]; p.Claim == nil || p.Claim.Number != "110105194912310003" || p.Side != imaging.SideBack || string(p.Image) != "png" ||
		p.Document != imaging.DocumentPassport || !p.AllFields || !p.NoClaim || p.Claim.Birth != "1949-12-31" || p.Claim.Sex != "female" {
		t.Errorf("the claim did not arrive")
	}
}

func TestCheckPhotoSaysWhatThePictureShows(t *testing.T) {
	h := newHarness(t)
	h.service.report = imaging.Report{
		Verdict: imaging.Reject, Class: imaging.ClassDrawing, Reasons: []imaging.Reason{{Code: imaging.ReasonNotADocument}},
		NumberAgreement: imaging.NotCompared, NameAgreement: imaging.NotCompared,
		BirthAgreement: imaging.NotCompared, SexAgreement: imaging.NotCompared,
	}
	var got photoCheckAnswer
	h.call("POST", "/v1/photos/check", "png", header{"Content-Type": "image/png", "Accept-Language": "en"}).decode(t, &got)
	if r := got.Reasons[0]; r.Code != imaging.ReasonNotADocument || !strings.Contains(r.Message, "drawing") {
		t.Errorf("%+v", r)
	}
}

func TestCheckPhotoRefused(t *testing.T) {
	h := newHarness(t)
	refuse := func(status int, code string, parts ...part) {
		t.Helper()
		body, contentType := multipartBody(t, parts...)
		h.wantProblem(h.call("POST", "/v1/photos/check", body, header{"Content-Type": contentType}), status, code)
	}
	refuse(http.StatusBadRequest, "multipart_missing_part", part{"claim", mediaJSON, "{}"})
	refuse(http.StatusBadRequest, "multipart_unknown_part", part{"image", "image/png", "a"}, part{"image", "image/png", "b"})
	refuse(http.StatusBadRequest, "multipart_unknown_part", part{"selfie", "image/png", "a"})
	refuse(http.StatusBadRequest, "validation_failed", part{"image", "image/png", "a"}, part{"claim", mediaJSON, `{"side":"left"}`})
	refuse(http.StatusBadRequest, "json_unknown_field", part{"image", "image/png", "a"}, part{"claim", mediaJSON, `{"secret":true}`})
	h.wantProblem(h.call("POST", "/v1/photos/check", "%PDF", header{"Content-Type": "application/pdf"}), http.StatusUnsupportedMediaType, "unsupported_media_type")

	h.service.fail = &imaging.UploadError{Code: imaging.UploadCorrupt, Detail: "cut off"}
	h.wantProblem(h.call("POST", "/v1/photos/check", "x", header{"Content-Type": "image/jpeg"}), http.StatusUnprocessableEntity, "image_corrupt")
	h.service.fail = imaging.ErrUnavailable
	r := h.call("POST", "/v1/photos/check", "x", header{"Content-Type": "image/jpeg"})
	h.wantProblem(r, http.StatusServiceUnavailable, "photo_check_unavailable")
	if r.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}
