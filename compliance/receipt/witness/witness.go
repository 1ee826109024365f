package witness

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"realname/compliance/receipt/tiles"
)

// Logs are the keys of the logs that a witness knows; *signing.Verifiers are.
type Logs interface {
	note.Verifiers
	// Knows reports whether there is a key under that name, which is the origin of a log.
	Knows(name string) bool
}

// Witness cosigns the checkpoints of logs. It is an http.Handler.
type Witness struct {
	dir    string
	lock   *os.File
	signer note.Signer
	logs   Logs
	tell   func(origin string, size int64, err error)

	mu  sync.Mutex // looking at a record and replacing it are one step
	mux *http.ServeMux
}

// Open opens the records in the folder dir, which no other witness may have
// open. signer must be of suite Cosignature. tell, when not nil, is told each
// checkpoint that was cosigned or, with err, refused although its log signed it.
func Open(dir string, signer note.Signer, logs Logs, tell func(origin string, size int64, err error)) (*Witness, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("witness: %w", err)
	}
	lock, err := os.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("witness: %w", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("witness: another one has %s open: %w", dir, err), lock.Close())
	}
	if tell == nil {
		tell = func(string, int64, error) {}
	}
	w := &Witness{dir: dir, lock: lock, signer: signer, logs: logs, tell: tell, mux: http.NewServeMux()}
	w.mux.HandleFunc("POST /add-checkpoint", w.add)
	w.mux.HandleFunc("GET /{log}/checkpoint", w.last)
	return w, nil
}

// Close lets another witness open the records.
func (w *Witness) Close() error { return w.lock.Close() }

// ServeHTTP implements http.Handler.
func (w *Witness) ServeHTTP(rw http.ResponseWriter, r *http.Request) { w.mux.ServeHTTP(rw, r) }

// refusal is an answer that is no cosignature.
type refusal struct {
	status int
	size   int64 // told with 409
	why    string
}

func (r *refusal) Error() string { return r.why }

func (w *Witness) add(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, maxBody))
	if err != nil {
		http.Error(rw, "the body is larger than any checkpoint", http.StatusRequestEntityTooLarge)
		return
	}
	lines, err := w.cosign(body)
	var no *refusal
	switch {
	case errors.As(err, &no) && no.status == http.StatusConflict:
		rw.Header().Set("Content-Type", sizeType)
		rw.WriteHeader(no.status)
		_, _ = fmt.Fprintf(rw, "%d\n", no.size) // who does not wait for the answer asks again
	case errors.As(err, &no):
		http.Error(rw, no.why, no.status)
	case err != nil:
		http.Error(rw, "the witness cannot keep its record", http.StatusInternalServerError)
	default:
		rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = rw.Write(lines)
	}
}

// cosign checks a request, records its checkpoint, and returns the signature lines.
func (w *Witness) cosign(body []byte) ([]byte, error) {
	r, err := parseRequest(body)
	if err != nil {
		return nil, &refusal{status: http.StatusBadRequest, why: err.Error()}
	}
	claim, err := tiles.Peek(r.checkpoint)
	if err != nil {
		return nil, &refusal{status: http.StatusBadRequest, why: err.Error()}
	}
	if !w.logs.Knows(claim.Origin) {
		return nil, &refusal{status: http.StatusNotFound, why: "witness: no such log is known here"}
	}
	c, err := tiles.Open(r.checkpoint, w.logs)
	if errors.Is(err, tiles.ErrSignature) {
		return nil, &refusal{status: http.StatusForbidden, why: err.Error()}
	}
	if err != nil || r.old > c.Size {
		return nil, &refusal{status: http.StatusBadRequest, why: "witness: malformed checkpoint, or an old size beyond it"}
	}
	lines, err := w.advance(r, c)
	w.tell(c.Origin, c.Size, err)
	return lines, err
}

// advance makes the checkpoint the last one of its log.
func (w *Witness) advance(r request, c tiles.Opened) ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	last, err := w.record(c.Origin)
	if err != nil {
		return nil, err
	}
	switch {
	case r.old != last.Size:
		return nil, &refusal{status: http.StatusConflict, size: last.Size, why: fmt.Sprintf("witness: the last checkpoint has %d entries, not %d", last.Size, r.old)}
	case c.Size == last.Size && last.Size > 0 && c.Root != last.Root:
		return nil, &refusal{status: http.StatusConflict, size: last.Size, why: fmt.Sprintf("witness: another root of %d entries was cosigned", c.Size)}
	case !continues(last, c.Checkpoint, r.proof):
		return nil, &refusal{status: http.StatusUnprocessableEntity, why: fmt.Sprintf("witness: no proof that the log of %d entries begins with the %d that were cosigned", c.Size, last.Size)}
	}
	lines, err := signatureLines(c.Text(), w.signer)
	if err != nil {
		return nil, err
	}
	// Only what was verified is kept: a line that came unverified could be ours, and stand twice.
	record, err := note.Sign(&note.Note{Text: c.Text(), Sigs: c.Verified}, w.signer)
	if err != nil {
		return nil, fmt.Errorf("witness: cosign: %w", err)
	}
	return lines, w.keep(c.Origin, record)
}

// continues reports whether the log of next begins with that of last.
func continues(last, next tiles.Checkpoint, proof tlog.TreeProof) bool {
	if last.Size == 0 || last.Size == next.Size {
		return len(proof) == 0 && (next.Size > 0 || next.Root == tiles.Root(nil))
	}
	return tlog.CheckTree(proof, next.Size, next.Root, last.Size, last.Root) == nil
}

// file is where the record of a log lies.
func (w *Witness) file(origin string) string {
	sum := sha256.Sum256([]byte(origin))
	return filepath.Join(w.dir, hex.EncodeToString(sum[:]))
}

// record returns the last checkpoint that was cosigned; one of no entries when there is none.
func (w *Witness) record(origin string) (tiles.Checkpoint, error) {
	signed, err := os.ReadFile(w.file(origin))
	if errors.Is(err, fs.ErrNotExist) {
		return tiles.Checkpoint{Origin: origin, Root: tiles.Root(nil)}, nil
	}
	if err != nil {
		return tiles.Checkpoint{}, fmt.Errorf("witness: read the record: %w", err)
	}
	// A record that was tampered with must not be continued: our own cosignature is on it.
	c, err := tiles.Open(signed, w.logs)
	if err != nil || c.Origin != origin {
		return tiles.Checkpoint{}, fmt.Errorf("witness: the record of %q is damaged: %w", origin, errors.Join(err, errRecord))
	}
	return c.Checkpoint, nil
}

var errRecord = errors.New("not what was cosigned")

// keep replaces the record of a log, durably.
func (w *Witness) keep(origin string, signed []byte) error {
	temp, err := os.CreateTemp(w.dir, ".record-*")
	if err != nil {
		return fmt.Errorf("witness: keep the record: %w", err)
	}
	_, err = temp.Write(signed)
	if err = errors.Join(err, temp.Sync(), temp.Close()); err == nil {
		err = os.Rename(temp.Name(), w.file(origin))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("witness: keep the record: %w", err), os.Remove(temp.Name()))
	}
	if err := w.lock.Sync(); err != nil { // lock is the folder itself
		return fmt.Errorf("witness: keep the record: %w", err)
	}
	return nil
}

// last serves the last cosigned checkpoint of a log, by hex SHA-256 of its origin: for monitors.
func (w *Witness) last(rw http.ResponseWriter, r *http.Request) {
	name := r.PathValue("log")
	if raw, err := hex.DecodeString(name); err != nil || len(raw) != sha256.Size || hex.EncodeToString(raw) != name {
		http.NotFound(rw, r)
		return
	}
	signed, err := os.ReadFile(filepath.Join(w.dir, name))
	if err != nil {
		http.NotFound(rw, r)
		return
	}
	rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
	rw.Header().Set("Content-Length", strconv.Itoa(len(signed)))
	_, _ = rw.Write(signed)
}
