package demo

import (
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/text/width"
)

// columns of the table, in terminal cells.
var columns = []struct {
	title string
	cells int
}{
	{"sent", 45}, {"decision", 8}, {"reason", 32}, {"article", 38}, {"ms", 5},
}

type table struct {
	out   io.Writer
	rows  int
	wrong int
}

// row is one line: what was sent, what came back, and what should have.
type row struct {
	sent    string
	outcome string
	reason  string
	article string
	took    time.Duration
	right   bool
}

func (t *table) section(title string) {
	fmt.Fprintf(t.out, "\n%s\n", title)
	for _, c := range columns {
		fmt.Fprint(t.out, pad(c.title, c.cells), "  ")
	}
	fmt.Fprintln(t.out)
	for _, c := range columns {
		fmt.Fprint(t.out, strings.Repeat("─", c.cells), "  ")
	}
	fmt.Fprintln(t.out)
}

func (t *table) add(r row) {
	t.rows++
	mark := "✓"
	if !r.right {
		t.wrong++
		mark = "✗ not what the rules say"
	}
	ms := ""
	if r.took > 0 {
		ms = fmt.Sprint(r.took.Milliseconds())
	}
	for i, cell := range []string{r.sent, r.outcome, r.reason, r.article, ms} {
		fmt.Fprint(t.out, pad(cell, columns[i].cells), "  ")
	}
	fmt.Fprintln(t.out, mark)
}

func (t *table) note(text string) { fmt.Fprintf(t.out, "\n%s\n", text) }

// pad fills or cuts s to so many terminal cells; East Asian wide runes take two.
func pad(s string, cells int) string {
	var b strings.Builder
	used := 0
	for _, r := range s {
		w := 1
		if k := width.LookupRune(r).Kind(); k == width.EastAsianWide || k == width.EastAsianFullwidth {
			w = 2
		}
		if used+w > cells {
			break
		}
		b.WriteRune(r)
		used += w
	}
	return b.String() + strings.Repeat(" ", cells-used)
}
