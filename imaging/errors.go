package imaging

import "errors"

// ErrUnavailable says that the check was not executed: no worker answered, even on a second try.
var ErrUnavailable = errors.New("imaging: photo check not executed")

// UnavailableError says why a check was not executed. It is an ErrUnavailable, and
// a context error too where the caller's own context ended the wait.
type UnavailableError struct {
	Reason string // stable, one of the Unavailable* reasons
	Cause  error  // may be nil; holds no personal data
}

func (e *UnavailableError) Error() string {
	if e.Cause == nil {
		return ErrUnavailable.Error() + ": " + e.Reason
	}
	return ErrUnavailable.Error() + ": " + e.Reason + ": " + e.Cause.Error()
}

// Unwrap makes errors.Is find ErrUnavailable and the cause.
func (e *UnavailableError) Unwrap() []error {
	if e.Cause == nil {
		return []error{ErrUnavailable}
	}
	return []error{ErrUnavailable, e.Cause}
}

// Reasons of UnavailableError.
const (
	UnavailableBusy     = "queue_full"     // too many checks wait: try again later
	UnavailableOverdue  = "overdue"        // the pool's own budget for one check ran out
	UnavailableCanceled = "canceled"       // the caller's context ended
	UnavailableWorkers  = "workers_failed" // workers hung, failed, were killed or went away, again and again
	UnavailableClosed   = "closed"         // the pool is closed
)

// UploadError says why bytes were refused before or while decoding. It carries no content of the upload.
type UploadError struct {
	Code   string // stable, one of the Upload* codes
	Detail string // English, no personal data
}

func (e *UploadError) Error() string { return "imaging: " + e.Code + ": " + e.Detail }

// Codes of UploadError; each becomes an HTTP 4xx of the same code.
const (
	UploadEmpty             = "image_empty"
	UploadTooLarge          = "image_too_large"          // bytes
	UploadTooManyPixels     = "image_too_many_pixels"    // declared width x height, or what decoding so many takes
	UploadUnsupportedFormat = "image_unsupported_format" // magic bytes are not JPEG, PNG or WebP
	UploadCorrupt           = "image_corrupt"            // truncated, forged header, undecodable
	UploadTooCostly         = "image_too_costly"         // two workers crashed on it, or took more CPU time or memory than one image may
)
