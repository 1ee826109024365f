package sqlstore

import (
	"context"
	"errors"
	"time"

	"realname/compliance/vault"
	"realname/ratelimit/quota"
	"realname/verify"
)

const (
	firstLook = 30 * 24 * time.Hour // after a key is made: no end comes earlier unasked
	nextLook  = 30 * 24 * time.Hour // where nobody knows when
	soonLook  = 24 * time.Hour      // where something is under way
	usedSlack = 24 * time.Hour      // last_used_at is written once in that time, and is as much too early
)

// determinationKept is how long a determination may bind: twice the five years that terms run in a row at most. Until then
// the document must lead to the person it was made of.
const determinationKept = 10 * 366 * 24 * time.Hour

// used notes that something was sealed under a key; most commits find it noted. What was sealed under a key that has ended
// meanwhile would be born erased: verify.ErrStale.
func (t *txn) used(id string) error {
	if id == "" {
		return nil
	}
	var at time.Time
	var ended bool
	found, err := t.row(`SELECT last_used_at, wrapped IS NULL OR storage_only FROM data_keys WHERE id = $1`, []any{id}, moment(&at), &ended)
	if err != nil || !found || !ended && t.at.Sub(at) < usedSlack {
		return err
	}
	if ended {
		return verify.ErrStale
	}
	_, err = t.exec(`UPDATE data_keys SET last_used_at = $1 WHERE id = $2`, t.at.UnixMicro(), id)
	return err
}

// endingKey is a live data key with what its end is counted from.
type endingKey struct {
	vault.DataKey
	used   time.Time
	lookAt time.Time
	asked  time.Time
}

const (
	selectEnding = `SELECT id, tenant_id, person_id, relationship, retention_class, suite, master_version, wrapped, storage_only,
		last_used_at, look_at, erasure_asked_at FROM data_keys WHERE wrapped IS NOT NULL AND person_id IS NOT NULL `
	endingDue   = `AND look_at <= $1 AND (look_at, id) > ($2, $3) ORDER BY look_at, id LIMIT $4`
	endingAsked = `AND person_id = $1 AND tenant_id = $2 AND (relationship = $3 OR $3 = '') AND destroyed_at IS NULL ORDER BY look_at, id`
)

func scanEnding(scan func(dest ...any) error) (endingKey, error) {
	var k endingKey
	err := scan(append(dataKeyFields(&k.DataKey), moment(&k.used), moment(&k.lookAt), moment(&k.asked))...)
	return k, err
}

// Erase implements verify.ErasureLedger.
func (s *Store) Erase(ctx context.Context, sweep verify.ErasureSweep) (verify.ErasurePage, error) {
	const op = "erase"
	query, args := selectEnding+endingDue, []any{s.readTime().UnixMicro(), sweep.After.LookAt.UnixMicro(), sweep.After.ID, sweep.Limit}
	if sweep.After.LookAt.IsZero() {
		args[1] = -1
	}
	if a := sweep.Asked; a != nil {
		query, args = selectEnding+endingAsked, []any{a.PersonID, a.TenantID, a.Relationship}
	}
	var keys []endingKey
	var locks []string
	err := s.list(ctx, query, args, func(scan func(dest ...any) error) error {
		k, err := scanEnding(scan)
		keys, locks = append(keys, k), append(locks, k.PersonID, imageLock(k.TenantID), imageLock(verify.SharedImages))
		return err
	})
	if err != nil || len(keys) == 0 {
		return verify.ErasurePage{}, wrap(op, err)
	}
	last := keys[len(keys)-1]
	var page verify.ErasurePage
	err = s.write(ctx, op, locks, func(t *txn) error {
		page = verify.ErasurePage{Next: verify.ErasureMark{LookAt: last.lookAt, ID: last.ID}, More: sweep.Asked == nil && len(keys) == sweep.Limit}
		for i := range keys {
			found, err := t.eraseKey(&sweep, keys[i].ID)
			if err != nil {
				return err
			}
			if found != nil {
				page.Keys = append(page.Keys, *found)
			}
		}
		return nil
	})
	if err != nil {
		return verify.ErasurePage{}, err
	}
	return page, nil
}

// eraseKey judges one key and does what follows; nil when another run was here first.
func (t *txn) eraseKey(sweep *verify.ErasureSweep, id string) (*verify.Erased, error) {
	var k endingKey
	found := false
	err := t.list(selectEnding+`AND id = $1`, []any{id}, func(scan func(dest ...any) error) (err error) {
		found = true
		k, err = scanEnding(scan)
		return err
	})
	if err != nil || !found {
		return nil, err
	}
	out := verify.Erased{
		ID: k.ID, TenantID: k.TenantID, Relationship: k.Relationship, Class: k.RetentionClass, MasterVersion: k.MasterVersion, Asked: !k.asked.IsZero(),
	}
	if sweep.Asked != nil {
		out.Asked, out.Basis = true, sweep.Asked.Basis
	}
	if err := t.judgeKey(&k, &out, sweep); err != nil || sweep.DryRun {
		return &out, err
	}
	switch {
	case out.Fate == verify.ErasureDone:
		return &out, t.destroyKey(&k, &out, sweep)
	case out.Fate == verify.ErasureLater && sweep.Asked != nil && !k.StorageOnly:
		return &out, t.restrictKey(&k, &out, sweep)
	}
	_, err = t.exec(`UPDATE data_keys SET look_at = $1 WHERE id = $2`, t.lookAt(&out).UnixMicro(), k.ID)
	return &out, err
}

// lookAt is when somebody looks again.
func (t *txn) lookAt(e *verify.Erased) time.Time {
	switch e.Fate {
	case verify.ErasureLater:
		return e.Until
	case verify.ErasureAwaits:
		return t.at.Add(soonLook)
	}
	return t.at.Add(nextLook)
}

// judgeKey finds the fate of a key: the same relationship keeps it that keeps a person's evidence.
func (t *txn) judgeKey(k *endingKey, out *verify.Erased, sweep *verify.ErasureSweep) error {
	lasting, unsettled, closed, err := t.relationship(k.PersonID, k.TenantID)
	if err != nil {
		return err
	}
	var open, kept int
	var keepUntil time.Time
	if _, err := t.row(`SELECT COUNT(*) FROM decisions WHERE newest AND outcome = 'pending' AND data_key_id = $1`, []any{k.ID}, &open); err != nil {
		return err
	}
	if _, err := t.row(`SELECT COUNT(*), MAX(keep_until) FROM evidence WHERE data_key_id = $1 AND keep_until IS NOT NULL AND retention_ended_at IS NULL`,
		[]any{k.ID}, &kept, moment(&keepUntil)); err != nil {
		return err
	}
	years := sweep.Years(t.at, k.DataKey)
	out.Until = keepUntil
	if years > 0 {
		for _, end := range []time.Time{k.used.Add(usedSlack), closed} {
			if until := sweep.Until(end, years); !end.IsZero() && until.After(out.Until) {
				out.Until = until
			}
		}
	}
	switch {
	case lasting > 0:
		out.Fate, out.Until = verify.ErasureLasting, time.Time{}
	case unsettled > 0 || open > 0:
		out.Fate = verify.ErasureAwaits
	case out.Until.After(t.at):
		out.Fate = verify.ErasureLater
	case kept > 0:
		out.Fate = verify.ErasureAwaits
	case years == 0 && !out.Asked:
		out.Fate = verify.ErasureUnasked
	default:
		out.Fate = verify.ErasureDone
	}
	return nil
}

// restrictKey keeps a key for the law alone.
func (t *txn) restrictKey(k *endingKey, out *verify.Erased, sweep *verify.ErasureSweep) error {
	if err := t.one(verify.ErrStale, `UPDATE data_keys SET storage_only = TRUE, erasure_asked_at = $1, retain_until = $2, look_at = $2
		WHERE id = $3 AND wrapped IS NOT NULL AND NOT storage_only`, t.at.UnixMicro(), out.Until.UnixMicro(), k.ID); err != nil {
		return err
	}
	ev, err := sweep.Event(t.at, *out)
	if err != nil {
		return own(err)
	}
	return t.putEvent(ev)
}

// destroyKey erases what is sealed under a key, and with the last of a person at a tenant, and of a person at all, what
// leads to that person.
func (t *txn) destroyKey(k *endingKey, out *verify.Erased, sweep *verify.ErasureSweep) error {
	if err := t.one(verify.ErrStale, `UPDATE data_keys SET wrapped = NULL, destroyed_at = $1, retain_until = $2 WHERE id = $3 AND wrapped IS NOT NULL`,
		t.at.UnixMicro(), micros(out.Until), k.ID); err != nil {
		return err
	}
	var here, anywhere int
	if _, err := t.row(`SELECT COUNT(CASE WHEN tenant_id = $1 THEN 1 END), COUNT(*) FROM data_keys WHERE person_id = $2 AND destroyed_at IS NULL`,
		[]any{k.TenantID, k.PersonID}, &here, &anywhere); err != nil {
		return err
	}
	var err error
	if here == 0 {
		if out.Images, err = t.forgetImages(k.TenantID, k.PersonID); err != nil {
			return err
		}
	}
	if anywhere == 0 {
		if out.DocumentKeys, err = t.forgetPerson(k.PersonID); err != nil {
			return err
		}
	}
	ev, err := sweep.Event(t.at, *out)
	if err != nil {
		return own(err)
	}
	return t.putEvent(ev)
}

// forgetPerson deletes the document keys that lead to a person whom nothing counts any more, and returns how many.
func (t *txn) forgetPerson(person string) (int, error) {
	n, err := t.exec(`DELETE FROM document_keys WHERE person_id = $1
		AND NOT EXISTS (SELECT 1 FROM openings WHERE person_id = $1 AND state NOT IN ($2, $3, $4))
		AND NOT EXISTS (SELECT 1 FROM opening_parties p JOIN openings o ON o.id = p.opening_id WHERE p.person_id = $1 AND o.state NOT IN ($2, $3, $4))
		AND NOT EXISTS (SELECT 1 FROM determinations WHERE person_id = $1 AND lifted_at IS NULL AND determined_on > $5)
		AND NOT EXISTS (SELECT 1 FROM velocity_events WHERE key = $6)`,
		person, string(quota.Closed), string(quota.Released), string(quota.Expired), t.at.Add(-determinationKept).Format(time.DateOnly), string(quota.Holder)+":"+person)
	return int(n), err
}

// errNobody says that a verification leads to no person.
var errNobody = errors.New("the verification is of nobody who is known")

// PersonOf is the tenant and person of a decision of whatever tenant; it is for the operator.
func (s *Store) PersonOf(ctx context.Context, decision string) (tenantID, personID string, err error) {
	st, err := s.AnyDecision(ctx, decision, 0)
	if err == nil && st.PersonID == "" {
		err = errNobody
	}
	return st.Decision.TenantID, st.PersonID, err
}
