package idnumber

var taiwan = State{'T', 'W', 'N'}

const (
	taiwanLength = 10
	ubnLength    = 8
)

// taiwanLetters are the numbers of the letters A to Z: the offices' order, in which I, O, W and Z came late.
var taiwanLetters = [26]uint8{
	10, 11, 12, 13, 14, 15, 16, 17, 34, 18, 19, 20, 21, 22, 35, 23, 24, 25, 26, 27, 28, 29, 32, 30, 31, 33,
}

// taiwanID judges 國民身分證統一編號, a letter, 1 (male) or 2 (female) and eight digits, and 外來人口統一證號: since 2021-01-02
// with 8 or 9 in that place, before with a letter A (male), B (female), C (male) or D (female). The old ones end on
// 2031-01-01. The last digit is the check digit in all of them.
func (e *examination) taiwanID() {
	r := &e.r
	if e.n != taiwanLength {
		e.stop(CodeBadLength)
		return
	}
	form, sex := taiwanForm(e.b[1])
	switch {
	case e.b[0]-'A' > 'Z'-'A' || form == FormOnly:
		e.stop(CodePrefixUnknown)
		return
	case !allDigits(e.b[2:taiwanLength]):
		e.stop(CodeBadCharacter)
		return
	}
	r.State, r.Form, r.Sex = taiwan, form, sex
	if form == FormTaiwanARC {
		e.warn(Structure, CodeFormSuperseded)
	} else {
		e.pass(Structure)
	}
	e.demand(CheckDigit, e.b[taiwanLength-1] == taiwanCheck(e.b[:taiwanLength-1]), CodeCheckDigitMismatch)
	e.settle(taiwanLength)
}

// taiwanForm reads the second character; FormOnly when no number has it.
func taiwanForm(second byte) (Form, Sex) {
	switch second {
	case '1':
		return FormTaiwanNational, Male
	case '2':
		return FormTaiwanNational, Female
	case '8':
		return FormTaiwanARC2021, Male
	case '9':
		return FormTaiwanARC2021, Female
	case 'A', 'C':
		return FormTaiwanARC, Male
	case 'B', 'D':
		return FormTaiwanARC, Female
	}
	return FormOnly, SexUnknown
}

// taiwanCheck is the check digit of the nine characters before it: weights 1 9 for the two digits of the first letter's
// number, then 8 to 1; a second letter counts the last digit of its number; modulo 10.
func taiwanCheck(body []byte) byte {
	first := uint32(taiwanLetters[body[0]-'A'])
	sum := first/10 + first%10*9
	for i, c := range body[1:] {
		value := uint32(c - '0')
		if c >= 'A' {
			value = uint32(taiwanLetters[c-'A'] % 10)
		}
		sum += value * uint32(8-i)
	}
	return '0' + byte((10-sum%10)%10)
}

// taiwanUBN judges 統一編號 of eight digits: each is multiplied by 1 2 1 2 1 2 4 1, the digits of the products are added up,
// and 5 divides the sum (10 until 2023-03-31: every number of before passes). When the seventh digit is 7, whose product 28
// gives 10, that counts as 1 or 0 (Ministry of Finance, notice of 2023-04-01).
func (e *examination) taiwanUBN() {
	switch {
	case e.n != ubnLength:
		e.stop(CodeBadLength)
		return
	case !allDigits(e.b[:ubnLength]):
		e.stop(CodeBadCharacter)
		return
	case allZero(e.b[:ubnLength]):
		e.stop(CodeAllZero)
		return
	}
	e.r.State = taiwan
	e.pass(Structure)
	sum := uint32(0)
	for i, weight := range [ubnLength]uint32{1, 2, 1, 2, 1, 2, 4, 1} {
		product := weight * uint32(e.b[i]-'0')
		sum += product/10 + product%10
	}
	e.demand(CheckDigit, sum%5 == 0 || e.b[6] == '7' && (sum+1)%5 == 0, CodeCheckDigitMismatch)
	e.settle(ubnLength)
}

func (g *Generator) taiwanID() string {
	body := g.letters(1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") + g.letters(1, "1289ABCD") + g.digits(7)
	return body + string(taiwanCheck([]byte(body)))
}

// taiwanUBN draws until one passes: every fifth does.
func (g *Generator) taiwanUBN() string { return g.digits(ubnLength) }
