package specimen

import (
	"fmt"
	"math/rand/v2"
	"time"

	"realname/verify/idnumber"
)

// permitPlaces are the three areas of residence permits; prefix begins the number of the travel permit.
var permitPlaces = []struct{ code, title, prefix, authority string }{
	{"810000", "港澳居民居住证", "H", "深圳市公安局"},
	{"820000", "港澳居民居住证", "M", "珠海市公安局"},
	{"830000", "台湾居民居住证", "", "厦门市公安局"},
}

// permitFront is laid out as the resident card, without 民族; the number begins with the area of origin.
func (p *press) permitFront(rng *rand.Rand, o Order) {
	who, from := o.Person, pick(rng, permitPlaces)
	p.right = portraitX
	p.portrait(portraitPlace, o.Portrait)
	p.label(labelX, nameRow, "姓名", 0.9)
	p.field(ZoneName, valueX, nameRow, nameEm, who.Name)
	p.label(labelX, sexRow, "性别", 0.9)
	p.field(ZoneSex, valueX, sexRow, valueEm, string(who.Sex))
	p.birth(birthRow, who.Birth)
	p.address(addressRow, who.Address)
	p.label(labelX, numberRow, "公民身份号码", 0.15)
	p.number(number(from.code, who.Birth, who.Sex))
	p.mark()
}

// permitBack has the travel permit's number and the count of issues above the resident card's two rows.
func (p *press) permitBack(rng *rand.Rand, o Order) {
	from := pick(rng, permitPlaces)
	p.emblem(14.2, 12.4, 7.6)
	p.titled(26.5, 10.6, 5.6, 1.5, "中华人民共和国")
	p.titled(26.5, 19.6, 6.2, 1.2, from.title)
	issued := o.Person.Issued
	p.print(18.2, 33.4, "通行证号码", textStyle{face: p.sans, em: labelEm, tracking: 0.1, ink: p.ink()})
	p.field(ZonePermit, 34.5, 33.4, valueEm, fmt.Sprintf("%s%08d", from.prefix, rng.IntN(1e8)))
	p.print(60, 33.4, "签发次数", textStyle{face: p.sans, em: labelEm, tracking: 0.1, ink: p.ink()})
	p.value(74.5, 33.4, valueEm, fmt.Sprintf("%02d", 1+rng.IntN(3)))
	p.term(from.authority, issued, issued.AddDate(5, 0, 0))
	p.mark()
}

// temporaryFront carries the title over a drawn wall, for a single page in film.
func (p *press) temporaryFront(_ *rand.Rand, o Order) {
	who := o.Person
	p.right = portraitX
	p.portrait(Box{portraitX + 2, 5, 23, 29}, o.Portrait)
	p.label(labelX, nameRow-1, "姓名", 0.9)
	p.field(ZoneName, valueX, nameRow-1, valueEm, who.Name)
	p.label(labelX, sexRow-2.2, "性别", 0.9)
	p.field(ZoneSex, valueX, sexRow-2.2, valueEm, string(who.Sex))
	p.label(26.2, sexRow-2.2, "民族", 0.5)
	p.field(ZoneNation, 33.8, sexRow-2.2, valueEm, who.Nation)
	p.birth(birthRow-3.4, who.Birth)
	p.address(addressRow-4.6, who.Address)
	p.label(labelX, 38.6, "公民身份号码", 0.15)
	p.digits(ZoneNumber, numberX, 38.6, who.Number)
	p.right = p.width()
	p.label(labelX, 43.2, "签发机关", 0.15)
	p.field(ZoneAuthority, 19.5, 43.2, 2.8, who.Authority)
	p.label(labelX, 47.6, "有效期限", 0.15)
	p.field(ZoneValidity, 19.5, 47.6, 2.8, validity(who.Issued, who.Issued.AddDate(0, 3, 0)))
	p.mark()
}

func (p *press) temporaryBack(rng *rand.Rand, _ Order) {
	wall := rgb{120, 150, 120}.mix(rgb{226, 238, 220}, between(rng, 0.3, 0.6)).opaque()
	e := p.easel()
	for i, depth := range []float64{1.6, 1.1, 0.8} {
		y := 36 - 6*float64(i)
		e.stroke(wall, depth*perMM, curve(p.points(0, y, 4, 8, 18, 2, 34, 6, 52, -1, 68, 4, 82, 0)...))
		for x := 8.0; x < 80; x += 11 {
			p.box(wall, Box{x, y + 1, 2.4, 3}, 0)
		}
	}
	p.titled(20.5, 12, 5, 1.4, "中华人民共和国")
	p.titled(18.4, 23, 6.2, 1.4, "临时居民身份证")
	p.mark()
}

// nationalities are ISO 3166-1 alpha-3 and numeric codes with the names that a card prints.
var nationalities = []struct{ alpha, numeric, name string }{
	{"USA", "840", "美国 / USA"}, {"DEU", "276", "德国 / DEU"}, {"FRA", "250", "法国 / FRA"}, {"KOR", "410", "韩国 / KOR"},
	{"SGP", "702", "新加坡 / SGP"}, {"GBR", "826", "英国 / GBR"}, {"JPN", "392", "日本 / JPN"}, {"BRA", "076", "巴西 / BRA"},
}

var (
	latinSurnames = []string{"SPECIMEN", "MUSTER", "BEISPIEL", "VELDEN", "HARROWAY", "LINDQVORST", "TAMBERLEY", "OKONDO", "PARKSEO", "MARVANI"}
	latinGiven    = []string{"ANNA", "MARIA JO", "ERIKSON", "LUCAS", "MINSEO", "THEO", "ODETTE", "CORIN", "ELIAS", "NADIRA"}
)

// foreignFront is the card of 2023, its number of 18 characters (GA 2102-2023)
// with the sequence 000 or 999. On which side the portrait stands we know from
// no standard: Style.Mirror chooses.
func (p *press) foreignFront(rng *rand.Rand, o Order) {
	who, nation := o.Person, pick(rng, nationalities)
	face, x := Box{58.5, 14.5, 22.5, 28}, 6.5
	if p.style.Mirror {
		face, x = Box{5, 14.5, 22.5, 28}, 31.0
	}
	p.emblem(8.2, 7.2, 4.4)
	p.titled(14.5, 5.6, 3.7, 0.2, "中华人民共和国外国人永久居留身份证")
	p.small(14.5, 10, 1.65, "FOREIGN PERMANENT RESIDENT ID CARD, PEOPLE'S REPUBLIC OF CHINA")
	p.portrait(face, o.Portrait)
	p.right = x + 50.5
	row := 16.4
	line := func(z Zone, label, value string) {
		p.small(x, row, 1.9, label)
		p.field(z, x, row+3.3, 2.9, value)
		row += 6.9
	}
	line(ZoneName, "姓名 / Name", pick(rng, latinSurnames)+", "+pick(rng, latinGiven))
	line(ZoneSex, "性别 / Sex      出生日期 / Date of Birth", string(who.Sex)+" / "+sexLetter(who.Sex)+"      "+who.Birth.Format("2006.01.02"))
	p.say(ZoneSex, string(who.Sex))
	p.note(ZoneBirth, p.fields[ZoneSex].Box, who.Birth.Format(time.DateOnly))
	line(ZoneNationality, "国籍 / Nationality", nation.name)
	line(ZoneValidity, "有效期限 / Period of Validity", validity(who.Issued, who.Issued.AddDate(10, 0, 0)))
	p.small(6.5, 47.4, 1.9, "证件号码 / ID No.")
	body := "9" + who.Number[:2] + nation.numeric + who.Birth.Format("20060102") + sequence(who.Sex)
	p.right = p.width()
	p.digits(ZoneNumber, 30.5, 47.4, body+string(idnumber.CheckChar(body)))
	p.mark()
}

// foreignOldFront is the card of 2017 to 2023, its number of 15 characters. We know the fields that it has, and from no
// standard where they stand: all of them here in one column, on a side that Style.Mirror chooses.
func (p *press) foreignOldFront(rng *rand.Rand, o Order) {
	who, nation := o.Person, pick(rng, nationalities)
	face, x := Box{59, 15.5, 21.5, 27}, 6.0
	if p.style.Mirror {
		face, x = Box{5, 15.5, 21.5, 27}, 30.0
	}
	p.emblem(7.6, 8, 4.6)
	p.titled(16, 5, 3.2, 0.3, "中华人民共和国")
	p.titled(16, 9.4, 3.4, 0.3, "外国人永久居留身份证")
	p.small(16, 13, 1.5, "FOREIGN PERMANENT RESIDENT ID CARD")
	p.portrait(face, o.Portrait)
	p.right = x + 51
	row := 17.6
	line := func(z Zone, label, value string) {
		p.small(x, row, 1.7, label)
		p.field(z, x, row+2.9, 2.6, value)
		row += 5.9
	}
	line(ZoneName, "姓名 / Name", pick(rng, latinSurnames)+", "+pick(rng, latinGiven))
	line(ZoneSex, "性别 / Sex      出生日期 / Date of Birth", string(who.Sex)+" / "+sexLetter(who.Sex)+"      "+who.Birth.Format("2006.01.02"))
	p.say(ZoneSex, string(who.Sex))
	p.note(ZoneBirth, p.fields[ZoneSex].Box, who.Birth.Format(time.DateOnly))
	line(ZoneNationality, "国籍 / Nationality", nation.name)
	line(ZoneValidity, "有效期限 / Period of Validity", validity(who.Issued, who.Issued.AddDate(10, 0, 0)))
	p.small(x, row, 1.7, "证件号码 / ID No.")
	body := nation.alpha + who.Number[:4] + who.Birth.Format("060102") + sequence(who.Sex)[:1]
	p.digits(ZoneNumber, x, row+3.6, body+string(checkDigit(body)))
	p.mark()
}

// sexLetter is that of ICAO Doc 9303.
func sexLetter(s Sex) string {
	if s == Female {
		return "F"
	}
	return "M"
}
