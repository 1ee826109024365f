//go:build vision

package vision

import (
	"image"
	"math"
	"strings"
	"testing"

	"gocv.io/x/gocv"
	"pgregory.net/rapid"

	"realname/imaging"
)

// drawHomography gives a card seen from somewhere in front of it, card widths to picture units.
func drawHomography(t *rapid.T) homography {
	a := rapid.Float64Range(-math.Pi, math.Pi).Draw(t, "turn")
	s := rapid.Float64Range(0.5, 2).Draw(t, "scale")
	bend := rapid.Float64Range(-0.15, 0.15)
	return homography{
		s * math.Cos(a), -s * math.Sin(a), rapid.Float64Range(-1, 1).Draw(t, "x"),
		s * math.Sin(a), s * math.Cos(a), rapid.Float64Range(-1, 1).Draw(t, "y"),
		bend.Draw(t, "g"), bend.Draw(t, "h"),
	}
}

func TestFitRecoversTheMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawHomography(t)
		var pairs []pair
		for _, m := range frontMarks {
			p := m.at.scale(1 / cardWidth)
			pairs = append(pairs, pair{from: p, to: want.apply(p), weight: 1})
		}
		got, ok := fitHomography(pairs, 0)
		if !ok {
			t.Fatal("no map")
		}
		for _, p := range wholeCard {
			p = p.scale(1 / cardWidth)
			if d := distance(got.apply(p), want.apply(p)); d > 1e-6 {
				t.Fatalf("corner off by %g", d)
			}
		}
	})
}

func TestFitNeedsPlacesThatSpanAPlane(t *testing.T) {
	var pairs []pair
	for i := range 8 {
		p := point{float64(i), 2 * float64(i)}
		pairs = append(pairs, pair{from: p, to: p, weight: 1})
	}
	if h, ok := fitHomography(pairs, 0); ok {
		t.Errorf("places on one line gave %v", h)
	}
}

// printedLines are a front's lines as a faultless reader would see them through m.
func printedLines(m *cardMap, number string) []line {
	var out []line
	put := func(gs []rune, at []point) line {
		first, last := at[0], at[len(at)-1]
		u := last.sub(first).scale(1 / last.sub(first).length())
		v := point{-u.Y, u.X}
		q := quad{
			first.sub(u).sub(v.scale(2)), last.add(u).sub(v.scale(2)),
			last.add(u).add(v.scale(2)), first.sub(u).add(v.scale(2)),
		}
		l := line{place: m.imageQuad(q)}
		// A reader sees evenly spaced columns of the picture, not of the card.
		from, to := l.place.at(0, 0.5), l.place.at(1, 0.5)
		for i, r := range gs {
			l.glyphs = append(l.glyphs, glyph{r: r, at: distance(from, m.image(at[i])) / distance(from, to), conf: 1})
		}
		return l
	}
	for p := range parts {
		var gs []rune
		var at []point
		for _, k := range frontMarks {
			if k.part == p {
				gs, at = append(gs, k.r), append(at, k.at)
			}
		}
		out = append(out, put(gs, at))
	}
	var at []point
	for i := range number {
		at = append(at, point{numberFirst + float64(i)*numberPitch, numberRow})
	}
	n := put([]rune(number), at)
	n.digits = n.glyphs
	return append(out, n)
}

func TestLayoutIsFoundWhateverThePose(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &cardMap{to: drawHomography(t), unit: 900, origin: point{800, 600}}
		if m.inverted() == nil || !m.imageQuad(wholeCard).convex() {
			t.Skip("seen edge on")
		}
		l := findLayout(printedLines(m, "110101199001010000"))
		if !l.proven() {
			t.Fatalf("not proven: %+v", l)
		}
		for i, p := range l.corners {
			if d := distance(p, m.image(wholeCard[i])) / l.corners.width(); d > 0.03 {
				t.Fatalf("corner %d is off by %.3f of the width", i, d)
			}
		}
	})
}

// The same words in other places are no card: a form has them too.
func TestLabelsOutOfPlaceAreNoCard(t *testing.T) {
	m := &cardMap{to: homography{1, 0, 0, 0, 1, 0, 0, 0}, unit: 900}
	m.inverted()
	lines := printedLines(m, "110101199001010000")
	for i := range lines[:partDate] {
		for k := range lines[i].place {
			lines[i].place[k].Y = 40 * float64(i) // one column from the top, evenly set
			lines[i].place[k].X += 300
		}
	}
	if l := findLayout(lines); l.proven() {
		t.Errorf("proven with %d labels, spread %.2f", l.labels, l.spread)
	}
	if l := findLayout(lines[:2]); l.proven() {
		t.Error("proven without a number line")
	}
	if l := findLayout(nil); l.proven() || l.possible() {
		t.Error("found a card in nothing")
	}
}

func testAlphabet(t *testing.T) *alphabet {
	a, err := parseAlphabet(strings.Join(strings.Split("0123456789X王一·", ""), "\n"))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// columns is a recogniser's answer that spells s, one column a character; '_' is the blank.
func columns(t *testing.T, s string) *reading {
	a := testAlphabet(t)
	r := &reading{classes: len(a.runes), keys: a, used: 1}
	for _, c := range s {
		row := make([]float32, r.classes)
		for i, k := range a.runes {
			if k == c || c == '_' && i == 0 {
				row[i] = 0.9
			}
		}
		r.probs = append(r.probs, row...)
		r.columns++
	}
	return r
}

func TestDecodeMergesRunsAndDropsBlanks(t *testing.T) {
	for in, want := range map[string]string{
		"__11_1__": "11", "王王__一": "王一", "____": "", "1 2": "12", "王1X": "王1X",
	} {
		if got := columns(t, in).decode().text(); got != want {
			t.Errorf("%q reads %q, want %q", in, got, want)
		}
	}
	if got := columns(t, "王_1X2").decodeNumber().text(); got != "1X2" {
		t.Errorf("number reads %q", got)
	}
}

// Digits count from behind the label, which the number's alphabet would misread.
func TestNumberStandsBehindItsLabel(t *testing.T) {
	l := columns(t, "王一_1_1_0_1_0_1_1_9_9_0_0_1_0_1_0_0_0_X").line()
	n := l.number()
	if n == nil || n.text() != "11010119900101000X" {
		t.Errorf("number %v", n)
	}
	short := columns(t, "1_2_3").line()
	if short.number() != nil {
		t.Error("three digits are a number line")
	}
}

func TestReadingIsBounded(t *testing.T) {
	lines := func(n int, width float64) []quad {
		out := make([]quad, n)
		for i := range out {
			out[i] = zone(0, 0, width, 48)
		}
		return out
	}
	for _, c := range []struct{ lines, width, want int }{{0, 1, 0}, {15, 300, 15}, {90, 100, linesMost}, {90, 9000, 12}} {
		if got := readable(lines(c.lines, float64(c.width))); got != c.want {
			t.Errorf("%d lines of %d columns: %d are read, want %d", c.lines, c.width, got, c.want)
		}
	}
}

func TestKeyListsThatDoNotFitAreRefused(t *testing.T) {
	for _, keys := range []string{"", "ab\nc", "1\n2\n3"} {
		if _, err := parseAlphabet(keys); err == nil {
			t.Errorf("%q was taken", keys)
		}
	}
}

func spelled(s string, conf float64) line {
	var l line
	for _, r := range s {
		l.glyphs = append(l.glyphs, glyph{r: r, conf: conf})
	}
	return l
}

func TestNameNeedsTwoWitnessesToBeSure(t *testing.T) {
	for _, c := range []struct {
		name      string
		witnesses []line
		value     string
		both      bool
		conf      float64
	}{
		{"agreeing", []line{spelled("王一", 0.7), spelled("王一", 0.9)}, "王一", true, 0.9},
		{"third decides", []line{spelled("王一", 0.7), spelled("王", 0.9), spelled("王一", 0.6)}, "王一", true, 0.7},
		{"all differ", []line{spelled("王一", 0.7), spelled("王", 0.9), spelled("一", 0.6)}, "王", false, 0.45},
		{"silent", []line{{}, {}, {}}, "", false, 0},
	} {
		var f field
		f.elect(c.witnesses)
		if f.value != c.value || f.both != c.both || math.Abs(f.conf-c.conf) > 1e-9 {
			t.Errorf("%s: %q both %v conf %v", c.name, f.value, f.both, f.conf)
		}
	}
}

func TestNamesAreComparedFolded(t *testing.T) {
	if got := foldName(" 阿·布 都•拉 "); got != "阿·布都·拉" {
		t.Errorf("folds to %q", got)
	}
	for _, c := range []struct {
		short, long string
		want        bool
	}{{"王", "王一", true}, {"王明", "王小明", true}, {"明王", "王小明", false}, {"", "王", true}} {
		if within(c.short, c.long) != c.want {
			t.Errorf("within(%q, %q) is not %v", c.short, c.long, c.want)
		}
	}
	got := line{glyphs: nameOnly(spelled("姓名王—·", 1).glyphs)}.text()
	if got != "王一" {
		t.Errorf("name holds %q", got)
	}
}

// A pixel at the stored top left goes where EXIF says that corner belongs.
func TestUpright(t *testing.T) {
	const w, h = 5, 3
	for orientation, want := range map[int]image.Point{
		0: {0, 0}, 1: {0, 0}, 2: {w - 1, 0}, 3: {w - 1, h - 1}, 4: {0, h - 1},
		5: {0, 0}, 6: {h - 1, 0}, 7: {h - 1, w - 1}, 8: {0, w - 1}, 9: {0, 0},
	} {
		f := &frame{mat: gocv.NewMatWithSize(h, w, gocv.MatTypeCV8UC3), full: image.Pt(w, h)}
		f.mat.SetTo(gocv.NewScalar(0, 0, 0, 0))
		f.mat.SetUCharAt(0, 0, 255)
		if err := f.upright(orientation); err != nil {
			t.Fatal(err)
		}
		if f.full.X != f.mat.Cols() || f.full.Y != f.mat.Rows() {
			t.Errorf("orientation %d: size %v, picture %dx%d", orientation, f.full, f.mat.Cols(), f.mat.Rows())
		} else if f.mat.GetUCharAt(want.Y, 3*want.X) != 255 {
			t.Errorf("orientation %d: the corner is not at %v", orientation, want)
		}
		f.close()
	}
}

func TestPlaceOfAReasonStaysOnThePicture(t *testing.T) {
	q := quad{{-10, -10}, {50, 0}, {50, 40}, {0, 40}}
	if b := q.box(2, 60, 60); b == nil || *b != (imaging.Box{Width: 60, Height: 60}) {
		t.Errorf("box %+v", b)
	}
	if b := q.box(2, 0, 0); b != nil {
		t.Errorf("a box %+v on no picture", b)
	}
}

// Text found on a picture moves the class; none forbids a page.
func TestClassHeedsTheTextFound(t *testing.T) {
	for _, c := range []struct {
		lines int
		want  imaging.Class
	}{{0, imaging.ClassPhoto}, {linesUnknown, imaging.ClassTextPage}, {20, imaging.ClassTextPage}} {
		probs := []float32{0.1, 0.4, 0.45, 0.03, 0.02}
		weighByText(probs, c.lines)
		if class, sum := mostProbable(probs); class != c.want || math.Abs(sum-1) > 1e-5 {
			t.Errorf("%d lines: %s, sum %v", c.lines, class, sum)
		}
	}
}

// mostProbable is the most probable class, and the sum of all.
func mostProbable(probs []float32) (class imaging.Class, sum float64) {
	best := 0
	for i, p := range probs {
		sum += float64(p)
		if p > probs[best] {
			best = i
		}
	}
	return classNames[best], sum
}

// A table without a document is a photograph, however like a document's it is;
// with one it is a document, however small. Neither witness outvotes the other alone.
func TestClassHeedsTheFinder(t *testing.T) {
	for _, c := range []struct {
		none     float64
		document float32 // what the net gives it, and a photograph the rest
		want     imaging.Class
	}{
		{0, 0.2, imaging.ClassOtherDocument}, {0.15, 0.2, imaging.ClassOtherDocument}, {0.15, 0.05, imaging.ClassPhoto},
		{0.98, 0.7, imaging.ClassPhoto}, {1, 0.7, imaging.ClassPhoto}, {0.98, 0.99, imaging.ClassOtherDocument},
	} {
		probs := []float32{0, 1 - c.document, 0, 0, c.document}
		weighByFinder(probs, c.none)
		if class, sum := mostProbable(probs); class != c.want || math.Abs(sum-1) > 1e-5 {
			t.Errorf("none %v, document %v: %s, sum %v", c.none, c.document, class, sum)
		}
	}
}
