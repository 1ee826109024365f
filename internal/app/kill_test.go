//go:build vision

package app

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"realname/compliance/policy"
	"realname/internal/config"
)

// childConfig makes this test program a gateway: the file of its configuration.
const childConfig = "REALNAME_TEST_GATEWAY"

// beGateway serves until it is killed, and writes its address beside its configuration.
func beGateway(file string) int {
	c, err := config.Load(file)
	if err == nil {
		err = Run(context.Background(), Options{
			Config: c, Log: slog.New(slog.DiscardHandler),
			Listening: func(a net.Addr) { _ = os.WriteFile(file+".address", []byte(a.String()+"\n"), 0o600) },
		})
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// child starts a gateway of its own process on the configuration of r, and returns what kills it.
func (r *running) child(t *testing.T) (kill func()) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "gateway.yaml")
	text := fmt.Sprintf("listen: 127.0.0.1:0\ndata: %q\nimaging: {worker: %q, assets: %q}\nauthority: {url: %q, secret_file: %q}\n",
		r.config.Data, r.config.Imaging.Worker, r.config.Imaging.Assets, r.config.Authority.URL, r.config.Authority.SecretFile)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), program)
	cmd.Env = append(os.Environ(), childConfig+"="+file)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill = func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }
	t.Cleanup(kill)
	eventually(t, "the child gateway listens", func() bool {
		address, err := os.ReadFile(file + ".address")
		r.base = "http://" + strings.TrimSpace(string(address))
		return err == nil && strings.HasSuffix(string(address), "\n")
	})
	return kill
}

// A gateway that is killed between the approval and the instant comes back with the old policy before the instant, or the new
// one after it, and is killed once more on the way.
func TestAScheduledPolicySurvivesKills(t *testing.T) {
	r := startGateway(t)
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	kill := r.child(t)
	o, err := OpenOperator(t.Context(), r.config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.Close() })
	before := ask(t, r.base, r.key, r.sim, 0, 0)
	next := with(t, "id: R-5CARD", "max: 5", "max: 4")
	instant := time.Now().Add(8 * time.Second)
	bring(t, o, next, instant)
	kill()
	kill = r.child(t)
	if digest := ask(t, r.base, r.key, r.sim, 0, 1); time.Now().Before(instant) && digest != before {
		t.Errorf("before the instant %.12s decides, it was %.12s", digest, before)
	}
	kill()
	eventually(t, "the instant has come", func() bool { return time.Now().After(instant) })
	_ = r.child(t)
	if digest := ask(t, r.base, r.key, r.sim, 0, 2); digest != next.Digest() {
		t.Errorf("after the instant %.12s decides, approved is %.12s", digest, next.Digest())
	}
	eventually(t, "the ledger says that it is live", func() bool {
		lives, err := o.store.Policies(t.Context())
		return err == nil && lives.Last(next.Digest()).Stage == policy.StageLive
	})
}
