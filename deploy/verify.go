package deploy

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// State is what a look at one pinned file found.
type State string

// The states of a pinned file.
const (
	Present State = "present" // there, with the pinned content
	Missing State = "missing"
	Altered State = "altered" // there, with other content
)

// Look compares the file at path with its pinned digest. The error is one of reading.
func Look(path string, want Digest) (State, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Missing, nil
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	got, err := DigestOf(f)
	if err != nil {
		return "", err
	}
	if got != want {
		return Altered, nil
	}
	return Present, nil
}

// Wanting lists the files of p below dir that are missing or altered.
func Wanting(dir string, p Package) ([]File, error) {
	var out []File
	for _, f := range p.Files {
		state, err := Look(filepath.Join(dir, filepath.FromSlash(f.Path)), f.Digest)
		if err != nil {
			return nil, err
		}
		if state != Present {
			out = append(out, f)
		}
	}
	return out, nil
}

// DigestOf reads r to its end.
func DigestOf(r io.Reader) (Digest, error) {
	h := sha256.New()
	n, err := io.Copy(h, r)
	return Digest{SHA256: hex.EncodeToString(h.Sum(nil)), Bytes: n}, err
}
