//go:build vision

package vision

import (
	"context"
	"strings"

	"gocv.io/x/gocv"

	"realname/imaging"
	"realname/verify/idnumber"
)

// numberRule judges a text as a number of the document at hand.
type numberRule func(text string, on idnumber.Date) idnumber.Result

// frontNumber judges a number in the resident card's layout: permits of
// residents of Hong Kong, Macao and Taiwan share it, with areas of their own.
func frontNumber(text string, on idnumber.Date) idnumber.Result {
	kind := idnumber.ResidentID
	if permitNumber(text) {
		kind = idnumber.ResidencePermit
	}
	return idnumber.Check(kind, text, on)
}

func foreignNumber(text string, on idnumber.Date) idnumber.Result {
	return idnumber.Check(idnumber.ForeignPR, text, on)
}

func permitNumber(text string) bool {
	return strings.HasPrefix(text, "81") || strings.HasPrefix(text, "82") || strings.HasPrefix(text, "83")
}

// wanted is the document that the photo is claimed to show.
func (e *examination) wanted() imaging.Document {
	if e.req.Document == "" {
		return imaging.DocumentResident
	}
	return e.req.Document
}

// frontDocument tells the two documents of the resident card's layout apart, by
// the number that was read or else by the number line. Where neither is sure, it is what was claimed.
func frontDocument(l *layout, number string, wanted imaging.Document) imaging.Document {
	if n := l.number; number == "" && len(n.glyphs) == numberDigits && above(min(n.glyphs[0].conf, n.glyphs[1].conf), sureGlyph) {
		number = n.text()
	}
	switch {
	case number == "" && wanted == imaging.DocumentPermit, permitNumber(number):
		return imaging.DocumentPermit
	}
	return imaging.DocumentResident
}

// is names the document that was proved, and refuses it when another was asked for.
func (e *examination) is(d imaging.Document, corners *quad) bool {
	e.report.Class = d.Class()
	if d == e.wanted() {
		return true
	}
	e.find(imaging.Reject, imaging.ReasonWrongDocument, 0, 0, corners)
	return false
}

// byDocument looks for documents of other layouts in the text that was read.
func (e *examination) byDocument(ctx context.Context) (found bool, err error) {
	if l := findForeign(e.text.lines); l.proven() {
		return true, e.foreign(l)
	}
	if f := findOlderForeign(e.text.lines, e.today); f != nil {
		e.olderForeign(f)
		return true, nil
	}
	return e.passport(ctx)
}

// documentSeen says that the lines, as they stand, are those of such a document.
func documentSeen(lines []line) bool {
	band, ok := findZone(lines)
	return ok && band.upward || findForeign(lines).proven()
}

// printLayout is a document that was found by its printed phrases; mark.part counts them.
type printLayout struct {
	cardMap
	phrases, marks int
	spread         float64 // mean distance of the marks from their places, mm
}

// findPrint looks for printed phrases in their places. Nil when two characters of one phrase are nowhere.
func findPrint(lines []line, marks []mark) *printLayout {
	found := neighbours(lines, marks)
	var l *printLayout
	for _, g := range gates {
		m := fitMap(found, g.ridge)
		if m == nil {
			break
		}
		l = &printLayout{cardMap: *m}
		found = inPlace(lines, marks, &l.cardMap, g.gate)
	}
	if l == nil {
		return nil
	}
	seen := map[part]int{}
	for _, a := range found {
		seen[a.part]++
		l.spread += distance(l.card(a.image), a.card) / float64(len(found))
	}
	for _, n := range seen {
		if n >= 2 {
			l.phrases++
		}
	}
	l.marks = len(found)
	return l
}

// sheetPlan is what is looked at on a document of another layout than the resident card's.
type sheetPlan struct {
	outline  quad   // of the whole document, mm
	portrait quad   // as the portrait net wants it, with some ground around
	face     quad   // its middle
	print    quad   // what must be read
	bare     []quad // ground without print around the portrait, on which something may lie
}

// examine adds what speaks against a document's picture: its quality, that it
// is no document seen by a camera, and its portrait.
func (e *examination) examine(m *cardMap, plan sheetPlan) error {
	corners := m.imageQuad(plan.outline)
	e.outline(corners)
	e.report.Examined(imaging.StepLayout)
	e.zone(imaging.PartPortrait, m.imageQuad(plan.portrait), "")
	q, err := measure(e.frame, &layout{cardMap: *m, corners: corners})
	if err != nil {
		return err
	}
	q.outside *= plan.outline.width() / cardWidth
	e.judge(q, &corners)
	e.report.Examined(imaging.StepQuality)
	if place, found := e.secondSeen(); found {
		e.find(imaging.Review, imaging.ReasonSeveralCards, 2, mostCards, place)
	}
	found, err := plan.authenticity(e.frame.mat, m)
	if err != nil {
		return err
	}
	e.add(found)
	e.report.Examined(imaging.StepAuthenticity)
	return e.portrait(m, plan.portrait)
}

// authenticity is the resident card's, by the document's own zones.
func (p sheetPlan) authenticity(mat gocv.Mat, m *cardMap) ([]finding, error) {
	e := evidence{card: m, outline: m.imageQuad(p.outline)}
	return e.examine(mat, []quad{p.print, p.portrait}, func() []finding { return append(p.glare(&e), p.covered(&e)...) })
}

// covered tells what lies around the portrait or on it: what hides print makes it
// unreadable, what hides the face crosses the ground around it or is of one colour.
func (p sheetPlan) covered(e *evidence) []finding {
	bare := make([]quad, len(p.bare))
	for i, z := range p.bare {
		bare[i] = p.onSheet(z)
	}
	side := point{cellSide * cardWidth / p.outline.width(), cellSide * cardHeight / p.outline.height()}
	if found := e.coveredIn(bare, side, p.offSheet); found != nil {
		return found
	}
	// The light falls alike along one strip.
	var cells []cell
	for _, z := range bare {
		cells = append(cells, differing(e.sheet.bareCells([]quad{z}, side), mostStripShade, mostStripTint)...)
	}
	if found := e.covering(cells, p.offSheet); found != nil {
		return found
	}
	return e.sticker(p.onSheet(p.face), p.face, side.scale(0.5))
}

// glare tells highlights that burn out what must be read, or the face.
func (p sheetPlan) glare(e *evidence) []finding {
	place := func(z quad) *quad { q := e.card.imageQuad(z); return &q }
	if lost := e.sheet.dazzled(p.onSheet(p.print)); !below(lost, mostDazzledText) {
		return []finding{{imaging.Review, imaging.ReasonGlare, lost, mostDazzledText, place(p.print)}}
	}
	if lost := e.sheet.burnt(p.onSheet(p.face)); !below(lost, mostDazzledFace) {
		return []finding{{imaging.Review, imaging.ReasonGlare, lost, mostDazzledFace, place(p.face)}}
	}
	return nil
}

// around are strips beside a portrait's place: above, below, left and right of it.
func around(portrait quad) []quad {
	const wide = cellSide
	lo, hi := portrait[0], portrait[2]
	return []quad{
		zone(lo.X, lo.Y-wide, hi.X, lo.Y), zone(lo.X, hi.Y, hi.X, hi.Y+wide),
		zone(lo.X-wide, lo.Y, lo.X, hi.Y), zone(hi.X, lo.Y, hi.X+wide, hi.Y),
	}
}

// offSheet is onSheet's way back.
func (p sheetPlan) offSheet(z quad) quad {
	for i, q := range z {
		z[i] = point{q.X * p.outline.width() / cardWidth, q.Y * p.outline.height() / cardHeight}
	}
	return z
}

// onSheet is a zone on the straightened picture, which has a resident card's size.
func (p sheetPlan) onSheet(z quad) quad {
	for i, q := range z {
		z[i] = point{q.X * cardWidth / p.outline.width(), q.Y * cardHeight / p.outline.height()}
	}
	return z
}
