package specimen

import (
	"image"
	"math"
	"math/rand/v2"
	"sync"
)

// glare adds one soft highlight somewhere on the card.
func (f *film) glare(rng *rand.Rand, c Corners, o Options) {
	strength := o.Glare * between(rng, 0.2, 1)
	s, t := between(rng, 0.1, 0.9), between(rng, 0.1, 0.9)
	x := (c[0].X*(1-s)+c[1].X*s)*(1-t) + (c[3].X*(1-s)+c[2].X*s)*t
	y := (c[0].Y*(1-s)+c[1].Y*s)*(1-t) + (c[3].Y*(1-s)+c[2].Y*s)*t
	size := math.Sqrt(area(c)) * between(rng, 0.08, 0.2)
	if strength <= 0 {
		return
	}
	at := image.Rect(int(x-3*size), int(y-3*size), int(x+3*size), int(y+3*size)).Intersect(image.Rect(0, 0, f.w, f.h))
	for py := at.Min.Y; py < at.Max.Y; py++ {
		for px := at.Min.X; px < at.Max.X; px++ {
			dx, dy := (float64(px)-x)/size, (float64(py)-y)/size
			add := float32(255 * strength * math.Exp(-(dx*dx+dy*dy)/2))
			p := f.v[3*(py*f.w+px):][:3]
			p[0], p[1], p[2] = p[0]+add, p[1]+add, p[2]+add
		}
	}
}

// light applies exposure, white balance, a gradient from a random side and a vignette.
func (f *film) light(rng *rand.Rand, o Options) {
	exposure := o.Exposure.draw(rng)
	red, blue := 1+between(rng, -o.Cast, o.Cast), 1+between(rng, -o.Cast, o.Cast)
	shade, angle := o.Shade*rng.Float64(), rng.Float64()*2*math.Pi
	sin, cos := math.Sincos(angle)
	for y := range f.h {
		ny := float64(y)/float64(f.h) - 0.5
		for x := range f.w {
			nx := float64(x)/float64(f.w) - 0.5
			k := exposure * (1 - shade*(0.5+0.7*(nx*cos+ny*sin)) - 0.3*shade*(nx*nx+ny*ny))
			p := f.v[3*(y*f.w+x):][:3]
			p[0] *= float32(k * red)
			p[1] *= float32(k)
			p[2] *= float32(k * blue)
		}
	}
}

// shake smears the film along a random direction, by up to limit pixels.
func (f *film) shake(rng *rand.Rand, limit float64) {
	length, angle := limit*rng.Float64(), rng.Float64()*math.Pi
	taps := int(length) + 1
	if taps < 2 {
		return
	}
	src := append([]float32(nil), f.v...)
	dx, dy := math.Cos(angle)*length/float64(taps-1), math.Sin(angle)*length/float64(taps-1)
	clear(f.v)
	share := 1 / float32(taps)
	for tap := range taps {
		d := float64(tap) - float64(taps-1)/2
		ox, oy := int(math.Round(d*dx)), int(math.Round(d*dy))
		for y := range f.h {
			from := src[3*f.w*min(max(y+oy, 0), f.h-1):][:3*f.w]
			smear(f.v[3*f.w*y:][:3*f.w], from, 3*ox, share)
		}
	}
}

// smear adds a share of a row moved by a number of values; edges repeat the last pixel.
func smear(to, from []float32, move int, share float32) {
	n := len(to)
	for i := range min(max(move, 0), n) {
		to[n-1-i] += share * from[n-1-i%3]
	}
	for i := range min(max(-move, 0), n) {
		to[i] += share * from[i%3]
	}
	if move < 0 {
		to, move = to[min(-move, n):], 0
	}
	for i, v := range from[min(move, n):] {
		if i == len(to) {
			break
		}
		to[i] += share * v
	}
}

// blur is a separable Gaussian of the given standard deviation in pixels.
func (f *film) blur(sigma float64) {
	if sigma < 0.2 {
		return
	}
	radius := int(math.Ceil(2.5 * sigma))
	kernel := make([]float32, radius+1)
	sum := float32(0)
	for i := range kernel {
		kernel[i] = float32(math.Exp(-float64(i*i) / (2 * sigma * sigma)))
		sum += kernel[i]
		if i > 0 {
			sum += kernel[i]
		}
	}
	for i := range kernel {
		kernel[i] /= sum
	}
	row := 3 * f.w
	tmp := make([]float32, len(f.v))
	for y := range f.h {
		blurRow(tmp[y*row:][:row], f.v[y*row:][:row], kernel)
	}
	for y := range f.h {
		out := f.v[y*row:][:row]
		for i, v := range tmp[y*row:][:row] {
			out[i] = v * kernel[0]
		}
		for d := 1; d <= radius; d++ {
			above, below := tmp[max(y-d, 0)*row:][:row], tmp[min(y+d, f.h-1)*row:][:row]
			k := kernel[d]
			for i := range out {
				out[i] += k * (above[i] + below[i])
			}
		}
	}
}

// blurRow weighs one row of pixels; edges repeat the last pixel.
func blurRow(out, in, kernel []float32) {
	for i, v := range in {
		out[i] = v * kernel[0]
	}
	n := len(in)
	for d := 1; d < len(kernel); d++ {
		k, shift := kernel[d], min(3*d, n)
		for i := range shift {
			out[i] += k * in[i%3]
			out[n-1-i] += k * in[n-1-i%3]
		}
		for i, v := range in[:n-shift] {
			out[i+shift] += k * v
		}
		for i, v := range in[shift:] {
			out[i] += k * v
		}
	}
}

// gaussians is a table of normal deviates: drawing from it is much cheaper than NormFloat64.
var gaussians = sync.OnceValue(func() *[4096]float32 {
	rng := Seed(0)
	var table [4096]float32
	for i := range table {
		table[i] = float32(rng.NormFloat64())
	}
	return &table
})

// develop adds sensor noise, mostly in brightness and stronger in the light, and quantises.
func (f *film) develop(rng *rand.Rand, noise float64) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, f.w, f.h))
	table := gaussians()
	sd := float32(noise)
	for i, j := 0, 0; j < len(f.v); i, j = i+4, j+3 {
		bits := rng.Uint64()
		luma := 0.85 * table[bits&4095]
		for c := range 3 {
			bits >>= 12
			v := f.v[j+c]
			grain := sd * (0.6 + v*(0.4/128)) * (luma + 0.5*table[bits&4095])
			img.Pix[i+c] = uint8(max(0, min(255, v+grain+0.5)))
		}
		img.Pix[i+3] = 255
	}
	return img
}
