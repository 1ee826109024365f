package specimen

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"slices"
	"strings"
	"unicode/utf8"
)

var (
	labelBlue = color.RGBA{38, 104, 170, 255}
	inkBlack  = color.RGBA{24, 24, 28, 255}
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
)

// Card draws the front of a card at CardWidth × CardHeight pixels. The middle
// of the portrait is cropped to 26:32 and printed as it is; for a genuine
// specimen it must be a photograph. Errors: *MissingError for a font,
// *GlyphError for a character that the font lacks, ErrTooLong for a value that
// runs into the portrait or an address of more than three lines.
func Card(p Person, portrait image.Image) (*image.RGBA, error) {
	press, err := newPress(frontPaper())
	if err != nil {
		return nil, err
	}
	press.right = portraitX
	press.portrait(portrait)
	press.label(labelX, nameRow, "姓名", 0.9)
	press.value(valueX, nameRow, nameEm, p.Name)
	press.label(labelX, sexRow, "性别", 0.9)
	press.value(valueX, sexRow, valueEm, string(p.Sex))
	press.label(26.2, sexRow, "民族", 0.5)
	press.value(33.8, sexRow, valueEm, p.Nation)
	press.label(labelX, birthRow, "出生", 0.9)
	press.value(valueX, birthRow, valueEm, fmt.Sprint(p.Birth.Year()))
	press.label(24.4, birthRow, "年", 0)
	press.centred(30.2, birthRow, valueEm, fmt.Sprint(int(p.Birth.Month())))
	press.label(33.0, birthRow, "月", 0)
	press.centred(38.8, birthRow, valueEm, fmt.Sprint(p.Birth.Day()))
	press.label(41.6, birthRow, "日", 0)
	press.label(labelX, addressRow, "住址", 0.9)
	lines := wrap(p.Address, addressColumns)
	if len(lines) > 3 {
		return nil, ErrTooLong
	}
	for i, line := range lines {
		press.value(valueX, addressRow+float64(i)*addressStep, valueEm, line)
	}
	press.label(labelX, numberRow, "公民身份号码", 0.15)
	press.number(p.Number)
	press.mark()
	return press.img, press.err
}

// Back draws the other side at the same size. A roundel of our own stands
// where a card has the state emblem. Errors are those of Card.
func Back(p Person) (*image.RGBA, error) {
	press, err := newPress(backPaper())
	if err != nil {
		return nil, err
	}
	serifFace, err := serif()
	if err != nil {
		return nil, err
	}
	press.roundel(14.2, 12.4)
	press.print(26.5, 10.6, "中华人民共和国", textStyle{face: serifFace, em: 5.6, tracking: 1.5, ink: inkBlack})
	press.print(26.5, 19.6, "居民身份证", textStyle{face: serifFace, em: 7.4, tracking: 3.1, ink: inkBlack})
	press.print(18.2, 40.6, "签发机关", textStyle{face: press.sans, em: labelEm, tracking: 0.2, ink: inkBlack})
	press.value(34.5, 40.6, valueEm, p.Authority)
	until := "长期"
	if !p.Expires.IsZero() {
		until = p.Expires.Format("2006.01.02")
	}
	press.print(18.2, 47.2, "有效期限", textStyle{face: press.sans, em: labelEm, tracking: 0.2, ink: inkBlack})
	press.value(34.5, 47.2, valueEm, p.Issued.Format("2006.01.02")+"-"+until)
	press.mark()
	return press.img, press.err
}

// press prints on one side of one card in millimetres and keeps the first error.
type press struct {
	img        *image.RGBA
	setter     *typesetter
	sans, ocrb *typeface
	right      float64 // where values must end
	err        error
}

func newPress(paper *image.RGBA) (*press, error) {
	sansFace, err := sans()
	if err != nil {
		return nil, err
	}
	ocrbFace, err := ocrb()
	if err != nil {
		return nil, err
	}
	img := &image.RGBA{Pix: slices.Clone(paper.Pix), Stride: paper.Stride, Rect: paper.Rect}
	return &press{img: img, setter: newTypesetter(img), sans: sansFace, ocrb: ocrbFace, right: CardWidth / perMM}, nil
}

// print sets a line whose ideographs are centred on the row.
func (p *press) print(x, row float64, s string, st textStyle) {
	if p.err != nil {
		return
	}
	baseline := row + 0.38*st.em
	st.em, st.pitch, st.tracking, st.right = st.em*perMM, st.pitch*perMM, st.tracking*perMM, st.right*perMM
	p.err = p.setter.line(s, x*perMM, baseline*perMM, st)
}

func (p *press) label(x, row float64, s string, tracking float64) {
	p.print(x, row, s, textStyle{face: p.sans, em: labelEm, tracking: tracking, ink: labelBlue})
}

func (p *press) value(x, row, em float64, s string) {
	p.print(x, row, s, textStyle{face: p.sans, em: em, tracking: 0.1, right: p.right, ink: inkBlack})
}

// centred sets a short run of digits around x.
func (p *press) centred(x, row, em float64, digits string) {
	p.value(x-0.28*em*float64(len(digits)), row, em, digits)
}

func (p *press) number(number string) {
	p.print(numberX, numberRow-0.15, number, textStyle{face: p.ocrb, em: numberEm, pitch: numberPitch, ink: inkBlack})
}

// mark says on both sides that this is no document, below everything that is read.
func (p *press) mark() {
	p.print(37.2, 51.4, "样本 SPECIMEN", textStyle{face: p.sans, em: 1.7, tracking: 0.15, ink: markRed})
}

// portrait prints the photograph with a soft edge, as the thermal printer does.
func (p *press) portrait(src image.Image) {
	x, y := int(portraitX*perMM), int(portraitY*perMM)
	w, h := int(portraitW*perMM), int(portraitH*perMM)
	photo := crop(src, w, h)
	mask := image.NewAlpha(image.Rect(0, 0, w, h))
	const feather = 6
	for my := range h {
		for mx := range w {
			edge := min(mx, my, w-1-mx, h-1-my)
			mask.Pix[my*mask.Stride+mx] = uint8(245 * min(feather, edge+1) / feather)
		}
	}
	draw.DrawMask(p.img, image.Rect(x, y, x+w, y+h), photo, image.Point{}, mask, image.Point{}, draw.Over)
}

// roundel is our own device: a ring, hills and the word 样本.
func (p *press) roundel(x, y float64) {
	e := &easel{img: p.img, ras: p.setter.ras}
	at := func(mm ...float64) []Point {
		var line []Point
		for i := 0; i < len(mm); i += 2 {
			line = append(line, Point{(x + mm[i]) * perMM, (y + mm[i+1]) * perMM})
		}
		return line
	}
	red := color.RGBA{186, 58, 52, 255}
	cx, cy := x*perMM, y*perMM
	e.fill(red, ellipse(cx, cy, 7.6*perMM, 7.6*perMM))
	e.fill(color.RGBA{244, 226, 216, 255}, ellipse(cx, cy, 6.7*perMM, 6.7*perMM))
	e.stroke(red, 0.5*perMM, curve(at(-5.5, 3.4, -2.8, 1.0, 0, 3.2, 2.6, 1.4, 5.5, 3.4)...))
	e.stroke(red, 0.5*perMM, curve(at(-4.6, 4.6, -1.5, 3.2, 1.6, 4.8, 4.6, 4.4)...))
	p.print(x-3.3, y-1.3, "样本", textStyle{face: p.sans, em: 3.2, tracking: 0.2, ink: red})
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
