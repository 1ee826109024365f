package httpapi

import (
	"testing"

	"realname/verify"
)

func TestPhones(t *testing.T) {
	for phone, ok := range map[string]bool{
		"": true, "13800000000": true, "+86 138 0000 0000": true, "008613800000000": true, "１３８００００００００": true,
		"+85291234567": true, "+14155550100": true, "+861380000": false, "+86": false, "12800000000": false, "4155550100": false,
		"+0123456789": false, "1380000000a": false, "+1234567890123456": false,
	} {
		p := partyRequest{Role: "holder"}
		p.Phone = verify.Secret(phone)
		if err := validateFields(&p, ""); (err == nil) != ok {
			t.Errorf("%q: %v, want accepted %v", phone, err, ok)
		}
	}
}

func TestPhoneTellsItsCode(t *testing.T) {
	p := partyRequest{Role: "holder", Phone: "12800000000"}
	r, ok := validateFields(&p, "").(*refusal) //nolint:errorlint // it is returned bare
	if !ok || len(r.fields) != 1 || r.fields[0].code != "phone_malformed" {
		t.Errorf("got %+v", r)
	}
}
