package idnumber

import (
	"strings"
	"unicode/utf8"
)

const (
	militaryHan      = 4 // at most, before 字第
	militaryShortest = 4 // characters after 字第
	militaryAlone    = 6 // without Han before them
	militaryLongest  = 12
)

// military judges the number on a soldier's or armed policeman's document. Where that is the bearer's resident number, 15
// or 18 characters, it is judged and keyed as one. Else it has the form 某字第…号, which no published standard defines: one to
// four Han characters, 字第, 4 to 12 letters and digits, 号; 字第 and 号 may be left out. Or 6 to 12 letters and digits alone.
// The canonical number is the Han characters with the letters and digits.
func (e *examination) military(raw string) {
	if len(raw) > maxRaw {
		e.stop(CodeTooLong)
		return
	}
	raw = trim(raw)
	var han [militaryHan * utf8.UTFMax]byte
	n, rest := militaryPrefix(&han, raw)
	if code := e.fold(rest); code != NoCode {
		e.stop(code)
		return
	}
	if n == 0 && (e.n == residentLength || e.n == legacyLength) {
		e.resident()
		return
	}
	shortest := militaryShortest
	if n == 0 {
		shortest = militaryAlone
	}
	switch {
	case e.n < shortest || e.n > militaryLongest:
		e.stop(CodeBadLength)
		return
	case !serial(e.b[:e.n]):
		e.stop(CodeBadCharacter)
		return
	case allZero(e.b[:e.n]):
		e.stop(CodeAllZero)
		return
	}
	e.r.State, e.r.Form = china, FormMilitary
	e.pass(Structure)
	e.omit(CheckDigit, CodeCheckDigitUnpublished)
	e.omit(BirthDate, CodeDateNotInForm)
	e.omit(AreaCode, CodeNotInForm)
	e.omit(Sequence, CodeNotInForm)
	end := n + e.n
	copy(e.b[n:], e.b[:e.n])
	copy(e.b[:n], han[:n])
	e.settle(end)
}

// militaryPrefix writes the leading Han characters to han and gives their length in bytes, with what lies between 字第 and 号.
// Without such characters it gives 0 and the whole.
func militaryPrefix(han *[militaryHan * utf8.UTFMax]byte, raw string) (n int, rest string) {
	rest = raw
	for range militaryHan {
		rest = strings.TrimLeftFunc(rest, separator)
		r, size := utf8.DecodeRuneInString(rest)
		if r < 0x4E00 || r > 0x9FFF || r == '字' || r == '第' || r == '号' {
			break
		}
		n += copy(han[n:], rest[:size])
		rest = rest[size:]
	}
	if n == 0 {
		return 0, raw
	}
	rest = strings.TrimLeftFunc(rest, separator)
	if behind, ok := strings.CutPrefix(rest, "字"); ok {
		// Both or neither: 字 alone is left for fold to refuse.
		if behind, ok = strings.CutPrefix(strings.TrimLeftFunc(behind, separator), "第"); ok {
			rest = behind
		}
	}
	before, _ := strings.CutSuffix(strings.TrimRightFunc(rest, separator), "号")
	return n, before
}

// separator reports whether fold writes the character as nothing.
func separator(r rune) bool {
	if r >= utf8.RuneSelf {
		r = Narrow(r)
	}
	return r == ' ' || r == '-'
}

func (g *Generator) military() string {
	branches := [...]string{"军", "士", "文", "武", "海", "空"}
	return branches[g.Rand.IntN(len(branches))] + "字第" + g.digits(8) + "号"
}
