package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/alecthomas/kong"

	"realname/compliance"
	"realname/internal/csvrecord"
	"realname/verify/idnumber"
	"realname/verify/idnumber/explain"
)

// numberExplainCmd explains one number from standard input.
type numberExplainCmd struct {
	areasConfig
	Kind string `help:"Kind of the number (default: the likeliest, after a list of what it could be)." placeholder:"KIND"`
	Lang string `help:"zh or en (default: by LC_ALL, LC_MESSAGES, LANG; else zh)." enum:"zh,en,auto" default:"auto"`
	On   string `help:"Day of the check as YYYY-MM-DD (default: today in China)." placeholder:"DATE"`
}

// Help gives examples.
func (*numberExplainCmd) Help() string {
	return `The number is read from standard input, where a process list or a history does not
show it; a machine-readable zone in its two or three lines.

    $ realname number explain
    $ realname number explain --kind uscc --lang en < number.txt

It marks the parts under the number, says what each means and which is wrong, and tells
birth date, sex, area and so on. It does not say which digit would make a wrong number
fit: compare with the document.`
}

// Run explains; a number that is wrong is no error.
func (c *numberExplainCmd) Run(ctx context.Context, k *kong.Context) error {
	if c.Lang == "auto" {
		c.Lang = languageOf(os.Getenv)
	}
	return c.run(ctx, newConsole(k))
}

// languageOf reads the language as POSIX orders the variables.
func languageOf(getenv func(string) string) string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if value := getenv(name); value != "" {
			if strings.HasPrefix(value, "en") {
				return "en"
			}
			return "zh"
		}
	}
	return "zh"
}

var (
	askNumber  = compliance.Text{ZH: "请输入号码（输入内容会显示）：", EN: "Number (shown as you type it): "}
	couldBe    = compliance.Text{ZH: "这个号码可以是：\n", EN: "This number could be:\n"}
	couldBeNo  = compliance.Text{ZH: "这个号码不符合任何一类。请用 --kind 指明类别，以查看哪一部分不符。\n", EN: "This number fits no kind. Say --kind KIND to see which part is wrong.\n"}
	nearest    = compliance.Text{ZH: "按最接近的一类说明如下。\n", EN: "Explained as the kind that is nearest.\n"}
	leftOut    = compliance.Text{ZH: "只说明第一个号码，其后各行略去。\n", EN: "Only the first number is explained; the lines behind it are left out.\n"}
	errNothing = errors.New("no number on standard input")
)

func (c *numberExplainCmd) run(ctx context.Context, t console) error {
	on, err := dayOf(c.On, t.now)
	if err != nil {
		return err
	}
	kind, err := knownKind(c.Kind)
	if err != nil {
		return err
	}
	checker, err := c.checker()
	if err != nil {
		return err
	}
	if t.prompted {
		_, _ = io.WriteString(t.notes, askNumber.In(c.Lang))
	}
	raw, more, err := readNumber(ctx, t)
	if err != nil {
		return err
	}
	if more {
		_, _ = io.WriteString(t.notes, leftOut.In(c.Lang))
	}
	result := checker.Check(kind, raw, on)
	if kind == "" {
		possible, best := explain.Candidates(raw, on, checker.Check)
		if err := c.list(t.out, possible, best); err != nil || best.Kind == "" {
			return err
		}
		result = best.Result
	}
	return explain.Explain(result, raw, c.Lang).Render(t.out)
}

// list writes what the number could be.
func (c *numberExplainCmd) list(w io.Writer, possible []explain.Candidate, best explain.Candidate) error {
	var b strings.Builder
	if len(possible) > 0 {
		b.WriteString(couldBe.In(c.Lang))
	}
	for _, p := range possible {
		fmt.Fprintf(&b, "  %s (%s) %s\n", explain.KindName(p.Kind, c.Lang), p.Kind, explain.StatusName(p.Result.Status, c.Lang))
	}
	switch {
	case best.Kind == "":
		b.WriteString(couldBeNo.In(c.Lang))
	case best.Result.Status == idnumber.Invalid:
		b.WriteString(nearest.In(c.Lang))
	}
	b.WriteString("\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// readNumber reads one line, or the lines of a machine-readable zone when the first looks like one. It tells whether a line
// follows that is not blank; of a person who types it does not wait for one.
func readNumber(ctx context.Context, t console) (raw string, more bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	window := csvrecord.NewWindow(newPatientReader(ctx, t.in, func() error { return nil }))
	var lines []string
	for wanted := 1; len(lines) < wanted; {
		line, err := nextLine(window)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", false, err
		}
		lines = append(lines, line)
		if len(lines) == 1 {
			wanted = zoneLines(line)
		}
	}
	raw = strings.Join(lines, "\n")
	if strings.TrimSpace(raw) == "" {
		return "", false, errNothing
	}
	for !t.typed && !more {
		line, err := nextLine(window)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", false, err
		}
		more = line != ""
	}
	return raw, more, nil
}

// nextLine gives a line without the blanks around it; io.EOF at the end.
func nextLine(window *csvrecord.Window) (string, error) {
	n, short := window.LineEnd(0)
	switch {
	case n == 0 && errors.Is(window.Err(), io.EOF):
		return "", io.EOF
	case n == 0 && errors.Is(window.Err(), context.Canceled):
		return "", errInterrupted
	case n == 0:
		return "", fmt.Errorf("read: %w", nameless(window.Err()))
	case !short:
		return "", fmt.Errorf("the line is longer than %d bytes", csvrecord.MaxLine)
	}
	return string(bytes.TrimSpace(window.Take(n))), nil
}

// zoneLines is how many lines a machine-readable zone with this first line has (ICAO Doc 9303 parts 4 to 6); 1 for
// what is none.
func zoneLines(first string) int {
	if !strings.ContainsAny(first, "<＜") {
		return 1
	}
	switch utf8.RuneCountInString(first) {
	case 44, 36:
		return 2
	case 30:
		return 3
	}
	return 1
}
