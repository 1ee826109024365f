package sqlstore_test

import (
	"database/sql"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"realname/internal/sqlstore"
	"realname/internal/sqlstore/storetest"
	"realname/ratelimit/quota"
)

// stock fills a ledger with n openings of others: five to a person, in the order of their ids, each tenth through a proxy.
func stock(t testing.TB, dsn string, n int) {
	t.Helper()
	series, number := "(SELECT generate_series(0, %d) AS i) AS s", "lpad((%s)::text, 10, '0')"
	if strings.HasPrefix(dsn, "file:") {
		series, number = "(WITH RECURSIVE c (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM c WHERE i < %d) SELECT i FROM c) AS s", "printf('%%010d', %s)"
	}
	of := func(text string) string { return fmt.Sprintf(number, text) }
	from := func(most int) string { return " FROM " + fmt.Sprintf(series, most-1) }
	for _, statement := range []string{
		"INSERT INTO persons (id, created_at) SELECT 'prs_" + "' || " + of("i") + ", 1" + from(n/5),
		`INSERT INTO openings (id, tenant_id, legal_entity_id, person_id, decision_id, product, state, lease_until, origin, external_ref, opened_at, created_at, updated_at)
			SELECT 'opn_' || ` + of("i") + `, '` + storetest.Tenant + `', '` + storetest.LegalEntity + `', 'prs_' || ` + of("i / 5") + `, NULL, '` + storetest.Product + `',
			'active', NULL, 'imported', 'ref-' || ` + of("i") + `, 1, 1, 1` + from(n),
		`INSERT INTO opening_parties (opening_id, role, person_id, tenant_id)
			SELECT 'opn_' || ` + of("i * 10") + `, 'proxy', 'prs_' || ` + of("i / 5") + `, '` + storetest.Tenant + "'" + from(n/10),
		"INSERT INTO velocity_events (key, counts, at, id, decision_id) SELECT 'clerk:' || (i % 100), 1, i, 'ver_' || " + of("i") + ", 'ver_' || " + of("i") + from(n/10),
		"ANALYZE",
	} {
		execute(t, dsn, statement)
	}
}

func stockPersons(n, want int) []string {
	persons := make([]string, want)
	for i := range persons {
		persons[i] = fmt.Sprintf("prs_%010d", i*2654435761%(n/5)) // spread over all of them
	}
	return persons
}

// plan is how the engine would run a statement.
func plan(t *testing.T, db *sql.DB, statement string, args []any) (out string) {
	t.Helper()
	explain := "EXPLAIN "
	if strings.Contains(fmt.Sprintf("%T", db.Driver()), "sqlite") {
		explain = "EXPLAIN QUERY PLAN "
	}
	rows, err := db.Query(explain+statement, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }() // read to the end, or the test has failed
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		line := make([]any, len(columns))
		for i := range line {
			line[i] = new(any)
		}
		if err := rows.Scan(line...); err != nil {
			t.Fatal(err)
		}
		out += fmt.Sprintln(*line[len(line)-1].(*any))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// No statement of a reserve, of an import or of a sweep reads a whole table.
func TestStatementsUseIndexes(t *testing.T) {
	at := time.Now()
	holder := storetest.Demand("prs_0000000007", 5)
	reclassed := storetest.Demand("prs_0000000007", 5)
	reclassed.Without = []string{"opn_0000000035"}
	proxy := by("prs_0000000007", quota.Proxy, "prs_0000000008", 3, quota.Openings)
	phone := by("prs_0000000007", quota.Phone, "prs_0000000008", 1, quota.Persons)
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		dsn := e.DSN(t)
		storetest.Open(t, dsn, nil)
		stock(t, dsn, 50_000)
		db := raw(t, dsn)
		defer func() { _ = db.Close() }() // only read
		type asked struct {
			statement string
			args      []any
			uses      []string // any of them
		}
		statements := map[string]asked{
			"reference": {sqlstore.SelectReferences(2), []any{storetest.Tenant, "ref-0000000007", "ref-0000000008"}, []string{"openings_reference", "openings_external_ref"}},
			"successor": {sqlstore.SelectSuccessor, []any{"opn_0000000007", storetest.Tenant}, []string{"openings_successor"}},
			"lapsed":    {sqlstore.SelectLapsed, []any{at.UnixMicro(), 64}, []string{"openings_lease"}},
			"events":    {sqlstore.SelectEvents, []any{"clerk:1", 1, at.UnixMicro(), 100}, []string{"velocity_events_pkey", "sqlite_autoindex_velocity_events_1", "PRIMARY KEY"}},
		}
		for name, d := range map[string]quota.Demand{"holder": holder, "reclass": reclassed, "proxy": proxy, "phone": phone} {
			text, args, err := sqlstore.CountQuery(d, at)
			if err != nil {
				t.Fatal(err)
			}
			index := []string{"openings_person"}
			if d.By[0].Part != quota.Holder {
				index = []string{"opening_parties_pkey", "sqlite_autoindex_opening_parties_1"}
			}
			statements[name] = asked{text, args, index}
		}
		for name, q := range statements {
			how := plan(t, db, q.statement, q.args)
			used := false
			for _, index := range q.uses {
				used = used || strings.Contains(how, index)
			}
			if !used || strings.Contains(how, "Seq Scan") || strings.Contains(how, "SCAN ") && !strings.Contains(how, "USING") {
				t.Errorf("%s reads too much:\n%s", name, how)
			}
		}
	})
}

// BenchmarkReserveBySize measures a reserve by 64 writers, for persons spread over ledgers of 10⁴ and 10⁶ openings (10⁷
// on SQLite too with REALNAME_BENCH_LARGE=1), and reports what each costs beside the smallest.
func BenchmarkReserveBySize(b *testing.B) {
	for _, e := range storetest.Engines() {
		sizes := []int{10_000, 1_000_000}
		if os.Getenv("REALNAME_BENCH_LARGE") != "" && e.Name == "sqlite" {
			sizes = append(sizes, 10_000_000)
		}
		var ledgers []*benchLedger
		var began []time.Duration
		for _, n := range sizes {
			dsn := e.DSN(b)
			s := storetest.Open(b, dsn, nil)
			began = append(began, timed(func() { stock(b, dsn, n) }))
			ledgers = append(ledgers, &benchLedger{benchWork{persons: stockPersons(n, benchPersons), row: benchRow(b)}, s})
		}
		b.Run(e.Name, func(b *testing.B) {
			spent := make([]time.Duration, len(sizes))
			for done := 0; done < b.N; done += benchSlice {
				n := min(benchSlice, b.N-done)
				for i, l := range ledgers {
					spent[i] += timed(func() { l.run(b, done, n) })
				}
			}
			for i, n := range sizes {
				b.ReportMetric(float64(b.N)/spent[i].Seconds(), fmt.Sprintf("commits/s-at-%d", n))
				b.ReportMetric(float64(spent[i])/float64(spent[0]), fmt.Sprintf("x-cost-at-%d", n))
				b.ReportMetric(began[i].Seconds(), fmt.Sprintf("s-to-fill-%d", n))
			}
		})
	}
}
