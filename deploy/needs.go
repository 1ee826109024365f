package deploy

import (
	"fmt"
	"strings"
)

// Need is one line of needs.txt: a program, library or file that comes from outside this repository.
type Need struct {
	Name    string
	For     string // "build", "demo" or "test"
	Kind    string // "command", "pkgconfig" or "file"
	What    string // a command's name, a pkg-config module, or a shell pattern of paths
	Oldest  string // the lowest version that works; empty for any
	Package string // the Debian package; empty where it comes from elsewhere
}

// Needs is the list that this program was built with.
func Needs() ([]Need, error) { return parseNeeds(needsText) }

func parseNeeds(text string) ([]Need, error) {
	var out []Need
	for i, line := range strings.Split(text, "\n") {
		f := strings.Fields(line)
		if len(f) == 0 || strings.HasPrefix(f[0], "#") {
			continue
		}
		fail := func(reason string) ([]Need, error) {
			return nil, &ListError{File: "needs.txt", Line: i + 1, Reason: reason}
		}
		if len(f) != 5 {
			return fail("wants NAME FOR PROBE OLDEST DEBIAN-PACKAGE")
		}
		n := Need{Name: f[0], For: f[1], Oldest: unlessDash(f[3]), Package: unlessDash(f[4])}
		if n.For != "build" && n.For != "demo" && n.For != "test" {
			return fail(fmt.Sprintf("unknown purpose %q", n.For))
		}
		n.Kind, n.What, _ = strings.Cut(f[2], ":")
		if n.What == "" || n.Kind != "command" && n.Kind != "pkgconfig" && n.Kind != "file" {
			return fail(fmt.Sprintf("unknown probe %q", f[2]))
		}
		out = append(out, n)
	}
	return out, nil
}

func unlessDash(s string) string {
	if s == "-" {
		return ""
	}
	return s
}
