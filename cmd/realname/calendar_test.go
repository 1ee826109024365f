package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

func TestCalendar(t *testing.T) {
	flag, _ := carrier(t, 0)
	var out bytes.Buffer
	k := &kong.Context{Kong: &kong.Kong{Stdout: &out}}
	due := calendarDueCmd{configFlag: flag, From: "2026-12-31", Days: 3, Working: true}
	if err := due.Run(t.Context(), k); err != nil || !strings.HasPrefix(out.String(), "2027-01-05 (provisional") {
		t.Errorf("%s %v", out.String(), err)
	}
	out.Reset()
	load := calendarLoadCmd{configFlag: flag, File: file(t, "2027.yaml", "- {year: 2027, source: notice, off: [2027-01-01..2027-01-04], work: [2027-01-09]}\n")}
	if err := load.Run(t.Context(), k); err != nil || out.String() != "5 days\n" {
		t.Errorf("%s %v", out.String(), err)
	}
	out.Reset()
	if err := due.Run(t.Context(), k); err != nil || out.String() != "2027-01-07\n" {
		t.Errorf("%s %v", out.String(), err)
	}
	load.File = file(t, "bad.yaml", "- {year: 2027, source: notice, off: [2026-01-01]}\n")
	if err := load.Run(t.Context(), k); err == nil {
		t.Error("a day of another year was taken")
	}
}
