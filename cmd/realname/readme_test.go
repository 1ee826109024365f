package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// What the README shows must exist: make targets, commands with their flags, and routes.
func TestReadmeShowsWhatExists(t *testing.T) {
	readme := read(t, "../../README.md")
	makefile := read(t, "../../Makefile")
	spec := read(t, "../../internal/httpapi/openapi.yaml")
	parser, err := kong.New(&commands{})
	if err != nil {
		t.Fatal(err)
	}
	targets := regexp.MustCompile("(?m)(?:^    |`)make ([a-z]+)").FindAllStringSubmatch(readme, -1)
	if len(targets) < 3 {
		t.Fatalf("found only %v", targets)
	}
	for _, m := range targets {
		if !strings.Contains(makefile, "\n"+m[1]+":") {
			t.Errorf("README shows make %s", m[1])
		}
	}
	shown := regexp.MustCompile("(?m)(?:^    bin/|`(?:bin/)?)realname ([^`\n]*)").FindAllStringSubmatch(readme, -1)
	if len(shown) < 5 {
		t.Fatalf("found only %v", shown)
	}
	for _, m := range shown {
		exists(t, parser.Model.Node, strings.Fields(m[1]))
	}
	routes := regexp.MustCompile("(?m)(?:^    |`)(GET|POST|PATCH) (/[^ `\n]*)").FindAllStringSubmatch(readme, -1)
	if len(routes) < 4 {
		t.Fatalf("found only %v", routes)
	}
	for _, m := range routes {
		path := m[2]
		if strings.HasPrefix(path, "/v1/audit/tile/") {
			path = "/v1/audit/tile/{path}"
		}
		if !strings.Contains(spec, "\n  "+path+":\n") {
			t.Errorf("README shows %s %s, which the specification lacks", m[1], path)
		}
	}
	if n := strings.Count(readme, "\n"); n > 120 {
		t.Errorf("README has %d lines", n)
	}
}

// exists walks the words of a command line down the commands.
func exists(t *testing.T, node *kong.Node, words []string) {
	t.Helper()
	for _, w := range words {
		if flag, ok := strings.CutPrefix(w, "--"); ok {
			found := false
			for _, f := range node.Flags {
				found = found || f.Name == flag
			}
			if !found {
				t.Errorf("README shows --%s for %s", flag, node.FullPath())
			}
			continue
		}
		for _, child := range node.Children {
			if child.Name == w {
				node = child
			}
		}
	}
	if len(node.Children) > 0 {
		t.Errorf("README shows %v, which is no command", words)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
