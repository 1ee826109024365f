//go:build vision

package vision

import (
	"image"
	"slices"
	"sort"
	"strings"
	"unicode"

	"realname/imaging"
	"realname/verify/idnumber"
)

// Zones of what the front prints beside name and number, in millimetres; values start behind their labels.
var (
	sexZone     = zone(14.3, sexRow-2.8, 25.5, sexRow+2.8)
	nationZone  = zone(32.5, sexRow-2.8, 52.5, sexRow+2.8)
	birthZone   = zone(14.3, birthRow-2.8, 52.5, birthRow+2.8)
	addressZone = zone(14.3, addressRow-3, 53.4, 43.6)
)

// addressScale is the straightened address's, in pixels a millimetre.
const addressScale = 12

// printed reads what the front prints beside name and number, and compares it
// with what the number says: a card whose parts contradict each other was altered.
func (e *examination) printed(l *layout) error {
	number := frontNumber(e.report.Fields.Number, e.today)
	if l.printed {
		// readPrint takes only cards whose print repeats the number.
		e.tellPrinted(imaging.ReasonSexMismatch, number.Sex.String())
		e.tellPrinted(imaging.ReasonBirthMismatch, birthOf(number))
	}
	err := e.crossCheck(number, []printedField{
		{sexZone, sexRune, sexOf, number.Sex.String(), imaging.ReasonSexMismatch},
		{birthZone, digitRune, dateOf, birthOf(number), imaging.ReasonBirthMismatch},
	}, &l.cardMap)
	if err != nil || !e.req.AllFields {
		return err
	}
	if e.report.Class == imaging.ClassResidentFront {
		if err := e.nation(l); err != nil {
			return err
		}
	}
	return e.address(l)
}

// printedField is a field that the number repeats.
type printedField struct {
	zone  quad
	keep  func(rune) bool
	parse func([]glyph) string // canonical; "" for what it cannot be
	want  string               // by the number; "" when it does not say
	code  string               // of the contradiction
}

// crossCheck compares the claim's birth and sex with the number's, and the
// printed ones with the number's. The rows were read already, so that a card
// without contradiction costs nothing; one is looked at again before it is told.
func (e *examination) crossCheck(number idnumber.Result, fields []printedField, m *cardMap) error {
	e.compareClaim(&number)
	for _, f := range fields {
		first := m.glyphsIn(e.text.lines, f.zone, f.keep)
		value := f.parse(first.glyphs)
		if value != "" && above(first.weakest(), fairGlyph) {
			e.tellPrinted(f.code, value)
		}
		if value == "" || value == f.want || f.want == "" || !above(first.weakest(), sureGlyph) {
			continue
		}
		place := m.imageQuad(f.zone)
		read, err := e.reader.recogniser.read(e.frame.mat, place)
		if err != nil {
			return err
		}
		second := read.decode()
		second.glyphs = only(second.glyphs, f.keep)
		again, conf := f.parse(second.glyphs), min(first.weakest(), second.weakest())
		switch {
		case again == f.want:
			e.tellPrinted(f.code, again)
		case again == value && above(second.weakest(), sureGlyph):
			e.find(imaging.Reject, f.code, conf, sureGlyph, &place)
		default:
			e.find(imaging.Review, f.code, conf, sureGlyph, &place)
		}
	}
	return nil
}

func (e *examination) tellPrinted(code, value string) {
	switch code {
	case imaging.ReasonSexMismatch:
		e.report.Fields.Sex = value
	case imaging.ReasonBirthMismatch:
		e.report.Fields.Birth = value
	case imaging.ReasonValidityImpossible:
		e.report.Fields.ValidTo = value
	}
}

// compareClaim compares birth and sex as claimed with those of the number, or of a machine-readable zone.
func (e *examination) compareClaim(number *idnumber.Result) {
	if e.req.Claim == nil {
		return
	}
	compare := func(claimed, said, code string, agreement *imaging.Agreement) {
		switch {
		case claimed == "":
		case said == "":
			*agreement = imaging.Unreadable
		case claimed == said:
			*agreement = imaging.Agrees
		default:
			*agreement = imaging.Disagrees
			e.find(imaging.Reject, code, 1, sureGlyph, nil)
		}
	}
	compare(e.req.Claim.Birth, birthOf(*number), imaging.ReasonBirthMismatch, &e.report.BirthAgreement)
	compare(e.req.Claim.Sex, number.Sex.String(), imaging.ReasonSexMismatch, &e.report.SexAgreement)
}

// birthOf is the birth that a number tells, "" when it tells none.
func birthOf(r idnumber.Result) string {
	if r.Status == idnumber.Invalid || !r.Birth.Valid() {
		return ""
	}
	return r.Birth.String()
}

func sexRune(r rune) bool { return r == '男' || r == '女' }

func sexOf(gs []glyph) string {
	switch {
	case len(gs) != 1:
	case gs[0].r == '男':
		return idnumber.Male.String()
	case gs[0].r == '女':
		return idnumber.Female.String()
	}
	return ""
}

// digitRune keeps digits and the signs of a date, which part them.
func digitRune(r rune) bool { return r >= '0' && r <= '9' || strings.ContainsRune("年月日", r) }

// dateOf reads year, month and day, parted by their signs or of eight digits.
func dateOf(gs []glyph) string {
	parts := []string{""}
	for _, g := range gs {
		if g.r >= '0' && g.r <= '9' {
			parts[len(parts)-1] += string(g.r)
		} else if parts[len(parts)-1] != "" {
			parts = append(parts, "")
		}
	}
	if parts[len(parts)-1] == "" {
		parts = parts[:len(parts)-1]
	}
	compact := strings.Join(parts, "")
	if len(parts) == 3 && len(parts[0]) == 4 && len(parts[1]) <= 2 && len(parts[2]) <= 2 {
		compact = parts[0] + ("0" + parts[1])[len(parts[1])-1:] + ("0" + parts[2])[len(parts[2])-1:]
	} else if len(parts) != 1 {
		return ""
	}
	d, ok := compactDate(compact)
	if !ok || !d.Valid() {
		return ""
	}
	return d.String()
}

// nation reads 民族 against the closed list of what cards print.
func (e *examination) nation(l *layout) error {
	f, err := e.reader.zoneField(e.frame.mat, e.text.lines, &l.cardMap, nationZone, authorityRune)
	if err != nil {
		return err
	}
	e.report.Fields.Nation = nationOf(f.value)
	return nil
}

// nationOf is the one name of the list that a reading is, or is but for one of
// three characters or more; "" otherwise.
func nationOf(read string) string {
	read = strings.TrimPrefix(read, "民族")
	if slices.Contains(nations, read) {
		return read
	}
	near := ""
	for _, n := range nations {
		if a, b := []rune(n), []rune(read); len(a) == len(b) && len(a) >= 3 && unlike(a, b) == 1 {
			if near != "" {
				return ""
			}
			near = n
		}
	}
	return near
}

func unlike(a, b []rune) int {
	n := 0
	for i := range a {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}

// nations are those of GB/T 3304-1991, and what cards print for people whose
// nation is not settled or who were naturalised.
var nations = strings.Fields(`汉 蒙古 回 藏 维吾尔 苗 彝 壮 布依 朝鲜 满 侗 瑶 白 土家 哈尼 哈萨克 傣 黎 傈僳 佤 畲 高山 拉祜
	水 东乡 纳西 景颇 柯尔克孜 土 达斡尔 仫佬 羌 布朗 撒拉 毛南 仡佬 锡伯 阿昌 普米 塔吉克 怒 乌孜别克 俄罗斯 鄂温克 德昂 保安
	裕固 京 塔塔尔 独龙 鄂伦春 赫哲 门巴 珞巴 基诺 穿青人 革家人 摩梭人 其他 外国血统中国籍人士`)

// address finds and reads the lines of the address on its straightened zone.
func (e *examination) address(l *layout) error {
	size := image.Pt(int(addressZone.width()*addressScale), int(addressZone.height()*addressScale))
	sheet, err := warp(e.frame.mat, l.imageQuad(addressZone), size)
	if err != nil {
		return err
	}
	defer sheet.Close()
	places, err := e.reader.detector.find(sheet, size.X)
	if err != nil {
		return err
	}
	sort.SliceStable(places, func(i, j int) bool { return places[i].at(0.5, 0.5).Y < places[j].at(0.5, 0.5).Y })
	var b strings.Builder
	for _, place := range places {
		read, err := e.reader.recogniser.read(sheet, place)
		if err != nil {
			return err
		}
		ln := read.decode()
		ln.glyphs = only(ln.glyphs, addressRune)
		if !above(ln.weakest(), fairGlyph) && len(ln.glyphs) > 0 {
			return nil // a part of an address would be another address
		}
		b.WriteString(ln.text())
	}
	e.report.Fields.Address = b.String()
	return nil
}

func addressRune(r rune) bool {
	return unicode.Is(unicode.Han, r) || unicode.IsDigit(r) || unicode.IsLetter(r) || r == '-'
}
