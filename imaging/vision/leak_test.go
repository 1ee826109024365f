//go:build vision && matprofile

package vision_test

import (
	"image/color"
	"testing"

	"gocv.io/x/gocv"

	"realname/imaging"
	"realname/internal/specimen"
)

// Mats are C memory that the garbage collector does not see: after any check none may be left.
func TestNoMatIsLeft(t *testing.T) {
	card, p := photograph(t, 300, specimen.Easy())
	back, err := specimen.Back(p)
	if err != nil {
		t.Fatal(err)
	}
	backPhoto, _ := specimen.Photograph(specimen.Seed(301), back, specimen.Easy())
	requests := []imaging.Request{
		{Image: specimen.JPEG(card, 85), Claim: claim(p)},
		{Image: specimen.JPEG(backPhoto, 85)},
		{Image: specimen.JPEG(specimen.Avatar(specimen.Seed(3), 512), 85)},
		{Image: pngOf(t, flat(64, 64, color.Black))},
	}
	pipeline(t)
	before := gocv.MatProfile.Count()
	for i := range 100 {
		check(t, requests[i%len(requests)])
	}
	if after := gocv.MatProfile.Count(); after != before {
		t.Errorf("%d Mats left after 100 checks", after-before)
	}
}
