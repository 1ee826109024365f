package verify

import (
	"fmt"
	"io"
	"time"

	"realname/compliance"
)

// Secret is text that identifies a person. No verb, encoder or logger prints
// it; Reveal is the only way out and is easy to search for.
type Secret string

const hidden = "[hidden]"

// Reveal returns the text. Callers seal it, send it to an authority or compare it; they never log it.
func (s Secret) Reveal() string { return string(s) }

// String hides the text.
func (s Secret) String() string { return hidden }

// GoString hides the text.
func (s Secret) GoString() string { return hidden }

// Format hides the text from every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// MarshalText hides the text from encoders; it cannot fail.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// Caller is the authenticated tenant behind a request.
type Caller struct {
	KeyID         string
	TenantID      string
	LegalEntityID string
	Role          compliance.TenantRole
	Sector        compliance.Sector
	Region        string // GB/T 2260 province code, or 000000 for nationwide
}

// Document is an identity document as the applicant gave it.
type Document struct {
	Kind         string // kinds of verify/idnumber
	Number       Secret
	IssuingState string // ISO 3166 alpha-3; only a passport's number needs it, for all others tell it
	ValidFrom    string // YYYY-MM-DD, optional
	ValidTo      string // YYYY-MM-DD or `long_term`, optional
	BirthDate    Secret // YYYY-MM-DD, optional: as printed on the document
	Sex          Secret // male or female, optional
	Nationality  Secret // ISO 3166 alpha-3, optional
}

// customerUnit is the customer type of a unit (单位); any other is treated as a person.
const customerUnit = "unit"

// Party is one person or unit in a request, with the part it plays.
type Party struct {
	Role      compliance.PartyRole
	Document  Document
	Name      Secret
	Phone     Secret
	Account   Secret // number of the bank account that the holder binds, if any
	Relation  string // to the holder, for proxies and guardians
	Authority string // evidence id or reference of the authorisation
}

// Channel is the way by which the request came.
type Channel struct {
	Kind         compliance.ChannelKind
	ChannelAgent string // 代理商
	Outlet       string
	Clerk        string
	Terminal     string
	Network      Secret `json:"-"` // the applicant's address or prefix, as the tenant saw it; kept as a keyed token only
}

// Evidence is one piece of evidence: an uploaded one by ID, a photo by its
// Content, or what a device or the tenant attests.
type Evidence struct {
	ID           string // evd_…, when it was uploaded before
	Kind         compliance.EvidenceKind
	Content      []byte // image bytes of a document photo
	Side         string // front or back, for document photos
	Result       compliance.CheckResult
	DeviceSerial string
	Attestor     string
	CapturedAt   time.Time
	Digest       string // hex SHA-256 of content kept in the tenant's own image system
	Locator      string // where the tenant keeps it

	fresh bool // given with this request, not uploaded or used before
}

// Request is one verification to decide.
type Request struct {
	BizNo              string // the tenant's own number, unique per tenant
	Scene              compliance.Scene
	Occasion           compliance.Occasion
	Product            string
	OwnProduct         string // the tenant's own name of Product, where it has one
	CustomerType       string // individual or unit
	Parties            []Party
	Channel            Channel
	Evidence           []Evidence
	Purpose            string
	LegalBasis         string
	NoticeVersion      string
	ConsentRef         string
	LiabilityNoticeRef string
}

// OpeningRequest asks for a card or account: either a Request to decide, or
// an approved verification to consume.
type OpeningRequest struct {
	Request        Request
	VerificationID string        // consume this one; then only Product, BizNo and the references of Request are read
	ExternalRef    string        // the tenant's own number of the card order
	PredecessorID  string        // the opening that a transfer takes over
	Lease          time.Duration // of the reservation, up to MaxLease; the product's own when zero

	adopted map[string]compliance.Check // by name, from the consumed verification
}

// Holder returns the holder of the card or account.
func (r *Request) Holder() (Party, bool) { return r.party(compliance.RoleHolder) }

// Proxy returns the proxy (代办人), if one acts.
func (r *Request) Proxy() (Party, bool) { return r.party(compliance.RoleProxy) }

func (r *Request) party(role compliance.PartyRole) (Party, bool) {
	for _, p := range r.Parties {
		if p.Role == role {
			return p, true
		}
	}
	return Party{}, false
}
