//go:build vision

package vision_test

import (
	"context"
	"testing"

	"realname/imaging"
	"realname/internal/specimen"
)

func benchmark(b *testing.B, photo []byte) {
	info, err := imaging.Gate(photo, imaging.Limits{})
	if err != nil {
		b.Fatal(err)
	}
	p := pipeline(b)
	for b.Loop() {
		if _, err := p.Check(context.Background(), imaging.Request{Image: photo}, info); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCard(b *testing.B) {
	img, _ := photograph(b, 400, specimen.Ordinary())
	benchmark(b, specimen.JPEG(img, 85))
}

func BenchmarkDrawing(b *testing.B) {
	benchmark(b, specimen.JPEG(specimen.Avatar(specimen.Seed(4), 640), 85))
}

func BenchmarkPage(b *testing.B) {
	page, err := specimen.Page(specimen.Seed(1), 1000, 1400)
	if err != nil {
		b.Fatal(err)
	}
	benchmark(b, specimen.JPEG(page, 85))
}
