package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"realname/deploy"
)

// shelf hands out tarballs that a test made, and counts how often.
type shelf struct {
	tarball []byte
	mu      sync.Mutex
	taken   int
}

func (s *shelf) get(_ context.Context, _ deploy.Package, dir string) (string, error) {
	s.mu.Lock()
	s.taken++
	s.mu.Unlock()
	path := filepath.Join(dir, "p.tgz")
	return path, os.WriteFile(path, s.tarball, 0o600)
}

func tarball(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for name, content := range files {
		if err := w.WriteHeader(&tar.Header{Name: "package/" + name, Size: int64(len(content)), Mode: 0o644}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, content); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func digestOf(t *testing.T, content []byte) deploy.Digest {
	t.Helper()
	d, err := deploy.DigestOf(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// stock makes a lock of one package with the files one.txt and two/two.txt, and the shelf it lies on.
func stock(t *testing.T) (deploy.Lock, *shelf) {
	t.Helper()
	s := &shelf{tarball: tarball(t, map[string]string{"lib/1": "one", "lib/2": "two", "index.js": "never wanted"})}
	return deploy.Lock{Packages: []deploy.Package{{
		Name: "p", Version: "1.0.0", Licence: "of our own", Tarball: digestOf(t, s.tarball),
		Files: []deploy.File{
			{Digest: digestOf(t, []byte("one")), Arch: "any", Path: "one.txt", Source: "lib/1"},
			{Digest: digestOf(t, []byte("two")), Arch: "any", Path: "two/two.txt", Source: "lib/2"},
		},
	}}}, s
}

// listing is every file below dir but the folder lock, with its content.
func listing(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == ".lock" {
			return err
		}
		content, err := os.ReadFile(path)
		out[strings.TrimPrefix(path, dir+"/")] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestInstallTakesWhatIsLockedAndNothingElse(t *testing.T) {
	lock, s := stock(t)
	dir := filepath.Join(t.TempDir(), "assets")
	for range 2 {
		if err := install(t.Context(), io.Discard, s.get, lock, dir); err != nil {
			t.Fatal(err)
		}
	}
	got := listing(t, dir)
	if len(got) != 3 || got["one.txt"] != "one" || got["two/two.txt"] != "two" {
		t.Errorf("the folder holds %q", got)
	}
	if !strings.Contains(got["NOTICE"], "p 1.0.0\n  of our own\n") {
		t.Errorf("NOTICE does not name the package's licence: %q", got["NOTICE"])
	}
	if s.taken != 1 {
		t.Errorf("downloaded %d times, want once: the second run must find everything", s.taken)
	}
}

func TestInstallMendsAnAlteredFileAndSweepsAKilledRun(t *testing.T) {
	lock, s := stock(t)
	dir := t.TempDir()
	if err := install(t.Context(), io.Discard, s.get, lock, dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "one.txt"), []byte("bad"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, tmpPrefix+"1"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, tmpPrefix+"1", "half"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := install(t.Context(), io.Discard, s.get, lock, dir); err != nil {
		t.Fatal(err)
	}
	if got := listing(t, dir); len(got) != 3 || got["one.txt"] != "one" {
		t.Errorf("the folder holds %q", got)
	}
}

func TestInstallStopsAtWrongContentAndKeepsNothing(t *testing.T) {
	for name, spoil := range map[string]func(*deploy.Package){
		"package":         func(p *deploy.Package) { p.Tarball.SHA256 = strings.Repeat("0", 64) },
		"second file":     func(p *deploy.Package) { p.Files[1].Digest.SHA256 = strings.Repeat("0", 64) },
		"longer file":     func(p *deploy.Package) { p.Files[1].Digest.Bytes = 1 },
		"file not inside": func(p *deploy.Package) { p.Files[1].Source = "lib/3" },
	} {
		t.Run(name, func(t *testing.T) {
			lock, s := stock(t)
			spoil(&lock.Packages[0])
			dir := t.TempDir()
			err := install(t.Context(), io.Discard, s.get, lock, dir)
			if !errors.Is(err, errContent) {
				t.Errorf("got %v, want errContent", err)
			}
			if got := listing(t, dir); len(got) != 0 {
				t.Errorf("left behind: %q", got)
			}
		})
	}
}

func TestInstallTwiceAtOnce(t *testing.T) {
	lock, s := stock(t)
	dir := t.TempDir()
	var wg sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		wg.Go(func() { errs[i] = install(t.Context(), io.Discard, s.get, lock, dir) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if s.taken != 1 {
		t.Errorf("downloaded %d times, want once", s.taken)
	}
}

func TestRewriteLockPutsTheDigestsFound(t *testing.T) {
	lock, s := stock(t)
	zero := strings.Repeat("0", 64)
	path := filepath.Join(t.TempDir(), "assets.lock")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("# kept\npackage p 1.0.0 " + zero + " 1\nlicence x\nfile " + zero + " 1 any one.txt lib/1\n")
	if err := rewriteLock(t.Context(), io.Discard, s.get, path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(text), "# kept\n") {
		t.Errorf("lost its comment: %q", text)
	}
	got, err := deploy.ParseLock(string(text))
	if err != nil {
		t.Fatal(err)
	}
	if p, want := got.Packages[0], lock.Packages[0]; p.Tarball != want.Tarball || p.Files[0].Digest != want.Files[0].Digest {
		t.Errorf("got %+v, want the digests of %+v", p, want)
	}

	write("package p 1.0.0 " + zero + " 1\nfile " + zero + " 1 any one.txt lib/9\n")
	var wrong *deploy.ListError
	if err := rewriteLock(t.Context(), io.Discard, s.get, path); !errors.As(err, &wrong) || wrong.Line != 2 {
		t.Errorf("got %v, want a ListError for line 2", err)
	}
}
