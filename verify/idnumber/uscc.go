package idnumber

import "realname/verify/idnumber/gb2260"

const (
	usccLength      = 18
	usccAlphabet    = "0123456789ABCDEFGHJKLMNPQRTUWXY" // GB 32100-2015: I, O, S, V and Z are left out
	orgCodeLength   = 9
	bizRegLength    = 15
	bizRegOldLength = 13 // before GS 15-2006
	// registeredNationally is the division code of the State Administration's own register.
	registeredNationally = 100000
	base36               = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// Weights of the check characters of GB 32100-2015 (3^i mod 31) and GB 11714-1997.
var (
	usccWeights = [usccLength - 1]uint32{1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28}
	orgWeights  = [orgCodeLength - 1]uint32{3, 7, 9, 10, 5, 8, 4, 2}
)

// unitTypes has, for each registering department of GB 32100-2015, the types of unit that it registers. 54, village and
// residents' committees, came with later practice.
var unitTypes = [...]struct {
	department byte
	types      string
}{
	{'1', "1239"}, {'2', "19"}, {'3', "123459"}, {'4', "19"}, {'5', "12349"}, {'6', "129"}, {'7', "129"}, {'8', "19"},
	{'9', "123"}, {'A', "19"}, {'N', "1239"}, {'Y', "1"},
}

// usccValues gives the value of each character in GB 32100-2015, 255 for one that is not in the alphabet.
var usccValues = func() (values [256]uint8) {
	for i := range values {
		values[i] = 255
	}
	for i := range len(usccAlphabet) {
		values[usccAlphabet[i]] = uint8(i)
	}
	return values
}()

// uscc judges the 18 characters DT AAAAAA OOOOOOOOO C: department, type, division, organisation code, check character.
func (e *examination) uscc() {
	r := &e.r
	if code := e.usccStructure(); code != NoCode {
		e.stop(code)
		return
	}
	r.State = china
	if knownUnitType(e.b[0], e.b[1]) {
		e.pass(Structure)
	} else {
		e.warn(Structure, CodeTypeUnknown)
	}
	switch {
	case e.b[17] == usccCheck(&e.b):
		e.pass(CheckDigit)
	case isPilot(&e.b):
		e.warn(CheckDigit, CodeCheckDigitPilot)
	default:
		e.fail(CheckDigit, CodeCheckDigitMismatch)
	}
	e.registrar(e.b[2:8])
	e.found(EmbeddedCode, checkOrganisation(e.b[8:17]))
	e.settle(usccLength)
}

func (e *examination) usccStructure() Code {
	if e.n != usccLength {
		return CodeBadLength
	}
	for _, c := range e.b[:usccLength] {
		if usccValues[c] == 255 {
			return CodeBadCharacter
		}
	}
	if !allDigits(e.b[2:8]) {
		return CodeBadCharacter
	}
	return NoCode
}

func knownUnitType(department, kind byte) bool {
	for i := range unitTypes {
		if unitTypes[i].department == department {
			for j := range len(unitTypes[i].types) {
				if unitTypes[i].types[j] == kind {
					return true
				}
			}
		}
	}
	return false
}

func usccCheck(b *[numberSize]byte) byte {
	var sum uint32
	for i, w := range usccWeights {
		sum += w * uint32(usccValues[b[i]])
	}
	return usccAlphabet[(31-sum%31)%31]
}

// isPilot recognises the codes that Fujian gave to enterprises from mid-2015, before GB 32100-2015: their organisation code
// starts with M000, and their check character is that of MOD 37 with the weights 2^i, A=10 to Z=35. No document of this
// is public; it holds for each of the ten such codes that public programs name as genuine (see the tests), by chance once
// in 37^10.
func isPilot(b *[numberSize]byte) bool {
	if b[0] != '9' || b[1] != '1' || b[2] != '3' || b[3] != '5' ||
		b[8] != 'M' || b[9] != '0' || b[10] != '0' || b[11] != '0' {
		return false
	}
	sum, weight := uint32(0), uint32(1)
	for _, c := range b[:usccLength-1] {
		sum += weight * base36Value(c)
		weight = weight * 2 % 37
	}
	return (sum+base36Value(b[17]))%37 == 0
}

// base36Value reads a digit as itself and A to Z as 10 to 35.
func base36Value(c byte) uint32 {
	if c >= 'A' {
		return uint32(c-'A') + 10
	}
	return uint32(c - '0')
}

// registrar judges the division of the registering authority. Provinces and prefectures register too, and so do
// development zones, whose codes are in no list.
func (e *examination) registrar(digits []byte) {
	code := gb2260.Code(number(digits))
	// The number does not tell its year: any year of the code will do, and its name is today's.
	e.r.Area = Area{Code: code, year: int32(e.on.Year), table: e.areas}
	if code == registeredNationally {
		e.pass(AreaCode)
		return
	}
	switch e.areas.Standing(code, 0) {
	case gb2260.Unassigned:
		e.fail(AreaCode, CodeAreaUnassigned)
	case gb2260.Unknown:
		e.warn(AreaCode, CodeAreaUnknown)
	case gb2260.NotCounty:
		if e.areas.Name(code, 0) == "" {
			e.warn(AreaCode, CodeAreaUnknown)
			return
		}
		e.pass(AreaCode)
	default:
		e.pass(AreaCode)
	}
}

// orgCheck gives the check character of the first eight characters (GB 11714-1997): 11 is written 0, and 10 X.
func orgCheck(body []byte) byte {
	var sum uint32
	for i, w := range orgWeights {
		sum += w * base36Value(body[i])
	}
	switch c := 11 - sum%11; c {
	case 10:
		return 'X'
	case 11:
		return '0'
	default:
		return '0' + byte(c)
	}
}

// checkOrganisation judges the organisation code within a social credit code. Few programs look at it, and yet it alone
// tells apart a resident number that happens to satisfy MOD 31.
func checkOrganisation(code []byte) Finding {
	switch {
	case allZero(code):
		return Finding{Failed, CodeAllZero}
	case code[orgCodeLength-1] != orgCheck(code):
		return Finding{Failed, CodeEmbeddedMismatch}
	}
	return Finding{Outcome: Passed}
}

// orgCode judges eight characters 0-9A-Z and a check character 0-9 or X; the hyphen between them is folded away.
func (e *examination) orgCode() {
	switch {
	case e.n != orgCodeLength:
		e.stop(CodeBadLength)
		return
	case !alphanumeric(e.b[:orgCodeLength]):
		e.stop(CodeBadCharacter)
		return
	case allZero(e.b[:orgCodeLength]):
		e.stop(CodeAllZero)
		return
	}
	last := e.b[orgCodeLength-1]
	if last != 'X' && last-'0' > 9 {
		e.stop(CodeBadCharacter)
		return
	}
	e.r.State = china
	e.warn(Structure, CodeFormSuperseded)
	e.demand(CheckDigit, last == orgCheck(e.b[:]), CodeCheckDigitMismatch)
	e.settle(orgCodeLength)
}

func alphanumeric(b []byte) bool {
	for _, c := range b {
		if c-'0' > 9 && c-'A' > 'Z'-'A' {
			return false
		}
	}
	return true
}

// bizReg judges the 15 digits AAAAAA SSSSSSSS C: division, sequence, check digit; or the 13 digits of before 2007, which have
// no check digit. Older numbers in words, 企独沪总字第…号, and provincial variants with letters are not read.
func (e *examination) bizReg() {
	switch {
	case e.n != bizRegLength && e.n != bizRegOldLength:
		e.stop(CodeBadLength)
		return
	case !allDigits(e.b[:e.n]):
		e.stop(CodeBadCharacter)
		return
	}
	e.r.State = china
	e.warn(Structure, CodeFormSuperseded)
	if e.n == bizRegOldLength {
		e.omit(CheckDigit, CodeCheckDigitAbsent)
	} else {
		e.demand(CheckDigit, e.b[14] == mod1110(e.b[:14]), CodeCheckDigitMismatch)
	}
	e.registrar(e.b[:6])
	e.settle(e.n)
}

// mod1110 gives the check digit of ISO 7064 MOD 11,10.
func mod1110(digits []byte) byte {
	p := uint32(10)
	for _, c := range digits {
		s := (p + uint32(c-'0')) % 10
		if s == 0 {
			s = 10
		}
		p = s * 2 % 11
	}
	return '0' + byte((11-p)%10)
}

// uscc makes a code of any kind of unit and any division; the caller asks again where the lists do not know the division.
func (g *Generator) uscc() string {
	unit := unitTypes[g.Rand.IntN(len(unitTypes))]
	body := string(rune(unit.department)) + g.letters(1, unit.types) + g.division()
	organisation := g.letters(orgCodeLength-1, usccAlphabet)
	body += organisation + string(rune(orgCheck([]byte(organisation))))
	var b [numberSize]byte
	copy(b[:], body)
	return body + string(rune(usccCheck(&b)))
}

func (g *Generator) division() string {
	table := gb2260.Default()
	return table.At(g.Rand.IntN(table.Len())).String()
}

func (g *Generator) orgCode() string {
	body := g.letters(orgCodeLength-1, base36)
	return body + "-" + string(rune(orgCheck([]byte(body))))
}

func (g *Generator) bizReg() string {
	body := g.division() + g.digits(8)
	return body + string(rune(mod1110([]byte(body))))
}
