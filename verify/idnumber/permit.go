package idnumber

const (
	hkmoLength  = 9 // H or M and eight digits; HA or MA and seven
	twLength    = 8
	countLength = 2 // 换证次数, the count of replacements behind the number
)

// hkmoPermit judges 港澳居民来往内地通行证: H or M and 8 digits for life, printed with the count of replacements on the cards
// of 1999 to 2012 (MPS notice); since 2024-07-10 HA or MA and 7 digits for permanent residents who are not Chinese
// citizens (NIA notice of 2024-07-01), in one form only. There is no check digit.
func (e *examination) hkmoPermit() {
	r := &e.r
	digits, form := e.b[1:e.n], FormPermitLifelong
	switch {
	case e.n != hkmoLength && e.n != hkmoLength+countLength:
		e.stop(CodeBadLength)
		return
	case e.b[0] != 'H' && e.b[0] != 'M':
		e.stop(CodePrefixUnknown)
		return
	case e.b[1] == 'A' && e.n != hkmoLength:
		e.stop(CodeBadLength)
		return
	case e.b[1] == 'A':
		digits, form = digits[1:], FormPermitForeigner
	case e.n != hkmoLength:
		form = FormPermitCounted
	}
	switch {
	case !allDigits(digits):
		e.stop(CodeBadCharacter)
		return
	case (e.b[1] == 'A' || e.b[1] == '0') && allZero(e.b[2:hkmoLength]):
		e.stop(CodeAllZero)
		return
	}
	r.State, r.Form = china, form
	e.pass(Structure)
	e.settle(hkmoLength)
}

// twPermit judges 台湾居民来往大陆通行证: 8 digits for life since 2008-09-25. Before, the count of replacements followed, and
// behind it the issuing office, a letter or digit in brackets: 0123456701(B) (Shanghai border inspection, 2008-09-11). The
// letter is also written without brackets; a digit would be an eleventh. There is no check digit. Permits for one journey
// have other shapes and are refused.
func (e *examination) twPermit() {
	bracketed, code := e.unbracket()
	if code != NoCode {
		e.stop(code)
		return
	}
	const counted = twLength + countLength
	form, office := FormPermitCounted, e.b[counted]
	switch {
	case e.n == twLength && !bracketed:
		form = FormPermitLifelong
	case e.n == counted && !bracketed:
	case e.n == counted+1 && (office-'A' <= 'Z'-'A' || bracketed && office-'0' <= 9):
	default:
		e.stop(CodeBadLength)
		return
	}
	switch {
	case !allDigits(e.b[:min(e.n, counted)]):
		e.stop(CodeBadCharacter)
		return
	case allZero(e.b[:twLength]):
		e.stop(CodeAllZero)
		return
	}
	e.r.State, e.r.Form = china, form
	e.pass(Structure)
	e.settle(twLength)
}

// unbracket drops the brackets around the last character and tells whether there were any. Any other bracket is an error.
func (e *examination) unbracket() (bracketed bool, code Code) {
	if n := e.n; n > 3 && e.b[n-3] == '(' && e.b[n-1] == ')' {
		e.b[n-3] = e.b[n-2]
		clear(e.b[n-2 : n])
		e.n -= 2
		bracketed = true
	}
	open := 0
	for _, c := range e.b[:e.n] {
		switch c {
		case '(':
			open++
			code = CodeBadCharacter
		case ')':
			open--
			code = CodeBadCharacter
		}
	}
	if open != 0 {
		code = CodeBracketUnmatched
	}
	return bracketed, code
}

func (g *Generator) hkmoPermit() string {
	region := g.letters(1, "HM")
	if g.Rand.IntN(4) == 0 {
		return region + "A" + g.digits(hkmoLength-2)
	}
	return region + g.digits(hkmoLength-1)
}

func (g *Generator) twPermit() string { return g.digits(twLength) }
