package witness_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"realname/compliance/auditlog/auditlogtest"
	"realname/compliance/receipt/tiles"
	"realname/compliance/receipt/witness"
	"realname/compliance/signing"
)

// tree is a log whose leaves are numbers.
type tree struct {
	hashes []tlog.Hash
	salt   string
}

func (tr *tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = tr.hashes[x]
	}
	return out, nil
}

func newTree(t *testing.T, salt string, size int64) *tree {
	t.Helper()
	tr := &tree{salt: salt}
	for n := range size {
		more, err := tlog.StoredHashes(n, fmt.Appendf(nil, "%s %d", salt, n), tr)
		if err != nil {
			t.Fatal(err)
		}
		tr.hashes = append(tr.hashes, more...)
	}
	return tr
}

func (tr *tree) checkpoint(t *testing.T, size int64, keys ...*signing.Key) []byte {
	t.Helper()
	root, err := tlog.TreeHash(size, tr)
	if err != nil {
		t.Fatal(err)
	}
	c := tiles.Checkpoint{Origin: keys[0].Name(), Size: size, Root: root}
	signed, err := c.Sign(keys[0].Signer())
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func (tr *tree) proof(t *testing.T, older, newer int64) tlog.TreeProof {
	t.Helper()
	if older == 0 || older == newer {
		return nil
	}
	p, err := tlog.ProveTree(newer, older, tr)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

type stand struct {
	dir    string
	log    *signing.Key
	key    *signing.Key
	server *httptest.Server
	client *witness.Client
	close  func()
}

func newStand(t *testing.T, dir string) *stand {
	t.Helper()
	s := &stand{dir: dir, log: auditlogtest.Key(t, 1), key: auditlogtest.KeyOf(t, signing.Cosignature, "witness.example/1", 9)}
	at := time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)
	w, err := witness.Open(dir, s.key.SignerAt(func() time.Time { return at }), signing.NewVerifiers(s.log.Verifier()), nil)
	if err != nil {
		t.Fatal(err)
	}
	s.server = httptest.NewServer(w)
	s.close = sync.OnceFunc(func() { s.server.Close(); _ = w.Close() })
	t.Cleanup(s.close)
	s.client = &witness.Client{URL: s.server.URL, Verifier: s.key.Verifier()}
	return s
}

func TestWitnessFollowsOneHistory(t *testing.T) {
	dir := t.TempDir()
	s := newStand(t, dir)
	log, fork := newTree(t, "a", 40), newTree(t, "b", 40)
	cosign := func(tr *tree, old, size int64) error {
		lines, err := s.client.Cosign(t.Context(), old, tr.proof(t, old, size), tr.checkpoint(t, size, s.log))
		if err == nil && !bytes.HasPrefix(lines, []byte("— witness.example/1 ")) {
			t.Errorf("answered %q", lines)
		}
		return err
	}
	wantSize := func(err error, size int64) {
		t.Helper()
		elsewhere, ok := errors.AsType[*witness.SizeError](err)
		if !ok || elsewhere.Size != size {
			t.Errorf("got %v, want size %d", err, size)
		}
	}
	for _, step := range [][2]int64{{0, 0}, {0, 10}, {10, 10}, {10, 11}, {11, 30}} {
		if err := cosign(log, step[0], step[1]); err != nil {
			t.Fatalf("%d to %d: %v", step[0], step[1], err)
		}
	}
	wantSize(cosign(log, 0, 40), 30)  // who does not know asks from nothing
	wantSize(cosign(log, 10, 20), 30) // rolled back
	if err := cosign(fork, 30, 30); !errors.Is(err, witness.ErrContradicted) {
		t.Errorf("another root of the same size: %v", err)
	}
	if err := cosign(fork, 30, 35); !errors.Is(err, witness.ErrContradicted) {
		t.Errorf("a fork: %v", err)
	}
	// What it remembers is on disk.
	s.close()
	s = newStand(t, dir)
	wantSize(cosign(log, 0, 40), 30)
	if err := cosign(fork, 30, 35); !errors.Is(err, witness.ErrContradicted) {
		t.Errorf("a fork after a restart: %v", err)
	}
	if err := cosign(log, 30, 40); err != nil {
		t.Error(err)
	}
	if _, err := witness.Open(dir, s.key.Signer(), signing.NewVerifiers(s.log.Verifier()), nil); err == nil {
		t.Error("two witnesses on one folder")
	}
	// Monitors may read what was cosigned.
	sum := sha256.Sum256([]byte(auditlogtest.Origin))
	resp, err := http.Get(s.server.URL + "/" + hex.EncodeToString(sum[:]) + "/checkpoint")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := signing.NewVerifiers(s.log.Verifier(), s.key.Verifier()).RequireWitnesses(1)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := tiles.Open(text, keys); err != nil || c.Size != 40 {
		t.Errorf("%+v, %v", c, err)
	}
}

// TestStatusCodes holds the answers against those that c2sp.org/tlog-witness demands.
func TestStatusCodes(t *testing.T) {
	s := newStand(t, t.TempDir())
	log := newTree(t, "a", 40)
	stranger := auditlogtest.KeyOf(t, signing.Ed25519, "stranger.example", 3)
	forger := auditlogtest.Key(t, 4)
	post := func(body string) (int, string, string) {
		resp, err := http.Post(s.server.URL+"/add-checkpoint", "", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, resp.Header.Get("Content-Type"), string(text)
	}
	good := string(log.checkpoint(t, 20, s.log))
	if status, _, text := post("old 0\n\n" + good); status != http.StatusOK || strings.Count(text, "\n") != 1 {
		t.Fatalf("%d %s", status, text)
	}
	hash := log.hashes[0].String() + "\n"
	for name, c := range map[string]struct {
		body   string
		status int
	}{
		"an unknown log":        {"old 0\n\n" + string(log.checkpoint(t, 20, stranger)), http.StatusNotFound},
		"a key that is not its": {"old 20\n\n" + string(log.checkpoint(t, 21, forger)), http.StatusForbidden},
		"an old size beyond":    {"old 30\n\n" + good, http.StatusBadRequest},
		"another old size":      {"old 10\n\n" + good, http.StatusConflict},
		"no proof":              {"old 20\n\n" + string(log.checkpoint(t, 30, s.log)), http.StatusUnprocessableEntity},
		"a wrong proof":         {"old 20\n" + hash + "\n" + string(log.checkpoint(t, 30, s.log)), http.StatusUnprocessableEntity},
		"a proof of nothing":    {"old 20\n" + hash + "\n" + good, http.StatusUnprocessableEntity},
		"64 hashes":             {"old 20\n" + strings.Repeat(hash, 64) + "\n" + good, http.StatusBadRequest},
		"leading zero":          {"old 020\n\n" + good, http.StatusBadRequest},
		"a negative size":       {"old -1\n\n" + good, http.StatusBadRequest},
		"no old line":           {"\n" + good, http.StatusBadRequest},
		"no checkpoint":         {"old 20\n\n", http.StatusBadRequest},
		"nothing":               {"", http.StatusBadRequest},
		"too much":              {"old 20\n\n" + good + strings.Repeat("x", 200<<10), http.StatusRequestEntityTooLarge},
	} {
		status, kind, text := post(c.body)
		if status != c.status {
			t.Errorf("%s: %d, want %d: %s", name, status, c.status, text)
		}
		if status == http.StatusConflict && (kind != "text/x.tlog.size" || text != "20\n") {
			t.Errorf("%s: %s %q", name, kind, text)
		}
	}
	for _, path := range []string{"/", "/x/checkpoint", "/../checkpoint", "/" + strings.Repeat("0", 64) + "/checkpoint"} {
		resp, err := http.Get(s.server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusNotFound {
			t.Errorf("GET %s: %d", path, resp.StatusCode)
		}
	}
}

// TestOneOfManyForksWins submits 40 histories at once: one is cosigned, the others never.
func TestOneOfManyForksWins(t *testing.T) {
	s := newStand(t, t.TempDir())
	var mu sync.Mutex
	won := 0
	var wg sync.WaitGroup
	for i := range 40 {
		signed := newTree(t, fmt.Sprint(i), 10).checkpoint(t, 10, s.log)
		wg.Go(func() {
			_, err := s.client.Cosign(t.Context(), 0, nil, signed)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
			} else if _, ok := errors.AsType[*witness.SizeError](err); !ok {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won != 1 {
		t.Errorf("%d of 40 histories were cosigned", won)
	}
}

// TestRecordOfTheWitness: a record that was changed is not continued, and one
// that cannot be written is not answered for.
func TestRecordOfTheWitness(t *testing.T) {
	dir := t.TempDir()
	s := newStand(t, dir)
	log := newTree(t, "a", 40)
	// A line that bears the witness's name comes back with the checkpoint, and spoils nothing.
	signed := log.checkpoint(t, 10, s.log)
	lines, err := s.client.Cosign(t.Context(), 0, nil, signed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.client.Cosign(t.Context(), 10, nil, append(bytes.Clone(signed), lines...)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.client.Cosign(t.Context(), 10, log.proof(t, 10, 12), log.checkpoint(t, 12, s.log)); err != nil {
		t.Fatal(err)
	}
	records, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(records) != 1 {
		t.Fatal(records, err)
	}
	text, err := os.ReadFile(records[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(records[0], bytes.Replace(text, []byte("\n12\n"), []byte("\n11\n"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.client.Cosign(t.Context(), 11, log.proof(t, 11, 13), log.checkpoint(t, 13, s.log)); err == nil || !strings.Contains(err.Error(), "500") {
		t.Errorf("a record that was tampered with: %v", err)
	}
	if err := os.WriteFile(records[0], text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := s.client.Cosign(t.Context(), 0, nil, log.checkpoint(t, 13, s.log)); err == nil || !strings.Contains(err.Error(), "500") {
		t.Errorf("a record that cannot be kept: %v", err)
	}
}

func TestAnswersOfAStrangerAreNoCosignatures(t *testing.T) {
	s := newStand(t, t.TempDir())
	other, err := signing.Generate(signing.Cosignature, "witness.example/1", rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s.client.Verifier = other.Verifier()
	if lines, err := s.client.Cosign(t.Context(), 0, nil, newTree(t, "a", 5).checkpoint(t, 5, s.log)); err == nil {
		t.Errorf("took %q", lines)
	}
}
