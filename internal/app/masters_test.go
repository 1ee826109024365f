package app

import (
	"bytes"
	"crypto/rand"
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"realname/compliance"
	"realname/compliance/vault"
)

// followed is a vault that follows the key file of an operator's configuration, as a gateway's does.
func followed(t *testing.T, o *Operator) (*masters, *bytes.Buffer, *prometheus.Registry) {
	t.Helper()
	var logs bytes.Buffer
	metrics := prometheus.NewRegistry()
	m := newMasters(&o.config, o.store, o.ids, slog.New(slog.NewTextHandler(&logs, nil)), metrics)
	var err error
	if m.vault, err = vault.Over(o.keys.master, rand.Reader, time.Now); err != nil {
		t.Fatal(err)
	}
	follow(t, m)
	return m, &logs, metrics
}

func follow(t *testing.T, m *masters) {
	t.Helper()
	if n, err := m.follow(t.Context()); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}

func failures(t *testing.T, metrics *prometheus.Registry) float64 {
	t.Helper()
	all, err := metrics.Gather()
	if err != nil || len(all) != 1 || all[0].GetName() != "realname_master_key_failures_total" {
		t.Fatalf("%v, %v", all, err)
	}
	return all[0].GetMetric()[0].GetCounter().GetValue()
}

func versions(m *masters) int { return len(m.vault.Versions()) }

func TestAGatewayFollowsItsKeyFile(t *testing.T) {
	o, _ := operator(t, compliance.SectorTelecom)
	m, _, _ := followed(t, o)
	key, err := o.RotateVault(t.Context(), vault.National, time.Time{})
	if err != nil || key.Version != 2 || key.Suite != "national" {
		t.Fatalf("%+v, %v", key, err)
	}
	follow(t, m)
	if versions(m) != 2 || m.vault.Newest() != 2 || m.ready(t.Context()) != nil {
		t.Errorf("%d versions, newest %d, %v", versions(m), m.vault.Newest(), m.ready(t.Context()))
	}
	if _, err := o.RotateVault(t.Context(), vault.National, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, err := o.RotateVault(t.Context(), vault.National, time.Time{}); err == nil || !strings.Contains(err.Error(), "begins no earlier") {
		t.Errorf("a version that begins before the one before it: %v", err)
	}
	follow(t, m)
	if versions(m) != 3 || m.vault.Newest() != 2 {
		t.Errorf("%d versions, newest %d", versions(m), m.vault.Newest())
	}
	if err := o.DestroyVaultKey(t.Context(), 1, DestroyOptions{}); err != nil {
		t.Fatal(err)
	}
	follow(t, m)
	if versions(m) != 2 {
		t.Errorf("%d versions after one was destroyed", versions(m))
	}
	keys, err := vault.ReadKeyFile(o.config.VaultKeys())
	if _, here := keys[1]; err != nil || here {
		t.Errorf("the key file holds what was destroyed, %v", err)
	}
}

// Whatever becomes of the key file, the keys in use stay; it is told, and mended by the right file.
func TestABrokenKeyFileLeavesTheKeysInUse(t *testing.T) {
	o, _ := operator(t, compliance.SectorTelecom)
	if _, err := o.RotateVault(t.Context(), vault.National, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	name := o.config.VaultKeys()
	good, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(good), "\n")
	fields := strings.Fields(lines[2])
	other, err := vault.NewMasterKeys(vault.International, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	write := func(text string, mode os.FileMode) {
		t.Helper()
		if err := errors.Join(os.WriteFile(name, []byte(text), 0o600), os.Chmod(name, mode)); err != nil {
			t.Fatal(err)
		}
	}
	for what, broken := range map[string]func(){
		"half a line":                  func() { write(string(good[:len(good)-60]), 0o600) },
		"its last version is missing":  func() { write(lines[0]+lines[1], 0o600) },
		"its time is missing":          func() { write(lines[0]+lines[1]+strings.Join(fields[:3], " ")+"\n", 0o600) },
		"the versions are exchanged":   func() { write(lines[0]+"1"+lines[2][1:]+"2"+lines[1][1:], 0o600) },
		"empty":                        func() { write("", 0o600) },
		"it may be read by others":     func() { _ = os.Chmod(name, 0o640) },
		"it is gone":                   func() { _ = os.Remove(name) },
		"it is a folder":               func() { _ = errors.Join(os.Remove(name), os.Mkdir(name, 0o700)) },
		"its keys are others":          func() { _ = errors.Join(os.Remove(name), vault.WriteKeyFile(name, other)) },
		"it cannot be read as a whole": func() { write(string(good)+"\x00\xff", 0o600) },
	} {
		t.Run(what, func(t *testing.T) {
			m, logs, metrics := followed(t, o)
			before, err := m.vault.DocumentKeys("resident_id", "CHN", "x")
			if err != nil {
				t.Fatal(err)
			}
			broken()
			t.Cleanup(func() { _ = os.RemoveAll(name); write(string(good), 0o600) })
			follow(t, m)
			follow(t, m)
			after, err := m.vault.DocumentKeys("resident_id", "CHN", "x")
			if err != nil || len(after) != 2 || after[0] != before[0] || after[1] != before[1] {
				t.Error("the keys in use changed")
			}
			if err := m.ready(t.Context()); err == nil || failures(t, metrics) != 2 || strings.Count(logs.String(), "cannot be used") != 1 {
				t.Errorf("ready: %v, counted %v, logged %q", err, failures(t, metrics), logs)
			}
			for _, secret := range []string{fields[2], fields[2][:20]} {
				if strings.Contains(logs.String(), secret) {
					t.Error("a key is in the log")
				}
			}
			_ = os.RemoveAll(name)
			write(string(good), 0o600)
			follow(t, m)
			if err := m.ready(t.Context()); err != nil || versions(m) != 2 {
				t.Errorf("after it was mended: %v", err)
			}
		})
	}
}

// A rotation that stopped behind the key file is told to the ledger by the next who reads the file; a destruction that
// stopped before it is completed by the next, and meanwhile the key is used no more.
func TestHalfAChangeOfKeysIsCompleted(t *testing.T) {
	o, _ := operator(t, compliance.SectorTelecom)
	m, _, _ := followed(t, o)
	keys, err := vault.ReadKeyFile(o.config.VaultKeys())
	if err != nil {
		t.Fatal(err)
	}
	if keys, err = keys.Rotated(vault.International, time.Time{}, rand.Reader); err != nil {
		t.Fatal(err)
	}
	if err := vault.ReplaceKeyFile(o.config.VaultKeys(), keys); err != nil {
		t.Fatal(err)
	}
	follow(t, m)
	if list, err := o.VaultKeys(t.Context()); err != nil || len(list) != 2 || !list[1].Newest {
		t.Fatalf("%+v, %v", list, err)
	}
	if err := o.DestroyVaultKey(t.Context(), 1, DestroyOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := vault.ReplaceKeyFile(o.config.VaultKeys(), keys); err != nil { // as of before
		t.Fatal(err)
	}
	follow(t, m)
	if versions(m) != 1 || m.ready(t.Context()) != nil {
		t.Errorf("%d versions are used, %v", versions(m), m.ready(t.Context()))
	}
	if err := o.DestroyVaultKey(t.Context(), 1, DestroyOptions{}); err != nil {
		t.Fatal(err)
	}
	if keys, err := vault.ReadKeyFile(o.config.VaultKeys()); err != nil || len(keys) != 1 {
		t.Errorf("%d versions are in the file, %v", len(keys), err)
	}
}

func TestDestroyingIsRefused(t *testing.T) {
	o, _ := operator(t, compliance.SectorTelecom)
	ctx := t.Context()
	for version, want := range map[int]string{1: "rotate first", 2: "no master key version 2", 0: "no master key version 0"} {
		if err := o.DestroyVaultKey(ctx, version, DestroyOptions{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("version %d: %v", version, err)
		}
	}
	if _, err := o.RotateVault(ctx, vault.National, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	for version := range 3 {
		if err := o.DestroyVaultKey(ctx, version, DestroyOptions{}); err == nil {
			t.Errorf("version %d was destroyed while version 1 is used", version)
		}
	}
}
