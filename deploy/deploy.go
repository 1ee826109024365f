// Package deploy knows what a machine needs before realname builds and runs on it: programs and libraries from the
// distribution (needs.txt, installed by setup.sh) and files pinned by version and SHA-256 (assets.lock, fetched by
// package fetch). `make setup` installs both; `realname doctor` reads the same two lists and says what is missing.
package deploy

import (
	_ "embed"
	"os"
	"path/filepath"
)

//go:embed assets.lock
var lockText string

//go:embed needs.txt
var needsText string

// AssetsEnv names the environment variable that moves the assets out of the repository.
const AssetsEnv = "REALNAME_ASSETS"

// AssetsDir is the folder of the pinned files: $REALNAME_ASSETS if set, else `.assets` in the nearest folder at or
// above the working directory, then at or above the program's own folder, that holds either `.assets` or this module's
// go.mod. It need not exist yet.
func AssetsDir() string {
	if dir := os.Getenv(AssetsEnv); dir != "" {
		return dir
	}
	var starts []string
	if wd, err := os.Getwd(); err == nil {
		starts = append(starts, wd)
	}
	if exe, err := os.Executable(); err == nil {
		starts = append(starts, filepath.Dir(exe))
	}
	for _, start := range starts {
		for dir := start; ; dir = filepath.Dir(dir) {
			if exists(filepath.Join(dir, ".assets")) || exists(filepath.Join(dir, "deploy", "assets.lock")) {
				return filepath.Join(dir, ".assets")
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	return ".assets"
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
