package specimen

import (
	"image"
	"image/color"
	"image/draw"

	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// textStyle is how a line is printed; lengths are in pixels.
type textStyle struct {
	face     *Font
	em       float64     // size of the em square
	pitch    float64     // fixed distance from glyph to glyph; 0 takes the font's own widths
	tracking float64     // extra distance after each glyph
	right    float64     // where the line must end; 0 is the image's edge
	ink      color.Color // may be translucent
}

// typesetter prints lines on one image; it is not safe for concurrent use.
type typesetter struct {
	dst draw.Image
	buf sfnt.Buffer
	ras *vector.Rasterizer
}

func newTypesetter(dst draw.Image) *typesetter {
	b := dst.Bounds()
	return &typesetter{dst: dst, ras: vector.NewRasterizer(b.Dx(), b.Dy())}
}

// line prints s from x on the baseline y and returns where it ends.
func (t *typesetter) line(s string, x, y float64, st textStyle) (end float64, err error) {
	ppem := fixed.Int26_6(st.em * 64)
	if st.right == 0 {
		st.right = float64(t.dst.Bounds().Max.X)
	}
	for _, r := range s {
		index, err := st.face.font.GlyphIndex(&t.buf, r)
		if err != nil {
			return x, err
		}
		if index == 0 {
			return x, &GlyphError{Rune: r, Font: st.face.name}
		}
		advance, err := st.face.font.GlyphAdvance(&t.buf, index, ppem, font.HintingNone)
		if err != nil {
			return x, err
		}
		left, step := x, float64(advance)/64
		if st.pitch > 0 {
			left, step = x+(st.pitch-step)/2, st.pitch
		}
		if left+float64(advance)/64 > st.right {
			return x, ErrTooLong
		}
		if err := t.glyph(index, left, y, st); err != nil {
			return x, err
		}
		x += step + st.tracking
	}
	return x, nil
}

func (t *typesetter) glyph(index sfnt.GlyphIndex, x, y float64, st textStyle) error {
	segments, err := st.face.font.LoadGlyph(&t.buf, index, fixed.Int26_6(st.em*64), nil)
	if err != nil {
		return err
	}
	// The rasterizer covers one glyph's box only: its cost is its area.
	em := int(st.em) + 1
	box := image.Rect(int(x)-em/4, int(y)-em-em/4, int(x)+em+em/4, int(y)+em/2).Intersect(t.dst.Bounds())
	if box.Empty() {
		return ErrTooLong
	}
	t.ras.Reset(box.Dx(), box.Dy())
	at := func(p fixed.Point26_6) (float32, float32) {
		return float32(x + float64(p.X)/64 - float64(box.Min.X)), float32(y + float64(p.Y)/64 - float64(box.Min.Y))
	}
	for _, s := range segments {
		ax, ay := at(s.Args[0])
		bx, by := at(s.Args[1])
		cx, cy := at(s.Args[2])
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			t.ras.ClosePath()
			t.ras.MoveTo(ax, ay)
		case sfnt.SegmentOpLineTo:
			t.ras.LineTo(ax, ay)
		case sfnt.SegmentOpQuadTo:
			t.ras.QuadTo(ax, ay, bx, by)
		case sfnt.SegmentOpCubeTo:
			t.ras.CubeTo(ax, ay, bx, by, cx, cy)
		}
	}
	t.ras.ClosePath()
	t.ras.Draw(t.dst, box, image.NewUniform(st.ink), image.Point{})
	return nil
}
