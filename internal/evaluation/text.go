package evaluation

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// WriteText writes the tables for a terminal.
func (s Summary) WriteText(w io.Writer) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%d items, %d not executed; answered by %s.\n", s.Items, s.NotExecuted, strings.Join(s.Pipelines, ", "))
	fmt.Fprintf(&b, "Brackets are exact %.0f %% intervals (Clopper–Pearson), in percent.\n", 100*Confidence)
	if len(s.UnknownLabels) > 0 {
		names := make([]string, len(s.UnknownLabels))
		for i, l := range s.UnknownLabels {
			names[i] = labelText(l)
		}
		fmt.Fprintf(&b, "Labels that promise nothing, counted but not judged: %s. Known are %s.\n", strings.Join(names, ", "), strings.Join(Labels(), ", "))
	}
	s.matrixText(&b)
	rowsText(&b, "expected", false, s.Families)
	rowsText(&b, "label", false, s.Labels)
	rowsText(&b, "label", true, s.Sources)
	s.claimsText(&b)
	s.timesText(&b)
	_, err := w.Write(b.Bytes())
	return err
}

// grid starts a table with an empty line before it; its cells are ended by tabs.
func grid(b *bytes.Buffer, head ...string) *tabwriter.Writer {
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "\n%s\t\n", strings.Join(head, "\t"))
	return t
}

func (s Summary) matrixText(b *bytes.Buffer) {
	head := []string{"label \\ class"}
	for _, c := range s.Classes {
		head = append(head, string(c))
	}
	t := grid(b, head...)
	for _, row := range s.Labels {
		fmt.Fprintf(t, "%s\t", labelText(row.Label))
		for _, class := range s.Classes {
			cell := s.Matrix[row.Label][class]
			text := "·"
			if n := cell.Total(); n > 0 {
				var parts []string
				for _, v := range verdicts {
					if cell[v] > 0 {
						parts = append(parts, fmt.Sprintf("%d %s", cell[v], v))
					}
				}
				if cell[""] > 0 {
					parts = append(parts, fmt.Sprintf("%d not executed", cell[""]))
				}
				text = strings.Join(parts, ", ")
			}
			fmt.Fprintf(t, "%s\t", text)
		}
		fmt.Fprintln(t)
	}
	t.Flush()
}

func rowsText(b *bytes.Buffer, title string, sources bool, rows []Row) {
	head := []string{title}
	if sources {
		head = append(head, "source")
	}
	t := grid(b, append(head, "items", "accepted", "review", "rejected", "class right", "verdict right")...)
	for _, r := range rows {
		fmt.Fprintf(t, "%s\t", labelText(r.Label))
		if sources {
			fmt.Fprintf(t, "%s\t", r.Source)
		}
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%s\t%s\t\n", r.Items, rateText(r.Accept), rateText(r.Review), rateText(r.Reject), rateText(r.ClassRight), rateText(r.VerdictRight))
	}
	t.Flush()
}

func (s Summary) claimsText(b *bytes.Buffer) {
	if len(s.Claims) == 0 {
		return
	}
	t := grid(b, "label", "number agrees", "disagrees", "unreadable", "not compared", "name agrees", "disagrees", "unreadable", "not compared")
	for _, c := range s.Claims {
		fmt.Fprintf(t, "%s\t%s\t", labelText(c.Label), rateText(c.NumberAgrees))
		for _, a := range agreements[1:] {
			fmt.Fprintf(t, "%d\t", c.Number[a])
		}
		fmt.Fprintf(t, "%s\t", rateText(c.NameAgrees))
		for _, a := range agreements[1:] {
			fmt.Fprintf(t, "%d\t", c.Name[a])
		}
		fmt.Fprintln(t)
	}
	t.Flush()
}

func (s Summary) timesText(b *bytes.Buffer) {
	t := grid(b, "time in the worker", "items", "p50 ms", "p90 ms", "p99 ms", "p50, p90, p99 ÷ OpenCV's decode")
	for i, times := range s.Times {
		label := labelText(times.Label)
		if i == 0 {
			label = "all"
		}
		ratio := "not_executed"
		if times.Decoded > 0 {
			ratio = fmt.Sprintf("%.2f, %.2f, %.2f of %d", times.Ratio[0], times.Ratio[1], times.Ratio[2], times.Decoded)
		}
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%s\t%s\t\n", label, times.Of, milliseconds(times.P50), milliseconds(times.P90), milliseconds(times.P99), ratio)
	}
	t.Flush()
}
