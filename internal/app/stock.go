package app

import (
	"context"
	"encoding/csv"
	"io"
	"strconv"
	"time"

	"realname/compliance"
	"realname/verify"
	"realname/verify/idnumber"
)

type (
	// StockFile is what Stock.Load reads.
	StockFile = verify.StockFile
	// StockLoad is how far it has come.
	StockLoad = verify.StockLoad
	// ReconciliationFile is what Stock.Reconcile reads.
	ReconciliationFile = verify.ReconciliationFile
	// Reconciliation is what it found.
	Reconciliation = verify.Reconciliation
)

// Stock is the existing stock of one tenant: what an operator loads, compares and states for it.
type Stock struct {
	desk desk
	now  func() time.Time
}

// Stock opens the stock of a tenant, under the policy and the division codes of the configuration.
func (o *Operator) Stock(ctx context.Context, tenantID string) (*Stock, error) {
	d, err := o.desk(ctx, tenantID)
	if err != nil {
		return nil, err
	}
	return &Stock{desk: d, now: o.now}, nil
}

// stateNone states that there is none: every family is complete as of today.
func (s *Stock) stateNone(ctx context.Context) error {
	today := idnumber.DateOf(s.now()).String()
	for _, family := range s.desk.policy.Families() {
		if err := s.StateBaseline(ctx, family, today, true); err != nil {
			return err
		}
	}
	return nil
}

// Load loads a file of existing openings, or goes on where an earlier run stopped.
func (s *Stock) Load(ctx context.Context, f StockFile) (StockLoad, error) {
	return s.desk.LoadStock(ctx, s.desk.caller, f)
}

// Reconcile compares the ledger with the tenant's own file.
func (s *Stock) Reconcile(ctx context.Context, f ReconciliationFile) (Reconciliation, error) {
	return s.desk.Reconcile(ctx, s.desk.caller, f)
}

// StateBaseline states that the stock of a family is, or is not, complete as of a day, YYYY-MM-DD in China.
func (s *Stock) StateBaseline(ctx context.Context, family, asOf string, complete bool) error {
	return s.desk.StateBaseline(ctx, s.desk.caller, family, asOf, complete)
}

// reportPage is how many rows of a report are read from the ledger at a time.
const reportPage = 1000

// ReportLoad writes the rows that a load refused as CSV: row, code, external_ref and what the code says. Nothing in it is
// personal data.
func (s *Stock) ReportLoad(ctx context.Context, w io.Writer, id string) error {
	out := csv.NewWriter(w)
	_ = out.Write([]string{"row", "code", "external_ref", "meaning"}) // Flush below keeps its error
	err := s.eachRefused(ctx, id, func(r verify.RefusedRow) {
		_ = out.Write([]string{strconv.FormatInt(r.Row, 10), r.Code, r.ExternalRef, meaning(r.Code)})
	})
	return flushed(out, err)
}

// ReportReconciliation writes what a reconciliation found as CSV, and then the rows of the file that it refused.
func (s *Stock) ReportReconciliation(ctx context.Context, w io.Writer, id string) error {
	out := csv.NewWriter(w)
	_ = out.Write([]string{"finding", "row", "external_ref", "opening_id", "detail"})
	for after := int64(0); ; {
		page, err := s.desk.Findings(ctx, s.desk.caller, id, after, reportPage)
		if err != nil {
			return flushed(out, err)
		}
		for _, f := range page {
			row := ""
			if f.Row > 0 {
				row = strconv.FormatInt(f.Row, 10)
			}
			_ = out.Write([]string{f.Kind(), row, f.ExternalRef, f.OpeningID, f.Difference})
			after = f.Ordinal
		}
		if len(page) < reportPage {
			break
		}
	}
	err := s.eachRefused(ctx, id, func(r verify.RefusedRow) {
		_ = out.Write([]string{"refused", strconv.FormatInt(r.Row, 10), r.ExternalRef, "", r.Code})
	})
	return flushed(out, err)
}

func (s *Stock) eachRefused(ctx context.Context, id string, f func(verify.RefusedRow)) error {
	for after := int64(0); ; {
		page, err := s.desk.RefusedRows(ctx, s.desk.caller, id, after, reportPage)
		if err != nil {
			return err
		}
		for _, r := range page {
			f(r)
			after = r.Row
		}
		if len(page) < reportPage {
			return nil
		}
	}
}

func flushed(out *csv.Writer, err error) error {
	out.Flush()
	if err == nil {
		err = out.Error()
	}
	return err
}

func meaning(code string) string {
	reason, _ := compliance.Reason(code)
	return reason.Clerk.EN
}
