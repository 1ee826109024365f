package app

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"realname/internal/config"
	"realname/verify/idnumber"
	"realname/verify/idnumber/gb2260"
)

// created is a code that the built-in table does not have.
const created = gb2260.Code(110199)

type areasHouse struct {
	*areas
	logs *bytes.Buffer
	file string
	tick time.Time
}

func newAreasHouse(t *testing.T, text string) *areasHouse {
	t.Helper()
	h := &areasHouse{logs: &bytes.Buffer{}, tick: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)}
	c := config.Default()
	c.Data = t.TempDir()
	h.file = c.AreasFile()
	if text != "" {
		h.write(t, text)
	}
	var err error
	if h.areas, err = openAreas(c, slog.New(slog.NewTextHandler(h.logs, nil))); err != nil {
		t.Fatal(err)
	}
	return h
}

// write changes the file in place, at a later time of its own clock.
func (h *areasHouse) write(t *testing.T, text string) {
	t.Helper()
	h.tick = h.tick.Add(time.Second)
	if err := errors.Join(os.WriteFile(h.file, []byte(text), 0o600), os.Chtimes(h.file, h.tick, h.tick)); err != nil {
		t.Fatal(err)
	}
}

func (h *areasHouse) follows(t *testing.T, why, wantName, wantLog string) {
	t.Helper()
	h.logs.Reset()
	if n, err := h.follow(t.Context()); n != 0 || err != nil {
		t.Errorf("%s: follow = %d, %v", why, n, err)
	}
	if got := h.checker.Areas().Name(created, 2026); got != wantName {
		t.Errorf("%s: the code is called %q, want %q", why, got, wantName)
	}
	if got := h.logs.String(); !strings.Contains(got, wantLog) || wantLog == "" && got != "" {
		t.Errorf("%s: logged %q, want %q", why, got, wantLog)
	}
}

func TestAreasFollowTheirFile(t *testing.T) {
	h := newAreasHouse(t, "")
	h.follows(t, "no file", "", "")
	h.write(t, "110199,2026,,甲区\n")
	h.follows(t, "a file appears", "甲区", "changed=1")
	h.follows(t, "nothing happened", "甲区", "")
	h.write(t, "110199,2026,,乙区\n")
	h.follows(t, "the file changes in place", "乙区", "changed=1")
	h.write(t, "110199,2026,,丙区\n110105,19491231,,secret\n")
	h.follows(t, "a broken file", "乙区", "line 2: year")
	if logs := h.logs.String(); strings.Contains(logs, "19491231") || strings.Contains(logs, "secret") || !strings.Contains(logs, "level=ERROR") {
		t.Errorf("logged %s", logs)
	}
	h.follows(t, "broken still: said once", "乙区", "")
	h.write(t, "")
	h.follows(t, "empty", "", "changed=1")
	if err := InstallAreas(h.config, "110199,2026,,丁区\n"); err != nil {
		t.Fatal(err)
	}
	h.follows(t, "replaced by the command", "丁区", "changed=1")
	if err := os.Remove(h.file); err != nil {
		t.Fatal(err)
	}
	h.follows(t, "removed", "", "changed=1")
	h.follows(t, "removed still", "", "")
}

// A number with a new code is judged by the file at the next look, by the checker that the service holds.
func TestAreasReachTheChecker(t *testing.T) {
	h := newAreasHouse(t, "")
	body := created.String() + "20260701000"
	number := body + string(idnumber.CheckChar(body))
	on := idnumber.Date{Year: 2026, Month: 11, Day: 22}
	if r := h.checker.Check(idnumber.ResidentID, number, on); r.Status != idnumber.Suspicious {
		t.Errorf("before: %v", r)
	}
	h.write(t, "110199,2026,,甲区\n")
	h.follows(t, "a file appears", "甲区", "changed=1")
	if r := h.checker.Check(idnumber.ResidentID, number, on); r.Status != idnumber.Valid {
		t.Errorf("after: %v", r)
	}
}

func TestAreasThatCannotBeUsedStopTheStart(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"broken": "110199\n", "large": strings.Repeat("#\n", maxAreas)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		"broken": "line 1", "large": "larger than", "fifo": "no plain file", ".": "no plain file", "missing": "no such file",
	} {
		c := config.Default()
		c.Numbers.Areas = filepath.Join(dir, file)
		if _, err := openAreas(c, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", file, err, want)
		}
	}
}

func TestInstallAreasKeepsTheOneBefore(t *testing.T) {
	c := config.Default()
	c.Data = t.TempDir()
	for _, text := range []string{"# 1\n", "# 2\n", "# 3\n", "# 3\n"} {
		if err := InstallAreas(c, text); err != nil {
			t.Fatal(err)
		}
	}
	var names []string
	entries, err := os.ReadDir(c.Data)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(c.Data, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, e.Name()+" "+strings.TrimSpace(string(text)))
	}
	if want := []string{"areas.csv # 3", "areas.csv.bak # 2"}; !slices.Equal(names, want) {
		t.Errorf("the folder holds %q, want %q", names, want)
	}
}

// What cannot be read, here for its size, is replaced all the same, and kept as it was.
func TestInstallAreasReplacesWhatCannotBeRead(t *testing.T) {
	c := config.Default()
	c.Data = t.TempDir()
	large := strings.Repeat("#\n", maxAreas)
	if err := os.WriteFile(c.AreasFile(), []byte(large), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := InstallAreas(c, "# new\n"); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{c.AreasFile(): "# new\n", c.AreasFile() + ".bak": large} {
		if text, err := os.ReadFile(name); err != nil || string(text) != want {
			t.Errorf("%s holds %d bytes, %v", filepath.Base(name), len(text), err)
		}
	}
}

func TestInstallAreasMakesNoFolder(t *testing.T) {
	c := config.Default()
	c.Data = filepath.Join(t.TempDir(), "missing")
	if err := InstallAreas(c, "# new\n"); err == nil || !strings.Contains(err.Error(), "no folder "+c.Data) {
		t.Errorf("the error is %v", err)
	}
	if _, err := os.Stat(c.Data); err == nil {
		t.Error("the folder was made")
	}
}

func TestInstallAreasReplacesNoFolder(t *testing.T) {
	c := config.Default()
	c.Data = t.TempDir()
	if err := os.Mkdir(c.AreasFile(), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := InstallAreas(c, "# new\n"); err == nil || !strings.Contains(err.Error(), "is a folder") {
		t.Errorf("the error is %v", err)
	}
}
