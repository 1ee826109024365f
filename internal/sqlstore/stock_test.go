package sqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"realname/compliance"
	"realname/compliance/vault"
	"realname/internal/sqlstore"
	"realname/internal/sqlstore/storetest"
	"realname/ratelimit/quota"
	"realname/verify"
)

func beginLoad(t *testing.T, s *sqlstore.Store, key string) verify.StockLoad {
	t.Helper()
	l, err := s.BeginStockLoad(t.Context(), verify.StockLoad{
		ID: storetest.IDs.New(compliance.PrefixImport), TenantID: storetest.Tenant, LegalEntityID: storetest.LegalEntity,
		Key: key, Digest: "digest of " + key, NameDigest: "name",
	})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// chunkOf is the next rows of a load; its cursor moves by one byte and one row each.
func chunkOf(l verify.StockLoad, rows ...verify.ImportRow) verify.StockChunk {
	return verify.StockChunk{
		Load: l, Rows: rows, Byte: l.Byte + int64(len(rows)), Row: l.Row + int64(len(rows)),
		Event: func(at time.Time, after verify.StockLoad) (compliance.Event, error) {
			return storetest.NewEvent(compliance.EventOpeningsImported, storetest.Tenant, after.ID, at)
		},
	}
}

func TestLoadStock(t *testing.T) {
	onEach(t, func(t *testing.T, s *sqlstore.Store, clock *storetest.Clock) {
		ctx := t.Context()
		l := beginLoad(t, s, "k")
		again := l
		again.ID = storetest.IDs.New(compliance.PrefixImport)
		if _, err := s.BeginStockLoad(ctx, again); !errors.Is(err, verify.ErrImportOverlap) {
			t.Errorf("begun twice: %v", err)
		}
		var rows []verify.ImportRow
		for n := range 250 { // three persons in more rows than one statement takes
			rows = append(rows, importRow(fmt.Sprint("p", n%3), fmt.Sprint("ref-", n), quota.Active))
		}
		rows = append(rows, importRow("p0", "ref-0", quota.Active), importRow("p3", "ref-closed", quota.Closed))
		first := chunkOf(l, rows...)
		first.Refused = []verify.RefusedRow{{Row: 7, Code: "row_malformed"}, {Row: 9, Code: "product_unknown", ExternalRef: "ref-9"}}
		clock.Move(time.Minute)
		after, err := s.LoadStock(ctx, first)
		if err != nil || after.Loaded != 251 || after.Known != 1 || after.Refused != 2 || after.Row != 252 || after.Complete() {
			t.Fatalf("%+v, %v", after, err)
		}
		for where, read := range map[string]func() (verify.StockLoad, error){
			"by key":  func() (verify.StockLoad, error) { return s.StockLoad(ctx, storetest.Tenant, "k") },
			"by id":   func() (verify.StockLoad, error) { return s.StockLoadByID(ctx, storetest.Tenant, l.ID) },
			"by name": func() (verify.StockLoad, error) { return s.StockLoadByName(ctx, storetest.Tenant, "name") },
		} {
			if got, err := read(); err != nil || !cmp.Equal(got, after) {
				t.Errorf("%s: %v\n%s", where, err, cmp.Diff(after, got))
			}
		}
		for where, err := range map[string]error{
			"another tenant by id":   second(s.StockLoadByID(ctx, storetest.OtherTenant, l.ID)),
			"another tenant by key":  second(s.StockLoad(ctx, storetest.OtherTenant, "k")),
			"another tenant by name": second(s.StockLoadByName(ctx, storetest.OtherTenant, "name")),
		} {
			if !errors.Is(err, verify.ErrNotFound) {
				t.Errorf("%s: %v", where, err)
			}
		}
		person := storetest.Person(t, s, "p0")
		if n := used(t, s, storetest.Demand(person, 5)); n != 84 {
			t.Errorf("%d counted of a stock of 84", n)
		}
		if rows := mustCommit(t, s, storetest.Reserve(storetest.Draft{Person: person}, "", time.Hour, storetest.Demand(person, 5))); rows.Opening != nil {
			t.Error("admission exceeded the limit")
		}
		if got, err := s.RefusedRows(ctx, storetest.Tenant, l.ID, 0, 10); err != nil || !cmp.Equal(got, first.Refused) {
			t.Errorf("refused: %+v, %v", got, err)
		}
		if got, err := s.RefusedRows(ctx, storetest.Tenant, l.ID, 7, 10); err != nil || !cmp.Equal(got, first.Refused[1:]) {
			t.Errorf("refused behind row 7: %+v, %v", got, err)
		}
		if got, err := s.RefusedRows(ctx, storetest.OtherTenant, l.ID, 0, 10); err != nil || len(got) > 0 {
			t.Errorf("another tenant's refused rows: %+v, %v", got, err)
		}
	})
}

func second[T any](_ T, err error) error { return err }

// A cursor that somebody else has moved, or an event that cannot be made, leaves nothing.
func TestLoadStockMovesItsCursorOnce(t *testing.T) {
	onEach(t, func(t *testing.T, s *sqlstore.Store, _ *storetest.Clock) {
		ctx := t.Context()
		l := beginLoad(t, s, "k")
		before := waiting(t, s)
		after, err := s.LoadStock(ctx, chunkOf(l, importRow("p", "ref-1", quota.Active)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.LoadStock(ctx, chunkOf(l, importRow("p", "ref-2", quota.Active))); !errors.Is(err, verify.ErrStale) {
			t.Errorf("the same place again: %v", err)
		}
		broken := chunkOf(after, importRow("p", "ref-3", quota.Active))
		broken.Event = func(time.Time, verify.StockLoad) (compliance.Event, error) {
			return compliance.Event{}, errors.New("no event")
		}
		if _, err := s.LoadStock(ctx, broken); err == nil || err.Error() != "no event" {
			t.Errorf("a chunk without an event: %v", err)
		}
		foreign := chunkOf(after, importRow("p", "ref-4", quota.Active))
		foreign.Rows[0].Opening.TenantID = storetest.OtherTenant
		if _, err := s.LoadStock(ctx, foreign); err == nil {
			t.Error("a row of another tenant was loaded")
		}
		last := chunkOf(after)
		last.Last = true
		done, err := s.LoadStock(ctx, last)
		if err != nil || !done.Complete() || done.Loaded != 1 {
			t.Errorf("the end: %+v, %v", done, err)
		}
		if _, err := s.LoadStock(ctx, chunkOf(done, importRow("p", "ref-5", quota.Active))); !errors.Is(err, verify.ErrStale) {
			t.Errorf("behind the end: %v", err)
		}
		if n := used(t, s, storetest.Demand(storetest.Person(t, s, "p"), 5)); n != 1 {
			t.Errorf("%d openings", n)
		}
		if n := waiting(t, s) - before; n != 2 {
			t.Errorf("%d events for two chunks", n)
		}
	})
}

// A reference whose reservation was given back is free for stock.
func TestLoadStockTakesAReleasedReference(t *testing.T) {
	onEach(t, func(t *testing.T, s *sqlstore.Store, _ *storetest.Clock) {
		draft := storetest.Draft{Person: storetest.Person(t, s, "p")}
		rec := storetest.Reserve(draft, "", time.Hour, storetest.Demand(draft.Person, 5))
		build := rec.Build
		rec.Build = func(at time.Time, uses []quota.Use, reuse compliance.ImageReuse) (verify.Rows, error) {
			rows, err := build(at, uses, reuse)
			rows.Opening.ExternalRef = "ref-1"
			return rows, err
		}
		o := mustCommit(t, s, rec).Opening
		l := beginLoad(t, s, "k")
		l, err := s.LoadStock(t.Context(), chunkOf(l, importRow("p", "ref-1", quota.Active)))
		if err != nil || l.Known != 1 {
			t.Fatalf("while it is reserved: %+v, %v", l, err)
		}
		if _, err := move(s, t, o.ID, quota.Release, ""); err != nil {
			t.Fatal(err)
		}
		if l, err = s.LoadStock(t.Context(), chunkOf(l, importRow("p", "ref-1", quota.Active))); err != nil || l.Loaded != 1 {
			t.Fatalf("after its release: %+v, %v", l, err)
		}
	})
}

// Loads of the same persons, keys and references at once make each of them once.
func TestLoadStockRaces(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		dsn := e.DSN(t)
		s := storetest.Open(t, dsn, nil)
		var wg sync.WaitGroup
		for n := range 6 {
			l := beginLoad(t, s, fmt.Sprint("k", n))
			wg.Go(func() {
				for c := range 5 {
					var rows []verify.ImportRow
					for r := range 60 {
						row := importRow(fmt.Sprint("p", c, r/3), fmt.Sprint("ref-", c, "-", (r+n*7)%60), quota.Active)
						row.Keys = append(row.Keys, storetest.Key(fmt.Sprint("p", c, r/3), 2))
						rows = append(rows, row)
					}
					var err error
					if l, err = s.LoadStock(t.Context(), chunkOf(l, rows...)); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		for what, want := range map[string]int{"openings": 300, "persons": 100, "document_keys": 200} {
			var n int
			if query(t, dsn, &n, `SELECT COUNT(*) FROM `+what); n != want {
				t.Errorf("%d %s, want %d", n, what, want)
			}
		}
	})
}

func TestBaseline(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		s := storetest.Open(t, e.DSN(t), nil)
		ctx := t.Context()
		addTenant(t, s, storetest.Tenant)
		day := func(d int) time.Time { return time.Date(2026, 3, d, 0, 0, 0, 0, time.UTC) }
		state := func(family string, asOf time.Time, complete bool) error {
			return s.StateBaseline(ctx, verify.Baseline{LegalEntityID: storetest.LegalEntity, Family: family, AsOf: asOf, Complete: complete},
				func(at time.Time) (compliance.Event, error) {
					return storetest.NewEvent(compliance.EventBaselineStated, storetest.Tenant, storetest.LegalEntity, at)
				})
		}
		holds := func(when, entity string, asOf time.Time, complete bool) {
			t.Helper()
			at, got, err := s.Baseline(ctx, entity, storetest.Family)
			demand := storetest.Demand("", 1)
			demand.Entity, demand.Whole = entity, true
			uses, err2 := s.Count(ctx, []quota.Demand{demand})
			if err != nil || err2 != nil || got != complete || uses[0].Incomplete == complete || !at.Equal(asOf) {
				t.Errorf("%s: %v since %v, counted %+v; %v, %v", when, got, at, uses, err, err2)
			}
		}
		holds("nothing stated", storetest.LegalEntity, time.Time{}, false)
		for _, step := range []struct {
			when     string
			asOf     time.Time
			complete bool
			since    time.Time
			holds    bool
		}{
			{"stated", day(2), true, day(2), true},
			{"an earlier day", day(1), false, day(2), true},
			{"a later day", day(3), false, day(3), false},
			{"the same day again", day(3), true, day(3), true},
		} {
			before := waiting(t, s)
			if err := state(storetest.Family, step.asOf, step.complete); err != nil {
				t.Fatal(err)
			}
			holds(step.when, storetest.LegalEntity, step.since, step.holds)
			if waiting(t, s) != before+1 {
				t.Errorf("%s: no event", step.when)
			}
		}
		if err := state("other_family", day(4), false); err != nil {
			t.Fatal(err)
		}
		holds("another family", storetest.LegalEntity, day(3), true)
		holds("another legal entity", "ent_other", time.Time{}, false)
		if err := state(storetest.Family, time.Time{}, true); err == nil {
			t.Error("a baseline of no day was stated")
		}
	})
}

func addTenant(t *testing.T, s *sqlstore.Store, id string) {
	t.Helper()
	entity := sqlstore.LegalEntity{ID: storetest.LegalEntity, Name: "Carrier Ltd", Sector: compliance.SectorTelecom, Region: "000000"}
	if err := s.AddLegalEntity(t.Context(), entity); err != nil {
		t.Fatal(err)
	}
	n := sqlstore.Tenant{ID: id, Name: "Carrier", Sector: compliance.SectorTelecom, Region: "440000", LegalEntityID: storetest.LegalEntity}
	if err := s.AddTenant(t.Context(), n, storetest.Event(t, compliance.EventTenantAdded, id, id, time.Now())); err != nil {
		t.Fatal(err)
	}
}

func beginReconciliation(t *testing.T, s *sqlstore.Store) verify.Reconciliation {
	t.Helper()
	id := storetest.IDs.New(compliance.PrefixReconciliation)
	r, err := s.BeginReconciliation(t.Context(), verify.Reconciliation{
		ID: id, TenantID: storetest.Tenant, LegalEntityID: storetest.LegalEntity, Digest: "digest",
	}, func(at time.Time) (compliance.Event, error) {
		return storetest.NewEvent(compliance.EventReconciling, storetest.Tenant, id, at)
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func reconcile(ctx context.Context, s *sqlstore.Store, id string) (verify.Reconciliation, error) {
	return s.Reconcile(ctx, id, verify.ReconciliationEvents{
		Finding: func(at time.Time, f verify.Finding) (compliance.Event, error) {
			return storetest.NewEvent(compliance.EventStockUnmatched, storetest.Tenant, "finding of "+f.OpeningID, at)
		},
		Done: func(at time.Time, _ verify.Reconciliation) (compliance.Event, error) {
			return storetest.NewEvent(compliance.EventReconciled, storetest.Tenant, id, at)
		},
	})
}

func staged(row int64, ref, product string, state quota.State, keys ...vault.DocumentKey) verify.StagedRow {
	return verify.StagedRow{Row: row, ExternalRef: ref, Product: product, State: state, Named: len(keys) > 0, Keys: keys}
}

// Every kind of disagreement is found once, and with its event; what agrees is marked, and nothing else of it changed.
func TestReconcile(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		dsn, clock := e.DSN(t), storetest.NewClock()
		s := storetest.Open(t, dsn, clock.Now)
		addTenant(t, s, storetest.Tenant)
		addTenant(t, s, storetest.OtherTenant)
		l := beginLoad(t, s, "k")
		foreign := importRow("p", "same", quota.Active)
		foreign.Opening.TenantID = storetest.OtherTenant
		_, err := s.LoadStock(t.Context(), chunkOf(l,
			importRow("p", "same", quota.Active), importRow("p", "unnamed", quota.Suspended), importRow("p", "state", quota.Active),
			importRow("p", "product", quota.Active), importRow("p", "person", quota.Active), importRow("p", "stranger", quota.Active),
			importRow("q", "all", quota.Active), importRow("p", "missing", quota.Active), importRow("p", "ended", quota.Closed), importRow("p", "gone", quota.Closed)))
		if err != nil {
			t.Fatal(err)
		}
		other := verify.StockLoad{ID: "imp_other", TenantID: storetest.OtherTenant, LegalEntityID: storetest.LegalEntity, Key: "k"}
		if other, err = s.BeginStockLoad(t.Context(), other); err != nil {
			t.Fatal(err)
		}
		if _, err := s.LoadStock(t.Context(), chunkOf(other, foreign)); err != nil {
			t.Fatal(err)
		}
		person := storetest.Person(t, s, "p")
		execute(t, dsn, `INSERT INTO openings (id, tenant_id, legal_entity_id, person_id, product, state, origin, external_ref, lease_until, created_at, updated_at) VALUES
			('opn_held', 'tnt_a', 'ent_a', '`+person+`', 'phone_card', 'reserved', 'gateway', NULL, 4102444800000000, 1, 1),
			('opn_handed', 'tnt_a', 'ent_a', '`+person+`', 'phone_card', 'reserved', 'gateway', 'handed', 4102444800000000, 1, 1),
			('opn_lapsed', 'tnt_a', 'ent_a', '`+person+`', 'phone_card', 'reserved', 'gateway', 'lapsed', 5, 1, 1),
			('opn_back', 'tnt_a', 'ent_a', '`+person+`', 'phone_card', 'released', 'gateway', 'back', NULL, 1, 1),
			('opn_nameless', 'tnt_a', 'ent_a', '`+person+`', 'phone_card', 'active', 'gateway', NULL, NULL, 1, 1)`)
		before := waiting(t, s)
		clock.Move(time.Hour)
		r := beginReconciliation(t, s)
		p, card := storetest.Key("p", 1), storetest.Product
		unknown := verify.StagedRow{Row: 7, ExternalRef: "stranger", Product: card, State: quota.Active, Named: true}
		err = s.StageRows(t.Context(), r.ID, []verify.StagedRow{
			staged(2, "same", card, quota.Active, p), staged(3, "unnamed", card, quota.Suspended), staged(4, "state", card, quota.Suspended, p),
			staged(5, "product", "iot_card", quota.Active, p), staged(6, "person", card, quota.Active, storetest.Key("q", 1)), unknown,
			staged(8, "all", "iot_card", quota.Closed, p), staged(9, "ended", card, quota.Closed, p), staged(10, "handed", card, quota.Active, p),
			staged(11, "lapsed", card, quota.Active, p), staged(12, "back", card, quota.Active, p), staged(13, "new", card, quota.Active, storetest.Key("z", 1)),
			staged(14, "same", card, quota.Active, p),
		}, []verify.RefusedRow{{Row: 15, Code: "row_malformed"}}, "repeated")
		if err != nil {
			t.Fatal(err)
		}
		// In a later chunk too a reference may not come again.
		if err := s.StageRows(t.Context(), r.ID, []verify.StagedRow{staged(16, "state", card, quota.Active, p)}, nil, "repeated"); err != nil {
			t.Fatal(err)
		}
		clock.Move(time.Hour)
		done, err := reconcile(t.Context(), s, r.ID)
		if err != nil {
			t.Fatal(err)
		}
		want := r
		want.Phase, want.Staged, want.Refused, want.EndedAt = verify.ReconciliationComplete, 12, 3, clock.Now()
		want.Matched, want.Differing, want.OnlyLedger, want.OnlyFile = 3, 6, 2, 3
		if !cmp.Equal(done, want) {
			t.Errorf("%s", cmp.Diff(want, done))
		}
		if got, err := s.Reconciliation(t.Context(), storetest.Tenant, r.ID); err != nil || !cmp.Equal(got, want) {
			t.Errorf("stored: %v %s", err, cmp.Diff(want, got))
		}
		checkFindings(t, s, r.ID)
		if refused, err := s.RefusedRows(t.Context(), storetest.Tenant, r.ID, 0, 10); err != nil || !cmp.Equal(refused, []verify.RefusedRow{
			{Row: 14, Code: "repeated", ExternalRef: "same"}, {Row: 15, Code: "row_malformed"}, {Row: 16, Code: "repeated", ExternalRef: "state"},
		}) {
			t.Errorf("refused: %+v, %v", refused, err)
		}
		if n := waiting(t, s) - before; n != 1+11+1 {
			t.Errorf("%d events for a beginning, eleven findings and an end", n)
		}
		checkMarked(t, dsn, r.StartedAt)
	})
}

func checkFindings(t *testing.T, s *sqlstore.Store, id string) {
	t.Helper()
	found, err := s.Findings(t.Context(), storetest.Tenant, id, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for n, f := range found {
		opening := f.OpeningID
		if !strings.HasPrefix(opening, "opn_0") { // of this test; others are made by chance
			opening += " "
		} else {
			opening = ""
		}
		got = append(got, fmt.Sprintf("%s%s %s %s %d", opening, f.Kind(), f.ExternalRef, f.Difference, f.Row))
		if f.Ordinal != int64(n+1) {
			t.Errorf("ordinal %d of finding %d", f.Ordinal, n+1)
		}
	}
	slices.Sort(got)
	want := []string{
		"differs all product,state,person 8", "differs person person 6", "differs product product 5", "differs state state 4",
		"differs stranger person 7", "opn_handed differs handed state 10", " only_file back  12", " only_file lapsed  11", " only_file new  13",
		"only_ledger missing  0", "opn_nameless only_ledger   0",
	}
	slices.Sort(want)
	if !cmp.Equal(got, want) {
		t.Errorf("findings: %s", cmp.Diff(want, got))
	}
	if page, err := s.Findings(t.Context(), storetest.Tenant, id, 2, 3); err != nil || len(page) != 3 || page[0].Ordinal != 3 {
		t.Errorf("a page: %+v, %v", page, err)
	}
	if other, err := s.Findings(t.Context(), storetest.OtherTenant, id, 0, 100); err != nil || len(other) > 0 {
		t.Errorf("another tenant's findings: %+v, %v", other, err)
	}
	if _, err := s.Reconciliation(t.Context(), storetest.OtherTenant, id); !errors.Is(err, verify.ErrNotFound) {
		t.Errorf("another tenant's reconciliation: %v", err)
	}
}

// checkMarked finds the openings that agreed marked, no others, and nothing left on the stage.
func checkMarked(t *testing.T, dsn string, at time.Time) {
	t.Helper()
	var marked, untouched, left int
	query(t, dsn, &marked, fmt.Sprintf(`SELECT COUNT(*) FROM openings WHERE last_reconciled_at = %d AND tenant_id = 'tnt_a' AND external_ref IN ('same', 'unnamed', 'ended')`, at.UnixMicro()))
	query(t, dsn, &untouched, `SELECT COUNT(*) FROM openings WHERE last_reconciled_at IS NULL`)
	query(t, dsn, &left, `SELECT COUNT(*) FROM reconciliation_stage`)
	if marked != 3 || untouched != 13 || left != 0 {
		t.Errorf("%d marked, %d not, %d left on the stage", marked, untouched, left)
	}
}

// A comparison that a newer one has overtaken ends without a word; nothing of its stage stays.
func TestReconciliationIsAbandonedForANewerOne(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		dsn := e.DSN(t)
		s := storetest.Open(t, dsn, nil)
		addTenant(t, s, storetest.Tenant)
		older := beginReconciliation(t, s)
		var rows []verify.StagedRow
		for n := range 1200 {
			rows = append(rows, staged(int64(n+2), fmt.Sprint("ref-", n), storetest.Product, quota.Active))
		}
		if err := s.StageRows(t.Context(), older.ID, rows, nil, "repeated"); err != nil {
			t.Fatal(err)
		}
		newer := beginReconciliation(t, s)
		var left int
		if query(t, dsn, &left, `SELECT COUNT(*) FROM reconciliation_stage`); left != 0 {
			t.Errorf("%d rows of the older one are left", left)
		}
		if err := s.StageRows(t.Context(), older.ID, rows[:1], nil, "repeated"); !errors.Is(err, verify.ErrStale) {
			t.Errorf("more rows for the older one: %v", err)
		}
		if _, err := reconcile(t.Context(), s, older.ID); !errors.Is(err, verify.ErrStale) {
			t.Errorf("the older one: %v", err)
		}
		if err := s.StageRows(t.Context(), newer.ID, rows, nil, "repeated"); err != nil {
			t.Fatal(err)
		}
		done, err := reconcile(t.Context(), s, newer.ID)
		if err != nil || done.OnlyFile != 1200 || done.Matched != 0 {
			t.Errorf("the newer one: %+v, %v", done, err)
		}
		if got, err := s.Reconciliation(t.Context(), storetest.Tenant, older.ID); err != nil || got.Phase != verify.ReconciliationAbandoned {
			t.Errorf("the older one: %+v, %v", got, err)
		}
	})
}
