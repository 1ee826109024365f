package deploy

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const sum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" // of "abc"

func TestEmbeddedListsAreSound(t *testing.T) {
	needs, err := Needs()
	if err != nil {
		t.Fatal(err)
	}
	if len(needs) == 0 {
		t.Error("needs.txt is empty")
	}
	lock, err := Assets()
	if err != nil {
		t.Fatal(err)
	}
	for _, arch := range []string{"amd64", "arm64"} {
		paths := map[string]bool{}
		for _, p := range lock.For(arch).Packages {
			if p.Licence == "" {
				t.Errorf("%s has no licence", p.Name)
			}
			for _, f := range p.Files {
				paths[f.Path] = true
			}
		}
		for _, want := range []string{"onnxruntime/libonnxruntime.so.1", "ocr/det.onnx", "ocr/rec.onnx", "ocr/cls.onnx", "ocr/keys.txt"} {
			if !paths[want] {
				t.Errorf("%s: %s is not locked", arch, want)
			}
		}
	}
}

func TestForKeepsOneArchitecture(t *testing.T) {
	lock, err := ParseLock("package a 1.0.0 " + sum + " 3\nfile " + sum + " 3 amd64 x from-x64\nfile " + sum + " 3 arm64 x from-arm\n" +
		"package b 1.0.0 " + sum + " 3\nfile " + sum + " 3 amd64 y y\n")
	if err != nil {
		t.Fatal(err)
	}
	arm := lock.For("arm64").Packages
	if len(arm) != 1 || len(arm[0].Files) != 1 || arm[0].Files[0].Source != "from-arm" {
		t.Errorf("arm64 keeps %+v", arm)
	}
	if riscv := lock.For("riscv64").Packages; len(riscv) != 0 {
		t.Errorf("riscv64 keeps %+v", riscv)
	}
}

func TestParseLockRefuses(t *testing.T) {
	head := "package a 1.0.0 " + sum + " 3\n"
	for name, text := range map[string]string{
		"file before package":  "file " + sum + " 3 any x y",
		"version range":        "package a ^1.0.0 " + sum + " 3",
		"flag as name":         "package --registry 1.0.0 " + sum + " 3",
		"address as name":      "package git+ssh://a/b 1.0.0 " + sum + " 3",
		"short digest":         "package a 1.0.0 abcd 3",
		"capital digest":       "package a 1.0.0 " + strings.ToUpper(sum) + " 3",
		"no length":            "package a 1.0.0 " + sum + " x",
		"climbing path":        head + "file " + sum + " 3 any ../x y",
		"absolute path":        head + "file " + sum + " 3 any /x y",
		"hidden path":          head + "file " + sum + " 3 any .lock y",
		"unclean path":         head + "file " + sum + " 3 any a//x y",
		"one path twice":       head + "file " + sum + " 3 any x y\nfile " + sum + " 3 any x z",
		"one source twice":     head + "file " + sum + " 3 any x y\nfile " + sum + " 3 any z y",
		"unknown word":         head + "fiel " + sum + " 3 any x y",
		"missing field":        head + "file " + sum + " 3 any x",
		"package lacks length": "package a 1.0.0 " + sum,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseLock("# comment\n" + text + "\n")
			var wrong *ListError
			if !errors.As(err, &wrong) {
				t.Fatalf("got %v, want a ListError", err)
			}
			if want := 1 + len(strings.Split(text, "\n")); wrong.Line != want {
				t.Errorf("blames line %d, want %d", wrong.Line, want)
			}
		})
	}
}

func FuzzParseLock(f *testing.F) {
	f.Add(lockText)
	f.Add("package a 1.0.0 " + sum + " 3\nfile " + sum + " 3 any x y")
	f.Fuzz(func(t *testing.T, text string) {
		lock, err := ParseLock(text)
		if err != nil {
			return
		}
		for _, p := range lock.Packages {
			for _, file := range p.Files {
				if !filepath.IsLocal(filepath.FromSlash(file.Path)) {
					t.Errorf("path %q leaves the assets folder", file.Path)
				}
			}
		}
	})
}

func TestParseNeedsRefuses(t *testing.T) {
	for _, text := range []string{
		"Go build command:go 1.26",
		"Go fun command:go 1.26 -",
		"Go build program:go 1.26 -",
		"Go build command: 1.26 -",
	} {
		var wrong *ListError
		if _, err := parseNeeds(text); !errors.As(err, &wrong) || wrong.Line != 1 {
			t.Errorf("%q: got %v, want a ListError for line 1", text, err)
		}
	}
}

func TestLookTellsPresentMissingAltered(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	look := func(want State) {
		t.Helper()
		got, err := Look(path, Digest{SHA256: sum, Bytes: 3})
		if err != nil || got != want {
			t.Errorf("got %q, %v; want %q", got, err, want)
		}
	}
	look(Missing)
	for content, want := range map[string]State{"abc": Present, "abd": Altered, "": Altered} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		look(want)
	}
}

func TestAssetsDir(t *testing.T) {
	t.Setenv(AssetsEnv, "")
	root := t.TempDir()
	below := filepath.Join(root, "a", "b")
	if err := os.MkdirAll(below, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(root, ".assets"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Chdir(below)
	// The working directory may be reached over a link, so compare files, not names.
	got, err := os.Stat(AssetsDir())
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.Stat(filepath.Join(root, ".assets"))
	if err != nil {
		t.Fatal(err)
	}
	if !os.SameFile(got, want) {
		t.Errorf("got %s, want the .assets two folders up", AssetsDir())
	}
	t.Setenv(AssetsEnv, "elsewhere")
	if got := AssetsDir(); got != "elsewhere" {
		t.Errorf("got %s, want the folder that the environment names", got)
	}
}
