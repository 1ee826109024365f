package deploy

import (
	"encoding/hex"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// Lock is assets.lock: the npm packages that files are taken from. Nothing else of a package is kept, and none of its
// code is run.
type Lock struct{ Packages []Package }

// Package is one npm package at one version.
type Package struct {
	Name, Version string
	Tarball       Digest
	Licence       string // for the NOTICE beside the files
	Files         []File
}

// File is one file taken out of a package.
type File struct {
	Digest Digest
	Arch   string // a GOARCH, or "any"
	Path   string // below the assets folder, with forward slashes
	Source string // inside the package's tarball, below its `package/`
}

// Digest pins content: SHA-256 in hex and length in bytes.
type Digest struct {
	SHA256 string
	Bytes  int64
}

// ListError says which line of assets.lock or needs.txt is wrong, and why.
type ListError struct {
	File   string
	Line   int // from 1
	Reason string
}

func (e *ListError) Error() string { return fmt.Sprintf("%s line %d: %s", e.File, e.Line, e.Reason) }

// Assets is the lock that this program was built with.
func Assets() (Lock, error) { return ParseLock(lockText) }

// For keeps the files of one architecture (a GOARCH).
func (l Lock) For(arch string) Lock {
	var out Lock
	for _, p := range l.Packages {
		kept := p
		kept.Files = nil
		for _, f := range p.Files {
			if f.Arch == "any" || f.Arch == arch {
				kept.Files = append(kept.Files, f)
			}
		}
		if len(kept.Files) > 0 {
			out.Packages = append(out.Packages, kept)
		}
	}
	return out
}

var (
	packageName = regexp.MustCompile(`^(@[a-z0-9][a-z0-9._-]*/)?[a-z0-9][a-z0-9._-]*$`)
	version     = regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+$`)
)

// ParseLock reads the three kinds of line of a lock:
//
//	package NAME VERSION SHA256 BYTES
//	licence TEXT
//	file    SHA256 BYTES ARCH PATH SOURCE
func ParseLock(text string) (Lock, error) {
	var lock Lock
	taken := map[string]bool{}
	for i, line := range strings.Split(text, "\n") {
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		fail := func(format string, args ...any) (Lock, error) {
			return Lock{}, &ListError{File: "assets.lock", Line: i + 1, Reason: fmt.Sprintf(format, args...)}
		}
		if fields[0] == "package" {
			p, err := parsePackage(fields[1:])
			if err != nil {
				return fail("%v", err)
			}
			lock.Packages = append(lock.Packages, p)
			continue
		}
		if len(lock.Packages) == 0 {
			return fail("%q stands before the first package", fields[0])
		}
		last := &lock.Packages[len(lock.Packages)-1]
		switch fields[0] {
		case "licence":
			last.Licence = strings.Join(fields[1:], " ")
		case "file":
			f, err := parseFile(fields[1:])
			if err != nil {
				return fail("%v", err)
			}
			to, from := f.Arch+" "+f.Path, f.Arch+" "+last.Name+" "+f.Source
			if taken[to] || taken[from] {
				return fail("%s is taken twice", f.Path)
			}
			taken[to], taken[from] = true, true
			last.Files = append(last.Files, f)
		default:
			return fail("unknown word %q", fields[0])
		}
	}
	return lock, nil
}

func parsePackage(fields []string) (Package, error) {
	if len(fields) != 4 {
		return Package{}, fmt.Errorf("package wants NAME VERSION SHA256 BYTES")
	}
	// Both become an argument of npm, so neither may look like a flag, a range or an address.
	if !packageName.MatchString(fields[0]) || !version.MatchString(fields[1]) {
		return Package{}, fmt.Errorf("%s %s is no exact package version", fields[0], fields[1])
	}
	d, err := parseDigest(fields[2], fields[3])
	return Package{Name: fields[0], Version: fields[1], Tarball: d}, err
}

func parseFile(fields []string) (File, error) {
	if len(fields) != 5 {
		return File{}, fmt.Errorf("file wants SHA256 BYTES ARCH PATH SOURCE")
	}
	d, err := parseDigest(fields[0], fields[1])
	if err != nil {
		return File{}, err
	}
	f := File{Digest: d, Arch: fields[2], Path: fields[3], Source: fields[4]}
	if f.Path != path.Clean(f.Path) || path.IsAbs(f.Path) || strings.HasPrefix(f.Path, "..") || strings.HasPrefix(f.Path, ".") {
		return File{}, fmt.Errorf("%s leaves the assets folder", f.Path)
	}
	return f, nil
}

func parseDigest(sum, size string) (Digest, error) {
	raw, err := hex.DecodeString(sum)
	if err != nil || len(raw) != 32 || sum != strings.ToLower(sum) {
		return Digest{}, fmt.Errorf("%q is no SHA-256 in lower-case hex", sum)
	}
	n, err := strconv.ParseInt(size, 10, 64)
	if err != nil || n <= 0 {
		return Digest{}, fmt.Errorf("%q is no length in bytes", size)
	}
	return Digest{SHA256: sum, Bytes: n}, nil
}
