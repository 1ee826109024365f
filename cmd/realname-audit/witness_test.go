package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"realname/compliance/signing"
)

var listening = regexp.MustCompile(`witness on (\S+?), public key (\S+)`)

// witnessed is a witness as a process.
type witnessed struct {
	url, key string
	process  *exec.Cmd
}

// startWitness makes a key in dir when there is none, and serves the logs of a key file.
func startWitness(t *testing.T, dir, logs, listen string) *witnessed {
	t.Helper()
	key := filepath.Join(dir, "witness.key")
	if _, err := os.Stat(key); err != nil {
		if status, said := auditor(t.Context(), t, "", "witness", "keygen", "--name", "witness.example/1", "--out", key); status != exitSound {
			t.Fatal(said)
		}
	}
	w := &witnessed{process: exec.Command(program(t, "realname-audit"), "witness", "serve", "--lang", "en", "--key", key,
		"--logs", logs, "--state", filepath.Join(dir, "state"), "--listen", listen)}
	said, err := w.process.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.kill)
	lines := bufio.NewScanner(said)
	for lines.Scan() {
		if m := listening.FindStringSubmatch(lines.Text()); m != nil {
			w.url, w.key = "http://"+m[1], m[2]
			return w
		}
	}
	t.Fatal("the witness did not start")
	return nil
}

func (w *witnessed) kill() { _ = w.process.Process.Kill(); _ = w.process.Wait() }

// TestGatewayWithAWitness runs gateway and witness as processes: checkpoints are
// cosigned; the data folder restored whole from a backup is refused; a witness
// that was killed remembers.
func TestGatewayWithAWitness(t *testing.T) {
	g := startGateway(t, "")
	g.stop(t)
	home := t.TempDir()
	w := startWitness(t, home, g.key, "127.0.0.1:0")
	config, err := os.ReadFile(g.config)
	if err != nil {
		t.Fatal(err)
	}
	put(t, g.config, fmt.Sprintf("%slog:\n  quorum: 1\n  witnesses: [{url: %q, key: %q}]\n", config, w.url, w.key))
	g.serve(t)
	g.grow(t)
	keys := filepath.Join(home, "all.pub")
	own, err := os.ReadFile(g.key)
	if err != nil {
		t.Fatal(err)
	}
	put(t, keys, string(own)+w.key+"\n")
	folder := filepath.Join(g.dir, "data", "log")
	demand := []string{"verify", "--key", keys, "--require", "ed25519,sm2", "--witnesses", "1", folder}
	status, said := auditor(t.Context(), t, "", demand...)
	if status != exitSound || !strings.Contains(said, "cosignature witness.example/1+") {
		t.Fatalf("exit %d\n%s", status, said)
	}
	// Without the witness's key its line is only noted.
	if status, said := auditor(t.Context(), t, "", "verify", "--key", g.key, folder); status != exitSound || !strings.Contains(said, "a further signature") {
		t.Errorf("exit %d\n%s", status, said)
	}

	g.stop(t)
	backup := t.TempDir()
	if err := os.CopyFS(backup, os.DirFS(filepath.Join(g.dir, "data"))); err != nil {
		t.Fatal(err)
	}
	g.serve(t)
	g.grow(t)
	g.stop(t)
	if err := os.RemoveAll(filepath.Join(g.dir, "data")); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(g.dir, "data"), os.DirFS(backup)); err != nil {
		t.Fatal(err)
	}
	secure(t, filepath.Join(g.dir, "data"))
	before := checkpointOf(t, folder)
	// The witness, killed and started again, still knows better than the backup.
	w.kill()
	w = startWitness(t, home, g.key, strings.TrimPrefix(w.url, "http://"))
	if err := g.tryServe(t); err == nil || !strings.Contains(err.Error(), "ahead of the ledger") || !strings.Contains(err.Error(), "witness.example/1 has cosigned") {
		t.Errorf("a restored backup: %v", err)
	}
	if checkpointOf(t, folder) != before {
		t.Error("a checkpoint was published over the backup")
	}
	reopen(t, g, w, home)
}

// reopen is the documented recovery: a new origin, whose log names the old head.
func reopen(t *testing.T, g *gateway, w *witnessed, home string) {
	t.Helper()
	folder := filepath.Join(g.dir, "data", "log")
	keys, err := signing.LoadVerifiers(g.key)
	if err != nil {
		t.Fatal(err)
	}
	old := opened(t, []byte(checkpointOf(t, folder)), keys)
	records, err := filepath.Glob(filepath.Join(home, "state", "*"))
	if err != nil || len(records) != 1 {
		t.Fatal(records, err)
	}
	record, err := os.ReadFile(records[0])
	if err != nil {
		t.Fatal(err)
	}
	ahead := opened(t, record, keys)
	reopenCmd := []string{"audit", "reopen", "--reason", "restored_backup", "--checkpoint", records[0]}
	out, err := exec.CommandContext(t.Context(), program(t, "realname"), append(reopenCmd, "--config", g.config)...).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "log.origin is still") {
		t.Errorf("reopened under the old name: %v\n%s", err, out)
	}
	config, err := os.ReadFile(g.config)
	if err != nil {
		t.Fatal(err)
	}
	put(t, g.config, strings.Replace(string(config), "log:\n", "log:\n  origin: realname.local/log/2\n", 1))
	if err := g.tryServe(t); err == nil {
		t.Error("a gateway starts with the old keys under a new name")
	}
	g.operate(t, reopenCmd...)
	// The witness is given the new log's key.
	w.kill()
	startWitness(t, home, g.key, strings.TrimPrefix(w.url, "http://"))
	g.serve(t)
	g.grow(t)
	status, said := auditor(t.Context(), t, "", "verify", "--key", g.key, "--require", "ed25519,sm2", folder)
	if status != exitSound || !strings.Contains(said, "realname.local/log/2") {
		t.Errorf("the new log: exit %d\n%s", status, said)
	}
	found := 0
	for _, e := range allEntries(t, folder) {
		if !strings.Contains(e, `"kind":"log.reopened"`) {
			continue
		}
		found++
		for _, says := range []string{
			`"old_origin":"realname.local/log"`, `"reason":"restored_backup"`, fmt.Sprintf(`"ledger_size":"%d"`, old.Size),
			fmt.Sprintf(`"published_size":"%d"`, ahead.Size), ahead.Root.String(),
		} {
			if !strings.Contains(e, says) {
				t.Errorf("no %s in %s", says, e)
			}
		}
	}
	if found == 0 || ahead.Size <= old.Size {
		t.Errorf("%d entries name the old head; %d and %d entries", found, old.Size, ahead.Size)
	}
}

// secure gives key files back the mode that copying lost.
func secure(t *testing.T, data string) {
	t.Helper()
	for _, name := range []string{"log.key", "vault.keys"} {
		if err := os.Chmod(filepath.Join(data, name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func checkpointOf(t *testing.T, folder string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestWitnessCouldNotServe(t *testing.T) {
	dir := t.TempDir()
	key := filepath.Join(dir, "w.key")
	if status, _, _ := audit(t, "witness", "keygen", "--name", "w.example/1", "--out", key); status != exitSound {
		t.Fatal("no key")
	}
	if info, err := os.Stat(key); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	for name, args := range map[string][]string{
		"the key exists":   {"witness", "keygen", "--name", "w.example/1", "--out", key},
		"a bad name":       {"witness", "keygen", "--name", "a b", "--out", key + "2"},
		"no logs":          {"witness", "serve", "--key", key, "--logs", filepath.Join(dir, "none"), "--state", dir},
		"a log's key":      {"witness", "serve", "--key", golden + ".pub", "--logs", golden + ".pub", "--state", dir},
		"half of TLS":      {"witness", "serve", "--key", key, "--logs", golden + ".pub", "--state", filepath.Join(dir, "s"), "--cert", "x"},
		"no such address":  {"witness", "serve", "--key", key, "--logs", golden + ".pub", "--state", filepath.Join(dir, "s"), "--listen", "nowhere"},
		"no such command":  {"witness", "server"},
		"nothing to serve": {"witness", "serve"},
	} {
		if status, out, errOut := audit(t, args...); status != exitUnchecked || !strings.Contains(errOut, "NOT CHECKED") {
			t.Errorf("%s: exit %d\n%s%s", name, status, out, errOut)
		}
	}
	if _, out, _ := audit(t, "witness", "--help"); !strings.Contains(out, "quorum: 1") {
		t.Errorf("help does not teach:\n%s", out)
	}
}

// allEntries are the entries in every bundle of a folder.
func allEntries(t *testing.T, folder string) []string {
	t.Helper()
	var out []string
	for _, name := range filesOf(t, folder) {
		if strings.HasPrefix(name, "tile/entries/") {
			for _, e := range entriesOf(t, folder, name) {
				out = append(out, string(e))
			}
		}
	}
	return out
}
