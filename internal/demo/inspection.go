package demo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"realname/compliance/receipt/tiles"
)

// inspection is scene 8: the regulator downloads the log, verifies it and every
// receipt offline, flips one byte of a copy and finds it.
func (s *stage) inspection(ctx context.Context) error {
	dir := filepath.Join(s.dir, "inspection")
	files, err := s.download(ctx, dir)
	if err != nil {
		return err
	}
	for _, r := range s.receipts {
		name := filepath.Join(dir, "receipts", fmt.Sprintf("%s.%d.tlog-proof", r.decision, r.version))
		if err := write(name, r.text); err != nil {
			return err
		}
	}
	code, said, took, err := s.audit(ctx, dir)
	if err != nil {
		return err
	}
	s.table.add(row{
		sent: fmt.Sprintf("log of %d files and %d receipts", files, len(s.receipts)), outcome: verdict(code),
		reason: lastLine(said), took: took, right: code == 0,
	})
	tampered := filepath.Join(s.dir, "tampered")
	if err := os.CopyFS(tampered, os.DirFS(dir)); err != nil {
		return err
	}
	victim, at, err := flip(tampered)
	if err != nil {
		return err
	}
	if code, said, took, err = s.audit(ctx, tampered); err != nil {
		return err
	}
	s.table.add(row{
		sent: fmt.Sprintf("a copy, byte %d of %s flipped", at, victim), outcome: verdict(code),
		reason: "see the finding below", took: took, right: code == 1 && strings.Contains(said, victim),
	})
	s.table.note(strings.TrimSpace(said))
	return nil
}

// download takes checkpoint, tiles and entry bundles with the regulator's key.
func (s *stage) download(ctx context.Context, dir string) (files int, err error) {
	fetch := func(path string) ([]byte, error) {
		var b []byte
		if _, err := s.call(ctx, s.regulator, http.MethodGet, "/v1/audit/"+path, nil, &b); err != nil {
			return nil, err
		}
		files++
		return b, write(filepath.Join(dir, filepath.FromSlash(path)), b)
	}
	checkpoint, err := fetch("checkpoint")
	if err != nil {
		return files, err
	}
	text, _, _ := strings.Cut(string(checkpoint), "\n\n")
	head, err := tiles.ParseText(text + "\n")
	if err != nil {
		return files, err
	}
	for level := -1; level < 8; level++ {
		under := head.Size
		for range level {
			under >>= tiles.Height
		}
		for n := int64(0); n<<tiles.Height < under; n++ {
			w := int(min(under-n<<tiles.Height, 1<<tiles.Height))
			if _, err := fetch(tiles.Path(tiles.New(level, n, w))); err != nil {
				return files, err
			}
		}
	}
	return files, nil
}

func write(name string, b []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	return os.WriteFile(name, b, 0o600)
}

// audit runs the regulator's verifier, which talks to nobody.
func (s *stage) audit(ctx context.Context, dir string) (code int, said string, took time.Duration, err error) {
	start := time.Now()
	cmd := s.command(ctx, "realname-audit", "verify", "--lang", "en", "--require", "ed25519,sm2", "--key", filepath.Join(s.dir, "data", "log.pub"), dir)
	out, err := cmd.CombinedOutput()
	if ee, ok := errors.AsType[*exec.ExitError](err); ok {
		return ee.ExitCode(), string(out), time.Since(start), nil
	}
	return 0, string(out), time.Since(start), err
}

func verdict(code int) string {
	switch code {
	case 0:
		return "sound"
	case 1:
		return "tampered"
	}
	return "unchecked"
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}

// flip changes one byte in the middle of the first entry bundle.
func flip(dir string) (name string, at int, err error) {
	root := filepath.Join(dir, "tile", "entries")
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || name != "" {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		at = len(b) / 2
		b[at] ^= 1
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(rel)
		return os.WriteFile(path, b, 0o600)
	})
	return name, at, err
}
