package main

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"golang.org/x/mod/sumdb/note"

	"realname/compliance"
	"realname/compliance/auditlog"
	"realname/compliance/signing"
	"realname/internal/config"
	"realname/internal/sqlstore"
)

// publish does what a running gateway does within a second: it sequences the ledger.
func publish(t *testing.T, flag configFlag) config.Config {
	t.Helper()
	cfg, err := config.Load(flag.Config)
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlstore.Open(t.Context(), sqlstore.Options{DSN: cfg.LedgerDSN()})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	folder, err := auditlog.OpenFolder(cfg.LogFolder())
	if err != nil {
		t.Fatal(err)
	}
	keys, err := signing.Load(cfg.LogKey())
	if err != nil {
		t.Fatal(err)
	}
	o := auditlog.Options{Origin: cfg.Log.Origin, Ledger: store.Log(), Storage: folder}
	var verifiers []note.Verifier
	for _, k := range keys {
		o.Signers, verifiers = append(o.Signers, k.Signer()), append(verifiers, k.Verifier())
	}
	o.Verifiers = signing.NewVerifiers(verifiers...)
	l, err := auditlog.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	return cfg
}

// TestAuditDisclose discloses one input with the operator's command and has
// the regulator's program, as a process, check the file.
func TestAuditDisclose(t *testing.T) {
	d := newDesk(t)
	const number = "110101199001010007"
	id := d.open(t, number, "clerk-1", compliance.Approved)
	dir := t.TempDir()
	file := filepath.Join(dir, "number.disclosure.json")
	var out, notes bytes.Buffer
	disclose := func(args ...string) error {
		var c commands
		parser, err := kong.New(&c, kong.Writers(&out, &notes), kong.BindTo(t.Context(), (*context.Context)(nil)), kong.Exit(func(int) {}))
		if err != nil {
			t.Fatal(err)
		}
		k, err := parser.Parse(append([]string{"audit", "disclose", "--config", d.flag.Config, "--recipient", "psb-110105/2026-0412",
			"--purpose", "case_inquiry", "--legal-basis", "statutory_duty"}, args...))
		if err != nil {
			return err
		}
		return k.Run()
	}
	err := disclose(id, "--field", "party.0.holder.document", "--out", file)
	if err == nil || !strings.Contains(err.Error(), "not in the published log yet") {
		t.Errorf("before it is published: %v", err)
	}
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("a file was left of what failed: %v", err)
	}
	cfg := publish(t, d.flag)
	if err := disclose(id, "--field", "party.0.holder.document", "--out", file); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := disclose(id, "--field", "party.0.holder.document", "--out", file); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a file was replaced: %v", err)
	}
	if err := disclose(id, "--field", "party.0.holder.phone", "--out", filepath.Join(dir, "x")); err == nil {
		t.Error("a field that nothing commits to")
	}
	if strings.Contains(out.String()+notes.String(), number) {
		t.Error("the number was printed")
	}
	auditor := filepath.Join(dir, "realname-audit")
	if text, err := exec.CommandContext(t.Context(), "go", "build", "-o", auditor, "realname/cmd/realname-audit").CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, text)
	}
	said, err := exec.CommandContext(t.Context(), auditor, "disclosure", "--lang", "en", "--key", cfg.LogPublicKey(), "--require", "ed25519,sm2", file).CombinedOutput()
	if err != nil || !bytes.Contains(said, []byte("SOUND")) || !bytes.Contains(said, []byte(number)) || !bytes.Contains(said, []byte(id)) {
		t.Errorf("%v %s", err, said)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, bytes.Replace(text, []byte(number), []byte("110101199001010015"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	said, err = exec.CommandContext(t.Context(), auditor, "disclosure", "--lang", "en", "--hide", "--key", cfg.LogPublicKey(), file).CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 1 || !bytes.Contains(said, []byte("another value")) {
		t.Errorf("another number: %v %s", err, said)
	}
}
