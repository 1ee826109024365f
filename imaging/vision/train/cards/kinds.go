package main

import (
	"image"
	"math/rand/v2"

	"realname/internal/specimen"
)

// kind is one sort of picture.
type kind struct {
	name string
	part int // of all pictures, in hundredths
	take func(c *collection, rng *rand.Rand) (image.Image, []specimen.Placed, error)
}

var kinds = []kind{
	{"front", 34, shot(specimen.Front, nil)},
	{"back", 10, shot(specimen.Rear, nil)},
	{"cut", 14, shot("", cutOff)},
	{"covered", 5, shot(specimen.Front, covered)},
	{"two", 7, two},
	{"copy", 4, medium(specimen.GreyCopy, specimen.ColourCopy)},
	{"screen", 6, medium(specimen.Screen, specimen.Screenshot, specimen.Electronic)},
	{"other", 4, document(specimen.TemporaryCard, specimen.ResidencePermit, specimen.ForeignCard, specimen.Passport)},
	{"near", 4, document(specimen.BankCard, specimen.MemberCard, specimen.DrivingLicence, specimen.StudentCard)},
	{"ground", 6, ground},
	{"page", 2, page},
	{"drawing", 4, drawing},
}

func anyKind(rng *rand.Rand) kind {
	at := rng.IntN(100)
	for _, k := range kinds {
		if at -= k.part; at < 0 {
			return k
		}
	}
	return kinds[0]
}

// camera sees pictures that are small already: blur and shake are in their pixels.
func (c *collection) camera(rng *rand.Rand) (specimen.Options, error) {
	o := specimen.Ordinary()
	if rng.IntN(2) == 0 {
		o = specimen.Hard()
	}
	size := [][2]int{{320, 240}, {240, 320}, {320, 180}, {180, 320}, {320, 214}, {320, 320}}[rng.IntN(6)]
	o.Width, o.Height = size[0], size[1]
	o.Fill = specimen.Range{Min: 0.35, Max: 0.97}
	if rng.IntN(4) == 0 {
		o.Turn = 180
	}
	o.Blur, o.Shake = specimen.Range{Min: 0, Max: 0.7}, 1.5*rng.Float64()
	var err error
	o.Background, err = c.stock.Background(rng, o.Width, o.Height)
	return o, err
}

// shot photographs a resident card, a bilingual one at times; without a side, either.
func shot(side specimen.Side, change func(*rand.Rand, *specimen.Shot)) func(*collection, *rand.Rand) (image.Image, []specimen.Placed, error) {
	return func(c *collection, rng *rand.Rand) (image.Image, []specimen.Placed, error) {
		return c.shoot(rng, resident(rng), anySide(rng, side), func(s *specimen.Shot) {
			if change != nil {
				change(rng, s)
			}
		})
	}
}

func resident(rng *rand.Rand) specimen.Document {
	if rng.IntN(6) == 0 {
		return specimen.BilingualCard
	}
	return specimen.ResidentCard
}

func anySide(rng *rand.Rand, side specimen.Side) specimen.Side {
	if side == "" {
		side = []specimen.Side{specimen.Front, specimen.Front, specimen.Rear}[rng.IntN(3)]
	}
	return side
}

func (c *collection) shoot(rng *rand.Rand, d specimen.Document, side specimen.Side, change func(*specimen.Shot)) (image.Image, []specimen.Placed, error) {
	p, err := c.stock.Print(rng, d, side, false)
	if err != nil {
		return nil, nil, err
	}
	var s specimen.Shot
	if s.Options, err = c.camera(rng); err != nil {
		return nil, nil, err
	}
	change(&s)
	img, truth, err := s.Take(rng, p)
	return img, truth.Cards, err
}

func cutOff(rng *rand.Rand, s *specimen.Shot) {
	if rng.IntN(3) == 0 {
		s.Fill = specimen.Range{Min: 1.02, Max: 1.35}
		return
	}
	s.CutEdge = []specimen.Edge{specimen.Left, specimen.Right, specimen.Top, specimen.Bottom}[rng.IntN(4)]
	s.CutShare = 0.03 + 0.42*rng.Float64()
}

func covered(rng *rand.Rand, s *specimen.Shot) {
	zone := []specimen.Zone{specimen.ZoneName, specimen.ZoneNumber, specimen.ZonePortrait, specimen.ZoneAddress}[rng.IntN(4)]
	if rng.IntN(4) == 0 {
		s.Dazzle = zone
		return
	}
	s.Cover = zone
	s.With = []specimen.Thing{specimen.Finger, specimen.Finger, specimen.Slip, specimen.Pen, specimen.Bar}[rng.IntN(5)]
}

// two lays a second side, of the same card or another, beside the first.
func two(c *collection, rng *rand.Rand) (image.Image, []specimen.Placed, error) {
	beside, err := c.stock.Print(rng, resident(rng), anySide(rng, ""), false)
	if err != nil {
		return nil, nil, err
	}
	return c.shoot(rng, resident(rng), anySide(rng, ""), func(s *specimen.Shot) {
		s.Beside, s.Fill = &beside, specimen.Range{Min: 0.6, Max: 0.97}
	})
}

func medium(media ...specimen.Medium) func(*collection, *rand.Rand) (image.Image, []specimen.Placed, error) {
	return func(c *collection, rng *rand.Rand) (image.Image, []specimen.Placed, error) {
		return c.shoot(rng, resident(rng), anySide(rng, ""), func(s *specimen.Shot) {
			s.Medium = media[rng.IntN(len(media))]
			if rng.IntN(2) == 0 {
				s.Shows = specimen.Original
			}
		})
	}
}

// document photographs one of several, any side of it.
func document(which ...specimen.Document) func(*collection, *rand.Rand) (image.Image, []specimen.Placed, error) {
	return func(c *collection, rng *rand.Rand) (image.Image, []specimen.Placed, error) {
		d := which[rng.IntN(len(which))]
		sides := d.Sides()
		return c.shoot(rng, d, sides[rng.IntN(len(sides))], func(*specimen.Shot) {})
	}
}

// ground is what documents lie on, without one.
func ground(c *collection, rng *rand.Rand) (image.Image, []specimen.Placed, error) {
	o, err := c.camera(rng)
	return o.Background, nil, err
}

func page(_ *collection, rng *rand.Rand) (image.Image, []specimen.Placed, error) {
	img, err := specimen.Page(rng, 600, 800)
	return img, nil, err
}

func drawing(c *collection, rng *rand.Rand) (image.Image, []specimen.Placed, error) {
	if rng.IntN(2) == 0 {
		return specimen.Avatar(rng, longSide), nil, nil
	}
	img, err := c.stock.DrawnPortrait(rng)
	return img, nil, err
}
