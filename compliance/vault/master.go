package vault

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// MasterKeys are the live master keys by version; the highest is the newest.
type MasterKeys map[int][]byte

const (
	keyFileHeader = "realname-vault-keys/1"
	keyFileMode   = 0o600
)

// NewMasterKeys makes version 1.
func NewMasterKeys(rand io.Reader) (MasterKeys, error) {
	k := make([]byte, keySize)
	if _, err := io.ReadFull(rand, k); err != nil {
		return nil, fmt.Errorf("vault: randomness for a master key: %w", err)
	}
	return MasterKeys{1: k}, nil
}

// WriteKeyFile writes a new key file that only its owner may read. It never
// overwrites: a lost master key is lost data.
func WriteKeyFile(path string, keys MasterKeys) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, keyFileMode)
	if err != nil {
		return fmt.Errorf("vault: create key file: %w", err)
	}
	text := keyFileHeader + "\n"
	for version, k := range keys {
		text += fmt.Sprintf("%d %s\n", version, base64.StdEncoding.EncodeToString(k))
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Sync(), f.Close(), syncFolder(filepath.Dir(path))); err != nil {
		return fmt.Errorf("vault: write key file: %w", err)
	}
	return nil
}

// syncFolder makes a new name in the folder durable.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// ReadKeyFile reads a key file: a header line, then `version base64(32 bytes)`
// a line. It refuses a file that group or others may read.
func ReadKeyFile(path string) (MasterKeys, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("vault: open key file: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("vault: key file: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("vault: key file %s may be read by others (mode %o): chmod 600 it: %w", path, info.Mode().Perm(), fs.ErrPermission)
	}
	keys := MasterKeys{}
	sc := bufio.NewScanner(f)
	for line := 1; sc.Scan(); line++ {
		text := strings.TrimSpace(sc.Text())
		if line == 1 {
			if text != keyFileHeader {
				return nil, fmt.Errorf("vault: %s line 1: not a %s file", path, keyFileHeader)
			}
			continue
		}
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		if err := keys.parse(text); err != nil {
			return nil, fmt.Errorf("vault: %s line %d: %w", path, line, err)
		}
	}
	if err := sc.Err(); err != nil {
		return nil, fmt.Errorf("vault: read key file: %w", err)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("vault: %s holds no key", path)
	}
	return keys, nil
}

func (keys MasterKeys) parse(line string) error {
	version, encoded, ok := strings.Cut(line, " ")
	n, err := strconv.Atoi(version)
	if !ok || err != nil || n < 1 {
		return errors.New("want `version base64-key`")
	}
	k, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	if err != nil || len(k) != keySize {
		return fmt.Errorf("want %d bytes of base64", keySize)
	}
	if _, dup := keys[n]; dup {
		return fmt.Errorf("version %d stands twice", n)
	}
	keys[n] = k
	return nil
}
