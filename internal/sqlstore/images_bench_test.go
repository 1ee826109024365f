package sqlstore_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"

	"realname/internal/sqlstore/storetest"
)

// BenchmarkImages is the cost of the index beside a plain look-up by primary key
// in the same ledger. REALNAME_IMAGES is how many images it holds, 20,000 when
// unset; however many, each band is shared by four of them, as 18 bits are in
// a million.
func BenchmarkImages(b *testing.B) {
	n, err := strconv.Atoi(os.Getenv("REALNAME_IMAGES"))
	if err != nil || n < 1 {
		n = 20_000
	}
	for _, e := range storetest.Engines() {
		b.Run(e.Name, func(b *testing.B) {
			dsn := e.DSN(b)
			s := storetest.Open(b, dsn, nil)
			person := storetest.Person(b, s, "holder")
			fill(b, dsn, storetest.Person(b, s, "others"), n)
			b.Run("primary key", func(b *testing.B) {
				for b.Loop() {
					if _, err := s.DataKey(b.Context(), storetest.Tenant, "dek_none"); err == nil {
						b.Fatal("found")
					}
				}
			})
			b.Run("look-up", func(b *testing.B) {
				i := 0
				for b.Loop() {
					i++
					search := look{person: person, scope: storetest.Tenant, bands: bandsFor(i, n), onlyLook: true}.search()
					if _, err := s.Images(b.Context(), *search); err != nil {
						b.Fatal(err)
					}
				}
			})
			for name, search := range map[string]bool{"decision alone": false, "decision with image": true} {
				b.Run(name, func(b *testing.B) {
					i := 0
					for b.Loop() {
						i++
						l := look{person: person, scope: storetest.Tenant, most: 10 * n}
						if search {
							l.bands = bandsFor(i, n)
							l.bands[0] = int64(-i)
						} else {
							l.onlyLook = true
						}
						l.commit(b, s)
					}
				})
			}
		})
	}
}

const benchBands = 21

// bandsFor are the bands of the image number i among n.
func bandsFor(i, n int) []int64 {
	out := make([]int64, benchBands)
	for k := range out {
		out[k] = int64(i*7919+k*104729)%int64(n/4+1)*benchBands + int64(k)
	}
	return out
}

// fill puts n images into the index, straight into its tables.
func fill(b *testing.B, dsn, person string, n int) {
	b.Helper()
	numbers := func(to int) string {
		return fmt.Sprintf("WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < %d)", to)
	}
	const before = 1_000_000_000 // so that their places in the order are before all that commits draw
	execute(b, dsn, fmt.Sprintf(`INSERT INTO image_prints (scope, seq, tenant_id, person_id, key_version, bands, recorded_at)
		%s SELECT '%s', i - %d, '%s', '%s', 1, '', 0 FROM c`, numbers(n), storetest.Tenant, before, storetest.Tenant, person))
	execute(b, dsn, fmt.Sprintf(`INSERT INTO image_scopes (scope, entries) VALUES ('%s', %d)`, storetest.Tenant, n))
	execute(b, dsn, `DROP INDEX image_bands_band`)
	for k := range benchBands {
		execute(b, dsn, fmt.Sprintf(`INSERT INTO image_bands (band, seq) %s SELECT (CAST(i AS BIGINT) * 7919 + %d) %% %d * %d + %d, i - %d FROM c`,
			numbers(n), k*104729, n/4+1, benchBands, k, before))
	}
	execute(b, dsn, `CREATE INDEX image_bands_band ON image_bands (band, seq)`)
}
