package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func generate(t *testing.T, lists, reported string) (string, error) {
	t.Helper()
	dir := t.TempDir()
	names := [3]string{filepath.Join(dir, "lists"), filepath.Join(dir, "reported"), filepath.Join(dir, "out")}
	for i, text := range []string{lists, reported} {
		if err := os.WriteFile(names[i], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	err := run(names[0], names[1], names[2])
	out, readErr := os.ReadFile(names[2])
	if err == nil && readErr != nil {
		t.Fatal(readErr)
	}
	return string(out), err
}

const columns = "code,name,parent,valid_from,valid_to,level,basis\n"

func TestGenerate(t *testing.T) {
	got, err := generate(t, columns+
		"441902,x,441900,1984,,county,never-used-peer\n"+
		"441901,市辖区,441900,1984,,county,aggregate\n"+
		"441900,东莞市,440000,1988,,prefecture,list\n"+
		"110100,北京市,110000,1980,,prefecture,list\n"+
		"110103,崇文区,110100,1985,2010,county,list\n"+
		"110103,崇文区,110100,1980,1985,county,older list\n",
		"code,note\n320219,a note\n110103,listed already\n")
	want := header + "110100,1980,,北京市\n110103,1980,2010,崇文区\n320219,,,\n441900,1988,,东莞市,issued\n441901,1984,,市辖区\n"
	if err != nil || got != want {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestGenerateErrors(t *testing.T) {
	for lists, want := range map[string]string{
		"":                               "header line",
		"name,code\n":                    "header line",
		columns + "1,x,,,,county,l\n":    "want six digits",
		columns + "110101,x,,x,,c,l\n":   "want a number or nothing",
		columns + "110101,x\n":           "wrong number of fields",
		columns + "110101,x,,,y,c,l,m\n": "wrong number of fields",
	} {
		if _, err := generate(t, lists, "code\n"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", lists, err, want)
		}
	}
}
