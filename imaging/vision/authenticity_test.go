//go:build vision

package vision

import (
	"image"
	"math"
	"testing"

	"gocv.io/x/gocv"

	"realname/imaging"
	"realname/internal/specimen"
)

// painting is a picture to measure, painted pixel by pixel: blue, green, red.
func painting(t *testing.T, w, h int, at func(x, y int) [3]float64) gocv.Mat {
	t.Helper()
	mat := gocv.NewMatWithSize(h, w, gocv.MatTypeCV8UC3)
	t.Cleanup(func() { mat.Close() })
	px, err := mat.DataPtrUint8()
	if err != nil {
		t.Fatal(err)
	}
	for y := range h {
		for x := range w {
			for c, v := range at(x, y) {
				px[3*(y*w+x)+c] = byte(max(0, min(255, v+0.5)))
			}
		}
	}
	return mat
}

// lying is a card of 12 pixels a millimetre with its corner at (60, 40), as cardMap sees it.
func lying(t *testing.T) *cardMap {
	t.Helper()
	m := &cardMap{to: homography{1, 0, 0, 0, 1, 0, 0, 0}, unit: 12 * cardWidth, origin: point{60, 40}}
	if m.inverted() == nil {
		t.Fatal("no way back")
	}
	return m
}

var pictureSize = image.Pt(1150, 730)

// seen paints a card of a kind that a test says on a table that a test says, with a sensor's noise.
func seen(t *testing.T, noise float64, card, table func(mm point) [3]float64) gocv.Mat {
	t.Helper()
	m, rng := lying(t), specimen.Seed(1)
	return painting(t, pictureSize.X, pictureSize.Y, func(x, y int) [3]float64 {
		mm := m.card(point{float64(x), float64(y)})
		c := table(mm)
		if wholeCard.holds(mm) {
			c = card(mm)
		}
		grain := noise * rng.NormFloat64()
		return [3]float64{c[0] + grain, c[1] + grain, c[2] + grain}
	})
}

var (
	wood   = func(mm point) [3]float64 { return [3]float64{60, 90, 120 + 20*math.Sin(mm.X)} }
	nobody = func(point) [3]float64 { return [3]float64{235, 235, 235} }
)

// honest is a pale card with blue labels, black print and a brown portrait.
func honest(mm point) [3]float64 {
	switch {
	case portraitPlace.holds(mm):
		// Light falls on a face from one side and from above.
		return [3]float64{30 + 3*mm.Y, 60 + 3*mm.Y, 60 + 1.5*mm.X}
	case mm.X > 5 && mm.X < 13 && math.Mod(mm.Y, 7) < 3 && math.Mod(mm.X, 1) < 0.5 && mm.Y < 40:
		return [3]float64{170, 104, 38}
	case (numberZone.holds(mm) || nameZone.holds(mm)) && math.Mod(mm.X, 0.9) < 0.4:
		return [3]float64{28, 24, 24}
	}
	return [3]float64{240, 234, 225 + 6*math.Sin(mm.X/9)}
}

func grey(c [3]float64) [3]float64 {
	v := 0.11*c[0] + 0.59*c[1] + 0.30*c[2]
	return [3]float64{v, v, v}
}

func codes(fs []finding) []string {
	out := []string{}
	for _, f := range fs {
		out = append(out, f.code)
	}
	return out
}

func TestAuthenticity(t *testing.T) {
	burn := func(z quad) func(point) [3]float64 {
		return func(mm point) [3]float64 {
			if z.holds(mm) {
				return [3]float64{255, 255, 255}
			}
			return honest(mm)
		}
	}
	over := func(z quad, c [3]float64) func(point) [3]float64 {
		return func(mm point) [3]float64 {
			if z.holds(mm) {
				return c
			}
			return honest(mm)
		}
	}
	lined := func(z quad, gain float64) func(point) [3]float64 {
		return func(mm point) [3]float64 {
			c := honest(mm)
			if z.holds(mm) {
				return [3]float64{c[0] * gain, c[1] * gain, c[2] * gain}
			}
			return c
		}
	}
	for _, c := range []struct {
		why   string
		noise float64
		card  func(point) [3]float64
		table func(point) [3]float64
		code  string
		at    point // mm, on the card, that the place must hold
	}{
		{"a card on wood is itself", 3, honest, wood, "", point{}},
		{"warm light colours everything alike", 3, func(mm point) [3]float64 {
			c := honest(mm)
			return [3]float64{c[0] * 0.75, c[1] * 0.92, c[2]}
		}, wood, "", point{}},
		{"half the light is no copy", 3, func(mm point) [3]float64 {
			c := honest(mm)
			return [3]float64{c[0] / 2, c[1] / 2, c[2] / 2}
		}, wood, "", point{}},
		{"toner has no colour", 3, func(mm point) [3]float64 { return grey(honest(mm)) }, wood, imaging.ReasonPhotocopy, point{40, 30}},
		{"toner under warm light has one colour", 3, func(mm point) [3]float64 {
			c := grey(honest(mm))
			return [3]float64{c[0] * 0.75, c[1] * 0.92, c[2]}
		}, wood, imaging.ReasonPhotocopy, point{40, 30}},
		{"a panel's pixels are a grid", 3, func(mm point) [3]float64 {
			c, k := honest(mm), 1+0.15*math.Sin(2*math.Pi*mm.X*12/3.7)*math.Sin(2*math.Pi*mm.Y*12/3.9)
			return [3]float64{c[0] * k, c[1] * k, c[2] * k}
		}, wood, imaging.ReasonScreenRecapture, point{40, 30}},
		{"no table is one exact colour", 0, honest, nobody, imaging.ReasonElectronicCopy, point{-1, -1}},
		{"a highlight burns the number", 3, burn(zone(35, 42, 65, 50)), wood, imaging.ReasonGlare, point{50, numberRow}},
		{"a highlight burns the face", 3, burn(zone(58, 12, 76, 30)), wood, imaging.ReasonGlare, point{66, 20}},
		{"a highlight beside all print hides nothing", 3, burn(zone(20, 34, 50, 41)), wood, "", point{}},
		{"skin lies over the edge below the portrait", 3, over(zone(60, 36, 74, 54), [3]float64{120, 150, 205}), wood, imaging.ReasonOccluded, point{66, 42}},
		{"a sticker of one colour on the face", 3, over(zone(59, 12, 75, 30), [3]float64{80, 200, 230}), wood, imaging.ReasonOccluded, point{66, 20}},
		{"a little one beside the face", 3, over(zone(55, 32, 60, 37), [3]float64{80, 200, 230}), wood, "", point{}},
		{"a glued photograph's shadow", 3, lined(zone(54, 39.2, 80, 39.6), 0.6), wood, imaging.ReasonOccluded, point{66, 20}},
		{"its white rim", 3, lined(zone(54.4, 8, 55, 38), 1.7), wood, imaging.ReasonOccluded, point{66, 20}},
		{"a scratch half as long", 3, lined(zone(54, 39.2, 67, 39.6), 0.6), wood, "", point{}},
		{"a line across the face", 3, lined(zone(54, 22, 80, 22.4), 0.6), wood, "", point{}},
	} {
		m := lying(t)
		got, err := authenticity(seen(t, c.noise, c.card, c.table), m, imaging.SideFront)
		if err != nil {
			t.Fatal(err)
		}
		if c.code == "" {
			if len(got) > 0 {
				t.Errorf("%s: %v", c.why, codes(got))
			}
			continue
		}
		found := false
		for _, f := range got {
			found = found || f.code == c.code && (c.at.X < 0 || f.place != nil && f.place.holds(m.image(c.at)))
		}
		if !found {
			t.Errorf("%s: %v", c.why, codes(got))
		}
	}
}

// What is painted in the file has no noise, whatever lies around it.
func TestPaintedZoneIsEdited(t *testing.T) {
	mat := seen(t, 3, honest, wood)
	bar := lying(t).imageQuad(zone(53, 8, 81, 38)).box(1, pictureSize.X, pictureSize.Y)
	over := mat.Region(image.Rect(bar.X, bar.Y, bar.X+bar.Width, bar.Y+bar.Height))
	defer over.Close()
	over.SetTo(gocv.NewScalar(128, 128, 128, 0))
	got, err := authenticity(mat, lying(t), imaging.SideFront)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range got {
		if f.code == imaging.ReasonEdited {
			return
		}
	}
	t.Errorf("found %v", codes(got))
}

// Between a threshold and its surer neighbour a person looks.
func TestBandGoesToReview(t *testing.T) {
	tint := func(strength float64) func(point) [3]float64 {
		return func(mm point) [3]float64 {
			c, g := honest(mm), grey(honest(mm))
			for i := range c {
				c[i] = g[i] + (c[i]-g[i])*strength
			}
			return c
		}
	}
	seenAs := map[imaging.Verdict]bool{}
	for _, strength := range []float64{0, 0.03, 0.06, 0.09, 0.12, 0.15, 0.2, 0.5, 1} {
		got, err := authenticity(seen(t, 1, tint(strength), wood), lying(t), imaging.SideFront)
		if err != nil {
			t.Fatal(err)
		}
		verdict := imaging.Accept
		for _, f := range got {
			if f.code == imaging.ReasonPhotocopy {
				verdict = f.verdict
				if below(f.value, sureChroma) != (verdict == imaging.Reject) || above(f.value, leastChroma) {
					t.Errorf("chroma %.3f asks for %s", f.value, verdict)
				}
			}
		}
		if verdict == imaging.Reject && (seenAs[imaging.Review] || seenAs[imaging.Accept]) || verdict == imaging.Review && seenAs[imaging.Accept] {
			t.Errorf("more colour (%.2f) is judged worse: %s", strength, verdict)
		}
		seenAs[verdict] = true
	}
	if len(seenAs) != 3 {
		t.Errorf("verdicts met: %v, want all three", seenAs)
	}
}

// A sine's amplitude comes out whatever its direction; below the limit of pitch it is print.
func TestGridMeasuresSwing(t *testing.T) {
	m := lying(t)
	for _, c := range []struct {
		why    string
		pitch  float64 // pixels
		swing  float64 // grey levels
		sought bool
	}{
		{"a fine grid", 3.3, 6, true}, {"a faint one", 3.3, 1.5, true}, {"print's own lines", 9, 6, false}, {"none", 3.3, 0, false},
	} {
		mat := seen(t, 1, func(mm point) [3]float64 {
			p := m.image(mm)
			v := 200 + c.swing*math.Sin(2*math.Pi*(0.8*p.X+0.6*p.Y)/c.pitch)
			return [3]float64{v, v, v}
		}, wood)
		r, err := rasterOf(mat)
		if err != nil {
			t.Fatal(err)
		}
		g, err := r.grid(m.imageQuad(wholeCard))
		if err != nil {
			t.Fatal(err)
		}
		if c.sought != (g.ratio >= mostGrid) {
			t.Errorf("%s: ratio %.2f", c.why, g.ratio)
		}
		// Between two steps of frequency a peak loses up to a third of its height, in each direction.
		if c.sought && (g.swing < 0.45*c.swing || g.swing > 1.1*c.swing) {
			t.Errorf("%s: swing %.2f of %.2f", c.why, g.swing, c.swing)
		}
	}
}

// A card too small for a square, or off the picture, is no reason to stop.
func TestAuthenticityOfLittle(t *testing.T) {
	mat := painting(t, 64, 40, func(int, int) [3]float64 { return [3]float64{200, 100, 50} })
	for _, m := range []*cardMap{
		{to: homography{1, 0, 0, 0, 1, 0, 0, 0}, unit: 40},
		{to: homography{1, 0, 0, 0, 1, 0, 0, 0}, unit: 40, origin: point{-500, -500}},
		{to: homography{1, 0, 0, 0, 1, 0, 0, 0}, unit: 5000, origin: point{-500, -500}},
	} {
		for _, side := range []imaging.Side{imaging.SideFront, imaging.SideBack} {
			if _, err := authenticity(mat, m, side); err != nil {
				t.Errorf("unit %v: %v", m.unit, err)
			}
		}
	}
}
