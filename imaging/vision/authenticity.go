//go:build vision

package vision

import (
	"gocv.io/x/gocv"

	"realname/imaging"
)

// Thresholds of authenticity. What lies between a threshold and its surer
// neighbour goes to a person. They were set on rendered cards of the training
// split; no genuine card was at hand.
const (
	leastChroma, sureChroma = 0.038, 0.028
	mostGrid, sureGrid      = 1.95, 2.60
	mostSwing, sureSwing    = 0.5, 2.0 // grey levels, that a grid must have as well
	mostOneColour           = 0.63
	sureOneColour           = 0.75
	leastAround             = 0.05 // of the picture, to say anything of what lies around the card
	mostGridFilled          = 1.70 // of a card that fills the picture: what no sensor's noise covers
	mostPainted             = 0.30
	mostDazzledText         = 0.15
	mostDazzledName         = 0.35
	mostDazzledFace         = 0.12
	mostCovered             = 10.0 // mm²
	mostSticker             = 0.28 // of a face's place, of one colour
)

// finding is one reason with the verdict it asks for; place is on the picture.
type finding struct {
	verdict          imaging.Verdict
	code             string
	value, threshold float64
	place            *quad
}

// evidence is what the signals of authenticity look at.
type evidence struct {
	picture, sheet raster
	card           *cardMap
	outline        quad // on the picture
	side           imaging.Side
}

// authenticity looks whether the card found on the picture is the card itself,
// seen by a camera, whole and unhidden. The findings come in a fixed order.
func authenticity(mat gocv.Mat, card *cardMap, side imaging.Side) ([]finding, error) {
	e := evidence{card: card, outline: card.imageQuad(wholeCard), side: side}
	return e.examine(mat, e.zones(), func() []finding { return append(e.glare(), e.occluded()...) })
}

// examine looks at the picture and at the straightened document: what it is of,
// whether zones that must be seen were painted over, and what hidden finds last.
func (e *evidence) examine(mat gocv.Mat, zones []quad, hidden func() []finding) ([]finding, error) {
	straight, err := straighten(mat, e.outline)
	if err != nil {
		return nil, err
	}
	defer straight.Close()
	if e.sheet, err = rasterOf(straight); err != nil {
		return nil, err
	}
	if e.picture, err = rasterOf(mat); err != nil {
		return nil, err
	}
	out := e.photocopy()
	source, err := e.source()
	if err != nil {
		return nil, err
	}
	out = append(out, source...)
	if len(source) == 0 {
		out = append(out, e.painted(zones)...)
	}
	return append(out, hidden()...), nil
}

func (e *evidence) photocopy() []finding {
	c := e.sheet.chroma()
	if above(c, leastChroma) {
		return nil
	}
	return []finding{{surely(below(c, sureChroma)), imaging.ReasonPhotocopy, c, leastChroma, &e.outline}}
}

func surely(sure bool) imaging.Verdict {
	if sure {
		return imaging.Reject
	}
	return imaging.Review
}

// source tells pictures of a screen and pictures that no camera took.
func (e *evidence) source() ([]finding, error) {
	g, err := e.picture.grid(e.outline)
	if err != nil {
		return nil, err
	}
	a := e.picture.around(e.outline)
	switch {
	case !below(a.share, leastAround) && !below(a.one, mostOneColour):
		// Burnt-out paper is of one colour too.
		return []finding{{surely(above(a.one, sureOneColour) && !a.burnt), imaging.ReasonElectronicCopy, a.one, mostOneColour, nil}}, nil
	case !below(g.ratio, mostGrid) && !below(g.swing, mostSwing):
		sure := above(g.ratio, sureGrid) && above(g.swing, sureSwing)
		return []finding{{surely(sure), imaging.ReasonScreenRecapture, g.ratio, mostGrid, &e.outline}}, nil
	case !above(a.share, leastAround) && !below(g.ratio, mostGridFilled):
		like := min(1, mostOneColour*g.ratio/mostGridFilled)
		return []finding{{imaging.Review, imaging.ReasonElectronicCopy, like, mostOneColour, &e.outline}}, nil
	}
	return nil, nil
}

// zones that must be seen on the side in question.
func (e *evidence) zones() []quad {
	if e.side == imaging.SideBack {
		return []quad{authorityZone, validityZone}
	}
	return []quad{numberZone, nameStart, portraitPlace}
}

// painted tells zones that were painted over in the file: of one exact colour amid a camera's noise.
func (e *evidence) painted(zones []quad) []finding {
	for _, z := range zones {
		place := e.card.imageQuad(z)
		if one := e.picture.oneColour(place); !below(one, mostPainted) {
			return []finding{{imaging.Review, imaging.ReasonEdited, one, mostPainted, &place}}
		}
	}
	return nil
}

func (e *evidence) glare() []finding {
	var worst *finding
	look := func(z quad, value, threshold float64) {
		if below(value, threshold) || worst != nil && value/threshold <= worst.value/worst.threshold {
			return
		}
		place := e.card.imageQuad(z)
		worst = &finding{imaging.Review, imaging.ReasonGlare, value, threshold, &place}
	}
	if e.side == imaging.SideBack {
		look(validityZone, e.sheet.dazzled(validityStart), mostDazzledName)
		look(authorityZone, e.sheet.dazzled(authorityStart), mostDazzledName)
	} else {
		look(numberZone, e.sheet.dazzled(numberZone), mostDazzledText)
		look(nameZone, e.sheet.dazzled(nameStart), mostDazzledName)
		look(portraitPlace, e.sheet.burnt(faceMiddle), mostDazzledFace)
	}
	if worst == nil {
		return nil
	}
	return []finding{*worst}
}

func (e *evidence) occluded() []finding {
	side, back := point{cellSide, cellSide}, func(q quad) quad { return q }
	if e.side == imaging.SideBack {
		return e.coveredIn(bareBack, side, back)
	}
	if found := e.coveredIn(bareFront, side, back); found != nil {
		return found
	}
	if found := e.sticker(faceMiddle, portraitPlace, side.scale(0.5)); found != nil {
		return found
	}
	return e.glued()
}

// sticker tells what is glued on a face, which stands in a zone of the straightened picture: no face is of one colour.
func (e *evidence) sticker(face, place quad, side point) []finding {
	one := sameColour(e.sheet.bareCells([]quad{face}, side))
	if below(one, mostSticker) {
		return nil
	}
	return e.covers(one, mostSticker, place)
}

// covers is the finding that something lies over a place of the document.
func (e *evidence) covers(value, threshold float64, place quad) []finding {
	on := e.card.imageQuad(place)
	return []finding{{imaging.Review, imaging.ReasonOccluded, value, threshold, &on}}
}

// coveredIn tells what lies on bare strips of the straightened picture, cut into
// cells of cellSide; back takes a zone of it to the document's millimetres.
func (e *evidence) coveredIn(bare []quad, side point, back func(quad) quad) []finding {
	return e.covering(foreign(e.sheet.bareCells(bare, side)), back)
}

// covering tells cells that something lies on.
func (e *evidence) covering(cells []cell, back func(quad) quad) []finding {
	area := float64(len(cells)) * cellSide * cellSide
	if below(area, mostCovered) {
		return nil
	}
	return e.covers(area, mostCovered, back(span(cells)))
}
