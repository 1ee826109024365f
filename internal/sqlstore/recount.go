package sqlstore

import (
	"context"
	"time"

	"realname/ratelimit/quota"
)

// CountAt counts what a demand would have found just before the decision of that id was made, at `at`: all openings that
// had begun and not ended, stock by the day it was opened and not the day it was loaded. Of one that expired the lease is
// not kept, so it counts until its expiry was recorded. incomplete tells of the stock as it is stated now.
func (s *Store) CountAt(ctx context.Context, d quota.Demand, at time.Time, decisionID string) (used int, incompleteStock bool, err error) {
	const op = "count at"
	q := query{}
	if err := q.counting(d); err != nil {
		return 0, false, wrap(op, err)
	}
	q.WriteString(" FROM openings WHERE CASE WHEN origin = 'gateway' THEN created_at ELSE COALESCE(opened_at, created_at) END <= ")
	q.param(at.UnixMicro())
	q.WriteString(" AND (decision_id IS NULL OR decision_id <> ")
	q.param(decisionID)
	q.WriteString(") AND CASE WHEN state = 'closed' THEN closed_at > ")
	q.param(at.UnixMicro())
	q.WriteString(" WHEN state IN ('released', 'expired') THEN updated_at > ")
	q.param(at.UnixMicro())
	q.WriteString(" WHEN lease_until IS NOT NULL THEN lease_until > ")
	q.param(at.UnixMicro())
	q.WriteString(" ELSE 1 = 1 END")
	if err := q.whose(d); err != nil {
		return 0, false, wrap(op, err)
	}
	find := s.outside(ctx)
	if _, err := find(q.String(), q.args, &used); err != nil {
		return 0, false, wrap(op, err)
	}
	incompleteStock, err = incomplete(d, find)
	return used, incompleteStock, wrap(op, err)
}
