//go:build vision

package vision

import (
	"strings"

	"realname/imaging"
)

// rowParts are the rows of the front that are told beside name, number and
// portrait, as they stand on the card: the zones of what is printed behind the labels.
var rowParts = []struct {
	part imaging.ZonePart
	zone quad
}{
	{imaging.PartSexNation, zone(13.5, sexRow-2.7, 52.5, sexRow+2.7)},
	{imaging.PartBirth, zone(13.5, birthRow-2.7, 52.5, birthRow+2.7)},
	{imaging.PartAddress, zone(13.5, addressRow-2.7, 52.5, addressRow+10.5)},
}

// told is a place as it stands in a report.
func (e *examination) told(q quad) imaging.Quad {
	var out imaging.Quad
	for i, p := range q {
		out[i] = imaging.Point{X: round(p.X * e.frame.scale), Y: round(p.Y * e.frame.scale)}
	}
	return out
}

// zone tells of a part of the card that was found, and what was read there.
func (e *examination) zone(part imaging.ZonePart, place quad, text string) {
	e.report.Zones = append(e.report.Zones, imaging.Zone{Part: part, Quad: e.told(place), Text: text})
}

// frontZones tells where portrait and rows stand; name and number tell of themselves once read.
func (e *examination) frontZones(l *layout) {
	e.zone(imaging.PartPortrait, l.imageQuad(portraitPlace), "")
	for _, row := range rowParts {
		e.zone(row.part, l.imageQuad(row.zone), e.printIn(&l.cardMap, row.zone))
	}
}

// printIn is what the detected lines say within a zone of the card, line by line.
func (e *examination) printIn(m *cardMap, z quad) string {
	var out []string
	for _, ln := range e.text.lines {
		var b strings.Builder
		for i, g := range ln.glyphs {
			if c := m.card(ln.centre(i)); c.X > z[0].X && c.X < z[2].X && c.Y > z[0].Y && c.Y < z[2].Y {
				b.WriteRune(g.r)
			}
		}
		if b.Len() > 0 {
			out = append(out, b.String())
		}
	}
	return strings.Join(out, " ")
}

// backZones tells where authority and term stand.
func (e *examination) backZones(read *backFields) {
	e.zone(imaging.PartAuthority, read.authority.place, read.authority.value)
	e.zone(imaging.PartValidity, read.term.place, read.term.value)
}
