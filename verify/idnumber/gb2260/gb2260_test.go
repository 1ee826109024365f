package gb2260

import (
	"slices"
	"testing"
	"unsafe"
)

func TestStanding(t *testing.T) {
	for _, c := range []struct {
		why  string
		code Code
		year int
		want Standing
	}{
		{"in force from the first list on", 110105, 1990, InForce},
		{"born before the first list", 110105, 1949, InForce},
		{"born long before any list, code of 1983", 440524, 1880, CreatedLater},
		{"Chongwen, abolished 2010: the year of change", 110103, 2010, InForce},
		{"Chongwen, the year after", 110103, 2011, Abolished},
		{"Linping, created 2021: the year before", 330113, 2020, CreatedLater},
		{"Linping, the year of change", 330113, 2021, InForce},
		{"Xiacheng, merged away in 2021", 330103, 2021, InForce},
		{"Xiacheng, born after", 330103, 2022, Abolished},
		{"between two periods: registered late under the second", 429001, 1992, CreatedLater},
		{"after the second period", 429001, 2001, Abolished},
		{"any year asked", 110103, 0, InForce},
		{"aggregate 市辖区", 130101, 1990, InForce},
		{"aggregate 市区 of the 1980 edition", 140120, 1975, InForce},
		{"aggregate 市区, long abolished", 140120, 1990, Abolished},
		{"made by the police, seen on cards", 320219, 1985, InForce},
		{"made by the police, seen on cards", 632825, 2010, InForce},
		{"city without counties", 441900, 1995, InForce},
		{"city without counties", 442000, 1995, InForce},
		{"city without counties", 460400, 2016, InForce},
		{"city without counties", 620200, 1995, InForce},
		{"city without counties, until 1994", 420400, 1985, InForce},
		{"hosts counties", 110100, 1995, NotCounty},
		{"a province", 110000, 1995, NotCounty},
		{"a prefecture that never was", 119900, 1995, NotCounty},
		{"a county that never was", 110199, 1995, Unknown},
		{"listed by a peer, never in a list", 421085, 1995, Unknown},
		{"Taiwan has a code and no numbers", 710000, 1995, Unassigned},
		{"Hong Kong is a permit", 810000, 1995, Unassigned},
		{"no such province", 160101, 1995, Unassigned},
		{"no such province", 1, 1995, Unassigned},
		{"not six digits", 1_000_000, 1995, Unassigned},
		{"far beyond", 4_294_967_295, 1995, Unassigned},
	} {
		if got := Default().Standing(c.code, c.year); got != c.want {
			t.Errorf("%s: Standing(%v, %d) = %d, want %d", c.why, c.code, c.year, got, c.want)
		}
	}
}

func TestNames(t *testing.T) {
	for _, c := range []struct {
		code Code
		year int
		name string
		full string
	}{
		{110105, 1990, "朝阳区", "北京市朝阳区"},
		{430102, 1981, "城东区", "湖南省长沙市城东区"},
		{430102, 1983, "东区", "湖南省长沙市东区"}, // the year of change: the list of 31 December
		{430102, 1990, "东区", "湖南省长沙市东区"},
		{430102, 2020, "芙蓉区", "湖南省长沙市芙蓉区"},
		{429001, 1992, "随州市", "湖北省随州市"},
		{440524, 1880, "潮阳县", "广东省汕头市潮阳县"},
		{441900, 1990, "东莞市", "广东省东莞市"},
		{320219, 1985, "", "江苏省无锡市"},
		{999999, 1985, "", ""},
		{4_294_967_295, 1985, "", ""},
	} {
		if got := Default().Name(c.code, c.year); got != c.name {
			t.Errorf("Name(%v, %d) = %q, want %q", c.code, c.year, got, c.name)
		}
		if got := Default().FullName(c.code, c.year); got != c.full {
			t.Errorf("FullName(%v, %d) = %q, want %q", c.code, c.year, got, c.full)
		}
	}
}

// Counts pin the table: a change of the lists must be a change of this test.
func TestTable(t *testing.T) {
	table := Default()
	codes := map[Code]bool{}
	now, want := 0, [3]int{8053, 7193, 3141}
	for i := range table.Len() {
		code := table.At(i)
		if !codes[code] && table.Standing(code, 2025) == InForce {
			now++
		}
		codes[code] = true
	}
	if got := [3]int{table.Len(), len(codes), now}; got != want {
		t.Errorf("entries, codes, codes in force in 2025 = %v, want %v", got, want)
	}
}

// The embedded text counts, for the names lie in it.
func TestTableIsSmall(t *testing.T) {
	table := Default()
	memory := len(table.text) + len(table.own) + cap(table.entries)*int(unsafe.Sizeof(entry{})) + cap(table.starts)*2 +
		cap(table.blocks)*int(unsafe.Sizeof(block{})) + int(unsafe.Sizeof(*table))
	t.Logf("%d bytes", memory)
	if memory > 400_000 {
		t.Errorf("the table takes %d bytes, more than 400 KB", memory)
	}
}

// The index by blocks answers as a search of all entries does, for every six digits.
func TestIndexFindsWhatASearchFinds(t *testing.T) {
	table := Default()
	i := 0
	for code := Code(0); code <= 1_000_000; code++ {
		start := i
		for i < len(table.entries) && table.entries[i].code == code {
			i++
		}
		if got := table.periods(code); !slices.Equal(got, table.entries[start:i]) {
			t.Fatalf("periods(%v) = %v, want %v", code, got, table.entries[start:i])
		}
	}
}

func TestStandingDoesNotAllocate(t *testing.T) {
	table := Default()
	if n := testing.AllocsPerRun(100, func() { table.Standing(110105, 1990); table.Standing(110199, 1990); table.Name(430102, 1990) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkStanding(b *testing.B) {
	table := Default()
	b.ReportAllocs()
	for b.Loop() {
		if table.Standing(440524, 1985) != InForce {
			b.Fatal("not in force")
		}
	}
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(embedded); err != nil {
			b.Fatal(err)
		}
	}
}
