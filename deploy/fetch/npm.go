package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"realname/deploy"
)

// download leaves one package's tarball (.tgz) somewhere below the empty folder dir and returns its path.
type download func(ctx context.Context, p deploy.Package, dir string) (string, error)

// npmPack downloads without installing: no script of the package and none of its dependencies is involved.
func npmPack(ctx context.Context, p deploy.Package, dir string) (string, error) {
	cmd := exec.CommandContext(ctx, "npm", "pack", "--ignore-scripts", "--silent", "--pack-destination", dir, p.Name+"@"+p.Version)
	cmd.Dir = dir // away from any package.json or .npmrc of the caller's folder
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		if errors.Is(err, exec.ErrNotFound) {
			return "", fmt.Errorf("npm is missing: install Node.js with npm (apt-get install npm)")
		}
		return "", fmt.Errorf("npm pack %s@%s: %w\n%s", p.Name, p.Version, err, strings.TrimSpace(said.String()))
	}
	found, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(found) != 1 {
		return "", fmt.Errorf("npm pack %s@%s left %d tarballs, want 1", p.Name, p.Version, len(found))
	}
	return found[0], nil
}
