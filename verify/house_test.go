package verify_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io/fs"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"realname/compliance"
	"realname/compliance/policy"
	"realname/compliance/vault"
	"realname/imaging"
	"realname/internal/sqlstore"
	"realname/ratelimit/velocity"
	"realname/ratelimit/velocity/local"
	"realname/verify"
	"realname/verify/authority"
	"realname/verify/authority/standin"
	"realname/verify/idnumber"
)

// clock is the injected time: it moves only when told.
type clock struct{ at atomic.Int64 }

func (c *clock) now() time.Time          { return time.UnixMicro(c.at.Load()).UTC() }
func (c *clock) forward(d time.Duration) { c.at.Add(d.Microseconds()) }

// script is the photo checker of these tests: OpenCV's own tests are imaging/vision's,
// and internal/app runs both together.
type script struct {
	mu     sync.Mutex
	report imaging.Report
	err    error
	claim  *imaging.Claim
	kind   imaging.Document // asked for last
	asked  int
}

func (s *script) Check(_ context.Context, r imaging.Request) (imaging.Report, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	s.claim, s.kind = r.Claim, r.Document
	return s.report, s.err
}

func (s *script) says(r imaging.Report, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.report, s.err = r, err
}

var agrees = imaging.Report{
	Verdict: imaging.Accept, Class: imaging.ClassResidentFront,
	NumberAgreement: imaging.Agrees, NameAgreement: imaging.Agrees,
}

// breaking is the real ledger, in which one step can be made to fail.
type breaking struct {
	*sqlstore.Store
	completion error
}

func (b *breaking) CompleteEvidence(ctx context.Context, tenantID, id, digest string, event compliance.Event) error {
	if b.completion != nil {
		return b.completion
	}
	return b.Store.CompleteEvidence(ctx, tenantID, id, digest, event)
}

// losable is the real engine of this process, which can be lost.
type losable struct {
	velocity.Engine
	lost atomic.Bool
}

func (l *losable) Uses(ctx context.Context, limits []velocity.Limit) ([]velocity.Use, error) {
	if l.lost.Load() {
		return nil, velocity.ErrUnavailable
	}
	return l.Engine.Uses(ctx, limits)
}

func (l *losable) Hold(ctx context.Context, h velocity.Hold) (velocity.Answer, error) {
	if l.lost.Load() {
		return velocity.Answer{}, velocity.ErrUnavailable
	}
	return l.Engine.Hold(ctx, h)
}

type house struct {
	*verify.Service
	options verify.Options
	clock   *clock
	store   *sqlstore.Store
	broken  *breaking
	windows *losable
	photos  *script
	sim     *standin.Server
	ids     *compliance.IDs
	file    string
	people  int
	keys    int

	platform, carrier, other verify.Caller
}

func newHouse(t *testing.T) *house { return newHouseOn(t, "") }

// newHouseOn stands on a ledger; on a SQLite file of its own, when dsn is empty.
func newHouseOn(t *testing.T, dsn string) *house {
	t.Helper()
	h := &house{clock: &clock{}, photos: &script{}}
	h.clock.at.Store(time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC).UnixMicro())
	h.ids = compliance.NewIDs(h.clock.now, rand.Reader)
	if dsn == "" {
		h.file = filepath.Join(t.TempDir(), "ledger.db")
		dsn = "file:" + h.file
	}
	ctx := context.Background()
	var err error
	if h.store, err = sqlstore.Open(ctx, sqlstore.Options{DSN: dsn, Now: h.clock.now}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.store.Close() })
	h.broken = &breaking{Store: h.store}
	secret := bytes.Repeat([]byte("s"), 32)
	h.sim = standin.New(secret)
	srv := httptest.NewServer(h.sim.Handler())
	t.Cleanup(srv.Close)
	upstream, err := authority.New(authority.Options{
		Name: "standin", BaseURL: srv.URL, Secret: secret, Timeout: 5 * time.Second, OpenAfter: 1000, OpenFor: time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := vault.NewMasterKeys(vault.International, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	safe, err := vault.New(keys, rand.Reader, h.clock.now)
	if err != nil {
		t.Fatal(err)
	}
	windows, err := local.New(local.Options{Source: h.store, Now: h.clock.now})
	if err != nil {
		t.Fatal(err)
	}
	h.windows = &losable{Engine: windows}
	h.options = verify.Options{Velocities: h.windows,
		Ledger: h.broken, Vault: safe, Policy: policy.Builtin(), Photos: h.photos, Authority: upstream, IDs: h.ids, Now: h.clock.now,
		Log: slog.New(slog.DiscardHandler), Lease: 15 * time.Minute, UploadToken: 15 * time.Minute,
		NewToken:  func() (string, string) { id := h.ids.New("tok"); return id, compliance.Digest([]byte(id)) },
		HashToken: func(s string) string { return compliance.Digest([]byte(s)) },
	}
	h.Service = verify.New(h.options)
	h.platform = h.tenant(t, compliance.SectorInternet)
	h.carrier = h.tenant(t, compliance.SectorTelecom)
	h.other = h.tenant(t, compliance.SectorTelecom)
	return h
}

func (h *house) tenant(t *testing.T, sector compliance.Sector) verify.Caller {
	t.Helper()
	ctx := context.Background()
	n := sqlstore.Tenant{ID: h.ids.New(compliance.PrefixTenant), Name: string(sector), Sector: sector, Region: "000000",
		LegalEntityID: h.ids.New(compliance.PrefixLegalEntity), CreatedAt: h.clock.now()}
	if err := h.store.AddLegalEntity(ctx, sqlstore.LegalEntity{ID: n.LegalEntityID, Name: n.Name, Sector: sector, Region: n.Region}); err != nil {
		t.Fatal(err)
	}
	ev, err := compliance.NewEvent(h.ids.New(compliance.PrefixEvent), compliance.EventTenantAdded, n.ID, n.ID, h.clock.now(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.store.AddTenant(ctx, n, ev); err != nil {
		t.Fatal(err)
	}
	c := verify.Caller{TenantID: n.ID, LegalEntityID: n.LegalEntityID, Role: compliance.RoleTenant, Sector: sector}
	for _, family := range h.options.Policy.Families() {
		if err := h.StateBaseline(ctx, c, family, "2026-11-22", true); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

type person struct{ number, name string }

// person invents somebody; known tells the authority.
func (h *house) person(known bool) person {
	h.people++
	body := fmt.Sprintf("110101%04d%02d%02d000", 1960+h.people%40, 1+h.people%12, 1+h.people%28)
	p := person{number: body + string(idnumber.CheckChar(body)), name: "云" + string(rune('一'+h.people))}
	if known {
		h.sim.Know(standin.Person{Number: p.number, Name: p.name})
	}
	return p
}

func (h *house) key() string { h.keys++; return fmt.Sprintf("key-%d", h.keys) }

func (h *house) signup(p person, evidence ...verify.Evidence) verify.Request {
	return verify.Request{
		BizNo: "biz-" + h.key(), Scene: compliance.SceneSignup, Occasion: compliance.OccasionOpen, Product: "internet_account",
		CustomerType: "individual", Channel: verify.Channel{Kind: compliance.ChannelOnline}, Evidence: evidence,
		Parties: []verify.Party{{Role: compliance.RoleHolder, Name: verify.Secret(p.name), Document: verify.Document{Kind: "resident_id", Number: verify.Secret(p.number)}}},
		Purpose: "real_name_registration", LegalBasis: "statutory_duty",
	}
}

func (h *house) card(p person, evidence ...verify.Evidence) verify.OpeningRequest {
	r := h.signup(p, evidence...)
	r.Scene, r.Product, r.LiabilityNoticeRef = compliance.ScenePhoneCard, "mobile_card", "liability-1"
	r.Channel = verify.Channel{Kind: compliance.ChannelPhysical, ChannelAgent: "agent", Outlet: "outlet", Clerk: "clerk"}
	return verify.OpeningRequest{Request: r}
}

func (h *house) attested(k compliance.EvidenceKind) verify.Evidence {
	return verify.Evidence{Kind: k, Result: compliance.Passed, DeviceSerial: "R1", Attestor: "outlet", CapturedAt: h.clock.now()}
}

func (h *house) fullCard(p person) verify.OpeningRequest {
	return h.card(p, h.attested(compliance.EvidenceChipRead), h.attested(compliance.EvidencePortraitMatch))
}

func photoOf(t *testing.T) verify.Evidence {
	t.Helper()
	var buf bytes.Buffer
	if err := png.Encode(&buf, image.NewGray(image.Rect(0, 0, 64, 40))); err != nil {
		t.Fatal(err)
	}
	return verify.Evidence{Kind: compliance.EvidenceDocumentPhoto, Side: "front", Content: buf.Bytes()}
}

func (h *house) decide(t *testing.T, c verify.Caller, r verify.Request) verify.Answer {
	t.Helper()
	a, err := h.Decide(context.Background(), c, h.key(), r)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (h *house) open(t *testing.T, c verify.Caller, r verify.OpeningRequest) verify.Answer {
	t.Helper()
	a, err := h.Open(context.Background(), c, h.key(), r)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// authority makes the stand-in fail in one way from now on.
func (h *house) authority(t *testing.T, f standin.Fault) {
	t.Helper()
	if err := h.sim.Set(standin.Setting{Fault: f}); err != nil {
		t.Fatal(err)
	}
}

func (h *house) settle(t *testing.T) {
	t.Helper()
	if _, err := h.Settle(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func (h *house) read(t *testing.T, c verify.Caller, id string) verify.Answer {
	t.Helper()
	a, err := h.Verification(context.Background(), c, id)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func want(t *testing.T, a verify.Answer, outcome compliance.Outcome, reason, clause string) {
	t.Helper()
	d := a.Decision
	if d.Outcome != outcome {
		t.Fatalf("outcome = %s, want %s; reasons %v, checks %+v", d.Outcome, outcome, d.Reasons, d.Checks)
	}
	if reason == "" {
		return
	}
	i := slices.IndexFunc(d.Reasons, func(r compliance.ReasonRef) bool { return r.Code == reason })
	if i < 0 {
		t.Fatalf("reasons = %v, want %s", d.Reasons, reason)
	}
	if clause != "" && !slices.Contains(d.Reasons[i].Clauses, clause) {
		t.Errorf("%s rests on %v, want %s", reason, d.Reasons[i].Clauses, clause)
	}
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	if got := compliance.CodeOf(err); err == nil || got != code {
		t.Fatalf("err = %v (code %s), want code %s", err, got, code)
	}
}

func (h *house) events(t *testing.T) []event {
	t.Helper()
	pending, err := h.store.Log().Pending(context.Background(), 10_000)
	if err != nil {
		t.Fatal(err)
	}
	var out []event
	for _, p := range pending {
		out = append(out, event{Kind: p.Kind, Body: p.Body})
	}
	return out
}

type event struct {
	Kind string
	Body []byte
}

func fileHolds(t *testing.T, name string, secret []byte) bool {
	t.Helper()
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Contains(b, secret)
}
