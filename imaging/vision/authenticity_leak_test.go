//go:build vision && matprofile

package vision

import (
	"testing"

	"gocv.io/x/gocv"

	"realname/imaging"
)

// Mats are C memory that the garbage collector does not see: after any look none may be left.
func TestAuthenticityLeavesNoMat(t *testing.T) {
	mat := seen(t, 3, honest, wood)
	before := gocv.MatProfile.Count()
	for range 5 {
		for _, side := range []imaging.Side{imaging.SideFront, imaging.SideBack} {
			if _, err := authenticity(mat, lying(t), side); err != nil {
				t.Fatal(err)
			}
		}
	}
	if after := gocv.MatProfile.Count(); after != before {
		t.Errorf("%d Mats left", after-before)
	}
}
