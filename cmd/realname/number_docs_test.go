package main

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"realname/verify/idnumber"
)

const numbersPage = "../../docs/numbers.md"

// shownCommand is a line of a page or help text: a text piped into the program, or the program alone.
var shownCommand = regexp.MustCompile(`^\s+\$ (?:(echo|printf) ('[^']*'|\S+) \| )?realname (number [^\n]*)$`)

// act runs a command that is shown, as far as it reads its input from the line.
func act(t *testing.T, printer, text, line string) string {
	t.Helper()
	var cli commands
	parser, err := kong.New(&cli, kong.BindTo(t.Context(), (*context.Context)(nil)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, err := parser.Parse(strings.Fields(line))
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	text = strings.Trim(text, "'")
	if printer == "echo" {
		text += "\n"
	}
	text = strings.ReplaceAll(text, `\n`, "\n")
	var out bytes.Buffer
	c := testConsole(strings.NewReader(text), &out)
	switch ctx.Command() {
	case "number check":
		err = cli.Number.Check.run(t.Context(), c)
	case "number explain":
		err = cli.Number.Explain.run(t.Context(), c)
	case "number generate":
		err = cli.Number.Generate.run(t.Context(), c)
	default:
		t.Fatalf("%s is no number command", line)
	}
	if err != nil {
		t.Errorf("%s: %v", line, err)
	}
	return out.String()
}

// indented gives the lines of a code block behind a command, without their indent.
func indented(lines []string) string {
	var b strings.Builder
	for _, line := range lines {
		if shownCommand.MatchString(line) || line != "" && !strings.HasPrefix(line, "    ") {
			break
		}
		b.WriteString(strings.TrimPrefix(line, "    ") + "\n")
	}
	return strings.TrimRight(b.String(), "\n")
}

// Every command that page and help texts show with an answer must give it.
func TestNumberCommandsShownGiveWhatIsShown(t *testing.T) {
	texts := map[string]string{
		"page": read(t, numbersPage), "check": (&numberCheckCmd{}).Help(), "explain": (&numberExplainCmd{}).Help(),
		"generate": (&numberGenerateCmd{}).Help(),
	}
	acted := 0
	for where, text := range texts {
		lines := strings.Split(text, "\n")
		for i, line := range lines {
			m := shownCommand.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			want := indented(lines[i+1:])
			if want == "" {
				continue
			}
			acted++
			if got := strings.TrimRight(act(t, m[1], m[2], m[3]), "\n"); got != want {
				t.Errorf("%s shows %q with\n%s\nand it gives\n%s", where, m[3], want, got)
			}
		}
	}
	if acted < 6 {
		t.Errorf("found only %d commands with answers", acted)
	}
}

// Commands without an answer must at least have the flags that are shown.
func TestNumberCommandsShownExist(t *testing.T) {
	parser, err := kong.New(&commands{})
	if err != nil {
		t.Fatal(err)
	}
	for _, help := range []string{(&numberCheckCmd{}).Help(), (&numberExplainCmd{}).Help(), (&numberGenerateCmd{}).Help()} {
		shown := regexp.MustCompile(`realname (number [^|>#\n]*)`).FindAllStringSubmatch(help, -1)
		if len(shown) < 2 {
			t.Errorf("help shows only %d commands", len(shown))
		}
		for _, m := range shown {
			exists(t, parser.Model.Node, strings.Fields(m[1]))
		}
	}
}

// The page's tables hold every kind with its parts, and every code with the weight that it has in the vectors.
func TestNumbersPageIsComplete(t *testing.T) {
	page := read(t, numbersPage)
	for _, kind := range idnumber.Kinds() {
		var parts []string
		for _, part := range kind.Parts() {
			parts = append(parts, part.String())
		}
		if row := fmt.Sprintf("(?m)^\\| `%s` \\| .+ \\| %s \\|$", kind, strings.Join(parts, ", ")); !regexp.MustCompile(row).MatchString(page) {
			t.Errorf("no row %s", row)
		}
	}
	rows := regexp.MustCompile("(?m)^\\| `([a-z0-9_]+)` \\| (fails|suspicious|note|not executed) \\| .+ \\|$").FindAllStringSubmatch(page, -1)
	seen := weightsSeen(t)
	for _, row := range rows {
		if weight := seen[row[1]]; weight != row[2] {
			t.Errorf("%s is %q on the page and %q in the findings", row[1], row[2], weight)
		}
	}
	if len(rows) != len(idnumber.Codes()) {
		t.Errorf("%d rows for %d codes", len(rows), len(idnumber.Codes()))
	}
}

// The closed list of equivalences is the one that the package promises.
func TestNumbersPageListsTheEquivalences(t *testing.T) {
	list := func(text, mark string) []string {
		var out []string
		for line := range strings.SplitSeq(text, "\n") {
			switch item, begins := strings.CutPrefix(line, mark+"- "); {
			case begins:
				out = append(out, item)
			case len(out) > 0 && strings.HasPrefix(line, mark+"  "):
				out[len(out)-1] += " " + strings.TrimSpace(strings.TrimPrefix(line, mark))
			case len(out) > 0:
				return out
			}
		}
		return out
	}
	_, promise, _ := strings.Cut(read(t, "../../verify/idnumber/idnumber.go"), "only by one of these equivalences, and no other:\n")
	_, shown, _ := strings.Cut(read(t, numbersPage), "only by one of these equivalences, and no other:\n")
	if want, got := list(promise, "//   "), list(shown, ""); len(want) < 5 || !slices.Equal(got, want) {
		t.Errorf("the page lists\n%s\nthe package\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
