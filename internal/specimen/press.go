package specimen

import (
	"image"
	"image/color"
	"image/draw"
	"slices"
)

// Zone names a place on a document and what stands there.
type Zone string

// The zones. Not every document has every one.
const (
	ZoneName        Zone = "name"
	ZoneSex         Zone = "sex"
	ZoneNation      Zone = "nation"
	ZoneBirth       Zone = "birth"
	ZoneAddress     Zone = "address"
	ZoneNumber      Zone = "number"
	ZonePortrait    Zone = "portrait"
	ZoneEmblem      Zone = "emblem"
	ZoneTitle       Zone = "title"
	ZoneAuthority   Zone = "authority"
	ZoneValidity    Zone = "validity"
	ZoneNationality Zone = "nationality"
	ZonePermit      Zone = "permit_number" // the travel permit's, on a residence permit
	ZoneMRZ         Zone = "mrz"
)

// Box is a rectangle in millimetres from the document's top left corner.
type Box struct{ X, Y, W, H float64 }

func (b Box) union(c Box) Box {
	x, y := min(b.X, c.X), min(b.Y, c.Y)
	return Box{x, y, max(b.X+b.W, c.X+c.W) - x, max(b.Y+b.H, c.Y+c.H) - y}
}

func (b Box) middle() Point { return Point{b.X + b.W/2, b.Y + b.H/2} }

// Field is a zone as it was printed.
type Field struct {
	Box  Box
	Text string // what it says; dates of birth as YYYY-MM-DD, lines joined; empty for pictures
}

// press prints on one side of one document in millimetres and keeps the first error.
type press struct {
	img               *image.RGBA
	setter            *typesetter
	sans, title, ocrb *Font
	style             Style
	right             float64 // where values must end
	fields            map[Zone]Field
	err               error
}

func newPress(paper *image.RGBA, style Style) (*press, error) {
	p := &press{sans: style.Text, title: style.Title, ocrb: style.Digits, style: style, fields: map[Zone]Field{}}
	for _, f := range []struct {
		font *(*Font)
		load func() (*Font, error)
	}{{&p.sans, sans}, {&p.title, serif}, {&p.ocrb, ocrb}} {
		if *f.font != nil {
			continue
		}
		var err error
		if *f.font, err = f.load(); err != nil {
			return nil, err
		}
	}
	p.img = &image.RGBA{Pix: slices.Clone(paper.Pix), Stride: paper.Stride, Rect: paper.Rect}
	p.setter = newTypesetter(p.img)
	p.right = p.width()
	return p, nil
}

func (p *press) width() float64  { return float64(p.img.Rect.Dx()) / perMM }
func (p *press) height() float64 { return float64(p.img.Rect.Dy()) / perMM }

// print sets a line whose ideographs are centred on the row and returns where it lies.
func (p *press) print(x, row float64, s string, st textStyle) Box {
	if p.err != nil {
		return Box{}
	}
	em := st.em
	x, row = x+p.style.Shift.X, row+p.style.Shift.Y
	baseline := row + 0.38*st.em
	st.em, st.pitch, st.tracking, st.right = st.em*perMM, st.pitch*perMM, st.tracking*perMM, st.right*perMM
	end, err := p.setter.line(s, x*perMM, baseline*perMM, st)
	p.err = err
	return Box{x, row - em/2, end/perMM - x, em}
}

func (p *press) ink() color.RGBA {
	return inkBlack.mix(rgb{150, 150, 150}, p.style.Worn).opaque()
}

func (p *press) labelInk() color.RGBA {
	if p.style.Labels == (color.RGBA{}) {
		return labelBlue
	}
	return p.style.Labels
}

func (p *press) label(x, row float64, s string, tracking float64) {
	p.print(x, row, s, textStyle{face: p.sans, em: labelEm, tracking: tracking, ink: p.labelInk()})
}

// small sets a line of any size in the label's ink, for second scripts and translations.
func (p *press) small(x, row, em float64, s string) {
	p.print(x, row, s, textStyle{face: p.sans, em: em, tracking: 0.05, ink: p.labelInk()})
}

func (p *press) value(x, row, em float64, s string) Box {
	return p.print(x, row, s, textStyle{face: p.sans, em: em, tracking: 0.1, right: p.right, ink: p.ink()})
}

// field sets a value and adds it to a zone.
func (p *press) field(z Zone, x, row, em float64, s string) {
	p.note(z, p.value(x, row, em, s), s)
}

// note widens a zone by a box and adds to what it says.
func (p *press) note(z Zone, b Box, s string) {
	if f, ok := p.fields[z]; ok {
		b, s = f.Box.union(b), f.Text+s
	}
	p.fields[z] = Field{Box: b, Text: s}
}

// say replaces what a zone says, where print and meaning differ.
func (p *press) say(z Zone, s string) { p.fields[z] = Field{Box: p.fields[z].Box, Text: s} }

// centred sets a short run of digits around x.
func (p *press) centred(z Zone, x, row, em float64, digits string) {
	p.field(z, x-0.28*em*float64(len(digits)), row, em, digits)
}

// titled sets a title in the serif face.
func (p *press) titled(x, row, em, tracking float64, s string) {
	p.note(ZoneTitle, p.print(x, row, s, textStyle{face: p.title, em: em, tracking: tracking, ink: p.ink()}), s)
}

func (p *press) number(number string) { p.digits(ZoneNumber, numberX, numberRow, number) }

func (p *press) digits(z Zone, x, row float64, s string) {
	p.note(z, p.print(x, row-0.15, s, textStyle{face: p.ocrb, em: numberEm, pitch: numberPitch, ink: p.ink()}), s)
}

// mark says on every side that this is no document, below everything that is read.
func (p *press) mark() {
	if p.img.Rect.Dx() == CardWidth {
		p.markAt(37.2, 51.4)
		return
	}
	p.markAt(p.width()/2-5.6, p.height()-2.6)
}

func (p *press) markAt(x, row float64) {
	ink := markRed
	if ground := p.img.RGBAAt(int(x*perMM), int(row*perMM)); min(ground.R, ground.G, ground.B) < 150 {
		ink = color.NRGBA{255, 255, 255, 170}
	}
	p.print(x, row, "样本 SPECIMEN", textStyle{face: p.sans, em: 1.7, tracking: 0.15, ink: ink})
}

// portrait prints the photograph with a soft edge, as the thermal printer does.
func (p *press) portrait(at Box, src image.Image) {
	p.note(ZonePortrait, at, "")
	x, y := int(at.X*perMM), int(at.Y*perMM)
	w, h := int(at.W*perMM), int(at.H*perMM)
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

func (p *press) easel() *easel { return &easel{img: p.img, ras: p.setter.ras} }

// points are pairs of millimetres around (x, y).
func (p *press) points(x, y float64, mm ...float64) []Point {
	line := make([]Point, 0, len(mm)/2)
	for i := 0; i < len(mm); i += 2 {
		line = append(line, Point{(x + mm[i]) * perMM, (y + mm[i+1]) * perMM})
	}
	return line
}

// box is a rounded rectangle in millimetres.
func (p *press) box(c color.Color, b Box, radius float64) {
	p.easel().fill(c, rectangle(b.X*perMM, b.Y*perMM, b.W*perMM, b.H*perMM, radius*perMM))
}
