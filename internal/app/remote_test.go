//go:build vision

package app

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"realname/internal/config"
	"realname/internal/tlstest"
)

// tierMachine runs `imaging-worker serve` and returns its address, and its process.
func tierMachine(t *testing.T, files tlstest.Files) (string, *exec.Cmd) {
	t.Helper()
	path, err := worker()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), path, "serve", "--listen", "127.0.0.1:0", "--assets", assets(), "--workers", "1",
		"--cert", files.Certificate, "--key", files.Key, "--client-ca", files.CA)
	cmd.Env = []string{"TMPDIR=" + os.TempDir()}
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	lines := bufio.NewReader(said)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatal("the machine does not serve: ", err)
		}
		if _, rest, found := strings.Cut(line, "address="); found {
			go func() { _, _ = io.Copy(t.Output(), lines) }()
			return strings.Fields(rest)[0], cmd
		}
	}
}

// A gateway without workers of its own has photos checked on a machine that it knows
// by certificates; without the machine it says that the check was not executed.
func TestGatewayBorrowsWorkers(t *testing.T) {
	ca := tlstest.New(t)
	address, machine := tierMachine(t, ca.Server(t.TempDir()))
	client := ca.Client(t.TempDir())
	g := startGatewayWith(t, func(c *config.Config) {
		c.Imaging.Workers, c.Imaging.Worker = 0, ""
		c.Imaging.Timeout = config.Duration(time.Minute)
		c.Imaging.Remote = []config.RemoteMachine{{Address: address, ServerName: tlstest.Name}}
		c.Imaging.RemoteTLS = config.RemoteTLS{Certificate: client.Certificate, Key: client.Key, CA: client.CA}
	})
	g.await(t, "the machine", func() bool {
		return strings.Contains(g.metrics(t), `realname_imaging_machine_seats{machine="`+address+`"} 1`)
	})
	p, card := g.somebody(t, 1)
	if got := g.signup(t, p.Number, p.Name, card); got.status != http.StatusCreated || got.body["decision"] == "pending" {
		t.Errorf("with the machine: %d %v\n%s", got.status, got.body, g.logs)
	}
	if err := machine.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	g.await(t, "its end", func() bool {
		return strings.Contains(g.metrics(t), `realname_imaging_machine_seats{machine="`+address+`"} 0`)
	})
	if got := g.send(t, http.MethodPost, "/v1/photos/check", "image/jpeg", strings.NewReader("no picture")); got.status != http.StatusUnsupportedMediaType {
		t.Errorf("a bad upload without it: %d %v", got.status, got.body)
	}
}

func (r *running) await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.NewTimer(time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatal("waited in vain: " + what)
		}
	}
}

func (r *running) metrics(t *testing.T) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.base+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
