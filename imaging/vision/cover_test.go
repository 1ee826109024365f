//go:build vision

package vision

import (
	"testing"

	"realname/imaging"
)

// A page with a portrait on it, on the straightened sheet: what lies beside the
// portrait or on the face is found, and the fall of light is nothing.
func TestCoversOfASheet(t *testing.T) {
	portrait := zone(6, 17, 38, 59)
	plan := pagePlan(portrait)
	shaded := func(mm point) [3]float64 {
		fall := 1 - mm.X/900 - mm.Y/700
		if portrait.holds(mm) {
			// A face's light changes by more within a few millimetres than a sheet's.
			return [3]float64{90 + 4*mm.Y*fall, 60 + 4*mm.Y*fall, 30 + 5*mm.X}
		}
		return [3]float64{230 * fall, 232 * fall, 228 * fall}
	}
	over := func(z quad, c [3]float64) func(point) [3]float64 {
		return func(mm point) [3]float64 {
			if z.holds(mm) {
				return c
			}
			return shaded(mm)
		}
	}
	for _, c := range []struct {
		why   string
		page  func(point) [3]float64
		found bool
	}{
		{"nothing", shaded, false},
		{"a grey finger from the left", over(zone(-1, 30, 22, 45), [3]float64{168, 172, 176}), true},
		{"brown skin from below", over(zone(15, 40, 30, 90), [3]float64{60, 90, 140}), true},
		{"a sticker on the face", over(zone(13, 24, 31, 44), [3]float64{80, 200, 230}), true},
		{"a highlight beside the portrait", over(zone(1, 30, 5, 45), [3]float64{255, 255, 255}), false},
	} {
		// The sheet has a resident card's size, whatever lies on it.
		mat := painting(t, 428, 270, func(x, y int) [3]float64 {
			return c.page(point{float64(x) / sheetScale * pageWidth / cardWidth, float64(y) / sheetScale * pageHeight / cardHeight})
		})
		sheet, err := rasterOf(mat)
		if err != nil {
			t.Fatal(err)
		}
		m := mapBetween(wholePage, zone(0, 0, float64(mat.Cols()), float64(mat.Rows())))
		found := plan.covered(&evidence{card: m, sheet: sheet})
		if (len(found) > 0) != c.found || c.found && (found[0].code != imaging.ReasonOccluded || found[0].verdict != imaging.Review) {
			t.Errorf("%s: %v", c.why, codes(found))
		}
	}
}
