package auditlog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sync/errgroup"

	"realname/compliance/receipt/tiles"
)

// tempFolder holds files while they are written; what a crash leaves there is removed at the next start.
const tempFolder = ".tmp"

// Folder is a Storage in a local folder. It writes to a temporary file, syncs
// it, renames it, and syncs the folder. It cannot promise more than the file
// system does: rename must be atomic and fsync must reach the medium.
type Folder struct {
	dir string
}

// OpenFolder opens the folder dir and creates it when it is missing. It clears
// away the temporary files of a crash; a write that another process has under
// way at that moment fails, and is tried again.
func OpenFolder(dir string) (*Folder, error) {
	temp := filepath.Join(dir, tempFolder)
	if err := os.MkdirAll(temp, 0o755); err != nil {
		return nil, fmt.Errorf("auditlog: log folder: %w", err)
	}
	left, err := os.ReadDir(temp)
	if err != nil {
		return nil, fmt.Errorf("auditlog: log folder: %w", err)
	}
	for _, e := range left {
		if err := os.Remove(filepath.Join(temp, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("auditlog: log folder: %w", err)
		}
	}
	if err := errors.Join(syncDir(dir), syncDir(filepath.Dir(dir))); err != nil {
		return nil, fmt.Errorf("auditlog: log folder: %w", err)
	}
	return &Folder{dir: dir}, nil
}

// ReadFolder is the folder dir for one who reads beside its sequencer, and touches nothing.
func ReadFolder(dir string) *Folder { return &Folder{dir: dir} }

func (f *Folder) path(object string) string { return filepath.Join(f.dir, filepath.FromSlash(object)) }

// writers is how many files are synced at once: a journalling file system
// commits them together.
const writers = 8

// Put implements Storage.
func (f *Folder) Put(ctx context.Context, objects []Object) error {
	changed := make(map[string]bool)
	for _, o := range objects {
		if err := f.makeFolder(filepath.Dir(f.path(o.Path)), changed); err != nil {
			return fmt.Errorf("auditlog: write %s: %w", o.Path, err)
		}
	}
	var files errgroup.Group
	files.SetLimit(writers)
	for _, o := range objects {
		files.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := f.write(o); err != nil {
				return fmt.Errorf("auditlog: write %s: %w", o.Path, err)
			}
			return nil
		})
	}
	if err := files.Wait(); err != nil {
		return err
	}
	var folders errgroup.Group
	folders.SetLimit(writers)
	for dir := range changed {
		folders.Go(func() error { return syncDir(dir) })
	}
	if err := folders.Wait(); err != nil {
		return fmt.Errorf("auditlog: sync folder: %w", err)
	}
	return nil
}

// makeFolder creates dir, and adds it and the parents of what is new to changed.
func (f *Folder) makeFolder(dir string, changed map[string]bool) error {
	if changed[dir] {
		return nil
	}
	for missing := dir; len(missing) > len(f.dir); missing = filepath.Dir(missing) {
		if _, err := os.Stat(missing); err == nil {
			break
		}
		changed[filepath.Dir(missing)] = true
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	changed[dir] = true
	return nil
}

// write puts one object in place.
func (f *Folder) write(o Object) error {
	temp, err := os.CreateTemp(filepath.Join(f.dir, tempFolder), "*")
	if err != nil {
		return err
	}
	_, err = temp.Write(o.Data)
	if err = errors.Join(err, temp.Chmod(0o644), temp.Sync(), temp.Close()); err == nil {
		err = os.Rename(temp.Name(), f.path(o.Path))
	}
	if err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}
	return nil
}

// Get implements Storage.
func (f *Folder) Get(_ context.Context, path string) ([]byte, error) {
	return os.ReadFile(f.path(path))
}

// Size implements Storage.
func (f *Folder) Size(_ context.Context, path string) (int64, error) {
	info, err := os.Stat(f.path(path))
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// SwapCheckpoint implements Storage. A file lock makes comparison and
// replacement one step among processes on one machine.
func (f *Folder) SwapCheckpoint(ctx context.Context, old, next []byte) error {
	lock, err := os.OpenFile(filepath.Join(f.dir, tempFolder), os.O_RDONLY|syscall.O_DIRECTORY, 0)
	if err != nil {
		return fmt.Errorf("auditlog: lock the log folder: %w", err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("auditlog: lock the log folder: %w", err)
	}
	now, err := f.Get(ctx, tiles.CheckpointPath)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("auditlog: read the checkpoint: %w", err)
	}
	if !bytes.Equal(now, old) {
		return ErrConflict
	}
	return f.Put(ctx, []Object{{Path: tiles.CheckpointPath, Data: next}})
}

// RemovePartials implements Storage.
func (f *Folder) RemovePartials(_ context.Context, path string) error {
	return os.RemoveAll(f.path(path) + ".p")
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
