package sqlstore

import (
	"errors"
	"fmt"
	"runtime"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"realname/verify"
)

// ErrClosed says that the store was closed before the write could run.
var ErrClosed = errors.New("sqlstore: closed")

// ErrNewerSchema says that the database was migrated by a newer release; an
// older one must not write to it.
var ErrNewerSchema = errors.New("sqlstore: the database belongs to a newer release")

// unique names one unique constraint as each engine reports it, and what its
// violation means.
type unique struct {
	index   string // PostgreSQL: the constraint
	columns string // SQLite: the columns
	err     error
}

var uniques = []unique{
	{"decisions_idempotency", "decisions.tenant_id, decisions.idempotency_key", verify.ErrKeyTaken},
	{"decisions_biz_no", "decisions.tenant_id, decisions.biz_no", verify.ErrBizNoTaken},
	{"decisions_pkey", "decisions.id, decisions.version", verify.ErrStale},
	{"openings_external_ref", "openings.tenant_id, openings.external_ref", verify.ErrExternalRefTaken},
	{"evidence_idempotency", "evidence.tenant_id, evidence.idempotency_key", verify.ErrKeyTaken},
	{"disclosures_idempotency", "disclosures.tenant_id, disclosures.idempotency_key", verify.ErrKeyTaken},
	{"imports_idempotency", "imports.tenant_id, imports.idempotency_key", verify.ErrImportOverlap},
}

// sentinel turns the violation of a known unique constraint into its error and
// leaves every other error as it is.
func sentinel(err error) error {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == "23505" {
		for _, u := range uniques {
			if e.ConstraintName == u.index {
				return u.err
			}
		}
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok &&
		(e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY) {
		for _, u := range uniques {
			if strings.Contains(e.Error(), "failed: "+u.columns+" (") {
				return u.err
			}
		}
	}
	return err
}

// ownError carries an error of the caller's own function out of a transaction, to be returned as it is.
type ownError struct{ err error }

func (e *ownError) Error() string { return e.err.Error() }
func (e *ownError) Unwrap() error { return e.err }

// own marks err as the caller's; nil stays nil.
func own(err error) error {
	if err == nil {
		return nil
	}
	return &ownError{err}
}

// wrap names the operation. Arguments of statements are never part of an error.
func wrap(op string, err error) error {
	if err == nil {
		return nil
	}
	if mine, ok := errors.AsType[*ownError](err); ok {
		return mine.err
	}
	return fmt.Errorf("sqlstore: %s: %w", op, sentinel(err))
}

// guard runs f and turns a panic into an error. The value of a panic may hold
// personal data, so only the runtime's own errors are quoted.
func guard(f func() error) (err error) {
	defer func() {
		switch v := recover().(type) {
		case nil:
		case runtime.Error:
			err = fmt.Errorf("panic: %w", v)
		default:
			err = fmt.Errorf("panic: a value of type %T", v)
		}
	}()
	return f()
}
