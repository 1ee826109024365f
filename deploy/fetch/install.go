package main

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"realname/deploy"
)

// errContent marks content that is not what the lock pins: never retried, never kept.
var errContent = errors.New("content is not what deploy/assets.lock pins")

// install brings dir to what lock says. A package whose files are all right is not touched, so a second run reads
// hashes only, and a broken-off run goes on at the package where it stopped. Two at once: the second waits.
func install(ctx context.Context, out io.Writer, get download, lock deploy.Lock, dir string) error {
	dir, err := filepath.Abs(dir) // npm runs in a folder of its own
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	unlock, err := lockFolder(out, dir)
	if err != nil {
		return err
	}
	defer unlock()
	if err := sweep(dir); err != nil {
		return err
	}
	for i, p := range lock.Packages {
		if err := ctx.Err(); err != nil {
			return err
		}
		want, err := deploy.Wanting(dir, p)
		if err != nil {
			return err
		}
		if len(want) == 0 {
			continue
		}
		fmt.Fprintf(out, "  [%d/%d] %s %s: %d of %d files wanted, downloading %.0f MB\n",
			i+1, len(lock.Packages), p.Name, p.Version, len(want), len(p.Files), float64(p.Tarball.Bytes)/1e6)
		if err := installPackage(ctx, out, get, p, want, dir); err != nil {
			return err
		}
	}
	return writeNotice(dir, lock)
}

func installPackage(ctx context.Context, out io.Writer, get download, p deploy.Package, want []deploy.File, dir string) error {
	tmp, err := os.MkdirTemp(dir, tmpPrefix)
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if err := os.Mkdir(filepath.Join(tmp, "npm"), 0o755); err != nil {
		return err
	}
	began := time.Now()
	stop := heartbeat(out, began)
	tarball, err := get(ctx, p, filepath.Join(tmp, "npm"))
	stop()
	if err != nil {
		return err
	}
	state, err := deploy.Look(tarball, p.Tarball)
	if err != nil {
		return err
	}
	if state != deploy.Present {
		return fmt.Errorf("%s %s: %w (the package as a whole)", p.Name, p.Version, errContent)
	}
	if err := extract(tarball, want, tmp); err != nil {
		return fmt.Errorf("%s %s: %w", p.Name, p.Version, err)
	}
	// Every file is checked before the first one moves into its place.
	for i, f := range want {
		target := filepath.Join(dir, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		if err := os.Rename(taken(tmp, i), target); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "        done in %.0f s\n", time.Since(began).Seconds())
	return nil
}

// taken is where the i-th wanted file waits until all of its package have been checked.
func taken(tmp string, i int) string { return filepath.Join(tmp, fmt.Sprintf("file-%d", i)) }

// extract copies the wanted files out of a tarball into tmp, in one pass, and checks each against its digest.
func extract(tarball string, want []deploy.File, tmp string) error {
	index := make(map[string]int, len(want))
	for i, f := range want {
		index[f.Source] = i
	}
	err := walk(tarball, func(source string, r io.Reader) error {
		i, ok := index[source]
		if !ok {
			return nil
		}
		delete(index, source)
		return save(taken(tmp, i), r, want[i])
	})
	if err != nil {
		return err
	}
	for source := range index {
		return fmt.Errorf("%s: %w (not in the package)", source, errContent)
	}
	return nil
}

// save writes one file. It reads at most one byte more than the pinned length.
func save(path string, r io.Reader, f deploy.File) error {
	w, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(w, h), io.LimitReader(r, f.Digest.Bytes+1))
	if err := errors.Join(err, w.Close()); err != nil {
		return err
	}
	if got := (deploy.Digest{SHA256: hex.EncodeToString(h.Sum(nil)), Bytes: n}); got != f.Digest {
		return fmt.Errorf("%s: %w (sha256 %s, want %s)", f.Source, errContent, got.SHA256, f.Digest.SHA256)
	}
	return nil
}

// walk calls visit for each regular file of an npm tarball, named without the leading `package/`.
func walk(tarball string, visit func(source string, r io.Reader) error) error {
	f, err := os.Open(tarball)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	for t := tar.NewReader(z); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		_, source, _ := strings.Cut(h.Name, "/")
		if err := visit(source, t); err != nil {
			return err
		}
	}
}

const tmpPrefix = ".fetch-"

// sweep removes what a killed run left behind; the folder lock is held, so nobody is using it.
func sweep(dir string) error {
	old, err := filepath.Glob(filepath.Join(dir, tmpPrefix+"*"))
	if err != nil {
		return err
	}
	for _, path := range old {
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	return nil
}

// lockFolder takes an advisory lock that the kernel drops when the process dies.
func lockFolder(out io.Writer, dir string) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(dir, ".lock"), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	fd := int(f.Fd())
	if err := syscall.Flock(fd, syscall.LOCK_EX|syscall.LOCK_NB); errors.Is(err, syscall.EWOULDBLOCK) {
		fmt.Fprintln(out, "  another set-up is filling this folder; waiting for it")
		for err = syscall.EINTR; errors.Is(err, syscall.EINTR); {
			err = syscall.Flock(fd, syscall.LOCK_EX)
		}
		if err != nil {
			f.Close()
			return nil, err
		}
	} else if err != nil {
		f.Close()
		return nil, err
	}
	return func() { f.Close() }, nil
}

// heartbeat shows every ten seconds that a silent download is alive.
func heartbeat(out io.Writer, began time.Time) (stop func()) {
	done, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		tick := time.NewTicker(10 * time.Second)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				fmt.Fprintf(out, "        … %.0f s\n", time.Since(began).Seconds())
			}
		}
	}()
	return func() { close(done); <-gone }
}

// writeNotice says beside the files where they come from and under which licence.
func writeNotice(dir string, lock deploy.Lock) error {
	var b strings.Builder
	b.WriteString("These files were taken unchanged from npm packages by `make setup`. They are used to build, try and test\nrealname; they are not part of it and are not distributed with it.\n")
	for _, p := range lock.Packages {
		fmt.Fprintf(&b, "\n%s %s\n  %s\n", p.Name, p.Version, p.Licence)
		for _, f := range p.Files {
			fmt.Fprintf(&b, "  %s  (%s)\n", f.Path, f.Source)
		}
	}
	path := filepath.Join(dir, "NOTICE")
	if old, err := os.ReadFile(path); err == nil && string(old) == b.String() {
		return nil
	}
	if err := os.WriteFile(path+".new", []byte(b.String()), 0o644); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
