package calendar

import (
	"errors"
	"testing"
	"time"
)

func TestDue(t *testing.T) {
	for _, c := range []struct {
		from        string
		n           int
		working     bool
		due         string
		provisional bool
	}{
		{"2026-12-01", 15, false, "2026-12-16", false},
		{"2026-09-12", 15, false, "2026-09-28", false}, // 27 September is the Mid-Autumn holiday
		{"2026-09-16", 15, false, "2026-10-08", false}, // within the National Day week
		{"2026-09-24", 1, true, "2026-09-28", false},   // three days off
		{"2026-09-18", 2, true, "2026-09-21", false},   // Sunday the 20th is worked
		{"2026-02-13", 2, true, "2026-02-24", false},   // Saturday the 14th is worked, then nine days off
		{"2026-12-28", 5, true, "2027-01-04", true},    // nobody knows the days off of 2027
		{"2026-12-31", 15, false, "2027-01-15", true},
		{"2026-12-01", 0, false, "2026-12-01", false},
	} {
		due, provisional, err := Builtin().Due(c.from, c.n, c.working)
		if due != c.due || provisional != c.provisional || err != nil {
			t.Errorf("%d days (working %t) from %s: %s, %t, %v; want %s, %t", c.n, c.working, c.from, due, provisional, err, c.due, c.provisional)
		}
	}
	for _, from := range []string{"", "2026-02-30", "tomorrow"} {
		if _, _, err := Builtin().Due(from, 1, true); !errors.Is(err, ErrCalendar) {
			t.Errorf("from %q: %v", from, err)
		}
	}
	if _, _, err := Builtin().Due("2026-12-01", 1_000_000, false); !errors.Is(err, ErrCalendar) {
		t.Errorf("a million days: %v", err)
	}
}

// A year has about 250 working days, whatever a notice moves: each day off that is taken from the week is told or worked back.
func TestBuiltinYears(t *testing.T) {
	for _, year := range []int{2024, 2025, 2026} {
		worked := 0
		for d := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC); d.Year() == year; d = d.AddDate(0, 0, 1) {
			is, known := Builtin().Working(d.Format(time.DateOnly))
			if !known {
				t.Fatalf("%d is not known", year)
			}
			if is {
				worked++
			}
		}
		if worked < 247 || worked > 252 {
			t.Errorf("%d working days in %d", worked, year)
		}
	}
	for date, d := range Builtin().days {
		day, _ := time.Parse(time.DateOnly, date)
		if weekend := day.Weekday() == time.Saturday || day.Weekday() == time.Sunday; d.Working && !weekend {
			t.Errorf("%s is in the week and told as worked", date)
		}
	}
}

// An operator's rows stand over the built-in ones, and make a year known.
func TestOwnDays(t *testing.T) {
	days, err := Read([]byte("- {year: 2027, source: notice, off: [2027-01-01..2027-01-03], work: [2027-01-09]}\n"))
	if err != nil {
		t.Fatal(err)
	}
	c := Builtin().With(days)
	if due, provisional, err := c.Due("2026-12-31", 6, true); due != "2027-01-09" || provisional || err != nil {
		t.Errorf("%s %t %v", due, provisional, err)
	}
	if _, known := Builtin().Working("2027-01-04"); known {
		t.Error("the built-in calendar learned of it")
	}
	for _, bad := range []string{
		"- {year: 2027, off: [2027-01-01]}", "- {year: 2027, source: x, off: [2026-01-01]}", "- {year: 2027, source: x, off: [2027-01-03..2027-01-01]}",
		"- {year: 2027, source: x, off: [2027-01-01], work: [2027-01-01]}", "- {year: 2027, source: x, of: []}", "{", "- {year: 2027, source: x, off: [2027-02-29]}",
	} {
		if _, err := Read([]byte(bad)); !errors.Is(err, ErrCalendar) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
