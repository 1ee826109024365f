package app

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"realname/compliance"
	"realname/compliance/policy"
	"realname/compliance/vault"
	"realname/ratelimit/velocity/local"
	"realname/verify"
	"realname/verify/authority"
	"realname/verify/authority/standin"
	"realname/verify/idnumber"
)

// branch is a service with all its parts over an operator's ledger.
type branch struct {
	*verify.Service
	o      *Operator
	caller verify.Caller
	sim    *standin.Server
	people int
}

func newBranch(t testing.TB, sector compliance.Sector) *branch {
	t.Helper()
	o, tenant := operator(t, sector)
	d, err := o.desk(t.Context(), tenant)
	if err != nil {
		t.Fatal(err)
	}
	b := &branch{o: o, caller: d.caller}
	b.open(t)
	return b
}

// open makes the service of the caller, and keeps its policy as a gateway does.
func (b *branch) open(t testing.TB) {
	t.Helper()
	secret := bytes.Repeat([]byte("s"), 32)
	b.sim = standin.New(secret)
	srv := httptest.NewServer(b.sim.Handler())
	t.Cleanup(srv.Close)
	upstream, err := authority.New(authority.Options{Name: "standin", BaseURL: srv.URL, Secret: secret, Timeout: 5 * time.Second, OpenAfter: 1000, OpenFor: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	safe, err := vault.Over(b.o.keys.master, rand.Reader, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	windows, err := local.New(local.Options{Source: b.o.store, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	ev, err := b.o.event(compliance.EventPolicyLive, "", policy.Builtin().Digest(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.o.store.PutPolicy(t.Context(), policy.Builtin().Digest(), policy.Builtin().Source(), ev); err != nil {
		t.Fatal(err)
	}
	b.Service = verify.New(verify.Options{
		Ledger: b.o.store, Vault: safe, Policy: policy.Builtin(), Authority: upstream, IDs: b.o.ids, Now: time.Now, Velocities: windows,
		Log: slog.New(slog.DiscardHandler), Lease: 15 * time.Minute,
	})
}

// request is one of a new person; known tells the authority.
func (b *branch) request(known bool, scene compliance.Scene, product string) verify.Request {
	b.people++
	body := fmt.Sprintf("110101%04d0101000", 1960+b.people)
	number, name := body+string(idnumber.CheckChar(body)), "云"+string(rune('一'+b.people))
	if known {
		b.sim.Know(standin.Person{Number: number, Name: name})
	}
	return verify.Request{
		BizNo: "biz", Scene: scene, Occasion: compliance.OccasionOpen, Product: product, CustomerType: "individual",
		Channel: verify.Channel{Kind: compliance.ChannelOnline},
		Parties: []verify.Party{{Role: compliance.RoleHolder, Name: verify.Secret(name), Document: verify.Document{Kind: "resident_id", Number: verify.Secret(number)}}},
		Purpose: "real_name_registration", LegalBasis: "statutory_duty",
	}
}

func (b *branch) card() verify.OpeningRequest {
	r := b.request(true, compliance.ScenePhoneCard, "mobile_card")
	r.LiabilityNoticeRef, r.Channel = "liability-1", verify.Channel{Kind: compliance.ChannelPhysical, ChannelAgent: "agent", Outlet: "outlet", Clerk: "clerk"}
	for _, kind := range []compliance.EvidenceKind{compliance.EvidenceChipRead, compliance.EvidencePortraitMatch} {
		r.Evidence = append(r.Evidence, verify.Evidence{Kind: kind, Result: compliance.Passed, DeviceSerial: "R1", Attestor: "outlet", CapturedAt: time.Now()})
	}
	return verify.OpeningRequest{Request: r}
}

// cards lets one person ask for six: the last is refused.
func (b *branch) cards(t *testing.T) (ids []string) {
	t.Helper()
	ask := b.card()
	for i := range 6 {
		ask.Request.BizNo = fmt.Sprint("card-", i)
		a, err := b.Open(t.Context(), b.caller, ask.Request.BizNo, ask)
		if err != nil {
			t.Fatal(err)
		}
		if want := map[bool]compliance.Outcome{true: compliance.Approved, false: compliance.Rejected}[i < 5]; a.Decision.Outcome != want {
			t.Fatalf("card %d: %s %v", i, a.Decision.Outcome, a.Decision.Reasons)
		}
		ids = append(ids, a.Decision.ID+"/1")
	}
	return ids
}

// with is the built-in policy with one text behind another changed.
func with(t *testing.T, behind, from, to string) *Policy {
	t.Helper()
	src := string(policy.Builtin().Source())
	at := strings.Index(src, behind)
	if at < 0 || !strings.Contains(src[at:], from) {
		t.Fatalf("no %q behind %q", from, behind)
	}
	p, err := policy.Load("next.yaml", []byte(src[:at]+strings.Replace(src[at:], from, to, 1)))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (b *branch) replay(t *testing.T, o ReplayOptions) *Replay {
	t.Helper()
	o.Sample = 5
	r, err := b.o.Replay(t.Context(), o)
	if err != nil || !r.Complete {
		t.Fatalf("%+v, %v", r, err)
	}
	return r
}

func TestReplay(t *testing.T) {
	b := newBranch(t, compliance.SectorTelecom)
	ids := b.cards(t)
	before := len(pendingEvents(t, b.o))

	same := b.replay(t, ReplayOptions{Policy: policy.Builtin()})
	if same.Decisions != 6 || same.Same != 6 || same.OwnPolicy != 6 || same.Reproduced != 6 || same.Otherwise+same.FactMissing+len(same.Differing) > 0 {
		t.Errorf("under the same digest: %+v", same)
	}
	four := with(t, "id: R-5CARD", "max: 5", "max: 4")
	got := b.replay(t, ReplayOptions{Policy: four})
	if got.Decisions != 6 || got.Same != 5 || got.Otherwise != 1 || got.FactMissing != 0 || got.OwnPolicy != 0 {
		t.Errorf("under a lower limit: %+v", got)
	}
	if c := got.Changes[0]; c.Of != "approved → rejected" || c.Decisions != 1 || !slices.Equal(c.Sample, ids[4:5]) {
		t.Errorf("%+v, want %s", c, ids[4])
	}
	if !slices.Equal(got.Reasons, []ReplayReason{{"quota_exceeded", 1, 0}}) || !slices.Equal(got.Scenes, []ReplayCount{{"phone_card", 6, 1, 0}}) ||
		!slices.Equal(got.Tenants, []ReplayCount{{b.caller.TenantID, 6, 1, 0}}) {
		t.Errorf("%+v", got)
	}
	video := b.replay(t, ReplayOptions{Policy: with(t, "id: R-PORTRAIT", "{check: portrait_match}", "{check: portrait_match}, {check: live_video}")})
	if video.FactMissing != 6 || len(video.Missing) != 1 || video.Missing[0].Of != "checks.live_video" || len(video.Missing[0].Sample) != 5 {
		t.Errorf("with a check that was never made: %+v", video)
	}

	rest := b.replay(t, ReplayOptions{Policy: four, After: strings.TrimSuffix(ids[3], "/1")})
	if rest.Decisions != 2 || rest.Otherwise != 1 || rest.Last != strings.TrimSuffix(ids[5], "/1") {
		t.Errorf("behind the fourth: %+v", rest)
	}
	day := func(d int) string { return time.Now().In(china).AddDate(0, 0, d).Format(time.DateOnly) }
	for _, c := range []struct {
		from, to string
		n        int
	}{{day(-1), day(1), 6}, {day(1), "", 0}, {"", day(-1), 0}} {
		if got := b.replay(t, ReplayOptions{Policy: four, From: c.from, To: c.to}); got.Decisions != c.n {
			t.Errorf("from %s to %s: %d decisions", c.from, c.to, got.Decisions)
		}
	}
	if n := len(pendingEvents(t, b.o)); n != before {
		t.Errorf("replaying wrote %d events", n-before)
	}
}

// Counted anew, a person has what the ledger says: stock that was loaded later is seen, and so is a limit nobody counted.
func TestReplayRecounts(t *testing.T) {
	b := newBranch(t, compliance.SectorTelecom)
	ids := b.cards(t)
	same := b.replay(t, ReplayOptions{Policy: policy.Builtin(), Recount: true})
	if same.Decisions != 6 || same.Same != 6 || same.Reproduced != 6 {
		t.Errorf("as it was: %+v", same)
	}
	other := with(t, "family: phone_cards", "per: [holder, legal_entity]", "per: [holder]")
	if got := b.replay(t, ReplayOptions{Policy: other}); got.FactMissing != 6 {
		t.Errorf("a count that nobody took: %+v", got)
	}
	if got := b.replay(t, ReplayOptions{Policy: other, Recount: true}); got.FactMissing != 0 || got.Same != 6 {
		t.Errorf("counted anew: %+v", got)
	}
	db, err := sql.Open("sqlite", b.o.config.LedgerDSN())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	// A card that the carrier had sold before any of these, and told of only now.
	if _, err := db.ExecContext(t.Context(), `INSERT INTO openings (id, tenant_id, legal_entity_id, person_id, product, state, origin, opened_at, created_at, updated_at)
		SELECT 'opn_stock', tenant_id, legal_entity_id, person_id, product, 'active', 'imported', created_at - 1000000, created_at + 9000000, created_at + 9000000
		FROM openings ORDER BY created_at LIMIT 1`); err != nil {
		t.Fatal(err)
	}
	got := b.replay(t, ReplayOptions{Policy: policy.Builtin(), Recount: true})
	if got.Otherwise != 1 || got.Same != 5 || got.Reproduced != 6 || !slices.Equal(got.Changes[0].Sample, ids[4:5]) {
		t.Errorf("with the stock of that day: %+v, want %s", got, ids[4])
	}
	// And one that had been given back before the third.
	if _, err := db.ExecContext(t.Context(), `UPDATE openings SET state = 'closed', closed_at = (SELECT decided_at FROM decisions WHERE id = ?) - 1 WHERE id = 'opn_stock'`,
		strings.TrimSuffix(ids[2], "/1")); err != nil {
		t.Fatal(err)
	}
	if got := b.replay(t, ReplayOptions{Policy: policy.Builtin(), Recount: true}); got.Same != 6 {
		t.Errorf("given back in time: %+v", got)
	}
}

func pendingEvents(t *testing.T, o *Operator) []string {
	t.Helper()
	events, err := o.store.Log().Pending(t.Context(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range events {
		out = append(out, e.ID)
	}
	return out
}

// A record that was changed, and a policy that the ledger lost, are told.
func TestReplayOfDamagedHistory(t *testing.T) {
	b := newBranch(t, compliance.SectorTelecom)
	ids := b.cards(t)
	db, err := sql.Open("sqlite", b.o.config.LedgerDSN())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	change := func(statement string, args ...any) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), statement, args...); err != nil {
			t.Fatal(err)
		}
	}
	change(`UPDATE decisions SET canonical = CAST(REPLACE(CAST(canonical AS TEXT), '"outcome":"approved"', '"outcome":"rejected"') AS BLOB) WHERE id = ?`, strings.TrimSuffix(ids[0], "/1"))
	change(`UPDATE decisions SET canonical = CAST('{' AS BLOB) WHERE id = ?`, strings.TrimSuffix(ids[1], "/1"))
	got := b.replay(t, ReplayOptions{Policy: policy.Builtin()})
	if got.Reproduced != 4 || got.OwnPolicy != 5 || got.Decisions != 6 || len(got.Differing) != 2 {
		t.Errorf("%+v", got)
	}
	for _, g := range got.Differing {
		if want := map[string]string{"damaged": ids[1], "rejected → approved": ids[0]}[g.Of]; !slices.Equal(g.Sample, []string{want}) {
			t.Errorf("%+v", g)
		}
	}
	change(`DELETE FROM policies`)
	lost := b.replay(t, ReplayOptions{Policy: with(t, "id: R-5CARD", "max: 5", "max: 4")})
	if lost.FactMissing != 5 || !strings.HasPrefix(lost.Missing[0].Of, "policy ") {
		t.Errorf("without the policy of that time: %+v", lost)
	}
}

func TestReplayIsInterrupted(t *testing.T) {
	b := newBranch(t, compliance.SectorTelecom)
	b.cards(t)
	ctx, stop := context.WithCancel(t.Context())
	r, err := b.o.Replay(ctx, ReplayOptions{Policy: policy.Builtin(), Progress: func(int, int) { stop() }})
	if !errors.Is(err, context.Canceled) || r.Complete || r.Decisions != 6 || r.Last == "" {
		t.Errorf("%+v, %v", r, err)
	}
	for _, days := range [][2]string{{"2026-02-30", ""}, {"", "yesterday"}, {"2026-03-02", "2026-03-01"}} {
		if _, err := b.o.Replay(t.Context(), ReplayOptions{Policy: policy.Builtin(), From: days[0], To: days[1]}); err == nil {
			t.Errorf("from %q to %q", days[0], days[1])
		}
	}
}

func TestCoverPolicy(t *testing.T) {
	b := newBranch(t, compliance.SectorTelecom)
	b.cards(t)
	uses, err := CoverPolicy(t.Context(), policy.Builtin(), policy.BuiltinCases(), b.o, nil)
	if err != nil {
		t.Fatal(err)
	}
	of := func(id string) ClauseUse {
		return uses[slices.IndexFunc(uses, func(u ClauseUse) bool { return u.Clause == id })]
	}
	if u := of("R-5CARD"); u.Decisions != 6 || u.Cases == 0 || u.Decisive == 0 {
		t.Errorf("%+v", u)
	}
	if u := of("R-4CARD"); u.Decisions != 0 || u.Cases == 0 {
		t.Errorf("%+v", u)
	}
}

func TestUnactedRows(t *testing.T) {
	all := len(UnactedRows(policy.Builtin()))
	p := with(t, "id: R-5CARD", "R-5CARD", "R-ATFL-10")
	if got := UnactedRows(p); len(got) != all-1 || slices.ContainsFunc(got, func(r UnactedRow) bool { return r.ID == "R-ATFL-10" }) {
		t.Errorf("%d of %d rows", len(got), all)
	}
}
