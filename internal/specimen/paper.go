package specimen

import (
	"image"
	"image/color"
	"math"
	"sync"
)

// ID-1 of ISO/IEC 7810 at 15 pixels a millimetre (381 dpi).
const (
	perMM      = 15.0
	CardWidth  = 1284 // 85.6 mm
	CardHeight = 810  // 54 mm
)

// frontPaper and backPaper are printed once: they are the same on every card.
var (
	frontPaper = sync.OnceValue(func() *image.RGBA { return printPaper(CardWidth, CardHeight, frontTints, 0) })
	backPaper  = sync.OnceValue(func() *image.RGBA { return printPaper(CardWidth, CardHeight, backTints, 2.1) })
)

type rgb struct{ r, g, b float64 }

func (c rgb) mix(d rgb, t float64) rgb {
	return rgb{c.r + (d.r-c.r)*t, c.g + (d.g-c.g)*t, c.b + (d.b-c.b)*t}
}

func (c rgb) scale(k float64) rgb { return rgb{c.r * k, c.g * k, c.b * k} }

func (c rgb) opaque() color.RGBA {
	return color.RGBA{clamp8(c.r), clamp8(c.g), clamp8(c.b), 255}
}

func clamp8(v float64) uint8 { return uint8(max(0, min(255, v+0.5))) }

// Tints from left to right; guilloche lines run in a darker shade of each.
var (
	frontTints = []rgb{{217, 234, 240}, {233, 236, 238}, {243, 232, 234}, {231, 235, 240}, {218, 232, 240}}
	backTints  = []rgb{{240, 230, 231}, {238, 236, 232}, {226, 236, 233}, {236, 236, 230}, {240, 231, 232}}
)

// printPaper draws a pale guilloche of our own: three families of waved lines
// and a rosette, never so dark that it disturbs reading.
func printPaper(w, h int, tints []rgb, turn float64) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		my := float64(y) / perMM
		for x := range w {
			mx := float64(x) / perMM
			place := float64(x) / float64(w) * float64(len(tints)-1)
			i := min(int(place), len(tints)-2)
			base := tints[i].mix(tints[i+1], place-float64(i))
			ink := 0.055*fineLine((my+2.2*math.Sin(mx/7+turn)+0.7*math.Sin(mx/2.3))/1.15) +
				0.045*fineLine((my*0.8+1.8*math.Sin(mx/9+2+turn)-mx*0.22)/1.4) +
				0.07*rosette(mx-30, my-27) + 0.05*rosette(mx-68, my-30)
			img.SetRGBA(x, y, base.mix(rgb{70, 110, 150}, ink).opaque())
		}
	}
	return img
}

// fineLine is 1 on integers and falls to 0 between them.
func fineLine(v float64) float64 {
	d := math.Abs(v-math.Round(v)) / 0.16
	return max(0, 1-d*d)
}

// rosette is a band of petals around the origin, in millimetres.
func rosette(x, y float64) float64 {
	r := math.Hypot(x, y)
	if r > 19 || r < 5 {
		return 0
	}
	a := math.Atan2(y, x)
	fade := min(1, (19-r)/4) * min(1, (r-5)/4)
	return fade * (fineLine((r+1.6*math.Sin(12*a))/1.9) + fineLine((r-1.6*math.Sin(12*a))/1.9)) / 2
}
