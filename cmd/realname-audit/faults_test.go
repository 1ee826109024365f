package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"realname/compliance/auditlog"
	"realname/compliance/auditlog/auditlogtest"
	"realname/compliance/receipt"
	"realname/compliance/receipt/tiles"
	"realname/compliance/signing"
)

// scene is the log that faults are done to, as a regulator holds it: signed by
// both suites and a witness, with receipts, and an older checkpoint kept apart.
type scene struct {
	honest string // folder
	older  string // the same log at olderSize entries
	keys   string // key file
	kept   string // checkpoint of olderSize entries
	o      auditlog.Options
}

const (
	sceneSize = 300
	olderSize = 130
)

func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{honest: t.TempDir(), older: filepath.Join(t.TempDir(), "older"), keys: filepath.Join(t.TempDir(), "log.pub"), kept: filepath.Join(t.TempDir(), "kept")}
	var own []note.Verifier
	var lines strings.Builder
	store := new(auditlogtest.Memory)
	s.o = auditlogtest.Options(t, store, nil)
	s.o.Signers = nil
	for _, suite := range signing.LogSuites() {
		k := auditlogtest.KeyOf(t, suite, auditlogtest.Origin, 1)
		s.o.Signers = append(s.o.Signers, k.Signer())
		own = append(own, k.Verifier())
		lines.WriteString(k.Public() + "\n")
	}
	w := auditlogtest.NewBystander(t, "witness.example/1", 60, signing.NewVerifiers(own...))
	lines.WriteString(w.Key.Public() + "\n")
	s.o.Witnesses, s.o.Quorum, s.o.Verifiers = []auditlog.Witness{w.Client}, 1, signing.NewVerifiers(append(own, w.Key.Verifier())...)
	put(t, s.keys, lines.String())

	s.o.Storage = auditlogtest.Folder(t, s.honest)
	l, err := auditlog.Open(t.Context(), s.o)
	if err != nil {
		t.Fatal(err)
	}
	auditlogtest.Grow(t, store, l, 0, olderSize, olderSize)
	if err := os.CopyFS(s.older, os.DirFS(s.honest)); err != nil {
		t.Fatal(err)
	}
	put(t, s.kept, checkpointOf(t, s.honest))
	s.receipts(t, l, s.honest, 0, 100)
	s.receipts(t, l, s.older, 0, 100)
	auditlogtest.Grow(t, store, l, olderSize, sceneSize, 100)
	s.receipts(t, l, s.honest, 130, 280)
	s.receipts(t, l, s.older, 280)
	return s
}

func (s *scene) receipts(t *testing.T, l *auditlog.Log, dir string, list ...int) {
	t.Helper()
	for _, n := range list {
		text, err := l.Proof(t.Context(), auditlogtest.Events(n, n+1)[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(dir, receipt.ReceiptsFolder, fmt.Sprint(n)+receipt.Extension), string(text))
	}
}

// resigned makes a log of leaves that the log's own keys sign, as a dishonest
// operator can, with the receipts of the honest one; no witness cosigns it.
func (s *scene) resigned(t *testing.T, leaves [][]byte, keys ...*signing.Key) string {
	t.Helper()
	dir := t.TempDir()
	var signers []note.Signer
	for _, k := range keys {
		signers = append(signers, k.Signer())
	}
	writeLog(t, dir, leaves, signers...)
	if err := os.CopyFS(filepath.Join(dir, receipt.ReceiptsFolder), os.DirFS(filepath.Join(s.honest, receipt.ReceiptsFolder))); err != nil {
		t.Fatal(err)
	}
	return dir
}

func ownKeys(t *testing.T) []*signing.Key {
	t.Helper()
	return []*signing.Key{auditlogtest.KeyOf(t, signing.Ed25519, auditlogtest.Origin, 1), auditlogtest.KeyOf(t, signing.SM2, auditlogtest.Origin, 1)}
}

// writeLog writes checkpoint, tiles and bundles over leaves.
func writeLog(t *testing.T, dir string, leaves [][]byte, signers ...note.Signer) {
	t.Helper()
	edge := new(tiles.Edge)
	var bundle []byte
	for i, leaf := range leaves {
		bundle = tiles.AppendEntry(bundle, leaf)
		for _, full := range edge.Push(hashOf(leaf)) {
			put(t, filepath.Join(dir, tiles.Path(full.Tile)), string(tiles.Encode(full.Hashes)))
		}
		if (i+1)%tiles.Width == 0 {
			put(t, filepath.Join(dir, tiles.Path(tiles.New(tiles.Entries, int64(i)/tiles.Width, tiles.Width))), string(bundle))
			bundle = nil
		}
	}
	for _, p := range edge.Partials() {
		if p.Tile.L == 0 {
			put(t, filepath.Join(dir, tiles.Path(tiles.New(tiles.Entries, p.Tile.N, p.Tile.W))), string(bundle))
		}
		put(t, filepath.Join(dir, tiles.Path(p.Tile)), string(tiles.Encode(p.Hashes)))
	}
	signed, err := (tiles.Checkpoint{Origin: auditlogtest.Origin, Size: edge.Size(), Root: edge.Root()}).Sign(signers...)
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "checkpoint"), string(signed))
}

// leaves reads every entry of a log's folder.
func leavesOf(t *testing.T, dir string) [][]byte {
	t.Helper()
	var out [][]byte
	for _, name := range []string{"tile/entries/000", "tile/entries/001.p/44"} {
		out = append(out, entriesOf(t, dir, name)...)
	}
	return out
}

func entriesOf(t *testing.T, dir, name string) [][]byte {
	t.Helper()
	rest, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	var out [][]byte
	for len(rest) > 0 {
		entry, next, err := tiles.NextEntry(rest)
		if err != nil {
			t.Fatal(err)
		}
		out, rest = append(out, entry), next
	}
	return out
}

func bundleOf(entries [][]byte) string {
	var out []byte
	for _, e := range entries {
		out = tiles.AppendEntry(out, e)
	}
	return string(out)
}

// named is one verdict of the auditor.
type named struct {
	status   int
	kinds    []string // of findings; or of the contradiction
	files    []string
	entries  []int64
	verified string // the raw answer, for a failure's message
}

// ask runs realname-audit as a process and reads its JSON.
func ask(t *testing.T, args ...string) named {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program(t, "realname-audit"), append([]string{"--json"}, args...)...)
	out, err := cmd.Output()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	n := named{status: cmd.ProcessState.ExitCode(), verified: string(out)}
	var answer struct {
		Kind     string
		Error    string
		Findings []receipt.Finding
	}
	if err := json.Unmarshal(out, &answer); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
	if answer.Kind != "" {
		n.kinds = append(n.kinds, answer.Kind)
	}
	for _, f := range answer.Findings {
		n.kinds, n.files = append(n.kinds, string(f.Kind)), append(n.files, f.File)
		if f.Entry != nil {
			n.entries = append(n.entries, *f.Entry)
		}
	}
	return n
}

// fault is one row of the matrix.
type fault struct {
	name   string
	weight int // how many times as often as others it is done; 0 is once
	// do makes the fault and has the auditor look; it returns what the auditor must name.
	do func(t *testing.T, s *scene, r *rand.Rand) (got named, want []string)
}

// copied is the honest log in a folder of its own.
func (s *scene) copied(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "log")
	if err := os.CopyFS(dir, os.DirFS(s.honest)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// strict is what an auditor demands who knows how the log is signed: without
// it a line that is spoilt is a further signature by an unknown key, no finding.
var strict = []string{"--require", "ed25519,sm2", "--witnesses", "1"}

func (s *scene) verify(t *testing.T, dir string, more ...string) named {
	t.Helper()
	return ask(t, append([]string{"verify", "--key", s.keys, dir}, more...)...)
}

// edit changes the entries of a bundle, and has the log verified.
func edit(change func(r *rand.Rand, e [][]byte) (changed [][]byte, entry int, kind string)) func(*testing.T, *scene, *rand.Rand) (named, []string) {
	return func(t *testing.T, s *scene, r *rand.Rand) (named, []string) {
		dir := s.copied(t)
		name, base := "tile/entries/000", 0
		if r.IntN(2) == 0 {
			name, base = "tile/entries/001.p/44", 256
		}
		changed, entry, kind := change(r, entriesOf(t, dir, name))
		put(t, filepath.Join(dir, name), bundleOf(changed))
		return s.verify(t, dir), []string{kind, name, strconv.Itoa(base + entry)}
	}
}

func prove() int {
	n, err := strconv.Atoi(os.Getenv("REALNAME_PROVE"))
	if err != nil || n < 1 {
		return 1
	}
	return n
}

// TestFaultMatrix does every fault to an honest log, and demands that
// realname-audit, as a process, finds each and names it. REALNAME_PROVE is how
// often each is done, at other places.
func TestFaultMatrix(t *testing.T) {
	s := newScene(t)
	for _, more := range [][]string{nil, strict} {
		if got := s.verify(t, s.honest, more...); got.status != exitSound {
			t.Fatalf("the honest log: %+v", got)
		}
	}
	var table strings.Builder
	fmt.Fprintf(&table, "\n%-46s %7s %9s %6s  %s\n", "fault", "done", "detected", "named", "as")
	done, undetected := 0, 0
	for i, f := range faults() {
		r := rand.New(rand.NewPCG(7, uint64(i)))
		detected, right := 0, 0
		times := prove() * max(1, f.weight)
		var as []string
		for range times {
			got, want := f.do(t, s, r)
			if got.status == exitTampered {
				detected++
			}
			if rightlyNamed(got, want) {
				right++
			} else {
				t.Errorf("%s: exit %d, want %v named:\n%.2000s", f.name, got.status, want, got.verified)
			}
			for _, k := range got.kinds {
				if !slices.Contains(as, k) {
					as = append(as, k)
				}
			}
		}
		slices.Sort(as)
		undetected, done = undetected+times-detected, done+times
		fmt.Fprintf(&table, "%-46s %7d %9d %6d  %s\n", f.name, times, detected, right, strings.Join(as, " "))
	}
	fmt.Fprintf(&table, "%d faults in all, %d undetected", done, undetected)
	t.Log(table.String())
}

// rightlyNamed reports whether the kind, and the file and the entry where they are given, are among what was said.
func rightlyNamed(got named, want []string) bool {
	if got.status != exitTampered || !slices.ContainsFunc(got.kinds, func(k string) bool { return strings.Contains(k, want[0]) }) {
		return false
	}
	if len(want) > 1 && !slices.Contains(got.files, want[1]) {
		return false
	}
	if len(want) > 2 {
		entry, err := strconv.ParseInt(want[2], 10, 64)
		return err == nil && slices.Contains(got.entries, entry)
	}
	return true
}
