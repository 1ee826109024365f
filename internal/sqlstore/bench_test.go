package sqlstore_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"realname/compliance"
	"realname/internal/sqlstore"
	"realname/internal/sqlstore/storetest"
	"realname/ratelimit/quota"
	"realname/ratelimit/velocity"
	"realname/verify"
)

const (
	benchPersons = 2000
	benchWriters = 64
	benchSlice   = 2048 // commits of one side before it is the other's turn
)

// BenchmarkCommit measures a reserve (binding count, decision row, opening row)
// by 64 writers beside a bare loop of the same statements on the same engine,
// in turns, and reports the ratio; once more with two velocities, which the bare loop has none of.
func BenchmarkCommit(b *testing.B) {
	for _, e := range storetest.Engines() {
		b.Run(e.Name, func(b *testing.B) { benchCommit(b, e, 0) })
		b.Run(e.Name+" with two velocities", func(b *testing.B) { benchCommit(b, e, 2) })
	}
}

func benchCommit(b *testing.B, e storetest.Engine, windows int) {
	ours, floor := newBenchLedger(b, e), newBenchFloor(b, e)
	ours.windows = windows
	var spent, bare time.Duration
	b.ResetTimer()
	for done := 0; done < b.N; done += benchSlice {
		n := min(benchSlice, b.N-done)
		spent += timed(func() { ours.run(b, done, n) })
		bare += timed(func() { floor.run(b, done, n) })
	}
	perSecond := func(d time.Duration) float64 { return float64(b.N) / d.Seconds() }
	b.ReportMetric(perSecond(spent), "commits/s")
	b.ReportMetric(perSecond(bare), "floor/s")
	b.ReportMetric(perSecond(spent)/perSecond(bare), "x-floor")
}

func timed(f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}

// benchRow is a decision of ordinary size: its canonical record, seal and event.
func benchRow(b *testing.B) verify.DecisionRow {
	row, err := storetest.Decision(storetest.Draft{ID: "ver_bench", Sealed: make([]byte, 900)}, time.Now())
	if err != nil {
		b.Fatal(err)
	}
	row.Canonical = append(row.Canonical, strings.Repeat(" ", 1500)...)
	return row
}

func benchPersonsIn(b *testing.B, s *sqlstore.Store) []string {
	persons := make([]string, benchPersons)
	var wg sync.WaitGroup
	for w := range benchWriters {
		wg.Go(func() {
			for n := w; n < benchPersons; n += benchWriters {
				e, err := s.Enroll(context.Background(), storetest.Enrolment(fmt.Sprint("bench ", n)))
				if err != nil {
					b.Error(err)
					return
				}
				persons[n] = e.PersonID
			}
		})
	}
	wg.Wait()
	return persons
}

// benchWork makes the same units of work for both sides.
type benchWork struct {
	persons []string
	row     verify.DecisionRow
	windows int // velocities that each counts under
}

type benchLedger struct {
	benchWork
	s *sqlstore.Store
}

func newBenchLedger(b *testing.B, e storetest.Engine) *benchLedger {
	s := storetest.Open(b, e.DSN(b), nil)
	return &benchLedger{benchWork{persons: benchPersonsIn(b, s), row: benchRow(b)}, s}
}

func (l *benchLedger) run(b *testing.B, from, n int) {
	var next atomic.Int64
	next.Store(int64(from))
	var wg sync.WaitGroup
	for range benchWriters {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < from+n; i = int(next.Add(1)) - 1 {
				if _, err := l.s.Commit(context.Background(), l.record(i)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func (l *benchWork) record(i int) verify.Record {
	person := l.persons[i%len(l.persons)]
	row := l.row
	row.Decision.ID, row.Event.ID = storetest.IDs.New(compliance.PrefixDecision), storetest.IDs.New(compliance.PrefixEvent)
	row.PersonID, row.IdempotencyKey = person, storetest.IDs.New("idk")
	opening := storetest.IDs.New(compliance.PrefixOpening)
	return verify.Record{
		Persons: []string{person}, Demands: []quota.Demand{storetest.Demand(person, 1<<30)},
		Build: func(at time.Time, _ []quota.Use, _ compliance.ImageReuse) (verify.Rows, error) {
			d := storetest.Draft{ID: row.Decision.ID, Person: person}
			w := verify.Windows{ID: d.ID}
			for n := range l.windows {
				w.Keys = append(w.Keys, verify.WindowKey{Key: fmt.Sprint("clerk:", n, ":", i%50), Counts: velocity.Openings})
			}
			return verify.Rows{Decision: row, Opening: storetest.Opening(d, opening, at.Add(time.Hour)), Windows: w}, nil
		},
	}
}

// benchFloor is the bare loop: no savepoints, no locks, no clock, no queue.
// On SQLite one goroutine commits 64 at a time; on PostgreSQL 16 connections
// commit one each.
type benchFloor struct {
	benchWork
	db       *sql.DB
	workers  int
	perBatch int
}

func newBenchFloor(b *testing.B, e storetest.Engine) *benchFloor {
	dsn := e.DSN(b)
	f := &benchFloor{benchWork: benchWork{persons: benchPersonsIn(b, storetest.Open(b, dsn, nil)), row: benchRow(b)}, workers: 16, perBatch: 1}
	if e.Name == "sqlite" {
		f.workers, f.perBatch = 1, benchWriters
		dsn += "?_pragma=foreign_keys(1)&_pragma=synchronous(full)&_pragma=busy_timeout(10000)&_pragma=cache_size(-65536)"
	}
	f.db = raw(b, dsn)
	f.db.SetMaxOpenConns(f.workers)
	f.db.SetMaxIdleConns(f.workers)
	b.Cleanup(func() { _ = f.db.Close() }) // thrown away with the benchmark
	return f
}

func (f *benchFloor) run(b *testing.B, from, n int) {
	var next atomic.Int64
	next.Store(int64(from))
	var wg sync.WaitGroup
	for range f.workers {
		wg.Go(func() {
			if err := f.work(&next, from+n); err != nil {
				b.Error(err)
			}
		})
	}
	wg.Wait()
}

func (f *benchFloor) work(next *atomic.Int64, end int) error {
	ctx := context.Background()
	conn, err := f.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // back to the pool
	var stmts [5]*sql.Stmt
	count, _, err := sqlstore.CountQuery(storetest.Demand("p", 1), time.Now())
	if err != nil {
		return err
	}
	for i, q := range []string{count, sqlstore.InsertDecision, sqlstore.InsertOpening, "BEGIN", "COMMIT"} {
		if stmts[i], err = conn.PrepareContext(ctx, q); err != nil { //nolint:sqlclosecheck // closed by the deferred call below
			return err
		}
		defer func() { _ = stmts[i].Close() }() // with its connection
	}
	for int(next.Load()) < end {
		if _, err := stmts[3].Exec(); err != nil {
			return err
		}
		for range f.perBatch {
			i := int(next.Add(1)) - 1
			if i >= end {
				break
			}
			if err := f.one(stmts[:], i); err != nil {
				return err
			}
		}
		if _, err := stmts[4].Exec(); err != nil {
			return err
		}
	}
	return nil
}

func (f *benchFloor) one(stmts []*sql.Stmt, i int) error {
	rec, now := f.record(i), time.Now()
	_, args, err := sqlstore.CountQuery(rec.Demands[0], now)
	if err != nil {
		return err
	}
	var used, reserved, frees sql.NullInt64
	if err := stmts[0].QueryRow(args...).Scan(&used, &reserved, &frees); err != nil {
		return err
	}
	rows, err := rec.Build(now, nil, compliance.ImageReuse{})
	if err != nil {
		return err
	}
	if _, err := stmts[1].Exec(sqlstore.DecisionArgs(&rows.Decision, now, int64(i))...); err != nil {
		return err
	}
	_, err = stmts[2].Exec(sqlstore.OpeningArgs(rows.Opening, now)...)
	return err
}
