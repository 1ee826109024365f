package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"realname/deploy"
)

// rewriteLock downloads each package that the lock names and puts the digests found into the package and file lines;
// comments and order stay. The change is then reviewed like any other.
func rewriteLock(ctx context.Context, out io.Writer, get download, path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var (
		lines   = strings.Split(string(text), "\n")
		digests map[string]string // of the current package, by source
	)
	for i, line := range lines {
		f := strings.Fields(line)
		switch {
		case len(f) >= 3 && f[0] == "package":
			fmt.Fprintf(out, "  %s %s\n", f[1], f[2])
			whole, files, err := digestPackage(ctx, get, deploy.Package{Name: f[1], Version: f[2]})
			if err != nil {
				return err
			}
			digests = files
			lines[i] = fmt.Sprintf("package %s %s %s", f[1], f[2], whole)
		case len(f) >= 6 && f[0] == "file":
			d, ok := digests[f[5]]
			if !ok {
				return &deploy.ListError{File: filepath.Base(path), Line: i + 1, Reason: f[5] + " is not in the package"}
			}
			lines[i] = fmt.Sprintf("file %s %s %s %s", d, f[3], f[4], f[5])
		}
	}
	result := strings.Join(lines, "\n")
	if _, err := deploy.ParseLock(result); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(result), 0o644)
}

// digestPackage returns `SHA256 BYTES` of one package's tarball and of each file in it.
func digestPackage(ctx context.Context, get download, p deploy.Package) (whole string, files map[string]string, err error) {
	tmp, err := os.MkdirTemp("", "relock-")
	if err != nil {
		return "", nil, err
	}
	defer os.RemoveAll(tmp)
	tarball, err := get(ctx, p, tmp)
	if err != nil {
		return "", nil, err
	}
	f, err := os.Open(filepath.Clean(tarball))
	if err != nil {
		return "", nil, err
	}
	defer f.Close()
	whole, err = digestText(f)
	if err != nil {
		return "", nil, err
	}
	files = map[string]string{}
	err = walk(tarball, func(source string, r io.Reader) (err error) {
		files[source], err = digestText(r)
		return err
	})
	return whole, files, err
}

func digestText(r io.Reader) (string, error) {
	d, err := deploy.DigestOf(r)
	return fmt.Sprintf("%s %d", d.SHA256, d.Bytes), err
}
