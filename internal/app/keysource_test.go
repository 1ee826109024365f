package app

import (
	"crypto/rand"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"realname/compliance/vault"
	"realname/internal/config"
)

// keyText is what stands in a key file of fresh keys.
func keyText(t *testing.T) string {
	t.Helper()
	keys, err := vault.NewMasterKeys(vault.National, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "keys")
	if err := vault.WriteKeyFile(name, keys); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestMasterKeysFromTheEnvironment(t *testing.T) {
	text := keyText(t)
	c := config.Default()
	c.Data, c.Vault.Key, c.Vault.Env = filepath.Join(t.TempDir(), "data"), config.KeyEnv, "REALNAME_TEST_KEYS"
	open := func(value string) (*Operator, error) {
		t.Setenv(c.Vault.Env, value)
		return OpenOperator(t.Context(), c)
	}
	for what, value := range map[string]string{"nothing": "", "half": text[:len(text)-20], "something else": "hello", "base64 of something else": base64.StdEncoding.EncodeToString([]byte("hello"))} {
		_, err := open(value)
		if err == nil || !strings.Contains(err.Error(), c.Vault.Env) {
			t.Errorf("%s: %v", what, err)
		}
		if err != nil && len(value) > 20 && strings.Contains(err.Error(), strings.Fields(text)[3][:10]) {
			t.Errorf("%s: the error tells the key", what)
		}
	}
	for _, value := range []string{text, base64.StdEncoding.EncodeToString([]byte(text))} {
		o, err := open(value)
		if err != nil {
			t.Fatal(err)
		}
		if list, err := o.VaultKeys(t.Context()); err != nil || len(list) != 1 || list[0].Suite != "national" {
			t.Errorf("%+v, %v", list, err)
		}
		if _, err := o.RotateVault(t.Context(), vault.National, time.Time{}); err == nil || !strings.Contains(err.Error(), c.Vault.Env) {
			t.Errorf("rotated: %v", err)
		}
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := open(keyText(t)); err == nil || !strings.Contains(err.Error(), "another key") {
		t.Errorf("with the keys of another ledger: %v", err)
	}
	if _, err := os.Stat(c.VaultKeys()); !os.IsNotExist(err) {
		t.Errorf("a key file was made: %v", err)
	}
}
