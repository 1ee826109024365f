package sqlstore_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"realname/compliance"
	"realname/internal/sqlstore"
	"realname/internal/sqlstore/storetest"
	"realname/ratelimit/quota"
	"realname/verify"
)

// look is the search of one person's image: alike to whatever shares two bands.
type look struct {
	person, scope string
	bands         []int64
	most          int
	since         time.Time
	onlyLook      bool
}

func (l look) search() *verify.ImageSearch {
	scope := verify.ImageScope{
		Scope: l.scope, Bands: l.bands, Since: l.since, Most: l.most, Whole: verify.Likeness{Portrait: true},
		Alike: func(hits []int64, _ verify.ImageEntry) verify.Likeness {
			return verify.Likeness{Portrait: len(hits) >= 2}
		},
	}
	if l.most == 0 {
		scope.Most = 1000
	}
	if !l.onlyLook {
		scope.Put = &verify.ImageEntry{TenantID: storetest.Tenant, PersonID: l.person, KeyVersion: 1, Bands: l.bands, Sealed: []byte("sealed " + l.person)}
	}
	return &verify.ImageSearch{PersonID: l.person, Scopes: []verify.ImageScope{scope}}
}

// commit decides with the image and returns what the decision was told of it.
func (l look) commit(t testing.TB, s *sqlstore.Store) compliance.ImageReuse {
	t.Helper()
	told, err := l.try(t, s, nil)
	if err != nil {
		t.Fatal(err)
	}
	return told
}

func (l look) try(t testing.TB, s *sqlstore.Store, fails error) (told compliance.ImageReuse, err error) {
	_, err = s.Commit(t.Context(), verify.Record{
		Persons: []string{l.person}, Images: l.search(),
		Build: func(at time.Time, _ []quota.Use, reuse compliance.ImageReuse) (verify.Rows, error) {
			told = reuse
			row, err := storetest.Decision(storetest.Draft{ID: storetest.IDs.New(compliance.PrefixDecision), Person: l.person}, at)
			return verify.Rows{Decision: row}, errors.Join(err, fails)
		},
	})
	return told, err
}

// held counts the rows of the index.
func held(t testing.TB, dsn string) (prints, bands, entries int) {
	t.Helper()
	query(t, dsn, &prints, `SELECT COUNT(*) FROM image_prints`)
	query(t, dsn, &bands, `SELECT COUNT(*) FROM image_bands`)
	query(t, dsn, &entries, `SELECT COALESCE(SUM(entries), 0) FROM image_scopes`)
	return prints, bands, entries
}

func TestImagesOfOthersAreFound(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		dsn := e.DSN(t)
		s, err := sqlstore.Open(t.Context(), sqlstore.Options{DSN: dsn})
		if err != nil {
			t.Fatal(err)
		}
		a, b, c := storetest.Person(t, s, "a"), storetest.Person(t, s, "b"), storetest.Person(t, s, "c")
		mine := []int64{1, -2, 3}
		for _, step := range []struct {
			name string
			look look
			want int
		}{
			{"the first", look{person: a, scope: storetest.Tenant, bands: mine}, 0},
			{"the same person again", look{person: a, scope: storetest.Tenant, bands: mine}, 0},
			{"another person", look{person: b, scope: storetest.Tenant, bands: []int64{1, -2, 9}}, 1},
			{"one band is not enough", look{person: c, scope: storetest.Tenant, bands: []int64{3, 20, 21}, onlyLook: true}, 0},
			{"a third person sees both", look{person: c, scope: storetest.Tenant, bands: mine, onlyLook: true}, 2},
			{"who only looked is not seen", look{person: b, scope: storetest.Tenant, bands: mine, onlyLook: true}, 1},
			{"nobody in particular", look{scope: storetest.Tenant, bands: mine, onlyLook: true}, 2},
			{"another scope", look{person: c, scope: storetest.OtherTenant, bands: mine, onlyLook: true}, 0},
		} {
			early, err := s.Images(t.Context(), *step.look.search())
			if err != nil {
				t.Fatal(err)
			}
			if early.Persons != step.want {
				t.Errorf("%s: %+v before the decision, want %d persons", step.name, early, step.want)
			}
			if step.look.person == "" {
				continue
			}
			if told := step.look.commit(t, s); told.Persons != step.want || told.Portrait != step.want || told.Card != 0 {
				t.Errorf("%s: the decision was told %+v, want %d persons", step.name, told, step.want)
			}
		}
		if prints, bands, entries := held(t, dsn); prints != 2 || bands != 6 || entries != 2 {
			t.Errorf("%d images, %d bands, %d counted; a person's own image takes the place of the one before", prints, bands, entries)
		}
		// What was durable is found after a restart.
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = storetest.Open(t, dsn, nil)
		if told := (look{person: c, scope: storetest.Tenant, bands: mine}).commit(t, s); told.Persons != 2 {
			t.Errorf("after a restart: %+v", told)
		}
	})
}

func TestAnImageIsKeptWithItsDecisionOrNotAtAll(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		dsn := e.DSN(t)
		s := storetest.Open(t, dsn, nil)
		refused := errors.New("refused")
		if _, err := (look{person: storetest.Person(t, s, "a"), scope: storetest.Tenant, bands: []int64{1, 2}}).try(t, s, refused); !errors.Is(err, refused) {
			t.Fatal(err)
		}
		if prints, bands, entries := held(t, dsn); prints+bands+entries != 0 {
			t.Errorf("%d images, %d bands, %d counted after a decision that failed", prints, bands, entries)
		}
	})
}

func TestTheIndexIsBoundedAndTheOldestGoFirst(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		dsn := e.DSN(t)
		s := storetest.Open(t, dsn, nil)
		var persons []string
		for i := range 6 {
			persons = append(persons, storetest.Person(t, s, fmt.Sprint(i)))
			look{person: persons[i], scope: storetest.Tenant, bands: bandsOf(i), most: 3}.commit(t, s)
		}
		if prints, bands, entries := held(t, dsn); prints != 3 || bands != 6 || entries != 3 {
			t.Errorf("%d images, %d bands, %d counted under a bound of 3", prints, bands, entries)
		}
		watcher := storetest.Person(t, s, "watcher")
		for i := range 6 {
			n := look{person: watcher, scope: storetest.Tenant, bands: bandsOf(i), onlyLook: true}.commit(t, s).Persons
			if want := i / 3; n != want {
				t.Errorf("image %d: seen with %d persons, want %d", i, n, want)
			}
		}
		// Another scope has a bound of its own, and a lowered one is kept from the next image on.
		look{person: watcher, scope: storetest.OtherTenant, bands: bandsOf(0), most: 3}.commit(t, s)
		look{person: watcher, scope: storetest.Tenant, bands: bandsOf(9), most: 1}.commit(t, s)
		if prints, _, entries := held(t, dsn); prints != 2 || entries != 2 {
			t.Errorf("%d images, %d counted, want one a scope", prints, entries)
		}
	})
}

func bandsOf(i int) []int64 { return []int64{int64(100 * i), int64(100*i + 1)} }

func TestImagesAreForgottenByAge(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		dsn, clock := e.DSN(t), storetest.NewClock()
		s := storetest.Open(t, dsn, clock.Now)
		a, b := storetest.Person(t, s, "a"), storetest.Person(t, s, "b")
		look{person: a, scope: storetest.Tenant, bands: bandsOf(1)}.commit(t, s)
		clock.Move(time.Hour)
		edge := clock.Now()
		look{person: a, scope: storetest.OtherTenant, bands: bandsOf(1)}.commit(t, s)
		seen := func(since time.Time) int {
			return look{person: b, scope: storetest.Tenant, bands: bandsOf(1), since: since, onlyLook: true}.commit(t, s).Persons
		}
		if old, fresh := seen(edge), seen(edge.Add(-2*time.Hour)); old != 0 || fresh != 1 {
			t.Errorf("beyond its age %d, within it %d", old, fresh)
		}
		for _, want := range []int{1, 0} {
			if n, err := s.ExpireImages(t.Context(), edge, 10); err != nil || n != want {
				t.Errorf("forgot %d (%v), want %d", n, err, want)
			}
		}
		if prints, bands, entries := held(t, dsn); prints != 1 || bands != 2 || entries != 1 {
			t.Errorf("%d images, %d bands, %d counted; only the younger one stays", prints, bands, entries)
		}
	})
}

func TestImagesAreErasedWithThePerson(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		dsn := e.DSN(t)
		s := storetest.Open(t, dsn, nil)
		a, b := storetest.Person(t, s, "a"), storetest.Person(t, s, "b")
		for i, scope := range []string{storetest.Tenant, verify.SharedImages} {
			look{person: a, scope: scope, bands: bandsOf(i)}.commit(t, s)
			look{person: b, scope: scope, bands: bandsOf(i)}.commit(t, s)
		}
		before := waiting(t, s)
		erase := func(tenant string) int {
			n, err := s.ForgetImages(t.Context(), tenant, a, func(at time.Time, n int) (compliance.Event, error) {
				return storetest.NewEvent(compliance.EventImagesErased, tenant, a, at)
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		if n := erase(storetest.OtherTenant); n != 0 {
			t.Errorf("another tenant erased %d", n)
		}
		if n := erase(storetest.Tenant); n != 2 {
			t.Errorf("erased %d images, want one in each scope", n)
		}
		if prints, bands, entries := held(t, dsn); prints != 2 || bands != 4 || entries != 2 {
			t.Errorf("%d images, %d bands, %d counted; those of the other person stay", prints, bands, entries)
		}
		var left int
		query(t, dsn, &left, `SELECT COUNT(*) FROM image_prints WHERE person_id = '`+a+`'`)
		if left != 0 || waiting(t, s) != before+2 {
			t.Errorf("%d of the person's left; %d events, want 2", left, waiting(t, s)-before)
		}
	})
}

// Of images that are alike and come at once, each decision is told of all that
// were committed before it: exactly one of them is told of none.
func TestImagesAtOnce(t *testing.T) {
	const n = 64
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		s := storetest.Open(t, e.DSN(t), nil)
		told := make([]int, n)
		var all sync.WaitGroup
		for i := range n {
			person := storetest.Person(t, s, fmt.Sprint(i))
			all.Go(func() {
				reuse, err := look{person: person, scope: storetest.Tenant, bands: []int64{7, 8, int64(i + 100)}}.try(t, s, nil)
				if err != nil {
					t.Error(err)
				}
				told[i] = reuse.Persons
			})
		}
		all.Wait()
		slices.Sort(told)
		for i, k := range told {
			if k != i {
				t.Fatalf("the decisions were told of %v others, want each number once", told)
			}
		}
	})
}
