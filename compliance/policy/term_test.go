package policy

import (
	"testing"
	"time"
)

func TestTermEndsWithItsLastCivilDay(t *testing.T) {
	for _, c := range []struct {
		anchor string
		years  int
		want   string
	}{
		{"2021-12-01T12:00:00+08:00", 5, "2026-12-02T00:00:00+08:00"},
		{"2021-12-01T00:00:00+08:00", 5, "2026-12-02T00:00:00+08:00"},
		{"2021-12-01T23:59:59+08:00", 5, "2026-12-02T00:00:00+08:00"},
		{"2021-11-30T16:00:00Z", 5, "2026-12-02T00:00:00+08:00"}, // already December in Shanghai
		{"2021-11-30T15:59:59Z", 5, "2026-12-01T00:00:00+08:00"},
		{"2024-02-29T10:00:00+08:00", 2, "2026-03-01T00:00:00+08:00"}, // February has no 29th then: its last day ends the term
		{"2024-02-29T10:00:00+08:00", 4, "2028-03-01T00:00:00+08:00"},
		{"2023-12-31T10:00:00+08:00", 10, "2034-01-01T00:00:00+08:00"},
	} {
		anchor, err := time.Parse(time.RFC3339, c.anchor)
		if err != nil {
			t.Fatal(err)
		}
		if got := TermEnd(anchor, c.years).In(china).Format(time.RFC3339); got != c.want {
			t.Errorf("%d years from %s end at %s, want %s", c.years, c.anchor, got, c.want)
		}
	}
}
