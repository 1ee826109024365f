//go:build vision

package app

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"realname/internal/config"
)

// agentProcess is a key agent in a process of its own.
type agentProcess struct {
	path, keys, socket string
	stop               func()
}

func newAgent(t *testing.T) *agentProcess {
	t.Helper()
	dir, err := os.MkdirTemp("", "keys")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	a := &agentProcess{path: filepath.Join(dir, "realname-keyagent"), keys: filepath.Join(dir, "master.keys"), socket: filepath.Join(dir, "sock")}
	if out, err := exec.Command("go", "build", "-o", a.path, "realname/cmd/realname-keyagent").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	a.run(t, "create", "--keys", a.keys, "--suite", "national")
	a.launch(t)
	return a
}

func (a *agentProcess) run(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command(a.path, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

func (a *agentProcess) launch(t *testing.T) {
	t.Helper()
	cmd := exec.Command(a.path, "serve", "--keys", a.keys, "--socket", a.socket)
	out, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	startChild(t, cmd)
	serving := make(chan struct{})
	go func() {
		once := sync.OnceFunc(func() { close(serving) })
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if strings.Contains(lines.Text(), "serving") {
				once()
			}
		}
		once()
	}()
	a.stop = sync.OnceFunc(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	t.Cleanup(a.stop)
	<-serving
	if limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", cmd.Process.Pid)); err != nil || !coreless(string(limits)) {
		t.Errorf("core files of the agent are not forbidden: %v", err)
	}
}

// The gateway never holds the master keys: without the agent it decides nothing, says so, and goes on when the agent is back;
// it follows the agent's rotation.
func TestAGatewayWithAKeyAgent(t *testing.T) {
	a := newAgent(t)
	r := startGatewayWith(t, func(c *config.Config) {
		c.Vault.Key, c.Vault.Agent, c.Settle.Every, c.Imaging.Workers = config.KeyAgent, a.socket, config.Duration(100*time.Millisecond), 1
	})
	g := inProcess(t, r, "")
	p, photo := g.somebody(t, 31)
	approved := func(when string) {
		t.Helper()
		if got := g.signup(t, p.Number, p.Name, photo); got.status != http.StatusCreated || got.body["decision"] != "approved" {
			t.Errorf("%s: %d %v", when, got.status, got.body)
		}
	}
	ready := func() bool {
		checks := fmt.Sprint(g.send(t, http.MethodGet, "/readyz", "", nil).body)
		return !strings.Contains(checks, "name:master_keys ready:false")
	}
	approved("at first")
	if _, err := os.Stat(g.config.VaultKeys()); !os.IsNotExist(err) {
		t.Errorf("the gateway has a key file: %v", err)
	}

	a.stop()
	if got := g.signup(t, p.Number, p.Name, nil); got.status != http.StatusServiceUnavailable || got.code() != "vault_unavailable" {
		t.Errorf("without the agent: %d %s", got.status, got.code())
	}
	until(t, "the gateway tells that the agent is gone", func() bool { return !ready() })
	a.launch(t)
	until(t, "the gateway finds the agent again", ready)
	approved("when it is back")

	if out, err := g.realname(t, "vault", "rotate"); err == nil || !strings.Contains(out, "realname-keyagent rotate") {
		t.Errorf("rotated from here: %v, %s", err, out)
	}
	a.run(t, "rotate", "--keys", a.keys, "--in", "3s")
	until(t, "the gateway has the new key", func() bool { return strings.Contains(g.log.text(), `"versions":[2,1]`) })
	until(t, "the new key is used", func() bool {
		out, err := g.realname(t, "vault", "list", "--lang", "en")
		return err == nil && strings.Contains(out, "2        international") && strings.Contains(out[strings.Index(out, "2        international"):], "in use")
	})
	approved("under the new key")
	g.says(t, "rewrap", "version 2: ", "--lang", "en")
	approved("after the rewrap")
	if out, err := g.realname(t, "vault", "destroy", "1", "--yes", "--forget-images", "--lang", "en"); err == nil || !strings.Contains(out, "realname-keyagent drop") {
		t.Errorf("destroyed: %v, %s", err, out)
	}
	a.run(t, "drop", "1", "--keys", a.keys)
	until(t, "the gateway has the old key no more", func() bool { return strings.Contains(g.log.text(), `"versions":[2]`) })
	approved("without the old key")
	if !ready() {
		t.Error("not ready at the end")
	}
	if strings.Contains(g.log.text(), p.Number) {
		t.Error("the log tells who it was")
	}
}
