package idnumber

import (
	"bytes"
	"unicode/utf8"
)

func (e *examination) mrz(raw string) {
	var z mrzZone
	e.readZone(raw, &z)
}

// readZone fills z and judges every part of it; z has no layout when its length is that of no form.
func (e *examination) readZone(raw string, z *mrzZone) {
	code := z.fold(raw)
	if code == NoCode {
		code = z.structure()
	}
	if code == NoCode {
		e.canonicalNumber(z)
		if len(bytes.Trim(e.b[:e.n], "0")) == 0 {
			code = CodeAllZero
		}
	}
	if code != NoCode {
		e.stop(code)
		return
	}
	r, l := &e.r, z.layout
	r.Form, r.State, r.Nationality = l.form, zoneState(z.at(l.state)), zoneState(z.at(l.nationality))
	switch z.b[l.sex] {
	case 'M':
		r.Sex = Male
	case 'F':
		r.Sex = Female
	}
	e.found(Structure, z.unusual(r.State))
	e.demand(CheckDigit, z.numberChecks(), CodeCheckDigitMismatch)
	if r.Nationality.known() {
		e.pass(Nationality)
	} else {
		e.warn(Nationality, CodeStateUnknown)
	}
	e.expiry(z.at(l.expiry))
	e.birth(z.at(l.birth))
	e.demand(BirthCheck, z.check(l.birth) == mrzCheck(z.at(l.birth)), CodeCheckDigitMismatch)
	e.demand(ExpiryCheck, z.check(l.expiry) == mrzCheck(z.at(l.expiry)), CodeCheckDigitMismatch)
	if l.checkedOptional {
		e.demand(OptionalCheck, z.optionalChecks(), CodeCheckDigitMismatch)
	} else {
		e.omit(OptionalCheck, CodeCheckDigitAbsent)
	}
	c := l.composite
	composite := mrzCheck(z.at(c[0]), z.at(c[1]), z.at(c[2]), z.at(c[3]))
	e.demand(CompositeCheck, z.b[l.compositeCheck] == composite, CodeCheckDigitMismatch)
	e.settle(e.n)
}

// fold writes the zone's characters, lines run together, to z.b and finds the layout that has their number. Separators may
// stand around a line and not within one.
func (z *mrzZone) fold(raw string) Code {
	if len(raw) > maxZone {
		return CodeTooLong
	}
	var broken [len(layouts)]bool // a separator stands within a line of this layout
	n := 0
	for i := 0; i < len(raw); {
		c, size, code := zoneChar(raw[i:])
		if code != NoCode {
			return code
		}
		i += size
		if c == ' ' {
			for j := range layouts {
				broken[j] = broken[j] || n%layouts[j].width != 0
			}
			continue
		}
		if n == zoneCap {
			return CodeBadLength
		}
		z.b[n] = c
		n++
	}
	if n == 0 {
		return CodeEmpty
	}
	for j := range layouts {
		if l := &layouts[j]; n == l.lines*l.width && !broken[j] {
			z.layout = l
			return NoCode
		}
	}
	return CodeBadLength
}

// zoneChar folds the first character of s; separators become spaces.
func zoneChar(s string) (c byte, size int, code Code) {
	c, size = s[0], 1
	if c >= utf8.RuneSelf {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n == 1 {
			return 0, 0, CodeNotUTF8
		}
		c, size = byte(Narrow(r)), n
		if r == '＜' {
			c = filler
		}
	}
	switch {
	case c-'0' <= 9, isLetter(c), c == filler, c == ' ':
		return c, size, NoCode
	case c-'a' <= 'z'-'a':
		return c - ('a' - 'A'), size, NoCode
	case c == '\n', c == '\r':
		return ' ', size, NoCode
	}
	return 0, 0, CodeBadCharacter
}

func isLetter(c byte) bool { return c-'A' <= 'Z'-'A' }

// structure wants in each field the characters that ICAO Doc 9303 allows there, and a document that is no visa.
func (z *mrzZone) structure() Code {
	l := z.layout
	switch first := z.b[0]; {
	case !isLetter(first):
		return CodeBadCharacter
	case first == 'V', l.form == FormTD3 && first != 'P':
		return CodePrefixUnknown
	}
	numberCheck, optionalCheck := l.number.to, l.compositeCheck
	if l.checkedOptional {
		optionalCheck = l.optional.to
	}
	lettered := onlyLetters(z.at(l.code)) && onlyLetters(z.at(l.nationality)) &&
		onlyLetters(z.at(l.name))
	// The check digit after a date is judged with it.
	numbered := onlyDigits(z.b[l.birth.from:l.birth.to+1]) && onlyDigits(z.b[l.expiry.from:l.expiry.to+1]) &&
		onlyDigits(z.b[numberCheck:numberCheck+1]) && onlyDigits(z.b[optionalCheck:optionalCheck+1]) &&
		onlyDigits(z.b[l.compositeCheck:l.compositeCheck+1])
	sex := z.b[l.sex]
	// The issuing state is half of a passport's key, so it must at least be readable.
	if !lettered || !numbered || sex != 'M' && sex != 'F' && sex != filler || zoneState(z.at(l.state)) == (State{}) {
		return CodeBadCharacter
	}
	return NoCode
}

// onlyLetters reports whether a field has letters and fillers only.
func onlyLetters(field []byte) bool {
	for _, c := range field {
		if !isLetter(c) && c != filler {
			return false
		}
	}
	return true
}

// onlyDigits reports whether a field has digits and fillers only.
func onlyDigits(field []byte) bool {
	for _, c := range field {
		if c-'0' > 9 && c != filler {
			return false
		}
	}
	return true
}

// unusual warns of an issuing state that is in no list, and of cards that begin otherwise than with A, C or I: Estonian
// residence permits (RP) and German proofs of arrival (ME) do.
func (z *mrzZone) unusual(state State) Finding {
	if first := z.b[0]; z.layout.form != FormTD3 && first != 'A' && first != 'C' && first != 'I' {
		return Finding{Warning, CodeLeadingUnusual}
	}
	if !state.known() {
		return Finding{Warning, CodeStateUnknown}
	}
	return Finding{Outcome: Passed}
}

// zoneState reads three letters, or one and fillers; zero when the field has neither.
func zoneState(field []byte) State {
	n := len(field)
	for n > 0 && field[n-1] == filler {
		n--
	}
	return ParseState(string(field[:n]))
}

// canonicalNumber writes the document number without fillers to e.b.
func (e *examination) canonicalNumber(z *mrzZone) {
	e.keep(z.at(z.layout.number))
	if rest := z.rest(); z.longNumber() && len(rest) > 0 {
		e.keep(rest[:len(rest)-1])
	}
}

// keep appends what is no filler to e.b.
func (e *examination) keep(field []byte) {
	for _, c := range field {
		if c != filler {
			e.b[e.n] = c
			e.n++
		}
	}
}

// numberChecks judges the check digit of the document number. That of a long number is over its characters alone (ICAO Doc
// 9303 parts 5 and 11); older Belgian cards count the filler after the ninth too, so either sum will do.
func (z *mrzZone) numberChecks() bool {
	number := z.at(z.layout.number)
	if !z.longNumber() {
		return z.check(z.layout.number) == mrzCheck(number)
	}
	rest := z.rest()
	if len(rest) < 2 || number[len(number)-1] == filler {
		return false
	}
	last := len(rest) - 1
	return rest[last] == mrzCheck(number, rest[:last]) ||
		rest[last] == mrzCheck(z.b[z.layout.number.from:z.layout.number.to+1], rest[:last])
}

// optionalChecks judges the check digit of TD3's optional data, which may be left out when there is none.
func (z *mrzZone) optionalChecks() bool {
	optional, check := z.at(z.layout.optional), z.check(z.layout.optional)
	if check == filler {
		for _, c := range optional {
			if c != filler {
				return false
			}
		}
		return true
	}
	return check == mrzCheck(optional)
}

// mrzCheck gives the check digit over fields run together: weights 7, 3, 1, modulo 10 (ICAO Doc 9303 part 3).
func mrzCheck(fields ...[]byte) byte {
	weights := [3]uint32{7, 3, 1}
	var sum uint32
	i := 0
	for _, field := range fields {
		for _, c := range field {
			sum += weights[i] * mrzValue(c)
			i = (i + 1) % len(weights)
		}
	}
	return '0' + byte(sum%10)
}

// mrzValue counts A as 10 and Z as 35, a filler as nothing.
func mrzValue(c byte) uint32 {
	switch {
	case c == filler:
		return 0
	case c-'0' <= 9:
		return uint32(c - '0')
	}
	return uint32(c-'A') + 10
}
