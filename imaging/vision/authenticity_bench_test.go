//go:build vision

package vision

import (
	"testing"

	"gocv.io/x/gocv"

	"realname/imaging"
	"realname/internal/specimen"
)

// The signals of authenticity on a photo of 12 megapixels, beside OpenCV's own full-colour decoding of it.
func BenchmarkAuthenticity(b *testing.B) {
	rng := specimen.Seed(1)
	card, err := specimen.Back(specimen.NewPerson(rng))
	if err != nil {
		b.Fatal(err)
	}
	o := specimen.Ordinary()
	o.Width, o.Height = 4000, 3000
	img, corners := specimen.Photograph(rng, card, o)
	data := specimen.JPEG(img, 90)
	info, err := imaging.Gate(data, imaging.Limits{})
	if err != nil {
		b.Fatal(err)
	}
	f, err := decode(data, info)
	if err != nil {
		b.Fatal(err)
	}
	defer f.close()
	var q quad
	for i, p := range corners {
		q[i] = point{p.X / f.scale, p.Y / f.scale}
	}
	m := cardAt(b, q)
	gocv.SetNumThreads(1)
	b.Run("decode", func(b *testing.B) {
		for b.Loop() {
			mat, err := gocv.IMDecode(data, gocv.IMReadColor)
			if err != nil {
				b.Fatal(err)
			}
			mat.Close()
		}
	})
	b.Run("signals", func(b *testing.B) {
		for b.Loop() {
			if _, err := authenticity(f.mat, m, imaging.SideFront); err != nil {
				b.Fatal(err)
			}
		}
	})
}
