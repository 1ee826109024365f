package specimen

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// ID-3 of ISO/IEC 7810 (125 × 88 mm) at 15 pixels a millimetre.
const (
	passportWidth  = 1875
	passportHeight = 1320
)

// romanised gives characters of invented names with their Pinyin as a passport prints it.
var romanised = []struct{ han, latin string }{
	{"王", "WANG"}, {"李", "LI"}, {"张", "ZHANG"}, {"陈", "CHEN"}, {"杨", "YANG"}, {"赵", "ZHAO"}, {"周", "ZHOU"}, {"吕", "LYU"},
	{"伟", "WEI"}, {"磊", "LEI"}, {"明", "MING"}, {"嘉", "JIA"}, {"思", "SI"}, {"雨", "YU"}, {"宁", "NING"}, {"婷", "TING"},
}

// holder is what a passport's data page says.
type holder struct {
	state, surname, given, han string
	number                     string
	sex                        string
	birth, issued, expires     time.Time
	optional                   string
}

// newHolder invents a holder: half of Utopia (UTO, the state of ICAO's
// specimens), half of China with a book number of zeros.
func newHolder(rng *rand.Rand, p Person) holder {
	h := holder{state: "UTO", surname: pick(rng, latinSurnames), given: pick(rng, latinGiven), sex: sexLetter(p.Sex),
		birth: p.Birth, issued: p.Issued, expires: p.Issued.AddDate(10, 0, -1),
		number: fmt.Sprintf("L%08d", rng.IntN(1e8))}
	if rng.IntN(2) == 0 {
		surname, given := romanised[rng.IntN(8)], romanised[8+rng.IntN(8)]
		h.state, h.surname, h.given, h.han = "CHN", surname.latin, given.latin, surname.han+given.han
		h.number = "E00000000"
		h.optional = strings.Repeat("<", 14)
	}
	return h
}

// zone composes the machine-readable zone of a passport: two lines of 44 (ICAO Doc 9303, part 4).
func (h holder) zone() (first, second string) {
	fill := func(s string, n int) string {
		s = strings.NewReplacer(" ", "<", "-", "<").Replace(s)
		return (s + strings.Repeat("<", n))[:n]
	}
	first = fill("P<"+h.state+h.surname+"<<"+h.given, 44)
	digit := func(s string) string { return s + string(checkDigit(s)) }
	number, birth, expires := digit(fill(h.number, 9)), digit(h.birth.Format("060102")), digit(h.expires.Format("060102"))
	optional := digit(fill(h.optional, 14))
	if strings.Trim(h.optional, "<") == "" {
		optional = strings.Repeat("<", 15) // an empty field's check digit may be a filler
	}
	return first, number + h.state + birth + h.sex + expires + optional + string(checkDigit(number+birth+expires+optional))
}

// checkDigit weighs 7, 3, 1 (ICAO Doc 9303, part 3): letters count from 10, fillers nothing.
func checkDigit(s string) byte {
	sum := 0
	for i := range len(s) {
		value := 0
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			value = int(c - '0')
		case c >= 'A' && c <= 'Z':
			value = int(c-'A') + 10
		}
		sum += value * [3]int{7, 3, 1}[i%3]
	}
	return byte('0' + sum%10)
}

// passportPage is a data page: portrait at the left, the zone in the lower quarter.
func (p *press) passportPage(rng *rand.Rand, o Order) {
	h := newHolder(rng, o.Person)
	title, english, nation := "UTOPIA", "UNION OF UTOPIA", "UTOPIAN"
	if h.state == "CHN" {
		title, english, nation = "中华人民共和国", "PEOPLE'S REPUBLIC OF CHINA", "中国 / CHINESE"
	}
	p.titled(42, 6.5, 3.6, 0.3, title)
	p.small(42, 10.5, 2.2, english)
	p.titled(6, 8.5, 4.2, 0.3, "护照 PASSPORT")
	p.portrait(pagePortrait(rng), o.Portrait)
	p.pageItem("", 42, 15.5, "类型 / Type", "P")
	p.pageItem("", 60, 15.5, "国家码 / Country Code", h.state)
	p.pageItem(ZoneNumber, 90, 15.5, "护照号 / Passport No.", h.number)
	name := h.surname + ", " + h.given
	if h.han != "" {
		name = h.han + "  " + name
	}
	p.pageItem(ZoneName, 42, 24, "姓名 / Name", name)
	p.pageItem(ZoneSex, 42, 32.5, "性别 / Sex", h.sex)
	p.pageItem(ZoneNationality, 60, 32.5, "国籍 / Nationality", nation)
	date := func(t time.Time) string { return strings.ToUpper(t.Format("02 Jan 2006")) }
	p.pageItem(ZoneBirth, 90, 32.5, "出生日期 / Date of birth", date(h.birth))
	p.say(ZoneBirth, h.birth.Format(time.DateOnly))
	p.pageItem("", 42, 41, "出生地点 / Place of birth", "样本 / SPECIMEN")
	p.pageItem("", 90, 41, "签发日期 / Date of issue", date(h.issued))
	p.pageItem("", 42, 49.5, "签发机关 / Authority", "样本 / SPECIMEN")
	p.pageItem(ZoneValidity, 90, 49.5, "有效期至 / Date of expiry", date(h.expires))
	p.box(rgb{250, 250, 246}.opaque(), Box{0, 64.5, 125, 20}, 0)
	first, second := h.zone()
	for i, line := range []string{first, second} {
		p.note(ZoneMRZ, p.print(6.5, 70.5+6.4*float64(i), line,
			textStyle{face: p.ocrb, em: 3.9, pitch: 2.54, ink: p.ink()}), line)
	}
	p.say(ZoneMRZ, first+"\n"+second)
	p.mark()
}

// pagePortrait is the portrait's place: states keep to that of ICAO's examples within a few millimetres.
func pagePortrait(rng *rand.Rand) Box {
	w := between(rng, 30, 34)
	return Box{between(rng, 4.5, 7), between(rng, 14.5, 17.5), w, w * between(rng, 1.26, 1.32)}
}

// pageItem is a small label over a value; z may be empty.
func (p *press) pageItem(z Zone, x, row float64, label, value string) {
	p.small(x, row, 1.8, label)
	b := p.value(x, row+3.6, 3, value)
	if z != "" {
		p.note(z, b, value)
	}
}
