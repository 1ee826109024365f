package specimen

import (
	"fmt"
	"image"
	"image/color"
	"strings"
	"time"
	"unicode/utf8"
)

var (
	labelBlue = color.RGBA{38, 104, 170, 255}
	inkBlack  = rgb{24, 24, 28}
	markRed   = color.NRGBA{190, 60, 60, 150}
)

// Places on the front in millimetres from the top left corner. Rows are
// centres of print, as on the second-generation card.
const (
	labelX, valueX                             = 5.5, 15.9
	nameRow, sexRow, birthRow, addressRow      = 8.4, 15.4, 22.1, 29.2
	addressStep                                = 4.3
	numberRow, numberX, numberPitch            = 46.3, 28.7, 2.78
	labelEm, nameEm, valueEm, numberEm         = 2.9, 3.6, 3.1, 4.1
	portraitX, portraitY, portraitW, portraitH = 54.0, 6.8, 26.0, 32.0
	addressColumns                             = 11
	authorityColumns                           = 15 // of the back; autonomous counties with long names take a second line
)

// portraitPlace is where the front shows its holder.
var portraitPlace = Box{portraitX, portraitY, portraitW, portraitH}

// Card draws the front of a card at CardWidth × CardHeight pixels. The middle
// of the portrait is cropped to 26:32 and printed as it is; for a genuine
// specimen it must be a photograph. Errors: *MissingError for a font,
// *GlyphError for a character that the font lacks, ErrTooLong for a value that
// runs into the portrait or an address of more than three lines.
func Card(p Person, portrait image.Image) (*image.RGBA, error) {
	press, err := newPress(frontPaper(), Style{})
	if err != nil {
		return nil, err
	}
	press.front(p, portrait)
	return press.img, press.err
}

func (p *press) front(who Person, portrait image.Image) {
	p.right = portraitX
	p.portrait(portraitPlace, portrait)
	p.label(labelX, nameRow, "姓名", 0.9)
	p.field(ZoneName, valueX, nameRow, nameEm, who.Name)
	p.label(labelX, sexRow, "性别", 0.9)
	p.field(ZoneSex, valueX, sexRow, valueEm, string(who.Sex))
	p.label(26.2, sexRow, "民族", 0.5)
	p.field(ZoneNation, 33.8, sexRow, valueEm, who.Nation)
	p.birth(birthRow, who.Birth)
	p.address(addressRow, who.Address)
	p.label(labelX, numberRow, "公民身份号码", 0.15)
	p.number(who.Number)
	p.mark()
}

func (p *press) birth(row float64, born time.Time) {
	p.label(labelX, row, "出生", 0.9)
	p.field(ZoneBirth, valueX, row, valueEm, fmt.Sprint(born.Year()))
	p.label(24.4, row, "年", 0)
	p.centred(ZoneBirth, 30.2, row, valueEm, fmt.Sprint(int(born.Month())))
	p.label(33.0, row, "月", 0)
	p.centred(ZoneBirth, 38.8, row, valueEm, fmt.Sprint(born.Day()))
	p.label(41.6, row, "日", 0)
	p.say(ZoneBirth, born.Format(time.DateOnly))
}

// address sets at most three lines; more are ErrTooLong.
func (p *press) address(row float64, address string) {
	p.label(labelX, row, "住址", 0.9)
	lines := wrap(address, addressColumns)
	if len(lines) > 3 && p.err == nil {
		p.err = ErrTooLong
	}
	for i, line := range lines {
		p.field(ZoneAddress, valueX, row+float64(i)*addressStep, valueEm, line)
	}
	p.say(ZoneAddress, address)
}

// Back draws the other side at the same size. A roundel of our own stands
// where a card has the state emblem. Errors are those of Card.
func Back(p Person) (*image.RGBA, error) {
	press, err := newPress(backPaper(), Style{})
	if err != nil {
		return nil, err
	}
	press.back(p, "居民身份证")
	return press.img, press.err
}

func (p *press) back(who Person, title string) {
	p.emblem(14.2, 12.4, 7.6)
	p.titled(26.5, 10.6, 5.6, 1.5, "中华人民共和国")
	p.titled(26.5, 19.6, 7.4, 3.1, title)
	p.term(who.Authority, who.Issued, who.Expires)
	p.mark()
}

// term prints authority and validity in the two lower rows of a back.
func (p *press) term(authority string, issued, expires time.Time) {
	p.print(18.2, 40.6, "签发机关", textStyle{face: p.sans, em: labelEm, tracking: 0.2, ink: p.ink()})
	for i, line := range wrap(authority, authorityColumns) {
		p.field(ZoneAuthority, 34.5, 40.6+3.5*float64(i), valueEm, line)
	}
	p.print(18.2, 47.2, "有效期限", textStyle{face: p.sans, em: labelEm, tracking: 0.2, ink: p.ink()})
	p.field(ZoneValidity, 34.5, 47.2, valueEm, validity(issued, expires))
}

// validity is the term as cards print it; a zero end is 长期.
func validity(issued, expires time.Time) string {
	until := "长期"
	if !expires.IsZero() {
		until = expires.Format("2006.01.02")
	}
	return issued.Format("2006.01.02") + "-" + until
}

// wrap breaks a line where its width passes the columns; a digit or letter is 0.56 of an ideograph.
func wrap(s string, columns float64) []string {
	var lines []string
	var line strings.Builder
	width := 0.0
	for _, r := range s {
		step := 1.0
		if r < utf8.RuneSelf {
			step = 0.56
		}
		if width+step > columns {
			lines = append(lines, line.String())
			line.Reset()
			width = 0
		}
		line.WriteRune(r)
		width += step
	}
	return append(lines, line.String())
}
