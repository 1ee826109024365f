package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"

	"realname/verify/idnumber"
)

func generateText(t *testing.T, c numberGenerateCmd) (out, notes string) {
	t.Helper()
	var made, said bytes.Buffer
	to := testConsole(nil, &made)
	to.notes = &said
	if err := c.run(t.Context(), to); err != nil {
		t.Fatal(err)
	}
	return made.String(), said.String()
}

var seedOne = uint64(1)

// What generate makes, check must read in both formats and find valid, for every kind.
func TestNumberGenerateIsChecked(t *testing.T) {
	const count = 50
	for _, kind := range idnumber.Kinds() {
		for _, format := range []string{"ndjson", "csv"} {
			made, _ := generateText(t, numberGenerateCmd{Kind: string(kind), Count: count, Seed: &seedOne, Format: format})
			_, notes, err := checkWith(t, made, "--format", format, "--fail-on", "suspicious", "--summary", "--on", "2026-11-22")
			if err != nil || !strings.HasPrefix(notes, "50 numbers") {
				t.Errorf("%s, %s: %v, %s", kind, format, err, notes)
			}
		}
	}
}

func TestNumberGenerateWarns(t *testing.T) {
	for _, kind := range idnumber.Kinds() {
		_, notes := generateText(t, numberGenerateCmd{Kind: string(kind), Count: 1, Seed: &seedOne, Format: "text"})
		if warned := strings.Contains(notes, "may exist"); warned == idnumber.NeverIssued(kind) {
			t.Errorf("%s: %q", kind, notes)
		}
	}
}

// The help names every kind of which generate makes numbers that belong to nobody, and keeps the indent of its examples.
func TestNumberGenerateHelp(t *testing.T) {
	help := (&numberGenerateCmd{}).Help()
	_, promise, _ := strings.Cut(help, "never issued")
	promise, _, _ = strings.Cut(promise, "Of the other kinds")
	for _, kind := range idnumber.Kinds() {
		if named := regexp.MustCompile(`\b` + string(kind) + `\b`).MatchString(promise); named != idnumber.NeverIssued(kind) {
			t.Errorf("the help says that %s is never issued: %v", kind, named)
		}
	}
	if strings.TrimSpace(help) != help { // kong trims it, and the first example with it
		t.Errorf("the help begins with %q", help[:10])
	}
}

func TestNumberGenerateSeed(t *testing.T) {
	c := numberGenerateCmd{Kind: "resident_id", Count: 20, Seed: &seedOne, Format: "text"}
	first, notes := generateText(t, c)
	if again, _ := generateText(t, c); again != first || strings.Count(first, "\n") != 20 || notes != "" {
		t.Errorf("the same seed gives %q, then %q, and says %q", first, again, notes)
	}
	c.Seed = nil
	one, notes := generateText(t, c)
	if two, _ := generateText(t, c); one == two || !strings.Contains(notes, "--seed ") || !strings.Contains(notes, "--on 2026-11-22") {
		t.Errorf("without a seed: %q twice, or the seed is not told: %q", one, notes)
	}
}

func TestNumberGenerateErrors(t *testing.T) {
	for _, c := range []struct {
		why string
		cmd numberGenerateCmd
	}{
		{"a kind that is none", numberGenerateCmd{Kind: "x", Count: 1}},
		{"fewer than none", numberGenerateCmd{Kind: "resident_id", Count: -1}},
		{"too many", numberGenerateCmd{Kind: "resident_id", Count: maxGenerated + 1}},
		{"no date", numberGenerateCmd{Kind: "resident_id", Count: 1, On: "today"}},
		{"a day before any birth", numberGenerateCmd{Kind: "resident_id", Count: 1, On: "0050-01-01"}},
	} {
		if err := c.cmd.run(t.Context(), testConsole(nil, io.Discard)); err == nil {
			t.Errorf("%s: no error", c.why)
		}
	}
	c := numberGenerateCmd{Kind: "resident_id", Count: 100_000, Seed: &seedOne}
	if err := c.run(t.Context(), testConsole(nil, fullDisk{})); err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("a write error gives %v", err)
	}
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	if err := c.run(ctx, testConsole(nil, io.Discard)); err == nil || errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "interrupted") {
		t.Errorf("an interrupt gives %v", err)
	}
}
