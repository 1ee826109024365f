//go:build vision

package vision

import (
	"context"
	"image"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"gocv.io/x/gocv"
	"pgregory.net/rapid"

	"realname/imaging"
	"realname/internal/specimen"
	"realname/verify/idnumber"
)

// bumps are the heatmaps of documents with these corners, in cells.
func bumps(docs ...quad) []float32 {
	heat := make([]float32, 4*finderCells*finderCells)
	for _, q := range docs {
		for i, c := range q {
			for y := range finderCells {
				for x := range finderCells {
					d := distance(point{float64(x) + 0.5, float64(y) + 0.5}, c)
					at := &heat[(i*finderCells+y)*finderCells+x]
					*at = max(*at, float32(0.8*math.Exp(-d*d/2)))
				}
			}
		}
	}
	return heat
}

// lyingCard is a card of this width around a place, turned.
func lyingCard(centre point, width, turn float64) quad {
	u := point{math.Cos(turn), math.Sin(turn)}.scale(width / 2)
	v := point{-u.Y, u.X}.scale(cardHeight / cardWidth)
	return quad{centre.sub(u).sub(v), centre.add(u).sub(v), centre.add(u).add(v), centre.sub(u).add(v)}
}

func farthest(a, b quad) float64 {
	d := 0.0
	for i := range a {
		d = math.Max(d, distance(a[i], b[i]))
	}
	return d
}

func TestPeaksBecomeTheDocumentTheyCameFrom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := lyingCard(point{rapid.Float64Range(17, 23).Draw(t, "x"), rapid.Float64Range(17, 23).Draw(t, "y")},
			rapid.Float64Range(12, 26).Draw(t, "width"), rapid.Float64Range(-math.Pi, math.Pi).Draw(t, "turn"))
		got := documents(bumps(want))
		if len(got) != 1 || farthest(got[0].corners, want) > 0.35 {
			t.Fatalf("documents %+v, want one at %v", got, want)
		}
	})
}

func TestTwoDocumentsAreKeptApart(t *testing.T) {
	upper, lower := lyingCard(point{20, 10}, 24, 0.1), lyingCard(point{19, 29}, 24, -0.05)
	got := documents(bumps(upper, lower))
	if len(got) != 2 {
		t.Fatalf("%d documents: %+v", len(got), got)
	}
	for _, want := range []quad{upper, lower} {
		if farthest(got[0].corners, want) > 0.35 && farthest(got[1].corners, want) > 0.35 {
			t.Errorf("none at %v: %+v", want, got)
		}
	}
}

func TestWhatIsNoDocument(t *testing.T) {
	upright := lyingCard(point{20, 20}, 24, 0)
	for why, heat := range map[string][]float32{
		"nothing":                             bumps(),
		"a corner is missing":                 bumps(upright)[:3*finderCells*finderCells],
		"corners run the other way round":     bumps(quad{upright[1], upright[0], upright[3], upright[2]}),
		"three times as wide as high":         bumps(quad{{4, 16}, {36, 16}, {36, 26}, {4, 26}}),
		"one side twice as long as the other": bumps(quad{{15, 10}, {25, 10}, {34, 30}, {6, 30}}),
	} {
		heat = append(heat, make([]float32, 4*finderCells*finderCells-len(heat))...)
		if got := documents(heat); len(got) != 0 {
			t.Errorf("%s: %+v", why, got)
		}
	}
}

// A net that cannot tell which way up a card lies has not seen two.
func TestOneCardSeenBothWaysUpIsOne(t *testing.T) {
	upright := lyingCard(point{20, 20}, 24, 0)
	if got := documents(bumps(upright, upright.turned())); len(got) != 1 {
		t.Errorf("%d documents: %+v", len(got), got)
	}
}

// drawQuad paints a pale card on a darker table.
func drawQuad(q quad, size image.Point) gocv.Mat {
	mat := gocv.NewMatWithSizeFromScalar(gocv.NewScalar(90, 100, 110, 0), size.Y, size.X, gocv.MatTypeCV8UC3)
	var points []image.Point
	for _, p := range q {
		points = append(points, image.Pt(int(p.X), int(p.Y)))
	}
	v := gocv.NewPointsVectorFromPoints([][]image.Point{points})
	defer v.Close()
	_ = gocv.FillPoly(&mat, v, color.RGBA{R: 225, G: 230, B: 228})
	return mat
}

func TestSidesAreFoundAsEdges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := lyingCard(point{400, 300}, rapid.Float64Range(300, 520).Draw(t, "width"), rapid.Float64Range(-0.3, 0.3).Draw(t, "turn"))
		for i, p := range want {
			want[i] = point{math.Trunc(p.X), math.Trunc(p.Y)}
		}
		mat := drawQuad(want, image.Pt(800, 600))
		defer mat.Close()
		off := rapid.Float64Range(-0.02*want.width(), 0.02*want.width())
		near := want
		for i := range near {
			near[i] = near[i].add(point{off.Draw(t, "dx"), off.Draw(t, "dy")})
		}
		got, sides := sharpened(mat, near, sideReach)
		if sides != 4 || farthest(got, want) > 2 {
			t.Fatalf("%d sides, farthest corner off by %.1f pixels", sides, farthest(got, want))
		}
	})
}

func TestSidesStayWithoutEdges(t *testing.T) {
	mat := gocv.NewMatWithSizeFromScalar(gocv.NewScalar(90, 100, 110, 0), 300, 400, gocv.MatTypeCV8UC3)
	defer mat.Close()
	q := lyingCard(point{200, 150}, 250, 0.1)
	if got, sides := sharpened(mat, q, sideReach); sides != 0 || farthest(got, q) > 0.01 {
		t.Errorf("%d sides on a blank picture, corners at %v", sides, got)
	}
}

func TestMapOntoTakesTheCardToItsCorners(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := lyingCard(point{500, 400}, rapid.Float64Range(50, 900).Draw(t, "width"), rapid.Float64Range(-math.Pi, math.Pi).Draw(t, "turn"))
		m := mapOnto(q)
		if m == nil || farthest(m.imageQuad(wholeCard), q) > 1e-6*q.width() {
			t.Fatalf("map %+v of %v", m, q)
		}
	})
	if m := mapOnto(quad{}); m != nil {
		t.Error("a quad of no size has a map")
	}
}

func assets() string {
	if dir := os.Getenv("REALNAME_ASSETS"); dir != "" {
		return dir
	}
	return filepath.Join("..", "..", ".assets")
}

var opened = sync.OnceValues(func() (*Pipeline, error) {
	return Open(Options{AssetsDir: assets(), Now: func() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }})
})

// held is the pipeline and what the finder was not trained on.
func held(t *testing.T) (*Pipeline, specimen.Stock) {
	t.Helper()
	p, err := opened()
	if err != nil {
		t.Fatalf("%v (run `make setup` first)", err)
	}
	stock, err := specimen.NewStock(assets())
	if err != nil {
		t.Fatal(err)
	}
	return p, stock.For(specimen.Evaluation)
}

// examine photographs a resident card and begins its examination.
func examine(t *testing.T, p *Pipeline, stock specimen.Stock, seed uint64, change func(*specimen.Shot)) (*examination, specimen.Truth) {
	t.Helper()
	rng := specimen.Seed(seed)
	printed, err := stock.Print(rng, specimen.ResidentCard, specimen.Front, false)
	if err != nil {
		t.Fatal(err)
	}
	s := specimen.Shot{Options: specimen.Easy()}
	s.Width, s.Height = 1280, 960
	if s.Background, err = stock.Background(rng, s.Width, s.Height); err != nil {
		t.Fatal(err)
	}
	change(&s)
	img, truth, err := s.Take(rng, printed)
	if err != nil {
		t.Fatal(err)
	}
	data := specimen.JPEG(img, 88)
	info, err := imaging.Gate(data, imaging.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	f, err := decode(data, info)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.close)
	e := &examination{Pipeline: p, frame: f, today: idnumber.DateOf(p.now()), req: imaging.Request{
		Claim: &imaging.Claim{Number: printed.Fields[specimen.ZoneNumber].Text, Name: printed.Fields[specimen.ZoneName].Text},
	}}
	e.start()
	if e.seen, err = p.finder.find(f.mat); err != nil {
		t.Fatal(err)
	}
	return e, truth
}

func quadOf(c specimen.Corners) (q quad) {
	for i, p := range c {
		q[i] = point{p.X, p.Y}
	}
	return q
}

// The two ways agree on what they both accept, and the quick one is the usual one for careful photographs.
func TestZonesReadWhatTheTextSays(t *testing.T) {
	p, stock := held(t)
	quick := 0
	const photographs = 6
	for seed := range uint64(photographs) {
		e, truth := examine(t, p, stock, 6_000_000+seed, func(*specimen.Shot) {})
		done, err := e.byZones(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if !done {
			continue
		}
		quick++
		r := e.report
		if r.NumberAgreement != imaging.Agrees || r.NameAgreement != imaging.Agrees || len(r.Reasons) != 0 {
			t.Errorf("seed %d: number %s, name %s, reasons %+v", seed, r.NumberAgreement, r.NameAgreement, r.Reasons)
		}
		want := quadOf(truth.Cards[0].Corners)
		for i, c := range r.Quad {
			if d := distance(point{c.X, c.Y}, want[i]); d > 0.03*want.width() {
				t.Errorf("seed %d: corner %d is told %.0f pixels off", seed, i, d)
			}
		}
	}
	t.Logf("%d of %d read by their zones", quick, photographs)
	if _, hi := clopperPearson(quick, photographs); hi < 0.6 {
		t.Errorf("%d of %d read by their zones", quick, photographs)
	}
}

// What the quick way sees in a claim that the card contradicts is left to the other.
func TestZonesNeverRefuse(t *testing.T) {
	p, stock := held(t)
	e, _ := examine(t, p, stock, 6_000_000, func(*specimen.Shot) {})
	e.req.Claim.Name = "沈无此"
	if done, err := e.byZones(context.Background()); done || err != nil {
		t.Errorf("done %t, error %v, verdict %s", done, err, e.report.Verdict)
	}
}
