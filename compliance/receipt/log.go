package receipt

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"realname/compliance/receipt/tiles"
)

// ErrNotALog: the folder holds neither a checkpoint nor tiles.
var ErrNotALog = errors.New("receipt: no checkpoint and no tiles in the folder")

// ReceiptsFolder is where VerifyLog looks for receipts beneath the log's folder.
const ReceiptsFolder = "receipts"

const maxBundle = tiles.Width * (2 + tiles.MaxEntry)

// VerifyLog checks the log in the folder dir against its keys, offline: the
// checkpoint, every entry against the level-0 tiles, every tile against the one
// above it up to the signed root, the tenants' own chains, partial tiles that
// older checkpoints left behind, and every receipt under receipts/ against the
// log. Findings are in the report; an error means that it could not check. The
// folder is streamed: memory is one bundle, a tile a level, and a few dozen
// bytes a tenant. progress, when not nil, is told entries done and in total.
func VerifyLog(dir string, keys note.Verifiers, progress func(done, total int64)) (Report, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return Report{}, fmt.Errorf("receipt: open the log: %w", err)
	}
	defer root.Close()
	w := &walk{root: root, keys: keys, progress: progress, report: &Report{SignedBy: []string{}, Findings: []Finding{}, Notes: []Finding{}}}
	if err := w.run(); err != nil {
		return Report{}, err
	}
	return *w.report, nil
}

// walk is one verification of a folder.
type walk struct {
	root     *os.Root
	keys     note.Verifiers
	progress func(done, total int64)
	report   *Report
	chain    chain
	size     int64
	signed   *tlog.Hash // root of the checkpoint; nil when that does not verify
}

func (w *walk) run() error {
	if err := w.readCheckpoint(); err != nil {
		return err
	}
	w.report.Size = w.size
	w.chain = chain{report: w.report, origin: w.report.Origin, tenants: make(map[string]link)}
	if err := w.checkTree(); err != nil {
		return err
	}
	w.report.Tenants = len(w.chain.tenants)
	// Before the receipts, because their comparison needs tiles that are whole.
	damaged := !w.report.Sound()
	return w.checkFiles(damaged)
}

// readCheckpoint sets size and signed, from the folder's files when the
// checkpoint does not verify: then what is there is checked against itself.
func (w *walk) readCheckpoint() error {
	data, ok, err := w.read(tiles.CheckpointPath, MaxSize)
	if err != nil {
		return err
	}
	if !ok {
		if info, err := w.root.Stat("tile"); err != nil || !info.IsDir() {
			return ErrNotALog
		}
		w.report.find(Finding{Kind: CheckpointMissing, File: tiles.CheckpointPath})
		w.size, err = w.sizeOnDisk()
		return err
	}
	c, err := tiles.Open(data, w.keys)
	if err == nil {
		for _, key := range c.Unknown {
			w.report.note(Finding{Kind: UnknownSignature, File: tiles.CheckpointPath, Found: key})
		}
		w.report.SignedBy = c.SignedBy()
		w.size, w.signed, w.report.Origin, w.report.Root = c.Size, &c.Root, c.Origin, c.Root.String()
		return nil
	}
	kind := CheckpointMalformed
	if errors.Is(err, tiles.ErrSignature) {
		kind = CheckpointSignature
	}
	w.report.find(Finding{Kind: kind, File: tiles.CheckpointPath, Bytes: byteRange(0, len(data)), Found: strings.TrimPrefix(err.Error(), "tiles: ")})
	w.size, err = w.sizeOnDisk()
	return err
}

// sizeOnDisk returns the size of the tree whose bundles the folder holds.
func (w *walk) sizeOnDisk() (int64, error) {
	for n := int64(0); ; n++ {
		full := tiles.New(tiles.Entries, n, tiles.Width)
		if _, err := w.root.Stat(tiles.Path(full)); err == nil {
			continue
		}
		widths, err := w.partials(full)
		if err != nil || len(widths) == 0 {
			return n * tiles.Width, err
		}
		return n*tiles.Width + int64(slices.Max(widths)), nil
	}
}

// read returns the content of a regular file, cut at limit+1 bytes; ok is
// false when there is none.
func (w *walk) read(name string, limit int64) (data []byte, ok bool, err error) {
	// Stat comes first: opening a pipe would hang.
	info, err := w.root.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || err == nil && !info.Mode().IsRegular():
		return nil, false, nil
	case err != nil:
		return nil, false, fmt.Errorf("receipt: %w", err)
	}
	f, err := w.root.Open(name)
	if err != nil {
		return nil, false, fmt.Errorf("receipt: %w", err)
	}
	defer f.Close()
	data = make([]byte, 0, min(info.Size(), limit)+1)
	for len(data) < cap(data) {
		n, err := f.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		if err == io.EOF {
			return data, true, nil
		}
		if err != nil {
			return nil, false, fmt.Errorf("receipt: read %s: %w", name, err)
		}
	}
	return data, true, nil
}

// partials returns the widths of the partial files that lie beside the full tile t.
func (w *walk) partials(full tlog.Tile) ([]int, error) {
	dir := tiles.Path(full) + ".p"
	if info, err := w.root.Stat(dir); err != nil || !info.IsDir() {
		return nil, nil
	}
	f, err := w.root.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("receipt: %w", err)
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	if err != nil {
		return nil, fmt.Errorf("receipt: list %s: %w", dir, err)
	}
	var widths []int
	for _, name := range names {
		if t, err := tiles.ParsePath(dir + "/" + name); err == nil {
			widths = append(widths, t.W)
		}
	}
	slices.Sort(widths)
	return widths, nil
}

// checkFiles goes over every file of the folder: receipts are verified, and
// files that belong to no log of this size are noted.
func (w *walk) checkFiles(damaged bool) error {
	compare := &comparison{walk: w, damaged: damaged, roots: make(map[int64]tlog.Hash)}
	return fs.WalkDir(w.root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("receipt: %w", err)
		}
		if d.IsDir() || name == tiles.CheckpointPath {
			return nil
		}
		if strings.HasPrefix(name, ReceiptsFolder+"/") && path.Ext(name) == Extension {
			return compare.receipt(name)
		}
		t, err := tiles.ParsePath(name)
		if err != nil {
			w.report.note(Finding{Kind: UnknownFile, File: name})
		} else if t.W > tiles.WidthAt(w.size, t.L, t.N) {
			w.report.note(Finding{Kind: BeyondCheckpoint, File: name})
		}
		return nil
	})
}
