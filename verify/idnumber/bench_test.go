package idnumber

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	idvalidator "github.com/guanguans/id-validator"

	"realname/verify/idnumber/gb2260"
)

// benchNumber gives a number of the kind that belongs to nobody, or that the kind's generator makes.
func benchNumber(tb testing.TB, kind Kind, seed uint64) string {
	tb.Helper()
	g := Generator{Rand: rand.New(rand.NewPCG(seed, 0)), On: on}
	raw, err := g.Next(kind)
	if err != nil {
		tb.Fatal(kind, err)
	}
	return raw
}

// misprinted changes the last digit or letter of a number for another of its sort.
func misprinted(raw string) string {
	b := []byte(raw)
	for i := len(b) - 1; i >= 0; i-- {
		switch c := b[i]; {
		case c-'0' < 9, c-'A' < 'Z'-'A':
			b[i]++
			return string(b)
		case c == '9', c == 'Z':
			b[i] -= 9
			return string(b)
		}
	}
	return ""
}

func TestCheckDoesNotAllocate(t *testing.T) {
	for _, kind := range append(Kinds(), "loyalty_card") {
		raws := append([]string{"", "\xff\xff", "000000000000000000"}, writings[kind]...)
		if kind.profile() != nil {
			valid := benchNumber(t, kind, 1)
			raws = append(raws, valid, misprinted(valid))
		}
		for _, raw := range raws {
			sink := Result{}
			if n := testing.AllocsPerRun(100, func() { sink = Check(kind, raw, on) }); n != 0 {
				t.Errorf("%s %q: %v allocations (%v)", kind, raw, n, sink)
			}
		}
	}
}

// inForce is the years in which the floor knows a code, from its first to its last period.
type inForce struct{ from, to uint16 }

// floorTable is what one writes without thought for anything else: a map.
func floorTable() map[uint32]inForce {
	table := map[uint32]inForce{}
	for code := range gb2260.Default().Codes() {
		periods := gb2260.Default().Periods(code)
		s := inForce{uint16(periods[0].From), uint16(periods[len(periods)-1].To)}
		if s.to == 0 {
			s.to = 9999
		}
		if s.from <= 1980 {
			s.from = 1
		}
		table[uint32(code)] = s
	}
	return table
}

// floor is the same judgement by hand for the bare 18 characters and nothing else: digits, MOD 11-2, a day of the
// calendar that is not in the future, the division code in the year of birth. No folding, no findings, no canonical form.
func floor(table map[uint32]inForce, s string, on Date) bool {
	code, year, ok := floorDigits(s, on)
	if !ok {
		return false
	}
	known := table[code]
	return known.from <= year && year <= known.to
}

// arrayFloor is the floor with the fastest look-up there is, 4 MB large: an array over all six digits.
func arrayFloor(table *[1_000_000]inForce, s string, on Date) bool {
	code, year, ok := floorDigits(s, on)
	return ok && table[code].from <= year && year <= table[code].to
}

func floorDigits(s string, on Date) (code uint32, year uint16, ok bool) {
	if len(s) != 18 {
		return 0, 0, false
	}
	sum := uint32(0)
	for i := range 17 {
		c := uint32(s[i] - '0')
		if c > 9 {
			return 0, 0, false
		}
		sum += c * mod112Weights[i]
		if i < 6 {
			code = code*10 + c
		}
	}
	if s[17] != mod112Chars[sum%11] {
		return 0, 0, false
	}
	year = uint16(s[6]-'0')*1000 + uint16(s[7]-'0')*100 + uint16(s[8]-'0')*10 + uint16(s[9]-'0')
	birth := Date{year, (s[10]-'0')*10 + s[11] - '0', (s[12]-'0')*10 + s[13] - '0'}
	return code, year, birth.Valid() && !on.Before(birth)
}

// benchmarkNumbers are valid for all three that are compared.
func benchmarkNumbers(b *testing.B, table map[uint32]inForce) []string {
	b.Helper()
	var numbers []string
	for seed := uint64(0); len(numbers) < 64; seed++ {
		raw := benchNumber(b, ResidentID, seed)
		if floor(table, raw, on) && idvalidator.IsValid(raw, true) {
			numbers = append(numbers, raw)
		}
		if seed == 10_000 {
			b.Fatalf("only %d numbers pass the floor and the peer", len(numbers))
		}
	}
	return numbers
}

// BenchmarkCheck compares Check with the floors and with guanguans/id-validator on the same valid numbers, turn by turn, so
// that a busy machine slows all of them. The metrics are medians of the turns' ratios.
func BenchmarkCheck(b *testing.B) {
	table := floorTable()
	numbers := benchmarkNumbers(b, table)
	array := &[1_000_000]inForce{}
	for code, years := range table {
		array[code] = years
	}
	passed := 0
	turn := func(repeat int, judge func(string) bool) float64 {
		start := time.Now()
		for i := range repeat {
			if judge(numbers[i%len(numbers)]) {
				passed++
			}
		}
		return float64(time.Since(start).Nanoseconds()) / float64(repeat)
	}
	check := func(raw string) bool { r := Check(ResidentID, raw, on); return r.Status == Valid }
	byHand := func(raw string) bool { return floor(table, raw, on) }
	byArray := func(raw string) bool { return arrayFloor(array, raw, on) }
	peer := func(raw string) bool { return idvalidator.IsValid(raw, true) }
	const turns, ours, theirs = 100, 1 << 12, 1 << 4
	var floors, arrayFloors, peers []float64
	for range turns {
		own := turn(ours, check)
		floors = append(floors, own/turn(ours, byHand))
		arrayFloors = append(arrayFloors, own/turn(ours, byArray))
		peers = append(peers, turn(theirs, peer)/own)
	}
	if want := turns * (3*ours + theirs); passed != want {
		b.Fatalf("%d of %d judgements passed", passed, want)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if r := Check(ResidentID, numbers[i%len(numbers)], on); r.Status != Valid {
			b.Fatal(r)
		}
	}
	b.ReportMetric(median(floors), "x-floor")
	b.ReportMetric(median(arrayFloors), "x-array-floor")
	b.ReportMetric(median(peers), "x-faster-than-peer")
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// BenchmarkKinds is one generated number of every kind.
func BenchmarkKinds(b *testing.B) {
	for _, kind := range Kinds() {
		raw := benchNumber(b, kind, 1)
		b.Run(string(kind), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if r := Check(kind, raw, on); r.Status == Invalid {
					b.Fatal(r)
				}
			}
		})
	}
}
