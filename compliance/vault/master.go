package vault

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// MasterKeys are the live master keys by version; the highest is the newest.
type MasterKeys map[int]MasterKey

// MasterKey is one version.
type MasterKey struct {
	Suite     Suite
	Secret    []byte    // 32 bytes
	From      time.Time // when new seals are made under it; zero: at once
	Documents bool      // all that is left of a destroyed version: Secret makes its document keys, and opens nothing
}

const (
	keyFileHeader = "realname-vault-keys/1"
	keyFileMode   = 0o600
	documentsMark = "documents:"
)

// NewMasterKeys makes version 1.
func NewMasterKeys(suite Suite, rand io.Reader) (MasterKeys, error) {
	return MasterKeys{}.Rotated(suite, time.Time{}, rand)
}

// Rotated are the keys and a new version, which begins at from.
func (keys MasterKeys) Rotated(suite Suite, from time.Time, rand io.Reader) (MasterKeys, error) {
	if _, ok := suites[suite]; !ok {
		return nil, fmt.Errorf("vault: unknown suite %q", suite)
	}
	k := make([]byte, secretSize)
	if _, err := io.ReadFull(rand, k); err != nil {
		return nil, fmt.Errorf("vault: randomness for a master key: %w", err)
	}
	out := maps.Clone(keys)
	out[keys.Newest()+1] = MasterKey{Suite: suite, Secret: k, From: from.UTC().Truncate(time.Second)}
	return out, nil
}

// Newest is the highest version; zero when there is none.
func (keys MasterKeys) Newest() int {
	newest := 0
	for version := range keys {
		newest = max(newest, version)
	}
	return newest
}

// Without are the keys but one version.
func (keys MasterKeys) Without(version int) MasterKeys {
	out := maps.Clone(keys)
	delete(out, version)
	return out
}

// WithDocumentsOnly are the keys, of one version of them no more than makes its document keys: a person whom they alone
// lead to is still found, and nothing that was sealed or wrapped under the version opens again.
func (keys MasterKeys) WithDocumentsOnly(version int) (MasterKeys, error) {
	k := keys[version]
	d, err := k.open(nil)
	if err != nil {
		return nil, err
	}
	out := maps.Clone(keys)
	out[version] = MasterKey{Suite: k.Suite, Secret: d.keys[ForDocuments], From: k.From, Documents: true}
	return out, nil
}

// WriteKeyFile writes a new key file that only its owner may read. It never
// overwrites: a lost master key is lost data.
func WriteKeyFile(path string, keys MasterKeys) error {
	if err := writeKeys(path, keys); err != nil {
		return fmt.Errorf("vault: write key file: %w", err)
	}
	return nil
}

// ReplaceKeyFile puts a whole new key file in the place of the one at path, in one step.
func ReplaceKeyFile(path string, keys MasterKeys) error {
	next := path + ".next"
	if err := os.Remove(next); err != nil && !errors.Is(err, fs.ErrNotExist) { // left by a run that was killed
		return fmt.Errorf("vault: replace key file: %w", err)
	}
	if err := writeKeys(next, keys); err != nil {
		return fmt.Errorf("vault: replace key file: %w", err)
	}
	if err := errors.Join(os.Rename(next, path), syncFolder(filepath.Dir(path))); err != nil {
		return fmt.Errorf("vault: replace key file: %w", err)
	}
	return nil
}

func writeKeys(path string, keys MasterKeys) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, keyFileMode)
	if err != nil {
		return err
	}
	_, err = f.WriteString(keys.text())
	return errors.Join(err, f.Sync(), f.Close(), syncFolder(filepath.Dir(path)))
}

func (keys MasterKeys) text() string {
	text := keyFileHeader + "\n"
	for _, version := range slices.Sorted(maps.Keys(keys)) {
		k := keys[version]
		mark := ""
		if k.Documents {
			mark = documentsMark
		}
		text += fmt.Sprintf("%d %s %s%s", version, k.Suite, mark, base64.StdEncoding.EncodeToString(k.Secret))
		if !k.From.IsZero() {
			text += " " + k.From.Format(time.RFC3339)
		}
		text += "\n"
	}
	return text
}

// syncFolder makes a new name in the folder durable.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// ReadKeyFile reads a key file: a header line, then `version suite base64(32 bytes) [from]` a line, where a line without
// suite is of the international one, and `documents:` stands before what is left of a destroyed version. It refuses a file that group or others may read.
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
	return ParseKeys(path, f)
}

// ParseKeys reads what stands in a key file; its errors name where that is, and nothing of it.
func ParseKeys(path string, in io.Reader) (MasterKeys, error) {
	keys := MasterKeys{}
	sc := bufio.NewScanner(in)
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
	fields := strings.Fields(line)
	if len(fields) == 2 {
		fields = []string{fields[0], string(International), fields[1]}
	}
	if len(fields) != 3 && len(fields) != 4 {
		return errors.New("want `version suite base64-key [from]`")
	}
	version, err := strconv.Atoi(fields[0])
	if err != nil || version < 1 {
		return errors.New("want `version suite base64-key [from]`")
	}
	k := MasterKey{Suite: Suite(fields[1])}
	if _, ok := suites[k.Suite]; !ok {
		return fmt.Errorf("unknown suite %q: want %s or %s", k.Suite, International, National)
	}
	secret, documents := strings.CutPrefix(fields[2], documentsMark)
	k.Documents = documents
	if k.Secret, err = base64.StdEncoding.DecodeString(secret); err != nil || len(k.Secret) != secretSize {
		return fmt.Errorf("want %d bytes of base64", secretSize)
	}
	if len(fields) == 4 {
		if k.From, err = time.Parse(time.RFC3339, fields[3]); err != nil {
			return errors.New("want the time as 2006-01-02T15:04:05Z")
		}
	}
	if _, dup := keys[version]; dup {
		return fmt.Errorf("version %d stands twice", version)
	}
	keys[version] = k
	return nil
}
