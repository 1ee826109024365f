package specimen

import (
	"bytes"
	"image"
	"image/jpeg"
	"math"
	"math/rand/v2"

	"golang.org/x/image/draw"
)

// Range is an interval to draw from.
type Range struct{ Min, Max float64 }

func (r Range) draw(rng *rand.Rand) float64 { return between(rng, r.Min, r.Max) }

// Options say how a card is photographed; each limit is the worst case drawn from.
type Options struct {
	Width, Height int         // of the photograph, in pixels; 0 means 1600 × 1200
	Background    image.Image // what the card lies on, scaled to the frame; nil draws a Scene
	Fill          Range       // share of the frame's tighter direction that the card spans, at most 0.97; zero means 0.7 to 0.9
	Turn          float64     // degrees in the plane, either way; 180 is any angle
	Tilt          float64     // degrees out of the plane about each axis, either way
	Shade         float64     // light lost from one side of the frame to the other, 0 to 1
	Shadow        float64     // darkness of the card's own shadow, 0 to 1
	Cast          float64     // white-balance error of red and blue, either way, 0 to 1
	Exposure      Range       // factor on all light; zero means 1
	Glare         float64     // strength of one highlight on the card, 0 to 1
	Blur          Range       // standard deviation of the lens blur, in pixels
	Shake         float64     // longest motion blur, in pixels
	Noise         Range       // standard deviation of sensor noise at mid grey, of 255

	sheet extent // what lies there when it is no ID-1 card
}

// Easy is a careful photograph: nearly flat, bright, sharp, the card large.
func Easy() Options {
	return Options{Fill: Range{0.80, 0.92}, Turn: 3, Tilt: 3, Shade: 0.08, Shadow: 0.25, Cast: 0.03,
		Exposure: Range{0.95, 1.03}, Blur: Range{0.3, 0.5}, Noise: Range{1, 2}}
}

// Ordinary is what a willing person sends: some turn and tilt, room light.
func Ordinary() Options {
	return Options{Fill: Range{0.62, 0.90}, Turn: 8, Tilt: 10, Shade: 0.25, Shadow: 0.40, Cast: 0.07,
		Exposure: Range{0.82, 1.03}, Glare: 0.15, Blur: Range{0.4, 0.9}, Shake: 1.5, Noise: Range{2, 5}}
}

// Hard is what is still readable by a person: turned, tilted, dim, shaken, with glare.
func Hard() Options {
	return Options{Fill: Range{0.50, 0.80}, Turn: 25, Tilt: 22, Shade: 0.50, Shadow: 0.60, Cast: 0.14,
		Exposure: Range{0.60, 1.12}, Glare: 0.45, Blur: Range{0.6, 1.4}, Shake: 4, Noise: Range{4, 10}}
}

// Dark is an ordinary photograph with far too little light.
func Dark() Options {
	o := Ordinary()
	o.Exposure, o.Noise = Range{0.08, 0.25}, Range{5, 12}
	return o
}

// Burnt is an ordinary photograph with far too much light.
func Burnt() Options {
	o := Ordinary()
	o.Exposure = Range{1.6, 2.6}
	return o
}

// Blurred is an ordinary photograph out of focus or shaken beyond reading.
func Blurred() Options {
	o := Ordinary()
	o.Blur, o.Shake = Range{3.5, 8}, 14
	return o
}

func (o Options) orDefaults() Options {
	if o.Width <= 0 || o.Height <= 0 {
		o.Width, o.Height = 1600, 1200
	}
	if o.Fill == (Range{}) {
		o.Fill = Range{0.7, 0.9}
	}
	if o.Exposure == (Range{}) {
		o.Exposure = Range{1, 1}
	}
	return o
}

// Photograph lays a card (from Card or Back, or any picture of that shape) on
// a background and photographs it. The corners are the truth that a card
// finder is measured against; they lie inside the frame.
func Photograph(rng *rand.Rand, card image.Image, o Options) (*image.RGBA, Corners) {
	o = o.orDefaults()
	corners := pose(rng, o)
	film := background(rng, o)
	film.shadow(rng, corners, o)
	film.lay(card, corners, cornerShare)
	film.glare(rng, corners, o)
	film.light(rng, o)
	film.shake(rng, o.Shake)
	film.blur(o.Blur.draw(rng))
	return film.develop(rng, o.Noise.draw(rng)), corners
}

// JPEG encodes a picture; quality is 1 to 100.
func JPEG(img image.Image, quality int) []byte {
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: quality}); err != nil {
		// A buffer never refuses a write; what is left is a side of 65536 pixels or more.
		panic("specimen: " + err.Error())
	}
	return out.Bytes()
}

// film holds light values, 0 to 255 and beyond, three a pixel.
type film struct {
	w, h int
	v    []float32
}

func background(rng *rand.Rand, o Options) *film {
	frame := image.Rect(0, 0, o.Width, o.Height)
	var bg *image.RGBA
	if o.Background == nil {
		bg = Scene(rng, o.Width, o.Height)
	} else {
		bg = image.NewRGBA(frame)
		draw.ApproxBiLinear.Scale(bg, frame, o.Background, o.Background.Bounds(), draw.Src, nil)
	}
	f := &film{w: o.Width, h: o.Height, v: make([]float32, 3*o.Width*o.Height)}
	for i, j := 0, 0; j < len(f.v); i, j = i+4, j+3 {
		f.v[j], f.v[j+1], f.v[j+2] = float32(bg.Pix[i]), float32(bg.Pix[i+1]), float32(bg.Pix[i+2])
	}
	return f
}

// shadow darkens the background around the card, away from a random light.
func (f *film) shadow(rng *rand.Rand, c Corners, o Options) {
	dark := o.Shadow * between(rng, 0.4, 1)
	soft := float64(f.w) * between(rng, 0.006, 0.025)
	angle := rng.Float64() * 2 * math.Pi
	dx, dy := soft*0.6*math.Cos(angle), soft*0.6*math.Sin(angle)
	for i := range c {
		c[i] = Point{c[i].X + dx, c[i].Y + dy}
	}
	box := c.around(soft, image.Rect(0, 0, f.w, f.h))
	sides := c.edges()
	radius := math.Sqrt(area(c)) * 0.047 // 3.18 mm on the card
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			d := sides.outside(float64(x), float64(y), radius)/soft + 0.3
			if d >= 1 {
				continue
			}
			t := 1 - max(d, 0)
			f.scale(x, y, float32(1-dark*t*t))
		}
	}
}

func (f *film) scale(x, y int, k float32) {
	p := f.v[3*(y*f.w+x):][:3]
	p[0], p[1], p[2] = p[0]*k, p[1]*k, p[2]*k
}

// cornerShare is the radius of an ID-1 card's corners by its width (ISO/IEC 7810).
const cornerShare = 3.18 / 85.6

// lay projects a card onto the film; its corners are rounded by a share of its width.
func (f *film) lay(card image.Image, c Corners, rounded float64) {
	src := matched(card, c)
	w, h := float64(src.Rect.Dx()), float64(src.Rect.Dy())
	m := c.toCard(w, h)
	radius := rounded * w
	step := math.Sqrt(w * h / max(1, area(c))) // card pixels a film pixel
	box := c.around(2, image.Rect(0, 0, f.w, f.h))
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			u, v := m.apply(float64(x)+0.5, float64(y)+0.5)
			cover := 1.0
			if min(u, v, w-u, h-v) < radius+step {
				qx, qy := math.Abs(u-w/2)-w/2+radius, math.Abs(v-h/2)-h/2+radius
				d := math.Hypot(max(qx, 0), max(qy, 0)) + min(max(qx, qy), 0) - radius
				cover = max(0, min(1, 0.5-d/step))
			}
			if cover > 0 {
				f.blend(x, y, src, u-0.5, v-0.5, float32(cover))
			}
		}
	}
}

// area is that of the outline, in square pixels.
func area(c Corners) float64 { return polygonArea(c[:]) }

func polygonArea(points []Point) float64 {
	sum := 0.0
	for i, a := range points {
		b := points[(i+1)%len(points)]
		sum += a.X*b.Y - b.X*a.Y
	}
	return math.Abs(sum) / 2
}

// matched is the card reduced to about the size it has on the film, so that sampling does not alias.
func matched(card image.Image, c Corners) *image.RGBA {
	b := card.Bounds()
	k := math.Sqrt(area(c)/float64(b.Dx()*b.Dy())) * 1.15
	if rgba, ok := card.(*image.RGBA); ok && k >= 0.85 && b.Min == (image.Point{}) {
		return rgba
	}
	k = min(k, 1)
	dst := image.NewRGBA(image.Rect(0, 0, max(2, int(float64(b.Dx())*k)), max(2, int(float64(b.Dy())*k))))
	draw.BiLinear.Scale(dst, dst.Rect, card, b, draw.Src, nil)
	return dst
}

// blend mixes the bilinear sample of src at (u, v) into one pixel.
func (f *film) blend(x, y int, src *image.RGBA, u, v float64, cover float32) {
	maxX, maxY := src.Rect.Dx()-1, src.Rect.Dy()-1
	u, v = max(0, min(u, float64(maxX))), max(0, min(v, float64(maxY)))
	x0, y0 := int(u), int(v)
	fx, fy := float32(u-float64(x0)), float32(v-float64(y0))
	x1, y1 := min(x0+1, maxX), min(y0+1, maxY)
	p00, p10 := src.Pix[y0*src.Stride+4*x0:][:3], src.Pix[y0*src.Stride+4*x1:][:3]
	p01, p11 := src.Pix[y1*src.Stride+4*x0:][:3], src.Pix[y1*src.Stride+4*x1:][:3]
	out := f.v[3*(y*f.w+x):][:3]
	for i := range 3 {
		top := float32(p00[i]) + (float32(p10[i])-float32(p00[i]))*fx
		bottom := float32(p01[i]) + (float32(p11[i])-float32(p01[i]))*fx
		value := top + (bottom-top)*fy
		out[i] += (value - out[i]) * cover
	}
}
