package verify_test

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"realname/compliance"
	"realname/compliance/policy"
	"realname/internal/sqlstore/storetest"
	"realname/verify"
	"realname/verify/authority/standin"
	"realname/verify/idnumber"
)

// stampede lets many ask at once and counts who was admitted.
func stampede(t *testing.T, clients int, ask func(n int) (admitted bool, err error)) int {
	t.Helper()
	var admitted atomic.Int64
	var wg sync.WaitGroup
	start := make(chan struct{})
	for n := range clients {
		wg.Go(func() {
			<-start
			ok, err := ask(n)
			if err != nil {
				t.Error(err)
			}
			if ok {
				admitted.Add(1)
			}
		})
	}
	close(start)
	wg.Wait()
	return int(admitted.Load())
}

// citizen invents the nth of some thousands, whom the authority knows.
func (h *house) citizen(n int) person {
	body := fmt.Sprintf("110101%04d%02d%02d999", 1960+n%40, 1+n/40%12, 1+n/480%28)
	p := person{number: body + string(idnumber.CheckChar(body)), name: "云" + string(rune('一'+n))}
	h.sim.Know(standin.Person{Number: p.number, Name: p.name})
	return p
}

// crush is one family and the requests that compete for its slots.
type crush struct {
	family string
	sector compliance.Sector
	ask    func(h *house, n int) verify.OpeningRequest
}

// same is everybody as one holder.
func same(scene compliance.Scene, product string, nth int) func(h *house, n int) verify.OpeningRequest {
	return func(h *house, _ int) verify.OpeningRequest {
		r := h.fullCard(h.citizen(nth))
		r.Request.Scene, r.Request.Product = scene, product
		return r
	}
}

var crushes = []crush{
	{"phone_cards", compliance.SectorTelecom, same(compliance.ScenePhoneCard, "mobile_card", 1)},
	{"iot_general_cards", compliance.SectorTelecom, same(compliance.SceneIoTCard, "iot_general", 2)},
	{"debit_cards", compliance.SectorBanking, same(compliance.SceneBankAccount, "debit_card", 3)},
	{"class_1_accounts", compliance.SectorBanking, same(compliance.SceneBankAccount, "class_1_account", 4)},
	{"class_2_accounts", compliance.SectorBanking, same(compliance.SceneBankAccount, "class_2_account", 5)},
	{"class_3_accounts", compliance.SectorBanking, same(compliance.SceneBankAccount, "class_3_account", 6)},
	{"payment_class_3_accounts", compliance.SectorPayment, same(compliance.ScenePaymentAccount, "payment_class_3", 7)},
	{"persons_per_phone", compliance.SectorBanking, func(h *house, n int) verify.OpeningRequest {
		return h.account(h.citizen(1000+n), "class_2_account", "13800000000")
	}},
	{"proxy_cards", compliance.SectorBanking, func(h *house, n int) verify.OpeningRequest {
		return h.throughProxy(h.account(h.citizen(2000+n), "debit_card", ""), h.citizen(8))
	}},
	{"internet_accounts", compliance.SectorInternet, func(h *house, _ int) verify.OpeningRequest {
		return verify.OpeningRequest{Request: h.signup(h.citizen(9))}
	}},
}

var anyMax = regexp.MustCompile(`max: \d+, mode:`)

// crowded is a house whose policy sets every quota to most.
func crowded(t *testing.T, dsn string, most int) *house {
	t.Helper()
	h := newHouseOn(t, dsn)
	src := anyMax.ReplaceAll(policy.Builtin().Source(), fmt.Appendf(nil, "max: %d, mode:", most))
	p, err := policy.Load("crowded.yaml", src)
	if err != nil {
		t.Fatal(err)
	}
	h.options.Policy = p
	h.Service = verify.New(h.options)
	return h
}

// TestNobodyPassesALimit lets crowds ask for every family of the built-in policy at once: as many are admitted as the limit says.
func TestNobodyPassesALimit(t *testing.T) {
	if n := len(anyMax.FindAll(policy.Builtin().Source(), -1)); n != len(crushes) {
		t.Fatalf("the policy has %d families, %d are tried", n, len(crushes))
	}
	crowds, runs := []int{64}, rounds(t, 3)
	if runs > 3 {
		crowds = append(crowds, 512)
	}
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		table := map[string]int{}
		for run := range runs {
			most, clients := []int{1, 5, 20}[run%3], crowds[run/3%len(crowds)]
			h := crowded(t, e.DSN(t), most)
			for i, c := range crushes {
				if runs == 3 && i%3 != run { // the short form tries each family with one limit
					continue
				}
				h.crush(t, c, most, clients)
				table[fmt.Sprintf("%d clients, limit %d", clients, most)]++
			}
			if t.Failed() {
				return
			}
		}
		t.Logf("%s: crowds that were admitted exactly up to the limit: %v", e.Name, table)
	})
}

func (h *house) crush(t *testing.T, c crush, most, clients int) {
	t.Helper()
	caller := h.tenant(t, c.sector)
	if c.family == "internet_accounts" {
		h.limit(t, caller, c.family, most)
	}
	requests := make([]verify.OpeningRequest, clients)
	for n := range requests {
		requests[n] = c.ask(h, n)
	}
	var mu sync.Mutex
	outcomes := map[string]int{}
	got := stampede(t, clients, func(n int) (bool, error) {
		a, err := h.Open(context.Background(), caller, strings.Repeat("k", n+1), requests[n])
		if err != nil {
			return false, err
		}
		mu.Lock()
		defer mu.Unlock()
		outcomes[fmt.Sprint(a.Decision.Outcome, a.Decision.Reasons)]++
		return a.Opening != nil, nil
	})
	if got != most {
		t.Errorf("%s: %d of %d clients admitted, the limit is %d; %v", c.family, got, clients, most, outcomes)
	}
}

func (h *house) limit(t *testing.T, c verify.Caller, family string, most int) {
	t.Helper()
	ev, err := compliance.NewEvent(h.ids.New(compliance.PrefixEvent), compliance.EventTenantLimitSet, c.TenantID, c.TenantID, h.clock.now(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.store.SetTenantLimit(context.Background(), c.TenantID, family, most, ev); err != nil {
		t.Fatal(err)
	}
}

// The same crowd at a counter that is read, compared and then raised passes its limit: the proof above is not blind.
func TestStampedePassesACounter(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		dsn, driver := e.DSN(t), "pgx"
		if e.Name == "sqlite" {
			dsn, driver = dsn+"?_pragma=busy_timeout(10000)&_pragma=journal_mode(wal)", "sqlite"
		}
		db, err := sql.Open(driver, dsn)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }() // thrown away with the test
		db.SetMaxOpenConns(64)
		if _, err := db.Exec(`CREATE TABLE counters (used BIGINT NOT NULL)`); err != nil {
			t.Fatal(err)
		}
		for _, most := range []int{1, 5, 20} {
			passed := 0
			for range 10 {
				if _, err := db.Exec(`DELETE FROM counters`); err != nil {
					t.Fatal(err)
				}
				if _, err := db.Exec(`INSERT INTO counters (used) VALUES (0)`); err != nil {
					t.Fatal(err)
				}
				passed = max(passed, stampede(t, 64, func(int) (bool, error) {
					var used int
					if err := db.QueryRow(`SELECT used FROM counters`).Scan(&used); err != nil || used >= most {
						return false, err
					}
					_, err := db.Exec(`UPDATE counters SET used = used + 1`)
					return err == nil, err
				}))
				if passed > most {
					break
				}
			}
			if passed <= most {
				t.Errorf("limit %d: a counter that is read, compared and raised in three steps was never passed", most)
			}
			t.Logf("%s: read, compare, raise with limit %d admitted %d of 64", e.Name, most, passed)
		}
	})
}
