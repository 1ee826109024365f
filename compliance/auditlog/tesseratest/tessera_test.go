package tesseratest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
	"k8s.io/klog/v2"

	"realname/compliance/auditlog"
	"realname/compliance/auditlog/auditlogtest"
	"realname/compliance/receipt"
	"realname/compliance/signing"
)

func TestMain(m *testing.M) {
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard) // Tessera tells every log that it opens
	os.Exit(m.Run())
}

// patience ends what hangs: fsck can, on a log that was tampered with.
const patience = 20 * time.Second

// build makes a log of ours that both suites and a witness sign.
func build(t testing.TB, sizes ...int) (dir string, l *auditlog.Log) {
	t.Helper()
	dir = t.TempDir()
	var own []note.Verifier
	s := new(auditlogtest.Memory)
	o := auditlogtest.Options(t, s, auditlogtest.Folder(t, dir))
	o.Signers = nil
	for _, suite := range signing.LogSuites() {
		k := auditlogtest.KeyOf(t, suite, auditlogtest.Origin, 1)
		o.Signers, own = append(o.Signers, k.Signer()), append(own, k.Verifier())
	}
	w := auditlogtest.NewBystander(t, "witness.example/1", 60, signing.NewVerifiers(own...))
	o.Witnesses, o.Quorum, o.Verifiers = []auditlog.Witness{w.Client}, 1, signing.NewVerifiers(append(own, w.Key.Verifier())...)
	l, err := auditlog.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	at := 0
	for _, size := range sizes {
		auditlogtest.Grow(t, s, l, at, size, 100)
		at = size
	}
	return dir, l
}

// verifier is x/mod's own, made from the published line: nothing of ours.
func verifier(t testing.TB) note.Verifier {
	t.Helper()
	v, err := note.NewVerifier(auditlogtest.Key(t, 1).Public())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// hasher is what Tessera's fsck command does with an entry bundle.
func hasher(bundle []byte) ([][]byte, error) {
	var b api.EntryBundle
	if err := b.UnmarshalText(bundle); err != nil {
		return nil, err
	}
	var out [][]byte
	for _, e := range b.Entries {
		out = append(out, rfc6962.DefaultHasher.HashLeaf(e))
	}
	return out, nil
}

func check(t testing.TB, f fsck.Fetcher) error {
	t.Helper()
	ctx, done := context.WithTimeout(t.Context(), patience)
	defer done()
	ended := make(chan error, 1)
	go func() { ended <- fsck.New(auditlogtest.Origin, verifier(t), f, hasher, fsck.Opts{N: 2}).Check(ctx) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// TestFsckAcceptsOurLog: SM2 lines and cosignatures are lines that Tessera does not know, and skips.
func TestFsckAcceptsOurLog(t *testing.T) {
	for _, size := range []int{1, 255, 256, 257, 700} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			dir, _ := build(t, size)
			if err := check(t, client.FileFetcher{Root: dir}); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestFsckAcceptsTheGoldenLog(t *testing.T) {
	if err := check(t, client.FileFetcher{Root: filepath.Join("..", "..", "..", "testdata", "golden-log")}); err != nil {
		t.Error(err)
	}
}

func TestFsckRefusesATamperedLog(t *testing.T) {
	for _, name := range []string{"checkpoint", "tile/entries/000", "tile/entries/001.p/44", "tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1"} {
		dir, _ := build(t, 300)
		file := filepath.Join(dir, filepath.FromSlash(name))
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		data[len(data)/2] ^= 1
		if name == "checkpoint" { // in its root: half of it is signatures
			data, err = os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			data[len(auditlogtest.Origin)+8] ^= 1
		}
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := check(t, client.FileFetcher{Root: dir}); err == nil {
			t.Errorf("%s: a flipped byte passes fsck", name)
		}
	}
}

// TestProofsAreTesseras: from the same tiles Tessera's client makes the proofs that our receipts hold.
func TestProofsAreTesseras(t *testing.T) {
	dir, l := build(t, 130, 700)
	files := client.FileFetcher{Root: dir}
	builder, err := client.NewProofBuilder(t.Context(), 700, files.ReadTile)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 1, 255, 256, 511, 699} {
		text, err := l.Proof(t.Context(), auditlogtest.Events(n, n+1)[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		ours, err := receipt.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := builder.InclusionProof(t.Context(), uint64(n))
		if err != nil || len(theirs) != len(ours.Proof) {
			t.Fatalf("entry %d: %d hashes and %d, %v", n, len(theirs), len(ours.Proof), err)
		}
		for i := range theirs {
			if !bytes.Equal(theirs[i], ours.Proof[i][:]) {
				t.Errorf("entry %d: hash %d differs", n, i)
			}
		}
	}
	for _, older := range []int64{1, 130, 256, 699} {
		ours, err := receipt.ProveConsistency(older, 700, onDisk(dir))
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := builder.ConsistencyProof(t.Context(), uint64(older), 700)
		if err != nil || len(theirs) != len(ours) {
			t.Fatalf("from %d: %d hashes and %d, %v", older, len(theirs), len(ours), err)
		}
		for i := range theirs {
			if !bytes.Equal(theirs[i], ours[i][:]) {
				t.Errorf("from %d: hash %d differs", older, i)
			}
		}
	}
}

type onDisk string

func (d onDisk) Read(path string) ([]byte, error) {
	return os.ReadFile(filepath.Join(string(d), filepath.FromSlash(path)))
}

// TestClientFollowsOurLogOverHTTP reads as a gateway serves it: behind a credential.
func TestClientFollowsOurLogOverHTTP(t *testing.T) {
	dir, _ := build(t, 130, 300)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer regulator" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		http.ServeFile(w, r, filepath.Join(dir, filepath.FromSlash(strings.TrimPrefix(r.URL.Path, "/v1/audit/"))))
	}))
	t.Cleanup(server.Close)
	root, err := url.Parse(server.URL + "/v1/audit/")
	if err != nil {
		t.Fatal(err)
	}
	fetcher, err := client.NewHTTPFetcher(root, nil)
	if err != nil {
		t.Fatal(err)
	}
	fetcher.SetAuthorizationHeader("Bearer regulator")
	tracker, err := client.NewLogStateTracker(t.Context(), fetcher.ReadTile, nil, verifier(t), auditlogtest.Origin, client.UnilateralConsensus(fetcher.ReadCheckpoint))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := tracker.Update(t.Context()); err != nil || tracker.Latest().Size != 300 {
		t.Errorf("at %d entries: %v", tracker.Latest().Size, err)
	}
	if err := check(t, fetcher); err != nil {
		t.Error(err)
	}
}

// TestOurWitnessServesTessera: a log of Tessera's asks our witness, and publishes only what it has cosigned.
func TestOurWitnessServesTessera(t *testing.T) {
	const origin = "tessera.example/log"
	signer := auditlogtest.KeyOf(t, signing.Ed25519, origin, 5)
	w := auditlogtest.NewBystander(t, "witness.example/1", 61, signing.NewVerifiers(signer.Verifier()))
	at, err := url.Parse(w.URL)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := tessera.NewWitness(w.Key.Public(), at)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	add, stop := appender(t, dir, signer.Signer(), 64, func(o *tessera.AppendOptions) *tessera.AppendOptions {
		return o.WithWitnesses(tessera.NewWitnessGroup(1, theirs), nil)
	})
	for n := range 70 {
		if err := add(fmt.Appendf(nil, "entry %d", n)); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	keys, err := signing.NewVerifiers(signer.Verifier(), w.Key.Verifier()).RequireWitnesses(1)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		t.Fatal(err)
	}
	n, err := note.Open(signed, keys)
	if err != nil {
		t.Fatal(err)
	}
	if err := keys.Satisfied(origin, n.Sigs); err != nil || !strings.Contains(n.Text, "\n70\n") {
		t.Errorf("%v of\n%s", err, signed)
	}
	sum := sha256.Sum256([]byte(origin))
	if record, err := os.ReadFile(filepath.Join(w.Dir, fmt.Sprintf("%x", sum))); err != nil || !bytes.Contains(record, []byte("\n70\n")) {
		t.Errorf("the witness remembers %q, %v", record, err)
	}
}

// appender opens a POSIX log of Tessera's; add waits until the entry is in a
// published checkpoint.
func appender(t testing.TB, dir string, signer note.Signer, batch uint, change func(*tessera.AppendOptions) *tessera.AppendOptions) (add func([]byte) error, stop func()) {
	t.Helper()
	driver, err := posix.New(t.Context(), posix.Config{Path: dir})
	if err != nil {
		t.Fatal(err)
	}
	o := tessera.NewAppendOptions().WithCheckpointSigner(signer).WithBatching(batch, 10*time.Millisecond).
		WithCheckpointInterval(100 * time.Millisecond).WithPushback(1 << 16)
	a, shutdown, _, err := tessera.NewAppender(t.Context(), driver, change(o))
	if err != nil {
		t.Fatal(err)
	}
	add = func(data []byte) error {
		_, err := a.Add(t.Context(), tessera.NewEntry(data))()
		return err
	}
	return add, func() {
		ctx, done := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
		defer done()
		// Shutdown returns once everything is in a published checkpoint.
		if err := shutdown(ctx); err != nil {
			t.Error(err)
		}
	}
}
