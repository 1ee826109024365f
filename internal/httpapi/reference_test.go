package httpapi

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// residentLike has the sequence 000, which is never issued.
const (
	residentLike = "110105194912310003"
	mobileLike   = "13800000000"
)

// TestReferencesHoldNoPersonalData puts numbers and free text into every reference of every request.
func TestReferencesHoldNoPersonalData(t *testing.T) {
	field := func(name string, value any) string {
		return goodRequest(func(m map[string]any) { m[name] = value })
	}
	evidence := func(name string) func(value string) string {
		return func(value string) string {
			return field("evidence", []any{map[string]any{"kind": "chip_read", name: value}})
		}
	}
	announce := func(name string) func(value string) string {
		return func(value string) string {
			return `{"kind":"document_photo","length":10,"` + name + `":"` + value + `"}`
		}
	}
	channel := func(name string) func(value string) string {
		return func(value string) string {
			return field("channel", map[string]any{"kind": "physical", name: value})
		}
	}
	top := func(name string) func(value string) string {
		return func(value string) string { return field(name, value) }
	}
	consume := func(name string) func(value string) string {
		return func(value string) string {
			return strings.Replace(`{"verification_id":"`+decisionID+`","biz_no":"B-2","`+name+`":"`+value+`"}`, `"biz_no":"B-2","biz_no"`, `"biz_no"`, 1)
		}
	}
	const verifications, openings = "/v1/verifications", "/v1/openings"
	for _, tc := range []struct {
		path, pointer string
		body          func(value string) string
	}{
		{verifications, "/biz_no", top("biz_no")},
		{verifications, "/purpose", top("purpose")},
		{verifications, "/legal_basis", top("legal_basis")},
		{verifications, "/notice_version", top("notice_version")},
		{verifications, "/product", top("product")},
		{verifications, "/consent_ref", top("consent_ref")},
		{verifications, "/liability_notice_ref", top("liability_notice_ref")},
		{verifications, "/channel/channel_agent", channel("channel_agent")},
		{verifications, "/channel/outlet", channel("outlet")},
		{verifications, "/channel/clerk", channel("clerk")},
		{verifications, "/channel/terminal", channel("terminal")},
		{verifications, "/evidence/0/device_serial", evidence("device_serial")},
		{verifications, "/evidence/0/attestor", evidence("attestor")},
		{verifications, "/evidence/0/locator", evidence("locator")},
		{verifications, "/parties/0/authority", func(value string) string {
			return goodRequest(func(m map[string]any) { m["parties"].([]any)[0].(map[string]any)["authority"] = value })
		}},
		{verifications + "/" + decisionID + "/evidence", "/evidence/0/attestor", func(value string) string {
			return `{"evidence":[{"kind":"chip_read","attestor":"` + value + `"}]}`
		}},
		{openings, "/external_ref", top("external_ref")},
		{openings, "/biz_no", consume("biz_no")},
		{openings, "/consent_ref", consume("consent_ref")},
		{openings, "/liability_notice_ref", consume("liability_notice_ref")},
		{openings, "/external_ref", consume("external_ref")},
		{openings + "/" + openingIDs[0] + "/confirm", "/external_ref", func(value string) string { return `{"external_ref":"` + value + `"}` }},
		{"/v1/evidence", "/device_serial", announce("device_serial")},
		{"/v1/evidence", "/attestor", announce("attestor")},
	} {
		t.Run(tc.path+tc.pointer, func(t *testing.T) {
			h := newHarness(t)
			for value, code := range map[string]string{
				"x-" + residentLike: "personal_data_in_reference", mobileLike: "personal_data_in_reference",
				"王测试": "field_malformed", "two words": "field_malformed", "-x": "field_malformed",
			} {
				status := "validation_failed"
				if code == "personal_data_in_reference" {
					status = code
				}
				p := h.wantProblem(h.call("POST", tc.path, tc.body(value)), http.StatusBadRequest, status)
				if len(p.Errors) != 1 || p.Errors[0].Pointer != tc.pointer || p.Errors[0].Code != code {
					t.Errorf("%.20s: %+v, want %s at %s", value, p.Errors, code, tc.pointer)
				}
			}
			good := "A1._:/#@-z"
			if slices.Contains([]string{"/purpose", "/legal_basis", "/notice_version", "/product"}, tc.pointer) {
				good = "a1_.-z"
				h.wantProblem(h.call("POST", tc.path, tc.body("A1")), http.StatusBadRequest, "validation_failed")
				h.wantProblem(h.call("POST", tc.path, tc.body(strings.Repeat("a", 65))), http.StatusBadRequest, "validation_failed")
			}
			h.wantProblem(h.call("POST", tc.path, tc.body(strings.Repeat("a", 513))), http.StatusBadRequest, "validation_failed")
			if r := h.call("POST", tc.path, tc.body(good)); r.status >= 300 {
				t.Errorf("%s: %d %s", good, r.status, r.body)
			}
		})
	}
}

func TestPersonalDataOutsideTheBody(t *testing.T) {
	h := newHarness(t)
	const code = "personal_data_in_reference"
	h.wantProblem(h.call("POST", "/v1/verifications", goodRequest(nil), header{"Idempotency-Key": "k-" + residentLike}), http.StatusBadRequest, code)
	h.wantProblem(h.call("GET", "/v1/verifications?biz_no="+mobileLike, ""), http.StatusBadRequest, code)
	if len(h.service.decided) > 0 || len(h.service.keys) > 0 {
		t.Error("it reached the service")
	}
	if got := strings.Join(h.service.attempts, ";"); got != "tnt_a POST /v1/verifications "+code+";tnt_a GET /v1/verifications "+code {
		t.Errorf("attempts %s", got)
	}
}

func TestImportNamesRowsWithPersonalReferences(t *testing.T) {
	h := newHarness(t)
	var got importAnswer
	rows := "[" + goodRow + "," + strings.Replace(goodRow, "E1", mobileLike, 1) + "]"
	h.call("POST", "/v1/openings/import", rows).decode(t, &got)
	if len(got.Refused) != 1 || got.Refused[0].Row != 1 || got.Refused[0].Code != "personal_data_in_reference" || got.Refused[0].Pointer != "/external_ref" {
		t.Errorf("%+v", got.Refused)
	}
	if len(h.service.imported) != 1 {
		t.Errorf("%d rows reached the service", len(h.service.imported))
	}
}
