package idnumber

import (
	"testing"

	"pgregory.net/rapid"
)

func day(t testing.TB, text string) Date {
	t.Helper()
	if text == "" {
		return Date{}
	}
	d, err := ParseDate(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// born composes the number of a woman that was never issued.
func born(birth Date) string { return with("110105" + birth.compact() + "000") }

func TestClaimsAgreeWithTheNumber(t *testing.T) {
	woman := born(Date{1990, 1, 1})
	outcome := func(o Outcome, c DocumentCode) DocumentFinding { return DocumentFinding{o, c} }
	passed, absent := outcome(Passed, NoDocumentCode), DocumentFinding{}
	for _, c := range []struct {
		why    string
		kind   Kind
		raw    string
		claims Claims
		part   DocumentPart
		want   DocumentFinding
	}{
		{"nothing claimed", ResidentID, woman, Claims{}, BirthClaim, absent},
		{"the birth of the number", ResidentID, woman, Claims{Birth: Date{1990, 1, 1}}, BirthClaim, passed},
		{"another day", ResidentID, woman, Claims{Birth: Date{1990, 1, 2}}, BirthClaim, outcome(Failed, BirthMismatch)},
		{"another century", ResidentID, woman, Claims{Birth: Date{1890, 1, 1}}, BirthClaim, outcome(Failed, BirthMismatch)},
		{"no day of the calendar", ResidentID, woman, Claims{Birth: Date{1990, 13, 1}}, BirthClaim, outcome(Failed, BirthMismatch)},
		{"a permit tells no birth", HKMOPermit, "H12345678", Claims{Birth: Date{1990, 1, 1}}, BirthClaim, outcome(NotExecuted, ClaimNotInNumber)},
		{"a broken number tells nothing", ResidentID, woman[:17], Claims{Birth: Date{1990, 1, 2}}, BirthClaim, outcome(NotExecuted, ClaimNotInNumber)},
		{"nor one with another check digit", ResidentID, "110105194912310021", Claims{Birth: Date{1990, 1, 2}}, BirthClaim, outcome(NotExecuted, ClaimNotInNumber)},
		{"ICAO Doc 9303 part 4, specimen", PassportMRZ, icaoTD3, Claims{Birth: Date{1974, 8, 12}}, BirthClaim, passed},
		{"two digits leave the century open", PassportMRZ, icaoTD3, Claims{Birth: Date{1874, 8, 12}}, BirthClaim, passed},
		{"another year of the century", PassportMRZ, icaoTD3, Claims{Birth: Date{1975, 8, 12}}, BirthClaim, outcome(Failed, BirthMismatch)},
		{"an old foreigner's card has two digits", ForeignPR, "KAZ110090123105", Claims{Birth: Date{1990, 12, 31}}, BirthClaim, passed},

		{"an even sequence is a woman's", ResidentID, woman, Claims{Sex: Female}, SexClaim, passed},
		{"and no man's", ResidentID, woman, Claims{Sex: Male}, SexClaim, outcome(Failed, SexMismatch)},
		{"a passport's number tells no sex", Passport, "L898902C3", Claims{Sex: Male}, SexClaim, outcome(NotExecuted, ClaimNotInNumber)},

		{"residents are citizens", ResidentID, woman, Claims{Nationality: State{'C', 'H', 'N'}}, NationalityClaim, passed},
		{"and no others", ResidentID, woman, Claims{Nationality: State{'U', 'S', 'A'}}, NationalityClaim, outcome(Failed, NationalityMismatch)},
		{"a resident of Hong Kong says so", ResidencePermit, "810000199408230021", Claims{Nationality: State{'H', 'K', 'G'}}, NationalityClaim, passed},
		{"a citizen's travel permit", HKMOPermit, "H12345678", Claims{Nationality: State{'H', 'K', 'G'}}, NationalityClaim, passed},
		{"a foreigner's travel permit", HKMOPermit, "HA1234567", Claims{Nationality: State{'G', 'B', 'R'}}, NationalityClaim, passed},
		{"is no citizen's", HKMOPermit, "HA1234567", Claims{Nationality: State{'C', 'H', 'N'}}, NationalityClaim, outcome(Failed, NationalityMismatch)},
		{"NIA notice of 2023-10, 398 is Kazakhstan", ForeignPR, "911398199012310021", Claims{Nationality: State{'K', 'A', 'Z'}}, NationalityClaim, passed},
		{"the number keeps the first nationality", ForeignPR, "911398199012310021", Claims{Nationality: State{'D', 'E', 'U'}}, NationalityClaim, outcome(Warning, NationalityMismatch)},
		{"the zone of another state's citizen", PassportMRZ, icaoTD3, Claims{Nationality: State{'D', 'E', 'U'}}, NationalityClaim, outcome(Failed, NationalityMismatch)},
		{"a passport's number tells no nationality", Passport, "L898902C3", Claims{Nationality: State{'D', 'E', 'U'}}, NationalityClaim, outcome(NotExecuted, ClaimNotInNumber)},
	} {
		r := Check(c.kind, c.raw, on)
		if got := r.CrossCheck(c.claims, on)[c.part]; got != c.want {
			t.Errorf("%s: %s %s, want %s %s", c.why, got.Outcome, got.Code, c.want.Outcome, c.want.Code)
		}
	}
}

func TestSameNation(t *testing.T) {
	for _, c := range []struct {
		why  string
		a, b string
		same bool
	}{
		{"one code", "FRA", "FRA", true},
		{"a passport of Hong Kong says CHN", "CHN", "HKG", true},
		{"classes of British nationals", "GBR", "GBN", true},
		{"two states", "FRA", "DEU", false},
		{"GAB is Gabon", "GBR", "GAB", false},
	} {
		if sameNation(ParseState(c.a), ParseState(c.b)) != c.same || sameNation(ParseState(c.b), ParseState(c.a)) != c.same {
			t.Errorf("%s: %s and %s", c.why, c.a, c.b)
		}
	}
}

func TestValidityDates(t *testing.T) {
	for _, c := range []struct {
		why      string
		from, to string
		long     bool
		want     DocumentCode
	}{
		{"within", "2020-01-01", "2030-01-01", false, NoDocumentCode},
		{"the first day counts", "2026-11-22", "2036-11-22", false, NoDocumentCode},
		{"the last day counts", "2016-11-22", "2026-11-22", false, NoDocumentCode},
		{"a day too late", "2016-11-21", "2026-11-21", false, DocumentExpired},
		{"the end alone", "", "2026-11-21", false, DocumentExpired},
		{"without end", "2010-01-01", "", true, NoDocumentCode},
		{"without end, whatever end stands there", "2010-01-01", "2011-01-01", true, NoDocumentCode},
		{"not yet", "2026-11-23", "2036-11-23", false, ValidityImpossible},
		{"ends before it begins", "2026-01-02", "2026-01-01", false, ValidityImpossible},
		{"issued before the birth", "1989-12-31", "2030-01-01", false, ValidityImpossible},
	} {
		number := Check(ResidentID, born(Date{1990, 1, 1}), on)
		f := number.CrossCheck(Claims{From: day(t, c.from), To: day(t, c.to), LongTerm: c.long}, on)[ValidityDates]
		if f.Code != c.want || (f.Outcome == Failed) != (c.want != NoDocumentCode) {
			t.Errorf("%s: %s %s", c.why, f.Outcome, f.Code)
		}
	}
}

// The dates are judged even when the number tells nothing, and the zone's own expiry without any claim.
func TestDatesStandByThemselves(t *testing.T) {
	for _, c := range []struct {
		why    string
		kind   Kind
		raw    string
		claims Claims
		want   DocumentCode
	}{
		{"no such kind", "library_card", "1", Claims{To: Date{2020, 1, 1}}, DocumentExpired},
		{"an invalid number", ResidentID, "1", Claims{To: Date{2020, 1, 1}}, DocumentExpired},
		{"ICAO Doc 9303 part 4, specimen of 2012", PassportMRZ, icaoTD3, Claims{}, DocumentExpired},
		{"issued before what may be the birth of a centenarian", ForeignPR, "KAZ110090123105", Claims{From: Date{1985, 1, 1}, To: Date{1995, 1, 1}}, DocumentExpired},
		{"and nothing else", PassportMRZ, icaoTD3, Claims{To: Date{2030, 1, 1}}, DocumentExpired},
	} {
		r := Check(c.kind, c.raw, on)
		if got := r.CrossCheck(c.claims, on)[ValidityDates]; got != (DocumentFinding{Failed, c.want}) {
			t.Errorf("%s: %s %s", c.why, got.Outcome, got.Code)
		}
	}
	then := Date{2010, 1, 1} // when the specimen was valid
	r := Check(PassportMRZ, icaoTD3, then)
	for _, c := range []struct {
		why    string
		claims Claims
		want   DocumentFinding
	}{
		{"the zone alone", Claims{}, DocumentFinding{Outcome: Passed}},
		{"the same end", Claims{To: Date{2012, 4, 15}}, DocumentFinding{Outcome: Passed}},
		{"another end", Claims{To: Date{2012, 4, 16}}, DocumentFinding{Failed, ExpiryMismatch}},
		{"no end", Claims{LongTerm: true}, DocumentFinding{Failed, ExpiryMismatch}},
	} {
		if got := r.CrossCheck(c.claims, then)[ValidityDates]; got != c.want {
			t.Errorf("%s: %s %s", c.why, got.Outcome, got.Code)
		}
	}
}

// Article 5 of the resident-ID law.
func TestValidityTermByAgeAtIssue(t *testing.T) {
	const long = "long_term"
	passed, warned, failed := DocumentFinding{Outcome: Passed}, DocumentFinding{Warning, ValidityAgeMismatch}, DocumentFinding{Failed, ValidityAgeMismatch}
	for _, c := range []struct {
		why             string
		birth, from, to string
		want            DocumentFinding
	}{
		{"under 16, five years", "2015-06-15", "2024-03-01", "2029-03-01", passed},
		{"under 16, ten", "2015-06-15", "2024-03-01", "2034-03-01", failed},
		{"newborn, five years", "2024-02-20", "2024-03-01", "2029-03-01", passed},
		{"newborn, ten", "2024-02-20", "2024-03-01", "2034-03-01", failed},
		{"the day before 16, five years", "2008-06-15", "2024-06-14", "2029-06-14", passed},
		{"the day before 16, ten", "2008-06-15", "2024-06-14", "2034-06-14", failed},
		{"16 on the day, ten years", "2008-06-15", "2024-06-15", "2034-06-15", passed},
		{"16 on the day, applied before it", "2008-06-15", "2024-06-15", "2029-06-15", warned},
		{"16 for three months less a day", "2008-06-15", "2024-09-14", "2029-09-14", warned},
		{"16 for three months", "2008-06-15", "2024-09-15", "2029-09-15", failed},
		{"25, ten years", "1998-06-15", "2024-06-14", "2034-06-14", passed},
		{"25, twenty", "1998-06-15", "2024-06-14", "2044-06-14", failed},
		{"26 on the day, twenty years", "1998-06-15", "2024-06-15", "2044-06-15", passed},
		{"26 for a month, ten years", "1998-06-15", "2024-07-15", "2034-07-15", warned},
		{"26 for a month, five years", "1998-06-15", "2024-07-15", "2029-07-15", failed},
		{"30, long-term", "1994-06-15", "2024-07-15", long, failed},
		{"45, twenty years", "1978-06-15", "2024-06-14", "2044-06-14", passed},
		{"46 on the day, long-term", "1978-06-15", "2024-06-15", long, passed},
		{"46 on the day, twenty years", "1978-06-15", "2024-06-15", "2044-06-15", warned},
		{"80, twenty years", "1944-06-15", "2024-06-15", "2044-06-15", failed},

		{"cards print the same day", "1996-01-01", "2016-03-01", "2026-03-01", passed},
		{"the day before is tolerated", "1996-01-01", "2016-03-01", "2026-02-28", passed},
		{"the day after is tolerated", "1996-01-01", "2016-03-01", "2026-03-02", passed},
		{"two days are not", "1996-01-01", "2016-03-01", "2026-03-03", failed},
		{"a year is not", "1996-01-01", "2016-03-01", "2027-03-01", failed},
		{"29 February to 28", "1996-01-01", "2016-02-29", "2026-02-28", passed},
		{"29 February to 1 March", "1996-01-01", "2016-02-29", "2026-03-01", passed},
		{"29 February to 27", "1996-01-01", "2016-02-29", "2026-02-27", failed},
		{"29 February to 29 February", "1986-01-01", "2016-02-29", "2036-02-29", passed},
		{"born on 29 February, 16 on 1 March", "2008-02-29", "2024-02-29", "2034-02-28", passed},
		{"born on 29 February of a leap year, 25 on 28 February", "2000-02-29", "2026-02-28", "2036-02-28", passed},
		{"born on 29 February of a leap year, 26 on 1 March", "2000-02-29", "2026-03-01", "2046-03-01", passed},
		{"over the end of the year", "1990-06-15", "2010-12-31", "2030-12-31", failed},
		{"20 at the end of the year", "1990-06-15", "2010-12-31", "2020-12-31", passed},

		{"the law's first day", "1964-06-15", "2004-01-01", "2024-01-01", passed},
		{"the day before it other terms held", "1964-06-15", "2003-12-31", "2013-12-31", DocumentFinding{}},
		{"no day of issue", "1990-06-15", "", "2024-01-01", passed},
		{"no day of issue, twenty years from today", "1990-06-15", "", "2046-11-22", passed},
		{"no day of issue, and longer than any term", "1990-06-15", "", "2046-11-24", DocumentFinding{Failed, ValidityAgeMismatch}},
		{"no day of issue, a child's", "2015-06-15", "", "2031-11-24", DocumentFinding{Failed, ValidityAgeMismatch}},
		{"no day of issue, a student's", "2005-06-15", "", "2036-11-24", DocumentFinding{Failed, ValidityAgeMismatch}},
		{"no day of issue, an old card of somebody who is 46 now", "1980-06-15", "", "2046-06-01", passed},
		{"no day of issue and no end, at 46", "1980-11-22", "", long, passed},
		{"no day of issue and no end, the day before 46", "1980-11-23", "", long, DocumentFinding{Failed, ValidityAgeMismatch}},
		{"no end", "1990-06-15", "2010-01-01", "", DocumentFinding{}},
		{"issued before the birth", "2010-06-15", "2010-06-14", "2015-06-14", DocumentFinding{}},
	} {
		claims := Claims{From: day(t, c.from)}
		if claims.LongTerm = c.to == long; !claims.LongTerm {
			claims.To = day(t, c.to)
		}
		r := Check(ResidentID, born(day(t, c.birth)), on)
		if got := r.CrossCheck(claims, on)[ValidityTerm]; got != c.want {
			t.Errorf("%s: %s %s, want %s %s", c.why, got.Outcome, got.Code, c.want.Outcome, c.want.Code)
		}
	}
	permit := Check(ResidencePermit, "810000199408230021", on)
	if got := permit.CrossCheck(Claims{From: Date{2024, 1, 1}, To: Date{2044, 1, 1}}, on)[ValidityTerm]; got != (DocumentFinding{}) {
		t.Errorf("article 5 is not about residence permits: %s %s", got.Outcome, got.Code)
	}
}

// A card whose end was left out has ended when its term has.
func TestAnEndThatWasLeftOut(t *testing.T) {
	for _, c := range []struct {
		why         string
		kind        Kind
		birth, from string
		want        DocumentCode
	}{
		{"issued at three, five years", ResidentID, "2006-03-15", "2010-01-01", DocumentExpired},
		{"issued at twenty, ten years, a day of tolerance", ResidentID, "1996-06-15", "2016-11-21", NoDocumentCode},
		{"issued at twenty, ten years and two days ago", ResidentID, "1996-06-15", "2016-11-20", DocumentExpired},
		{"issued at forty-six, without end", ResidentID, "1960-06-15", "2006-06-15", NoDocumentCode},
		{"temporary, within three months", TemporaryID, "1990-01-01", "2026-08-22", NoDocumentCode},
		{"temporary, three months and two days ago", TemporaryID, "1990-01-01", "2026-08-20", DocumentExpired},
	} {
		r := Check(c.kind, born(day(t, c.birth)), on)
		if got := r.CrossCheck(Claims{From: day(t, c.from)}, on)[ValidityDates].Code; got != c.want {
			t.Errorf("%s: %v, want %v", c.why, got, c.want)
		}
	}
}

// Ministry of Public Security, order 78 of 2005, article 7: three months from the day of issue.
func TestTemporaryCardLastsThreeMonths(t *testing.T) {
	r := Check(TemporaryID, born(Date{1990, 1, 1}), on)
	for _, c := range []struct {
		why      string
		from, to string
		long     bool
		want     DocumentCode
	}{
		{"three months", "2026-10-01", "2027-01-01", false, NoDocumentCode},
		{"a day more is tolerated", "2026-10-01", "2027-01-02", false, NoDocumentCode},
		{"two are not", "2026-10-01", "2027-01-03", false, TemporaryCardTooLong},
		{"less", "2026-10-01", "2026-12-01", false, NoDocumentCode},
		{"30 November to 1 March, for February has no 30", "2026-11-30", "2027-03-01", false, NoDocumentCode},
		{"long-term", "2026-10-01", "", true, TemporaryCardTooLong},
		{"no day of issue, within three months of today", "", "2027-02-22", false, NoDocumentCode},
		{"no day of issue, and further off", "", "2027-03-01", false, TemporaryCardTooLong},
	} {
		f := r.CrossCheck(Claims{From: day(t, c.from), To: day(t, c.to), LongTerm: c.long}, on)[ValidityTerm]
		if f.Code != c.want || (f.Outcome == Failed) != (c.want != NoDocumentCode) {
			t.Errorf("%s: %s %s", c.why, f.Outcome, f.Code)
		}
	}
}

// Article 23 of the resident-ID law.
func TestFirstGenerationCardsAreVoid(t *testing.T) {
	woman := born(Date{1990, 1, 1})
	const legacy = "110105900101000"
	for _, c := range []struct {
		why    string
		kind   Kind
		raw    string
		claims Claims
		on     Date
		want   DocumentFinding
	}{
		{"15 digits today", ResidentID, legacy, Claims{}, on, DocumentFinding{Failed, FirstGenerationVoid}},
		{"15 digits on the first day", ResidentID, legacy, Claims{}, Date{2013, 1, 1}, DocumentFinding{Failed, FirstGenerationVoid}},
		{"15 digits on the last day before", ResidentID, legacy, Claims{}, Date{2012, 12, 31}, DocumentFinding{Outcome: Passed}},
		{"issued before the law", ResidentID, woman, Claims{From: Date{2003, 12, 31}, LongTerm: true}, on, DocumentFinding{Failed, FirstGenerationVoid}},
		{"issued under the law", ResidentID, woman, Claims{From: Date{2004, 1, 1}, To: Date{2014, 1, 1}}, on, DocumentFinding{Outcome: Passed}},
		{"no dates", ResidentID, woman, Claims{}, on, DocumentFinding{Outcome: Passed}},
		{"a household register keeps old numbers", HouseholdBook, legacy, Claims{}, on, DocumentFinding{}},
	} {
		r := Check(c.kind, c.raw, c.on)
		if got := r.CrossCheck(c.claims, c.on)[Generation]; got != c.want {
			t.Errorf("%s: %s %s", c.why, got.Outcome, got.Code)
		}
	}
	if old, now := Check(ResidentID, legacy, on), Check(ResidentID, woman, on); old.Canonical.IsZero() || old.Subject() != now.Subject() {
		t.Error("the number of a void card no longer names its holder")
	}
}

func TestAges(t *testing.T) {
	for _, c := range []struct {
		why       string
		birth, on string
		years     int
		ok        bool
		band      AgeBand
	}{
		{"born today", "2026-11-22", "2026-11-22", 0, true, Under14},
		{"born tomorrow", "2026-11-23", "2026-11-22", 0, false, AgeUnknown},
		{"no birth", "", "2026-11-22", 0, false, AgeUnknown},
		{"the day before 14", "2012-11-23", "2026-11-22", 13, true, Under14},
		{"14", "2012-11-22", "2026-11-22", 14, true, Under18},
		{"the day before 18", "2008-11-23", "2026-11-22", 17, true, Under18},
		{"18", "2008-11-22", "2026-11-22", 18, true, Adult},
		{"29 February, not yet", "2008-02-29", "2026-02-28", 17, true, Under18},
		{"29 February, on 1 March", "2008-02-29", "2026-03-01", 18, true, Adult},
	} {
		birth, on := day(t, c.birth), day(t, c.on)
		years, ok := Age(birth, on)
		if years != c.years || ok != c.ok || BandOf(birth, on) != c.band {
			t.Errorf("%s: %d, %v, %s", c.why, years, ok, BandOf(birth, on))
		}
	}
}

func TestPassportState(t *testing.T) {
	for _, c := range []struct{ why, code, want string }{
		{"a state", "DEU", "DEU"},
		{"the state of German zones", "D", "DEU"},
		{"Hong Kong's passports are China's", "HKG", "CHN"},
		{"Macao's too", "MAC", "CHN"},
		{"the United Nations", "UNO", "UNO"},
		{"no such state", "AAA", ""},
		{"not said", "", ""},
	} {
		if got := PassportState(c.code).String(); got != c.want {
			t.Errorf("%s: %q", c.why, got)
		}
	}
}

// A card issued by the law passes, on whatever day; and one with a term of another age is at best doubted.
func TestValidityTermProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		birth := generator(t).birth()
		r := Check(ResidentID, born(birth), on)
		if r.Status == Invalid {
			t.Fatal(r)
		}
		from := Date{uint16(rapid.IntRange(2004, 2026).Draw(t, "year")), uint8(rapid.IntRange(1, 12).Draw(t, "month")), uint8(rapid.IntRange(1, 28).Draw(t, "day"))}
		age, ok := Age(birth, from)
		if !ok {
			return
		}
		card := func(years int) Claims {
			if years == withoutEnd {
				return Claims{From: from, LongTerm: true}
			}
			return Claims{From: from, To: from.addMonths(12 * years)}
		}
		if got := r.CrossCheck(card(termAt(age)), on)[ValidityTerm]; got.Outcome != Passed {
			t.Fatalf("issued at %d: %s %s", age, got.Outcome, got.Code)
		}
		other := rapid.SampledFrom([]int{5, 10, 20, withoutEnd}).Draw(t, "term")
		if other == termAt(age) {
			return
		}
		got := r.CrossCheck(card(other), on)[ValidityTerm]
		if got.Code != ValidityAgeMismatch || got.Outcome == Warning && other != termAt(age-1) {
			t.Fatalf("issued at %d for %d years: %s %s", age, other, got.Outcome, got.Code)
		}
	})
}

func TestCrossCheckDoesNotAllocate(t *testing.T) {
	r := Check(ResidentID, born(Date{1990, 1, 1}), on)
	claims := Claims{Birth: Date{1990, 1, 1}, Sex: Female, From: Date{2016, 3, 1}, To: Date{2036, 3, 1}, Nationality: china}
	if n := testing.AllocsPerRun(100, func() { _ = r.CrossCheck(claims, on) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestDocumentNamesAreComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range DocumentCodes() {
		if c.String() == "" || seen[c.String()] {
			t.Errorf("code %d is called %q", c, c)
		}
		seen[c.String()] = true
	}
	for p := range documentPartCount {
		if p.String() == "" || seen[p.String()] {
			t.Errorf("part %d is called %q", p, p)
		}
		seen[p.String()] = true
	}
}

// FuzzCrossCheck: no claim makes it panic, and a code stands exactly beside what did not pass.
func FuzzCrossCheck(f *testing.F) {
	f.Add("110105900101000", uint16(2003), uint8(12), uint8(31), uint16(2024), uint8(2), uint8(29), true)
	f.Add(born(Date{1990, 1, 1}), uint16(0), uint8(0), uint8(0), uint16(65535), uint8(255), uint8(255), false)
	f.Fuzz(func(t *testing.T, raw string, y1 uint16, m1, d1 uint8, y2 uint16, m2, d2 uint8, long bool) {
		a, b := Date{y1, m1, d1}, Date{y2, m2, d2}
		for _, kind := range []Kind{ResidentID, TemporaryID, PassportMRZ, ForeignPR} {
			r := Check(kind, raw, on)
			for part, found := range r.CrossCheck(Claims{Birth: a, Sex: Male, Nationality: china, From: a, To: b, LongTerm: long}, on) {
				if (found.Code == NoDocumentCode) != (found.Outcome == Passed || found.Outcome == Absent) {
					t.Errorf("%s: %s %s", DocumentPart(part), found.Outcome, found.Code)
				}
			}
		}
	})
}
