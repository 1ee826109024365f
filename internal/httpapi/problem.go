package httpapi

import (
	"context"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"realname/compliance"
	"realname/compliance/auditlog"
	"realname/compliance/receipt/tiles"
	"realname/imaging"
	"realname/ratelimit/quota"
	"realname/verify"
)

const problemType = "application/problem+json"

// problem is RFC 9457 problem details. Title and detail are in the caller's
// language, hint is English for developers; none quotes a value of the request.
type problem struct {
	Type     string         `json:"type"`
	Title    string         `json:"title"`
	Status   int            `json:"status"`
	Detail   string         `json:"detail"`
	Code     string         `json:"code"`
	Hint     string         `json:"hint,omitempty"`
	Retry    string         `json:"retry"`
	Instance string         `json:"instance"`
	Errors   []problemField `json:"errors,omitempty"`
}

type problemField struct {
	Pointer string `json:"pointer"`
	Code    string `json:"code"`
	Detail  string `json:"detail"`
}

var statusOf = map[compliance.Fault]int{
	compliance.FaultInternal:         http.StatusInternalServerError,
	compliance.FaultInvalid:          http.StatusBadRequest,
	compliance.FaultUnauthenticated:  http.StatusUnauthorized,
	compliance.FaultForbidden:        http.StatusForbidden,
	compliance.FaultNotFound:         http.StatusNotFound,
	compliance.FaultConflict:         http.StatusConflict,
	compliance.FaultGone:             http.StatusGone,
	compliance.FaultTooLarge:         http.StatusRequestEntityTooLarge,
	compliance.FaultUnsupportedMedia: http.StatusUnsupportedMediaType,
	compliance.FaultUnprocessable:    http.StatusUnprocessableEntity,
	compliance.FaultTooMany:          http.StatusTooManyRequests,
	compliance.FaultUnavailable:      http.StatusServiceUnavailable,
}

func statusFor(f compliance.Fault) int {
	if status, ok := statusOf[f]; ok {
		return status
	}
	return http.StatusInternalServerError
}

// sentinels are the errors outside compliance.Error that a handler may meet.
var sentinels = []struct {
	err   error
	fault compliance.Fault
	code  string
}{
	{verify.ErrNotFound, compliance.FaultNotFound, "not_found"},
	{verify.ErrKeyTaken, compliance.FaultConflict, "request_in_progress"},
	{verify.ErrBizNoTaken, compliance.FaultConflict, "biz_no_taken"},
	{verify.ErrConsumed, compliance.FaultConflict, "verification_consumed"},
	{verify.ErrStale, compliance.FaultConflict, "verification_changed"},
	{verify.ErrWrongOffset, compliance.FaultConflict, "upload_offset"},
	{verify.ErrUploadClosed, compliance.FaultConflict, "upload_complete"},
	{verify.ErrImportOverlap, compliance.FaultConflict, "import_overlap"},
	{imaging.ErrUnavailable, compliance.FaultUnavailable, "photo_check_unavailable"},
	{auditlog.ErrNotYet, compliance.FaultNotFound, "receipt_not_ready"},
	{auditlog.ErrNotFound, compliance.FaultNotFound, "not_found"},
	{tiles.ErrPath, compliance.FaultNotFound, "not_found"},
	{context.DeadlineExceeded, compliance.FaultUnavailable, "timeout"},
	{context.Canceled, compliance.FaultUnavailable, "request_cancelled"},
}

// explained is the one mapping from errors to a status and what a caller is told.
func explained(err error) (int, *refusal) {
	told := func(f compliance.Fault, code string) (int, *refusal) { return statusFor(f), refuse(code, "") }
	if r, ok := errors.AsType[*refusal](err); ok {
		return statusFor(r.fault), r
	}
	if e, ok := errors.AsType[*compliance.Error](err); ok {
		r := refuse(e.Code, e.Detail)
		if e.Field != "" {
			r = r.at(e.Field)
		}
		return statusFor(e.Fault), r
	}
	if e, ok := errors.AsType[*echo.HTTPError](err); ok && e.Code == http.StatusMethodNotAllowed {
		return e.Code, refuse("method_not_allowed", "see the Allow header")
	} else if ok && e.Code == http.StatusNotFound {
		return e.Code, refuse("not_found", "no such route")
	}
	if e, ok := errors.AsType[*imaging.UploadError](err); ok {
		return told(compliance.FaultUnprocessable, e.Code)
	}
	if _, ok := errors.AsType[*quota.MoveError](err); ok {
		return told(compliance.FaultConflict, "opening_state")
	}
	for _, s := range sentinels {
		if errors.Is(err, s.err) {
			return told(s.fault, s.code)
		}
	}
	return told(compliance.FaultInternal, "internal")
}

// fail writes err as a problem. What is our own fault goes to the log as well.
func (a *API) fail(c echo.Context, err error) {
	if c.Response().Committed {
		return
	}
	status, r := explained(err)
	if status >= 500 && c.Request().Context().Err() == nil { // who hung up hears nothing, and nothing is wrong
		a.o.Logger.ErrorContext(c.Request().Context(), "request failed", a.attrs(c, "code", r.code, "cause", scrub(err.Error()))...)
	}
	lang := languageOf(c.Request())
	text, ok := compliance.Reason(r.code)
	if !ok {
		text, _ = compliance.Reason("internal")
	}
	p := problem{
		Type: "urn:realname:problem:" + r.code, Title: text.Clerk.In(lang), Status: status, Detail: text.Remedy.In(lang),
		Code: r.code, Hint: r.detail, Retry: string(text.Retry), Instance: "urn:realname:request:" + requestID(c),
	}
	for _, f := range r.fields {
		p.Errors = append(p.Errors, problemField{Pointer: f.pointer, Code: f.code, Detail: message(f.code, lang)})
	}
	h := c.Response().Header()
	if wait := retryAfter(r.code, status); wait != "" && h.Get("Retry-After") == "" {
		h.Set("Retry-After", wait)
	}
	if status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="realname"`)
	}
	c.Set(keyCode, r.code)
	a.problems.WithLabelValues(r.code).Inc()
	if err := a.write(c, status, problemType, p); err != nil {
		a.o.Logger.InfoContext(c.Request().Context(), "the answer was not sent", a.attrs(c)...)
	}
}

// retryAfter is the seconds after which the same request may do better.
func retryAfter(code string, status int) string {
	switch {
	case code == "receipt_not_ready", code == "checkpoint_not_ready", code == "request_in_progress":
		return "1"
	case status == http.StatusServiceUnavailable, status == http.StatusTooManyRequests:
		return "5"
	}
	return ""
}
