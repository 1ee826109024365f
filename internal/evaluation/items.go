package evaluation

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"realname/imaging"
)

// Item is one picture to look at.
type Item struct {
	File    string // where to read it
	Name    string // as the manifest writes it, or below the folder; with slashes
	Label   string // "" where nobody said
	Source  string
	Licence string         // for the caption; it does not open the picture to readers
	Claim   *imaging.Claim // nil where the manifest names none: the picture is then judged without
}

// Set is what a folder or a manifest holds, in a stable order.
type Set struct {
	Items   []Item
	Skipped []string // files of the folder that are no item, and why
}

// manifestName is the file that describes a folder, if it is there.
const manifestName = "manifest.csv"

// Load reads a manifest, a folder with a manifest.csv in it, or labelled
// folders: DIR/LABEL/…/FILE, where folders below the label name the source.
// Files beside the label folders are items without a label when they are
// pictures by their name. Errors hold no cell of a manifest.
func Load(name string) (Set, error) {
	info, err := os.Stat(name)
	if err != nil {
		return Set{}, err
	}
	if !info.IsDir() {
		items, err := readManifest(name)
		return Set{Items: items}, err
	}
	manifest := filepath.Join(name, manifestName)
	switch _, err := os.Stat(manifest); {
	case errors.Is(err, fs.ErrNotExist):
		return readFolders(name)
	case err != nil:
		return Set{}, err
	}
	items, err := readManifest(manifest)
	if err != nil {
		return Set{}, err
	}
	skipped, err := unlisted(name, items)
	return Set{Items: items, Skipped: skipped}, err
}

func readManifest(name string) ([]Item, error) {
	var items []Item
	err := Rows(name, "manifest", []string{"path", "label"}, func(cell func(string) string) {
		items = append(items, itemOf(filepath.Dir(name), func(column string) string { return strings.TrimSpace(cell(column)) }))
	})
	return items, err
}

func itemOf(folder string, cell func(string) string) Item {
	i := Item{
		File: filepath.Join(folder, filepath.FromSlash(cell("path"))), Name: cell("path"),
		Label: cell("label"), Source: cell("source"), Licence: cell("licence"),
	}
	if claim := (imaging.Claim{Number: cell("number"), Name: cell("name")}); claim != (imaging.Claim{}) {
		i.Claim = &claim
	}
	return i
}

func readFolders(root string) (Set, error) {
	var set Set
	err := eachFile(root, func(name string) {
		i := Item{File: filepath.Join(root, filepath.FromSlash(name)), Name: name}
		dir := path.Dir(name)
		if dir == "." && !named(name) {
			set.Skipped = append(set.Skipped, name+": no picture by its name, and in no label's folder")
			return
		}
		if dir != "." {
			// Some keep a folder a person, named by the number: tables print both of these.
			i.Label, i.Source, _ = strings.Cut(SafeName(dir), "/")
		}
		set.Items = append(set.Items, i)
	})
	return set, err
}

// named says that a file is a picture by its name.
func named(name string) bool {
	return slices.Contains([]string{".jpg", ".jpeg", ".png", ".webp"}, strings.ToLower(path.Ext(name)))
}

func unlisted(root string, items []Item) ([]string, error) {
	listed := map[string]bool{manifestName: true}
	for _, i := range items {
		listed[path.Clean(i.Name)] = true
	}
	var skipped []string
	err := eachFile(root, func(name string) {
		if !listed[name] {
			skipped = append(skipped, name+": not in the manifest")
		}
	})
	return skipped, err
}

// eachFile gives the regular files below root, and links to some, in order; hidden ones are the system's.
func eachFile(root string, visit func(name string)) error {
	return filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name == root:
			return nil
		case strings.HasPrefix(d.Name(), ".") && d.IsDir():
			return fs.SkipDir
		case strings.HasPrefix(d.Name(), "."):
			return nil
		}
		if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
			return nil // a folder, or nothing to read a picture from
		}
		relative, err := filepath.Rel(root, name)
		visit(filepath.ToSlash(relative))
		return err
	})
}
