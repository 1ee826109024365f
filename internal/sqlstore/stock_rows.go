package sqlstore

import (
	"slices"
	"strconv"
	"strings"

	"realname/compliance/vault"
	"realname/verify"
)

// groupRows is how many values one statement looks up, and groupValues about how many it inserts: a statement a row would
// cost five round trips each, and SQLite's driver looks through all names of parameters to bind each.
const (
	groupRows   = 100
	groupValues = 160
)

// parameters are n of them, the first numbered from: $2, $3.
func parameters(from, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("$")
		b.WriteString(strconv.Itoa(from + i))
	}
	return b.String()
}

// placeholders are those of `rows` rows of `columns` values: ($1, $2), ($3, $4).
func placeholders(rows, columns int) string {
	var b strings.Builder
	for r := range rows {
		if r > 0 {
			b.WriteString(", ")
		}
		b.WriteString("(")
		b.WriteString(parameters(r*columns+1, columns))
		b.WriteString(")")
	}
	return b.String()
}

// insertAll inserts rows in groups and returns how many were inserted.
func (t *txn) insertAll(into, suffix string, rows [][]any) (inserted int64, err error) {
	if len(rows) == 0 {
		return 0, nil
	}
	for group := range slices.Chunk(rows, max(1, groupValues/len(rows[0]))) {
		var args []any
		for _, row := range group {
			args = append(args, row...)
		}
		n, err := t.exec("INSERT INTO "+into+" VALUES "+placeholders(len(group), len(group[0]))+suffix, args...)
		if err != nil {
			return inserted, sentinel(err)
		}
		inserted += n
	}
	return inserted, nil
}

func selectReferences(n int) string {
	return `SELECT external_ref FROM openings WHERE tenant_id = $1 AND state <> 'released' AND state <> 'expired'
		AND external_ref IN (` + parameters(2, n) + `)`
}

// knownRefs are those of refs that a live opening of the tenant has.
func (t *txn) knownRefs(tenantID string, refs []string) (map[string]bool, error) {
	known := map[string]bool{}
	for group := range slices.Chunk(refs, groupRows) {
		args := append(make([]any, 0, len(group)+1), tenantID)
		for _, ref := range group {
			args = append(args, ref)
		}
		rows, err := t.query(selectReferences(len(group)), args...)
		err = each(rows, err, func(scan func(dest ...any) error) error {
			var ref string
			err := scan(&ref)
			known[ref] = true
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return known, nil
}

// owners are the persons that document keys lead to.
func (t *txn) owners(keys []vault.DocumentKey) (map[vault.DocumentKey]string, error) {
	owner := make(map[vault.DocumentKey]string, len(keys))
	for group := range slices.Chunk(keys, groupRows) {
		args := make([]any, 0, len(group))
		for _, k := range group {
			args = append(args, k.MAC)
		}
		rows, err := t.query(`SELECT mac, suite, key_version, kind, issuing_state, person_id FROM document_keys
			WHERE mac IN (`+parameters(1, len(group))+`)`, args...)
		err = each(rows, err, func(scan func(dest ...any) error) error {
			var k vault.DocumentKey
			var person string
			err := scan(&k.MAC, &k.Suite, &k.Version, &k.Kind, &k.IssuingState, &person)
			owner[k] = person
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return owner, nil
}

// ownerOf is the person that the first known key leads to; empty when none is known.
func ownerOf(owner map[vault.DocumentKey]string, keys []vault.DocumentKey) string {
	for _, k := range keys {
		if person := owner[k]; person != "" {
			return person
		}
	}
	return ""
}

// loadRows inserts the openings whose external_ref is new and returns how many. It does what importing them one by one
// does; errRaced or verify.ErrExternalRefTaken when another transaction was quicker, and then all is to be done again.
func (t *txn) loadRows(importID, tenantID string, rows []verify.ImportRow) (loaded int, err error) {
	refs := make([]string, 0, len(rows))
	for i := range rows {
		refs = append(refs, rows[i].Opening.ExternalRef)
	}
	known, err := t.knownRefs(tenantID, refs)
	if err != nil {
		return 0, err
	}
	fresh := make([]verify.ImportRow, 0, len(rows))
	for _, r := range rows {
		if !known[r.Opening.ExternalRef] {
			known[r.Opening.ExternalRef] = r.Opening.ExternalRef != ""
			fresh = append(fresh, r)
		}
	}
	// One order for all loads, so that two of the same persons cannot lock each other out.
	slices.SortStableFunc(fresh, func(a, b verify.ImportRow) int { return strings.Compare(a.Keys[0].MAC, b.Keys[0].MAC) })
	if err := t.enrollAll(fresh); err != nil {
		return 0, err
	}
	openings := make([][]any, 0, len(fresh))
	for i := range fresh {
		openings = append(openings, t.stockArgs(&fresh[i].Opening, importID))
	}
	_, err = t.insertAll(insertStock, "", openings)
	return len(fresh), err
}

const insertStock = `openings (id, tenant_id, legal_entity_id, person_id, product, state, origin, external_ref, import_id,
	opened_at, closed_at, created_at, updated_at)`

func (t *txn) stockArgs(o *verify.Opening, importID string) []any {
	return []any{
		o.ID, o.TenantID, o.LegalEntityID, o.PersonID, o.Product, string(o.State), o.Origin, text(o.ExternalRef), importID,
		micros(o.OpenedAt), t.closedAt(o.State), t.at.UnixMicro(), t.at.UnixMicro(),
	}
}

// enrollAll finds or makes the persons of rows, links their missing keys, and fills in PersonID.
func (t *txn) enrollAll(rows []verify.ImportRow) error {
	var keys []vault.DocumentKey
	for i := range rows {
		keys = append(keys, rows[i].Keys...)
	}
	owner, err := t.owners(keys)
	if err != nil {
		return err
	}
	var persons [][]any
	var missing []vault.DocumentKey
	for i := range rows {
		person := ownerOf(owner, rows[i].Keys)
		if person == "" {
			person = rows[i].NewPersonID
			persons = append(persons, []any{person, t.at.UnixMicro()})
		}
		for _, k := range rows[i].Keys {
			if owner[k] == "" {
				owner[k] = person
				missing = append(missing, k)
			}
		}
		rows[i].Opening.PersonID = person
	}
	if _, err := t.insertAll(`persons (id, created_at)`, ` ON CONFLICT (id) DO NOTHING`, persons); err != nil {
		return err
	}
	slices.SortFunc(missing, func(a, b vault.DocumentKey) int { return strings.Compare(a.MAC, b.MAC) })
	links := make([][]any, 0, len(missing))
	for _, k := range missing {
		links = append(links, append(keyArgs(k), owner[k], t.at.UnixMicro()))
	}
	n, err := t.insertAll(`document_keys (mac, suite, key_version, kind, issuing_state, person_id, linked_at)`, ` ON CONFLICT DO NOTHING`, links)
	if err == nil && n != int64(len(links)) {
		err = errRaced
	}
	return err
}
