package main

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// golden is the log that package receipt holds to its bytes.
var golden = filepath.Join("..", "..", "testdata", "golden-log")

func audit(t *testing.T, args ...string) (status int, out, errOut string) {
	t.Helper()
	var o, e bytes.Buffer
	status = run(args, console{out: &o, err: &e, env: func(string) string { return "" }})
	return status, o.String(), e.String()
}

func copyOf(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "log")
	if err := os.CopyFS(dir, os.DirFS(golden)); err != nil {
		t.Fatal(err)
	}
	return dir
}

func flip(t *testing.T, file string, at int) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	data[at] ^= 1
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestSoundLog(t *testing.T) {
	status, out, errOut := audit(t, "verify", "--key", golden+".pub", golden)
	if status != exitSound || !strings.Contains(out, "SOUND") || !strings.Contains(out, "260 of 260 entries") || errOut != "" {
		t.Errorf("exit %d\n%s%s", status, out, errOut)
	}
	status, out, _ = audit(t, "verify", "--key", golden+".pub", "--lang", "zh-CN", golden)
	if status != exitSound || !strings.Contains(out, "完好") {
		t.Errorf("exit %d\n%s", status, out)
	}
	status, out, _ = audit(t, "verify", "--json", "--key", golden+".pub", golden)
	var got struct {
		Verdict  string
		Size     int64
		Findings []json.RawMessage
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil || status != exitSound || got.Verdict != "sound" || got.Size != 260 || got.Findings == nil {
		t.Errorf("exit %d, %v\n%s", status, err, out)
	}
}

func TestTamperedLogSaysWhere(t *testing.T) {
	dir := copyOf(t)
	flip(t, filepath.Join(dir, "tile", "entries", "000"), 5000)
	status, out, _ := audit(t, "verify", "--key", golden+".pub", dir)
	for _, want := range []string{"TAMPERED", "tile/entries/000", "bytes ", "entry ", "expected", "found"} {
		if status != exitTampered || !strings.Contains(out, want) {
			t.Errorf("exit %d, no %q in\n%s", status, want, out)
		}
	}
	status, out, _ = audit(t, "verify", "--json", "--key", golden+".pub", dir)
	if status != exitTampered || !strings.Contains(out, `"kind":"entry_altered","file":"tile/entries/000","bytes":{"offset":`) {
		t.Errorf("exit %d\n%s", status, out)
	}
}

func TestReceipts(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(golden, "receipts", "*"))
	if err != nil || len(files) != 2 {
		t.Fatal(files, err)
	}
	status, out, _ := audit(t, "receipt", "--key", golden+".pub", files[0], files[1])
	if status != exitSound || strings.Count(out, "SOUND") != 2 {
		t.Errorf("exit %d\n%s", status, out)
	}
	status, out, _ = audit(t, "receipt", "--json", "--key", golden+".pub", files[1])
	if status != exitSound || !strings.Contains(out, `"index":130,"size":260`) || !strings.Contains(out, `"event":{"at"`) {
		t.Errorf("exit %d\n%s", status, out)
	}
	dir := copyOf(t)
	bad := filepath.Join(dir, "receipts", filepath.Base(files[0]))
	flip(t, bad, 60)
	missing := filepath.Join(dir, "missing")
	status, out, errOut := audit(t, "receipt", "--key", golden+".pub", missing, bad, files[1])
	if status != exitTampered || strings.Count(out, "SOUND") != 1 || strings.Count(out, "TAMPERED") != 1 || !strings.Contains(errOut, "NOT CHECKED") {
		t.Errorf("exit %d\n%s%s", status, out, errOut)
	}
	if status, _, _ := audit(t, "receipt", "--key", golden+".pub", files[1], missing); status != exitUnchecked {
		t.Errorf("a missing receipt: exit %d", status)
	}
}

func TestCouldNotCheck(t *testing.T) {
	noKey := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(noKey, []byte("no key\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		"no folder":       {"verify", "--key", golden + ".pub", filepath.Join(t.TempDir(), "missing")},
		"an empty folder": {"verify", "--key", golden + ".pub", t.TempDir()},
		"no key file":     {"verify", "--key", filepath.Join(t.TempDir(), "missing"), golden},
		"a bad key file":  {"verify", "--key", noKey, golden},
		"no key":          {"verify", golden},
		"no such command": {"verfy"},
		"no such flag":    {"verify", "--keys", noKey, golden},
		"no such tongue":  {"--lang", "xx", "verify", "--key", golden + ".pub", golden},
	} {
		if status, out, errOut := audit(t, args...); status != exitUnchecked || !strings.Contains(errOut, "NOT CHECKED") {
			t.Errorf("%s: exit %d\n%s%s", name, status, out, errOut)
		}
	}
}

func TestHelpTeaches(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {}, {"verify", "--help"}} {
		status, out, _ := audit(t, args...)
		if status != exitSound || !strings.Contains(out, "KEYFILE") && !strings.Contains(out, "Examples") {
			t.Errorf("%v: exit %d\n%s", args, status, out)
		}
	}
	if _, out, _ := audit(t, "--lang=zh-CN", "--help"); !strings.Contains(out, "退出码") {
		t.Errorf("no Chinese help:\n%s", out)
	}
}

func TestLanguageFollowsLocale(t *testing.T) {
	for locale, want := range map[string]string{"zh_CN.UTF-8": "zh-CN", "en_US.UTF-8": "en", "C": "en", "": "en"} {
		if got := language(nil, func(string) string { return locale }); got != want {
			t.Errorf("%q: %s, want %s", locale, got, want)
		}
	}
}

// TestEveryKindHasItsWords reads the kinds from the source of package receipt,
// so that a new one cannot be forgotten here.
func TestEveryKindHasItsWords(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "..", "compliance", "receipt", "report.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	kinds := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || spec.Type == nil || len(spec.Values) != 1 {
			return true
		}
		if id, ok := spec.Type.(*ast.Ident); !ok || id.Name != "Kind" {
			return true
		}
		kind, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		kinds++
		for lang, words := range catalogue {
			if words["k_"+kind] == "" {
				t.Errorf("%s: no words for %s", lang, kind)
			}
		}
		return true
	})
	if kinds < 20 {
		t.Errorf("only %d kinds found", kinds)
	}
	if len(catalogue["en"]) != len(catalogue["zh-CN"]) {
		t.Errorf("%d English texts, %d Chinese", len(catalogue["en"]), len(catalogue["zh-CN"]))
	}
}
