//go:build vision

package vision

import (
	"context"

	"realname/imaging"
	"realname/verify/idnumber"
)

// Thresholds of the finder. It accepts nothing: it says where to look first,
// refuses what the other witnesses also take for no card, and asks for a person.
const (
	seenCard    = 0.90 // probability of a resident card that is worth reading by its zones, or a person's look
	sureCut     = 0.97 // probability that a card is cut off by the frame
	sureSeveral = 0.90 // probability of a second card
	surelyNone  = 0.97 // probability of no document that may refuse early
	surelyClass = 0.90 // probability of a drawing or photograph that may
	glanceSide  = 352  // long side, in pixels, at which text is looked for before refusing early
	glanceLines = 2    // lines found there that still allow it
	quickSides  = 2    // of a card's four, found as edges, to read by its zones
	quickOne    = 0.08 // probability of a second card that still allows it
	mostCards   = 1    // on one picture
)

// rowZones are the front's rows that hold labels, number first, in millimetres.
// They are wider than the print by what the corners are off.
var rowZones = []quad{
	zone(4, numberRow-3.3, 82.5, numberRow+3.3),
	zone(4, nameRow-3.1, 52.5, nameRow+3.1),
	zone(4, sexRow-3.1, 52.5, sexRow+3.1),
	zone(4, birthRow-3.1, 52.5, birthRow+3.1),
	zone(4, addressRow-2.7, 52.5, addressRow+2.7),
}

// sure says that two witnesses agree and no glyph of theirs is weak.
func (f *field) sure() bool { return f.both && above(f.conf, sureGlyph) }

// card says that a resident card is most likely there.
func (s *sighting) card() bool { return above(s.front+s.back, seenCard) && len(s.documents) > 0 }

// byZones reads the card where its corners say that its rows are, without
// looking for text elsewhere. It can only accept, by the rules that hold for
// every picture; any doubt, and any other verdict, is left to byText.
func (e *examination) byZones(ctx context.Context) (bool, error) {
	if !above(e.seen.front, seenCard) || !below(e.seen.several, quickOne) || len(e.seen.documents) == 0 || e.req.Side == imaging.SideBack {
		return false, nil
	}
	corners, sides := sharpened(e.frame.mat, e.seen.documents[0].corners)
	if sides < quickSides {
		return false, nil
	}
	// The net may take a card for one that stands on its head.
	for _, q := range []quad{corners, corners.turned()} {
		l, err := e.readRows(ctx, q)
		if err != nil {
			return false, err
		}
		if l == nil {
			continue
		}
		err = e.front(l)
		return err == nil && e.report.Verdict == imaging.Accept && !e.unsure, err
	}
	return false, nil
}

// readRows reads the rows of a card with these corners; nil when they do not prove a card with a sure number.
func (e *examination) readRows(ctx context.Context, corners quad) (*layout, error) {
	m := mapOnto(corners)
	if m == nil {
		return nil, nil
	}
	places := make([]quad, len(rowZones))
	for i, z := range rowZones {
		places[i] = m.imageQuad(z)
	}
	e.text = &text{places: places}
	var err error
	if e.text.lines, err = e.reader.readLines(ctx, e.frame.mat, places[:1]); err != nil {
		return nil, err
	}
	if !e.sureNumber(e.text.lines[0].number()) {
		return nil, nil
	}
	rest, err := e.reader.readLines(ctx, e.frame.mat, places[1:])
	if err != nil {
		return nil, err
	}
	e.text.lines = append(e.text.lines, rest...)
	if l := findLayout(e.text.lines); l.proven() {
		return l, nil
	}
	return nil, nil
}

func (e *examination) sureNumber(n *line) bool {
	return n != nil && len(n.glyphs) == numberDigits && above(n.weakest(), sureGlyph) &&
		idnumber.Check(idnumber.ResidentID, n.text(), e.today).Status != idnumber.Invalid
}

// mapOnto takes the card's millimetres to a quad; nil for a quad that is none.
func mapOnto(q quad) *cardMap {
	m := &cardMap{origin: q.at(0.5, 0.5), unit: q.width()}
	if !(m.unit > 0) {
		return nil
	}
	var pairs []pair
	for i, p := range wholeCard {
		pairs = append(pairs, pair{from: p.scale(1 / cardWidth), to: q[i].sub(m.origin).scale(1 / m.unit), weight: 1})
	}
	h, ok := fitHomography(pairs, 0)
	if !ok {
		return nil
	}
	m.to = h
	return m.inverted()
}

// plainlyNone refuses a drawing or photograph early: only when the finder sees
// no document, the class is sure, and a glance finds hardly any text.
func (e *examination) plainlyNone(context.Context) (bool, error) {
	if !above(e.seen.none, surelyNone) || len(e.seen.documents) > 0 {
		return false, nil
	}
	class, p, err := e.classifier.class(e.frame.mat, glanceLines+1)
	if err != nil {
		return false, err
	}
	if !above(p, surelyClass) || class != imaging.ClassDrawing && class != imaging.ClassPhoto && class != imaging.ClassBlank {
		return false, nil
	}
	places, err := e.reader.detector.find(e.frame.mat, glanceSide)
	if err != nil || len(places) > glanceLines {
		return false, err
	}
	e.text = &text{places: places}
	return true, e.noCard()
}

// onlySeen is for a card that was seen and not read: a person looks, and is told what hinders.
func (e *examination) onlySeen() {
	d := &e.seen.documents[0]
	e.report.Class = imaging.ClassUnknown
	e.compareNothing()
	e.outline(d.corners)
	if width := d.corners.width() * e.frame.scale; !above(width, leastWidth) {
		e.find(imaging.Review, imaging.ReasonTooSmall, width, leastWidth, &d.corners)
	}
	if !below(e.seen.cut, sureCut) {
		e.find(imaging.Review, imaging.ReasonBorderIncomplete, e.seen.cut, sureCut, &d.corners)
	}
	e.several(nil)
	e.find(imaging.Review, imaging.ReasonNumberUnreadable, 0, fairGlyph, &d.corners)
}

// several tells of a second card, by the net or by print beyond the first
// card's corners. Its value is the number of cards.
func (e *examination) several(first *cardMap) {
	place, found := e.secondSeen()
	if first != nil && !found {
		place, found = nil, e.secondRead(first)
	}
	if found {
		e.find(imaging.Review, imaging.ReasonSeveralCards, 2, mostCards, place)
	}
}

func (e *examination) secondSeen() (*quad, bool) {
	if below(e.seen.several, sureSeveral) || len(e.seen.documents) < 2 || below(e.seen.documents[1].weakest, surePeak) {
		return nil, false
	}
	return &e.seen.documents[1].corners, true
}

// secondRead says whether the lines away from the first card prove another.
func (e *examination) secondRead(first *cardMap) bool {
	const margin = 3.0 // millimetres
	var away []line
	for _, l := range e.text.lines {
		p := first.card(l.place.at(0.5, 0.5))
		if p.X < -margin || p.Y < -margin || p.X > cardWidth+margin || p.Y > cardHeight+margin {
			away = append(away, l)
		}
	}
	return findLayout(away).proven() || backSeen(away) >= backPhrases
}

// outline puts the card's corners into the report.
func (e *examination) outline(q quad) {
	told := e.told(q)
	e.report.Quad = &told
	e.report.Examined(imaging.StepCard)
}
