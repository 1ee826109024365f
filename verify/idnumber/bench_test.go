package idnumber

import (
	"testing"
	"time"
)

func TestCheckDoesNotAllocate(t *testing.T) {
	for why, c := range map[string]struct {
		kind Kind
		raw  string
	}{
		"valid":      {ResidentID, "11010519491231002X"},
		"folded":     {ResidentID, " １１０１０５-19491231002ｘ"},
		"legacy":     {ResidentID, "610104620927690"},
		"suspicious": {ResidentID, with("11019919900101000")},
		"invalid":    {ResidentID, "110105194912310021"},
		"garbage":    {ResidentID, "\xff\xff"},
		"permit":     {ResidencePermit, "810000199408230021"},
		"kind":       {"loyalty_card", "1"},
	} {
		sink := Result{}
		if n := testing.AllocsPerRun(100, func() { sink = Check(c.kind, c.raw, on) }); n != 0 {
			t.Errorf("%s: %v allocations (%v)", why, n, sink)
		}
	}
}

// floor is the same judgement by hand for an 18-character number and nothing else: no folding, no findings, no area.
func floor(s string, on Date) bool {
	if len(s) != 18 {
		return false
	}
	sum := 0
	for i := range 17 {
		c := s[i] - '0'
		if c > 9 {
			return false
		}
		sum += int(c) * int(mod112Weights[i])
	}
	if s[17] != mod112Chars[sum%11] {
		return false
	}
	year := uint16(s[6]-'0')*1000 + uint16(s[7]-'0')*100 + uint16(s[8]-'0')*10 + uint16(s[9]-'0')
	birth := Date{year, (s[10]-'0')*10 + s[11] - '0', (s[12]-'0')*10 + s[13] - '0'}
	return birth.Valid() && !on.Before(birth)
}

// BenchmarkCheck reports the whole check as a multiple of the floor measured in the same run.
func BenchmarkCheck(b *testing.B) {
	const raw = "11010519491231002X"
	const floorRuns = 1 << 20
	start, passed := time.Now(), 0
	for range floorRuns {
		if floor(raw, on) {
			passed++
		}
	}
	perFloor := float64(time.Since(start).Nanoseconds()) / floorRuns
	if passed != floorRuns {
		b.Fatal("the floor refuses")
	}
	b.ReportAllocs()
	b.ResetTimer()
	for b.Loop() {
		if r := Check(ResidentID, raw, on); r.Status != Valid {
			b.Fatal(r)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/perFloor, "x-floor")
	b.ReportMetric(perFloor, "floor-ns")
}
