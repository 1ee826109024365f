package httpapi

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"realname/compliance"
	"realname/compliance/auditlog"
	"realname/compliance/policy"
	"realname/compliance/receipt/tiles"
	"realname/imaging"
	"realname/ratelimit/quota"
	"realname/verify"
	"realname/verify/idnumber"
)

var testTime = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

// service is scripted: it records what reached it and answers what a test
// sets. The real verify.Service is tested behind the real handler by internal/app.
type service struct {
	version  int
	mu       sync.Mutex
	decided  []verify.Request
	closed   []verify.CloseReason
	renewed  []verify.Replacement
	opened   []verify.OpeningRequest
	added    []verify.Evidence
	imported []verify.StockRow
	photos   []imaging.Request
	copies   []verify.CopyRequest
	fields   []verify.FieldRequest
	chunks   []string
	keys     []string
	attempts []string

	files          []string // of stock
	stated         []string // baselines
	load           verify.StockLoad
	refusedRows    []verify.RefusedRow
	reconciliation verify.Reconciliation
	findings       []verify.Finding
	proposed       []verify.NewException
	exception      verify.Exception
	approvers      []string
	objection      verify.Objection
	objected       []verify.NewObjection
	asked          []verify.LimitQuery
	view           verify.LimitView

	answer  verify.Answer
	opening verify.Opening
	stock   verify.Stock
	report  imaging.Report
	token   string
	made    verify.Copy
	field   verify.DisclosedField
	fail    error // of every call but RefuseAttempt
	refused error // of RefuseAttempt
	panics  bool
	within  func() // is called while a Decide is under way
}

func (s *service) on(key string, record func()) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.panics {
		panic("a value that must not be logged: 王测试")
	}
	if key != "" {
		s.keys = append(s.keys, key)
	}
	if s.fail == nil && record != nil {
		record()
	}
	return s.fail
}

func (s *service) Decide(_ context.Context, _ verify.Caller, key string, r verify.Request) (verify.Answer, error) {
	if s.within != nil {
		s.within()
	}
	return s.answer, s.on(key, func() { s.decided = append(s.decided, r) })
}

func (s *service) VerificationVersion(_ context.Context, _ verify.Caller, _ string, version int) (verify.Answer, error) {
	s.version = version
	return s.answer, s.on("", nil)
}

func (s *service) Verification(context.Context, verify.Caller, string) (verify.Answer, error) {
	return s.answer, s.on("", nil)
}

func (s *service) VerificationByBizNo(context.Context, verify.Caller, string) (verify.Answer, error) {
	return s.answer, s.on("", nil)
}

func (s *service) AddEvidence(_ context.Context, _ verify.Caller, key, _ string, e []verify.Evidence) (verify.Answer, error) {
	return s.answer, s.on(key, func() { s.added = append(s.added, e...) })
}

func (s *service) Open(_ context.Context, _ verify.Caller, key string, r verify.OpeningRequest) (verify.Answer, error) {
	return s.answer, s.on(key, func() { s.opened = append(s.opened, r) })
}

func (s *service) Opening(context.Context, verify.Caller, string) (verify.Opening, error) {
	return s.opening, s.on("", nil)
}

func (s *service) Confirm(_ context.Context, _ verify.Caller, _ string, how verify.Confirmation) (verify.Opening, error) {
	o := s.opening
	o.State, o.ExternalRef = quota.Active, how.ExternalRef
	return o, s.on("", nil)
}

func (s *service) Release(context.Context, verify.Caller, string) (verify.Opening, error) {
	o := s.opening
	o.State = quota.Released
	return o, s.on("", nil)
}

func (s *service) Close(_ context.Context, _ verify.Caller, _ string, why verify.CloseReason) (verify.Opening, error) {
	s.closed = append(s.closed, why)
	return s.moved(quota.Closed)
}

func (s *service) Activate(context.Context, verify.Caller, string) (verify.Opening, error) {
	return s.moved(quota.Active)
}

func (s *service) Suspend(context.Context, verify.Caller, string) (verify.Opening, error) {
	return s.moved(quota.Suspended)
}

func (s *service) Resume(context.Context, verify.Caller, string) (verify.Opening, error) {
	return s.moved(quota.Active)
}

func (s *service) Replace(_ context.Context, _ verify.Caller, _ string, with verify.Replacement) (verify.Opening, error) {
	s.renewed = append(s.renewed, with)
	return s.moved(quota.Active)
}

func (s *service) Reclass(_ context.Context, _ verify.Caller, _ string, with verify.Replacement) (verify.Opening, error) {
	s.renewed = append(s.renewed, with)
	return s.moved(quota.Active)
}

func (s *service) moved(to quota.State) (verify.Opening, error) {
	o := s.opening
	o.State = to
	return o, s.on("", nil)
}

func (s *service) Import(_ context.Context, _ verify.Caller, key string, rows []verify.StockRow) (verify.Stock, error) {
	return s.stock, s.on(key, func() { s.imported = append(s.imported, rows...) })
}

func (s *service) LoadStock(_ context.Context, _ verify.Caller, f verify.StockFile) (verify.StockLoad, error) {
	content, err := io.ReadAll(f.Content)
	if err != nil {
		return verify.StockLoad{}, err
	}
	return s.load, s.on(f.Key, func() { s.files = append(s.files, string(content)) })
}

func (s *service) StockLoad(context.Context, verify.Caller, string) (verify.StockLoad, error) {
	return s.load, s.on("", nil)
}

func (s *service) RefusedRows(_ context.Context, _ verify.Caller, _ string, after int64, limit int) ([]verify.RefusedRow, error) {
	return page(s.refusedRows, after, limit), s.on("", nil)
}

func (s *service) Reconcile(_ context.Context, _ verify.Caller, f verify.ReconciliationFile) (verify.Reconciliation, error) {
	content, err := io.ReadAll(f.Content)
	if err != nil {
		return verify.Reconciliation{}, err
	}
	return s.reconciliation, s.on("", func() { s.files = append(s.files, string(content)) })
}

func (s *service) Reconciliation(context.Context, verify.Caller, string) (verify.Reconciliation, error) {
	return s.reconciliation, s.on("", nil)
}

func (s *service) Findings(_ context.Context, _ verify.Caller, _ string, after int64, limit int) ([]verify.Finding, error) {
	return page(s.findings, after, limit), s.on("", nil)
}

func (s *service) StateBaseline(_ context.Context, _ verify.Caller, family, asOf string, complete bool) error {
	return s.on("", func() { s.stated = append(s.stated, family+" "+asOf+" "+strconv.FormatBool(complete)) })
}

// page is what follows place after of rows that are numbered from one.
func page[T any](rows []T, after int64, limit int) []T {
	rows = rows[min(after, int64(len(rows))):]
	return rows[:min(limit, len(rows))]
}

func (s *service) ProposeException(_ context.Context, _ verify.Caller, n verify.NewException) (verify.Exception, bool, error) {
	err := s.on("", func() { s.proposed = append(s.proposed, n) })
	return s.exception, len(s.proposed) == 1, err
}

func (s *service) Exception(context.Context, verify.Caller, string) (verify.Exception, error) {
	return s.exception, s.on("", nil)
}

func (s *service) ApproveException(_ context.Context, c verify.Caller, _ string) (verify.Exception, error) {
	return s.exception, s.on("", func() { s.approvers = append(s.approvers, c.KeyID) })
}

func (s *service) Object(_ context.Context, _ verify.Caller, id string, ask verify.NewObjection) (verify.Objection, bool, error) {
	err := s.on("", func() { s.objected = append(s.objected, ask) })
	o := s.objection
	o.DecisionID = id
	return o, len(s.objected) == 1, err
}

func (s *service) Objection(context.Context, verify.Caller, string) (verify.Objection, error) {
	return s.objection, s.on("", nil)
}

func (s *service) OpenObjections(context.Context, verify.Caller) ([]verify.Objection, error) {
	return []verify.Objection{s.objection}, s.on("", nil)
}

func (s *service) Resolve(_ context.Context, c verify.Caller, _ string, to verify.ObjectionState, verificationID string) (verify.Objection, error) {
	o := s.objection
	o.State, o.ResolvedBy, o.VerificationID = to, c.KeyID, verificationID
	return o, s.on("", nil)
}

func (s *service) Limits(_ context.Context, _ verify.Caller, q verify.LimitQuery) (verify.LimitView, error) {
	return s.view, s.on("", func() { s.asked = append(s.asked, q) })
}

func (s *service) CreateEvidence(_ context.Context, _ verify.Caller, key string, e verify.NewEvidence) (verify.Upload, error) {
	u := verify.Upload{ID: evidenceIDs[0], Kind: e.Kind, Length: e.Length}
	if e.PhoneToken {
		u.Token, u.TokenUntil = s.token, testTime.Add(10*time.Minute)
	}
	return u, s.on(key, nil)
}

func (s *service) Upload(_ context.Context, _ verify.Caller, id string) (verify.Upload, error) {
	return s.progress(id), s.on("", nil)
}

func (s *service) progress(id string) verify.Upload {
	s.mu.Lock()
	defer s.mu.Unlock()
	received := int64(len(strings.Join(s.chunks, "")))
	return verify.Upload{ID: id, Kind: compliance.EvidenceDocumentPhoto, Length: 10, Received: received, Complete: received == 10}
}

func (s *service) UploadByToken(_ context.Context, token string) (verify.Caller, verify.Upload, error) {
	if token != s.token {
		return verify.Caller{}, verify.Upload{}, compliance.E(compliance.FaultUnauthenticated, "upload_token_invalid", "unknown")
	}
	return verify.Caller{TenantID: "tnt_phone"}, s.progress(evidenceIDs[0]), nil
}

func (s *service) AppendEvidence(_ context.Context, _ verify.Caller, id string, offset int64, chunk []byte) (verify.Upload, error) {
	if u := s.progress(id); offset != u.Received {
		return u, compliance.E(compliance.FaultConflict, "upload_offset", "elsewhere")
	}
	err := s.on("", func() { s.chunks = append(s.chunks, string(chunk)) })
	return s.progress(id), err
}

func (s *service) DiscloseField(_ context.Context, _ verify.Caller, _ string, ask verify.FieldRequest) (verify.DisclosedField, error) {
	return s.field, s.on("", func() { s.fields = append(s.fields, ask) })
}

func (s *service) Disclose(_ context.Context, c verify.Caller, key, id string, r verify.CopyRequest) (verify.Copy, error) {
	made := s.made
	made.EvidenceID, made.TenantID, made.Recipient, made.Purpose, made.LegalBasis = id, c.TenantID, r.Recipient, r.Purpose, r.LegalBasis
	return made, s.on(key, func() { s.copies = append(s.copies, r) })
}

func (s *service) CheckNumber(kind idnumber.Kind, raw string, on idnumber.Date) idnumber.Result {
	return idnumber.Check(kind, raw, on)
}

func (s *service) CheckPhoto(_ context.Context, _ verify.Caller, r imaging.Request) (imaging.Report, error) {
	return s.report, s.on("", func() { s.photos = append(s.photos, r) })
}

func (s *service) RefuseAttempt(_ context.Context, c verify.Caller, endpoint, code string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.attempts = append(s.attempts, c.TenantID+" "+endpoint+" "+code)
	return s.refused
}

// publishedLog holds receipts by event id and files by path.
type publishedLog struct {
	unwitnessed bool
	receipts    map[string]string
	files       map[string]string
}

func (l *publishedLog) Checkpoint(context.Context) ([]byte, error) {
	if text, ok := l.files["checkpoint"]; ok {
		return []byte(text), nil
	}
	return nil, auditlog.ErrNotYet
}

func (l *publishedLog) Tile(_ context.Context, path string) ([]byte, error) {
	if _, err := tiles.ParsePath(path); err != nil {
		return nil, err
	}
	if data, ok := l.files[path]; ok {
		return []byte(data), nil
	}
	return nil, auditlog.ErrNotFound
}

func (l *publishedLog) Proof(_ context.Context, id string) ([]byte, error) {
	if text, ok := l.receipts[id]; ok {
		return []byte(text), nil
	}
	return nil, auditlog.ErrNotYet
}

func (l *publishedLog) Final([]byte) bool { return !l.unwitnessed }

func (l *publishedLog) WaitFinal(ctx context.Context, id string) ([]byte, error) {
	if l.unwitnessed {
		<-ctx.Done()
		return nil, auditlog.ErrNotYet
	}
	return l.Wait(ctx, id)
}

func (l *publishedLog) Wait(ctx context.Context, id string) ([]byte, error) {
	if text, err := l.Proof(ctx, id); err == nil {
		return text, nil
	}
	<-ctx.Done()
	return nil, auditlog.ErrNotYet
}

// credentials are callers by key hash; looked counts the look-ups.
type credentials struct {
	mu     sync.Mutex
	known  map[string]verify.Caller
	down   error
	looked int
}

func (c *credentials) CallerByKeyHash(_ context.Context, hash string) (verify.Caller, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.looked++
	if c.down != nil {
		return verify.Caller{}, c.down
	}
	who, ok := c.known[hash]
	if !ok {
		return verify.Caller{}, verify.ErrNotFound
	}
	return who, nil
}

// policies are known by their digests, as in the ledger.
type policies map[string]*policy.Policy

func (p policies) Clause(_ context.Context, digest, id, date string) (policy.Clause, bool) {
	if known, ok := p[digest]; ok {
		return known.Clause(id, date)
	}
	return policy.Clause{}, false
}

// harness is the real handler on a real socket before a scripted service.
type harness struct {
	t         *testing.T
	api       *API
	server    *httptest.Server
	service   *service
	log       *publishedLog
	creds     *credentials
	policies  policies
	key       string // of a tenant
	regulator string // key of a regulator
	logged    *lockedBuffer
	spec      *spec

	mu  sync.Mutex
	now time.Time
}

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

var (
	testIDs     = compliance.NewIDs(func() time.Time { return testTime }, rand.Reader)
	decisionID  = testIDs.New(compliance.PrefixDecision)
	openingIDs  = []string{testIDs.New(compliance.PrefixOpening)}
	evidenceIDs = []string{testIDs.New(compliance.PrefixEvidence), testIDs.New(compliance.PrefixEvidence)}
)

// testMemory lets one body of the largest size through at a time.
const testMemory = maxPhotos

func newHarness(t *testing.T, probes ...Probe) *harness {
	t.Helper()
	h := &harness{t: t, logged: &lockedBuffer{}, spec: loadSpec(t), now: testTime}
	h.policies = policies{policy.Builtin().Digest(): policy.Builtin()}
	token, _ := NewUploadToken(rand.Reader)
	h.service = &service{token: token, answer: approvedAnswer(), opening: verify.Opening{
		ID: openingIDs[0], DecisionID: decisionID, Product: "phone_card", State: quota.Reserved, Origin: "gateway",
		LeaseUntil: testTime.Add(time.Hour), CreatedAt: testTime, UpdatedAt: testTime,
	}}
	h.log = &publishedLog{receipts: map[string]string{}, files: map[string]string{}}
	h.creds = &credentials{known: map[string]verify.Caller{}}
	h.key = h.newKey(verify.Caller{TenantID: "tnt_a", Role: compliance.RoleTenant, Sector: compliance.SectorTelecom})
	h.regulator = h.newKey(verify.Caller{TenantID: "tnt_r", Role: compliance.RoleRegulator, Sector: compliance.SectorRegulator})
	clock := func() time.Time {
		h.mu.Lock()
		defer h.mu.Unlock()
		return h.now
	}
	api, err := New(Options{
		Service: h.service, Log: h.log, Clauses: h.policies, Credentials: h.creds, Probes: probes,
		Registry: prometheus.NewRegistry(), Logger: slog.New(slog.NewJSONHandler(h.logged, nil)), Now: clock,
		IDs: compliance.NewIDs(clock, rand.Reader), BodyMemory: testMemory,
	})
	if err != nil {
		t.Fatal(err)
	}
	h.api = api
	h.server = httptest.NewServer(api)
	t.Cleanup(h.server.Close)
	return h
}

func (h *harness) newKey(who verify.Caller) string {
	key, hash := NewKey(rand.Reader)
	h.creds.known[hash] = who
	return key
}

func (h *harness) advance(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

// reply is one answer, read whole.
type reply struct {
	status int
	header http.Header
	body   []byte
}

func (r reply) problem(t *testing.T) problem {
	t.Helper()
	var p problem
	if err := json.Unmarshal(r.body, &p); err != nil {
		t.Fatalf("no problem: %s", r.body)
	}
	return p
}

func (r reply) decode(t *testing.T, into any) {
	t.Helper()
	if err := json.Unmarshal(r.body, into); err != nil {
		t.Fatalf("%v: %s", err, r.body)
	}
}

type header map[string]string

// call sends one request as the tenant, unless the headers say otherwise, and
// holds the answer against the specification.
func (h *harness) call(method, path, body string, headers ...header) reply {
	h.t.Helper()
	req, err := http.NewRequest(method, h.server.URL+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+h.key)
	if body != "" {
		req.Header.Set("Content-Type", mediaJSON)
	}
	if method == http.MethodPost {
		req.Header.Set("Idempotency-Key", "key-1")
	}
	for _, set := range headers {
		for name, value := range set {
			if value == "" {
				req.Header.Del(name)
				continue
			}
			req.Header.Set(name, value)
		}
	}
	return h.send(req, body)
}

func (h *harness) send(req *http.Request, body string) reply {
	h.t.Helper()
	resp, err := h.server.Client().Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	r := reply{status: resp.StatusCode, header: resp.Header, body: text}
	h.spec.checkAnswer(h.t, req, r)
	if body != "" && req.Header.Get("Content-Type") == mediaJSON {
		h.spec.checkRequest(h.t, req, body, r)
	}
	return r
}

// wantProblem checks status and code of a refusal.
func (h *harness) wantProblem(r reply, status int, code string) problem {
	h.t.Helper()
	if r.status != status {
		h.t.Fatalf("status %d, want %d: %s", r.status, status, r.body)
	}
	p := r.problem(h.t)
	if p.Code != code || p.Status != status || p.Type != "urn:realname:problem:"+code {
		h.t.Fatalf("problem %+v, want code %s", p, code)
	}
	if p.Instance != "urn:realname:request:"+r.header.Get("X-Request-Id") {
		h.t.Errorf("instance %s is not the request id %s", p.Instance, r.header.Get("X-Request-Id"))
	}
	return p
}

// lives checks that the next request is served.
func (h *harness) lives() {
	h.t.Helper()
	if r := h.call("POST", "/v1/verifications", goodRequest(nil)); r.status != http.StatusCreated {
		h.t.Fatalf("the next request got %d: %s", r.status, r.body)
	}
}

func approvedAnswer() verify.Answer {
	return verify.Answer{BizNo: "B-1", EventID: "evt_1", Decision: compliance.Decision{
		ID: decisionID, Version: 1, TenantID: "tnt_a", Scene: compliance.SceneSignup, Occasion: compliance.OccasionOpen,
		Product: "account", CustomerType: "individual", Channel: compliance.ChannelOnline, Outcome: compliance.Approved,
		Checks:       []compliance.Check{{Name: compliance.CheckNumber, Result: compliance.Passed, Source: "gateway", At: testTime}},
		PolicyDigest: policy.Builtin().Digest(), DecidedAt: testTime, ExpiresAt: testTime.Add(time.Hour),
		Facts: compliance.Facts{Date: "2026-03-02", Sector: compliance.SectorTelecom, Scene: compliance.SceneSignup},
	}}
}

// goodRequest is a verification request, changed by change.
func goodRequest(change func(m map[string]any)) string {
	m := map[string]any{
		"biz_no": "B-1", "scene": "signup", "event": "open", "product": "account",
		"parties": []any{map[string]any{
			"role": "holder", "name": "王测试", "document": map[string]any{"kind": "resident_id", "number": "110105194912310003"},
		}},
		"channel": map[string]any{"kind": "online"}, "purpose": "registration", "legal_basis": "statutory_duty",
	}
	if change != nil {
		change(m)
	}
	text, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// part is one part of a multipart body.
type part struct{ name, media, content string }

func multipartBody(t *testing.T, parts ...part) (body, contentType string) {
	t.Helper()
	var buf bytes.Buffer
	w := multipart.NewWriter(&buf)
	for _, p := range parts {
		head := textproto.MIMEHeader{"Content-Disposition": {`form-data; name="` + p.name + `"; filename="f"`}, "Content-Type": {p.media}}
		pw, err := w.CreatePart(head)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(pw, p.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.String(), w.FormDataContentType()
}
