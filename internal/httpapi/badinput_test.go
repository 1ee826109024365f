package httpapi

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"realname/compliance"
)

// TestBadInput sends what no decision can be made about. Each refusal has its
// own code, is recorded as an attempt, and leaves the next request served.
func TestBadInput(t *testing.T) {
	with := func(key string, value any) string {
		return goodRequest(func(m map[string]any) { m[key] = value })
	}
	holder := func(change func(p map[string]any)) string {
		return goodRequest(func(m map[string]any) { change(m["parties"].([]any)[0].(map[string]any)) })
	}
	good := goodRequest(nil)
	const bad, large, media = http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType
	for name, tc := range map[string]struct {
		body    string
		media   string
		status  int
		code    string
		pointer string
	}{
		"empty":                  {" ", mediaJSON, bad, "body_empty", ""},
		"truncated":              {good[:len(good)/2], mediaJSON, bad, "json_malformed", ""},
		"not JSON":               {"biz_no=B-1", mediaJSON, bad, "json_malformed", ""},
		"wrong type":             {good, "text/plain", media, "unsupported_media_type", ""},
		"no type":                {good, " ", media, "unsupported_media_type", ""},
		"wrong charset":          {good, "application/json; charset=gbk", media, "unsupported_media_type", ""},
		"20 MB":                  {`"` + strings.Repeat("x", 20<<20) + `"`, mediaJSON, large, "body_too_large", ""},
		"300 KB without a photo": {with("evidence", []any{map[string]any{"kind": "document_photo"}}) + strings.Repeat(" ", 300<<10), mediaJSON, large, "body_too_large", ""},
		"invalid UTF-8":          {strings.Replace(good, "B-1", "B-\xff", 1), mediaJSON, bad, "invalid_utf8", ""},
		"lone surrogate":         {strings.Replace(good, "B-1", `B-\ud800`, 1), mediaJSON, bad, "invalid_text", "/biz_no"},
		"NUL":                    {strings.Replace(good, "B-1", `B-\u0000`, 1), mediaJSON, bad, "invalid_text", "/biz_no"},
		"unknown field":          {holder(func(p map[string]any) { p["nick/name"] = 1 }), mediaJSON, bad, "json_unknown_field", "/parties/0/nick~1name"},
		"number as a field name": {holder(func(p map[string]any) { p["440524188001010014"] = 1 }), mediaJSON, bad, "json_unknown_field", "/parties/0"},
		"field in another case":  {strings.Replace(good, "biz_no", "Biz_No", 1), mediaJSON, bad, "json_unknown_field", "/Biz_No"},
		"field twice":            {strings.Replace(good, "{", `{"biz_no":"B-0",`, 1), mediaJSON, bad, "json_duplicate_key", "/biz_no"},
		"field twice by escapes": {strings.Replace(good, "{", `{"biz\u005fno":"B-0",`, 1), mediaJSON, bad, "json_duplicate_key", "/biz_no"},
		"null":                   {with("channel", nil), mediaJSON, bad, "json_wrong_type", "/channel"},
		"number for text":        {with("biz_no", 17), mediaJSON, bad, "json_wrong_type", "/biz_no"},
		"text for array":         {with("parties", "me"), mediaJSON, bad, "json_wrong_type", "/parties"},
		"array for all":          {"[]", mediaJSON, bad, "json_wrong_type", ""},
		"trailing":               {good + "{}", mediaJSON, bad, "json_trailing_data", ""},
		"100 000 levels":         {strings.Repeat("[", 100_000), mediaJSON, bad, "json_too_deep", ""},
		"100 000 objects":        {strings.Repeat(`{"parties":`, 100_000), mediaJSON, bad, "json_too_deep", ""},
		"33 levels":              {strings.Repeat("[", 33) + strings.Repeat("]", 33), mediaJSON, bad, "json_too_deep", ""},
		"missing fields":         {"{}", mediaJSON, bad, "validation_failed", "/biz_no"},
		"unknown scene":          {with("scene", "party"), mediaJSON, bad, "validation_failed", "/scene"},
		"unknown role":           {holder(func(p map[string]any) { p["role"] = "agent" }), mediaJSON, bad, "validation_failed", "/parties/0/role"},
		"no parties":             {with("parties", []any{}), mediaJSON, bad, "validation_failed", "/parties"},
		"17 parties":             {with("parties", make17(map[string]any{"role": "holder"})), mediaJSON, bad, "validation_failed", "/parties"},
		"17 pieces of evidence":  {with("evidence", make17(map[string]any{"kind": "chip_read"})), mediaJSON, bad, "validation_failed", "/evidence"},
		"long number": {holder(func(p map[string]any) {
			p["document"] = map[string]any{"kind": "resident_id", "number": strings.Repeat("1", 129)}
		}), mediaJSON, bad, "validation_failed", "/parties/0/document/number"},
		"birth that is no date":          {holder(func(p map[string]any) { p["document"] = map[string]any{"birth_date": "1990-02-30"} }), mediaJSON, bad, "validation_failed", "/parties/0/document/birth_date"},
		"sex of no list":                 {holder(func(p map[string]any) { p["document"] = map[string]any{"sex": "M"} }), mediaJSON, bad, "validation_failed", "/parties/0/document/sex"},
		"nationality in words":           {holder(func(p map[string]any) { p["document"] = map[string]any{"nationality": "Germany"} }), mediaJSON, bad, "validation_failed", "/parties/0/document/nationality"},
		"number without kind":            {holder(func(p map[string]any) { p["document"] = map[string]any{"number": "1"} }), mediaJSON, bad, "validation_failed", "/parties/0/document/kind"},
		"31 February":                    {holder(func(p map[string]any) { p["document"] = map[string]any{"valid_to": "2026-02-31"} }), mediaJSON, bad, "validation_failed", "/parties/0/document/valid_to"},
		"time without zone":              {with("evidence", []any{map[string]any{"kind": "chip_read", "captured_at": "2026-03-02T10:00:00"}}), mediaJSON, bad, "validation_failed", "/evidence/0/captured_at"},
		"evidence of no kind":            {with("evidence", []any{map[string]any{}}), mediaJSON, bad, "validation_failed", "/evidence/0/kind"},
		"evidence id of a stranger kind": {with("evidence", []any{map[string]any{"id": openingIDs[0]}}), mediaJSON, bad, "validation_failed", "/evidence/0/id"},
		"bad base64":                     {with("evidence", []any{map[string]any{"kind": "document_photo", "content": "a b!"}}), mediaJSON, bad, "base64_malformed", "/evidence/0/content"},
		"a list of 10 001":               {with("evidence", make([]struct{}, maxItems+1)), mediaJSON, bad, "json_too_many_items", "/evidence"},
		"purpose in words":               {with("purpose", "for the son of Mr Wang"), mediaJSON, bad, "validation_failed", "/purpose"},
		"purpose in Chinese":             {with("purpose", "实名登记"), mediaJSON, bad, "validation_failed", "/purpose"},
		"legal basis in capitals":        {with("legal_basis", "PIPL-13"), mediaJSON, bad, "validation_failed", "/legal_basis"},
		"notice in words":                {with("notice_version", "second one"), mediaJSON, bad, "validation_failed", "/notice_version"},
		"gzip bomb announced":            {good, "gzip", media, "unsupported_media_type", ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			set := header{"Content-Type": tc.media}
			if tc.media == "gzip" {
				set = header{"Content-Encoding": "gzip"}
			}
			p := h.wantProblem(h.call("POST", "/v1/verifications", tc.body, set), tc.status, tc.code)
			if tc.pointer != "" && (len(p.Errors) == 0 || p.Errors[0].Pointer != tc.pointer || p.Errors[0].Detail == "") {
				t.Errorf("errors %+v, want %s", p.Errors, tc.pointer)
			}
			want := []string{"tnt_a POST /v1/verifications " + tc.code}
			if fmt.Sprint(h.service.attempts) != fmt.Sprint(want) {
				t.Errorf("attempts %q, want %q", h.service.attempts, want)
			}
			if len(h.service.decided) > 0 {
				t.Error("it reached the service")
			}
			h.lives()
		})
	}
}

func make17(v any) []any {
	out := make([]any, 17)
	for i := range out {
		out[i] = v
	}
	return out
}

func TestBadMultipart(t *testing.T) {
	photo := goodRequest(func(m map[string]any) { m["evidence"] = []any{map[string]any{"kind": "document_photo"}} })
	byID := goodRequest(func(m map[string]any) { m["evidence"] = []any{map[string]any{"id": evidenceIDs[0]}} })
	request := part{"request", mediaJSON, photo}
	image := part{"evidence[0]", "image/jpeg", "x"}
	for name, tc := range map[string]struct {
		parts  []part
		status int
		code   string
	}{
		"no request":          {[]part{image}, http.StatusBadRequest, "multipart_missing_part"},
		"no parts":            {nil, http.StatusBadRequest, "multipart_missing_part"},
		"request twice":       {[]part{request, request}, http.StatusBadRequest, "multipart_unknown_part"},
		"photo twice":         {[]part{request, image, image}, http.StatusBadRequest, "multipart_unknown_part"},
		"photo of no index":   {[]part{request, {"evidence[7]", "image/jpeg", "x"}}, http.StatusBadRequest, "multipart_unknown_part"},
		"index written oddly": {[]part{request, {"evidence[00]", "image/jpeg", "x"}}, http.StatusBadRequest, "multipart_unknown_part"},
		"index negative":      {[]part{request, {"evidence[-1]", "image/jpeg", "x"}}, http.StatusBadRequest, "multipart_unknown_part"},
		"another name":        {[]part{request, {"photo", "image/jpeg", "x"}}, http.StatusBadRequest, "multipart_unknown_part"},
		"photo and id":        {[]part{{"request", mediaJSON, byID}, image}, http.StatusBadRequest, "validation_failed"},
		"request not JSON":    {[]part{{"request", mediaJSON, "{"}}, http.StatusBadRequest, "json_malformed"},
		"request too large":   {[]part{{"request", mediaJSON, strings.Repeat(" ", maxJSON) + photo}}, http.StatusRequestEntityTooLarge, "body_too_large"},
		"photo too large":     {[]part{request, {"evidence[0]", "image/jpeg", strings.Repeat("x", maxImage+1)}}, http.StatusRequestEntityTooLarge, "body_too_large"},
		"all too large":       {[]part{request, {"evidence[0]", "", strings.Repeat("x", 9<<20)}, {"evidence[1]", "", strings.Repeat("x", 9<<20)}}, http.StatusRequestEntityTooLarge, "body_too_large"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			body, contentType := multipartBody(t, tc.parts...)
			h.wantProblem(h.call("POST", "/v1/verifications", body, header{"Content-Type": contentType}), tc.status, tc.code)
			h.lives()
		})
	}
	h := newHarness(t)
	body, contentType := multipartBody(t, request, image)
	for _, broken := range []string{body[:len(body)/2], "", "--", strings.ReplaceAll(body, "Content-Disposition", "X-Disposition"), strings.ReplaceAll(body, "\r\n", "\n\n")} {
		r := h.call("POST", "/v1/verifications", broken, header{"Content-Type": contentType})
		if r.status != http.StatusBadRequest || !strings.HasPrefix(r.problem(t).Code, "multipart_") {
			t.Errorf("%d %s", r.status, r.body)
		}
	}
	h.wantProblem(h.call("POST", "/v1/verifications", body, header{"Content-Type": mediaMultipart}), http.StatusBadRequest, "multipart_malformed")
	h.lives()
}

// TestChunkedBodyOverTheLimit has no Content-Length to be refused by.
func TestChunkedBodyOverTheLimit(t *testing.T) {
	h := newHarness(t)
	req, err := http.NewRequest("POST", h.server.URL+"/v1/numbers/check", io.LimitReader(endless{}, maxJSON+1))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+h.key)
	req.Header.Set("Content-Type", mediaJSON)
	h.wantProblem(h.send(req, ""), http.StatusRequestEntityTooLarge, "body_too_large")
	h.lives()
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// TestRawRequests are what an http.Client would not send.
func TestRawRequests(t *testing.T) {
	h := newHarness(t)
	address := strings.TrimPrefix(h.server.URL, "http://")
	for name, tc := range map[string]struct {
		request string
		status  string
	}{
		"huge header":         {"GET /healthz HTTP/1.1\r\nHost: a\r\nX-A: " + strings.Repeat("a", 2<<20) + "\r\n\r\n", " 431 "},
		"no host":             {"GET /healthz HTTP/1.1\r\n\r\n", " 400 "},
		"two content lengths": {"POST /v1/numbers/check HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", " 400 "},
		"body cut off": {"POST /v1/numbers/check HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-API-Key: " + h.key +
			"\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{", " 400 "},
		"odd method": {"BREW /v1/numbers/check HTTP/1.1\r\nHost: a\r\n\r\n", " 405 "},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			go func() {
				_, _ = io.WriteString(conn, tc.request)
				_ = conn.(*net.TCPConn).CloseWrite()
			}()
			line, err := bufio.NewReader(conn).ReadString('\n')
			if err != nil || !strings.Contains(line, tc.status) {
				t.Errorf("%q, %v; want%s", line, err, tc.status)
			}
			h.lives()
		})
	}
}

func TestPanicCostsOneRequest(t *testing.T) {
	h := newHarness(t)
	h.service.panics = true
	h.wantProblem(h.call("POST", "/v1/verifications", goodRequest(nil)), http.StatusInternalServerError, "internal")
	h.service.panics = false
	if logged := h.logged.String(); strings.Contains(logged, "王测试") || !strings.Contains(logged, "panic") || !strings.Contains(logged, "httpapi.(*service).on") {
		t.Errorf("logged: %s", logged)
	}
	h.lives()
}

// TestAttemptsNameTheirOperation: method and path as in the specification, never the path that was asked for.
func TestAttemptsNameTheirOperation(t *testing.T) {
	h := newHarness(t)
	for path, endpoint := range map[string]string{
		"/v1/verifications":                               "POST /v1/verifications",
		"/v1/verifications/" + decisionID + "/evidence":   "POST /v1/verifications/{id}/evidence",
		"/v1/openings":                                    "POST /v1/openings",
		"/v1/openings/import":                             "POST /v1/openings/import",
		"/v1/openings/" + openingIDs[0] + "/confirm":      "POST /v1/openings/{id}/confirm",
		"/v1/evidence":                                    "POST /v1/evidence",
		"/v1/evidence/" + evidenceIDs[0] + "/disclosures": "POST /v1/evidence/{id}/disclosures",
		"/v1/numbers/check":                               "POST /v1/numbers/check",
	} {
		h.service.attempts = nil
		h.wantProblem(h.call("POST", path, "{"), http.StatusBadRequest, "json_malformed")
		if len(h.service.attempts) != 1 || h.service.attempts[0] != "tnt_a "+endpoint+" json_malformed" {
			t.Errorf("%s is recorded as %q", path, h.service.attempts)
		}
		method, template, _ := strings.Cut(endpoint, " ")
		if h.spec.at(h.spec.doc, "paths", template, strings.ToLower(method)) == nil {
			t.Errorf("%s is not in the specification", endpoint)
		}
	}
}

func TestAttemptThatCannotBeRecorded(t *testing.T) {
	h := newHarness(t)
	h.service.refused = compliance.E(compliance.FaultUnavailable, "ledger_unavailable", "")
	h.wantProblem(h.call("POST", "/v1/verifications", "{"), http.StatusServiceUnavailable, "ledger_unavailable")
}

func TestUnknownRoutes(t *testing.T) {
	h := newHarness(t)
	for _, path := range []string{"/", "/v1", "/v2/verifications", "/v1/verifications/", "/v1/verifications/a/b/c", "/healthz/", "/debug/pprof/"} {
		h.wantProblem(h.call("GET", path, ""), http.StatusNotFound, "not_found")
	}
	r := h.call("DELETE", "/v1/openings/"+openingIDs[0], "")
	h.wantProblem(r, http.StatusMethodNotAllowed, "method_not_allowed")
	if !strings.Contains(r.header.Get("Allow"), "GET") {
		t.Errorf("Allow %q", r.header.Get("Allow"))
	}
}
