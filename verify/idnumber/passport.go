package idnumber

// A passport's number has 5 to 12 characters: ICAO Doc 9303 part 4 leaves 9 places for it in the zone, and longer ones are
// printed on the page.
const (
	passportShortest = 5
	passportLongest  = 12
)

// passport judges the number of a passport alone: a shape, for it has no check digit outside the machine-readable zone.
func (e *examination) passport() {
	switch {
	case e.n < passportShortest || e.n > passportLongest:
		e.stop(CodeBadLength)
	case !serial(e.b[:e.n]):
		e.stop(CodeBadCharacter)
	case allZero(e.b[:e.n]):
		e.stop(CodeAllZero)
	default:
		e.pass(Structure)
		e.settle(e.n)
	}
}

// serial reports whether these are letters and digits, with a digit among them: letters alone are a word.
func serial(b []byte) bool {
	digit := false
	for _, c := range b {
		switch {
		case c-'0' <= 9:
			digit = true
		case c-'A' > 'Z'-'A':
			return false
		}
	}
	return digit
}

// passport makes a number as ordinary Chinese passports have had since 2017: E, a letter other than I and O, seven digits.
func (g *Generator) passport() string {
	return "E" + g.letters(1, "ABCDEFGHJKLMNPQRSTUVWXYZ") + g.digits(7)
}
