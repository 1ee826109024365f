package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"time"

	"realname/verify/idnumber"
)

// tally counts answers by status and reason.
type tally struct {
	began    time.Time
	total    int64
	counts   [int(idnumber.Valid) + 1][256]int64 // by status and reason
	bad      int64
	firstBad int64 // which answer, from 1
}

func newTally(began time.Time) *tally { return &tally{began: began} }

func (t *tally) count(status idnumber.Status, reason idnumber.Code) {
	t.total++
	t.counts[status][reason]++
}

func (t *tally) countBad() {
	t.total++
	t.bad++
	if t.firstBad == 0 {
		t.firstBad = t.total
	}
}

func (t *tally) of(status idnumber.Status) int64 {
	var n int64
	for _, count := range t.counts[status] {
		n += count
	}
	if status == idnumber.Invalid {
		n += t.bad
	}
	return n
}

type reasonCount struct {
	reason string
	n      int64
}

// write gives the counts, the most frequent reason first.
func (t *tally) write(w io.Writer, now time.Time) error {
	out := bufio.NewWriter(w) // keeps the first error for Flush
	printf := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format, args...) }
	elapsed := now.Sub(t.began).Seconds()
	printf("%d numbers in %.1f s", t.total, elapsed)
	if elapsed > 0 {
		printf(", %.0f a second", float64(t.total)/elapsed)
	}
	printf("\n")
	for _, status := range []idnumber.Status{idnumber.Valid, idnumber.Suspicious, idnumber.Invalid} {
		printf("  %-11s %10d\n", status, t.of(status))
		var reasons []reasonCount
		for code, n := range t.counts[status] {
			if n > 0 && code != int(idnumber.NoCode) {
				reasons = append(reasons, reasonCount{idnumber.Code(code).String(), n})
			}
		}
		if status == idnumber.Invalid && t.bad > 0 {
			reasons = append(reasons, reasonCount{fmt.Sprintf("%s, first in answer %d", reasonBadInput, t.firstBad), t.bad})
		}
		slices.SortStableFunc(reasons, func(a, b reasonCount) int { return cmp.Compare(b.n, a.n) })
		for _, r := range reasons {
			printf("  %-11s %10d  %s\n", "", r.n, r.reason)
		}
	}
	return out.Flush()
}

// numbersFound is the error of --fail-on: every line was answered, and some numbers are as the flag says.
type numbersFound struct {
	n    int64
	what string
}

func (e numbersFound) Error() string { return fmt.Sprintf("%d of the numbers are %s", e.n, e.what) }

// ExitCode tells this from an error of reading or writing.
func (numbersFound) ExitCode() int { return 2 }

// verdict is nil unless --fail-on asks for an error.
func (t *tally) verdict(failOn string) error {
	found := numbersFound{t.of(idnumber.Invalid), "invalid"}
	switch failOn {
	case "invalid":
	case "suspicious":
		found.n += t.of(idnumber.Suspicious)
		found.what = "suspicious or invalid"
	default:
		return nil
	}
	if found.n == 0 {
		return nil
	}
	return found
}
