package watermark

import (
	"fmt"
	"image"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gomonobold"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

const (
	fontSize = 17 // pixels
	leading  = 23 // pixels from line to line
	border   = 2  // pixels of halo around a letter
)

var parsed = sync.OnceValues(func() (*opentype.Font, error) { return opentype.Parse(gomonobold.TTF) })

// mark is the text that is repeated: its letters and their border, as covers.
type mark struct {
	w, h      int
	ink, halo mask
}

// mask is a cover of 0 to 1 for each pixel of a mark, in rows.
type mask struct {
	w      int
	covers []float64
}

// at is the cover between four pixels; x and y lie within all but the last column and row.
func (m *mask) at(x, y float64) float64 {
	i, j := int(x), int(y)
	fx, fy := x-float64(i), y-float64(j)
	top, below := m.covers[j*m.w+i:], m.covers[(j+1)*m.w+i:]
	return (top[0]*(1-fx)+top[1]*fx)*(1-fy) + (below[0]*(1-fx)+below[1]*fx)*fy
}

func newMark(lines []string) (*mark, error) {
	if len(lines) == 0 || len(lines) > maxLines {
		return nil, ErrText
	}
	longest := 0
	for _, line := range lines {
		if !printable(line) {
			return nil, ErrText
		}
		longest = max(longest, len(line))
	}
	f, err := parsed()
	if err != nil {
		return nil, fmt.Errorf("watermark: font: %w", err)
	}
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: fontSize, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		return nil, fmt.Errorf("watermark: font: %w", err)
	}
	advance, _ := face.GlyphAdvance('M') // of every letter: the font is monospaced
	m := &mark{w: (advance * fixed.Int26_6(longest)).Ceil() + 2*border + 1, h: len(lines)*leading + 2*border + 1}
	letters := image.NewAlpha(image.Rect(0, 0, m.w, m.h))
	for i, line := range lines {
		d := font.Drawer{Dst: letters, Src: image.Opaque, Face: face, Dot: fixed.P(border, border+(i+1)*leading-leading/4)}
		d.DrawString(line)
	}
	m.ink, m.halo = mask{m.w, make([]float64, m.w*m.h)}, mask{m.w, make([]float64, m.w*m.h)}
	for y := range m.h {
		for x := range m.w {
			m.ink.covers[y*m.w+x] = float64(letters.AlphaAt(x, y).A) / 255
			m.halo.covers[y*m.w+x] = around(letters, x, y)
		}
	}
	return m, nil
}

func printable(line string) bool {
	if line == "" || len(line) > MaxLine {
		return false
	}
	for i := range len(line) {
		if line[i] < ' ' || line[i] > '~' {
			return false
		}
	}
	return true
}

// around is the strongest cover of a letter within the border of a pixel.
func around(letters *image.Alpha, x, y int) float64 {
	strongest := uint8(0)
	for dy := -border; dy <= border; dy++ {
		for dx := -border; dx <= border; dx++ {
			if dx*dx+dy*dy <= border*border {
				strongest = max(strongest, letters.AlphaAt(x+dx, y+dy).A)
			}
		}
	}
	return float64(strongest) / 255
}
