package idnumber

var (
	hongKong = State{'H', 'K', 'G'}
	macau    = State{'M', 'A', 'C'}
)

const (
	hkidDigits  = 6
	macauLength = 8
)

// hkid judges 香港身份证: one or two letters, six digits and a check character 0-9 or A, in brackets or not. Every letter is
// taken: the Immigration Department adds prefixes.
func (e *examination) hkid() {
	if _, code := e.unbracket(); code != NoCode {
		e.stop(code)
		return
	}
	letters := e.n - hkidDigits - 1
	if letters != 1 && letters != 2 {
		e.stop(CodeBadLength)
		return
	}
	for _, c := range e.b[:letters] {
		if c-'A' > 'Z'-'A' {
			e.stop(CodePrefixUnknown)
			return
		}
	}
	check := e.b[e.n-1]
	if !allDigits(e.b[letters:e.n-1]) || check-'0' > 9 && check != 'A' {
		e.stop(CodeBadCharacter)
		return
	}
	e.r.State = hongKong
	e.pass(Structure)
	e.demand(CheckDigit, check == hkidCheck(e.b[:e.n-1]), CodeCheckDigitMismatch)
	e.settle(e.n)
}

// hkidCheck is the check character of letters and digits: weights 9 to 2 from a single letter's blank on, which counts 36; A
// is 10 and Z is 35; modulo 11, with A for 10.
func hkidCheck(body []byte) byte {
	weight := uint32(len(body) + 1)
	sum := uint32(0)
	if len(body) == hkidDigits+1 {
		sum = 9 * 36
	}
	for _, c := range body {
		value := uint32(c - '0')
		if c >= 'A' {
			value = uint32(c-'A') + 10
		}
		sum += weight * value
		weight--
	}
	return "0A987654321"[sum%11]
}

// macauBIR judges 澳门居民身份证: seven digits and a check digit, 1234567(8), or 1/234567/8 on the cards before 2002. How the
// check digit is computed is not published. Numbers begin with 1, 5 or 7, by report a few with 8.
func (e *examination) macauBIR() {
	if _, code := e.unbracket(); code != NoCode {
		e.stop(code)
		return
	}
	if e.n == macauLength+2 && e.b[1] == '/' && e.b[8] == '/' {
		copy(e.b[1:], e.b[2:8])
		e.b[7] = e.b[9]
		e.n = macauLength
	}
	switch {
	case e.n != macauLength:
		e.stop(CodeBadLength)
		return
	case !allDigits(e.b[:macauLength]):
		e.stop(CodeBadCharacter)
		return
	case allZero(e.b[:macauLength]):
		e.stop(CodeAllZero)
		return
	}
	e.r.State = macau
	switch e.b[0] {
	case '1', '5', '7':
		e.pass(Structure)
	default:
		e.warn(Structure, CodeLeadingUnusual)
	}
	e.omit(CheckDigit, CodeCheckDigitUnpublished)
	e.settle(macauLength)
}

func (g *Generator) hkid() string {
	body := g.letters(1+g.Rand.IntN(2), "ABCDEFGHIJKLMNOPQRSTUVWXYZ") + g.digits(hkidDigits)
	return body + "(" + string(hkidCheck([]byte(body))) + ")"
}

func (g *Generator) macauBIR() string {
	return g.letters(1, "157") + g.digits(6) + "(" + g.digits(1) + ")"
}
