package verify_test

import (
	"strings"
	"testing"

	"realname/compliance"
	"realname/verify/idnumber"
)

// Every code of a number or of a cross-check can be a reason, so that it has its texts. compliance cannot ask idnumber for
// its codes, so that this test stands here.
func TestEveryCodeHasItsTexts(t *testing.T) {
	codes := []string{
		"name_mismatch", "name_variant", "name_not_comparable", "document_not_allowed", "document_data_mismatch",
		"issuing_state_missing", "issuing_state_unknown", "issuing_state_mismatch",
	}
	for _, c := range idnumber.Codes() {
		codes = append(codes, c.String())
	}
	for _, c := range idnumber.DocumentCodes() {
		codes = append(codes, c.String())
	}
	for _, code := range codes {
		r, ok := compliance.Reason(code)
		if !ok {
			t.Errorf("%s is not in the catalogue", code)
			continue
		}
		for _, audience := range []compliance.Audience{compliance.ForPerson, compliance.ForRegulator} {
			text := r.For(audience)
			if strings.TrimSpace(text.ZH) == "" || text.ZH == text.EN || strings.TrimSpace(text.EN) == "" {
				t.Errorf("%s for the %s: %q, %q", code, audience, text.ZH, text.EN)
			}
		}
	}
}

// What the person is told of a number names the part that is wrong; the official text names where the rule stands.
func TestTextsOfRulesNameTheirSource(t *testing.T) {
	for code, source := range map[string]string{
		"check_digit_mismatch": "GB 11643", "check_digit_pilot": "GB 32100", "embedded_code_mismatch": "GB 11714",
		"luhn_mismatch": "ISO/IEC 7812", "state_unknown": "ICAO", "validity_age_mismatch": "居民身份证法",
		"first_generation_void": "居民身份证法", "temporary_card_too_long": "临时居民身份证管理办法",
	} {
		if r, _ := compliance.Reason(code); !strings.Contains(r.Regulator.ZH, source) {
			t.Errorf("%s: %q does not name %s", code, r.Regulator.ZH, source)
		}
	}
}
