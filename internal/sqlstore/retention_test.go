package sqlstore_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"realname/compliance"
	"realname/compliance/policy"
	"realname/internal/sqlstore"
	"realname/internal/sqlstore/storetest"
	"realname/ratelimit/quota"
	"realname/verify"
)

// archive is a ledger whose kept evidence comes to its end.
type archive struct {
	*sqlstore.Store
	t     *testing.T
	dsn   string
	clock *storetest.Clock
}

func onArchives(t *testing.T, f func(a *archive)) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		a := &archive{t: t, dsn: e.DSN(t), clock: storetest.NewClock()}
		a.Store = storetest.Open(t, a.dsn, a.clock.Now)
		f(a)
	})
}

// keep decides with a photo that a clause keeps for years after the end.
func (a *archive) keep(person string, years int) string {
	a.t.Helper()
	e := verify.EvidenceRow{
		ID: storetest.IDs.New(compliance.PrefixEvidence), TenantID: storetest.Tenant, Kind: compliance.EvidenceDocumentPhoto,
		Length: 4, Received: 4, Complete: true, Sealed: []byte("seal"),
	}
	a.attach(e, person, years)
	return e.ID
}

func (a *archive) attach(e verify.EvidenceRow, person string, years int) {
	a.t.Helper()
	d := storetest.Draft{ID: storetest.IDs.New(compliance.PrefixDecision), Person: person}
	mustCommit(a.t, a.Store, verify.Record{Build: func(at time.Time, _ []quota.Use, _ compliance.ImageReuse) (verify.Rows, error) {
		row, err := storetest.Decision(d, at)
		e.DecisionID, e.KeptBy, e.KeepYears, e.KeepUntil = d.ID, "R-1", years, policy.TermEnd(at, years)
		return verify.Rows{Decision: row, Evidence: []verify.EvidenceRow{e}}, err
	}})
}

// opens reserves an opening and brings it to a state.
func (a *archive) opens(d storetest.Draft, state quota.State) string {
	a.t.Helper()
	rows := mustCommit(a.t, a.Store, storetest.Reserve(d, "", 24*time.Hour, storetest.Demand(d.Person, 100)))
	if state != quota.Reserved {
		a.moves(rows.Opening.TenantID, rows.Opening.ID, state)
	}
	return rows.Opening.ID
}

func (a *archive) moves(tenant, id string, state quota.State) {
	a.t.Helper()
	_, err := a.Transition(a.t.Context(), tenant, id, func(at time.Time, o verify.Opening) (verify.OpeningUpdate, error) {
		ev, err := storetest.NewEvent(compliance.EventOpeningConfirmed, tenant, id, at)
		return verify.OpeningUpdate{ID: id, State: state, Event: &ev}, err
	})
	if err != nil {
		a.t.Fatal(err)
	}
}

func (a *archive) until(at time.Time) {
	a.t.Helper()
	a.clock.Move(at.Sub(a.clock.Now()))
}

// sweep returns the fates by evidence id.
func (a *archive) sweep(dry bool) map[string]verify.RetentionFate {
	a.t.Helper()
	fates := map[string]verify.RetentionFate{}
	if err := verify.SweepRetention(a.t.Context(), a.Store, storetest.IDs, dry, func(r verify.Retained) {
		if fates[r.ID] != "" {
			a.t.Errorf("%s was judged twice", r.ID)
		}
		fates[r.ID] = r.Fate
	}); err != nil {
		a.t.Fatal(err)
	}
	return fates
}

// ended is how many ends of the piece are in the outbox.
func (a *archive) ended(id string) (n int) {
	a.t.Helper()
	query(a.t, a.dsn, &n, `SELECT COUNT(*) FROM events WHERE kind = 'evidence.retention_ended' AND subject = '`+id+`'`)
	return n
}

// holds checks whether the content is there and the row says the same.
func (a *archive) holds(why, id string, want bool) {
	a.t.Helper()
	chunks, err := a.Chunks(a.t.Context(), storetest.Tenant, id)
	if err != nil {
		a.t.Fatal(err)
	}
	row, err := a.Evidence(a.t.Context(), storetest.Tenant, id)
	if err != nil {
		a.t.Fatal(err)
	}
	events := 1
	if want {
		events = 0
	}
	if (len(chunks) > 0) != want || row.EndedAt.IsZero() != want || a.ended(id) != events {
		a.t.Errorf("%s: %d chunks, ended at %v, %d events; want it there: %t", why, len(chunks), row.EndedAt, a.ended(id), want)
	}
}

var shanghai = time.FixedZone("Asia/Shanghai", 8*60*60)

func TestAPhotoIsKeptWhileItsHolderHasAnOpening(t *testing.T) {
	onArchives(t, func(a *archive) {
		person := storetest.Person(t, a.Store, "a")
		id := a.keep(person, 2)
		card := a.opens(storetest.Draft{Person: person}, quota.Active)
		for year := range 12 {
			if year == 6 {
				a.moves(storetest.Tenant, card, quota.Suspended)
			}
			if fate := a.sweep(false)[id]; fate == verify.RetentionEnded {
				t.Fatalf("year %d: %s", year, fate)
			}
			a.holds(fmt.Sprint("year ", year), id, true)
			a.clock.Move(365 * 24 * time.Hour)
		}
		a.moves(storetest.Tenant, card, quota.Closed)
		end := policy.TermEnd(a.clock.Now(), 2)
		a.until(end.Add(-time.Microsecond))
		a.sweep(false)
		a.holds("a microsecond before", id, true)
		a.until(end)
		a.sweep(false)
		a.holds("two years after it closed", id, false)
	})
}

// Closed five years ago: the content is there to the last moment of the last civil day in Asia/Shanghai, and not a moment longer.
func TestAPhotoGoesOnTheCivilDay(t *testing.T) {
	onArchives(t, func(a *archive) {
		person := storetest.Person(t, a.Store, "a")
		id := a.keep(person, 5)
		first, last := a.opens(storetest.Draft{Person: person}, quota.Active), a.opens(storetest.Draft{Person: person}, quota.Active)
		a.moves(storetest.Tenant, first, quota.Closed)
		a.until(time.Date(2026, 12, 1, 0, 30, 0, 0, shanghai)) // still November in UTC
		a.moves(storetest.Tenant, last, quota.Closed)

		a.until(time.Date(2031, 12, 1, 23, 59, 59, 0, shanghai))
		if fate := a.sweep(false)[id]; fate != verify.RetentionPostponed {
			t.Errorf("on the last day: %s", fate)
		}
		a.holds("on the last day", id, true)
		row, err := a.Evidence(t.Context(), storetest.Tenant, id)
		if err != nil || !row.KeepUntil.Equal(time.Date(2031, 12, 2, 0, 0, 0, 0, shanghai)) {
			t.Errorf("kept until %v, %v", row.KeepUntil, err)
		}
		if len(a.sweep(false)) != 0 {
			t.Error("what was postponed is judged again before its day")
		}

		a.until(time.Date(2031, 12, 2, 0, 0, 0, 0, shanghai))
		if fate := a.sweep(true)[id]; fate != verify.RetentionEnded {
			t.Errorf("a dry run the day after: %s", fate)
		}
		a.holds("a dry run", id, true)
		if fate := a.sweep(false)[id]; fate != verify.RetentionEnded {
			t.Errorf("the day after: %s", fate)
		}
		a.holds("the day after", id, false)
		if again := a.sweep(false); len(again) != 0 {
			t.Errorf("a second sweep: %v", again)
		}
		a.holds("after a second sweep", id, false)
	})
}

// What never became a card is kept for the clause's years from the decision.
func TestWithoutAnOpeningTheDecisionIsTheEnd(t *testing.T) {
	onArchives(t, func(a *archive) {
		person := storetest.Person(t, a.Store, "a")
		known, nobody := a.keep(person, 2), a.keep("", 2)
		end := policy.TermEnd(a.clock.Now(), 2)
		a.until(end.Add(-time.Microsecond))
		if fates := a.sweep(false); len(fates) != 0 {
			t.Errorf("before the day: %v", fates)
		}
		a.until(end)
		card := a.opens(storetest.Draft{Person: person}, quota.Reserved)
		fates := a.sweep(false)
		if fates[known] != verify.RetentionAwaits || fates[nobody] != verify.RetentionEnded {
			t.Errorf("while a card is reserved: %v", fates)
		}
		a.holds("while a card is reserved", known, true)
		a.moves(storetest.Tenant, card, quota.PendingActivation)
		a.clock.Move(48 * time.Hour)
		a.sweep(false)
		a.holds("while a card awaits its activation", known, true)
		a.moves(storetest.Tenant, card, quota.Released)
		a.sweep(false)
		a.holds("once it was released", known, false)
		a.holds("of nobody known", nobody, false)
	})
}

// A reservation that lapsed holds nothing, whether or not it was written as expired.
func TestALapsedReservationHoldsNothing(t *testing.T) {
	onArchives(t, func(a *archive) {
		person := storetest.Person(t, a.Store, "a")
		id := a.keep(person, 1)
		a.opens(storetest.Draft{Person: person}, quota.Reserved)
		a.until(policy.TermEnd(a.clock.Now(), 1))
		a.sweep(false)
		a.holds("lapsed", id, false)
	})
}

// The relationship is with the legal entity: another of its tenants holds the photo, a stranger does not.
func TestTheRelationshipIsWithTheLegalEntity(t *testing.T) {
	onArchives(t, func(a *archive) {
		for _, entity := range []string{storetest.LegalEntity, "ent_b"} {
			if err := a.AddLegalEntity(t.Context(), sqlstore.LegalEntity{ID: entity, Name: entity, Sector: compliance.SectorTelecom, Region: "000000"}); err != nil {
				t.Fatal(err)
			}
		}
		for _, tenant := range []string{storetest.Tenant, storetest.OtherTenant} {
			n := sqlstore.Tenant{ID: tenant, Name: tenant, Sector: compliance.SectorTelecom, Region: "000000", LegalEntityID: storetest.LegalEntity}
			if err := a.AddTenant(t.Context(), n, storetest.Event(t, compliance.EventTenantAdded, tenant, tenant, a.clock.Now())); err != nil {
				t.Fatal(err)
			}
		}
		sister, stranger := storetest.Person(t, a.Store, "a"), storetest.Person(t, a.Store, "b")
		held, free := a.keep(sister, 2), a.keep(stranger, 2)
		a.opens(storetest.Draft{Person: sister, Tenant: storetest.OtherTenant}, quota.Active)
		a.opens(storetest.Draft{Person: stranger, Tenant: "tnt_c"}, quota.Active)
		execute(t, a.dsn, `UPDATE openings SET legal_entity_id = 'ent_b' WHERE tenant_id = 'tnt_c'`)
		a.clock.Move(3 * 365 * 24 * time.Hour)
		a.sweep(false)
		a.holds("another tenant of the legal entity has an opening", held, true)
		a.holds("another legal entity has an opening", free, false)
	})
}

// Two gateways on one ledger end and log each piece once.
func TestTwoSweepersAtOnce(t *testing.T) {
	onArchives(t, func(a *archive) {
		other := storetest.Open(t, a.dsn, a.clock.Now)
		const pieces = 150
		var ids []string
		for i := range pieces {
			ids = append(ids, a.keep(storetest.Person(t, a.Store, fmt.Sprint(i)), 2))
		}
		a.clock.Move(3 * 365 * 24 * time.Hour)
		var wg sync.WaitGroup
		counts := make([]int, 4)
		for i := range counts {
			store := a.Store
			if i%2 == 1 {
				store = other
			}
			wg.Go(func() {
				if err := verify.SweepRetention(t.Context(), store, storetest.IDs, false, func(verify.Retained) { counts[i]++ }); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		total := 0
		for _, n := range counts {
			total += n
		}
		if total != pieces {
			t.Errorf("the sweepers ended %v, %d in all, of %d", counts, total, pieces)
		}
		for _, id := range ids {
			a.holds("swept by two", id, false)
		}
	})
}

// Content in many parts goes in bounded steps; a sweep that was cut short is finished by the next, and logged once.
func TestASweepThatWasCutShortIsFinished(t *testing.T) {
	sqlstore.SetSweepChunks(t, 3)
	onArchives(t, func(a *archive) {
		const chunks = 8
		letter := verify.EvidenceRow{
			ID: storetest.IDs.New(compliance.PrefixEvidence), TenantID: storetest.Tenant, Kind: compliance.EvidenceAuthorisation, Length: chunks,
		}
		if err := a.PutEvidence(t.Context(), letter, nil); err != nil {
			t.Fatal(err)
		}
		for at := range int64(chunks) {
			if _, err := a.AppendChunk(t.Context(), storetest.Tenant, letter.ID, at, 1, []byte{byte(at)}); err != nil {
				t.Fatal(err)
			}
		}
		if err := a.CompleteEvidence(t.Context(), storetest.Tenant, letter.ID, "d",
			storetest.Event(t, compliance.EventEvidenceReceived, storetest.Tenant, letter.ID, a.clock.Now())); err != nil {
			t.Fatal(err)
		}
		a.attach(letter, storetest.Person(t, a.Store, "a"), 2)
		photo := a.keep(storetest.Person(t, a.Store, "b"), 2)
		a.clock.Move(3 * 365 * 24 * time.Hour)

		cut := errors.New("cut short")
		sweep := verify.RetentionSweep{Limit: 10, Until: policy.TermEnd, Event: func(time.Time, verify.EvidenceRow) (compliance.Event, error) {
			return compliance.Event{}, cut
		}}
		page, err := a.SweepRetention(t.Context(), sweep)
		if err != nil || len(page.Pieces) != 0 || !page.More {
			t.Errorf("the first step: %+v, %v", page, err)
		}
		left, err := a.Chunks(t.Context(), storetest.Tenant, letter.ID)
		if err != nil || len(left) != chunks-3 || left[0][0] != 3 {
			t.Errorf("after the first step: %v, %v; the head goes first", left, err)
		}
		if row, err := a.Evidence(t.Context(), storetest.Tenant, letter.ID); err != nil || !row.EndedAt.IsZero() || a.ended(letter.ID) != 0 {
			t.Errorf("half gone and already ended at %v, %v", row.EndedAt, err)
		}
		for err == nil {
			_, err = a.SweepRetention(t.Context(), sweep)
		}
		if !errors.Is(err, cut) {
			t.Fatal(err)
		}
		a.holds("the event failed, and all that belongs to it", letter.ID, true)
		if fates := a.sweep(false); fates[letter.ID] != verify.RetentionEnded || fates[photo] != verify.RetentionEnded {
			t.Errorf("the next sweep: %v", fates)
		}
		a.holds("the next sweep", letter.ID, false)
		a.holds("the piece behind it", photo, false)
	})
}

// The index of images that were seen before has its own rule.
func TestASweepLeavesTheImageIndex(t *testing.T) {
	onArchives(t, func(a *archive) {
		person := storetest.Person(t, a.Store, "a")
		id := a.keep(person, 2)
		(look{person: person, scope: storetest.Tenant, bands: []int64{1, 2}}).commit(t, a.Store)
		a.clock.Move(3 * 365 * 24 * time.Hour)
		a.sweep(false)
		a.holds("swept", id, false)
		if prints, bands, _ := held(t, a.dsn); prints != 1 || bands != 2 {
			t.Errorf("%d images and %d bands are left", prints, bands)
		}
	})
}

// Rows of before the years were noted get them from the day that was.
func TestYearsFollowFromTheDayOfOldRows(t *testing.T) {
	text, err := os.ReadFile("migrations/00005_disclosure_retention.sql")
	if err != nil {
		t.Fatal(err)
	}
	from := strings.Index(string(text), "UPDATE evidence SET keep_years")
	statement, _, _ := strings.Cut(string(text[from:]), ";")
	onArchives(t, func(a *archive) {
		person := storetest.Person(t, a.Store, "a")
		two, ten := a.keep(person, 2), a.keep(person, 10)
		for id, years := range map[string]int{two: 2, ten: 10} {
			until := a.clock.Now().AddDate(years, 0, 0).UnixMicro()
			execute(t, a.dsn, fmt.Sprintf(`UPDATE evidence SET keep_years = NULL, keep_until = %d WHERE id = '%s'`, until, id))
		}
		execute(t, a.dsn, statement)
		for id, years := range map[string]int{two: 2, ten: 10} {
			if row, err := a.Evidence(t.Context(), storetest.Tenant, id); err != nil || row.KeepYears != years {
				t.Errorf("%d years are read as %d, %v", years, row.KeepYears, err)
			}
		}
	})
}

// What went stays so, though a later decision cites the piece.
func TestWhatWentIsNotKeptAgain(t *testing.T) {
	onArchives(t, func(a *archive) {
		person := storetest.Person(t, a.Store, "a")
		id := a.keep(person, 2)
		a.clock.Move(3 * 365 * 24 * time.Hour)
		a.sweep(false)
		a.attach(verify.EvidenceRow{ID: id, TenantID: storetest.Tenant, Kind: compliance.EvidenceDocumentPhoto}, person, 10)
		row, err := a.Evidence(t.Context(), storetest.Tenant, id)
		if err != nil || row.KeepYears != 2 || row.KeepUntil.After(a.clock.Now()) {
			t.Errorf("%+v, %v", row, err)
		}
		a.clock.Move(20 * 365 * 24 * time.Hour)
		a.sweep(false)
		a.holds("years later", id, false)
	})
}
