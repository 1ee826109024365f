package signing

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// maxKeyFile bounds a key file: a few lines, even of post-quantum keys.
const maxKeyFile = 64 << 10

// keyLines yields the lines that hold keys, with their numbers from 1.
func keyLines(text string) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		n := 0
		for line := range strings.Lines(text) {
			n++
			line = strings.TrimSpace(line)
			if line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			if !yield(n, line) {
				return
			}
		}
	}
}

// Create generates a key of each suite and writes the key file, mode 0600,
// durable when it returns. A file that exists is never replaced: the error is fs.ErrExist.
func Create(path, name string, rand io.Reader, suites ...Suite) ([]*Key, error) {
	var keys []*Key
	var text strings.Builder
	for _, s := range suites {
		k, err := Generate(s, name, rand)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
		text.WriteString(k.private + "\n")
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("signing: create key file: %w", err)
	}
	_, err = f.WriteString(text.String())
	err = errors.Join(err, f.Sync(), f.Close(), syncDir(filepath.Dir(path)))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("signing: write key file: %w", err), os.Remove(path))
	}
	return keys, nil
}

// Add generates a key of suite for the log of a key file and puts it last in
// the file, atomically and durably. announce is told the key before it is
// there; its error keeps the file as it was. Where the file has a key of the
// suite already, nothing happens and the key is nil.
func Add(path string, suite Suite, rand io.Reader, announce func(*Key) error) (*Key, error) {
	lock, err := os.Open(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	defer lock.Close()
	// Two programs that start together must not each add one.
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return nil, fmt.Errorf("signing: lock the folder of the key file: %w", err)
	}
	keys, err := Load(path)
	if err != nil {
		return nil, err
	}
	var text strings.Builder
	for _, k := range keys {
		if k.Suite() == suite {
			return nil, nil
		}
		text.WriteString(k.private + "\n")
	}
	k, err := Generate(suite, keys[0].Name(), rand)
	if err != nil {
		return nil, err
	}
	if err := announce(k); err != nil {
		return nil, err
	}
	return k, replace(path, text.String()+k.private+"\n")
}

// replace puts text in the place of the key file.
func replace(path, text string) error {
	temp, err := os.CreateTemp(filepath.Dir(path), ".keys-*") // mode 0600
	if err != nil {
		return fmt.Errorf("signing: write key file: %w", err)
	}
	_, err = temp.WriteString(text)
	if err = errors.Join(err, temp.Sync(), temp.Close()); err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("signing: write key file: %w", err), os.Remove(temp.Name()))
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Load reads a key file. It refuses one that its group or others can read or
// write (ErrPermissions), and one whose keys bear different names. The first
// key is the one to put first in a checkpoint.
func Load(path string) ([]*Key, error) {
	text, err := readKeyFile(path, true)
	if err != nil {
		return nil, err
	}
	var keys []*Key
	for n, line := range keyLines(text) {
		k, err := parseKey(line)
		if err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", path, n, err)
		}
		if len(keys) > 0 && k.Name() != keys[0].Name() {
			return nil, fmt.Errorf("%s: line %d: %w: the keys of one file sign for one log", path, n, ErrName)
		}
		keys = append(keys, k)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%s: %w: no key line", path, ErrKey)
	}
	return keys, nil
}

// LoadVerifiers reads a verifier file; anyone may read it.
func LoadVerifiers(path string) (*Verifiers, error) {
	text, err := readKeyFile(path, false)
	if err != nil {
		return nil, err
	}
	v, err := ParseVerifiers(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return v, nil
}

func readKeyFile(path string, private bool) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("signing: open key file: %w", err)
	}
	defer f.Close()
	// The opened file is asked, so that a swap of the name cannot pass the check.
	info, err := f.Stat()
	if err != nil {
		return "", fmt.Errorf("signing: %w", err)
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%w: %s is not a regular file", ErrKey, path)
	}
	if perm := info.Mode().Perm(); private && perm&0o077 != 0 {
		return "", fmt.Errorf("%w: %s has mode %04o, want 0600", ErrPermissions, path, perm)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err != nil {
		return "", fmt.Errorf("signing: read key file: %w", err)
	}
	if len(text) > maxKeyFile {
		return "", fmt.Errorf("%w: %s is larger than %d bytes", ErrKey, path, maxKeyFile)
	}
	return string(text), nil
}
