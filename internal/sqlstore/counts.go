package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"realname/ratelimit/quota"
	"realname/verify"
)

// lockKeys are the keys that serialize rec with every other write that counts
// the same openings or puts an image into the same scope: its persons, one key
// of each demand, and the scopes.
func lockKeys(rec verify.Record) []string {
	keys := append(append([]string(nil), rec.Persons...), demandLocks(rec.Demands)...)
	return append(keys, imageLocks(rec.Images)...)
}

// demandLocks are one key of each demand. Two demands of a family run over the
// same parts, so that the first of them, the narrowest as policies write them, is enough.
func demandLocks(demands []quota.Demand) []string {
	var keys []string
	for _, d := range demands {
		if len(d.By) > 0 {
			keys = append(keys, d.By[0].ID)
		}
	}
	return keys
}

// query builds one statement with numbered parameters.
type query struct {
	strings.Builder
	args []any
}

func (q *query) param(v any) {
	q.args = append(q.args, v)
	fmt.Fprintf(q, "$%d", len(q.args))
}

func (q *query) list(values []string) {
	q.WriteString("(")
	for i, v := range values {
		if i > 0 {
			q.WriteString(", ")
		}
		q.param(v)
	}
	q.WriteString(")")
}

// countQuery counts the openings, or their holders, that a demand names, and the
// reservations among them, without reservations whose lease has ended at `at`. A
// demand that could only count nothing, or everything, is refused: it would admit without limit.
func countQuery(d quota.Demand, at time.Time) (string, []any, error) {
	if len(d.Products) == 0 || len(d.States) == 0 || len(d.By) == 0 {
		return "", nil, fmt.Errorf("the demand of family %q names no product, no state or no key", d.Family)
	}
	q := query{}
	if err := q.counting(d); err != nil {
		return "", nil, err
	}
	q.WriteString(", COUNT(lease_until), MIN(lease_until) FROM openings WHERE (lease_until IS NULL OR lease_until > ")
	q.param(at.UnixMicro())
	q.WriteString(")")
	if err := q.whose(d); err != nil {
		return "", nil, err
	}
	q.WriteString(" AND state IN ")
	q.list(texts(d.States))
	if len(d.Without) > 0 {
		q.WriteString(" AND id NOT IN ")
		q.list(d.Without)
	}
	return q.String(), q.args, nil
}

func (q *query) counting(d quota.Demand) error {
	switch d.Counts {
	case quota.Openings:
		q.WriteString("SELECT COUNT(*)")
	case quota.Persons:
		q.WriteString("SELECT COUNT(DISTINCT person_id)")
	default:
		return fmt.Errorf("the demand of family %q counts %q", d.Family, d.Counts)
	}
	return nil
}

// whose narrows openings to those of the parties and products of a demand.
func (q *query) whose(d quota.Demand) error {
	for _, key := range d.By {
		if key.ID == "" {
			return fmt.Errorf("the demand of family %q has no %s", d.Family, key.Part)
		}
		q.key(key)
	}
	if d.Counts == quota.Persons {
		q.WriteString(" AND person_id <> ")
		q.param(d.Person)
	}
	q.WriteString(" AND product IN ")
	q.list(d.Products)
	return nil
}

func (q *query) key(k quota.Key) {
	switch k.Part {
	case quota.Holder:
		q.WriteString(" AND person_id = ")
	case quota.LegalEntity:
		q.WriteString(" AND legal_entity_id = ")
	case quota.Tenant:
		q.WriteString(" AND tenant_id = ")
	default:
		q.WriteString(" AND id IN (SELECT opening_id FROM opening_parties WHERE role = ")
		q.param(string(k.Part))
		q.WriteString(" AND person_id = ")
		q.param(k.ID)
		q.WriteString(")")
		return
	}
	q.param(k.ID)
}

func texts[T ~string](in []T) []string {
	out := make([]string, len(in))
	for i, v := range in {
		out[i] = string(v)
	}
	return out
}

// finder reads a single row: inside a transaction or outside any.
type finder func(query string, args []any, dest ...any) (found bool, err error)

// Count implements verify.Ledger.
func (s *Store) Count(ctx context.Context, demands []quota.Demand) ([]quota.Use, error) {
	uses, err := countAll(demands, s.readTime(), s.outside(ctx))
	return uses, wrap("count", err)
}

// outside finds rows outside any transaction.
func (s *Store) outside(ctx context.Context) finder {
	return func(query string, args []any, dest ...any) (bool, error) {
		err := s.find(ctx, query, args, dest...)
		if errors.Is(err, verify.ErrNotFound) {
			return false, nil
		}
		return err == nil, err
	}
}

func (t *txn) count(demands []quota.Demand) ([]quota.Use, error) {
	return countAll(demands, t.at, t.row)
}

func countAll(demands []quota.Demand, at time.Time, find finder) ([]quota.Use, error) {
	uses := make([]quota.Use, len(demands))
	for i, d := range demands {
		text, args, err := countQuery(d, at)
		if err != nil {
			return nil, err
		}
		u := &uses[i]
		u.Demand = d
		if _, err := find(text, args, &u.Used, &u.Reserved, moment(&u.FreesAt)); err != nil {
			return nil, err
		}
		if u.Incomplete, err = incomplete(d, find); err != nil {
			return nil, err
		}
		if u.Full() && d.Mode == quota.InPrinciple {
			if u.Exception, err = exception(d, at, find); err != nil {
				return nil, err
			}
		}
	}
	return uses, nil
}

// exception is an approved one that nobody used yet, for the person and family of d; empty when there is none.
func exception(d quota.Demand, at time.Time, find finder) (id string, err error) {
	_, err = find(`SELECT id FROM quota_exceptions WHERE person_id = $1 AND family = $2 AND clause = $3 AND legal_entity_id = $4
		AND approved_at IS NOT NULL AND used_by IS NULL AND expires_at > $5 ORDER BY approved_at LIMIT 1`,
		[]any{d.Person, d.Family, d.Clause, d.Entity, at.UnixMicro()}, &id)
	return id, err
}
