package verify

import (
	"context"
	"time"

	"realname/compliance"
	"realname/compliance/policy"
	"realname/compliance/vault"
	"realname/verify/idnumber"
)

// ErasureLedger is what a Ledger does about the end of personal data.
type ErasureLedger interface {
	// Erase judges up to sweep.Limit data keys, each under its person's lock: those whose look has come, or those of a person
	// who asks. One whose end has come is destroyed, with its event.
	Erase(ctx context.Context, sweep ErasureSweep) (ErasurePage, error)
}

// ErasureSweep asks for one page of data keys.
type ErasureSweep struct {
	After  ErasureMark // zero: from the beginning
	Limit  int
	DryRun bool          // judge, and write nothing
	Asked  *ErasureAsked // nil: those whose look has come
	// Years is for how long after the relationship's end the law, as it is at a time, wants what is sealed under a key; 0: no
	// law does.
	Years func(at time.Time, k vault.DataKey) int
	// Until is the first moment at which a relationship that ended at end lets go what is kept for years after it.
	Until func(end time.Time, years int) time.Time
	// Event makes the event of a key that goes, or of which erasure was asked. It may be called again after a retry.
	Event func(at time.Time, e Erased) (compliance.Event, error)
}

// ErasureAsked is a person's demand on one tenant.
type ErasureAsked struct {
	TenantID     string
	PersonID     string
	Relationship string // scene; empty: all
	Basis        string // a token, such as pipl_47
}

// ErasureMark is a place in the order that keys are looked at in.
type ErasureMark struct {
	LookAt time.Time
	ID     string
}

// ErasurePage is what one page found.
type ErasurePage struct {
	Keys []Erased
	Next ErasureMark
	More bool // go on after Next
}

// Erased is one data key, and what became of it.
type Erased struct {
	ID            string
	TenantID      string
	Relationship  string
	Class         string
	MasterVersion int // erasure is complete once that version is destroyed, which backups hold
	Fate          ErasureFate
	Until         time.Time // no earlier, as is known now; zero where nobody knows
	Asked         bool
	Basis         string
	Images        int // entries of the index of images that went with it
	DocumentKeys  int // of a person of whom nothing is left
}

// ErasureFate is what becomes of a data key.
type ErasureFate string

// The fates.
const (
	ErasureDone    ErasureFate = "erased"
	ErasureLater   ErasureFate = "later"   // the law wants it until then; once asked for, for nothing else
	ErasureLasting ErasureFate = "lasting" // a card or account lasts
	ErasureAwaits  ErasureFate = "awaits"  // a verification or an opening is open, or kept evidence not swept yet
	ErasureUnasked ErasureFate = "unasked" // no law names an end, and nobody asked for one
)

// EraseData judges data keys page by page, and tells found of each. asked is nil for those whose look has come. A dry run
// writes nothing. Two runs at once end and log each key once; one that was cut short is finished by the next.
func EraseData(ctx context.Context, ledger ErasureLedger, ids *compliance.IDs, rules *policy.Policy, dryRun bool, asked *ErasureAsked, found func(Erased)) error {
	sweep := ErasureSweep{Limit: sweepPage, DryRun: dryRun, Asked: asked, Until: policy.TermEnd, Event: erasureEvent(ids)}
	sweep.Years = func(at time.Time, k vault.DataKey) int {
		years := 0
		for _, r := range rules.Retained(compliance.Facts{Scene: compliance.Scene(k.Relationship), Date: idnumber.DateOf(at).String()}) {
			years = max(years, r.Years)
		}
		return years
	}
	for {
		page, err := ledger.Erase(ctx, sweep)
		if err != nil {
			return ledgerError(err)
		}
		for _, k := range page.Keys {
			found(k)
		}
		if !page.More || ctx.Err() != nil {
			return ctx.Err()
		}
		sweep.After = page.Next
	}
}

func erasureEvent(ids *compliance.IDs) func(at time.Time, e Erased) (compliance.Event, error) {
	return func(at time.Time, e Erased) (compliance.Event, error) {
		kind, data := compliance.EventErasure, map[string]any{
			"relationship": e.Relationship, "retention_class": e.Class, "master_version": e.MasterVersion, "images": e.Images, "document_keys": e.DocumentKeys, "asked": e.Asked,
		}
		if e.Fate != ErasureDone {
			kind, data = compliance.EventErasureAsked, map[string]any{"relationship": e.Relationship, "retention_class": e.Class, "not_before": e.Until.UTC().Format(time.RFC3339)}
		}
		if e.Basis != "" {
			data["basis"] = e.Basis
		}
		return compliance.NewEvent(ids.New(compliance.PrefixEvent), kind, e.TenantID, e.ID, at, data)
	}
}

// EraseEnded destroys the data keys whose end has come, and returns how many.
func (s *Service) EraseEnded(ctx context.Context) (int, error) {
	erased := 0
	err := EraseData(ctx, s.o.Ledger, s.o.IDs, s.rules(), false, nil, func(e Erased) {
		if e.Fate == ErasureDone {
			erased++
		}
	})
	if erased > 0 {
		s.o.OnCommit()
	}
	return erased, err
}
