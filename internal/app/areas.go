package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"realname/internal/config"
	"realname/verify/idnumber"
	"realname/verify/idnumber/gb2260"
)

// maxAreas bounds the operator's file in bytes, about ten times the built-in table.
const maxAreas = 2 << 20

// ReadAreas gives the division codes that the gateway uses: the built-in ones with the operator's file over them. Errors
// name the file and the line, and none of its text.
func ReadAreas(c config.Config) (*gb2260.Table, error) {
	text, err := ReadAreasFile(c.AreasFile())
	if errors.Is(err, fs.ErrNotExist) && c.Numbers.Areas == "" {
		return gb2260.Default(), nil
	}
	if err != nil {
		return nil, err
	}
	table, err := gb2260.Default().With(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.AreasFile(), err)
	}
	return table, nil
}

// ReadAreasFile reads a file of division codes without looking into it: a plain file of at most 2 MiB.
func ReadAreasFile(name string) (string, error) {
	info, err := os.Stat(name)
	if err != nil {
		return "", fmt.Errorf("app: division codes: %w", err)
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("app: division codes: %s is no plain file", name)
	}
	f, err := os.Open(name)
	if err != nil {
		return "", fmt.Errorf("app: division codes: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxAreas+1))
	if err != nil {
		return "", fmt.Errorf("app: division codes: %w", err)
	}
	if len(text) > maxAreas {
		return "", fmt.Errorf("app: division codes: %s is larger than %d bytes", name, maxAreas)
	}
	return string(text), nil
}

// InstallAreas puts text where the gateway reads its division codes, in one step and on the medium; what was there
// before, usable or not, is kept beside it as FILE.bak if it was another text. The folder must be there: one made here
// would be in the wrong place when the configuration was forgotten. The caller has checked the text.
func InstallAreas(c config.Config, text string) error {
	name, err := filepath.Abs(c.AreasFile())
	if err != nil {
		return fmt.Errorf("app: division codes: %w", err)
	}
	if dir := filepath.Dir(name); stat(dir) == nil {
		return fmt.Errorf("app: division codes: there is no folder %s to write to; say which configuration is meant, or make the folder", dir)
	}
	switch before, err := ReadAreasFile(name); {
	case errors.Is(err, fs.ErrNotExist):
	case err == nil && before == text:
		return nil // again: the one before that stays in FILE.bak
	default:
		if err := keepFile(name); err != nil {
			return fmt.Errorf("app: division codes: %w", err)
		}
	}
	if err := replaceFile(name, text); err != nil {
		return fmt.Errorf("app: division codes: %w", err)
	}
	return nil
}

// keepFile gives a file the second name FILE.bak, so that a gateway which looks at this moment still finds it; where the
// file system has no second names it moves the file. The content is not read: it may be too large, or forbidden.
func keepFile(name string) error {
	info, err := os.Lstat(name)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return fmt.Errorf("%s is a folder", name)
	}
	if err := os.Remove(name + ".bak"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if os.Link(name, name+".bak") == nil {
		return nil
	}
	return os.Rename(name, name+".bak")
}

// replaceFile writes a file that a reader sees whole, as it was or as it will be.
func replaceFile(name, text string) error {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*.new")
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	d, err := os.Open(filepath.Dir(name))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// areas keeps the gateway's checker at the division codes that the operator's file has now.
type areas struct {
	config  config.Config
	checker *idnumber.Checker
	log     *slog.Logger
	seen    fs.FileInfo // the file when last read, usable or not; nil when there was none
}

// openAreas begins with the operator's file; one that cannot be used is an error.
func openAreas(c config.Config, log *slog.Logger) (*areas, error) {
	a := &areas{config: c, log: log, seen: stat(c.AreasFile())}
	table, err := ReadAreas(c)
	if err != nil {
		return nil, err
	}
	a.checker = idnumber.NewChecker(table)
	return a, nil
}

// follow reads the file again when it has changed. One that cannot be used leaves the codes as they are, and is logged
// once. The results are always zero: nothing here fails for good.
func (a *areas) follow(context.Context) (int, error) {
	info := stat(a.config.AreasFile())
	if unchanged(a.seen, info) {
		return 0, nil
	}
	a.seen = info
	table, err := ReadAreas(a.config)
	if err != nil {
		a.log.Error("the file of division codes cannot be used; those in use stay", "error", err)
		return 0, nil
	}
	changes := gb2260.Diff(a.checker.Areas(), table)
	a.checker.Use(table)
	a.log.Info("division codes were read again", "changed", len(changes))
	return 0, nil
}

// stat is nil for a file that is not there or cannot be looked at; reading it then says why.
func stat(name string) fs.FileInfo {
	info, err := os.Stat(name)
	if err != nil {
		return nil
	}
	return info
}

func unchanged(a, b fs.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}
