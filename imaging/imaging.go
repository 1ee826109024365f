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

// The classes. The first five are documents that are proved by their print; every
// other is told as `not_a_document` with the class as its detail.
const (
	ClassResidentFront Class = "resident_id_front"
	ClassResidentBack  Class = "resident_id_back"
	ClassPermitFront   Class = "residence_permit_front" // of residents of Hong Kong, Macao and Taiwan
	ClassForeignPR     Class = "foreign_pr_card"        // its front
	ClassPassport      Class = "passport"               // its data page
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
	ReasonPortraitSeveral     = "portrait_several"
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
	ReasonOccluded            = "occluded"             // value: square millimetres of bare card that something lies on, or the share of a face or of its edge that is covered
	ReasonTemporaryCard       = "temporary_card"       // value: witnesses in print
	ReasonExpired             = "expired"              // value: days since the card's last
	ReasonAuthorityUnreadable = "authority_unreadable" // value: confidence of the reading
	ReasonValidityUnreadable  = "validity_unreadable"  // value: confidence of the reading
	ReasonValidityImpossible  = "validity_impossible"  // value: confidence of the reading
	ReasonWrongDocument       = "wrong_document"
	ReasonOlderCard           = "older_card"     // of a layout that is not examined; value: confidence of its number's reading
	ReasonBirthMismatch       = "birth_mismatch" // value: confidence of the reading
	ReasonSexMismatch         = "sex_mismatch"   // value: confidence of the reading
	ReasonReusedImage         = "reused_image"   // of the gateway's index, never of a worker; value: other persons
)

// Claim is what the applicant typed. It travels in the request body to a
// worker over its unix socket and is never logged.
type Claim struct {
	Number string `json:"number,omitempty"`
	Name   string `json:"name,omitempty"`
	Birth  string `json:"birth_date,omitempty"` // YYYY-MM-DD, as from a chip or a machine-readable zone
	Sex    string `json:"sex,omitempty"`        // male or female
}

// Request asks for one photo to be checked.
type Request struct {
	Image    []byte
	Document Document // that it is claimed to show; empty means the resident card
	Side     Side
	Claim    *Claim
	// NoClaim states that there is nothing to compare with. Without it, a photo that comes
	// without a claim is never accepted: its comparison was not executed.
	NoClaim bool
	Crop    CropKind // which straightened part of the card the caller wants back
	// AllFields asks for nation and address too, which take longer to read than all that a verdict needs.
	AllFields bool
}

// Fields is what was read from the card; personal data. What was not read, or not surely, is empty.
type Fields struct {
	Number      string `json:"number,omitempty"`
	Name        string `json:"name,omitempty"`
	Sex         string `json:"sex,omitempty"`         // male or female
	Birth       string `json:"birth_date,omitempty"`  // YYYY-MM-DD
	Nation      string `json:"nation,omitempty"`      // 民族 as printed, without 族
	Address     string `json:"address,omitempty"`     // its lines joined
	Nationality string `json:"nationality,omitempty"` // as the number or the machine-readable zone codes it
	Authority   string `json:"authority,omitempty"`
	ValidFrom   string `json:"valid_from,omitempty"` // YYYY-MM-DD
	ValidTo     string `json:"valid_to,omitempty"`   // YYYY-MM-DD, or long_term
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

// Report is what a worker found. Fields, Crop and the texts of Zones are personal data: callers seal them or drop them.
type Report struct {
	Verdict         Verdict       `json:"verdict"`
	Class           Class         `json:"class"`
	Reasons         []Reason      `json:"reasons"`
	NumberAgreement Agreement     `json:"number_agreement"`
	NameAgreement   Agreement     `json:"name_agreement"`
	BirthAgreement  Agreement     `json:"birth_agreement"`
	SexAgreement    Agreement     `json:"sex_agreement"`
	Fields          Fields        `json:"fields"`
	Width           int           `json:"width"`
	Height          int           `json:"height"`
	Pipeline        string        `json:"pipeline"` // version of pipeline and models, for replay
	Models          string        `json:"models"`   // digest of the models alone
	Rules           string        `json:"rules"`    // version of the stages and digest of the thresholds with their bands
	Elapsed         time.Duration `json:"elapsed_ns"`

	Examinations []Examination `json:"examinations"`    // every step, once sealed
	Quad         *Quad         `json:"quad,omitempty"`  // the card's place; nil when no card was found
	Zones        []Zone        `json:"zones,omitempty"` // of the card, as far as they were found
	Crop         *Crop         `json:"crop,omitempty"`  // when it was asked for and its place was found

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
