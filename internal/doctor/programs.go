package doctor

import (
	"bufio"
	"debug/elf"
	"os"
	"path/filepath"
	"strings"
)

const worker = "imaging-worker"

var programs = []string{"realname", "realname-audit", "authority-sim", worker}

// binariesDir is the folder of the running program if its siblings lie there, else `bin` beside the assets.
func binariesDir(assets string) string {
	if self, err := os.Executable(); err == nil {
		if dir := filepath.Dir(self); isFile(filepath.Join(dir, worker)) {
			return dir
		}
	}
	return filepath.Join(filepath.Dir(assets), "bin")
}

func lookAtPrograms(dir string) []Finding {
	var out []Finding
	for _, name := range programs {
		f := Finding{For: "run", Name: filepath.Base(dir) + "/" + name, State: Present}
		path := filepath.Join(dir, name)
		switch {
		case !isFile(path):
			f.State, f.Mend = Missing, "make build"
		case name == worker:
			f.State, f.Found, f.Mend = lookAtWorker(path)
		}
		out = append(out, f)
	}
	return out
}

// lookAtWorker finds the shared libraries that the worker names, as the loader would.
func lookAtWorker(path string) (state State, found, mend string) {
	file, err := elf.Open(path)
	if err != nil {
		return Broken, "", "make build"
	}
	defer file.Close()
	libraries, err := file.ImportedLibraries()
	if err != nil {
		return Broken, "", "make build"
	}
	opencv := false
	dirs := loaderDirs()
	for _, lib := range libraries {
		opencv = opencv || strings.HasPrefix(lib, "libopencv_")
		if !anyHas(dirs, lib) {
			return Missing, lib, "make setup build"
		}
	}
	if !opencv {
		return Broken, "built without the imaging pipeline", "make build"
	}
	return Present, "", ""
}

// loaderDirs are where shared libraries are searched: the environment's, the configured, the usual.
func loaderDirs() []string {
	dirs := filepath.SplitList(os.Getenv("LD_LIBRARY_PATH"))
	configs, _ := filepath.Glob("/etc/ld.so.conf.d/*.conf")
	for _, c := range configs {
		dirs = append(dirs, configuredDirs(c)...)
	}
	for _, pattern := range []string{"/lib/*-linux-*", "/usr/lib/*-linux-*"} {
		found, _ := filepath.Glob(pattern)
		dirs = append(dirs, found...)
	}
	return append(dirs, "/lib", "/usr/lib", "/lib64", "/usr/lib64", "/usr/local/lib")
}

func configuredDirs(path string) []string {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	var dirs []string
	for s := bufio.NewScanner(f); s.Scan(); {
		if line := strings.TrimSpace(s.Text()); strings.HasPrefix(line, "/") {
			dirs = append(dirs, line)
		}
	}
	return dirs
}

func anyHas(dirs []string, name string) bool {
	for _, dir := range dirs {
		if isFile(filepath.Join(dir, name)) {
			return true
		}
	}
	return false
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
