package idnumber

const (
	bankCardMin = 12
	bankCardMax = 19 // ISO/IEC 7812-1
)

// cardRange is a range of first digits, compared over as many digits as its ends have.
type cardRange struct {
	first, last uint32
	issuer      Issuer
}

// cardRanges are the ranges that card schemes and mainland banks have published; there is no public register. The first
// that fits counts.
var cardRanges = [...]cardRange{
	{62, 62, UnionPay}, // also the part that Discover accepts, 622126 to 622925
	{81, 81, UnionPay},
	// Mainland banks' own ranges, older than UnionPay's, as the lists of payment services name them.
	{9558, 9558, UnionPay}, {95555, 95555, UnionPay}, {9400, 9400, UnionPay}, {968807, 968809, UnionPay},
	{985262, 985262, UnionPay}, {998801, 998802, UnionPay}, {601382, 601382, UnionPay}, {601428, 601428, UnionPay},
	{602969, 602969, UnionPay}, {690755, 690755, UnionPay},
	{4, 4, Visa},
	{51, 55, Mastercard}, {2221, 2720, Mastercard},
	{34, 34, AmericanExpress}, {37, 37, AmericanExpress},
	{3528, 3589, JCB},
	{6011, 6011, Discover}, {644, 649, Discover}, {65, 65, Discover},
	{300, 305, Diners}, {36, 36, Diners}, {38, 38, Diners},
}

// bankCard judges 12 to 19 digits. A wrong Luhn digit is a suspicion and no more: genuine UnionPay cards have one.
func (e *examination) bankCard() {
	r := &e.r
	digits := e.b[:e.n]
	switch {
	case e.n < bankCardMin || e.n > bankCardMax:
		e.stop(CodeBadLength)
		return
	case !allDigits(digits):
		e.stop(CodeBadCharacter)
		return
	case allZero(digits):
		e.stop(CodeAllZero)
		return
	}
	e.pass(Structure)
	if luhn(digits) {
		e.pass(CheckDigit)
	} else {
		e.warn(CheckDigit, CodeLuhnMismatch)
	}
	if r.Issuer = cardScheme(digits); r.Issuer != NoIssuer {
		e.pass(EmbeddedCode)
	} else {
		e.omit(EmbeddedCode, CodeIssuerUnknown) // the table is no register: a genuine card may be missing
	}
	e.settle(e.n)
}

func cardScheme(digits []byte) Issuer {
	for _, c := range cardRanges {
		width := 1
		for n := c.last; n > 9; n /= 10 {
			width++
		}
		if head := number(digits[:width]); c.first <= head && head <= c.last {
			return c.issuer
		}
	}
	return NoIssuer
}

// bankCard makes a number of 16 digits, or of 19 as on most mainland debit cards.
func (g *Generator) bankCard() string {
	if g.Rand.IntN(2) == 0 {
		return withLuhn("62" + g.digits(16))
	}
	prefixes := [...]string{"62", "81", "4", "51", "2221", "3528", "6011"}
	prefix := prefixes[g.Rand.IntN(len(prefixes))]
	return withLuhn(prefix + g.digits(15-len(prefix)))
}
