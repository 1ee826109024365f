//go:build vision

package vision

import (
	"math"
	"slices"
)

// A resident card is ISO/IEC 7810 ID-1; places on it are millimetres from its top left corner.
const (
	cardWidth  = 85.6
	cardHeight = 54.0
)

// part is one printed label of the front.
type part int

const (
	partName part = iota
	partSex
	partNation
	partBirth
	partAddress
	partNumber
	partDate // 年 月 日
	parts
)

// mark is one character that stands at the same place on every card.
type mark struct {
	r    rune
	part part
	at   point
}

// Rows and columns of the front of the second-generation card, from its public
// layout; no genuine card was at hand, so what they say of one is not measured.
const (
	nameRow, sexRow, birthRow, addressRow, numberRow = 8.4, 15.4, 22.1, 29.2, 46.2
	numberFirst, numberPitch                         = 30.1, 2.78 // centre of the first digit; step to the next
	numberDigits                                     = 18
)

// frontMarks are the printed labels of the front, character by character.
var frontMarks = labelMarks()

// frontLabels are those that stand in a row of their own: the signs of a date have digits between them.
var frontLabels = slices.DeleteFunc(slices.Clone(frontMarks), func(m mark) bool { return m.part == partDate })

func labelMarks() []mark {
	var out []mark
	put := func(p part, x, y, step float64, text string) {
		for i, r := range []rune(text) {
			out = append(out, mark{r: r, part: p, at: point{x + float64(i)*step, y}})
		}
	}
	put(partName, 6.95, nameRow, 3.8, "姓名")
	put(partSex, 6.95, sexRow, 3.8, "性别")
	put(partNation, 27.65, sexRow, 3.4, "民族")
	put(partBirth, 6.95, birthRow, 3.8, "出生")
	put(partDate, 25.85, birthRow, 8.6, "年月日")
	put(partAddress, 6.95, addressRow, 3.8, "住址")
	put(partNumber, 6.95, numberRow, 3.05, "公民身份号码")
	return out
}

// Zones of the front: what is read or looked at once the card is found.
var (
	wholeCard     = zone(0, 0, cardWidth, cardHeight)
	nameZone      = zone(14.2, nameRow-2.9, 52, nameRow+2.9)
	portraitPlace = zone(53.2, 5.8, 80.8, 40.3)
)

func zone(x0, y0, x1, y1 float64) quad {
	return quad{{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}}
}

// cardMap takes places on the card to places on the picture and back.
type cardMap struct {
	to, from homography // between both planes scaled to about 1
	origin   point      // picture
	unit     float64    // picture, pixels
}

func (m *cardMap) image(p point) point {
	return m.to.apply(p.scale(1 / cardWidth)).scale(m.unit).add(m.origin)
}

func (m *cardMap) card(p point) point {
	return m.from.apply(p.sub(m.origin).scale(1 / m.unit)).scale(cardWidth)
}

func (m *cardMap) imageQuad(q quad) quad {
	for i := range q {
		q[i] = m.image(q[i])
	}
	return q
}

// anchor ties a place on the card to a place on the picture.
type anchor struct {
	card, image point
	part        part
	digit       bool
}

// layout is a card that was found by its print.
type layout struct {
	cardMap
	labels  int     // of the six labels, those found in place
	marks   int     // label characters found in place
	spread  float64 // mean distance of the marks from their places, mm
	number  *line   // the number line, when one was found in place
	corners quad    // of the card, on the picture
	printed bool    // number and labels were read by printReader, at the places that the corners give
}

// Gates, in millimetres, for a character to count as standing in its place:
// wide at first, since a similarity knows nothing of perspective. The last ridge
// weighs 0.3 mm of reading noise against a perspective of 0.1 a card width.
var gates = []struct{ gate, ridge float64 }{{14, 1e3}, {7, 1e3}, {4.5, 0.005}, {3, 0.0012}, {3, 0.0012}}

// findLayout looks for the front's labels in their places relative to the
// number line. Nil when nothing supports a card.
func findLayout(lines []line) *layout {
	var best *layout
	for i := range lines {
		n := lines[i].number()
		if n == nil {
			continue
		}
		if l := growLayout(lines, n, numberAnchors(n)); l != nil && (best == nil || l.better(best)) {
			best = l
		}
	}
	if best == nil {
		best = growLayout(lines, nil, neighbours(lines, frontLabels))
	}
	return best
}

func (l *layout) better(o *layout) bool {
	if l.marks != o.marks {
		return l.marks > o.marks
	}
	return l.spread < o.spread
}

// growLayout starts from a rough similarity and takes in more characters as the map gets better.
func growLayout(lines []line, number *line, seed []anchor) *layout {
	m := similarity(seed)
	if m == nil {
		return nil
	}
	var found []anchor
	for _, g := range gates {
		found = inPlace(lines, frontMarks, m, g.gate)
		fitted := found
		if number != nil {
			fitted = append(fitted[:len(fitted):len(fitted)], seed...)
		}
		next := fitMap(fitted, g.ridge)
		if next == nil {
			break
		}
		m = next
	}
	l := &layout{cardMap: *m, number: number, corners: m.imageQuad(wholeCard)}
	l.count(found)
	if !l.corners.convex() {
		return nil
	}
	return l
}

func (l *layout) count(found []anchor) {
	var seen [parts]int
	var sum float64
	for _, a := range found {
		seen[a.part]++
		sum += distance(l.card(a.image), a.card)
	}
	for p, n := range seen {
		// One stray 号 is no label; two characters of 公民身份号码 are.
		if p != int(partDate) && n >= 1 && (p != int(partNumber) || n >= 2) {
			l.labels++
		}
	}
	l.marks = len(found)
	if l.marks > 0 {
		l.spread = sum / float64(l.marks)
	}
}

// numberAnchors are the digits of a number line; a digit too many or too few is spread out.
func numberAnchors(n *line) []anchor {
	out := make([]anchor, 0, len(n.glyphs))
	for i := range n.glyphs {
		f := float64(i) * (numberDigits - 1) / float64(len(n.glyphs)-1)
		out = append(out, anchor{card: point{numberFirst + f*numberPitch, numberRow}, image: n.centre(i), digit: true})
	}
	return out
}

// neighbours are adjoining marks of one part that a line spells out, wherever they are.
func neighbours(lines []line, marks []mark) []anchor {
	var out []anchor
	for _, l := range lines {
		for i := 0; i+1 < len(l.glyphs); i++ {
			for k := 0; k+1 < len(marks); k++ {
				a, b := marks[k], marks[k+1]
				if a.part == b.part && l.glyphs[i].r == a.r && l.glyphs[i+1].r == b.r {
					out = append(out, anchor{card: a.at, image: l.centre(i), part: a.part},
						anchor{card: b.at, image: l.centre(i + 1), part: b.part})
				}
			}
		}
	}
	return out
}

// inPlace gives for every mark the nearest glyph that spells it, when it is within gate of its place.
func inPlace(lines []line, marks []mark, m *cardMap, gate float64) []anchor {
	var out []anchor
	for _, want := range marks {
		best := anchor{card: want.at, part: want.part}
		nearest := gate
		for _, l := range lines {
			for i, g := range l.glyphs {
				if g.r != want.r {
					continue
				}
				p := l.centre(i)
				if d := distance(m.card(p), want.at); d < nearest {
					nearest, best.image = d, p
				}
			}
		}
		if nearest < gate {
			out = append(out, best)
		}
	}
	return out
}

// similarity is the map of rotation, scale and shift that fits the anchors best; nil without two distinct ones.
func similarity(anchors []anchor) *cardMap {
	if len(anchors) < 2 {
		return nil
	}
	var mc, mi point
	for _, a := range anchors {
		mc, mi = mc.add(a.card), mi.add(a.image)
	}
	n := float64(len(anchors))
	mc, mi = mc.scale(1/n), mi.scale(1/n)
	var dot, crs, norm float64
	for _, a := range anchors {
		c, i := a.card.sub(mc), a.image.sub(mi)
		dot += c.dot(i)
		crs += cross(c, i)
		norm += c.dot(c)
	}
	if norm < 1 || math.Hypot(dot, crs)/norm < 1e-6 {
		return nil
	}
	a, b := dot/norm*cardWidth, crs/norm*cardWidth // pixels per card width
	m := &cardMap{unit: math.Hypot(a, b)}
	a, b = a/m.unit, b/m.unit
	m.origin = mi
	c := mc.scale(1 / cardWidth)
	m.to = homography{a, -b, -(a*c.X - b*c.Y), b, a, -(b*c.X + a*c.Y)}
	return m.inverted()
}

// fitMap is the projective map that fits the anchors best; nil when they do not determine one.
func fitMap(anchors []anchor, ridge float64) *cardMap {
	base := similarity(anchors)
	if base == nil {
		return nil
	}
	labels := 0
	for _, a := range anchors {
		if !a.digit {
			labels++
		}
	}
	if labels < 3 {
		return base
	}
	pairs := make([]pair, len(anchors))
	for i, a := range anchors {
		pairs[i] = pair{from: a.card.scale(1 / cardWidth), to: a.image.sub(base.origin).scale(1 / base.unit), weight: 1}
		if a.digit {
			pairs[i].weight = 0.5 // eighteen of them on one line
		}
	}
	h, ok := fitHomography(pairs, ridge)
	if !ok {
		return nil
	}
	m := &cardMap{to: h, origin: base.origin, unit: base.unit}
	return m.inverted()
}

// inverted fills in the way back; nil when there is none.
func (m *cardMap) inverted() *cardMap {
	h := m.to
	a, b, c, d, e, f, g, i := h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7]
	k := a*e - b*d
	if math.Abs(k) < 1e-9 {
		return nil
	}
	m.from = homography{
		(e - f*i) / k, (c*i - b) / k, (b*f - c*e) / k,
		(f*g - d) / k, (a - c*g) / k, (c*d - a*f) / k,
		(d*i - e*g) / k, (b*g - a*i) / k,
	}
	return m
}
