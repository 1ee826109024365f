package verify

import (
	"context"
	"errors"
	"time"

	"realname/compliance"
	"realname/compliance/policy"
	"realname/compliance/vault"
	"realname/ratelimit/quota"
	"realname/ratelimit/velocity"
)

// Errors of a Ledger. Whatever else it returns means that nothing was written.
var (
	ErrNotFound      = errors.New("verify: not in the ledger")
	ErrKeyTaken      = errors.New("verify: the idempotency key is already in the ledger")
	ErrBizNoTaken    = errors.New("verify: biz_no is already in the ledger")
	ErrConsumed      = errors.New("verify: the verification was already consumed")
	ErrStale         = errors.New("verify: a newer version is already in the ledger")
	ErrWrongOffset   = errors.New("verify: the upload stands at another offset")
	ErrUploadClosed  = errors.New("verify: the upload is complete")
	ErrImportOverlap = errors.New("verify: the import was already loaded")
	ErrNotKept       = errors.New("verify: the evidence is kept no longer")

	// ErrOpeningEnded: the opening is final, or its reservation's lease has ended.
	ErrOpeningEnded = errors.New("verify: the opening has ended")
	// ErrExternalRefTaken: another opening of the tenant that is not released or expired has the reference.
	ErrExternalRefTaken = errors.New("verify: external_ref is already in the ledger")
)

// Ledger is the durable store, implemented by internal/sqlstore on SQLite and
// PostgreSQL. Every method that returns nil error from a write is durable.
// Times that it returns are UTC with microseconds. Ledger time never runs
// backwards: writes use the later of the clock and the durable high-water mark.
type Ledger interface {
	StockLedger
	ExceptionLedger
	LookupLedger
	DeterminationLedger
	ObjectionLedger
	ErasureLedger

	// Enroll finds the person that one of the document keys leads to, or makes
	// NewPersonID that person; adds missing keys as aliases; and finds or
	// stores the data key of (tenant, person, relationship, retention class).
	// Without any document key there is no person (PersonID stays empty) and
	// the data key is stored as given, shared with nothing.
	Enroll(ctx context.Context, e Enrolment) (Enrolled, error)

	// TenantLimits are the limits that a tenant set for itself, by family.
	TenantLimits(ctx context.Context, tenantID string) (map[string]int, error)

	// TenantSettings are what else the tenant set for itself, without its limits; zero for nothing.
	TenantSettings(ctx context.Context, tenantID string) (policy.TenantSettings, error)

	// Count counts without locks: a cheap early refusal, never an admission.
	Count(ctx context.Context, demands []quota.Demand) ([]quota.Use, error)

	// Commit counts the demands under the persons' locks and looks the images up
	// under those of their scopes, calls Build with the counts and the ledger time,
	// and writes what it returns and the images' entries, all in one transaction.
	// It returns ErrKeyTaken, ErrBizNoTaken, ErrConsumed or ErrStale with nothing written.
	Commit(ctx context.Context, rec Record) (Rows, error)

	// DecisionByKey returns the version that was made under the idempotency key.
	DecisionByKey(ctx context.Context, tenantID, key string) (Stored, error)
	// Decision returns the newest version.
	Decision(ctx context.Context, tenantID, id string) (Stored, error)
	// DecisionParties are whom a version counted by beside its holder.
	DecisionParties(ctx context.Context, tenantID, id string, version int) ([]quota.Key, error)
	// DecisionVersion returns one version.
	DecisionVersion(ctx context.Context, tenantID, id string, version int) (Stored, error)
	// DecisionByBizNo returns the newest version.
	DecisionByBizNo(ctx context.Context, tenantID, bizNo string) (Stored, error)
	// PendingDecisions returns up to limit newest versions that are pending, of
	// all tenants, in the order of (id), beginning after the id `after`.
	PendingDecisions(ctx context.Context, after string, limit int) ([]Stored, error)

	// OpeningParties are whom an opening counts for beside its holder.
	OpeningParties(ctx context.Context, tenantID, id string) ([]quota.Key, error)
	// Opening returns one opening of the tenant.
	Opening(ctx context.Context, tenantID, id string) (Opening, error)
	// Shift moves openings that exist, under the locks of their holders: it counts the demands, calls Apply with the
	// openings as they stand and the counts, and writes what it returns. When Apply's own error is not nil nothing is written.
	// An update to the final state in which an opening is already is left out, with its event.
	Shift(ctx context.Context, sh Shift) (ShiftRows, error)
	// Transition applies change to the opening inside a transaction that holds
	// the person's lock. When change's own error is not nil nothing is written.
	Transition(ctx context.Context, tenantID, id string, change func(at time.Time, o Opening) (OpeningUpdate, error)) (Opening, error)
	// ExpireLeases moves up to limit reserved openings whose lease ended to
	// expired, each with the event that the function makes, and returns how many.
	ExpireLeases(ctx context.Context, limit int, event func(at time.Time, o Opening) (compliance.Event, error)) (int, error)
	// Import inserts existing stock. Rows whose external_ref the tenant already
	// has are skipped and counted. The event is made from the counts.
	Import(ctx context.Context, imp Import) (ImportResult, error)
	// ImportByKey returns the result of an earlier import under the idempotency key.
	ImportByKey(ctx context.Context, tenantID, key string) (ImportResult, error)

	// PutEvidence inserts one piece of evidence, complete or to be uploaded.
	// ErrKeyTaken when its idempotency key is already used.
	PutEvidence(ctx context.Context, e EvidenceRow, event *compliance.Event) error
	// EvidenceByKey returns the evidence created under the idempotency key, without content.
	EvidenceByKey(ctx context.Context, tenantID, key string) (EvidenceRow, error)
	// Evidence returns one piece of evidence without content.
	Evidence(ctx context.Context, tenantID, id string) (EvidenceRow, error)
	// EvidenceByToken returns the evidence whose upload token hash this is.
	EvidenceByToken(ctx context.Context, tokenHash string) (EvidenceRow, error)
	// AppendChunk adds one sealed chunk of n plain bytes at offset;
	// ErrWrongOffset when the upload stands elsewhere, ErrUploadClosed when complete.
	AppendChunk(ctx context.Context, tenantID, id string, offset, n int64, sealed []byte) (received int64, err error)
	// CompleteEvidence closes the upload: sets the digest, forgets the token.
	CompleteEvidence(ctx context.Context, tenantID, id, digest string, event compliance.Event) error
	// Chunks returns the sealed chunks in order; content given at once is the one chunk.
	Chunks(ctx context.Context, tenantID, id string) ([][]byte, error)
	// SweepRetention judges up to sweep.Limit kept pieces whose KeepUntil has come, each under its person's lock.
	// What lies behind it goes, with its event; what the relationship keeps longer gets its new KeepUntil.
	SweepRetention(ctx context.Context, sweep RetentionSweep) (RetentionPage, error)
	// Disclose records that a copy of kept evidence leaves, with its event; again writes the event alone.
	// ErrNotKept when its retention has ended meanwhile, ErrKeyTaken when the idempotency key is already used.
	Disclose(ctx context.Context, d Disclosure, again bool, event compliance.Event) error
	// DisclosureByKey returns the disclosure that was made under the idempotency key.
	DisclosureByKey(ctx context.Context, tenantID, key string) (Disclosure, error)
	// DataKey returns a data key by id.
	DataKey(ctx context.Context, tenantID, id string) (vault.DataKey, error)

	// Images looks a photo up without locks: for an early refusal, never for an approval.
	Images(ctx context.Context, search ImageSearch) (compliance.ImageReuse, error)
	// ExpireImages forgets up to limit entries of the index of images that were
	// recorded before a time, and returns how many.
	ExpireImages(ctx context.Context, before time.Time, limit int) (int, error)

	// OpeningWindows are what the openings of a decision count under, or counted until they were released.
	OpeningWindows(ctx context.Context, decisionID string) ([]Windows, error)
	// ForgetWindows forgets what no window holds any more: among the limit oldest decisions what is from before a time.
	ForgetWindows(ctx context.Context, before time.Time, limit int) (int, error)

	// Append records an event that changes nothing else.
	Append(ctx context.Context, event compliance.Event) error

	// Attempt records one refused attempt with its event.
	Attempt(ctx context.Context, a Attempt, event compliance.Event) error
}

// Enrolment brings a person's document keys, newest key version first, and those of the others whom the request names.
type Enrolment struct {
	Keys        []vault.DocumentKey
	NewPersonID string
	DataKey     vault.DataKey // PersonID is filled by the ledger
	Others      []Other
}

// Other is somebody beside the holder, or a phone number, reached like a person by keyed numbers.
type Other struct {
	Part  quota.Part
	Keys  []vault.DocumentKey
	NewID string
}

// Enrolled is the person and data key that hold now, and the others in the order of the enrolment.
type Enrolled struct {
	PersonID string
	DataKey  vault.DataKey
	Others   []quota.Key
}

// Record is one unit of work for Commit.
type Record struct {
	Persons []string // locked, in sorted order, before anything is counted
	Demands []quota.Demand
	// Build makes the rows once the counts are binding. It runs inside the
	// transaction and may run again after a retry: pure, quick, no I/O.
	Build func(at time.Time, uses []quota.Use, reuse compliance.ImageReuse) (Rows, error)
	// Images is looked up under the locks of its scopes, and its entries are
	// written with the rows; nil when no photo was looked at.
	Images *ImageSearch
}

// Rows is what one Commit writes.
type Rows struct {
	Decision DecisionRow
	Opening  *Opening       // inserted; it counts for the decision's parties too
	Update   *OpeningUpdate // of the opening that an earlier version reserved
	Evidence []EvidenceRow  // complete pieces given with the request
	Consumes string         // verification to mark consumed; ErrConsumed if it already is
	Excepts  []string       // exceptions that this decision uses up
	Windows  Windows        // what it counts under in the sliding windows; openings only when one is inserted
}

// Opens reports whether an opening is reserved, by this version or an earlier one.
func (r *Rows) Opens() bool {
	return r.Opening != nil || r.Update != nil && r.Update.State == quota.Reserved
}

// Windows are the keys that one reservation is counted under in the sliding windows.
type Windows struct {
	ID   string // of the reservation
	Keys []WindowKey
}

// WindowKey is one of them.
type WindowKey struct {
	Key      string
	Counts   velocity.Counting
	Released bool // its unit came back
}

// Shift is one unit of work on openings that exist.
type Shift struct {
	TenantID string
	Openings []string // read under the locks of their holders
	Persons  []string // whom the demands count, too
	Demands  []quota.Demand
	Succeeds string // the opening that gets a successor; when it has one already that is returned, and nothing is written
	Apply    func(at time.Time, openings []Opening, uses []quota.Use) (ShiftRows, error)
}

// ShiftRows is what one Shift writes. Its events cover the updates that have none of their own.
type ShiftRows struct {
	Updates  []OpeningUpdate
	Opening  *Opening    // inserted
	Parties  []quota.Key // others whom it counts for
	Events   []compliance.Event
	Consumes string   // verification that the inserted opening uses up
	Excepts  []string // exceptions that it uses up
	Windows  Windows  // what it counts under in the sliding windows, in place of the openings of its decision that were released
	Repeated bool     // Opening is an earlier successor
}

// DecisionRow is one version of a decision, fat: event, seals and
// idempotency key travel in the same row.
type DecisionRow struct {
	Decision       compliance.Decision
	Canonical      []byte // of Decision; what the event's digest is of
	Event          compliance.Event
	PersonID       string
	Parties        []quota.Key // others who were counted; as written, not read back
	LegalEntityID  string
	BizNo          string
	Channel        Channel
	IdempotencyKey string // of the request that made this version; unique per tenant, empty when the gateway settled it by itself
	RequestDigest  string // keyed digest of the request made under that key
	DataKeyID      string
	Sealed         []byte // the request's personal data and salts, for settling and for the person
}

// Stored is a decision as the ledger has it.
type Stored struct {
	DecisionRow
	ConsumedBy string // id of the decision that consumed this verification
}

// Opening is one card or account.
type Opening struct {
	ID            string
	TenantID      string
	LegalEntityID string
	PersonID      string
	DecisionID    string
	Product       string
	State         quota.State
	LeaseUntil    time.Time // zero unless reserved
	Origin        string    // gateway, imported, external
	ExternalRef   string
	OpenedAt      time.Time // as told for imported stock
	PredecessorID string    // the opening whose slot this one keeps or takes over
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// OpeningUpdate is the new state of an opening with its event. From Transition
// a nil Event means that nothing changed and nothing is written; in Rows it
// means that the decision's own event covers the change.
type OpeningUpdate struct {
	ID          string
	State       quota.State
	LeaseUntil  time.Time
	ExternalRef string // kept when empty
	Event       *compliance.Event
}

// Import is a batch of existing openings of one tenant, already keyed.
type Import struct {
	ID             string
	TenantID       string
	LegalEntityID  string
	IdempotencyKey string
	RequestDigest  string
	Rows           []ImportRow
	Event          func(at time.Time, r ImportResult) (compliance.Event, error)
}

// ImportRow is one existing opening.
type ImportRow struct {
	Keys        []vault.DocumentKey
	NewPersonID string
	Opening     Opening // PersonID is filled by the ledger
}

// ImportResult counts what an import did.
type ImportResult struct {
	ID            string
	Loaded        int
	Skipped       int // external_ref already known
	RequestDigest string
}

// EvidenceRow is one piece of evidence. Sealed is its content as one chunk,
// when it came at once; pieces that are uploaded in parts have several.
type EvidenceRow struct {
	ID             string
	TenantID       string
	DecisionID     string // empty until used
	Kind           compliance.EvidenceKind
	Side           string
	DeviceSerial   string
	Attestor       string
	CapturedAt     time.Time
	ReceivedAt     time.Time
	Digest         string // hex SHA-256 of the plain content
	Locator        string
	Length         int64 // announced bytes
	Received       int64
	Complete       bool
	TokenHash      string
	TokenUntil     time.Time
	IdempotencyKey string
	RequestDigest  string
	DataKeyID      string
	Sealed         []byte
	KeptBy         string    // clause that wants the content kept; empty for none
	KeepYears      int       // for how long after the relationship's end
	KeepUntil      time.Time // no earlier may it go; later, where the relationship ends after the decision
	EndedAt        time.Time // when it went, after its clause's years
	Released       bool      // of a row to write: nothing wants the content any more, and it goes
}

// Attempt is a request that was refused before any decision. What was not known
// by then is empty.
type Attempt struct {
	ID       string
	TenantID string
	Code     string // stable code of the refusal
	Endpoint string
	Scene    compliance.Scene
	Product  string
	PersonID string // enrolled before
	Channel  Channel
	Windows  Windows // attempts that it counts as
	At       time.Time
}
