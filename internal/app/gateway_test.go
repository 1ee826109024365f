//go:build vision

package app

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"realname/compliance"
	"realname/internal/config"
	"realname/internal/specimen"
	"realname/internal/sqlstore/storetest"
	"realname/verify/authority/standin"
)

const visionTags = "vision gocv_specific_modules gocv_features2d gocv_calib3d gocv_photo"

// worker builds the imaging worker once for all tests of this package.
var worker = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "realname-worker-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "imaging-worker")
	out, err := exec.Command("go", "build", "-tags", visionTags, "-o", path, "realname/cmd/imaging-worker").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	if file := os.Getenv(childConfig); file != "" {
		os.Exit(beGateway(file))
	}
	code := m.Run()
	storetest.Stop()
	if path, err := worker(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

type running struct {
	base   string
	key    string
	sim    *standin.Server
	config config.Config
	logs   *bytes.Buffer
	stop   func() error
	n      int
}

func assets() string {
	if dir := os.Getenv("REALNAME_ASSETS"); dir != "" {
		return dir
	}
	return filepath.Join("..", "..", ".assets")
}

func startGateway(t *testing.T) *running { return startGatewayOn(t, "") }

// startGatewayOn starts it over a ledger: SQLite in its own folder when dsn is empty.
func startGatewayOn(t *testing.T, dsn string) *running {
	t.Helper()
	return startGatewayWith(t, func(c *config.Config) { c.Ledger.DSN = dsn })
}

// startGatewayWith starts it with changes to what these tests have in common.
func startGatewayWith(t *testing.T, change func(*config.Config)) *running {
	t.Helper()
	path, err := worker()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	secret := make([]byte, 32)
	_, _ = rand.Read(secret)
	text := []byte(hex.EncodeToString(secret))
	if err := os.WriteFile(filepath.Join(dir, "secret"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	r := &running{sim: standin.New(text), config: config.Default(), logs: &bytes.Buffer{}}
	srv := httptest.NewServer(r.sim.Handler())
	t.Cleanup(srv.Close)
	folder, err := filepath.Abs(assets())
	if err != nil {
		t.Fatal(err)
	}
	r.config.Listen, r.config.Data = "127.0.0.1:0", filepath.Join(dir, "data")
	r.config.Imaging.Worker, r.config.Imaging.Assets = path, folder
	r.config.Authority.URL, r.config.Authority.SecretFile = srv.URL, filepath.Join(dir, "secret")
	change(&r.config)
	r.admit(t)
	r.start(t)
	return r
}

func (r *running) admit(t *testing.T) {
	t.Helper()
	o, err := OpenOperator(t.Context(), r.config)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	tenant, err := o.AddTenant(t.Context(), NewTenant{Name: "platform", Sector: compliance.SectorInternet, Region: "000000", NoStock: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, r.key, err = o.CreateKey(t.Context(), tenant.ID, compliance.RoleTenant); err != nil {
		t.Fatal(err)
	}
}

func (r *running) start(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	listening, ended := make(chan net.Addr, 1), make(chan error, 1)
	go func() {
		ended <- Run(ctx, Options{
			Config: r.config, Log: slog.New(slog.NewJSONHandler(r.logs, nil)),
			Listening: func(a net.Addr) { listening <- a },
		})
	}()
	r.stop = sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() { _ = r.stop() })
	select {
	case a := <-listening:
		r.base = "http://" + a.String()
	case err := <-ended:
		t.Fatalf("the gateway did not start: %v", err)
	}
}

type reply struct {
	status int
	body   map[string]any
}

func (r reply) code() string { s, _ := r.body["code"].(string); return s }

func (r *running) send(t *testing.T, method, path, contentType string, body io.Reader) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, r.base+path, body)
	if err != nil {
		t.Fatal(err)
	}
	r.n++
	req.Header.Set("Authorization", "Bearer "+r.key)
	req.Header.Set("Idempotency-Key", fmt.Sprint("key-", r.n))
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return decodeReply(t, resp)
}

func decodeReply(t *testing.T, resp *http.Response) reply {
	t.Helper()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	out := reply{status: resp.StatusCode}
	_ = json.Unmarshal(text, &out.body)
	return out
}

func (r *running) signup(t *testing.T, number, name string, photo []byte) reply {
	t.Helper()
	body := map[string]any{
		"biz_no": fmt.Sprint("biz-", r.n), "scene": "signup", "event": "open", "product": "internet_account", "customer_type": "individual",
		"parties": []any{map[string]any{"role": "holder", "name": name, "document": map[string]any{"kind": "resident_id", "number": number}}},
		"channel": map[string]any{"kind": "online"}, "purpose": "registration", "legal_basis": "statutory_duty",
	}
	if photo != nil {
		body["evidence"] = []any{map[string]any{"kind": "document_photo", "side": "front", "content": base64.StdEncoding.EncodeToString(photo)}}
	}
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return r.send(t, http.MethodPost, "/v1/verifications", "application/json", bytes.NewReader(text))
}

// somebody is an invented person that the authority knows, with a photographed card.
func (r *running) somebody(t *testing.T, seed uint64) (specimen.Person, []byte) {
	t.Helper()
	rng := specimen.Seed(seed)
	files, err := specimen.Portraits(filepath.Join(assets(), "portraits"))
	if err != nil {
		t.Fatal(err)
	}
	portrait, err := specimen.LoadPortrait(files[int(seed)%len(files)])
	if err != nil {
		t.Fatal(err)
	}
	p := specimen.NewPerson(rng)
	card, err := specimen.Card(p, portrait)
	if err != nil {
		t.Fatal(err)
	}
	photo, _ := specimen.Photograph(rng, card, specimen.Easy())
	r.sim.Know(standin.Person{Number: p.Number, Name: p.Name})
	return p, specimen.JPEG(photo, 88)
}

func TestBadInputOverHTTP(t *testing.T) {
	g := startGateway(t)
	p, card := g.somebody(t, 1)
	post := func(contentType string, body []byte) func() reply {
		return func() reply {
			return g.send(t, http.MethodPost, "/v1/verifications", contentType, bytes.NewReader(body))
		}
	}
	photo := func(b []byte) func() reply { return func() reply { return g.signup(t, p.Number, p.Name, b) } }
	for _, tc := range []struct {
		name   string
		send   func() reply
		status int
		code   string
	}{
		{"truncated photo", photo(card[:len(card)/2]), 422, "image_corrupt"},
		{"PDF called .jpg", photo([]byte("%PDF-1.7\n1 0 obj\n<<>>\nendobj\n")), 415, "image_unsupported_format"},
		{"PNG bomb", photo(bomb(30_000, 30_000)), 413, "image_too_many_pixels"},
		{"forged JPEG header", photo(forged(card)), 0, ""},
		{"empty photo", func() reply {
			return g.send(t, http.MethodPost, "/v1/photos/check", "image/jpeg", bytes.NewReader(nil))
		}, 422, "image_empty"},
		{"20 MB body", post("application/json", bytes.Repeat([]byte(" "), 20<<20)), 413, ""},
		{"wrong content type", post("text/html", []byte("{}")), 415, ""},
		{"invalid UTF-8", post("application/json", []byte("{\"biz_no\":\"\xff\xfe\"}")), 400, "invalid_utf8"},
		{"unknown field", post("application/json", []byte(`{"biz_number":"x"}`)), 400, ""},
		{"deep nesting", post("application/json", []byte(strings.Repeat("[", 100_000))), 400, ""},
		{"empty body", post("application/json", nil), 400, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := tc.send()
			if got.status < 400 || got.status >= 500 || tc.status != 0 && got.status != tc.status {
				t.Errorf("status = %d, want %d", got.status, tc.status)
			}
			if got.code() == "" || tc.code != "" && got.code() != tc.code {
				t.Errorf("code = %q, want %q", got.code(), tc.code)
			}
			next, _ := g.somebody(t, 2)
			if again := g.signup(t, next.Number, next.Name, nil); again.status != http.StatusCreated || again.body["decision"] != "approved" {
				t.Errorf("the next request: %d %v", again.status, again.body["code"])
			}
		})
	}
	if err := g.stop(); err != nil {
		t.Fatal(err)
	}
	if logs := g.logs.String(); strings.Contains(logs, p.Number) || strings.Contains(logs, p.Name) {
		t.Error("the gateway's log holds personal data")
	}
}

// bomb is a small PNG whose header declares w x h pixels.
func bomb(w, h uint32) []byte {
	var b bytes.Buffer
	b.WriteString("\x89PNG\r\n\x1a\n")
	chunk := func(kind string, data []byte) {
		_ = binary.Write(&b, binary.BigEndian, uint32(len(data)))
		b.WriteString(kind)
		b.Write(data)
		_ = binary.Write(&b, binary.BigEndian, crc32.ChecksumIEEE(append([]byte(kind), data...)))
	}
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)
	chunk("IHDR", append(head, 8, 2, 0, 0, 0))
	chunk("IDAT", []byte{0x78, 0x9c, 0x63, 0, 0, 0, 1, 0, 1})
	chunk("IEND", nil)
	return b.Bytes()
}

// forged makes the JPEG's header declare 60,000 x 60,000 pixels.
func forged(card []byte) []byte {
	b := bytes.Clone(card)
	i := bytes.Index(b, []byte{0xff, 0xc0})
	binary.BigEndian.PutUint16(b[i+5:], 60_000)
	binary.BigEndian.PutUint16(b[i+7:], 60_000)
	return b
}

func TestKilledWorkersCostNoRequest(t *testing.T) {
	g := startGateway(t)
	p, card := g.somebody(t, 3)
	killed := 0
	for range 6 {
		answered := make(chan reply, 1)
		go func() {
			defer close(answered) // a request that failed the test is an empty answer, not a hang
			answered <- g.signup(t, p.Number, p.Name, card)
		}()
		if pid := busyWorker(t); pid != 0 && syscall.Kill(pid, syscall.SIGKILL) == nil {
			killed++
		}
		got := <-answered
		if got.status != http.StatusCreated || got.body["decision"] != "approved" {
			t.Errorf("status %d, decision %v, code %v, reasons %v", got.status, got.body["decision"], got.body["code"], got.body["reasons"])
		}
	}
	if killed == 0 {
		t.Error("no worker was killed: the test shows nothing")
	}
}

// busyWorker waits until one of this process's workers is at work and returns
// its pid: one that has used processor time since the first look.
func busyWorker(t *testing.T) int {
	t.Helper()
	first := map[int]int{}
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); {
		for pid, used := range workers(t) {
			if before, seen := first[pid]; seen && used > before+2 {
				return pid
			} else if !seen {
				first[pid] = used
			}
		}
		<-time.After(5 * time.Millisecond)
	}
	return 0
}

// workers are the imaging workers that this process started, with the clock ticks each has used.
func workers(t *testing.T) map[int]int {
	t.Helper()
	out := map[int]int{}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range stats {
		text, err := os.ReadFile(name)
		if err != nil || !strings.Contains(string(text), "(imaging-worker)") {
			continue
		}
		// proc(5): after the name come state, ppid, …, utime as the 14th field of all.
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		pid, ppid, ticks := 0, 0, 0
		_, _ = fmt.Sscan(filepath.Base(filepath.Dir(name)), &pid)
		_, _ = fmt.Sscan(fields[1]+" "+fields[11], &ppid, &ticks)
		if ppid == os.Getpid() {
			out[pid] = ticks
		}
	}
	return out
}

func TestRestartKeepsEverything(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { restart(t, "") })
	t.Run("postgresql", func(t *testing.T) { restart(t, storetest.PostgreSQL(t)) })
}

func restart(t *testing.T, dsn string) {
	g := startGatewayOn(t, dsn)
	p, _ := g.somebody(t, 4)
	first := g.signup(t, p.Number, p.Name, nil)
	id, _ := first.body["id"].(string)
	if err := g.stop(); err != nil {
		t.Fatal(err)
	}
	g.start(t)
	got := g.send(t, http.MethodGet, "/v1/verifications/"+id, "", nil)
	if got.status != http.StatusOK || got.body["decision"] != "approved" {
		t.Errorf("after the restart: %d %v", got.status, got.body)
	}
	if got := g.send(t, http.MethodGet, "/v1/verifications/"+id+"/receipt?wait=5s", "", nil); got.status != http.StatusOK {
		t.Errorf("receipt: %d %s", got.status, got.code())
	}
	if got := g.send(t, http.MethodGet, "/readyz", "", nil); got.status != http.StatusOK {
		t.Errorf("not ready: %v", got.body)
	}
}

func TestASecondGatewayIsRefused(t *testing.T) {
	g := startGateway(t)
	err := Run(t.Context(), Options{Config: g.config, Log: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.Contains(err.Error(), "another gateway") {
		t.Errorf("the second gateway: %v", err)
	}
	if got := g.send(t, http.MethodGet, "/readyz", "", nil); got.status != http.StatusOK {
		t.Errorf("the first is not ready: %v", got.body)
	}
}

func TestLostKeysAreNotReplaced(t *testing.T) {
	g := startGateway(t)
	if err := g.stop(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(g.config.VaultKeys()); err != nil {
		t.Fatal(err)
	}
	err := Run(t.Context(), Options{Config: g.config, Log: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.Contains(err.Error(), "vault") {
		t.Errorf("started with fresh keys beside an old ledger: %v", err)
	}
}
