package compliance

import "time"

// Check is one step of a verification and what it found.
type Check struct {
	Name       string      `json:"name"`
	Result     CheckResult `json:"result"`
	Reasons    []string    `json:"reasons,omitempty"`     // codes of the catalogue
	Source     string      `json:"source"`                // who answered: `gateway`, `worker`, `authority:<name>`, `tenant`
	Group      string      `json:"group,omitempty"`       // independence group: some clauses count independent channels
	NativeCode string      `json:"native_code,omitempty"` // the source's own code, never free text
	Reference  string      `json:"reference,omitempty"`   // the source's own reference, or an evidence id
	At         time.Time   `json:"at"`

	// Reused counts the other persons that a photo was seen with; nil for none.
	// It is for the compliance officer: neither person nor clerk sees it.
	Reused *ImageReuse `json:"reused,omitempty"`
}

// ImageReuse counts the distinct other persons that an image was seen with, in all and by what was alike.
type ImageReuse struct {
	Persons  int `json:"persons"`
	Card     int `json:"card"`
	Portrait int `json:"portrait"`
	Template int `json:"template"`
}

// Finding is what one clause in force demanded and found.
type Finding struct {
	Clause    string    `json:"clause"`     // id of facts, such as R-5CARD
	Version   string    `json:"version"`    // effective_from of the clause, YYYY-MM-DD
	Article   string    `json:"article"`    // such as "24"; empty when unseen
	Kind      string    `json:"kind"`       // requirement, limit, denial, review, notice …
	Demanded  string    `json:"demanded"`   // check name, quota family, …
	Found     string    `json:"found"`      // a CheckResult, or used/limit
	Outcome   Outcome   `json:"outcome"`    // what this clause alone would decide
	Reason    string    `json:"reason"`     // catalogue code, empty when satisfied
	Unchecked bool      `json:"unverified"` // the article was not read against its text
	Until     time.Time `json:"until,omitzero"`
}

// ReasonRef is a reason of the catalogue with the clauses it rests on.
type ReasonRef struct {
	Code    string   `json:"code"`
	Clauses []string `json:"clauses"`
}

// QuotaUse is the count that a limit clause found, this request not included.
type QuotaUse struct {
	Family     string    `json:"family"`
	Clause     string    `json:"clause"`
	Used       int       `json:"used"`
	Limit      int       `json:"limit"`
	Reserved   int       `json:"reserved,omitempty"`   // of Used, reservations that may still run out
	FreesAt    time.Time `json:"frees_at,omitzero"`    // when the first of them does
	Incomplete bool      `json:"incomplete,omitempty"` // the legal entity's stock is not loaded, so that there may be more
	Exception  string    `json:"exception,omitempty"`  // that lets this request pass a limit in principle
}

// VelocityUse is what a velocity found, this request not included. It is for the compliance officer: thresholds reach
// neither person nor clerk.
type VelocityUse struct {
	Name     string    `json:"name"`
	Clause   string    `json:"clause"`
	Used     int       `json:"used"`
	Limit    int       `json:"limit"`
	Full     bool      `json:"full,omitempty"`    // no room for this request
	FreesAt  time.Time `json:"frees_at,omitzero"` // when there is, if nothing else happens
	Bounded  bool      `json:"bounded,omitempty"` // this node's own share, while the shared store was gone
	Skipped  bool      `json:"skipped,omitempty"` // not asked: what it runs over has no number, or another had refused already
	Executed bool      `json:"executed"`          // false: nobody could be asked
}

// What frees a slot of a full family, or lets one be counted.
const (
	FreesClose     = "close_one"
	FreesRelease   = "release_one"
	FreesLeaseEnds = "lease_ends"
	FreesStock     = "load_stock"
	FreesException = "exception" // of a limit in principle: two people grant it
)

// Exceeded reports whether the limit has no room for one more.
func (u QuotaUse) Exceeded() bool { return u.Used >= u.Limit && u.Exception == "" }

// Frees says what would free a slot of a full family; never nil.
func (u QuotaUse) Frees() []string {
	out := []string{}
	if u.Exceeded() && u.Used > u.Reserved {
		out = append(out, FreesClose)
	}
	if u.Exceeded() && u.Reserved > 0 {
		out = append(out, FreesRelease, FreesLeaseEnds)
	}
	if u.Incomplete {
		out = append(out, FreesStock)
	}
	return out
}

// Commitment is a salted commitment to one input: HMAC of the value under a
// random salt that is sealed with the personal data. It reveals nothing
// without the salt.
type Commitment struct {
	Field string `json:"field"`
	Alg   string `json:"alg"`
	Value string `json:"value"` // hex
}

// OpeningRef names the card or account that a decision reserved.
type OpeningRef struct {
	ID         string    `json:"id"`
	State      string    `json:"state"` // when the decision was made
	LeaseUntil time.Time `json:"lease_until"`
}

// Decision is the outcome of one verification in one version: the canonical
// record that events and receipts commit to. It holds no personal data.
type Decision struct {
	ID           string       `json:"id"`
	Version      int          `json:"version"`
	TenantID     string       `json:"tenant_id"`
	Scene        Scene        `json:"scene"`
	Occasion     Occasion     `json:"event"`
	Product      string       `json:"product"`
	CustomerType string       `json:"customer_type"`
	Channel      ChannelKind  `json:"channel"`
	Outcome      Outcome      `json:"outcome"`
	Reasons      []ReasonRef  `json:"reasons"`
	Checks       []Check      `json:"checks"`
	Findings     []Finding    `json:"findings"`
	Quotas       []QuotaUse   `json:"quotas"`
	PolicyDigest string       `json:"policy_digest"` // hex SHA-256 of the policy text
	Facts        Facts        `json:"facts"`
	WaitingOn    []string     `json:"waiting_on"` // pending: check names
	Needed       []string     `json:"needed"`     // pending, review: evidence kinds that would help
	Deadline     time.Time    `json:"deadline,omitzero"`
	DecidedAt    time.Time    `json:"decided_at"`
	ExpiresAt    time.Time    `json:"expires_at,omitzero"` // approved: may be consumed by an opening until then
	Opening      *OpeningRef  `json:"opening,omitempty"`
	Consumes     string       `json:"consumes,omitempty"` // the approved verification that this opening rests on
	Commitments  []Commitment `json:"commitments"`

	Purpose            string `json:"purpose"`
	LegalBasis         string `json:"legal_basis"`
	NoticeVersion      string `json:"notice_version,omitempty"`
	ConsentRef         string `json:"consent_ref,omitempty"`
	LiabilityNoticeRef string `json:"liability_notice_ref,omitempty"`
}

// Facts are the coarse typed facts that policy conditions read. They are kept
// with the decision for replay and never identify a person: ages are bands.
type Facts struct {
	Date         string                 `json:"date"` // Asia/Shanghai civil date of the application, YYYY-MM-DD
	Sector       Sector                 `json:"sector"`
	Scene        Scene                  `json:"scene"`
	Occasion     Occasion               `json:"event"`
	Product      string                 `json:"product"`
	CustomerType string                 `json:"customer_type"` // `individual` or `unit`
	Channel      ChannelKind            `json:"channel"`
	Delegated    bool                   `json:"delegated"`            // a channel agent acts for the institution
	Proxy        bool                   `json:"proxy"`                // a proxy acts for the holder
	DocumentKind string                 `json:"document"`             // kind of the holder's document
	AgeBand      string                 `json:"age_band"`             // `under_14`, `under_18`, `adult`, `unknown`
	Evidence     []EvidenceKind         `json:"evidence"`             // kinds given, sorted
	Checks       map[string]CheckResult `json:"checks"`               // by check name
	CheckReasons map[string][]string    `json:"check_reasons"`        // catalogue codes by check name
	HasOpening   bool                   `json:"opening"`              // the request asks for a card or account
	PhotoGiven   bool                   `json:"photo"`                // a document photo is among the evidence
	Waited       bool                   `json:"waited_out"`           // the deadline of a pending decision has passed
	Parts        []string               `json:"parts,omitempty"`      // who and what can be counted beside the holder: roles, phone, channel …, sorted
	Velocities   []VelocityUse          `json:"velocities,omitempty"` // what the sliding windows held

	Determinations []Determination `json:"determinations,omitempty"` // of the holder, those not lifted, the earliest first
	BasicHeld      *int            `json:"basic_held,omitempty"`     // how much basic service he has with the legal entity; nil: not counted
	Own            *TenantRules    `json:"own,omitempty"`            // nil: the tenant demands no more than the clauses
	OwnProduct     string          `json:"own_product,omitempty"`    // the tenant's own name of the product
}

// TenantRules are what a tenant demands of a request beyond the clauses, as its settings stood then.
type TenantRules struct {
	Warnings map[string]Outcome `json:"warnings,omitempty"` // by check: what a warning comes to, review or rejected
	Demands  [][]string         `json:"demands,omitempty"`  // one check of each list must pass
}

// Determination is what an authority found of a person, as far as clauses look at it.
type Determination struct {
	On     string `json:"on"` // civil date in China, YYYY-MM-DD
	Ground Ground `json:"ground"`
}
