package doctor

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"realname/deploy"
)

// lookAtNeeds asks every program for its version, all at once: some, like npm, take their time.
func lookAtNeeds(ctx context.Context, needs []deploy.Need) []Finding {
	out := make([]Finding, len(needs))
	var wg sync.WaitGroup
	for i, n := range needs {
		wg.Go(func() { out[i] = lookAtNeed(ctx, n) })
	}
	wg.Wait()
	return out
}

func lookAtNeed(ctx context.Context, n deploy.Need) Finding {
	f := Finding{For: n.For, Name: n.Name, Wanted: n.Oldest}
	f.State, f.Found = probe(ctx, n)
	if f.State != Present {
		f.Mend = "install " + n.Name + " " + n.Oldest + " or newer by hand"
		if n.Package != "" {
			f.Mend = sudo() + "apt-get install --no-install-recommends " + n.Package
		}
	}
	return f
}

func sudo() string {
	if os.Geteuid() == 0 {
		return ""
	}
	return "sudo "
}

func probe(ctx context.Context, n deploy.Need) (State, string) {
	switch n.Kind {
	case "command":
		if _, err := exec.LookPath(n.What); err != nil {
			return Missing, ""
		}
		ask := "--version"
		if n.What == "go" {
			ask = "version"
		}
		return judge(n.Oldest, versionOf(ctx, n.What, ask))
	case "pkgconfig":
		if exec.CommandContext(ctx, "pkg-config", "--exists", n.What).Run() != nil {
			return Missing, ""
		}
		return judge(n.Oldest, versionOf(ctx, "pkg-config", "--modversion", n.What))
	default:
		paths, _ := filepath.Glob(n.What)
		if len(paths) == 0 {
			return Missing, ""
		}
		if n.Oldest == "" {
			return Present, ""
		}
		newest := "" // several versions of a server may stand side by side
		for _, p := range paths {
			if v := versionOf(ctx, p, "--version"); older(newest, v) {
				newest = v
			}
		}
		return judge(n.Oldest, newest)
	}
}

func judge(oldest, found string) (State, string) {
	switch {
	case found == "":
		return Broken, ""
	case older(found, oldest):
		return TooOld, found
	}
	return Present, found
}

var versionNumber = regexp.MustCompile(`[0-9]+(\.[0-9]+)+`)

// versionOf is the first thing that looks like a version in what the command prints, or "".
func versionOf(ctx context.Context, command string, args ...string) string {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, command, args...).Output()
	if err != nil {
		return ""
	}
	return versionNumber.FindString(string(out))
}

// older compares dotted numbers part by part; a missing part counts as 0, and "" is older than any.
func older(a, b string) bool {
	if a == "" || b == "" {
		return a == "" && b != ""
	}
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i := range max(len(as), len(bs)) {
		if x, y := part(as, i), part(bs, i); x != y {
			return x < y
		}
	}
	return false
}

func part(parts []string, i int) int {
	if i >= len(parts) {
		return 0
	}
	n, _ := strconv.Atoi(parts[i])
	return n
}
