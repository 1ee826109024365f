package verify_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"realname/compliance"
	"realname/internal/sqlstore/storetest"
	"realname/ratelimit/quota"
	"realname/verify"
)

// rounds is how often a proof is played: `few` times, or as REALNAME_PROVE says.
func rounds(t *testing.T, few int) int {
	t.Helper()
	text := os.Getenv("REALNAME_PROVE")
	if text == "" {
		return few
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("REALNAME_PROVE is %q, not a number of rounds", text)
	}
	return n
}

const (
	linearClients = 6
	linearSteps   = 9
	linearUnit    = 5 * time.Minute // one step of the model's clock
)

// linear plays one history against a service and records what was asked and answered, and when.
type linear struct {
	*house
	bank    verify.Caller
	persons []person
	ids     []string // of persons, as the ledger has them
	prefix  string
	began   time.Time

	mu       sync.Mutex
	names    map[string]int // opening id → its place in the model
	known    []string       // the same ids, to draw from
	opened   int
	renewals [][len(products)][]string // unused verifications of each person, by the class that they are for
	history  []porcupine.Operation
	unknown  int
}

// TestServiceIsLinearizable plays openings, transfers, confirmations that come in time or late, releases, closures, suspensions,
// changes of class, sweeps and the clock at once, with clients that give up in mid-call and connections that are cut, and
// looks for an order of single steps that explains every answer.
func TestServiceIsLinearizable(t *testing.T) {
	n := rounds(t, 4)
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		dsn := e.DSN(t)
		h := newHouseOn(t, dsn)
		bank := h.tenant(t, compliance.SectorBanking)
		h.limit(t, bank, families[1], limits[1])
		ops, unknown, kinds := 0, 0, map[string]int{}
		for range n {
			l := &linear{house: h, bank: bank, names: map[string]int{}, prefix: h.key() + "/", began: time.Now()}
			l.prepare(t)
			cut := func() {}
			if e.Name == "postgresql" {
				cut = func() { cutConnections(t, dsn) }
			}
			l.play(t, cut)
			result, info := porcupine.CheckOperationsVerbose(openingsModel, l.history, time.Minute)
			if result != porcupine.Ok {
				name := filepath.Join(os.TempDir(), "realname-history-"+e.Name+".html")
				err := porcupine.VisualizePath(openingsModel, info, name)
				t.Fatalf("%s: no order of steps explains the answers (%v); drawn in %s", result, err, name)
			}
			ops, unknown = ops+len(l.history), unknown+l.unknown
			for _, o := range l.history {
				kinds[fmt.Sprint(o.Input.(ask).kind, " ", outcome(o.Output.(reply)))]++
			}
		}
		t.Logf("%s: %d histories, %d operations (%d of unknown outcome), all linearizable: %v", e.Name, n, ops, unknown, kinds)
	})
}

func outcome(r reply) string {
	switch {
	case r.unknown:
		return "?"
	case r.code != "":
		return r.code
	}
	return "ok"
}

// cutConnections ends every connection of the gateway, as a server that restarts does.
func cutConnections(t *testing.T, dsn string) {
	t.Helper()
	db, err := sql.Open("pgx", dsn)
	if err == nil {
		_, err = db.Exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'realname'`)
		err = errors.Join(err, db.Close())
	}
	if err != nil {
		t.Error(err)
	}
}

// prepare makes the persons, each with verifications for changes of class, and learns their ids.
func (l *linear) prepare(t *testing.T) {
	for range modelPersons {
		l.people++
		p := l.citizen(l.people)
		var renewals [len(products)][]string
		for class, product := range products {
			for range 2 {
				renewals[class] = append(renewals[class], l.verified(t, l.bank, l.account(p, product, ""), compliance.OccasionReclass))
			}
		}
		stored, err := l.store.Decision(t.Context(), l.bank.TenantID, renewals[0][0])
		if err != nil {
			t.Fatal(err)
		}
		l.persons, l.renewals, l.ids = append(l.persons, p), append(l.renewals, renewals), append(l.ids, stored.PersonID)
	}
}

func (l *linear) play(t *testing.T, cut func()) {
	var wg sync.WaitGroup
	for client := range linearClients {
		wg.Go(func() {
			for step := range linearSteps {
				if client == 0 && step == linearSteps/2 {
					cut()
				}
				if in, ok := l.draw(); ok {
					l.record(t, client, in)
				}
			}
		})
	}
	wg.Wait()
	// What was left unknown must be one thing or the other: everything is read once more.
	l.mu.Lock()
	known := append([]string(nil), l.known...)
	l.mu.Unlock()
	for _, id := range known {
		l.record(t, 0, ask{kind: "read", n: l.names[id], id: id})
	}
	for person := range l.persons {
		for class := range products {
			l.record(t, 0, ask{kind: "count", person: person, class: class})
		}
	}
}

// draw invents the next thing to ask.
func (l *linear) draw() (in ask, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.known) == 0 || rand.N(10) < 3 {
		if l.opened == modelOpenings {
			return ask{}, false
		}
		in = ask{kind: "open", n: l.opened, person: rand.N(len(l.persons)), class: rand.N(len(products)), lease: 1 + rand.N(3), pred: -1}
		l.opened++
		if len(l.known) > 0 && rand.N(3) == 0 {
			in.id = l.known[rand.N(len(l.known))]
			in.pred = l.names[in.id]
		}
		return in, true
	}
	in = ask{kind: asked[rand.N(len(asked))], id: l.known[rand.N(len(l.known))]}
	in.n, in.lease = l.names[in.id], 1
	if in.kind != "reclass" {
		return in, true
	}
	in.person, in.class = rand.N(len(l.persons)), rand.N(len(products))
	pool := &l.renewals[in.person][in.class]
	if in.n >= modelOpenings || len(*pool) == 0 {
		return ask{}, false
	}
	in.with, *pool = (*pool)[0], (*pool)[1:]
	return in, true
}

// record asks, and writes down what came of it. One in five gives up early; an opening is asked for again under its key.
func (l *linear) record(t *testing.T, client int, in ask) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if rand.N(5) == 0 && in.kind != "clock" && in.kind != "count" {
		time.AfterFunc(time.Duration(rand.N(8_000))*time.Microsecond, cancel)
	}
	key := l.prefix + strconv.Itoa(in.n)
	call := time.Since(l.began).Nanoseconds()
	out := l.ask(ctx, in, key)
	for try := 0; out.unknown && (in.kind == "open" || in.kind == "read" || in.kind == "count") && try < 50; try++ {
		out = l.ask(t.Context(), in, key)
	}
	end := time.Since(l.began).Nanoseconds()
	l.mu.Lock()
	defer l.mu.Unlock()
	if out.id != "" {
		place := in.n
		if out.id != in.id && in.kind != "open" {
			place += modelOpenings
		}
		out.at = place
		if _, seen := l.names[out.id]; !seen {
			l.names[out.id], l.known = place, append(l.known, out.id)
		} else if l.names[out.id] != place {
			t.Errorf("%+v answered with opening %d", in, l.names[out.id])
		}
	}
	if out.unknown {
		l.unknown++
		end = 1 << 62
	}
	l.history = append(l.history, porcupine.Operation{ClientId: client, Input: in, Output: out, Call: call, Return: end})
}

func (l *linear) ask(ctx context.Context, in ask, key string) reply {
	var o verify.Opening
	var err error
	switch in.kind {
	case "open":
		return l.askOpen(ctx, in, key)
	case "clock":
		l.clock.forward(time.Duration(in.lease) * linearUnit)
		return reply{}
	case "sweep":
		_, err = l.ExpireLeases(ctx)
	case "count":
		d := quota.Demand{
			Family: families[in.class], Products: []string{products[in.class]}, States: storetest.Live, Counts: quota.Openings,
			By: []quota.Key{{Part: quota.Holder, ID: l.ids[in.person]}, {Part: quota.LegalEntity, ID: l.bank.LegalEntityID}},
		}
		var uses []quota.Use
		if uses, err = l.store.Count(ctx, []quota.Demand{d}); err == nil {
			return reply{used: uses[0].Used}
		}
	case "read":
		o, err = l.Opening(ctx, l.bank, in.id)
	case "confirm":
		o, err = l.Confirm(ctx, l.bank, in.id, verify.Confirmation{})
	case "release":
		o, err = l.Release(ctx, l.bank, in.id)
	case "close":
		o, err = l.Close(ctx, l.bank, in.id, "")
	case "suspend":
		o, err = l.Suspend(ctx, l.bank, in.id)
	case "resume":
		o, err = l.Resume(ctx, l.bank, in.id)
	case "replace":
		o, err = l.Replace(ctx, l.bank, in.id, verify.Replacement{VerificationID: in.with})
	case "reclass":
		o, err = l.Reclass(ctx, l.bank, in.id, verify.Replacement{VerificationID: in.with})
	}
	return failed(err, reply{id: o.ID, state: o.State})
}

// failed is what err says: a refusal, or that nobody knows.
func failed(err error, out reply) reply {
	if err == nil {
		return out
	}
	code := compliance.CodeOf(err)
	return reply{code: code, unknown: code == "request_cancelled" || code == "ledger_unavailable" || code == "internal"}
}

func (l *linear) askOpen(ctx context.Context, in ask, key string) reply {
	r := l.account(l.persons[in.person], products[in.class], "")
	r.Request.BizNo = key
	r.Lease = time.Duration(in.lease) * linearUnit
	if in.pred >= 0 {
		r.Request.Occasion, r.PredecessorID = compliance.OccasionTransfer, in.id
	}
	a, err := l.Open(ctx, l.bank, key, r)
	if err != nil {
		return failed(err, reply{})
	}
	out := reply{code: string(a.Decision.Outcome), used: -1}
	for _, u := range a.Decision.Quotas {
		if u.Family == families[in.class] {
			out.used = u.Used
		}
	}
	if a.Opening != nil {
		out.id, out.state = a.Opening.ID, a.Opening.State
	}
	return out
}
