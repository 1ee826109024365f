package specimen

import (
	"math/rand/v2"
	"strings"
)

// script is the second writing of a bilingual card. Only writings that need no
// shaping are set: Zhuang in Latin letters and Korean in syllable blocks.
type script struct {
	name, sex, nation, birth, address, number string
	title, card, authority, validity          string
	male, female                              string
	syllables                                 []string // what invented values are made of
	joint                                     string   // between words
}

var scripts = []script{
	{
		name: "SINGQMINGZ", sex: "SINGQBIED", nation: "MINZCUZ", birth: "SENG", address: "DIEGYOUQ", number: "GUNGHMINZ SINHFWNH HAUMAJ",
		title: "CUNGHVAZ YINZMINZ GUNGHOZGOZ", card: "GIHMINZ SINHFWNCWNG", authority: "GIHGVANH CIEMFAT", validity: "GEIZHANH MIZYAUQ",
		male: "SAI", female: "MBWK", joint: " ",
		syllables: strings.Fields("VANGZ LIJ CANGH NAMZ BYA LAJ MBANJ RAEMX DANGZ HOZ YIENZ GVANGJ SIH NINZ SING HAW NGOENZ FWN DAEGAENZ CUENGH LOH HAU"),
	},
	{
		name: "이름", sex: "성별", nation: "민족", birth: "출생", address: "주소", number: "공민신분번호",
		title: "중화인민공화국", card: "주민신분증", authority: "발급기관", validity: "유효기간",
		male: "남", female: "녀", joint: "",
		syllables: strings.Fields("김 박 최 정 강 윤 장 림 연 길 시 룡 정 화 룡 도 문 훈 춘 백 산 거 리 동 서 남 북 광 명 해 란 송 월 성"),
	},
}

// words invents n syllables of the script.
func (s script) words(rng *rand.Rand, n int) string {
	out := make([]string, n)
	for i := range out {
		out[i] = pick(rng, s.syllables)
	}
	return strings.Join(out, s.joint)
}

// upperRow and lowerRow place the second script above and its Chinese below the row of a plain card.
const (
	upperRow, lowerRow = -1.7, 1.1
	secondEm, bothEm   = 1.75, 2.6
)

// pair sets a label and a value in both scripts.
func (p *press) pair(z Zone, x, row, gap float64, label, second, value, secondValue string) {
	p.small(x, row+upperRow, secondEm, second)
	p.print(x, row+lowerRow, label, textStyle{face: p.sans, em: bothEm, tracking: 0.5, ink: p.labelInk()})
	p.print(x+gap, row+upperRow, secondValue, textStyle{face: p.sans, em: secondEm + 0.2, tracking: 0.05, right: p.right, ink: p.ink()})
	p.field(z, x+gap, row+lowerRow, valueEm, value)
}

func (p *press) bilingualFront(rng *rand.Rand, o Order) {
	s, who := pick(rng, scripts), o.Person
	p.right = portraitX
	p.portrait(portraitPlace, o.Portrait)
	p.pair(ZoneName, labelX, nameRow, 12.5, "姓名", s.name, who.Name, s.words(rng, 2+rng.IntN(2)))
	sex := s.male
	if who.Sex == Female {
		sex = s.female
	}
	p.pair(ZoneSex, labelX, sexRow, 12.5, "性别", s.sex, string(who.Sex), sex)
	p.pair(ZoneNation, 27.2, sexRow, 10, "民族", s.nation, who.Nation, s.words(rng, 1))
	p.small(labelX, birthRow-2.6, secondEm, s.birth)
	p.birth(birthRow, who.Birth)
	p.small(labelX, addressRow-2.6, secondEm, s.address)
	// As many words as stand left of the portrait.
	street := wrap(s.words(rng, 4+rng.IntN(4)), 17)[0]
	p.print(valueX, addressRow-2.6, street, textStyle{face: p.sans, em: secondEm, tracking: 0.05, right: portraitX, ink: p.ink()})
	p.address(addressRow, who.Address)
	p.small(labelX, numberRow-2.4, 1.5, s.number)
	p.label(labelX, numberRow, "公民身份号码", 0.15)
	p.number(who.Number)
	p.mark()
}

func (p *press) bilingualBack(rng *rand.Rand, o Order) {
	s := pick(rng, scripts)
	p.back(o.Person, "居民身份证")
	p.print(26.5, 5.8, s.title, textStyle{face: p.sans, em: 2.4, tracking: 0.5, ink: p.ink()})
	p.print(26.5, 25.6, s.card, textStyle{face: p.sans, em: 2.6, tracking: 0.6, ink: p.ink()})
	p.print(18.2, 38.0, s.authority, textStyle{face: p.sans, em: 1.6, ink: p.ink()})
	p.print(18.2, 44.8, s.validity, textStyle{face: p.sans, em: 1.6, ink: p.ink()})
}
