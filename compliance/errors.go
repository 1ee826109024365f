package compliance

import (
	"errors"
	"fmt"
)

// Fault is the family that an Error belongs to; internal/httpapi maps each to one HTTP status.
type Fault int

// The faults.
const (
	FaultInternal         Fault = iota // 500
	FaultInvalid                       // 400: malformed or failing validation
	FaultUnauthenticated               // 401
	FaultForbidden                     // 403
	FaultNotFound                      // 404; also for what belongs to another tenant
	FaultConflict                      // 409
	FaultGone                          // 410: it was here and is kept no longer
	FaultTooLarge                      // 413
	FaultUnsupportedMedia              // 415
	FaultUnprocessable                 // 422: well formed, cannot be processed
	FaultTooMany                       // 429
	FaultUnavailable                   // 503: try again later
)

// Error is the one family of errors that reaches a caller. Code is stable and
// has its texts in the catalogue; Detail is English for developers and holds
// no personal data. Field names the offending field as a JSON pointer.
type Error struct {
	Fault  Fault
	Code   string
	Detail string
	Field  string
	Cause  error // for the log, never for the caller
}

func (e *Error) Error() string {
	s := e.Code
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	if e.Cause != nil {
		s = fmt.Sprintf("%s (%v)", s, e.Cause)
	}
	return s
}

func (e *Error) Unwrap() error { return e.Cause }

// E makes an Error.
func E(f Fault, code, detail string) *Error { return &Error{Fault: f, Code: code, Detail: detail} }

// At names the field, as a JSON pointer, and returns e.
func (e *Error) At(pointer string) *Error { e.Field = pointer; return e }

// Because keeps the cause for the log and returns e.
func (e *Error) Because(cause error) *Error { e.Cause = cause; return e }

// CodeOf returns the stable code of err, or "internal".
func CodeOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return "internal"
}
