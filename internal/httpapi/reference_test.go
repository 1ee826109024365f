package httpapi

import (
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"realname/verify/idnumber"
)

// residentLike has the sequence 000, which is never issued.
const (
	residentLike = "110105194912310003"
	legacyLike   = "110105491231000"
	mobileLike   = "13800000000"
)

func TestPersonalReferences(t *testing.T) {
	for reference, want := range map[string]bool{
		residentLike:                                 true,
		"cust-" + residentLike:                       true,
		"C" + residentLike:                           true,
		"7" + residentLike + "00":                    true, // in a longer run
		"11010519491231002X":                         true,
		"a/11010519491231002x.jpg":                   true,
		"810000199003070007":                         true, // residence permit
		"110199199001010002":                         true, // of a county in no list
		"911398199012310021":                         true, // a foreigner's card: NIA notice of 2023-10, specimen
		"F-911398199012310021-1":                     true,
		legacyLike:                                   true,
		"old:" + legacyLike + ":1":                   true,
		mobileLike:                                   true,
		"tel:" + mobileLike:                          true,
		"C" + mobileLike:                             true,
		mobileLike + "-2026":                         true,
		"110105194912310004":                         false, // another check digit
		"110105209912329996":                         false, // no day of the calendar
		"20260302101530123456":                       false, // a time and a counter
		"1" + legacyLike:                             false, // sixteen digits are no number of old
		"110199900101000":                            false, // no check digit, and a county in no list
		"999905491231000":                            false, // no province
		"860123491231000":                            false, // an IMEI
		"6222020000000000000":                        false, // a card number
		"8" + mobileLike:                             false, // twelve digits
		"10000000000":                                false,
		"12800000000":                                false,
		"signup-000001":                              false,
		"evd_0196c1d0-7a51-7000-8000-c" + mobileLike: false, // a UUID
		"sha256:9f86d081884c7d659a2feaa0c55ad015a" + mobileLike + "b0f00a08": false,
		"": false,
	} {
		if personal(reference) != want {
			t.Errorf("%s: personal is %v", reference, !want)
		}
	}
}

func BenchmarkPersonal(b *testing.B) {
	for _, reference := range []string{"order-000001", "9f86d081-8840-4d65-9a2f-eaa0c55ad015", strings.Repeat("1", 128), "a/" + residentLike + ".jpg"} {
		b.Run(reference[:12], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = personal(reference)
			}
		})
	}
}

// TestRandomIdentifiersAreReferences: what tenants use as keys is not refused by chance.
func TestRandomIdentifiersAreReferences(t *testing.T) {
	source := rand.NewChaCha8([32]byte{1})
	for range 50_000 {
		id, err := uuid.NewRandomFromReader(source)
		if err != nil {
			t.Fatal(err)
		}
		plain := strings.ReplaceAll(id.String(), "-", "")
		for _, reference := range []string{id.String(), "order_" + id.String(), strings.ToUpper(plain), plain[:16]} {
			if personal(reference) {
				t.Fatalf("%s is refused", reference)
			}
		}
	}
}

func TestEveryResidentNumberIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body := "440301" + strconv.Itoa(rapid.IntRange(1900, 2026).Draw(t, "year")) + "0228000"
		number := body + string(idnumber.CheckChar(body))
		before := rapid.StringMatching(`[A-Za-z0-9][A-Za-z._:/#@-]{0,9}[0-9]{0,3}`).Draw(t, "before")
		after := rapid.StringMatching(`([._:/#@-][A-Za-z0-9]{0,9})?`).Draw(t, "after")
		if !personal(before + number + after) {
			t.Fatalf("%s%s%s passes", before, number, after)
		}
	})
}

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
