package verify

import (
	"context"
	"time"

	"realname/compliance"
	"realname/compliance/policy"
)

// RetentionSweep asks for one page of the kept evidence whose day has come.
type RetentionSweep struct {
	After  RetentionMark // zero: from the beginning
	Limit  int           // pieces
	DryRun bool          // judge, and write nothing
	// Until is the first moment at which a relationship that ended at end lets go what is kept for years after it.
	Until func(end time.Time, years int) time.Time
	// Event makes the event of a piece that goes. It may be called again after a retry.
	Event func(at time.Time, e EvidenceRow) (compliance.Event, error)
}

// RetentionMark is a place in the order that pieces come due in.
type RetentionMark struct {
	KeepUntil time.Time
	ID        string
}

// RetentionPage is what one page of a sweep found.
type RetentionPage struct {
	Pieces []Retained
	Next   RetentionMark
	More   bool // go on after Next
}

// Retained is one kept piece whose day had come, and what became of it.
type Retained struct {
	ID        string
	TenantID  string
	Clause    string
	KeepUntil time.Time // as recomputed
	Fate      RetentionFate
}

// RetentionFate is what a sweep does with one piece.
type RetentionFate string

// The fates.
const (
	RetentionEnded     RetentionFate = "ended"     // the content is gone
	RetentionPostponed RetentionFate = "postponed" // the relationship ended later than was known, or lives: another day
	RetentionAwaits    RetentionFate = "awaits"    // an opening is reserved or not yet activated: nobody knows what becomes of it
)

// sweepPage bounds how many pieces one transaction judges, and so how long others wait for it.
const sweepPage = 64

// SweepRetention lets go what no clause wants kept any more, page by page, and
// tells found of each piece whose day had come. A dry run writes nothing. Two
// sweeps at once end and log each piece once; one that was cut short is finished
// by the next.
func SweepRetention(ctx context.Context, ledger Ledger, ids *compliance.IDs, dryRun bool, found func(Retained)) error {
	sweep := RetentionSweep{
		Limit: sweepPage, DryRun: dryRun, Until: policy.TermEnd,
		Event: func(at time.Time, e EvidenceRow) (compliance.Event, error) {
			return compliance.NewEvent(ids.New(compliance.PrefixEvent), compliance.EventRetentionEnded, e.TenantID, e.ID, at,
				map[string]string{"clause": e.KeptBy, "verification": e.DecisionID})
		},
	}
	for {
		page, err := ledger.SweepRetention(ctx, sweep)
		if err != nil {
			return ledgerError(err)
		}
		for _, p := range page.Pieces {
			found(p)
		}
		if !page.More || ctx.Err() != nil {
			return ctx.Err()
		}
		sweep.After = page.Next
	}
}

// EndRetention sweeps once and returns how many pieces went. The index of
// images that were seen before is not touched: it has a rule of its own.
func (s *Service) EndRetention(ctx context.Context) (int, error) {
	ended := 0
	err := SweepRetention(ctx, s.o.Ledger, s.o.IDs, false, func(r Retained) {
		if r.Fate == RetentionEnded {
			ended++
		}
	})
	if ended > 0 {
		s.o.OnCommit()
	}
	return ended, err
}
