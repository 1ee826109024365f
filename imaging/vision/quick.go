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
	seenCard    = 0.90  // probability of a resident card that is worth reading by its zones, or a person's look
	sureCut     = 0.97  // probability that a card is cut off by the frame
	sureSeveral = 0.90  // probability of a second card
	surelyNone  = 0.97  // probability of no document that may refuse early
	surelyClass = 0.75  // probability of a drawing or photograph that may
	noneAlone   = 0.985 // probability of no document that, with the next, needs no glance at the text
	classAlone  = 0.80  // probability of a drawing or photograph that does
	glanceSide  = 288   // long side, in pixels, at which text is looked for before refusing early
	glanceLines = 2     // lines found there that still allow it
	quickSides  = 2     // of a card's four, found as edges, to read by its zones
	quickOne    = 0.08  // probability of a second card that still allows it
	mostCards   = 1     // on one picture
)

// sure says that two witnesses agree and no glyph of theirs is weak.
func (f *field) sure() bool { return f.both && above(f.conf, sureGlyph) }

// card says that a resident card is most likely there.
func (s *sighting) card() bool { return above(s.front+s.back, seenCard) && len(s.documents) > 0 }

// byZones reads the card where its corners say that its print is, without
// looking for text elsewhere. It can only accept, by rules that are no weaker
// than those for every picture; any doubt, and any other verdict, is left to byText.
func (e *examination) byZones(context.Context) (bool, error) {
	if !above(e.seen.front, seenCard) || !below(e.seen.several, quickOne) || len(e.seen.documents) == 0 || e.req.Side == imaging.SideBack {
		return false, nil
	}
	corners, sides := sharpened(e.frame.mat, e.seen.documents[0].corners, sideReach)
	if sides < quickSides {
		return false, nil
	}
	// The net may take a card for one that stands on its head.
	for _, q := range []quad{corners, corners.turned()} {
		l, err := e.readPrint(q)
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

// readPrint reads the fixed print of a card with these corners. Nil when it does
// not prove a card whose number is valid and repeats its printed birth and sex.
func (e *examination) readPrint(corners quad) (*layout, error) {
	m := mapOnto(corners)
	if m == nil {
		return nil, nil
	}
	number, err := e.print.row(e.frame.mat, m, numberStrip)
	if err != nil || !e.validNumber(&number) {
		return nil, err
	}
	seen, err := e.print.front(e.frame.mat, m)
	if err != nil || seen.labels < needLabels {
		return nil, err
	}
	told := frontNumber(number.text(), e.today)
	if itself, err := e.print.tellsItself(e.frame.mat, m, &told, seen.sex); err != nil || !itself {
		return nil, err
	}
	e.text = &text{}
	return &layout{cardMap: *m, labels: seen.labels, marks: 2 * seen.labels, number: &number, corners: corners, printed: true}, nil
}

func (e *examination) validNumber(n *line) bool {
	return len(n.glyphs) == numberDigits && above(n.weakest(), fairGlyph) &&
		frontNumber(n.text(), e.today).Status != idnumber.Invalid
}

// mapOnto takes the card's millimetres to a quad; nil for a quad that is none.
func mapOnto(q quad) *cardMap { return mapBetween(wholeCard, q) }

// plainlyNone refuses a drawing or photograph early: only when the finder sees
// no document and the class is sure; where they are not the surest, a glance must
// find hardly any text either.
func (e *examination) plainlyNone(context.Context) (bool, error) {
	if !above(e.seen.none, surelyNone) || len(e.seen.documents) > 0 {
		return false, nil
	}
	class, p, err := e.classifier.class(e.frame.mat, linesUnknown, e.seen.none)
	if err != nil {
		return false, err
	}
	if !above(p, surelyClass) || class != imaging.ClassDrawing && class != imaging.ClassPhoto && class != imaging.ClassBlank {
		return false, nil
	}
	e.text = &text{}
	if !above(e.seen.none, noneAlone) || !above(p, classAlone) {
		e.text.places, err = e.reader.detector.find(e.frame.mat, glanceSide)
		if err != nil || len(e.text.places) > glanceLines {
			return false, err
		}
	}
	return true, e.notCard(class, p)
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
