package sqlstore

import (
	"context"
	"errors"
	"slices"
	"strings"

	"realname/compliance/vault"
	"realname/ratelimit/quota"
	"realname/verify"
)

// errRaced says that another transaction linked one of the keys meanwhile.
var errRaced = errors.New("another writer linked one of the document keys")

// Enroll implements verify.Ledger. It writes nothing when person, keys and
// data key are all known.
func (s *Store) Enroll(ctx context.Context, e verify.Enrolment) (verify.Enrolled, error) {
	const op = "enroll"
	for _, o := range e.Others {
		if err := checkKeys(o.Keys, o.NewID); err != nil {
			return verify.Enrolled{}, wrap(op, err)
		}
	}
	if len(e.Keys) == 0 {
		return s.keyWithoutPerson(ctx, op, e)
	}
	if err := checkKeys(e.Keys, e.NewPersonID); err != nil {
		return verify.Enrolled{}, wrap(op, err)
	}
	known, err := s.enrolled(ctx, e)
	if err != nil || known.DataKey.ID != "" {
		return known, wrap(op, err)
	}
	var out verify.Enrolled
	err = s.write(ctx, op, nil, func(t *txn) (err error) {
		if out.PersonID, err = t.enroll(e.Keys, e.NewPersonID); err != nil {
			return err
		}
		if out.Others, err = t.enrollOthers(e.Others); err != nil {
			return err
		}
		out.DataKey, err = t.dataKey(e.DataKey, out.PersonID)
		return err
	})
	if err != nil {
		return verify.Enrolled{}, err
	}
	return out, nil
}

// keyWithoutPerson stores a data key that no person has yet.
func (s *Store) keyWithoutPerson(ctx context.Context, op string, e verify.Enrolment) (verify.Enrolled, error) {
	out := verify.Enrolled{DataKey: e.DataKey}
	out.DataKey.PersonID = ""
	err := s.write(ctx, op, nil, func(t *txn) (err error) {
		if _, err = t.exec(insertDataKey, t.dataKeyArgs(out.DataKey)...); err != nil {
			return err
		}
		out.Others, err = t.enrollOthers(e.Others)
		return err
	})
	if err != nil {
		return verify.Enrolled{}, err
	}
	return out, nil
}

// enrollOthers finds or makes each of the others.
func (t *txn) enrollOthers(others []verify.Other) ([]quota.Key, error) {
	var out []quota.Key
	for _, o := range others {
		id, err := t.enroll(o.Keys, o.NewID)
		if err != nil {
			return nil, err
		}
		out = append(out, quota.Key{Part: o.Part, ID: id})
	}
	return out, nil
}

func checkKeys(keys []vault.DocumentKey, newPersonID string) error {
	if len(keys) == 0 || newPersonID == "" {
		return errors.New("an enrolment without document keys or person id")
	}
	for _, k := range keys {
		if k.MAC == "" || k.Suite == "" {
			return errors.New("a document key without MAC or suite")
		}
	}
	return nil
}

const (
	selectKey = `SELECT person_id FROM document_keys
		WHERE mac = $1 AND suite = $2 AND key_version = $3 AND kind = $4 AND issuing_state = $5`
	insertDataKey = `INSERT INTO data_keys (id, tenant_id, person_id, relationship, retention_class, suite, master_version, wrapped, created_at, last_used_at, look_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10)`
	selectDataKey = `SELECT id, tenant_id, person_id, relationship, retention_class, suite, master_version, wrapped, storage_only FROM data_keys `
	liveDataKey   = `WHERE person_id = $1 AND tenant_id = $2 AND relationship = $3 AND retention_class = $4 AND destroyed_at IS NULL AND NOT storage_only`
)

func keyArgs(k vault.DocumentKey) []any {
	return []any{k.MAC, k.Suite, k.Version, k.Kind, k.IssuingState}
}

func dataKeyFields(k *vault.DataKey) []any {
	return []any{&k.ID, &k.TenantID, optional(&k.PersonID), &k.Relationship, &k.RetentionClass, &k.Suite, &k.MasterVersion, &k.Wrapped, &k.StorageOnly}
}

func (t *txn) dataKeyArgs(k vault.DataKey) []any {
	return []any{
		k.ID, k.TenantID, text(k.PersonID), k.Relationship, k.RetentionClass,
		k.Suite, k.MasterVersion, k.Wrapped, t.at.UnixMicro(), t.at.Add(firstLook).UnixMicro(),
	}
}

// enrolled reads what is known; it is empty unless everything is.
func (s *Store) enrolled(ctx context.Context, e verify.Enrolment) (verify.Enrolled, error) {
	var out verify.Enrolled
	var err error
	if out.PersonID, err = s.known(ctx, e.Keys); err != nil || out.PersonID == "" {
		return verify.Enrolled{}, err
	}
	for _, o := range e.Others {
		id, err := s.known(ctx, o.Keys)
		if err != nil || id == "" {
			return verify.Enrolled{}, err
		}
		out.Others = append(out.Others, quota.Key{Part: o.Part, ID: id})
	}
	d := e.DataKey
	err = s.find(ctx, selectDataKey+liveDataKey, []any{out.PersonID, d.TenantID, d.Relationship, d.RetentionClass}, dataKeyFields(&out.DataKey)...)
	if errors.Is(err, verify.ErrNotFound) {
		return verify.Enrolled{}, nil
	}
	return out, err
}

// known is the one person that all keys lead to; empty unless there is one.
func (s *Store) known(ctx context.Context, keys []vault.DocumentKey) (string, error) {
	person := ""
	for _, k := range keys {
		var found string
		err := s.find(ctx, selectKey, keyArgs(k), &found)
		if errors.Is(err, verify.ErrNotFound) || err == nil && person != "" && found != person {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		person = found
	}
	return person, nil
}

// enroll finds the person that the first known key leads to, or makes
// newPersonID that person, and links the missing keys to it. Keys that lead to
// another person already are left as they are: persons are never merged by guess.
func (t *txn) enroll(keys []vault.DocumentKey, newPersonID string) (string, error) {
	for range maxTries {
		person, err := t.linkKeys(keys, newPersonID)
		if !errors.Is(err, errRaced) {
			return person, err
		}
	}
	return "", errRaced
}

func (t *txn) linkKeys(keys []vault.DocumentKey, newPersonID string) (person string, err error) {
	missing := make([]vault.DocumentKey, 0, len(keys))
	for _, k := range keys {
		var owner string
		found, err := t.row(selectKey, keyArgs(k), &owner)
		if err != nil {
			return "", err
		}
		if !found {
			missing = append(missing, k)
		} else if person == "" {
			person = owner
		}
	}
	// One order for all writers, so that two cannot wait for each other: PostgreSQL takes a second to see that.
	slices.SortFunc(missing, func(a, b vault.DocumentKey) int { return strings.Compare(a.MAC, b.MAC) })
	known := person != ""
	if !known {
		person = newPersonID
		if _, err := t.exec(`INSERT INTO persons (id, created_at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING`,
			person, t.at.UnixMicro()); err != nil {
			return "", err
		}
	}
	for i, k := range missing {
		n, err := t.exec(`INSERT INTO document_keys (mac, suite, key_version, kind, issuing_state, person_id, linked_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`, append(keyArgs(k), person, t.at.UnixMicro())...)
		if err != nil {
			return "", err
		}
		if n == 0 && !known {
			return "", t.unlink(missing[:i], newPersonID)
		}
	}
	return person, nil
}

// unlink takes back the person that lost a race, so that the winner's is found next.
func (t *txn) unlink(linked []vault.DocumentKey, person string) error {
	for _, k := range linked {
		if _, err := t.exec(`DELETE FROM document_keys WHERE mac = $1 AND suite = $2 AND key_version = $3
			AND kind = $4 AND issuing_state = $5 AND person_id = $6`, append(keyArgs(k), person)...); err != nil {
			return err
		}
	}
	if _, err := t.exec(`DELETE FROM persons WHERE id = $1`, person); err != nil {
		return err
	}
	return errRaced
}

// dataKey finds the live data key of the relationship, or stores the one offered.
func (t *txn) dataKey(offered vault.DataKey, person string) (vault.DataKey, error) {
	offered.PersonID = person
	if _, err := t.exec(insertDataKey+` ON CONFLICT DO NOTHING`, t.dataKeyArgs(offered)...); err != nil {
		return vault.DataKey{}, err
	}
	var k vault.DataKey
	found, err := t.row(selectDataKey+liveDataKey,
		[]any{person, offered.TenantID, offered.Relationship, offered.RetentionClass}, dataKeyFields(&k)...)
	if err == nil && !found {
		err = errors.New("the offered data key's id is taken")
	}
	return k, err
}

// DataKey implements verify.Ledger. A destroyed key has no Wrapped.
func (s *Store) DataKey(ctx context.Context, tenantID, id string) (vault.DataKey, error) {
	var k vault.DataKey
	err := s.find(ctx, selectDataKey+`WHERE id = $1 AND tenant_id = $2`, []any{id, tenantID}, dataKeyFields(&k)...)
	return k, wrap("data key", err)
}
