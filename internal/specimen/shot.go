package specimen

import (
	"errors"
	"image"
	"math/rand/v2"
)

// Medium is what a picture was taken of, or made of without a camera.
type Medium string

// The media. The last two never saw a camera; their size is their own, not that of the Options.
const (
	Original   Medium = "original"    // the card itself
	GreyCopy   Medium = "grey_copy"   // toner on paper, photographed
	ColourCopy Medium = "colour_copy" // a colour printer's copy, photographed
	Screen     Medium = "screen"      // a picture on a screen, photographed
	Screenshot Medium = "screenshot"  // a picture inside a phone's user interface
	Electronic Medium = "electronic"  // the rendering itself: an electronic card
)

// Edge is a side of the photograph.
type Edge string

// The edges.
const (
	Left   Edge = "left"
	Right  Edge = "right"
	Top    Edge = "top"
	Bottom Edge = "bottom"
)

// Shot is one way of taking a picture of a document. The zero Shot is Photograph of the zero Options.
type Shot struct {
	Options          // how the camera sees it; a Fill above 0.97 brings it nearer than the frame holds
	Medium   Medium  // "" is Original
	Shows    Medium  // what a screen or screenshot shows: Electronic (also ""), or a photograph of the Original
	CutEdge  Edge    // the document lies partly beyond this edge; "" is none
	CutShare float64 // by this share of its extent across that edge, 0 to 1
	Cover    Zone    // something lies over this zone; "" is nothing
	With     Thing   // what: "" is a Finger
	Dazzle   Zone    // a highlight burns this zone out; "" is none
	Beside   *Print  // a second document in the picture
	// Glued is a photograph glued over the portrait of an Original; nil is none.
	Glued image.Image
}

// Placed is a document in a picture.
type Placed struct {
	Document      Document
	Side          Side
	Drawn         bool           // its portrait is a drawing
	Corners       Corners        // its own top left first; outside the frame where it is cut off
	Width, Height float64        // millimetres
	Fields        map[Zone]Field // what stands where on it, in millimetres
}

// Zone is where a zone of the document lies in the picture.
func (p Placed) Zone(z Zone) (Corners, bool) {
	f, ok := p.Fields[z]
	return p.Corners.project(p.Width, p.Height, f.Box.corners()), ok
}

// Visible is the share of the document's area inside a picture of w × h pixels.
func (p Placed) Visible(w, h int) float64 {
	inside := p.Corners[:]
	for _, keep := range []func(Point) float64{
		func(q Point) float64 { return q.X }, func(q Point) float64 { return float64(w) - q.X },
		func(q Point) float64 { return q.Y }, func(q Point) float64 { return float64(h) - q.Y },
	} {
		inside = clip(inside, keep)
	}
	return polygonArea(inside) / polygonArea(p.Corners[:])
}

// clip keeps the part of a polygon where keep is positive (Sutherland and Hodgman).
func clip(polygon []Point, keep func(Point) float64) []Point {
	var out []Point
	for i, b := range polygon {
		a := polygon[(i+len(polygon)-1)%len(polygon)]
		ka, kb := keep(a), keep(b)
		if (ka >= 0) != (kb >= 0) {
			t := ka / (ka - kb)
			out = append(out, Point{a.X + (b.X-a.X)*t, a.Y + (b.Y-a.Y)*t})
		}
		if kb >= 0 {
			out = append(out, b)
		}
	}
	return out
}

// Truth is what is known of a picture.
type Truth struct {
	Cards []Placed // the document that the Shot was of first, then Beside
	Shot  Shot     // what was done, with defaults filled in
}

// ErrNoZone says that a Shot names a zone which its document lacks.
var ErrNoZone = errors.New("specimen: the document has no such zone")

// Take takes the picture. Errors: ErrNoZone; for user interfaces, those of the fonts.
func (s Shot) Take(rng *rand.Rand, p Print) (*image.RGBA, Truth, error) {
	s.Options = s.orDefaults()
	if s.Medium == "" {
		s.Medium = Original
	}
	if s.Shows == "" {
		s.Shows = Electronic
	}
	if s.With == "" {
		s.With = Finger
	}
	over := []Zone{s.Cover, s.Dazzle}
	if s.Glued != nil {
		over = append(over, ZonePortrait)
	}
	for _, z := range over {
		if _, ok := p.Fields[z]; z != "" && !ok {
			return nil, Truth{}, ErrNoZone
		}
	}
	switch s.Medium {
	case GreyCopy, ColourCopy:
		img, truth := s.photocopy(rng, p)
		return img, truth, nil
	case Screen:
		return s.screen(rng, p)
	case Screenshot:
		return s.screenshot(rng, p)
	case Electronic:
		img, cards := s.electronic(rng, p)
		return img, Truth{cards, s}, nil
	}
	img, truth := s.original(rng, p)
	return img, truth, nil
}

func (s Shot) original(rng *rand.Rand, p Print) (*image.RGBA, Truth) {
	cards, prints := s.lie(rng, p)
	film := background(rng, s.Options)
	for i, card := range cards {
		film.shadow(rng, card.Corners, s.Options)
		film.lay(prints[i].Image, card.Corners, prints[i].Radius/prints[i].Width)
	}
	if s.Glued != nil {
		film.glue(rng, s.Glued, cards[0])
	}
	return s.expose(rng, film, cards)
}

// expose does what happens between the laid-out table and the picture.
func (s Shot) expose(rng *rand.Rand, f *film, cards []Placed) (*image.RGBA, Truth) {
	if s.Cover != "" && s.With != Bar {
		f.over(s.With.cover(rng, cards[0], s.Cover, f.w, f.h))
	}
	f.glare(rng, cards[0].Corners, s.Options)
	if s.Dazzle != "" {
		f.dazzle(rng, cards[0], s.Dazzle)
	}
	f.light(rng, s.Options)
	f.shake(rng, s.Shake)
	f.blur(s.Blur.draw(rng))
	img := f.develop(rng, s.Noise.draw(rng))
	if s.Cover != "" && s.With == Bar {
		redact(rng, img, cards[0], s.Cover)
	}
	return img, Truth{cards, s}
}

// lie says where the documents lie before the camera.
func (s Shot) lie(rng *rand.Rand, p Print) ([]Placed, []Print) {
	prints := []Print{p}
	if s.Beside != nil {
		prints = append(prints, *s.Beside)
	}
	cards := make([]Placed, len(prints))
	stacked := s.Height >= s.Width || rng.IntN(2) == 0
	for i, doc := range prints {
		o, dx, dy := s.Options, 0, 0
		if len(prints) > 1 && stacked {
			o.Height /= 2
			dy = i * o.Height
		} else if len(prints) > 1 {
			o.Width /= 2
			dx = i * o.Width
		}
		o.sheet = extent{w: doc.Width, h: doc.Height, overflows: s.Fill.Max > 0.97}
		cards[i] = doc.at(pose(rng, o).moved(float64(dx), float64(dy)))
	}
	cards[0].Corners = s.cut(cards[0].Corners)
	return cards, prints
}

func (p Print) at(c Corners) Placed {
	return Placed{p.Document, p.Side, p.Drawn, c, p.Width, p.Height, p.Fields}
}

// cut moves the outline over the edge.
func (s Shot) cut(c Corners) Corners {
	lo, hi := c.extent()
	w, h := float64(s.Width), float64(s.Height)
	switch s.CutEdge {
	case Left:
		return c.moved(-lo.X-s.CutShare*(hi.X-lo.X), 0)
	case Right:
		return c.moved(w-hi.X+s.CutShare*(hi.X-lo.X), 0)
	case Top:
		return c.moved(0, -lo.Y-s.CutShare*(hi.Y-lo.Y))
	case Bottom:
		return c.moved(0, h-hi.Y+s.CutShare*(hi.Y-lo.Y))
	}
	return c
}
