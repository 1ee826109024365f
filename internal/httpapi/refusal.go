package httpapi

import (
	"errors"
	"net/http"

	"realname/compliance"
)

// refusal is input that cannot be decoded or fails validation. It is answered
// with its code and recorded as an attempt.
type refusal struct {
	fault  compliance.Fault
	code   string
	detail string // English, for developers, without a value from the request
	fields []fieldError
}

// fieldError names one offending field by its JSON pointer (RFC 6901).
type fieldError struct {
	pointer string
	code    string
	detail  string
}

func (r *refusal) Error() string { return r.code + ": " + r.detail }

func refuse(code, detail string) *refusal {
	return &refusal{fault: compliance.FaultInvalid, code: code, detail: detail}
}

func (r *refusal) as(f compliance.Fault) *refusal { r.fault = f; return r }

// at names the field that the refusal is about.
func (r *refusal) at(pointer string) *refusal {
	r.fields = append(r.fields, fieldError{pointer: pointer, code: r.code, detail: r.detail})
	return r
}

// refuseFields is a validation that failed in these fields. Personal data where
// none may be is told apart, because the caller has sent it and must stop.
func refuseFields(fields ...fieldError) *refusal {
	r := refuse("validation_failed", "see errors")
	for _, f := range fields {
		if f.code == "personal_data_in_reference" {
			r = refuse(f.code, "see errors")
		}
	}
	r.fields = fields
	return r
}

func refuseMedia(detail string) *refusal {
	return refuse("unsupported_media_type", detail).as(compliance.FaultUnsupportedMedia)
}

func refuseLarge(detail string) *refusal {
	return refuse("body_too_large", detail).as(compliance.FaultTooLarge)
}

// refuseBody maps an error from reading a request body.
func refuseBody(err error) error {
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return refuseLarge(limitDetail(tooLarge.Limit))
	}
	return refuse("body_truncated", "the body ended before its announced length")
}
