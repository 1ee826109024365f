package evaluation

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"realname/imaging"
)

// folder writes files below a new folder; a name that ends in / is a folder.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestLoadFolders(t *testing.T) {
	root := folder(t, map[string]string{
		"photo/b.jpg": "", "photo/a.jpg": "", "cartoon/npm/deep/x.png": "", "resident_front/110101195001010005/f.jpg": "", "photo/forged.svg": "",
		"loose.JPG": "", "README.md": "", ".git/config": "", "photo/.DS_Store": "",
	})
	set, err := Load(root)
	if err != nil {
		t.Fatal(err)
	}
	at := func(name, label, source string) Item {
		return Item{File: filepath.Join(root, filepath.FromSlash(name)), Name: name, Label: label, Source: source}
	}
	want := Set{
		Items: []Item{
			at("cartoon/npm/deep/x.png", "cartoon", "npm/deep"), at("loose.JPG", "", ""),
			at("photo/a.jpg", "photo", ""), at("photo/b.jpg", "photo", ""), at("photo/forged.svg", "photo", ""),
			at("resident_front/110101195001010005/f.jpg", "resident_front", "…"),
		},
		Skipped: []string{"README.md: no picture by its name, and in no label's folder"},
	}
	if d := cmp.Diff(want, set); d != "" {
		t.Error(d)
	}
}

func TestLoadManifest(t *testing.T) {
	root := folder(t, map[string]string{
		"manifest.csv": "\ufefflabel,path,name,number,licence,source,note\n" +
			"photo,b.jpg,,,CC0,someone,\"a, b\"\n" +
			"resident_front,cards/a.jpg,张三丰,110101195001010005,,,\n",
		"b.jpg": "", "forgotten.png": "", "cards/a.jpg": "",
	})
	want := []Item{
		{File: filepath.Join(root, "b.jpg"), Name: "b.jpg", Label: "photo", Source: "someone", Licence: "CC0"},
		{File: filepath.Join(root, "cards", "a.jpg"), Name: "cards/a.jpg", Label: "resident_front",
			Claim: &imaging.Claim{Number: "110101195001010005", Name: "张三丰"}},
	}
	for _, c := range []struct {
		why, path string
		skipped   []string
	}{
		{"a folder with a manifest is read by it, and says what it leaves out", root, []string{"forgotten.png: not in the manifest"}},
		{"the manifest alone", filepath.Join(root, "manifest.csv"), nil},
	} {
		set, err := Load(c.path)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(Set{Items: want, Skipped: c.skipped}, set); d != "" {
			t.Errorf("%s: %s", c.why, d)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	for _, c := range []struct{ why, text, want string }{
		{"empty", "", "first line"},
		{"no label", "path,source\na,b\n", "no column label"},
		{"no path", "label,file\na,b\n", "no column path"},
		{"a cell too many", "path,label\na.jpg,photo\n110101195001010005,photo,张三丰\n", "line 3 "},
		{"a quote that does not end", "path,label\n\"110101195001010005,张三丰\n", "line 2 "},
	} {
		root := folder(t, map[string]string{"list.csv": c.text})
		_, err := Load(filepath.Join(root, "list.csv"))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.why, err)
		}
		if err != nil && (strings.Contains(err.Error(), "110101") || strings.Contains(err.Error(), "张")) {
			t.Errorf("%s: the error repeats a cell: %v", c.why, err)
		}
	}
	if _, err := Load(filepath.Join(t.TempDir(), "absent")); !os.IsNotExist(err) {
		t.Errorf("an absent folder: %v", err)
	}
}

// Whatever a label promises must be possible: a class may not be judged, but a verdict always is.
func TestExpectations(t *testing.T) {
	for _, label := range Labels() {
		e, ok := Expect(label)
		if !ok || len(e.Verdicts) == 0 || e.Family == "" || e.Family == Unlabelled {
			t.Errorf("%s promises %+v", label, e)
		}
		_, acceptable := e.Right("", imaging.Accept)
		if acceptable != (e.Family == CardsToAccept || e.Family == Backs) {
			t.Errorf("%s is of the family %q, and accepting it is right: %v", label, e.Family, acceptable)
		}
	}
	if _, ok := Expect("resident"); ok {
		t.Error("an unknown label promises something")
	}
}
