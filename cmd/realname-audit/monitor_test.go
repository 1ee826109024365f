package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"realname/compliance/receipt/tiles"
	"realname/compliance/signing"
)

// TestMonitorARunningGateway watches a real gateway through a proxy that is
// honest, then lies in each way; the monitor is a process too.
func TestMonitorARunningGateway(t *testing.T) {
	g := startGateway(t, "")
	l := newLiar(t, g)
	first := g.grow(t)
	dir := t.TempDir()
	stateFile := filepath.Join(dir, "gateway.state")
	watch := func(state string, args ...string) (int, string) {
		args = append([]string{"monitor", "--key", g.key, "--require", "ed25519,sm2", "--state", state, "--once", l.URL + "/v1/audit"}, args...)
		return auditor(t.Context(), t, "REALNAME_AUDIT_TOKEN="+g.token, args...)
	}
	good := func(what string) {
		t.Helper()
		if status, said := watch(stateFile); status != exitSound || !strings.Contains(said, "sound: ") {
			t.Fatalf("%s: exit %d\n%s", what, status, said)
		}
	}
	good("the first look")
	second := g.grow(t)
	good("a log that grew")
	remembered, err := os.ReadFile(stateFile)
	if err != nil {
		t.Fatal(err)
	}
	size := func(signed []byte) int {
		s, err := signing.LoadVerifiers(g.key)
		if err != nil {
			t.Fatal(err)
		}
		return int(opened(t, signed, s).Size)
	}
	other, err := signing.Generate(signing.Ed25519, "realname.local/log", rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rolledBack := t.TempDir()
	put(t, filepath.Join(rolledBack, "checkpoint"), string(first))
	garbage := t.TempDir()
	put(t, filepath.Join(garbage, "checkpoint"), "<html>the system is being maintained</html>\n")
	noTiles := g.forge(t, size(second)+9)
	if err := os.RemoveAll(filepath.Join(noTiles, "tile")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, folder, says string
	}{
		{"fork at the same size", g.forge(t, size(second)), "FORK"},
		{"fork that grew", g.forge(t, size(second)+20), "FORK"},
		{"fork with many tiles", g.forge(t, 700), "FORK"},
		{"rollback", rolledBack, "ROLLBACK"},
		{"rollback to another history", g.forge(t, 1), "ROLLBACK"},
		{"wrong key", forgeWith(t, size(second)+5, other), "WRONG KEY"},
		{"SM2 line left out", forgeWith(t, size(second)+5, keyOf(t, g, signing.Ed25519)), "WRONG KEY"},
		{"a checkpoint without its tiles", noTiles, "UNPROVEN"},
		{"no checkpoint at all", garbage, "MALFORMED"},
	} {
		l.folder.Store(&c.folder)
		status, said := watch(stateFile)
		if status != exitTampered || !strings.Contains(said, c.says) || strings.Count(said, "kept as evidence") != 2 {
			t.Errorf("%s: exit %d\n%s", c.name, status, said)
		}
		if status, said := watch(stateFile, "--lang", "zh-CN"); status != exitTampered || !strings.Contains(said, "报警") {
			t.Errorf("%s, in Chinese: exit %d\n%s", c.name, status, said)
		}
		if now, err := os.ReadFile(stateFile); err != nil || !bytes.Equal(now, remembered) {
			t.Errorf("%s: the state followed the lie", c.name)
		}
	}
	l.folder.Store(nil)
	l.down.Store(true)
	if status, said := watch(stateFile); status != exitSilent || !strings.Contains(said, "SILENCE") {
		t.Errorf("silence: exit %d\n%s", status, said)
	}
	l.down.Store(false)
	good("honest again")
	checkEvidence(t, g, dir)

	if status, said := auditor(t.Context(), t, "REALNAME_AUDIT_TOKEN=nobody", "monitor", "--key", g.key, "--state", filepath.Join(dir, "x"), "--once", l.URL+"/v1/audit"); status != exitSilent || !strings.Contains(said, "401") {
		t.Errorf("a wrong token: exit %d\n%s", status, said)
	}
	// It watches until it is told to stop; then all was sound.
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Second)
	defer stop()
	status, said := auditor(ctx, t, "REALNAME_AUDIT_TOKEN="+g.token, "monitor", "--key", g.key, "--state", stateFile, "--every", "200ms", g.base)
	if status != exitSound || strings.Count(said, "sound: ") < 2 {
		t.Errorf("told to stop: exit %d\n%s", status, said)
	}
	checkConsistencyCommand(t, g, first, second)
}

func opened(t *testing.T, signed []byte, keys *signing.Verifiers) tiles.Opened {
	t.Helper()
	o, err := tiles.Open(signed, keys)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// keyOf is the gateway's own key of a suite.
func keyOf(t *testing.T, g *gateway, suite signing.Suite) *signing.Key {
	t.Helper()
	keys, err := signing.Load(filepath.Join(g.dir, "data", "log.key"))
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		if k.Suite() == suite {
			return k
		}
	}
	t.Fatal("no key")
	return nil
}

// checkEvidence: what an alarm keeps convicts by itself.
func checkEvidence(t *testing.T, g *gateway, dir string) {
	t.Helper()
	kept, err := filepath.Glob(filepath.Join(dir, "*.newer"))
	if err != nil || len(kept) == 0 {
		t.Fatal(kept, err)
	}
	convicted := 0
	for _, newer := range kept {
		older := strings.TrimSuffix(newer, ".newer") + ".older"
		status, said := auditor(t.Context(), t, "REALNAME_AUDIT_TOKEN="+g.token, "consistency", "--key", g.key, older, newer, "--log", g.base)
		if status != exitTampered {
			t.Errorf("%s: exit %d\n%s", newer, status, said)
		}
		if strings.Contains(said, "FORK") {
			convicted++
		}
	}
	if convicted == 0 {
		t.Error("no evidence of a fork among what was kept")
	}
}

func checkConsistencyCommand(t *testing.T, g *gateway, first, second []byte) {
	t.Helper()
	dir := t.TempDir()
	older, newer := filepath.Join(dir, "older"), filepath.Join(dir, "newer")
	put(t, older, string(first))
	put(t, newer, string(second))
	fork := g.forge(t, 40)
	for _, c := range []struct {
		name   string
		args   []string
		status int
		says   string
	}{
		{"from the gateway", []string{older, newer, "--log", g.base}, exitSound, "SOUND"},
		{"from the folder", []string{older, newer, "--log", filepath.Join(g.dir, "data", "log")}, exitSound, "SOUND"},
		{"the wrong way round", []string{newer, older, "--log", g.base}, exitTampered, "ROLLBACK"},
		{"a fork", []string{older, filepath.Join(fork, "checkpoint"), "--log", fork}, exitTampered, "FORK"},
		{"a fork, and honest tiles", []string{filepath.Join(fork, "checkpoint"), filepath.Join(fork, "checkpoint"), "--log", g.base}, exitSound, "SOUND"},
		{"no such file", []string{older, filepath.Join(dir, "none"), "--log", g.base}, exitUnchecked, "NOT CHECKED"},
		{"no gateway", []string{older, newer, "--log", "http://127.0.0.1:1/v1/audit"}, exitUnchecked, "NOT CHECKED"},
		{"no demand met", []string{older, newer, "--log", g.base, "--witnesses", "1"}, exitUnchecked, "NOT CHECKED"},
	} {
		status, said := auditor(t.Context(), t, "REALNAME_AUDIT_TOKEN="+g.token, append([]string{"consistency", "--key", g.key}, c.args...)...)
		if status != c.status || !strings.Contains(said, c.says) {
			t.Errorf("%s: exit %d\n%s", c.name, status, said)
		}
	}
}

// TestMonitorRemembersAndWaits: the clock is the test's, and the log a folder.
func TestMonitorRemembersAndWaits(t *testing.T) {
	dir, key := bothSuites(t, signing.Ed25519, signing.SM2)
	stateFile := filepath.Join(t.TempDir(), "state")
	now := time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)
	var out, errOut bytes.Buffer
	looks := 0
	watch := func(where string, args ...string) int {
		out.Reset()
		errOut.Reset()
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		c := console{out: &out, err: &errOut, env: func(string) string { return "" }, ctx: ctx, now: func() time.Time { return now }}
		c.after = func(d time.Duration) <-chan time.Time {
			now = now.Add(d)
			if looks--; looks <= 0 {
				stop()
				return nil
			}
			done := make(chan time.Time, 1)
			done <- now
			return done
		}
		return run(append([]string{"monitor", "--key", key, "--state", stateFile, where}, args...), c)
	}
	looks = 3
	if status := watch(dir); status != exitSound || strings.Count(out.String(), "sound: 20 entries") != 3 {
		t.Fatalf("exit %d\n%s%s", status, out.String(), errOut.String())
	}
	looks = 100
	if status := watch(dir, "--stale", "2h", "--every", "30m"); status != exitTampered || !strings.Contains(out.String(), "STALE") {
		t.Errorf("stale: exit %d\n%s", status, out.String())
	}
	looks = 100
	if status := watch("http://127.0.0.1:1/v1/audit", "--silence", "4m", "--every", "1m"); status != exitSilent || strings.Count(out.String(), "Z no answer: ") != 4 {
		t.Errorf("silence: exit %d\n%s", status, out.String())
	}
	looks = 1
	if status := watch(dir, "--json"); status != exitSound || !strings.Contains(out.String(), `"verdict":"sound","size":20,"suites":["ed25519","sm2"]`) {
		t.Errorf("exit %d\n%s", status, out.String())
	}
	unlock, err := lockState(stateFile)
	if err != nil {
		t.Fatal(err)
	}
	if status := watch(dir); status != exitUnchecked || !strings.Contains(errOut.String(), "at work") {
		t.Errorf("a second monitor: exit %d\n%s", status, errOut.String())
	}
	unlock()
	for what, text := range map[string]string{"no state": "{}", "cut": `{"v":1,"che`, "of another key": `{"v":1,"checkpoint":"x\n1\ny\n"}`} {
		put(t, stateFile, text)
		if status := watch(dir, "--once"); status != exitUnchecked {
			t.Errorf("state %s: exit %d\n%s", what, status, out.String())
		}
	}
}
