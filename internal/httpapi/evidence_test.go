package httpapi

import (
	"net/http"
	"strings"
	"testing"

	"realname/compliance"
)

func TestUploadWithPhoneToken(t *testing.T) {
	h := newHarness(t)
	r := h.call("POST", "/v1/evidence", `{"kind":"document_photo","side":"front","length":10,"phone_token":true}`)
	var u uploadAnswer
	r.decode(t, &u)
	path := r.header.Get("Location")
	if r.status != http.StatusCreated || u.Token != h.service.token || path != "/v1/evidence/"+evidenceIDs[0] {
		t.Fatalf("%d %s %s", r.status, path, r.body)
	}
	phone := header{"Authorization": "Bearer " + u.Token, "Content-Type": mediaChunk}
	r = h.call("PATCH", path, "01234", phone, header{"Upload-Offset": "0"})
	if r.status != http.StatusNoContent || r.header.Get("Upload-Offset") != "5" || r.header.Get("Upload-Complete") != "?0" {
		t.Fatalf("%d %v", r.status, r.header)
	}
	h.wantProblem(h.call("PATCH", path, "01234", phone, header{"Upload-Offset": "0"}), http.StatusConflict, "upload_offset")
	r = h.call("HEAD", path, "", phone)
	if r.status != http.StatusOK || r.header.Get("Upload-Offset") != "5" || r.header.Get("Upload-Length") != "10" || r.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v", r.status, r.header)
	}
	r = h.call("PATCH", path, "56789", phone, header{"Upload-Offset": "5"})
	if r.status != http.StatusNoContent || r.header.Get("Upload-Complete") != "?1" {
		t.Fatalf("%d %v", r.status, r.header)
	}
	if strings.Join(h.service.chunks, "") != "0123456789" {
		t.Errorf("chunks %q", h.service.chunks)
	}
}

func TestUploadTokenOpensNothingElse(t *testing.T) {
	h := newHarness(t)
	phone := header{"Authorization": "Bearer " + h.service.token, "Content-Type": mediaChunk, "Upload-Offset": "0"}
	h.wantProblem(h.call("PATCH", "/v1/evidence/"+evidenceIDs[1], "x", phone), http.StatusUnauthorized, "upload_token_invalid")
	h.wantProblem(h.call("PATCH", "/v1/evidence/"+evidenceIDs[0], "x", phone, header{"Authorization": "Bearer other"}), http.StatusUnauthorized, "upload_token_invalid")
	for _, path := range []string{"/v1/verifications/" + decisionID, "/v1/openings/" + openingIDs[0], "/v1/audit/checkpoint"} {
		h.wantProblem(h.call("GET", path, "", phone), http.StatusUnauthorized, "unauthenticated")
	}
	if len(h.service.chunks) > 0 {
		t.Error("a chunk went through")
	}
}

func TestUploadByTenant(t *testing.T) {
	h := newHarness(t)
	path := "/v1/evidence/" + evidenceIDs[0]
	if r := h.call("PATCH", path, "0123456789", header{"Content-Type": mediaChunk, "Upload-Offset": "0"}); r.status != http.StatusNoContent {
		t.Fatalf("%d %s", r.status, r.body)
	}
	if r := h.call("HEAD", path, ""); r.header.Get("Upload-Complete") != "?1" {
		t.Errorf("%v", r.header)
	}
	h.wantProblem(h.call("PATCH", path, "x", header{"Authorization": "Bearer " + h.regulator, "Content-Type": mediaChunk, "Upload-Offset": "0"}), http.StatusForbidden, "forbidden")
	for _, tc := range []struct {
		path, body string
		set        header
		status     int
		code       string
	}{
		{path, "x", header{"Content-Type": mediaJSON, "Upload-Offset": "0"}, http.StatusUnsupportedMediaType, "unsupported_media_type"},
		{path, "x", header{"Content-Type": mediaChunk}, http.StatusBadRequest, "upload_offset_missing"},
		{path, "x", header{"Content-Type": mediaChunk, "Upload-Offset": "-1"}, http.StatusBadRequest, "upload_offset_missing"},
		{path, "x", header{"Content-Type": mediaChunk, "Upload-Offset": "99999999999999999999"}, http.StatusBadRequest, "upload_offset_missing"},
		{path, "", header{"Content-Type": mediaChunk, "Upload-Offset": "0"}, http.StatusBadRequest, "body_empty"},
		{path, strings.Repeat("x", maxImage+1), header{"Content-Type": mediaChunk, "Upload-Offset": "0"}, http.StatusRequestEntityTooLarge, "body_too_large"},
		{"/v1/evidence/evd_1", "x", header{"Content-Type": mediaChunk, "Upload-Offset": "0"}, http.StatusNotFound, "evidence_not_found"},
	} {
		h.wantProblem(h.call("PATCH", tc.path, tc.body, tc.set), tc.status, tc.code)
	}
	if r := h.call("HEAD", "/v1/evidence/evd_1", ""); r.status != http.StatusNotFound {
		t.Errorf("HEAD of an unknown upload: %d", r.status)
	}
	h.service.fail = compliance.E(compliance.FaultUnprocessable, "upload_digest", "")
	h.wantProblem(h.call("PATCH", path, "x", header{"Content-Type": mediaChunk, "Upload-Offset": "10"}), http.StatusUnprocessableEntity, "upload_digest")
}
