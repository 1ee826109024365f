package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"realname/internal/app"
)

func TestMasterKeysByCommands(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	config := file(t, "realname.yaml", "data: "+data+"\nsettle: {every: 1ms}\nauthority: {url: 'http://127.0.0.1:1', secret_file: none}\n")
	with := func(args ...string) []string {
		return append(append([]string{"vault"}, args...), "--config", config, "--lang", "en")
	}
	says(t, "", []string{"fingerprint", "1        international  ", "0 (0)", "in use"}, with("list")...)
	says(t, "data keys are wrapped under version 1 now or later: rotate first", nil, with("destroy", "1", "--yes")...)
	says(t, "the instant must be 3ms from now or later, so that running gateways have the key by then", nil, with("rotate", "--from", "2026-01-01")...)
	says(t, "no such instant; write 2026-12-02T00:00:00+08:00, a day, or +15m", nil, with("rotate", "--from", "soon")...)
	says(t, "", []string{"master key version 2 (national, fingerprint ", "back the key file up now"}, with("rotate", "--suite", "national", "--from", "+1h")...)
	says(t, "", []string{"2        national       ", "to come"}, with("list")...)
	says(t, "data keys are wrapped under version 1 now or later: rotate first", nil, with("destroy", "1")...)
	says(t, "", []string{"主密钥版本 3（international"}, "vault", "rotate", "--from", "+2h", "--config", config, "--lang", "zh")
	var keys []app.VaultKey
	if err := json.Unmarshal([]byte(says(t, "", nil, append(with("list"), "--json")...)), &keys); err != nil || len(keys) != 3 || !keys[0].Newest || keys[2].Newest {
		t.Errorf("%+v, %v", keys, err)
	}
	says(t, "", []string{"version 1: 0 data keys wrapped anew, 0 document keys brought\n"}, with("rewrap")...)

	name := filepath.Join(data, "vault.keys")
	if err := os.Chmod(name, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, _, err := realname(t, with("rotate")...); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a key file that the group may read: %v", err)
	}
	if err := os.Chmod(name, 0o600); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(name); err != nil || strings.Count(string(text), "\n") != 4 {
		t.Errorf("the key file changed: %v", err)
	}
}

// Help teaches: each command shows itself being used.
func TestHelpOfTheVaultShowsExamples(t *testing.T) {
	for name, help := range map[string]string{
		"list": (&vaultListCmd{}).Help(), "rotate": (&vaultRotateCmd{}).Help(), "rewrap": (&vaultRewrapCmd{}).Help(), "destroy": (&vaultDestroyCmd{}).Help(),
		"erase": (&vaultEraseCmd{}).Help(),
	} {
		if !strings.Contains(help, "$ realname vault "+name+" ") {
			t.Errorf("%s shows no example", name)
		}
	}
}

// What the page shows must exist.
func TestVaultPageShowsWhatExists(t *testing.T) {
	page := read(t, "../../docs/vault.md")
	parser, err := kong.New(&commands{})
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile("(?m)(?:^    |`)realname ([^`\n]*)").FindAllStringSubmatch(page, -1)
	for _, m := range shown {
		exists(t, parser.Model.Node, strings.Fields(m[1]))
	}
	if n := strings.Count(page, "\n"); len(shown) < 8 || n > 80 {
		t.Errorf("%d commands, %d lines", len(shown), n)
	}
}
