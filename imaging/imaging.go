// Package imaging is the contract of the photo check: what is asked of a
// worker, what it answers, and which uploads never reach one. It is pure Go;
// the pipeline itself is imaging/vision, in its own processes.
package imaging

import (
	"context"
	"time"
)

// Side is the side of the document a photo is claimed to show.
type Side string

// The sides of a card; an empty Side means the front.
const (
	SideFront Side = "front"
	SideBack  Side = "back"
)

// Verdict is the outcome of one photo check.
type Verdict string

// The verdicts. Accept needs positive proof of the card, never the mere absence of suspicion.
const (
	Accept Verdict = "accept"
	Review Verdict = "review"
	Reject Verdict = "reject"
)

// Class says what the picture is.
type Class string

// The classes. Everything but ClassResidentFront and ClassResidentBack is told
// as `not_a_document` with the class as its detail.
const (
	ClassResidentFront Class = "resident_id_front"
	ClassResidentBack  Class = "resident_id_back"
	ClassDrawing       Class = "drawing"
	ClassPhoto         Class = "photo"
	ClassScreenshot    Class = "screenshot"
	ClassOtherDocument Class = "other_document"
	ClassTextPage      Class = "text_page"
	ClassBlank         Class = "blank"
	ClassUnknown       Class = "unknown"
)

// Box is a place on the upright image (EXIF orientation applied), in pixels.
type Box struct {
	X      int `json:"x"`
	Y      int `json:"y"`
	Width  int `json:"width"`
	Height int `json:"height"`
}

// Point is a place on the upright image, in pixels.
type Point struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
}

// Reason is one finding behind a verdict. Value and Threshold share the unit
// that the code documents; both are zero where nothing is measured.
type Reason struct {
	Code      string  `json:"code"`
	Value     float64 `json:"value"`
	Threshold float64 `json:"threshold"`
	Place     *Box    `json:"place,omitempty"`
}

// Reason codes of the first depth. Each also stands in compliance's catalogue.
const (
	ReasonNotADocument        = "not_a_document"
	ReasonWrongSide           = "wrong_side"
	ReasonTooSmall            = "too_small"
	ReasonBlurred             = "blurred"
	ReasonTooDark             = "too_dark"
	ReasonTooBright           = "too_bright"
	ReasonBorderIncomplete    = "border_incomplete"
	ReasonSeveralCards        = "several_cards"
	ReasonPortraitMissing     = "portrait_missing"
	ReasonPortraitDrawn       = "portrait_drawn"
	ReasonNumberUnreadable    = "number_unreadable"
	ReasonNumberInvalid       = "number_invalid"
	ReasonNumberMismatch      = "number_mismatch"
	ReasonNameUnreadable      = "name_unreadable"
	ReasonNameVariant         = "name_variant"
	ReasonNameMismatch        = "name_mismatch"
	ReasonPhotocopy           = "photocopy"            // value: chroma of the print, share of full scale; below the threshold
	ReasonScreenRecapture     = "screen_recapture"     // value: log10 of a grid's power over its spectrum's
	ReasonElectronicCopy      = "electronic_copy"      // value: share of the surroundings of one exact colour, or its like
	ReasonEdited              = "edited"               // value: share of a zone of one exact colour; 1 for a program named in the file
	ReasonGlare               = "glare"                // value: share of a zone that a highlight burnt out
	ReasonOccluded            = "occluded"             // value: square millimetres of bare card that something lies on
	ReasonTemporaryCard       = "temporary_card"       // value: witnesses in print
	ReasonExpired             = "expired"              // value: days since the card's last
	ReasonAuthorityUnreadable = "authority_unreadable" // value: confidence of the reading
	ReasonValidityUnreadable  = "validity_unreadable"  // value: confidence of the reading
	ReasonValidityImpossible  = "validity_impossible"  // value: confidence of the reading
	ReasonReusedImage         = "reused_image"         // of the gateway's index, never of a worker; value: other persons
)

// Claim is what the applicant typed. It travels in the request body to a
// worker over its unix socket and is never logged.
type Claim struct {
	Number string `json:"number,omitempty"`
	Name   string `json:"name,omitempty"`
}

// Request asks for one photo to be checked.
type Request struct {
	Image []byte
	Side  Side
	Claim *Claim
}

// Fields is what was read from the card; personal data.
type Fields struct {
	Number string `json:"number,omitempty"`
	Name   string `json:"name,omitempty"`
}

// Agreement compares one field of the card with the claim.
type Agreement string

// The agreements. NotCompared means that there was no claim for the field.
const (
	Agrees      Agreement = "agrees"
	Disagrees   Agreement = "disagrees"
	Unreadable  Agreement = "unreadable"
	NotCompared Agreement = "not_compared"
)

// Report is what a worker found. Fields is personal data: callers seal it or drop it.
type Report struct {
	Verdict         Verdict       `json:"verdict"`
	Class           Class         `json:"class"`
	Reasons         []Reason      `json:"reasons"`
	NumberAgreement Agreement     `json:"number_agreement"`
	NameAgreement   Agreement     `json:"name_agreement"`
	Fields          Fields        `json:"fields"`
	Width           int           `json:"width"`
	Height          int           `json:"height"`
	Pipeline        string        `json:"pipeline"` // version of pipeline and models, for replay
	Elapsed         time.Duration `json:"elapsed_ns"`

	// Quad holds the card's corners, its own top left first, then clockwise; they
	// lie outside the image where it is cut off. Nil when no card was found.
	Quad *[4]Point `json:"quad,omitempty"`

	// Fingerprints are of the front of a card, wherever one was found. Personal
	// data as Fields is: never logged, never answered to a caller.
	Fingerprints *Fingerprints `json:"fingerprints,omitempty"`
}

// Checker checks photos; Pool is the one that runs.
type Checker interface {
	// Check returns an *UploadError for bytes that cannot be a photo we decode,
	// ErrUnavailable when no worker could answer, and otherwise a Report.
	Check(ctx context.Context, req Request) (Report, error)
}
