//go:build vision

package vision

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"testing"

	"realname/imaging"
)

// A picture is seen as a page would show it, whatever lies beneath its transparent pixels.
func TestTransparencyIsWhite(t *testing.T) {
	bounds := image.Rect(0, 0, 40, 20)
	eight, sixteen := image.NewNRGBA(bounds), image.NewNRGBA64(bounds)
	for _, img := range []draw.Image{eight, sixteen} {
		for y := range 20 {
			for x := range 40 {
				switch {
				case x < 10:
					img.Set(x, y, color.NRGBA{R: 200, G: 100, B: 50, A: 255})
				case x < 20:
					img.Set(x, y, color.NRGBA{A: 128})
				default:
					img.Set(x, y, color.NRGBA{R: 9, G: 9, B: 9})
				}
			}
		}
		var buf bytes.Buffer
		if err := png.Encode(&buf, img); err != nil {
			t.Fatal(err)
		}
		f, err := decode(buf.Bytes(), imaging.Info{Format: imaging.FormatPNG, Width: 40, Height: 20, Orientation: 1})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			x    int
			want [3]int // blue, green, red
		}{{5, [3]int{50, 100, 200}}, {15, [3]int{127, 127, 127}}, {30, [3]int{255, 255, 255}}} {
			got := f.mat.GetVecbAt(10, c.x)
			for i, v := range c.want {
				if d := int(got[i]) - v; d < -2 || d > 2 {
					t.Errorf("%T at %d: %v, want %v", img, c.x, got, c.want)
					break
				}
			}
		}
		f.close()
	}
}
