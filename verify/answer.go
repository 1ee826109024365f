package verify

import (
	"time"

	"realname/compliance"
)

// Answer is what the gateway says to one request: the decision and, when a
// card or account was asked for, its opening.
type Answer struct {
	Decision compliance.Decision
	BizNo    string
	Opening  *Opening
	Digest   string // hex SHA-256 of the canonical decision, which its event and receipt commit to
	EventID  string // event of this version, for the receipt
	Replayed bool   // the idempotency key was known: this is the first answer again

	PersonalData PersonalData // behind it, where it was looked up
}

// PersonalData is what is left of the personal data behind a decision.
type PersonalData string

// The states of personal data; empty while it may be used.
const (
	DataStorageOnly PersonalData = "storage_only" // erasure was asked: it is kept for the law alone, until its end
	DataErased      PersonalData = "erased"
)

// Confirmation ends a reservation.
type Confirmation struct {
	ExternalRef     string // the card's or account's own number at the tenant, a reference without meaning to us
	AwaitActivation bool   // the holder must still activate it in person
}

// Replacement names what an opening becomes: the verification that it rests on, and its number at the tenant.
type Replacement struct {
	VerificationID string
	ExternalRef    string // kept when empty
}

// CloseReason says why a card or account ends; empty when nobody says.
type CloseReason string

// The reasons of closing.
const (
	ClosedByHolder      CloseReason = "holder_asked"
	ClosedByInstitution CloseReason = "institution"
	ClosedByPortOut     CloseReason = "port_out" // 携号转出
)

// NewEvidence announces one upload.
type NewEvidence struct {
	Kind         compliance.EvidenceKind
	Side         string
	Length       int64  // bytes
	Digest       string // hex SHA-256 of the content, optional; checked when given
	DeviceSerial string
	Attestor     string
	CapturedAt   time.Time
	PhoneToken   bool // also make a one-time token for a phone client
}

// Upload is how far an upload has come. Token is shown once, at creation.
type Upload struct {
	ID         string
	Kind       compliance.EvidenceKind
	Length     int64
	Received   int64
	Complete   bool
	Digest     string
	Token      string
	TokenUntil time.Time
	Replayed   bool
}

// StockRow is one existing opening that a tenant loads.
type StockRow struct {
	Document    Document
	Product     string
	ExternalRef string
	State       string // pending_activation, active, suspended or closed
	OpenedAt    time.Time
}

// Stock is the result of loading existing openings. Refused rows are named by
// index; they hold no personal data.
type Stock struct {
	ID       string
	Loaded   int
	Skipped  int
	Refused  []StockRefusal
	Replayed bool
}

// StockRefusal says why a row was not loaded.
type StockRefusal struct {
	Row  int // 0-based
	Code string
}
