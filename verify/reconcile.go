package verify

import (
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"time"

	"realname/compliance"
	"realname/ratelimit/quota"
	"realname/verify/idnumber"
)

// ReconciliationFile is a CSV file of the openings that live in the tenant's own books: external_ref, product and state, and
// the document's columns where the holder is to be compared too.
type ReconciliationFile struct {
	Content  io.Reader
	Progress func(rows, bytes int64) // read so far; may be nil
}

// stockStates are those that stock may stand in.
var stockStates = []quota.State{quota.PendingActivation, quota.Active, quota.Suspended, quota.Closed}

// codeRepeated refuses a reference that stood in the file before.
const codeRepeated = "external_ref_repeated"

// Reconcile compares the caller's openings in the ledger with its own file, in one snapshot. What only one side has, and
// what both have differently, is a finding with an event; nothing is changed but the time at which openings that agree
// were last found in the file. One comparison a tenant runs at a time: a newer one abandons the older.
func (s *Service) Reconcile(ctx context.Context, c Caller, f ReconciliationFile) (Reconciliation, error) {
	s = s.pinned()
	digest, err := s.fileDigest(f.Content)
	if err != nil {
		return Reconciliation{}, err
	}
	file, err := openStockFile(f.Content, columnExternalRef, columnProduct, columnState)
	if err != nil {
		return Reconciliation{}, err
	}
	_, kind := file.columns[columnKind]
	if _, number := file.columns[columnNumber]; kind != number {
		return Reconciliation{}, compliance.E(compliance.FaultInvalid, "stock_columns", "kind and number come together or not at all")
	}
	r := Reconciliation{
		ID: s.o.IDs.New(compliance.PrefixReconciliation), TenantID: c.TenantID, LegalEntityID: c.LegalEntityID, Digest: digest,
	}
	r, err = s.o.Ledger.BeginReconciliation(ctx, r, func(at time.Time) (compliance.Event, error) {
		return compliance.NewEvent(s.o.IDs.New(compliance.PrefixEvent), compliance.EventReconciling, c.TenantID, r.ID, at,
			map[string]string{"holders": strconv.FormatBool(kind)})
	})
	if err != nil {
		return Reconciliation{}, ledgerError(err)
	}
	s.o.OnCommit()
	if err := s.stage(ctx, r, file, kind, f.Progress); err != nil {
		return r, err
	}
	done, err := s.o.Ledger.Reconcile(ctx, r.ID, s.reconciliationEvents(c, r.ID))
	if err != nil {
		return r, reconciliationError(err)
	}
	s.o.OnCommit()
	return done, nil
}

func reconciliationError(err error) error {
	if errors.Is(err, ErrStale) {
		return compliance.E(compliance.FaultConflict, "reconciliation_abandoned", "a newer reconciliation of this tenant has begun")
	}
	return ledgerError(err)
}

// stage puts the file's rows into the ledger, a chunk a transaction.
func (s *Service) stage(ctx context.Context, r Reconciliation, file *stockFile, holders bool, progress func(rows, bytes int64)) error {
	today, products := idnumber.DateOf(s.o.Now()), s.rules().Products()
	for last := false; !last; {
		if err := ctx.Err(); err != nil {
			return ledgerError(err)
		}
		var rows []StagedRow
		var refused []RefusedRow
		for n := 0; n < stockChunk; n++ {
			record, ok := file.next()
			if !ok {
				if err := file.readError(); err != nil {
					return err
				}
				last = true
				break
			}
			row, code, err := s.stagedRow(&record, holders, today, products)
			if err != nil {
				return err
			}
			if code != "" {
				refused = append(refused, record.refused(code))
				continue
			}
			rows = append(rows, row)
		}
		if err := s.o.Ledger.StageRows(ctx, r.ID, rows, refused, codeRepeated); err != nil {
			return reconciliationError(err)
		}
		if progress != nil {
			progress(file.row, file.at())
		}
	}
	return nil
}

// stagedRow is one opening of the file. Only a row without a usable reference is refused: any other is somewhere in the
// tenant's books, and would be called missing there. What it says beside the reference and cannot be is a difference, and
// not kept, because it may stand in the wrong column.
func (s *Service) stagedRow(r *stockRecord, holders bool, today idnumber.Date, products []string) (row StagedRow, code string, err error) {
	if r.code == "row_malformed" {
		return StagedRow{}, r.code, nil
	}
	ref, code := r.reference()
	if code != "" {
		return StagedRow{}, code, nil
	}
	row = StagedRow{Row: r.row, ExternalRef: ref, Named: holders && r.cells[columnNumber] != ""}
	if product := r.cells[columnProduct]; slices.Contains(products, product) {
		row.Product = product
	}
	if state := quota.State(r.cells[columnState]); slices.Contains(stockStates, state) {
		row.State = state
	}
	if row.Named {
		if subject, code := s.stockSubject(r.document(), today); code == "" {
			row.Keys, err = s.documentKeys(subject)
		}
	}
	return row, "", err
}

func (s *Service) reconciliationEvents(c Caller, id string) ReconciliationEvents {
	return ReconciliationEvents{
		Finding: func(at time.Time, f Finding) (compliance.Event, error) {
			kind, subject, data := compliance.EventStockUnmatched, f.OpeningID, map[string]string{"reconciliation": id, "side": f.Side}
			if f.Difference != "" {
				kind, data["difference"] = compliance.EventStockDiffers, f.Difference
			}
			if f.Row > 0 {
				data["row"] = strconv.FormatInt(f.Row, 10)
			}
			if subject == "" {
				subject = id // the ledger has nothing that it could be about
			}
			return compliance.NewEvent(s.o.IDs.New(compliance.PrefixEvent), kind, c.TenantID, subject, at, data)
		},
		Done: func(at time.Time, r Reconciliation) (compliance.Event, error) {
			return compliance.NewEvent(s.o.IDs.New(compliance.PrefixEvent), compliance.EventReconciled, c.TenantID, id, at, map[string]string{
				"matched": strconv.FormatInt(r.Matched, 10), "differing": strconv.FormatInt(r.Differing, 10),
				"only_ledger": strconv.FormatInt(r.OnlyLedger, 10), "only_file": strconv.FormatInt(r.OnlyFile, 10),
				"refused": strconv.FormatInt(r.Refused, 10),
			})
		},
	}
}

// Reconciliation returns one comparison of the caller's.
func (s *Service) Reconciliation(ctx context.Context, c Caller, id string) (Reconciliation, error) {
	r, err := s.o.Ledger.Reconciliation(ctx, c.TenantID, id)
	if errors.Is(err, ErrNotFound) {
		return Reconciliation{}, compliance.E(compliance.FaultNotFound, "reconciliation_not_found", "no such reconciliation of this tenant")
	}
	if err != nil {
		return Reconciliation{}, ledgerError(err)
	}
	return r, nil
}

// Findings are up to limit findings of a comparison of the caller's, those after an ordinal.
func (s *Service) Findings(ctx context.Context, c Caller, id string, after int64, limit int) ([]Finding, error) {
	out, err := s.o.Ledger.Findings(ctx, c.TenantID, id, after, limit)
	if err != nil {
		return nil, ledgerError(err)
	}
	return out, nil
}
