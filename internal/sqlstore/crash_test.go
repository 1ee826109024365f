package sqlstore_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"realname/compliance"
	"realname/internal/sqlstore"
	"realname/internal/sqlstore/storetest"
	"realname/ratelimit/quota"
	"realname/ratelimit/velocity"
	"realname/verify"
)

// childDSN tells a copy of the test binary to be a writer that is killed.
const childDSN = "REALNAME_SQLSTORE_CHILD_DSN"

// What the killed writers do: eight of them compete for the slots of four persons, with leases that end while they work.
const (
	crashPersons = 4
	crashLimit   = 5
	crashLease   = 150 * time.Millisecond
	otherProduct = "other_card"
)

// crashWriter moves the openings that it made itself, so that what it acknowledged of one is what it did last.
type crashWriter struct {
	s       *sqlstore.Store
	persons []string
	mine    []verify.Opening
	lease   time.Duration // the longest
	told    func(words ...string) error
}

// writeForever plays the life of openings from eight goroutines and prints each decision and each state after it was
// acknowledged, until the process is killed.
func writeForever(dsn string) {
	fail := func(err error) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	ctx := context.Background()
	s, err := sqlstore.Open(ctx, sqlstore.Options{DSN: dsn})
	if err != nil {
		fail(err)
	}
	persons, err := crashHolders(ctx, s)
	if err != nil {
		fail(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		w := &crashWriter{s: s, persons: persons, lease: crashLease, told: told}
		wg.Go(func() {
			for {
				if err := w.step(ctx); err != nil {
					fail(err)
				}
			}
		})
	}
	wg.Wait()
}

func crashHolders(ctx context.Context, s *sqlstore.Store) (persons []string, err error) {
	for n := range crashPersons {
		e, err := s.Enroll(ctx, storetest.Enrolment(fmt.Sprint("crash ", n)))
		if err != nil {
			return nil, err
		}
		persons = append(persons, e.PersonID)
	}
	return persons, nil
}

// told prints what was acknowledged in one write, so that a kill leaves at most one torn line.
func told(words ...string) error {
	_, err := os.Stdout.WriteString(strings.Join(words, " ") + "\n")
	return err
}

func (w *crashWriter) step(ctx context.Context) error {
	if len(w.mine) == 0 || rand.N(3) == 0 {
		_, err := w.reserve(ctx, w.persons[rand.N(len(w.persons))], "")
		return err
	}
	i := rand.N(len(w.mine))
	o := w.mine[i]
	w.mine = slices.Delete(w.mine, i, i+1)
	switch what := rand.N(10); {
	case what == 0:
		_, err := expireAll(ctx, w.s)
		return err
	case o.State == quota.Reserved && what < 7:
		return w.move(ctx, o, quota.Confirm)
	case o.State == quota.Reserved:
		return w.move(ctx, o, quota.Release)
	case what < 4:
		heir, err := w.reserve(ctx, w.persons[rand.N(len(w.persons))], o.ID)
		if err != nil || heir == nil {
			return err
		}
		w.mine = slices.DeleteFunc(w.mine, func(m verify.Opening) bool { return m.ID == heir.ID })
		return w.takeOver(ctx, *heir, o)
	case what < 6:
		return w.reclass(ctx, o)
	}
	return w.move(ctx, o, quota.Close)
}

func (w *crashWriter) reserve(ctx context.Context, person, predecessor string) (*verify.Opening, error) {
	d := storetest.Draft{ID: storetest.IDs.New(compliance.PrefixDecision), Person: person, Sealed: make([]byte, 6000)}
	rec := storetest.Reserve(d, "", w.lease/2+rand.N(w.lease/2), storetest.Demand(person, crashLimit))
	build := rec.Build
	rec.Build = func(at time.Time, uses []quota.Use, reuse compliance.ImageReuse) (verify.Rows, error) {
		rows, err := build(at, uses, reuse)
		if rows.Opening != nil {
			rows.Opening.PredecessorID = predecessor
		}
		return rows, err
	}
	rows, err := w.s.Commit(ctx, withWindows(rec, verify.Windows{ID: d.ID, Keys: []verify.WindowKey{
		{Key: "clerk:1", Counts: velocity.Openings}, {Key: "clerk:1", Counts: velocity.Attempts},
	}}))
	if err != nil {
		return nil, err
	}
	if rows.Opening == nil {
		return nil, w.told(d.ID)
	}
	w.mine = append(w.mine, *rows.Opening)
	return rows.Opening, w.told(d.ID, rows.Opening.ID, string(quota.Reserved))
}

// ended reports that the lease was over, which is nobody's fault here.
func ended(err error) bool {
	_, wrong := errors.AsType[*quota.MoveError](err)
	return wrong || errors.Is(err, verify.ErrOpeningEnded)
}

func (w *crashWriter) move(ctx context.Context, o verify.Opening, a quota.Action) error {
	after, err := moveOpening(ctx, w.s, o.ID, a, "")
	if ended(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if !after.State.Final() {
		w.mine = append(w.mine, after)
	}
	return w.told(o.ID, string(after.State))
}

// takeOver closes an opening and begins its successor in one write.
func (w *crashWriter) takeOver(ctx context.Context, heir, old verify.Opening) error {
	_, err := w.s.Shift(ctx, verify.Shift{
		TenantID: storetest.Tenant, Openings: []string{heir.ID, old.ID},
		Apply: func(at time.Time, of []verify.Opening, _ []quota.Use) (verify.ShiftRows, error) {
			next, err := quota.Next(of[0].State, quota.Confirm)
			if err != nil {
				return verify.ShiftRows{}, err
			}
			ev, err := storetest.NewEvent(compliance.EventOpeningConfirmed, storetest.Tenant, heir.ID, at)
			closed, e := storetest.NewEvent(compliance.EventOpeningClosed, storetest.Tenant, old.ID, at)
			return verify.ShiftRows{Updates: []verify.OpeningUpdate{
				{ID: old.ID, State: quota.Closed, Event: &closed}, {ID: heir.ID, State: next, Event: &ev},
			}}, errors.Join(err, e)
		},
	})
	if ended(err) {
		w.mine = append(w.mine, old)
		return nil
	}
	if err != nil {
		return err
	}
	heir.State = quota.Active
	w.mine = append(w.mine, heir)
	return w.told(old.ID, string(quota.Closed), heir.ID, string(quota.Active))
}

// reclass closes an opening and opens its successor of the other product, where its holder has room for one.
func (w *crashWriter) reclass(ctx context.Context, old verify.Opening) error {
	heir := old
	heir.ID, heir.Product, heir.PredecessorID = storetest.IDs.New(compliance.PrefixOpening), otherProduct, old.ID
	demand := storetest.Demand(old.PersonID, crashLimit)
	demand.Products = []string{otherProduct}
	full := errors.New("full")
	_, err := w.s.Shift(ctx, verify.Shift{
		TenantID: storetest.Tenant, Openings: []string{old.ID}, Persons: []string{old.PersonID}, Demands: []quota.Demand{demand}, Succeeds: old.ID,
		Apply: func(at time.Time, _ []verify.Opening, uses []quota.Use) (verify.ShiftRows, error) {
			if len(quota.Refused(uses)) > 0 {
				return verify.ShiftRows{}, full
			}
			begins, err := storetest.NewEvent(compliance.EventOpeningReclassed, storetest.Tenant, heir.ID, at)
			closed, e := storetest.NewEvent(compliance.EventOpeningClosed, storetest.Tenant, old.ID, at)
			return verify.ShiftRows{
				Updates: []verify.OpeningUpdate{{ID: old.ID, State: quota.Closed, Event: &closed}}, Opening: &heir, Events: []compliance.Event{begins},
			}, errors.Join(err, e)
		},
	})
	if errors.Is(err, full) {
		return w.move(ctx, old, quota.Close)
	}
	if err != nil {
		return err
	}
	return w.told(old.ID, string(quota.Closed), heir.ID, string(quota.Active))
}

func expireAll(ctx context.Context, s *sqlstore.Store) (int, error) {
	return s.ExpireLeases(ctx, 1000, func(at time.Time, o verify.Opening) (compliance.Event, error) {
		return storetest.NewEvent(compliance.EventOpeningExpired, o.TenantID, o.ID, at)
	})
}

// killRounds is how often the writer is killed: 5 times, or as REALNAME_PROVE says.
func killRounds(t *testing.T) int {
	t.Helper()
	text := os.Getenv("REALNAME_PROVE")
	if text == "" {
		return 5
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("REALNAME_PROVE is %q, not a number of rounds", text)
	}
	return n
}

// acknowledged is what writers were told: decisions, and the last state of each opening.
type acknowledged struct {
	decisions map[string]bool // whether it was heard of since the last look
	states    map[string]quota.State
	done      map[string]bool // final, and seen to be so
}

func TestKilledWriterLosesNothingAcknowledged(t *testing.T) {
	rounds := killRounds(t)
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		dsn := e.DSN(t)
		known := acknowledged{decisions: map[string]bool{}, states: map[string]quota.State{}, done: map[string]bool{}}
		freed := 0
		for round := range rounds {
			killAfter(t, dsn, 40+37*(round%5)+rand.N(40), &known)
			freed += checkWhole(t, dsn, &known, round == rounds-1)
		}
		t.Logf("%s: %d kills; %d decisions and %d openings acknowledged, all kept; %d slots freed by leases that ended", e.Name, rounds, len(known.decisions), len(known.states), freed)
	})
}

// killAfter runs a writer and kills it without warning after it acknowledged n writes.
func killAfter(t *testing.T, dsn string, n int, known *acknowledged) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDSN+"="+dsn)
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := 0
	for heard := bufio.NewReader(out); ; {
		line, err := heard.ReadString('\n')
		if err != nil { // a torn line was never acknowledged
			break
		}
		words := strings.Fields(line)
		if compliance.ValidID(compliance.PrefixDecision, words[0]) {
			known.decisions[words[0]] = true
			words = words[1:]
		}
		for i := 0; i+1 < len(words); i += 2 {
			known.states[words[i]] = quota.State(words[i+1])
		}
		if lines++; lines == n {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || lines < n {
		t.Fatalf("the writer ended by itself after %d writes: %v\n%s", lines, err, complaint.String())
	}
}

// follows are the states that one more write, which nobody heard of, or a sweep can bring.
var follows = map[quota.State][]quota.State{
	quota.Reserved: {quota.Reserved, quota.Active, quota.Released, quota.Expired},
	quota.Active:   {quota.Active, quota.Closed},
}

// checkWhole opens the ledger and finds everything acknowledged whole, nothing half, and no slot taken by nobody.
func checkWhole(t *testing.T, dsn string, known *acknowledged, last bool) (freed int) {
	t.Helper()
	s, err := sqlstore.Open(t.Context(), sqlstore.Options{DSN: dsn})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	persons, err := crashHolders(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range persons {
		if n := used(t, s, storetest.Demand(p, crashLimit)); n > crashLimit {
			t.Fatalf("%d openings of one person, the limit is %d", n, crashLimit)
		}
	}
	checkAcknowledged(t, s, known, last)
	for what, statement := range map[string]string{
		"openings without their decision": `SELECT COUNT(*) FROM openings o WHERE NOT EXISTS (SELECT 1 FROM decisions d WHERE d.id = o.decision_id)`,
		"decisions without their event":   `SELECT COUNT(*) FROM decisions WHERE event_body IS NULL`,
		"moves without their event": `SELECT COUNT(*) FROM openings o WHERE state <> 'reserved' AND origin = 'gateway'
			AND NOT EXISTS (SELECT 1 FROM events e WHERE e.subject = o.id)`,
		"half transfers": `SELECT COUNT(*) FROM openings o JOIN openings p ON p.id = o.predecessor_id
			WHERE o.state NOT IN ('reserved', 'released', 'expired') AND p.state <> 'closed'`,
		"units of windows that nobody holds": `SELECT COUNT(*) FROM velocity_events v WHERE counts = 1 AND NOT released
			AND NOT EXISTS (SELECT 1 FROM openings o WHERE o.decision_id = v.decision_id AND o.state NOT IN ('released', 'expired'))`,
		"openings without their unit": `SELECT COUNT(*) FROM openings o WHERE state NOT IN ('released', 'expired')
			AND NOT EXISTS (SELECT 1 FROM velocity_events v WHERE v.decision_id = o.decision_id AND counts = 1 AND NOT released)`,
		"attempts that came back": `SELECT COUNT(*) FROM velocity_events WHERE counts = 2 AND released`,
	} {
		var n int
		query(t, dsn, &n, statement)
		if n != 0 {
			t.Fatalf("%d %s", n, what)
		}
	}
	for waits := 0; ; waits++ {
		n, err := expireAll(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		freed += n
		var left int
		if query(t, dsn, &left, `SELECT COUNT(*) FROM openings WHERE state = 'reserved'`); left == 0 {
			break
		}
		if waits == 1000 {
			t.Fatalf("%d reservations never end", left)
		}
		<-time.After(crashLease / 10)
	}
	for _, p := range persons {
		checkRoom(t, s, dsn, p)
	}
	return freed
}

// checkAcknowledged reads what may have changed since it last looked, or all.
func checkAcknowledged(t *testing.T, s *sqlstore.Store, known *acknowledged, all bool) {
	t.Helper()
	for id, fresh := range known.decisions {
		if !fresh && !all {
			continue
		}
		known.decisions[id] = false
		st, err := s.Decision(t.Context(), storetest.Tenant, id)
		if err != nil {
			t.Fatalf("acknowledged %s: %v", id, err)
		}
		if _, err := compliance.DecodeDecision(st.Canonical); err != nil || len(st.Sealed) != 6000 {
			t.Fatalf("acknowledged %s is damaged", id)
		}
	}
	for id, told := range known.states {
		if known.done[id] && !all {
			continue
		}
		known.done[id] = told.Final()
		o, err := s.Opening(t.Context(), storetest.Tenant, id)
		may := follows[told]
		if told.Final() {
			may = []quota.State{told}
		}
		if err != nil || !slices.Contains(may, o.State) {
			t.Fatalf("acknowledged %s %s is %s, %v", told, id, o.State, err)
		}
		known.states[id] = o.State
	}
}

// checkRoom takes every slot that a person has left once all leases have ended: as many as the limit leaves. Then it
// ends whatever stands, so that the next writers have something to do.
func checkRoom(t *testing.T, s *sqlstore.Store, dsn, person string) {
	t.Helper()
	var standing int
	query(t, dsn, &standing, `SELECT COUNT(*) FROM openings WHERE product = '`+storetest.Product+`' AND state = 'active' AND person_id = '`+person+`'`)
	w := crashWriter{s: s, lease: time.Hour, told: func(...string) error { return nil }}
	for {
		o, err := w.reserve(t.Context(), person, "")
		if err != nil {
			t.Fatal(err)
		}
		if o == nil {
			break
		}
	}
	if standing+len(w.mine) != crashLimit {
		t.Fatalf("%d slots could be taken beside %d, the limit is %d", len(w.mine), standing, crashLimit)
	}
	for _, o := range w.mine {
		if _, err := move(s, t, o.ID, quota.Release, ""); err != nil {
			t.Fatal(err)
		}
	}
	for {
		var id sql.NullString
		query(t, dsn, &id, `SELECT MIN(id) FROM openings WHERE state = 'active' AND person_id = '`+person+`'`)
		if !id.Valid {
			return
		}
		if _, err := move(s, t, id.String, quota.Close, ""); err != nil {
			t.Fatal(err)
		}
	}
}
