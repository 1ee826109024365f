package idnumber

const (
	iccidLength     = 19 // without the check digit
	iccidFullLength = 20
	// iccidShortest is the shortest number of a foreign card; mainland cards have 19 or 20 characters.
	iccidShortest = 18
	imeiLength    = 14 // type allocation code and serial number
	imeiFull      = 15
	imeisvLength  = 16
)

// simIssuer is the issuer for two digits after 8986, and what the last of 20 digits is.
type simIssuer struct {
	code   uint32
	issuer Issuer
	// counts: the last of 20 digits is one more of the serial number, for consecutive cards differ in it alone. Else most
	// cards carry the check digit of ITU-T E.118 there and some do not, so that a mismatch is a suspicion.
	counts bool
}

// simIssuers are the codes that public programs agree on; there is no public register. What the last digit is was counted
// over numbers printed in public documentation: Luhn holds for 15 of 16 of Unicom and all 10 of Telecom's 11, for 7 of 11
// of Telecom's 03, and for 5 of 35 of China Mobile, which is chance.
var simIssuers = [...]simIssuer{
	{0, ChinaMobile, true}, {2, ChinaMobile, true}, {4, ChinaMobile, true},
	{7, ChinaMobile, true}, {8, ChinaMobile, true}, {13, ChinaMobile, true},
	{1, ChinaUnicom, false}, {6, ChinaUnicom, false}, {9, ChinaUnicom, false},
	{3, ChinaTelecom, false}, {5, ChinaTelecom, false}, {11, ChinaTelecom, false}, {12, ChinaTelecom, false},
	{15, ChinaBroadnet, false},
}

// iccid judges 19 or 20 characters after 8986, and 18 to 20 of other countries; F behind them is a modem's padding.
func (e *examination) iccid() {
	e.unpad()
	mainland := e.b[0] == '8' && e.b[1] == '9' && e.b[2] == '8' && e.b[3] == '6'
	if code := e.iccidStructure(mainland); code != NoCode {
		e.stop(code)
		return
	}
	e.pass(Structure)
	e.r.Form = FormWithoutCheck
	if mainland {
		e.mainlandSIM()
	} else {
		e.foreignSIM()
	}
}

// unpad drops the F behind a number of digits, and behind the 20th character of one with letters, where F may count.
func (e *examination) unpad() {
	n := e.n
	for n > 0 && e.b[n-1] == 'F' {
		n--
	}
	if !allDigits(e.b[:n]) {
		n = max(n, min(e.n, iccidFullLength))
	}
	clear(e.b[n:])
	e.n = n
}

// iccidStructure wants 89 in front and digits, among them the letters A to F that mainland issuers use. In the place of the
// check digit old mainland cards print the manufacturer's letter.
func (e *examination) iccidStructure(mainland bool) Code {
	if e.n < iccidShortest || e.n > iccidFullLength || mainland && e.n < iccidLength {
		return CodeBadLength
	}
	for i, c := range e.b[:e.n] {
		hex := i > 5 && c-'A' <= 'F'-'A'
		maker := i == iccidFullLength-1 && c-'A' <= 'Z'-'A'
		if c-'0' > 9 && (!mainland || !hex && !maker) {
			return CodeBadCharacter
		}
	}
	if e.b[0] != '8' || e.b[1] != '9' {
		return CodePrefixUnknown
	}
	return NoCode
}

// mainlandSIM drops the check digit where there is one, and never a digit of the serial number: of ten consecutive numbers
// of 20 digits one alone satisfies Luhn, so that no two become one.
func (e *examination) mainlandSIM() {
	r := &e.r
	issuer := simIssuerOf(number(e.b[4:6]))
	if r.Issuer = issuer.issuer; r.Issuer != NoIssuer {
		e.pass(EmbeddedCode)
	} else {
		e.omit(EmbeddedCode, CodeIssuerUnknown) // the table is no register: a genuine card may be missing
	}
	length := e.n
	switch {
	case e.n == iccidLength:
		e.omit(CheckDigit, CodeCheckDigitAbsent)
	case !allDigits(e.b[:iccidLength]):
		e.omit(CheckDigit, CodeCheckDigitUndefined)
	case e.b[iccidLength]-'0' > 9: // the manufacturer's letter
		e.omit(CheckDigit, CodeCheckDigitUndefined)
		length = iccidLength
	case luhn(e.b[:iccidFullLength]):
		e.pass(CheckDigit)
		r.Form, length = FormWithCheck, iccidLength
	case issuer.counts:
		e.omit(CheckDigit, CodeCheckDigitAbsent)
	default:
		e.warn(CheckDigit, CodeLuhnMismatch)
	}
	e.settle(length)
}

func simIssuerOf(code uint32) simIssuer {
	for _, s := range simIssuers {
		if s.code == code {
			return s
		}
	}
	return simIssuer{}
}

// foreignSIM cannot tell by the length whether a check digit is there, and so leaves the number as it is written.
func (e *examination) foreignSIM() {
	e.warn(EmbeddedCode, CodeIssuerForeign)
	if luhn(e.b[:e.n]) {
		e.pass(CheckDigit)
		e.r.Form = FormWithCheck
	} else {
		e.omit(CheckDigit, CodeCheckDigitAbsent)
	}
	e.settle(e.n)
}

// imei judges the 14 digits of a device with a check digit (15), without (14), or with a software version (16).
func (e *examination) imei() {
	r := &e.r
	digits := e.b[:e.n]
	switch {
	case e.n < imeiLength || e.n > imeisvLength:
		e.stop(CodeBadLength)
		return
	case !allDigits(digits):
		e.stop(CodeBadCharacter)
		return
	case allZero(e.b[:imeiLength]):
		e.stop(CodeAllZero)
		return
	}
	e.pass(Structure)
	switch e.n {
	case imeiFull:
		r.Form = FormWithCheck
		e.demand(CheckDigit, luhn(digits), CodeCheckDigitMismatch)
	case imeisvLength:
		r.Form = FormIMEISV
		e.omit(CheckDigit, CodeCheckDigitAbsent)
	default:
		r.Form = FormWithoutCheck
		e.omit(CheckDigit, CodeCheckDigitAbsent)
	}
	e.settle(imeiLength)
}

// iccid makes the number of a card whose issuer is known to use the check digit.
func (g *Generator) iccid() string {
	codes := [...]string{"01", "06", "09", "11"}
	return withLuhn("8986" + codes[g.Rand.IntN(len(codes))] + g.digits(iccidLength-6))
}

// imei makes a number that starts with 00, which the GSMA gives to test devices.
func (g *Generator) imei() string { return withLuhn("00" + g.digits(imeiLength-2)) }
