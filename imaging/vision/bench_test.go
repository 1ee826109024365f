//go:build vision

package vision_test

import (
	"context"
	"testing"
	"time"

	"gocv.io/x/gocv"

	"realname/imaging"
	"realname/internal/specimen"
)

// benchmark checks one photo, and says how many times OpenCV's own full-colour
// decode of it that takes, in the same run.
func benchmark(b *testing.B, photo []byte, side imaging.Side, claim *imaging.Claim) {
	b.Helper()
	spend(b, imaging.Request{Image: photo, Side: side, Claim: claim})
}

func spend(b *testing.B, req imaging.Request) {
	b.Helper()
	info, err := imaging.Gate(req.Image, imaging.Limits{})
	if err != nil {
		b.Fatal(err)
	}
	p := pipeline(b)
	var floor, spent time.Duration
	var last imaging.Report
	rounds := 0
	for b.Loop() {
		begin := time.Now()
		mat, err := gocv.IMDecode(req.Image, gocv.IMReadColor)
		if err != nil {
			b.Fatal(err)
		}
		mat.Close()
		decoded := time.Now()
		if last, err = p.Check(context.Background(), req, info); err != nil {
			b.Fatal(err)
		}
		floor, spent = floor+decoded.Sub(begin), spent+time.Since(decoded)
		rounds++
	}
	b.ReportMetric(float64(spent)/float64(floor), "decodes")
	b.ReportMetric(float64(floor)/float64(rounds)/1e6, "decode-ms")
	b.Logf("%s %s %v", last.Verdict, last.Class, last.Reasons)
}

// phone12 is a camera of twelve million pixels.
func phone12(o specimen.Options) specimen.Options {
	o.Width, o.Height = 4000, 3000
	o.Blur, o.Shake = specimen.Range{Min: 0.9, Max: 1.5}, 2
	return o
}

func BenchmarkCard12MP(b *testing.B) {
	img, p := photograph(b, 400, phone12(specimen.Ordinary()))
	benchmark(b, specimen.JPEG(img, 90), imaging.SideFront, &imaging.Claim{Number: p.Number, Name: p.Name})
}

// Number, name, sex, nation, birth and address, the portrait and authenticity.
func BenchmarkCardAllFields12MP(b *testing.B) {
	img, p := photograph(b, 400, phone12(specimen.Ordinary()))
	spend(b, imaging.Request{Image: specimen.JPEG(img, 90), Claim: &imaging.Claim{Number: p.Number, Name: p.Name}, AllFields: true})
}

// A back was asked for, so that the quick way is not taken: the cost of reading all the text on a card.
func BenchmarkCardByText12MP(b *testing.B) {
	img, p := photograph(b, 400, phone12(specimen.Ordinary()))
	benchmark(b, specimen.JPEG(img, 90), imaging.SideBack, &imaging.Claim{Number: p.Number, Name: p.Name})
}

func BenchmarkDrawing12MP(b *testing.B) {
	benchmark(b, specimen.JPEG(specimen.Avatar(specimen.Seed(4), 3464), 90), imaging.SideFront, nil)
}

func BenchmarkCard2MP(b *testing.B) {
	img, p := photograph(b, 400, specimen.Ordinary())
	benchmark(b, specimen.JPEG(img, 85), imaging.SideFront, &imaging.Claim{Number: p.Number, Name: p.Name})
}

func BenchmarkPage(b *testing.B) {
	page, err := specimen.Page(specimen.Seed(1), 1000, 1400)
	if err != nil {
		b.Fatal(err)
	}
	benchmark(b, specimen.JPEG(page, 85), imaging.SideFront, nil)
}
