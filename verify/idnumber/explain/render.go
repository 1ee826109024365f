package explain

import (
	"bufio"
	"io"
	"strings"

	"realname/verify/idnumber"
)

const indent = "  "

var marks = map[idnumber.Outcome]string{
	idnumber.Absent: " ", idnumber.Passed: "✓", idnumber.Failed: "✗", idnumber.Warning: "!", idnumber.NotExecuted: "–",
}

// Render writes the explanation for a monospaced terminal: the number, and under it each part with its characters marked.
func (x Explanation) Render(w io.Writer) error {
	out := bufio.NewWriter(w) // keeps the first error for Flush
	write := func(parts ...string) {
		for _, p := range parts {
			_, _ = out.WriteString(p)
		}
	}
	colon := texts().Labels["colon"].In(x.Lang)
	write(x.Title, " (", string(x.Kind), ")", colon, x.Verdict, "\n\n")
	lines := strings.Split(x.Number, "\n")
	margin := 0
	for _, line := range lines {
		margin = max(margin, columnsOf(line))
	}
	start := 0
	for _, line := range lines {
		write(indent, line, "\n")
		end := start + len([]rune(line))
		for _, s := range x.Segments {
			if s.Start < s.End && s.Start >= start && s.Start <= end {
				x.writeSegment(write, s, marker(x.Number, start, s, margin), margin)
			}
		}
		start = end + 1
	}
	write("\n")
	for _, s := range x.Segments {
		if s.Start == s.End && s.Code != idnumber.CodeNotReached {
			x.writeSegment(write, s, "", 0)
		}
	}
	x.writeTold(write)
	write("\n", x.Advice, "\n")
	return out.Flush()
}

func (x Explanation) writeSegment(write func(...string), s Segment, marker string, margin int) {
	write(indent, marker)
	if marker != "" {
		write(indent)
	}
	write(marks[s.Outcome], " ", s.Name)
	if s.Meaning != "" {
		write(texts().Labels["colon"].In(x.Lang), s.Meaning)
	}
	write("\n")
	if s.Judgement == "" {
		return
	}
	if margin > 0 {
		margin += len(indent)
	}
	write(indent, strings.Repeat(" ", margin), indent, "→ ", s.Judgement, "\n")
}

func (x Explanation) writeTold(write func(...string)) {
	if len(x.Told) == 0 {
		return
	}
	heading := "tells"
	if x.Status == idnumber.Invalid {
		heading = "would_tell"
	}
	write("\n", texts().Labels[heading].In(x.Lang), "\n")
	label := 0
	for _, t := range x.Told {
		label = max(label, columnsOf(t.Label))
	}
	for _, t := range x.Told {
		write(indent, t.Label, strings.Repeat(" ", label-columnsOf(t.Label)), indent, t.Text, "\n")
	}
}

// marker is carets under the characters of a segment, filled up to the margin. start is where the line begins.
func marker(number string, start int, s Segment, margin int) string {
	var b strings.Builder
	for i, c := range []rune(number)[start:] {
		if start+i >= s.End || c == '\n' {
			break
		}
		sign := " "
		if start+i >= s.Start {
			sign = "^"
		}
		b.WriteString(strings.Repeat(sign, columns(c)))
	}
	return b.String() + strings.Repeat(" ", max(0, margin-b.Len()))
}

func columnsOf(s string) int {
	n := 0
	for _, c := range s {
		n += columns(c)
	}
	return n
}
