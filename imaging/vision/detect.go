//go:build vision

package vision

import (
	"fmt"
	"image"
	"math"
	"sort"

	"gocv.io/x/gocv"
)

// Post-processing of the DB text detector, as PP-OCR publishes it.
const (
	detectPixel  = 0.3 // a pixel is text
	detectRegion = 0.6 // a region's mean makes it a line
	detectUnclip = 1.5 // regions are printed shrunken; grow by area*unclip/perimeter
	detectSide   = 960 // long side of the input
	nearSide     = 704 // where the document nearly fills it
	detectMost   = 400 // regions looked at; a page of print has fewer lines
)

// detector finds lines of text.
type detector struct {
	net *net
}

// near finds lines in the part of mat around a document only.
func (d *detector) near(mat gocv.Mat, document quad) ([]quad, error) {
	const beyond = 0.12 // of the document's size
	area := document.grown(2*beyond).box(1, mat.Cols(), mat.Rows())
	if area == nil {
		return nil, nil
	}
	part := mat.Region(image.Rect(area.X, area.Y, area.X+area.Width, area.Y+area.Height))
	defer part.Close()
	places, err := d.find(part, nearSide)
	for i := range places {
		for j, p := range places[i] {
			places[i][j] = p.add(point{float64(area.X), float64(area.Y)})
		}
	}
	return places, err
}

// find gives the lines of text in mat as rectangles, read along the direction
// most of the long ones share; which way up is not known here. The largest come first.
func (d *detector) find(mat gocv.Mat, side int) ([]quad, error) {
	k := math.Min(1, float64(side)/float64(max(mat.Cols(), mat.Rows())))
	w, h := multipleOf32(float64(mat.Cols())*k), multipleOf32(float64(mat.Rows())*k)
	small := gocv.NewMat()
	defer small.Close()
	if err := gocv.Resize(mat, &small, image.Pt(w, h), 0, 0, gocv.InterpolationArea); err != nil {
		return nil, fmt.Errorf("vision: resize for text detection: %w", err)
	}
	in := d.net.input(3 * w * h)
	err := planes(in, small, [3]float32{0.485, 0.456, 0.406}, [3]float32{0.229, 0.224, 0.225}, w)
	if err != nil {
		return nil, err
	}
	heat, shape, err := d.net.run(in, 1, 3, int64(h), int64(w))
	if err != nil {
		return nil, err
	}
	if len(shape) != 4 || shape[2] != int64(h) || shape[3] != int64(w) {
		return nil, fmt.Errorf("vision: text detector answered with shape %v", shape)
	}
	rects, err := regions(heat, w, h)
	if err != nil {
		return nil, err
	}
	return upright(rects, float64(mat.Cols())/float64(w), float64(mat.Rows())/float64(h)), nil
}

func multipleOf32(v float64) int { return max(32, int(math.Round(v/32))*32) }

// planes writes an 8-bit picture to out as channel planes of (v/255-mean)/dev,
// with rows of the given width; what lies beyond the picture is left as it is.
func planes(out []float32, mat gocv.Mat, mean, dev [3]float32, width int) error {
	px, err := mat.DataPtrUint8()
	if err != nil {
		return fmt.Errorf("vision: read pixels: %w", err)
	}
	w, h := mat.Cols(), mat.Rows()
	if len(px) != w*h*3 || len(out) != width*h*3 || w > width {
		return fmt.Errorf("vision: a picture of %d bytes is not %dx%d in colour", len(px), w, h)
	}
	for c := range 3 {
		var table [256]float32
		for v := range 256 {
			table[v] = (float32(v)/255 - mean[c]) / dev[c]
		}
		plane := out[c*width*h:]
		for y := range h {
			row := px[y*w*3+c:]
			for x := range w {
				plane[y*width+x] = table[row[x*3]]
			}
		}
	}
	return nil
}

// rect is a rectangle at any angle; axis is the unit vector along its width.
type rect struct {
	centre, axis  point
	width, height float64
}

// regions cuts the detector's map into rectangles, in the map's pixels.
func regions(heat []float32, w, h int) ([]rect, error) {
	mask := make([]byte, w*h)
	for i, v := range heat {
		if v > detectPixel {
			mask[i] = 255
		}
	}
	mat, err := gocv.NewMatFromBytes(h, w, gocv.MatTypeCV8U, mask)
	if err != nil {
		return nil, fmt.Errorf("vision: text mask: %w", err)
	}
	defer mat.Close()
	contours := gocv.FindContours(mat, gocv.RetrievalList, gocv.ChainApproxSimple)
	defer contours.Close()
	var out []rect
	for i := 0; i < contours.Size() && i < detectMost; i++ {
		r, ok := enclose(contours.At(i))
		if !ok || meanInside(heat, w, h, r) < detectRegion {
			continue
		}
		grow := r.width * r.height * detectUnclip / (2 * (r.width + r.height))
		r.width += 2 * grow
		r.height += 2 * grow
		if math.Min(r.width, r.height) >= 5 {
			out = append(out, r)
		}
	}
	return out, nil
}

// enclose is the smallest rectangle around a contour; false when it is a speck.
func enclose(contour gocv.PointVector) (rect, bool) {
	if contour.Size() < 3 {
		return rect{}, false
	}
	r := gocv.MinAreaRect2f(contour)
	a := r.Angle * math.Pi / 180
	out := rect{
		centre: point{float64(r.Center.X), float64(r.Center.Y)},
		axis:   point{math.Cos(a), math.Sin(a)},
		width:  float64(r.Width), height: float64(r.Height),
	}
	return out, math.Min(out.width, out.height) >= 3
}

// meanInside is the mean of the map over the pixels of r.
func meanInside(heat []float32, w, h int, r rect) float64 {
	across := point{-r.axis.Y, r.axis.X}
	reach := math.Hypot(r.width, r.height) / 2
	x0, x1 := max(0, int(r.centre.X-reach)), min(w-1, int(r.centre.X+reach))
	y0, y1 := max(0, int(r.centre.Y-reach)), min(h-1, int(r.centre.Y+reach))
	var sum float64
	var n int
	for y := y0; y <= y1; y++ {
		for x := x0; x <= x1; x++ {
			d := point{float64(x), float64(y)}.sub(r.centre)
			if math.Abs(d.dot(r.axis)) <= r.width/2 && math.Abs(d.dot(across)) <= r.height/2 {
				sum += float64(heat[y*w+x])
				n++
			}
		}
	}
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}

// upright turns every rectangle so that its width runs along the direction that
// the long ones share, and scales them up by fx, fy.
func upright(rects []rect, fx, fy float64) []quad {
	// Directions half a turn apart are one direction: average at the double angle.
	var dir point
	for _, r := range rects {
		long, short := math.Max(r.width, r.height), math.Min(r.width, r.height)
		a := math.Atan2(r.axis.Y, r.axis.X)
		if r.height > r.width {
			a += math.Pi / 2
		}
		if long > 2*short {
			dir = dir.add(point{math.Cos(2 * a), math.Sin(2 * a)}.scale(long))
		}
	}
	a := math.Atan2(dir.Y, dir.X) / 2
	shared := point{math.Cos(a), math.Sin(a)}
	quads := make([]quad, 0, len(rects))
	for _, r := range rects {
		if math.Abs(r.axis.dot(shared)) < math.Sqrt2/2 {
			r.axis, r.width, r.height = point{-r.axis.Y, r.axis.X}, r.height, r.width
		}
		if r.axis.dot(shared) < 0 {
			r.axis = r.axis.scale(-1)
		}
		u, v := r.axis.scale(r.width/2), point{-r.axis.Y, r.axis.X}.scale(r.height/2)
		q := quad{r.centre.sub(u).sub(v), r.centre.add(u).sub(v), r.centre.add(u).add(v), r.centre.sub(u).add(v)}
		for i, p := range q {
			q[i] = point{p.X * fx, p.Y * fy}
		}
		quads = append(quads, q)
	}
	sort.SliceStable(quads, func(i, j int) bool {
		return quads[i].width()*quads[i].height() > quads[j].width()*quads[j].height()
	})
	return quads
}
