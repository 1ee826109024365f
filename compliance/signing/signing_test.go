package signing_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"realname/compliance/signing"
)

const name = "realname.example/log/1"

func TestKeyFileRoundTrip(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "log.key")
	made, err := signing.Create(path, name, rand.Reader, signing.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v", info.Mode(), err)
	}
	keys, err := signing.Load(path)
	if err != nil || len(keys) != 1 || keys[0].Public() != made[0].Public() || keys[0].Name() != name {
		t.Fatalf("%v, %v", keys, err)
	}
	pub := filepath.Join(dir, "log.pub")
	if err := os.WriteFile(pub, []byte("# the log's key\n\n"+made[0].Public()+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	verifiers, err := signing.LoadVerifiers(pub)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := note.Sign(&note.Note{Text: "hello\n"}, keys[0].Signer())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := note.Open(signed, verifiers); err != nil {
		t.Errorf("the file's verifier does not know the file's signer: %v", err)
	}
	if _, err := signing.Create(path, name, rand.Reader, signing.Ed25519); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a key file was replaced: %v", err)
	}
}

func TestOpenKeyFileIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.key")
	if _, err := signing.Create(path, name, rand.Reader, signing.Ed25519); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []os.FileMode{0o644, 0o640, 0o604, 0o660, 0o610, 0o602} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := signing.Load(path); !errors.Is(err, signing.ErrPermissions) {
			t.Errorf("mode %04o: %v", mode, err)
		}
	}
	if err := os.Chmod(path, 0o400); err != nil {
		t.Fatal(err)
	}
	if _, err := signing.Load(path); err != nil {
		t.Errorf("mode 0400: %v", err)
	}
}

func TestBadKeyFiles(t *testing.T) {
	dir := t.TempDir()
	good := filepath.Join(dir, "good")
	made, err := signing.Create(good, name, bytes.NewReader(make([]byte, 32)), signing.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	k := made[0]
	text, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	line := strings.TrimSpace(string(text))
	other, err := signing.Generate(signing.Ed25519, "other.example/log", bytes.NewReader(bytes.Repeat([]byte{7}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	id := fmt.Sprintf("+%08x+", k.Verifier().KeyHash())
	for what, c := range map[string]struct {
		text string
		want error
	}{
		"empty":             {"", signing.ErrKey},
		"comments only":     {"# nothing\n", signing.ErrKey},
		"a public key":      {k.Public(), signing.ErrKey},
		"another key id":    {strings.Replace(line, id, "+00000000+", 1), signing.ErrKey},
		"cut":               {line[:len(line)-8], signing.ErrKey},
		"not base64":        {line + "!", signing.ErrKey},
		"another algorithm": {"PRIVATE+KEY+" + name + "+00000000+7wAA", signing.ErrAlgorithm},
		"a name with space": {strings.Replace(line, name, "a b", 1), signing.ErrName},
		"huge":              {strings.Repeat("#\n", 1<<16), signing.ErrKey},
	} {
		path := filepath.Join(dir, "bad")
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := signing.Load(path)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", what, err, c.want)
		}
		if secret := line[len(line)-20:]; err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the error shows the key", what)
		}
	}
	for what, c := range map[string]struct {
		text string
		want error
	}{
		"empty":             {"", signing.ErrKey},
		"a private key":     {line, signing.ErrKey},
		"another key id":    {strings.Replace(k.Public(), id, "+00000000+", 1), signing.ErrKey},
		"one good, one bad": {k.Public() + "\n" + other.Public()[:30], signing.ErrKey},
		"another algorithm": {name + "+00000000+7wAA", signing.ErrAlgorithm},
	} {
		if _, err := signing.ParseVerifiers(c.text); !errors.Is(err, c.want) {
			t.Errorf("verifiers, %s: %v, want %v", what, err, c.want)
		}
	}
	if v, err := signing.ParseVerifiers(k.Public() + "\n" + other.Public()); err != nil || len(v.IDs()) != 2 {
		t.Errorf("two verifiers: %v, %v", v, err)
	}
}

func TestPrintingAKeyShowsNoSecret(t *testing.T) {
	k, err := signing.Generate(signing.Ed25519, name, bytes.NewReader(bytes.Repeat([]byte{5}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{fmt.Sprint(k), fmt.Sprintf("%v %+v %#v %s", k, k, k, k)} {
		if strings.Contains(s, "PRIVATE") || strings.Contains(s, "BQUFBQUF") {
			t.Errorf("printed as %s", s)
		}
	}
}

func TestNames(t *testing.T) {
	for n, want := range map[string]bool{
		name: true, "例.example/日志": true, "": false, "a b": false, "a+b": false, "https://a": false,
		"a\nb": false, `a"b`: false, `a\b`: false, "a\u00a0b": false, "\xff": false, strings.Repeat("a", 201): false,
	} {
		if signing.ValidName(n) != want {
			t.Errorf("ValidName(%q) is %v", n, !want)
		}
	}
	if _, err := signing.Generate(signing.Ed25519, "a b", rand.Reader); !errors.Is(err, signing.ErrName) {
		t.Error(err)
	}
}
