package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"realname/compliance"
	"realname/compliance/policy"
	"realname/compliance/vault"
	"realname/internal/sqlstore"
	"realname/verify"
)

// SimulationOptions say what is played against which policy.
type SimulationOptions struct {
	PolicyFile string // empty: the built-in policy
	Openings   io.Reader
	Limits     map[string]int // that every tenant sets for itself, by family
	Lease      time.Duration  // of a reservation
	Scratch    string         // folder of the temporary ledger; the system's own when empty
	Most       int            // rows of each family, and of what could not be done, that are told one by one
	Progress   func(rows, bytes int64)
}

// SimulatedRow is one row that was not done.
type SimulatedRow struct {
	Line    int    `json:"line"`
	Opening string `json:"opening"`
	Used    int    `json:"used,omitempty"`
	Limit   int    `json:"limit,omitempty"`
	Code    string `json:"code,omitempty"` // why the opening's state did not allow it
}

// SimulatedFamily is what one limit said.
type SimulatedFamily struct {
	Family   string         `json:"family"`
	Clause   string         `json:"clause"`
	Limit    int            `json:"limit"`
	Counts   string         `json:"counts"`
	Admitted int            `json:"admitted"` // requests that the limit was asked about, and that nothing refused
	Refused  int            `json:"refused"`  // by this limit
	Peak     int            `json:"peak"`     // the most that was used at once by one person or number
	AtLimit  int            `json:"at_limit"` // persons or numbers that had no room left at some time
	First    []SimulatedRow `json:"first_refused"`

	full map[string]bool
}

// Simulation is what became of a history.
type Simulation struct {
	Policy       string             `json:"policy"`
	PolicyDigest string             `json:"policy_digest"`
	Rows         int                `json:"rows"`
	From         time.Time          `json:"from,omitzero"`
	To           time.Time          `json:"to,omitzero"`
	Admitted     int                `json:"admitted"`
	Refused      int                `json:"refused"`
	Skipped      int                `json:"skipped"` // about an opening that was refused before
	Failed       int                `json:"failed"`  // what the opening's state did not allow
	Families     []*SimulatedFamily `json:"families"`
	FirstFailed  []SimulatedRow     `json:"first_failed"`
}

// simulation is one run.
type simulation struct {
	o        SimulationOptions
	clock    time.Time // moved by the rows; one goroutine plays
	ids      *compliance.IDs
	store    *sqlstore.Store
	trial    *verify.Trial
	policy   *policy.Policy
	tenants  map[string]verify.Caller
	openings map[string]simulated
	report   Simulation
}

// simulated is an opening of the history.
type simulated struct {
	caller verify.Caller
	id     string // empty: it was refused
}

// Simulate plays a history of openings against a policy, on a temporary ledger that is gone afterwards. A row that cannot
// be read ends it, with the line.
func Simulate(ctx context.Context, o SimulationOptions) (report *Simulation, err error) {
	s := &simulation{o: o, policy: policy.Builtin(), tenants: map[string]verify.Caller{}, openings: map[string]simulated{}}
	if o.PolicyFile != "" {
		text, err := os.ReadFile(o.PolicyFile)
		if err != nil {
			return nil, fmt.Errorf("app: policy: %w", err)
		}
		if s.policy, err = policy.Load(o.PolicyFile, text); err != nil {
			return nil, err
		}
	}
	for family := range o.Limits {
		if known := s.policy.Families(); !slices.Contains(known, family) {
			return nil, fmt.Errorf("the policy has no family %q; there are %s", family, strings.Join(known, ", "))
		}
	}
	folder, err := os.MkdirTemp(o.Scratch, "realname-simulation-")
	if err != nil {
		return nil, fmt.Errorf("app: temporary ledger: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	rows, err := newHistory(o.Openings)
	if err != nil {
		return nil, err
	}
	first, err := rows.next()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the history has no rows")
	}
	if err != nil {
		return nil, err
	}
	s.clock = first.at // the ledger's time never runs backwards, so that it begins with the history
	if err := s.open(ctx, folder); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.store.Close()) }()
	return &s.report, s.play(ctx, rows, first)
}

func (s *simulation) open(ctx context.Context, folder string) error {
	now := func() time.Time { return s.clock }
	var err error
	if s.store, err = sqlstore.Open(ctx, sqlstore.Options{DSN: "file:" + filepath.Join(folder, "ledger.db"), Now: now, Readers: 2, Throwaway: true}); err != nil {
		return err
	}
	keys, err := vault.NewMasterKeys(vault.International, rand.Reader)
	if err != nil {
		return errors.Join(err, s.store.Close())
	}
	safe, err := vault.New(keys, rand.Reader, time.Now)
	if err != nil {
		return errors.Join(err, s.store.Close())
	}
	s.ids = compliance.NewIDs(now, rand.Reader)
	s.trial = verify.NewTrial(verify.Options{Ledger: s.store, Vault: safe, Policy: s.policy, IDs: s.ids, Now: now, Lease: s.o.Lease})
	s.report = Simulation{Policy: s.policy.Name(), PolicyDigest: s.policy.Digest(), Families: []*SimulatedFamily{}, FirstFailed: []SimulatedRow{}}
	return nil
}

func (s *simulation) play(ctx context.Context, rows *history, row historyRow) error {
	s.report.From = row.at
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if row.at.Before(s.clock) {
			return rows.fault("the rows must be in the order of at")
		}
		s.clock, s.report.To = row.at, row.at
		if err := s.do(ctx, row); err != nil {
			return fmt.Errorf("line %d: %w", row.line, err)
		}
		s.report.Rows++
		if s.o.Progress != nil {
			s.o.Progress(int64(s.report.Rows), rows.read())
		}
		var err error
		if row, err = rows.next(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// do plays one row.
func (s *simulation) do(ctx context.Context, row historyRow) error {
	known, is := s.openings[row.opening]
	if occasion, opens := openingActions[row.action]; opens {
		if is {
			return errors.New("the opening is in an earlier row already")
		}
		return s.reserve(ctx, row, occasion)
	}
	switch {
	case !is:
		return errors.New("no earlier row opens this opening")
	case known.id == "":
		s.report.Skipped++
		return nil
	}
	return s.note(row, s.move(ctx, known, row.opening, row.action))
}

// move is one step in the life of an opening.
func (s *simulation) move(ctx context.Context, of simulated, opening, action string) error {
	var err error
	switch action {
	case actionConfirm:
		var o verify.Opening
		if o, err = s.trial.Confirm(ctx, of.caller, of.id, verify.Confirmation{}); err == nil {
			of.id = o.ID // a late confirmation makes a successor
			s.openings[opening] = of
		}
	case "release":
		_, err = s.trial.Release(ctx, of.caller, of.id)
	case "suspend":
		_, err = s.trial.Suspend(ctx, of.caller, of.id)
	case "resume":
		_, err = s.trial.Resume(ctx, of.caller, of.id)
	default:
		_, err = s.trial.Close(ctx, of.caller, of.id, "")
	}
	return err
}

// note counts what the state of an opening did not allow; every other error ends the run.
func (s *simulation) note(row historyRow, err error) error {
	e, ok := errors.AsType[*compliance.Error](err)
	if !ok || e.Fault != compliance.FaultConflict && e.Fault != compliance.FaultUnprocessable {
		return err
	}
	s.report.Failed++
	if len(s.report.FirstFailed) < s.o.Most {
		s.report.FirstFailed = append(s.report.FirstFailed, SimulatedRow{Line: row.line, Opening: row.opening, Code: e.Code})
	}
	return nil
}

func (s *simulation) reserve(ctx context.Context, row historyRow, occasion compliance.Occasion) error {
	if row.product == "" || s.policy.SceneOf(row.product) == "" {
		return errors.New("the policy has no such product")
	}
	c, err := s.tenant(ctx, row)
	if err != nil {
		return err
	}
	ask := verify.TrialRequest{
		Scene: row.scene, Occasion: occasion, Product: row.product, CustomerType: row.customer, Holder: row.person, Others: row.others,
	}
	if row.predecessor != "" {
		was, is := s.openings[row.predecessor]
		if !is {
			return errors.New("no earlier row opens the predecessor")
		}
		if was.id == "" {
			s.openings[row.opening] = simulated{caller: c}
			s.report.Skipped++
			return nil
		}
		ask.PredecessorID = was.id
	}
	answer, err := s.trial.Reserve(ctx, c, ask)
	if err != nil {
		s.openings[row.opening] = simulated{caller: c}
		return s.note(row, err)
	}
	s.count(row, answer)
	now := simulated{caller: c}
	if answer.Opening != nil {
		now.id = answer.Opening.ID
	}
	s.openings[row.opening] = now
	if now.id == "" || row.action == actionReserve {
		return nil
	}
	return s.note(row, s.move(ctx, now, row.opening, actionConfirm))
}

// tenant is the one institution of a legal entity.
func (s *simulation) tenant(ctx context.Context, row historyRow) (verify.Caller, error) {
	sector := s.trial.SectorOf(row.scene, row.product)
	if c, known := s.tenants[row.entity]; known {
		c.Sector = sector
		return c, nil
	}
	c := verify.Caller{
		TenantID: s.ids.New(compliance.PrefixTenant), LegalEntityID: s.ids.New(compliance.PrefixLegalEntity),
		Role: compliance.RoleTenant, Sector: sector, Region: "000000",
	}
	number := "simulated " + strconv.Itoa(len(s.tenants)+1)
	if err := s.store.AddLegalEntity(ctx, sqlstore.LegalEntity{ID: c.LegalEntityID, Name: number, Sector: sector, Region: c.Region}); err != nil {
		return c, err
	}
	ev, err := s.event(compliance.EventTenantAdded, c.TenantID)
	if err != nil {
		return c, err
	}
	if err := s.store.AddTenant(ctx, sqlstore.Tenant{ID: c.TenantID, Name: number, Sector: sector, Region: c.Region, LegalEntityID: c.LegalEntityID}, ev); err != nil {
		return c, err
	}
	for _, family := range s.policy.Families() { // the history is all there is
		b := verify.Baseline{LegalEntityID: c.LegalEntityID, Family: family, AsOf: s.clock, Complete: true}
		if err := s.store.StateBaseline(ctx, b, func(time.Time) (compliance.Event, error) {
			return s.event(compliance.EventBaselineStated, c.LegalEntityID)
		}); err != nil {
			return c, err
		}
	}
	for family, most := range s.o.Limits {
		if ev, err = s.event(compliance.EventTenantLimitSet, c.TenantID); err != nil {
			return c, err
		}
		if err := s.store.SetTenantLimit(ctx, c.TenantID, family, most, ev); err != nil {
			return c, err
		}
	}
	s.tenants[row.entity] = c
	return c, nil
}

func (s *simulation) event(kind compliance.EventKind, tenant string) (compliance.Event, error) {
	return compliance.NewEvent(s.ids.New(compliance.PrefixEvent), kind, tenant, tenant, s.clock, nil)
}

// count adds an answer to the report.
func (s *simulation) count(row historyRow, a verify.TrialAnswer) {
	admitted := a.Opening != nil
	if admitted {
		s.report.Admitted++
	} else {
		s.report.Refused++
	}
	for _, u := range a.Uses {
		f := s.family(u.Family, u.Clause)
		f.Limit, f.Counts = u.Max, string(u.Counts)
		held := u.Used
		switch {
		case admitted:
			f.Admitted++
			held++
		case u.Full():
			f.Refused++
			if len(f.First) < s.o.Most {
				f.First = append(f.First, SimulatedRow{Line: row.line, Opening: row.opening, Used: u.Used, Limit: u.Max})
			}
		}
		f.Peak = max(f.Peak, held)
		if held >= u.Max {
			var key strings.Builder
			for _, by := range u.By {
				key.WriteString(by.ID + " ")
			}
			f.full[key.String()] = true
			f.AtLimit = len(f.full)
		}
	}
}

func (s *simulation) family(name, clause string) *SimulatedFamily {
	for _, f := range s.report.Families {
		if f.Family == name && f.Clause == clause {
			return f
		}
	}
	f := &SimulatedFamily{Family: name, Clause: clause, First: []SimulatedRow{}, full: map[string]bool{}}
	s.report.Families = append(s.report.Families, f)
	return f
}
