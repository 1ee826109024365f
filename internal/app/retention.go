package app

import (
	"context"
	"time"

	"realname/verify"
)

// RetainedPiece is a piece of kept evidence whose day had come, in ids alone.
type RetainedPiece struct {
	ID        string    `json:"evidence"`
	TenantID  string    `json:"tenant"`
	Clause    string    `json:"clause"`
	KeepUntil time.Time `json:"keep_until"` // as recomputed
	Fate      string    `json:"fate"`       // ended, postponed, or awaits what becomes of an opening
}

// SweepRetention lets go what no clause wants kept any more, and tells found of
// each piece whose day had come. A dry run writes nothing.
func (o *Operator) SweepRetention(ctx context.Context, dryRun bool, found func(RetainedPiece)) error {
	return verify.SweepRetention(ctx, o.store, o.ids, dryRun, func(r verify.Retained) {
		found(RetainedPiece{ID: r.ID, TenantID: r.TenantID, Clause: r.Clause, KeepUntil: r.KeepUntil, Fate: string(r.Fate)})
	})
}
