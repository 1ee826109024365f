package verify_test

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"realname/compliance"
	"realname/compliance/policy"
	"realname/imaging"
	"realname/ratelimit/quota"
	"realname/ratelimit/velocity/local"
	"realname/verify"
	"realname/verify/authority/standin"
)

// tight is the built-in policy with velocities that a test can reach.
const tight = `  - id: OP-TIGHT
    kind: velocity
    instrument: 运营方设定
    source: O
    effective_from: 2000-01-01
    title: 试验
    text: {zh: 试验, en: test}
    velocities:
      - {name: clerk_day, per: clerk, counts: openings, window: 24h, max: 3, outcome: review, reason: abnormal_opening, when_lost: fail_closed}
      - {name: network_hour, per: network, counts: attempts, window: 1h, max: 2, outcome: rejected, reason: abnormal_opening, when_lost: local_bound}
      - {name: account_day, per: bank_account, counts: attempts, window: 24h, max: 1, outcome: rejected, reason: abnormal_opening, when_lost: local_bound}
`

func newTightHouse(t *testing.T) *house {
	t.Helper()
	h := newHouse(t)
	src := bytes.Replace(policy.Builtin().Source(), []byte("  # ---- units ----"), []byte(tight+"\n  # ---- units ----"), 1)
	p, err := policy.Load("tight.yaml", src)
	if err != nil {
		t.Fatal(err)
	}
	h.options.Policy = p
	h.Service = verify.New(h.options)
	return h
}

// restart is another gateway on the same ledger: nothing of the windows is left in memory.
func (h *house) restart(t *testing.T) {
	t.Helper()
	windows, err := local.New(local.Options{Source: h.store, Now: h.clock.now})
	if err != nil {
		t.Fatal(err)
	}
	h.windows.Engine = windows
	h.Service = verify.New(h.options)
}

func (h *house) byClerk(p person, clerk string) verify.OpeningRequest {
	r := h.fullCard(p)
	r.Request.Channel.Clerk = clerk
	return r
}

// A clerk's openings fill the window; a released and an expired one give their units back, a closed one does not; a
// restart forgets nothing.
func TestVelocityOfOpenings(t *testing.T) {
	h := newTightHouse(t)
	ctx := context.Background()
	open := func() verify.Answer { return h.open(t, h.carrier, h.byClerk(h.person(true), "clk-1")) }
	first, second, third := open(), open(), open()
	for _, a := range []verify.Answer{first, second, third} {
		want(t, a, compliance.Approved, "", "")
	}
	full := open()
	want(t, full, compliance.Review, "abnormal_opening", "OP-TIGHT")
	if full.Opening != nil {
		t.Error("a slot is held for what nobody decided")
	}
	want(t, h.open(t, h.carrier, h.byClerk(h.person(true), "clk-2")), compliance.Approved, "", "")
	want(t, h.open(t, h.other, h.byClerk(h.person(true), "clk-1")), compliance.Approved, "", "") // another tenant's clerk of the same name

	if _, err := h.Confirm(ctx, h.carrier, first.Opening.ID, verify.Confirmation{}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Close(ctx, h.carrier, first.Opening.ID, ""); err != nil {
		t.Fatal(err)
	}
	want(t, open(), compliance.Review, "abnormal_opening", "")
	for range 2 { // a repeat gives nothing back twice
		if _, err := h.Release(ctx, h.carrier, second.Opening.ID); err != nil {
			t.Fatal(err)
		}
	}
	h.restart(t)
	want(t, open(), compliance.Approved, "", "")
	want(t, open(), compliance.Review, "abnormal_opening", "")

	h.clock.forward(16 * time.Minute)
	if _, err := h.ExpireLeases(ctx); err != nil {
		t.Fatal(err)
	}
	want(t, open(), compliance.Approved, "", "") // of three units two ran out
	want(t, open(), compliance.Approved, "", "")
	want(t, open(), compliance.Review, "abnormal_opening", "")
	h.clock.forward(25 * time.Hour)
	want(t, open(), compliance.Approved, "", "")
}

// Attempts count whatever becomes of them, undecodable photos too, and never come back.
func TestVelocityOfAttempts(t *testing.T) {
	h := newTightHouse(t)
	ctx := context.Background()
	from := func(address string, p person, e ...verify.Evidence) verify.Request {
		r := h.signup(p, e...)
		r.Channel.Network = verify.Secret(address)
		return r
	}
	want(t, h.decide(t, h.platform, from("192.0.2.7", h.person(false))), compliance.Review, "authority_no_record", "")
	h.photos.says(imaging.Report{}, &imaging.UploadError{Code: imaging.UploadCorrupt})
	_, err := h.Decide(ctx, h.platform, h.key(), from("192.0.2.200", h.person(true), photoOf(t)))
	wantCode(t, err, imaging.UploadCorrupt)
	h.restart(t)
	asked := h.sim.Asked()
	a := h.decide(t, h.platform, from("::ffff:192.0.2.9", h.person(true)))
	want(t, a, compliance.Rejected, "abnormal_opening", "OP-TIGHT")
	if h.sim.Asked() != asked {
		t.Error("the authority was paid for a request that could only be refused")
	}
	for _, v := range a.Decision.Facts.Velocities {
		if v.Name == "network_hour" && (v.Used != 2 || !v.Full || !v.FreesAt.After(h.clock.now())) {
			t.Errorf("%+v", v)
		}
	}
	want(t, h.decide(t, h.platform, from("192.0.3.7", h.person(true))), compliance.Approved, "", "")
	want(t, h.decide(t, h.platform, from("2001:db8:1:2::7", h.person(true))), compliance.Approved, "", "")
	h.clock.forward(time.Hour + time.Second)
	want(t, h.decide(t, h.platform, from("192.0.2.9", h.person(true))), compliance.Approved, "", "")

	account := func(number string) verify.Request {
		r := h.signup(h.person(true))
		r.Parties[0].Account = verify.Secret(number)
		return r
	}
	want(t, h.decide(t, h.platform, account("6200 0000 0000 0005")), compliance.Approved, "", "")
	want(t, h.decide(t, h.platform, account("6200000000000005")), compliance.Rejected, "abnormal_opening", "")
	if fileHolds(t, h.file, []byte("6200000000000005")) || fileHolds(t, h.file, []byte("192.0.2.")) {
		t.Error("an account number or an address stands in the ledger in clear")
	}
}

// Nothing passes while nobody can count; what waited is counted and passes when the windows are back.
func TestLostWindows(t *testing.T) {
	h := newTightHouse(t)
	h.windows.lost.Store(true)
	a := h.open(t, h.carrier, h.byClerk(h.person(true), "clk-1"))
	want(t, a, compliance.Pending, "velocity_unavailable", "OP-TIGHT")
	h.settle(t)
	want(t, h.read(t, h.carrier, a.Decision.ID), compliance.Pending, "", "")
	h.windows.lost.Store(false)
	h.settle(t)
	settled := h.read(t, h.carrier, a.Decision.ID)
	want(t, settled, compliance.Approved, "", "")
	if settled.Opening == nil || settled.Opening.State != quota.Reserved {
		t.Errorf("%+v", settled.Opening)
	}
	h.restart(t)
	for range 2 {
		want(t, h.open(t, h.carrier, h.byClerk(h.person(true), "clk-1")), compliance.Approved, "", "")
	}
	want(t, h.open(t, h.carrier, h.byClerk(h.person(true), "clk-1")), compliance.Review, "abnormal_opening", "")
}

// A reservation that a settled decision lets go gives its unit back.
func TestVelocityOfAReservationThatIsRefusedLater(t *testing.T) {
	h := newTightHouse(t)
	h.authority(t, standin.Down)
	p := h.person(false)
	a := h.open(t, h.carrier, h.byClerk(p, "clk-1"))
	want(t, a, compliance.Pending, "", "")
	for range 2 {
		want(t, h.open(t, h.carrier, h.byClerk(h.person(true), "clk-1")), compliance.Pending, "", "")
	}
	want(t, h.open(t, h.carrier, h.byClerk(h.person(true), "clk-1")), compliance.Review, "abnormal_opening", "")
	h.authority(t, standin.Healthy)
	h.sim.Know(standin.Person{Number: p.number, Name: "某某"})
	h.settle(t)
	want(t, h.read(t, h.carrier, a.Decision.ID), compliance.Rejected, "authority_mismatch", "")
	want(t, h.open(t, h.carrier, h.byClerk(h.person(true), "clk-1")), compliance.Approved, "", "")
}

// However many ask at once, the window admits its maximum.
func TestVelocityUnderLoad(t *testing.T) {
	h := newTightHouse(t)
	var requests []verify.OpeningRequest
	for range 64 {
		requests = append(requests, h.byClerk(h.person(true), "clk-1"))
	}
	var approved atomic.Int64
	var wg sync.WaitGroup
	for i, r := range requests {
		key := strings.Repeat("k", i+1)
		wg.Go(func() {
			a, err := h.Open(context.Background(), h.carrier, key, r)
			if err != nil {
				t.Error(err)
				return
			}
			if a.Decision.Outcome == compliance.Approved {
				approved.Add(1)
			}
		})
	}
	wg.Wait()
	if n := approved.Load(); n != 3 {
		t.Errorf("%d openings passed a window of 3", n)
	}
}

// Whatever a velocity may run over is found in a request that has it: one that was not would let everybody pass.
func TestEveryPartIsCounted(t *testing.T) {
	h := newHouse(t)
	for _, part := range policy.VelocityParts {
		clause := strings.Replace(tight[:strings.Index(tight, "      - {name: network_hour")], "per: clerk, counts: openings, window: 24h, max: 3",
			"per: "+part+", counts: attempts, window: 24h, max: 1", 1)
		p, err := policy.Load(part, bytes.Replace(policy.Builtin().Source(), []byte("  # ---- units ----"), []byte(clause+"\n  # ---- units ----"), 1))
		if err != nil {
			t.Fatal(err)
		}
		o := h.options
		o.Policy = p
		h.Service = verify.New(o)
		carrier := h.carrier
		if part == compliance.PartTenant {
			carrier = h.other
		}
		ask := func(p person) verify.Answer {
			r := h.fullCard(p)
			r.Request.Channel.Terminal, r.Request.Channel.Network = "trm-"+part, "192.0.2.1"
			r.Request.Channel.Clerk, r.Request.Channel.Outlet, r.Request.Channel.ChannelAgent = "clk-"+part, "out-"+part, "agt-"+part
			r.Request.Parties[0].Phone, r.Request.Parties[0].Account = "13800000000", "6200000000000005"
			return h.open(t, carrier, r)
		}
		want(t, ask(h.person(true)), compliance.Approved, "", "")
		want(t, ask(h.person(true)), compliance.Review, "abnormal_opening", "OP-TIGHT")
	}
}

// More devices than can be held at once are no way past a window, and no fault of ours.
func TestMoreWindowsThanCanBeHeld(t *testing.T) {
	h := newTightHouse(t)
	src := bytes.Replace(h.options.Policy.Source(), []byte("      - {name: clerk_day,"),
		[]byte("      - {name: device_day, per: device, counts: attempts, window: 24h, max: 5, outcome: review, reason: abnormal_opening, when_lost: fail_closed}\n"+
			"      - {name: device_week, per: device, counts: attempts, window: 168h, max: 5, outcome: review, reason: abnormal_opening, when_lost: fail_closed}\n"+
			"      - {name: clerk_day,"), 1)
	var err error
	if h.options.Policy, err = policy.Load("devices.yaml", src); err != nil {
		t.Fatal(err)
	}
	h.Service = verify.New(h.options)
	r := h.fullCard(h.person(true))
	for i := range 14 {
		e := h.attested(compliance.EvidenceChipRead)
		e.DeviceSerial = "R" + strings.Repeat("1", i+2)
		r.Request.Evidence = append(r.Request.Evidence, e)
	}
	want(t, h.open(t, h.carrier, r), compliance.Review, "abnormal_opening", "OP-TIGHT")
	want(t, h.open(t, h.carrier, h.fullCard(h.person(true))), compliance.Approved, "", "")
}

// Who lets a reservation run out and confirms it late passes no window by it.
func TestLateConfirmationHoldsAgain(t *testing.T) {
	h := newTightHouse(t)
	ctx := context.Background()
	var late []verify.Answer
	for range 3 {
		a := h.open(t, h.carrier, h.byClerk(h.person(true), "clk-1"))
		want(t, a, compliance.Approved, "", "")
		late = append(late, a)
	}
	h.clock.forward(16 * time.Minute)
	for i, a := range late[:2] {
		for range 2 { // a repeat takes nothing
			if _, err := h.Confirm(ctx, h.carrier, a.Opening.ID, verify.Confirmation{ExternalRef: "sim-" + strings.Repeat("x", i+1)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := h.ExpireLeases(ctx); err != nil {
		t.Fatal(err)
	}
	want(t, h.open(t, h.carrier, h.byClerk(h.person(true), "clk-1")), compliance.Approved, "", "")
	_, err := h.Confirm(ctx, h.carrier, late[2].Opening.ID, verify.Confirmation{})
	wantCode(t, err, "lease_expired")
	h.restart(t)
	want(t, h.open(t, h.carrier, h.byClerk(h.person(true), "clk-1")), compliance.Review, "abnormal_opening", "")
}

func TestForgetWindows(t *testing.T) {
	h := newTightHouse(t)
	ctx := context.Background()
	want(t, h.open(t, h.carrier, h.byClerk(h.person(true), "clk-1")), compliance.Approved, "", "")
	if n, err := h.ForgetWindows(ctx); n != 0 || err != nil {
		t.Errorf("%d forgotten that still count, %v", n, err)
	}
	h.clock.forward(26 * time.Hour)
	want(t, h.open(t, h.carrier, h.byClerk(h.person(true), "clk-1")), compliance.Approved, "", "")
	if n, err := h.ForgetWindows(ctx); n == 0 || err != nil {
		t.Errorf("%d forgotten, %v", n, err)
	}
	if n, err := h.ForgetWindows(ctx); n != 0 || err != nil {
		t.Errorf("%d forgotten twice, %v", n, err)
	}
}
