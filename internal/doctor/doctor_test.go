package doctor

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"realname/deploy"
)

// onlyPath makes a PATH that holds nothing but the given scripts.
func onlyPath(t *testing.T, scripts map[string]string) {
	t.Helper()
	dir := t.TempDir()
	for name, body := range scripts {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+body+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir)
}

func TestProbeJudgesWhatAProgramSays(t *testing.T) {
	onlyPath(t, map[string]string{
		"new":        `echo "tool (Some Linux 12.2-3) 12.2.0"`,
		"old":        `echo "v 3.9"`,
		"silent":     `exit 0`,
		"failing":    `echo 9.9; exit 1`,
		"pkg-config": `case "$*" in "--exists lib" | "--exists oldlib") ;; "--modversion lib") echo 4.10.0 ;; "--modversion oldlib") echo 4.5.5 ;; *) exit 1 ;; esac`,
	})
	for _, c := range []struct {
		kind, what, oldest string
		state              State
		found              string
	}{
		{"command", "new", "12.2", Present, "12.2"},
		{"command", "old", "3.10", TooOld, "3.9"},
		{"command", "silent", "1.0", Broken, ""},
		{"command", "failing", "1.0", Broken, ""},
		{"command", "absent", "1.0", Missing, ""},
		{"pkgconfig", "lib", "4.6", Present, "4.10.0"},
		{"pkgconfig", "oldlib", "4.6", TooOld, "4.5.5"},
		{"pkgconfig", "nolib", "4.6", Missing, ""},
		{"file", filepath.Join(os.Getenv("PATH"), "[no]*[wd]"), "4.0", Present, "12.2"},
		{"file", filepath.Join(os.Getenv("PATH"), "new"), "", Present, ""},
		{"file", filepath.Join(os.Getenv("PATH"), "gone*"), "", Missing, ""},
	} {
		state, found := probe(t.Context(), deploy.Need{Name: c.what, Kind: c.kind, What: c.what, Oldest: c.oldest})
		if state != c.state || found != c.found {
			t.Errorf("%s %s: got %s %q, want %s %q", c.kind, c.what, state, found, c.state, c.found)
		}
	}
}

func TestOlder(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{{"4.6", "4.10", true}, {"4.10", "4.6", false}, {"1.26", "1.26.0", false}, {"1.26", "1.26.1", true}, {"", "1.0", true}, {"1.0", "", false}, {"", "", false}} {
		if got := older(c.a, c.b); got != c.want {
			t.Errorf("older(%q, %q) = %v", c.a, c.b, got)
		}
	}
}

func TestAssetsByFolder(t *testing.T) {
	dir := t.TempDir()
	put := func(name, content string) deploy.File {
		d, err := deploy.DigestOf(strings.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return deploy.File{Digest: d, Arch: "any", Path: name}
	}
	lock := deploy.Lock{Packages: []deploy.Package{{Name: "p", Version: "1.0.0", Files: []deploy.File{
		put("ocr/a", "a"), put("ocr/b", "b"), put("photos/c", "c"), put("photos/d", "d"),
	}}}}
	states := func(servingOnly bool) string {
		var s []string
		for _, f := range lookAtAssets(dir, lock, servingOnly) {
			s = append(s, strings.TrimPrefix(f.Name, filepath.Base(dir)+"/")+" "+string(f.State)+" "+f.Found)
		}
		return strings.Join(s, ", ")
	}
	if got, want := states(false), "ocr present p 1.0.0 2/2, photos present 2/2"; got != want {
		t.Errorf("all there: got %q, want %q", got, want)
	}
	put("ocr/b", "other")
	if err := os.Remove(filepath.Join(dir, "photos", "d")); err != nil {
		t.Fatal(err)
	}
	if got, want := states(false), "ocr altered p 1.0.0 1/2, photos missing 1/2"; got != want {
		t.Errorf("spoilt: got %q, want %q", got, want)
	}
	if got, want := states(true), "ocr altered p 1.0.0 1/2"; got != want {
		t.Errorf("serving only: got %q, want %q", got, want)
	}
}

func TestProgramsMissingAndWorkerWithoutPipeline(t *testing.T) {
	dir := t.TempDir()
	for _, f := range lookAtPrograms(dir) {
		if f.State != Missing || f.Mend != "make build" {
			t.Errorf("empty folder: got %+v", f)
		}
	}
	if runtime.GOOS != "linux" {
		t.Skip("programs are ELF files on Linux only")
	}
	// This test's own program is a Go program that links no OpenCV.
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, worker)
	if err := os.WriteFile(path, self, 0o700); err != nil {
		t.Fatal(err)
	}
	if state, found, mend := lookAtWorker(path); state != Broken || !strings.Contains(found, "without") || mend != "make build" {
		t.Errorf("worker without OpenCV: got %s %q %q", state, found, mend)
	}
	if err := os.WriteFile(path, []byte("no program"), 0o700); err != nil {
		t.Fatal(err)
	}
	if state, _, _ := lookAtWorker(path); state != Broken {
		t.Errorf("worker that is no program: got %s", state)
	}
}

func TestRunOnABareMachineNamesTheMend(t *testing.T) {
	onlyPath(t, nil)
	empty := t.TempDir()
	o := Options{Assets: filepath.Join(empty, ".assets"), Binaries: filepath.Join(empty, "bin"), JSON: true}
	var out bytes.Buffer
	ok, err := Run(t.Context(), &out, o)
	if err != nil {
		t.Fatal(err)
	}
	var r Report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if ok || r.OK {
		t.Error("a bare machine is reported as ready")
	}
	mends := map[string]string{}
	for _, f := range r.Findings {
		if f.State == Missing {
			mends[f.Name] = f.Mend
		}
	}
	for name, want := range map[string]string{
		"OpenCV": "libopencv-dev", ".assets/ocr": "make setup", "bin/imaging-worker": "make build", "Go": "by hand",
	} {
		if !strings.Contains(mends[name], want) {
			t.Errorf("%s: mend is %q, want it to name %q", name, mends[name], want)
		}
	}
}

func TestRunInBothLanguages(t *testing.T) {
	onlyPath(t, nil)
	empty := t.TempDir()
	for language, want := range map[string][]string{
		"":      {"✗ OpenCV", "missing", "To mend: "},
		"zh-CN": {"✗ OpenCV", "缺失", "待处理："},
	} {
		var out bytes.Buffer
		o := Options{Assets: filepath.Join(empty, ".assets"), Binaries: filepath.Join(empty, "bin"), Language: language}
		if _, err := Run(t.Context(), &out, o); err != nil {
			t.Fatal(err)
		}
		for _, w := range want {
			if !strings.Contains(out.String(), w) {
				t.Errorf("%q: no %q in\n%s", language, w, out.String())
			}
		}
		out.Reset()
		o.Runtime = true
		if _, err := Run(t.Context(), &out, o); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(out.String(), "OpenCV") {
			t.Errorf("%q: a look at serving alone asks for OpenCV's development files:\n%s", language, out.String())
		}
	}
}

func TestReportIsOKOnlyWithoutFaults(t *testing.T) {
	var out bytes.Buffer
	r := Report{Findings: []Finding{{For: "machine", Name: "disk", State: Low, Found: "1.0 GB", Wanted: "4.0 GB"}}}
	if err := r.write(&out, english); err != nil {
		t.Fatal(err)
	}
	if s := out.String(); !strings.Contains(s, "! disk") || !strings.Contains(s, english.good) {
		t.Errorf("a warning is told as a fault:\n%s", s)
	}
}
