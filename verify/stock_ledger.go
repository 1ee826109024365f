package verify

import (
	"context"
	"time"

	"realname/compliance"
	"realname/compliance/vault"
	"realname/ratelimit/quota"
)

// StockLedger keeps what is known of existing stock: files that are loaded, baselines that were stated, and comparisons
// with the tenant's own file.
type StockLedger interface {
	// StockLoad returns the load that was begun under the key; ErrNotFound when there is none.
	StockLoad(ctx context.Context, tenantID, key string) (StockLoad, error)
	// StockLoadByID returns one load of the tenant.
	StockLoadByID(ctx context.Context, tenantID, id string) (StockLoad, error)
	// StockLoadByName returns the newest load of a file of that name.
	StockLoadByName(ctx context.Context, tenantID, nameDigest string) (StockLoad, error)
	// BeginStockLoad records a load before its first row; ErrImportOverlap when the key is taken.
	BeginStockLoad(ctx context.Context, l StockLoad) (StockLoad, error)
	// LoadStock writes the next rows of a load and moves its cursor, in one transaction with the event. A load whose
	// cursor stands elsewhere than chunk.Load says is moved by somebody else: ErrStale, with nothing written.
	LoadStock(ctx context.Context, chunk StockChunk) (StockLoad, error)
	// RefusedRows returns up to limit refused rows of a load or reconciliation of the tenant, those after row `after`.
	RefusedRows(ctx context.Context, tenantID, runID string, after int64, limit int) ([]RefusedRow, error)

	// StateBaseline records a baseline with its event; a later statement for the same day replaces the earlier.
	StateBaseline(ctx context.Context, b Baseline, event func(at time.Time) (compliance.Event, error)) error
	// Baseline tells since when the stock of a family is complete, by the newest day that was stated for the legal
	// entity; the zero time and false when none was.
	Baseline(ctx context.Context, legalEntityID, family string) (asOf time.Time, complete bool, err error)

	// BeginReconciliation records a comparison before its first row; one of the tenant's that was not ended is abandoned.
	BeginReconciliation(ctx context.Context, r Reconciliation, event func(at time.Time) (compliance.Event, error)) (Reconciliation, error)
	// StageRows adds rows of the tenant's file to a comparison. A reference that stood in the file before is refused with
	// the code `repeated`. ErrStale when the comparison is no longer being read.
	StageRows(ctx context.Context, id string, rows []StagedRow, refused []RefusedRow, repeated string) error
	// Reconcile compares what was staged with the tenant's openings, in one snapshot, and ends the comparison. It makes an
	// event of each finding and one of the whole; ErrStale when a newer comparison has abandoned this one.
	Reconcile(ctx context.Context, id string, of ReconciliationEvents) (Reconciliation, error)
	// Reconciliation returns one comparison of the tenant.
	Reconciliation(ctx context.Context, tenantID, id string) (Reconciliation, error)
	// Findings returns up to limit findings of a comparison of the tenant, those after the ordinal `after`.
	Findings(ctx context.Context, tenantID, id string, after int64, limit int) ([]Finding, error)
}

// StockLoad is how far one file of existing openings is loaded.
type StockLoad struct {
	ID            string
	TenantID      string
	LegalEntityID string
	Key           string // idempotency key, or one made of the file's digest
	Digest        string // keyed digest of the whole file; empty for a stream
	NameDigest    string // of the file's name; empty when it has none
	Byte          int64  // where the next record begins
	Row           int64  // records before it, the header among them
	Loaded        int64
	Known         int64 // skipped: the tenant has an opening of that external_ref
	Refused       int64
	StartedAt     time.Time
	MovedAt       time.Time
	EndedAt       time.Time // zero until the whole file is loaded
	Replayed      bool      // it was loaded before: nothing was done
}

// Complete reports whether the whole file is loaded.
func (l *StockLoad) Complete() bool { return !l.EndedAt.IsZero() }

// StockChunk is the next rows of a load, and where its cursor stands behind them.
type StockChunk struct {
	Load    StockLoad // as it stands before
	Rows    []ImportRow
	Refused []RefusedRow
	Byte    int64
	Row     int64
	Last    bool
	Event   func(at time.Time, after StockLoad) (compliance.Event, error)
}

// RefusedRow is a row of a file that could not be used, by the number of its record: the header is row 1.
type RefusedRow struct {
	Row         int64
	Code        string // in the catalogue
	ExternalRef string // empty unless it is a reference
}

// Baseline says whether the ledger has the whole nationwide stock of a family.
type Baseline struct {
	LegalEntityID string
	Family        string
	AsOf          time.Time // midnight in China
	Complete      bool
}

// StagedRow is one opening of the tenant's own file.
type StagedRow struct {
	Row         int64
	ExternalRef string
	Product     string              // empty: none that there is
	State       quota.State         // empty: none that there is
	Named       bool                // the file says who holds it
	Keys        []vault.DocumentKey // of its holder; none when no such person can be
}

// The phases of a reconciliation.
const (
	ReconciliationReading   = "reading"
	ReconciliationComparing = "comparing"
	ReconciliationMarking   = "marking"
	ReconciliationComplete  = "complete"
	ReconciliationAbandoned = "abandoned"
)

// Reconciliation is one comparison of the ledger with a tenant's own file.
type Reconciliation struct {
	ID            string
	TenantID      string
	LegalEntityID string
	Digest        string // keyed digest of the file
	Phase         string
	Staged        int64 // rows of the file that were compared
	Refused       int64
	Matched       int64 // both sides have it, and the same of it
	Differing     int64 // both sides have it, but not the same of it
	OnlyLedger    int64
	OnlyFile      int64
	StartedAt     time.Time
	EndedAt       time.Time // StartedAt until it has ended
}

// The sides of a finding.
const (
	SideLedger = "ledger"
	SideFile   = "file"
)

// Finding is one opening that only one side has, or that both have differently.
type Finding struct {
	Ordinal     int64
	Side        string // that has it; ledger for a difference
	OpeningID   string
	ExternalRef string
	Row         int64  // in the file; 0 when only the ledger has it
	Difference  string // product, state or person, several with commas; empty when one side lacks it
}

// ReconciliationEvents make the events of a comparison inside its transactions.
type ReconciliationEvents struct {
	Finding func(at time.Time, f Finding) (compliance.Event, error)
	Done    func(at time.Time, r Reconciliation) (compliance.Event, error)
}

// The kinds of findings.
const (
	FindingOnlyLedger = "only_ledger"
	FindingOnlyFile   = "only_file"
	FindingDiffers    = "differs"
)

// Kind says in one word what was found.
func (f *Finding) Kind() string {
	switch {
	case f.Difference != "":
		return FindingDiffers
	case f.Side == SideFile:
		return FindingOnlyFile
	}
	return FindingOnlyLedger
}
