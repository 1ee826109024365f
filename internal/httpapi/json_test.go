package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func TestDecodeJSON(t *testing.T) {
	var got newEvidenceRequest
	if err := decodeJSON([]byte(` {"kind" : "live_video", "length":-0, "phone_token": false , "side":"fr\u006fnt" } `), &got, ""); err != nil {
		t.Fatal(err)
	}
	if got.Kind != "live_video" || got.Side != "front" {
		t.Errorf("%+v", got)
	}
	for body, want := range map[string]string{
		`{"length":1.5}`:                          "json_wrong_type",
		`{"length":1e3}`:                          "json_wrong_type",
		`{"length":99999999999999999999}`:         "json_wrong_type",
		`{"length":"1"}`:                          "json_wrong_type",
		`{"phone_token":1}`:                       "json_wrong_type",
		`{"side":true}`:                           "json_wrong_type",
		`{"side":"a` + "\x7f" + `"}`:              "invalid_text",
		`{"side":"\u0085"}`:                       "invalid_text",
		`{"si\u0000de":"a"}`:                      "invalid_text",
		"{\"side\":\"a\nb\"}":                     "json_malformed",
		`{"length":01}`:                           "json_malformed",
		`{"length":1,}`:                           "json_malformed",
		`{'length':1}`:                            "json_malformed",
		"\xef\xbb\xbf{}":                          "json_malformed",
		`{}]`:                                     "json_trailing_data",
		`{"` + strings.Repeat("k", 1000) + `":1}`: "json_unknown_field",
	} {
		err := decodeJSON([]byte(body), &newEvidenceRequest{}, "")
		r, ok := errors.AsType[*refusal](err)
		if !ok || r.code != want {
			t.Errorf("%.60s: %v, want %s", body, err, want)
			continue
		}
		for _, f := range r.fields {
			if len(f.pointer) > maxPointer {
				t.Errorf("%.60s: a pointer of %d bytes", body, len(f.pointer))
			}
		}
	}
}

func TestPointersStartAtTheBase(t *testing.T) {
	err := decodeJSON([]byte(`[{"product":1}]`), &[]stockRowRequest{}, "/rows")
	if r, ok := errors.AsType[*refusal](err); !ok || r.fields[0].pointer != "/rows/0/product" {
		t.Errorf("%v", err)
	}
}

// FuzzDecodeJSON: no panic; every error is a refusal; what is accepted is also
// accepted by encoding/json, is not deep, and survives encoding.
func FuzzDecodeJSON(f *testing.F) {
	f.Add([]byte(goodRequest(nil)))
	f.Add([]byte(`{"parties":[{"role":"holder","document":{"number":"\ud83d\ude00"}}],"evidence":[],"verification_id":""}`))
	f.Add([]byte(strings.Repeat("[", 40)))
	f.Add([]byte(`{"a":"\"}]{["}`))
	f.Add([]byte("{\"biz_no\":\"\\u0000\xff\"}"))
	f.Add([]byte(`{"channel":{"kind":"online"},"channel":{}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var got openingRequest
		if err := decodeJSON(body, &got, ""); err != nil {
			if r, ok := errors.AsType[*refusal](err); !ok || r.code == "" {
				t.Fatalf("not a refusal: %v", err)
			}
			return
		}
		if deeper(body, maxDepth) {
			t.Fatal("deep, and accepted")
		}
		var plain openingRequest
		dec := json.NewDecoder(bytes.NewReader(body))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&plain); err != nil {
			t.Fatalf("encoding/json refuses it: %v", err)
		}
		if plain.BizNo != got.BizNo || len(plain.Parties) != len(got.Parties) || plain.ExternalRef != got.ExternalRef {
			t.Fatal("decoded otherwise than by encoding/json")
		}
		_ = got.validate()
	})
}

// FuzzNumberCheck drives a whole handler: any body gets an answer that the specification documents.
func FuzzNumberCheck(f *testing.F) {
	f.Add(`{"kind":"resident_id","number":"11010519491231002X"}`)
	f.Add(`{"kind":"resident_id","number":"１１０１０５"}`)
	f.Add(`{"kind":"residence_permit","number":"\u0000","on":"2026-01-01"}`)
	f.Fuzz(func(t *testing.T, body string) {
		h := newHarness(t)
		r := h.call("POST", "/v1/numbers/check", body)
		if r.status != 200 && r.status != 400 && r.status != 413 && r.status != 415 {
			t.Fatalf("%d %s", r.status, r.body)
		}
	})
}
