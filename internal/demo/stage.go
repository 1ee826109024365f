package demo

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	mrand "math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"realname/internal/specimen"
)

const patience = 30 * time.Second

// stage is everything that runs while the scenes are acted.
type stage struct {
	opts      Options
	dir       string
	rng       *mrand.Rand
	portraits []string
	table     *table
	client    *http.Client

	config    string
	gatewayAt string // base address
	simAt     string // host:port
	gateway   *exec.Cmd
	ended     chan struct{} // closed when the gateway has ended
	sim       *exec.Cmd

	platform, carrier, regulator tenant
	receipts                     []receipt
	mu                           sync.Mutex
	seq                          int
}

type tenant struct{ ID, Key string }

// newStage writes the configuration, makes the tenants and starts the processes.
func newStage(ctx context.Context, o Options, dir string) (*stage, error) {
	s := &stage{opts: o, dir: dir, rng: newRand(o.Seed), table: &table{out: o.Out}, client: &http.Client{Timeout: patience}}
	var err error
	if s.portraits, err = specimen.Portraits(filepath.Join(o.Assets, "portraits")); err != nil {
		return nil, err
	}
	if err := s.configure(ctx); err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	for _, t := range []struct {
		into               *tenant
		name, sector, role string
	}{
		{&s.platform, "Demo Platform", "internet", "tenant"},
		{&s.carrier, "Demo Carrier", "telecom", "tenant"},
		{&s.regulator, "Demo Regulator", "regulator", "regulator"},
	} {
		if err := s.admit(ctx, t.into, t.name, t.sector, t.role); err != nil {
			return nil, fmt.Errorf("demo: tenant %s: %w", t.name, err)
		}
	}
	if err := s.start(ctx); err != nil {
		s.stop()
		return nil, fmt.Errorf("demo: %w", err)
	}
	return s, nil
}

func (s *stage) configure(ctx context.Context) error {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret)
	if err := os.WriteFile(filepath.Join(s.dir, "authority.secret"), []byte(hex.EncodeToString(secret)), 0o600); err != nil {
		return err
	}
	ports, err := freePorts(ctx, 2)
	if err != nil {
		return err
	}
	s.simAt, s.gatewayAt = ports[0], "http://"+ports[1]
	assets, err := filepath.Abs(s.opts.Assets)
	if err != nil {
		return err
	}
	// JSON is YAML, and quotes what needs quoting.
	text, err := json.MarshalIndent(map[string]any{
		"listen":    ports[1],
		"data":      filepath.Join(s.dir, "data"),
		"imaging":   map[string]any{"assets": assets},
		"authority": map[string]any{"name": "standin", "url": "http://" + s.simAt, "secret_file": filepath.Join(s.dir, "authority.secret"), "timeout": "1s", "open_for": "500ms"},
		"settle":    map[string]any{"every": "200ms"},
	}, "", "  ")
	if err != nil {
		return err
	}
	s.config = filepath.Join(s.dir, "realname.yaml")
	return os.WriteFile(s.config, text, 0o600)
}

// freePorts finds loopback addresses that nobody listens on now.
func freePorts(ctx context.Context, n int) ([]string, error) {
	var addrs []string
	var lc net.ListenConfig
	for range n {
		ln, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer ln.Close()
		addrs = append(addrs, ln.Addr().String())
	}
	return addrs, nil
}

// admit adds a tenant and a key with the operator's own commands.
func (s *stage) admit(ctx context.Context, t *tenant, name, sector, role string) error {
	var added struct {
		ID string `json:"id"`
	}
	if err := s.operator(ctx, &added, "tenant", "add", "--config", s.config, "--name", name, "--sector", sector, "--no-stock", "--json"); err != nil {
		return err
	}
	var key struct {
		Key string `json:"key"`
	}
	if err := s.operator(ctx, &key, "key", "create", "--config", s.config, "--tenant", added.ID, "--role", role, "--json"); err != nil {
		return err
	}
	*t = tenant{ID: added.ID, Key: key.Key}
	return nil
}

func (s *stage) operator(ctx context.Context, into any, args ...string) error {
	out, err := s.command(ctx, "realname", args...).Output()
	if err != nil {
		if ee, ok := errors.AsType[*exec.ExitError](err); ok {
			return fmt.Errorf("%s: %s", strings.Join(args[:2], " "), bytes.TrimSpace(ee.Stderr))
		}
		return err
	}
	return json.Unmarshal(out, into)
}

func (s *stage) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(s.opts.Binaries, name), args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

func (s *stage) start(ctx context.Context) error {
	if err := os.WriteFile(filepath.Join(s.dir, "persons.ndjson"), nil, 0o600); err != nil {
		return err
	}
	if err := s.raiseAuthority(ctx); err != nil {
		return err
	}
	logs, err := os.OpenFile(filepath.Join(s.dir, "gateway.log"), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer logs.Close()
	s.gateway = s.command(ctx, "realname", "serve", "--config", s.config)
	s.gateway.Stdout, s.gateway.Stderr = logs, logs
	if err := s.gateway.Start(); err != nil {
		return err
	}
	s.ended = make(chan struct{})
	go func() { _ = s.gateway.Wait(); close(s.ended) }()
	if err := s.ready(ctx, s.gatewayAt+"/readyz"); err != nil {
		text, _ := os.ReadFile(logs.Name())
		return fmt.Errorf("the gateway did not become ready: %w\n%s", err, tail(text, 2000))
	}
	return nil
}

// raiseAuthority starts the stand-in; it knows everyone told to it before.
func (s *stage) raiseAuthority(ctx context.Context) error {
	s.sim = s.command(ctx, "authority-sim", "--listen", s.simAt,
		"--secret", filepath.Join(s.dir, "authority.secret"), "--persons", filepath.Join(s.dir, "persons.ndjson"))
	if err := s.sim.Start(); err != nil {
		return err
	}
	return s.ready(ctx, "http://"+s.simAt+"/healthz")
}

// fellAuthority kills the stand-in as a crash would.
func (s *stage) fellAuthority() {
	if s.sim != nil {
		_ = s.sim.Process.Kill()
		_ = s.sim.Wait()
		s.sim = nil
	}
}

// register makes the authority know a person, now and after its restart.
func (s *stage) register(ctx context.Context, number, name string) error {
	line, err := json.Marshal(map[string]string{"number": number, "name": name})
	if err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(s.dir, "persons.ndjson"), os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Write(append(line, '\n')); err != nil || s.sim == nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, "http://"+s.simAt+"/persons", bytes.NewReader(line))
	if err != nil {
		return err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

func (s *stage) ready(ctx context.Context, address string) error {
	return poll(ctx, func() (bool, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return false, err
		}
		resp, err := s.client.Do(req)
		if err != nil {
			select {
			case <-s.ended:
				return false, errors.New("it ended")
			default:
				return false, nil // not listening yet
			}
		}
		defer resp.Body.Close()
		return resp.StatusCode < 300, nil
	})
}

// poll asks until the answer is yes or patience ends.
func poll(ctx context.Context, done func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, err := done()
		if err != nil || ok {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.New("no answer in time")
		case <-tick.C:
		}
	}
}

func (s *stage) stop() {
	if s.ended != nil {
		_ = s.gateway.Process.Signal(syscall.SIGTERM)
		<-s.ended
	}
	s.fellAuthority()
}

// memory tells the resident memory of the gateway and its workers.
func (s *stage) memory() string {
	gateway := s.gateway.Process.Pid
	line := "Resident memory: gateway " + resident(gateway)
	// Children are listed by the thread that started them.
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", gateway))
	for _, thread := range threads {
		children, _ := os.ReadFile(thread)
		for pid := range strings.FieldsSeq(string(children)) {
			var n int
			if _, err := fmt.Sscan(pid, &n); err == nil {
				line += ", worker " + resident(n)
			}
		}
	}
	return line + "."
}

func resident(pid int) string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			var kb int
			if _, err := fmt.Sscan(rest, &kb); err == nil {
				return fmt.Sprintf("%d MB", kb/1024)
			}
		}
	}
	return "unknown"
}

func tail(b []byte, n int) []byte { return b[max(0, len(b)-n):] }

// leave writes a specimen person, the card photo and a ready request for whoever tries `realname run`.
func (s *stage) leave(p cast) error {
	person, err := json.MarshalIndent(map[string]string{"number": p.Number, "name": p.Name}, "", "  ")
	if err != nil {
		return err
	}
	body := s.request("signup", "internet_account", "online", p.Number, p.Name).with("evidence", []any{photo(p.card)})
	signup, err := json.Marshal(body)
	if err != nil {
		return err
	}
	for name, b := range map[string][]byte{"specimen.json": person, "specimen.jpg": p.card, "signup.json": signup} {
		if err := os.WriteFile(filepath.Join(s.dir, name), b, 0o600); err != nil {
			return err
		}
	}
	return nil
}
