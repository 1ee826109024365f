package sqlstore_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"realname/compliance"
	"realname/internal/sqlstore"
	"realname/internal/sqlstore/storetest"
	"realname/ratelimit/quota"
	"realname/verify"
)

// Every record is on exactly one page, all versions of a decision on the same, whatever the length of a page.
func TestHistory(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		clock := storetest.NewClock()
		s := storetest.Open(t, e.DSN(t), clock.Now)
		begin := clock.Now()
		var want []string
		for i := range 7 {
			id := fmt.Sprintf("ver_%d", i)
			for version := 1; version <= 1+i%4; version++ {
				putVersion(t, s, clock, id, version, 1+i%4)
				want = append(want, fmt.Sprint(id, "/", version))
			}
			clock.Move(time.Hour)
		}
		walk := func(q sqlstore.HistoryQuery) []string {
			t.Helper()
			var out []string
			for {
				page, err := s.History(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				if len(page) == 0 {
					return out
				}
				if last := page[len(page)-1].ID; last == q.After || len(out) > 100 {
					t.Fatalf("a page that ends at %s twice", last)
				}
				for _, r := range page {
					if r.ID == q.After {
						t.Errorf("%s is on two pages", r.ID)
					}
					d, err := compliance.DecodeDecision(r.Canonical)
					if err != nil || d.ID != r.ID || d.Version != r.Version {
						t.Errorf("the record of %s/%d is of %s/%d, %v", r.ID, r.Version, d.ID, d.Version, err)
					}
					out = append(out, fmt.Sprint(r.ID, "/", r.Version))
				}
				q.After = page[len(page)-1].ID
			}
		}
		for limit := 1; limit <= 20; limit++ {
			if got := walk(sqlstore.HistoryQuery{Limit: limit}); !slices.Equal(got, want) {
				t.Errorf("pages of %d: %v, want %v", limit, got, want)
			}
		}
		for why, c := range map[string]struct {
			q    sqlstore.HistoryQuery
			want []string
		}{
			"after an id":   {sqlstore.HistoryQuery{After: "ver_5"}, []string{"ver_6/1", "ver_6/2", "ver_6/3"}},
			"from an hour":  {sqlstore.HistoryQuery{From: begin.Add(6 * time.Hour)}, []string{"ver_6/1", "ver_6/2", "ver_6/3"}},
			"before a hour": {sqlstore.HistoryQuery{To: begin.Add(time.Hour)}, []string{"ver_0/1"}},
			"nothing":       {sqlstore.HistoryQuery{From: begin.Add(time.Hour), To: begin.Add(time.Hour)}, nil},
		} {
			c.q.Limit = 2
			if got := walk(c.q); !slices.Equal(got, c.want) {
				t.Errorf("%s: %v, want %v", why, got, c.want)
			}
			if n, err := s.CountHistory(t.Context(), c.q); err != nil || n != len(c.want) {
				t.Errorf("%s: %d records, %v", why, n, err)
			}
		}
	})
}

// putVersion commits one of some versions of a decision; only the last is final.
func putVersion(t *testing.T, s *sqlstore.Store, clock *storetest.Clock, id string, version, last int) {
	t.Helper()
	outcome := compliance.Pending
	if version == last {
		outcome = compliance.Approved
	}
	_, err := s.Commit(t.Context(), verify.Record{Build: func(at time.Time, _ []quota.Use, _ compliance.ImageReuse) (verify.Rows, error) {
		row, err := storetest.Decision(storetest.Draft{ID: id, Version: version, Outcome: outcome}, at)
		return verify.Rows{Decision: row}, err
	}})
	if err != nil {
		t.Fatal(err)
	}
}
