//go:build vision

package vision

import (
	"fmt"
	"image"
	"math"
	"slices"

	"gocv.io/x/gocv"
)

// raster is a picture's pixels: three bytes a pixel, blue first. It is valid
// while the picture that it was taken from is.
type raster struct {
	w, h int
	px   []byte
}

// rasterOf looks into an 8-bit colour picture.
func rasterOf(mat gocv.Mat) (raster, error) {
	px, err := mat.DataPtrUint8()
	if err != nil {
		return raster{}, fmt.Errorf("vision: read pixels: %w", err)
	}
	r := raster{w: mat.Cols(), h: mat.Rows(), px: px}
	if len(px) != 3*r.w*r.h {
		return raster{}, fmt.Errorf("vision: a picture of %d bytes is not %dx%d in colour", len(px), r.w, r.h)
	}
	return r, nil
}

// luma is the brightness of a pixel, 0 to 255 (ITU-R BT.601).
func (r raster) luma(x, y int) float64 {
	p := r.px[3*(y*r.w+x):][:3]
	return 0.114*float64(p[0]) + 0.587*float64(p[1]) + 0.299*float64(p[2])
}

// sheetScale is the straightened card's, in pixels a millimetre: fine enough for strokes of print.
const sheetScale = 5.0

// straighten gives the card at sheetScale. The caller closes it.
func straighten(mat gocv.Mat, card quad) (gocv.Mat, error) {
	return reduced(mat, card, image.Pt(int(cardWidth*sheetScale), int(cardHeight*sheetScale)))
}

// part is the straightened card's pixels within a zone of the card, cut to the sheet.
func (r raster) part(z quad) image.Rectangle {
	at := func(v float64) int { return int(math.Round(v * sheetScale)) }
	return image.Rect(at(z[0].X), at(z[0].Y), at(z[2].X), at(z[2].Y)).Intersect(image.Rect(0, 0, r.w, r.h))
}

// quantile is the value below which a share of the values lie; it sorts them. 0 for none.
func quantile(values []float64, share float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[min(len(values)-1, int(share*float64(len(values))))]
}

// holds says whether a place lies inside q.
func (q quad) holds(p point) bool {
	for i := range q {
		if cross(q[(i+1)%4].sub(q[i]), p.sub(q[i])) < 0 {
			return false
		}
	}
	return true
}

// grown is q with its corners moved away from its middle by a share of their distance.
func (q quad) grown(share float64) quad {
	middle := q.at(0.5, 0.5)
	for i := range q {
		q[i] = middle.add(q[i].sub(middle).scale(1 + share))
	}
	return q
}
