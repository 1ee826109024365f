//go:build vision

package vision

import (
	"context"
	"math"
	"strings"

	"realname/imaging"
	"realname/verify/idnumber"
	"realname/verify/personname"
)

// Thresholds of the verdict. A reason carries the measured value and the threshold it crossed.
const (
	needLabels = 4   // of the front's six printed labels, in place
	needMarks  = 7   // label characters in place, of 21
	mostSpread = 1.5 // their mean distance from their places, mm

	sureGlyph = 0.80 // weakest glyph of a reading that may speak against the claim
	fairGlyph = 0.50 // weakest glyph of a reading that may speak for it

	surePhoto = 0.60 // probability of a photograph in the portrait place that passes
	sureDrawn = 0.70 // probability of a drawing that refuses; between the two a person looks
	// Of what is photographed there; the net learnt faces on few, so that only the surest doubt counts.
	mostSeveral = 0.85 // probability of several faces
	leastFace   = 0.10 // probability of one

	leastClass = 0.50 // probability of a class that names it; below, the picture is unknown

	leastWidth   = 280.0 // of the card, full-size pixels
	leastSharp   = 12.0  // variance of the Laplacian, grey levels squared
	leastLight   = 45.0  // mean grey level
	mostLight    = 246.0 // mean grey level
	mostOutside  = 3.0   // mm of the card beyond the picture; the fit is not surer than this
	backPhrases  = 2     // of the back's printed phrases
	partialLabel = 2     // labels that make a picture a possible card, for a person to look at
)

// examination is the work on one photo.
type examination struct {
	*Pipeline
	frame  *frame
	req    imaging.Request
	today  idnumber.Date
	text   *text
	seen   sighting
	unsure bool // a reading was not the surest there is
	report imaging.Report
	proven *cardMap // the front that was found, for its fingerprints
}

// find adds a reason; the verdict is the worst that any reason asks for.
func (e *examination) find(v imaging.Verdict, code string, value, threshold float64, place *quad) {
	r := imaging.Reason{Code: code, Value: round(value), Threshold: threshold}
	if place != nil {
		r.Place = place.box(e.frame.scale, e.frame.full.X, e.frame.full.Y)
	}
	e.report.Reasons = append(e.report.Reasons, r)
	if v == imaging.Reject || e.report.Verdict == imaging.Accept {
		e.report.Verdict = v
	}
}

func round(v float64) float64 { return math.Round(v*1000) / 1000 }

func (e *examination) run(ctx context.Context) error {
	var err error
	if e.seen, err = e.finder.find(e.frame.mat); err != nil {
		return err
	}
	for _, quick := range []func(context.Context) (bool, error){e.byZones, e.plainlyNone} {
		e.start()
		if done, err := quick(ctx); done || err != nil {
			return err
		}
	}
	e.start()
	return e.byText(ctx)
}

// start forgets what was found so far.
func (e *examination) start() {
	e.report = imaging.Report{
		Verdict: imaging.Accept, Reasons: []imaging.Reason{},
		NumberAgreement: imaging.NotCompared, NameAgreement: imaging.NotCompared,
		BirthAgreement: imaging.NotCompared, SexAgreement: imaging.NotCompared,
	}
	e.text, e.unsure, e.proven = nil, false, nil
	e.add(edited(e.req.Image))
}

// byText examines the picture by all the text on it: the way that loses no card.
func (e *examination) byText(ctx context.Context) error {
	l, err := e.findCard(ctx)
	if err != nil {
		return err
	}
	switch {
	case l.proven():
		return e.front(l)
	}
	if found, err := e.byDocument(ctx); found || err != nil {
		return err
	}
	switch {
	case e.backFound():
		return e.back()
	case l.possible():
		e.unreadable(l)
		return nil
	case e.seen.card():
		e.onlySeen()
		return nil
	}
	return e.noCard()
}

// findCard looks for the card by its text: first where one card was seen, then
// on the whole picture.
func (e *examination) findCard(ctx context.Context) (*layout, error) {
	if e.seen.card() && below(e.seen.several, quickOne) {
		near, err := e.reader.readNear(ctx, e.frame.mat, e.seen.documents[0].corners)
		if err != nil {
			return nil, err
		}
		if l, err := e.layout(ctx, near); err != nil || l.proven() || e.backFound() || documentSeen(e.text.lines) {
			return l, err
		}
	}
	whole, err := e.reader.read(ctx, e.frame.mat)
	if err != nil {
		return nil, err
	}
	return e.layout(ctx, whole)
}

// layout looks for the front's among what was read; upside down when it is not found as it stands.
func (e *examination) layout(ctx context.Context, read *text) (*layout, error) {
	e.text = read
	l := findLayout(e.text.lines)
	if l.proven() || e.backFound() || documentSeen(e.text.lines) {
		return l, nil
	}
	turned, err := e.reader.turned(ctx, e.frame.mat, e.text)
	if turned == nil || err != nil {
		return l, err
	}
	first := e.text
	e.text = turned
	if o := findLayout(turned.lines); o.proven() || e.backFound() || documentSeen(turned.lines) || o.possible() && !l.possible() {
		return o, nil
	}
	e.text = first
	return l, nil
}

// proven says that the print alone makes this a card: labels in their places around a number line.
func (l *layout) proven() bool {
	return l != nil && l.number != nil && l.labels >= needLabels && l.marks >= needMarks && below(l.spread, mostSpread)
}

// possible says that enough was seen for a person to look.
func (l *layout) possible() bool {
	return l != nil && (l.labels >= partialLabel || l.number != nil && l.labels > 0)
}

// front judges a card whose front was found.
func (e *examination) front(l *layout) error {
	e.report.Class = frontDocument(l, "", e.wanted()).Class()
	e.proven = &l.cardMap
	e.outline(l.corners)
	e.report.Examined(imaging.StepLayout)
	e.frontZones(l)
	if e.req.Side == imaging.SideBack {
		e.find(imaging.Reject, imaging.ReasonWrongSide, float64(l.labels), needLabels, &l.corners)
	}
	if err := e.quality(l); err != nil {
		return err
	}
	e.add(temporary(e.text.lines))
	if err := e.authentic(&l.cardMap, imaging.SideFront); err != nil {
		return err
	}
	if err := e.portrait(&l.cardMap, portraitPlace); err != nil {
		return err
	}
	if err := e.number(l, frontNumber); err != nil {
		return err
	}
	e.is(frontDocument(l, e.report.Fields.Number, e.wanted()), &l.corners)
	if err := e.name(l); err != nil {
		return err
	}
	return e.printed(l)
}

// authentic adds what speaks against the picture being of the card itself.
func (e *examination) authentic(card *cardMap, side imaging.Side) error {
	found, err := authenticity(e.frame.mat, card, side)
	if err != nil {
		return err
	}
	e.add(found)
	e.report.Examined(imaging.StepAuthenticity)
	return nil
}

func (e *examination) add(found []finding) {
	for _, f := range found {
		e.find(f.verdict, f.code, f.value, f.threshold, f.place)
	}
}

func (e *examination) quality(l *layout) error {
	q, err := measure(e.frame, l)
	if err != nil {
		return err
	}
	e.judge(q, &l.corners)
	e.several(&l.cardMap)
	e.report.Examined(imaging.StepQuality)
	return nil
}

// judge adds what speaks against the quality of a document with these corners.
func (e *examination) judge(q quality, corners *quad) {
	if !above(q.width, leastWidth) {
		e.find(imaging.Review, imaging.ReasonTooSmall, q.width, leastWidth, corners)
	}
	if !above(q.sharpness, leastSharp) {
		e.find(imaging.Review, imaging.ReasonBlurred, q.sharpness, leastSharp, corners)
	}
	if !above(q.light, leastLight) {
		e.find(imaging.Review, imaging.ReasonTooDark, q.light, leastLight, corners)
	}
	if !below(q.light, mostLight) {
		e.find(imaging.Review, imaging.ReasonTooBright, q.light, mostLight, corners)
	}
	if !below(q.outside, mostOutside) {
		e.find(imaging.Review, imaging.ReasonBorderIncomplete, q.outside, mostOutside, corners)
	} else if !below(e.seen.cut, sureCut) {
		e.find(imaging.Review, imaging.ReasonBorderIncomplete, e.seen.cut, sureCut, corners)
	}
}

func (e *examination) portrait(m *cardMap, at quad) error {
	place := m.imageQuad(at)
	p, err := e.classifier.look(e.frame.mat, m, at)
	if err != nil {
		return err
	}
	e.report.Examined(imaging.StepPortrait)
	switch {
	case above(p.drawn, sureDrawn):
		e.find(imaging.Reject, imaging.ReasonPortraitDrawn, p.drawn, sureDrawn, &place)
	case !above(p.photo, surePhoto) && p.drawn >= p.empty:
		e.find(imaging.Review, imaging.ReasonPortraitDrawn, p.drawn, sureDrawn, &place)
	case !above(p.photo, surePhoto):
		e.find(imaging.Review, imaging.ReasonPortraitMissing, p.photo, surePhoto, &place)
	case !below(p.several, mostSeveral):
		e.find(imaging.Review, imaging.ReasonPortraitSeveral, p.several, mostSeveral, &place)
	case !above(p.face, leastFace):
		e.find(imaging.Review, imaging.ReasonPortraitMissing, p.face, leastFace, &place)
	}
	return nil
}

func (e *examination) number(l *layout, rule numberRule) error {
	claimed := e.req.Claim != nil && e.req.Claim.Number != ""
	var repeated string
	if claimed {
		claim := rule(e.req.Claim.Number, e.today)
		repeated = claim.Canonical.Reveal()
	}
	f, ok, err := e.reader.number(e.frame.mat, l, repeated, func(s string) bool { return rule(s, e.today).Status != idnumber.Invalid })
	if err != nil {
		return err
	}
	e.unsure = e.unsure || !f.sure()
	e.zone(imaging.PartNumber, f.place, f.value)
	if !ok {
		if claimed {
			e.report.NumberAgreement = imaging.Unreadable
		}
		if f.both && above(f.conf, sureGlyph) {
			e.find(imaging.Reject, imaging.ReasonNumberInvalid, f.conf, sureGlyph, &f.place)
		} else {
			e.find(imaging.Review, imaging.ReasonNumberUnreadable, f.conf, fairGlyph, &f.place)
		}
		return nil
	}
	if !above(f.conf, fairGlyph) {
		if claimed {
			e.report.NumberAgreement = imaging.Unreadable
		}
		e.find(imaging.Review, imaging.ReasonNumberUnreadable, f.conf, fairGlyph, &f.place)
		return nil
	}
	e.report.Fields.Number = f.value
	e.report.Examined(imaging.StepNumber)
	if !claimed {
		return nil
	}
	claim, card := rule(e.req.Claim.Number, e.today), rule(f.value, e.today)
	if claim.Status != idnumber.Invalid && claim.Canonical.Equal(card.Canonical) {
		e.report.NumberAgreement = imaging.Agrees
		return nil
	}
	e.report.NumberAgreement = imaging.Disagrees
	e.find(imaging.Reject, imaging.ReasonNumberMismatch, f.conf, fairGlyph, &f.place)
	return nil
}

func (e *examination) name(l *layout) error {
	f, err := e.readName(l)
	if err != nil {
		return err
	}
	e.unsure = e.unsure || !f.sure()
	value := foldName(f.value)
	e.zone(imaging.PartName, f.place, value)
	if above(f.conf, fairGlyph) {
		e.report.Examined(imaging.StepName)
		e.report.Fields.Name = value
	}
	if e.req.Claim == nil || e.req.Claim.Name == "" {
		return nil
	}
	claim := foldName(e.req.Claim.Name)
	compared := personname.Compare(value, claim)
	switch {
	case compared.Agreement == personname.Match && above(f.conf, fairGlyph):
		e.report.NameAgreement = imaging.Agrees
	case compared.Agreement == personname.Variant && above(f.conf, fairGlyph):
		e.report.NameAgreement = imaging.Unreadable
		e.find(imaging.Review, imaging.ReasonNameVariant, f.conf, fairGlyph, &f.place)
	case compared.Agreement == personname.Mismatch && f.both && above(f.conf, sureGlyph) && e.speaksAgainst(value, claim):
		e.report.NameAgreement = imaging.Disagrees
		e.find(imaging.Reject, imaging.ReasonNameMismatch, f.conf, sureGlyph, &f.place)
	default:
		e.report.NameAgreement = imaging.Unreadable
		e.find(imaging.Review, imaging.ReasonNameUnreadable, f.conf, sureGlyph, &f.place)
	}
	return nil
}

func (e *examination) readName(l *layout) (field, error) {
	if l.printed && e.req.Claim != nil && e.req.Claim.Name != "" {
		if f, ok, err := e.reader.claimedName(e.frame.mat, l, foldName(e.req.Claim.Name)); ok || err != nil {
			return f, err
		}
	}
	return e.reader.name(e.frame.mat, e.text.lines, l)
}

// speaksAgainst says whether a sure reading contradicts the claim. A glyph that
// the recogniser cannot write, or one that it lost, is no contradiction.
func (e *examination) speaksAgainst(value, claim string) bool {
	return value != claim && e.reader.recogniser.keys.readable(claim) && !within(value, claim) && !within(claim, value)
}

// The back's printed phrases; the last two stand on passports too.
var backPrint = []string{"居民身份证", "有效期限", "中华人民共和国", "签发机关"}

func (e *examination) backFound() bool { return backSeen(e.text.lines) >= backPhrases }

// backSeen counts the back's phrases that the lines hold; none where its own are missing, and none on a
// foreigner's permanent residence card, which prints some of them on its front.
func backSeen(lines []line) int {
	var all strings.Builder
	for _, l := range lines {
		all.WriteString(l.text())
		all.WriteByte('\n')
	}
	if strings.Contains(all.String(), permanentResidence) {
		return 0
	}
	n := 0
	for i, phrase := range backPrint {
		if i == 2 && n == 0 {
			break
		}
		if strings.Contains(all.String(), phrase) {
			n++
		}
	}
	return n
}

// back judges the back of a card.
func (e *examination) back() error {
	e.report.Class = imaging.ClassResidentBack
	if e.req.Side != imaging.SideBack {
		e.find(imaging.Reject, imaging.ReasonWrongSide, float64(backSeen(e.text.lines)), backPhrases, nil)
		return nil
	}
	// A back alone proves nobody's number.
	e.find(imaging.Review, imaging.ReasonNumberUnreadable, 0, fairGlyph, nil)
	e.add(temporary(e.text.lines))
	l := findBack(e.text.lines)
	if !l.proven() {
		return nil
	}
	e.outline(l.imageQuad(wholeCard))
	e.report.Examined(imaging.StepLayout)
	if err := e.authentic(&l.cardMap, imaging.SideBack); err != nil {
		return err
	}
	read, err := e.reader.back(e.frame.mat, e.text.lines, l)
	if err != nil {
		return err
	}
	e.backZones(&read)
	e.add(read.judge(e.today))
	read.tell(&e.report.Fields)
	return nil
}

// unreadable is for a picture with some of a card's print, too little to prove one.
func (e *examination) unreadable(l *layout) {
	e.report.Class = imaging.ClassUnknown
	e.compareNothing()
	e.find(imaging.Review, imaging.ReasonNumberUnreadable, float64(l.labels), needLabels, &l.corners)
}

// noCard says what the picture is instead.
func (e *examination) noCard() error {
	class, p, err := e.classifier.class(e.frame.mat, len(e.text.places), e.seen.none)
	if err != nil {
		return err
	}
	return e.notCard(class, p)
}

func (e *examination) notCard(class imaging.Class, p float64) error {
	e.report.Class = class
	e.compareNothing()
	e.find(imaging.Reject, imaging.ReasonNotADocument, p, leastClass, nil)
	return nil
}

// compareNothing marks the claim's fields as not read.
func (e *examination) compareNothing() {
	if e.req.Claim == nil {
		return
	}
	if e.req.Claim.Number != "" {
		e.report.NumberAgreement = imaging.Unreadable
	}
	if e.req.Claim.Name != "" {
		e.report.NameAgreement = imaging.Unreadable
	}
	if e.req.Claim.Birth != "" {
		e.report.BirthAgreement = imaging.Unreadable
	}
	if e.req.Claim.Sex != "" {
		e.report.SexAgreement = imaging.Unreadable
	}
}
