package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"realname/compliance/auditlog"
	"realname/compliance/auditlog/auditlogtest"
	"realname/compliance/signing"
	"realname/internal/tlstest"
)

// programs are built once for all tests of this package.
var programs = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "realname-programs-")
	if err != nil {
		return "", err
	}
	out, err := exec.Command("go", "build", "-o", dir+"/", "realname/cmd/realname", "realname/cmd/realname-audit").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return dir, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if built.Load() {
		if dir, err := programs(); err == nil {
			_ = os.RemoveAll(dir)
		}
	}
	os.Exit(code)
}

var built atomic.Bool

// program returns the path of a built program.
func program(t *testing.T, name string) string {
	t.Helper()
	built.Store(true)
	dir, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, name)
}

// gateway is a real one, as a process, without imaging workers.
type gateway struct {
	dir, config, base, token string
	key                      string // file of the log's public keys
	process                  *exec.Cmd
}

// startGateway makes a data folder with a regulator's key, and serves. extra is appended to the configuration.
func startGateway(t *testing.T, extra string) *gateway {
	t.Helper()
	dir := t.TempDir()
	g := &gateway{dir: dir, config: filepath.Join(dir, "realname.yaml"), key: filepath.Join(dir, "data", "log.pub")}
	pem := tlstest.New(t).Client(t.TempDir())
	put(t, filepath.Join(dir, "secret"), strings.Repeat("ab", 32))
	put(t, g.config, fmt.Sprintf(`listen: 127.0.0.1:0
data: %s
authority: {url: "http://127.0.0.1:1", secret_file: %s}
imaging:
  workers: 0
  remote: [{address: "127.0.0.1:1"}]
  remote_tls: {certificate: %s, key: %s, ca: %s}
%s`, filepath.Join(dir, "data"), filepath.Join(dir, "secret"), pem.Certificate, pem.Key, pem.CA, extra))
	tenant := regexp.MustCompile(`tnt_[0-9a-f-]+`).FindString(g.operate(t, "tenant", "add", "--name", "regulator", "--sector", "regulator"))
	g.token = regexp.MustCompile(`rn_\S+`).FindString(g.operate(t, "key", "create", "--tenant", tenant, "--role", "regulator"))
	g.serve(t)
	return g
}

// operate runs an operator's command and returns what it says.
func (g *gateway) operate(t *testing.T, args ...string) string {
	t.Helper()
	args = append(args[:2:2], append([]string{"--config", g.config}, args[2:]...)...)
	out, err := exec.CommandContext(t.Context(), program(t, "realname"), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return string(out)
}

var serving = regexp.MustCompile(`serving on (\S+)`)

// serve starts the process and waits until it answers.
func (g *gateway) serve(t *testing.T) {
	t.Helper()
	if err := g.tryServe(t); err != nil {
		t.Fatal(err)
	}
}

// tryServe returns what the process said when it ended instead.
func (g *gateway) tryServe(t *testing.T) error {
	t.Helper()
	g.process = exec.Command(program(t, "realname"), "serve", "--config", g.config)
	said, err := g.process.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := g.process.Start(); err != nil {
		t.Fatal(err)
	}
	process := g.process
	t.Cleanup(func() { _ = process.Process.Kill(); _ = process.Wait() })
	lines := bufio.NewScanner(said)
	var all strings.Builder
	for lines.Scan() {
		all.WriteString(lines.Text() + "\n")
		if m := serving.FindStringSubmatch(lines.Text()); m != nil {
			g.base = "http://" + m[1] + "/v1/audit"
			go func() {
				for lines.Scan() {
				}
			}()
			return nil
		}
	}
	return fmt.Errorf("the gateway ended: %w\n%s", process.Wait(), all.String())
}

// grow makes an event and waits until the gateway has published it.
func (g *gateway) grow(t *testing.T) []byte {
	t.Helper()
	before := g.checkpoint(t)
	g.operate(t, "tenant", "add", "--name", "platform", "--sector", "internet", "--no-stock")
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); <-time.After(50 * time.Millisecond) {
		if now := g.checkpoint(t); string(now) != string(before) {
			return now
		}
	}
	t.Fatal("the log did not grow")
	return nil
}

func (g *gateway) checkpoint(t *testing.T) []byte {
	t.Helper()
	data, err := (&site{ctx: t.Context(), client: http.DefaultClient, base: g.base, token: g.token}).Read("checkpoint")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// liar passes everything on to a gateway, but serves a folder instead once it lies.
type liar struct {
	*httptest.Server
	folder atomic.Pointer[string]
	down   atomic.Bool
}

func newLiar(t *testing.T, g *gateway) *liar {
	t.Helper()
	to, err := url.Parse(strings.TrimSuffix(g.base, "/v1/audit"))
	if err != nil {
		t.Fatal(err)
	}
	honest := httputil.NewSingleHostReverseProxy(to)
	l := &liar{}
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		dir := l.folder.Load()
		switch {
		case l.down.Load():
			w.WriteHeader(http.StatusServiceUnavailable)
		case dir != nil:
			http.ServeFile(w, r, filepath.Join(*dir, filepath.FromSlash(strings.TrimPrefix(r.URL.Path, "/v1/audit/"))))
		default:
			honest.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(l.Close)
	return l
}

// forge makes a log of size entries that the gateway's own keys sign: what a
// dishonest operator can do.
func (g *gateway) forge(t *testing.T, size int) string {
	t.Helper()
	keys, err := signing.Load(filepath.Join(g.dir, "data", "log.key"))
	if err != nil {
		t.Fatal(err)
	}
	return forgeWith(t, size, keys...)
}

func forgeWith(t *testing.T, size int, keys ...*signing.Key) string {
	t.Helper()
	dir := t.TempDir()
	s := new(auditlogtest.Memory)
	o := auditlogtest.Options(t, s, auditlogtest.Folder(t, dir))
	o.Origin, o.Signers = keys[0].Name(), nil
	var verifiers []note.Verifier
	for _, k := range keys {
		o.Signers, verifiers = append(o.Signers, k.Signer()), append(verifiers, k.Verifier())
	}
	o.Verifiers = signing.NewVerifiers(verifiers...)
	l, err := auditlog.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	auditlogtest.Grow(t, s, l, 7000, 7000+size, size)
	return dir
}

// auditor runs realname-audit as a process.
func auditor(ctx context.Context, t *testing.T, env string, args ...string) (status int, said string) {
	t.Helper()
	cmd := exec.CommandContext(ctx, program(t, "realname-audit"), append([]string{"--lang", "en"}, args...)...)
	cmd.Env = append(os.Environ(), env)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}
func (g *gateway) stop(t *testing.T) {
	t.Helper()
	if err := g.process.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = g.process.Wait()
}
