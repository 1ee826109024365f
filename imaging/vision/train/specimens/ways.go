package main

import (
	"math/rand/v2"

	"realname/internal/specimen"
	"realname/verify/idnumber"
)

// way is one way of making a picture.
type way struct {
	name, label string
	document    specimen.Document
	side        specimen.Side
	camera      func() specimen.Options
	drawn       bool
	change      func(*rand.Rand, *specimen.Shot)
	glued       bool                                     // another photograph is glued over the portrait
	forge       func(rng *rand.Rand, p *specimen.Person) // before printing; the claim is the honest person's unless claimed
	claim       func(rng *rand.Rand, c *card)            // after printing
}

// card is a print, how it is photographed, and what the applicant claims.
type card struct {
	print        specimen.Print
	shot         specimen.Shot
	number, name string
}

var ways = []way{
	{name: "easy", label: "resident_front", camera: specimen.Easy},
	{name: "ordinary", label: "resident_front", camera: specimen.Ordinary},
	{name: "hard", label: "resident_front", camera: specimen.Hard},
	{name: "any-angle", label: "resident_front", camera: specimen.Ordinary, change: anyAngle},
	{name: "bilingual", label: "resident_front", document: specimen.BilingualCard, camera: specimen.Ordinary},
	{name: "back", label: "resident_back", side: specimen.Rear, camera: specimen.Ordinary},
	{name: "back-as-front", label: "back_as_front", side: specimen.Rear, camera: specimen.Ordinary},
	{name: "drawn", label: "drawn_portrait", camera: specimen.Ordinary, drawn: true},
	{name: "digit", label: "altered_number", camera: specimen.Ordinary, forge: anotherDigit},
	{name: "birth", label: "altered_number", camera: specimen.Ordinary, forge: anotherBirth, claim: asPrinted},
	{name: "other-number", label: "claim_mismatch", camera: specimen.Ordinary, claim: anotherNumber},
	{name: "other-name", label: "claim_mismatch", camera: specimen.Ordinary, claim: anotherName},
	{name: "cut", label: "cut_off", camera: specimen.Ordinary, change: cutOff},
	{name: "glare", label: "number_glare", camera: specimen.Ordinary, change: func(_ *rand.Rand, s *specimen.Shot) { s.Dazzle = specimen.ZoneNumber }},
	{name: "covered", label: "cut_off", camera: specimen.Ordinary, change: covered},
	{name: "grey-copy", label: "photocopy", camera: specimen.Ordinary, change: medium(specimen.GreyCopy)},
	{name: "colour-copy", label: "photocopy", camera: specimen.Ordinary, change: medium(specimen.ColourCopy)},
	{name: "screen", label: "screen_recapture", camera: specimen.Ordinary, change: medium(specimen.Screen)},
	{name: "screenshot", label: "screen_recapture", camera: specimen.Ordinary, change: medium(specimen.Screenshot)},
	{name: "bank-card", label: "other_document", document: specimen.BankCard, camera: specimen.Ordinary},
	{name: "member-card", label: "other_document", document: specimen.MemberCard, camera: specimen.Ordinary},
	{name: "licence", label: "other_document", document: specimen.DrivingLicence, camera: specimen.Ordinary},
	{name: "student-card", label: "other_document", document: specimen.StudentCard, camera: specimen.Ordinary},
	{name: "phone-12mp", label: "resident_front", camera: phone},
	{name: "sticker", label: "glued_portrait", camera: specimen.Ordinary, change: sticker},
	{name: "glued", label: "glued_portrait", camera: specimen.Ordinary, glued: true},
}

func names() []string {
	out := make([]string, len(ways))
	for i, w := range ways {
		out[i] = w.name
	}
	return out
}

// card prints what the way asks for.
func (f *folder) card(rng *rand.Rand, w way) (card, error) {
	if w.document == "" {
		w.document = specimen.ResidentCard
	}
	if w.side == "" {
		w.side = specimen.Front
	}
	c := card{shot: specimen.Shot{Options: w.camera()}}
	var err error
	if c.shot.Background, err = f.stock.Background(rng, 1600, 1200); err != nil {
		return c, err
	}
	person, err := f.stock.Cast.Person(rng)
	if err != nil {
		return c, err
	}
	c.number, c.name = person.Number, person.Name
	o := specimen.Order{Document: w.document, Side: w.side, Person: person, Drawn: w.drawn, Style: f.stock.Style(rng)}
	if w.forge != nil {
		w.forge(rng, &o.Person)
	}
	if o.Portrait, err = f.stock.Portrait(rng); w.drawn {
		o.Portrait, err = f.stock.DrawnPortrait(rng)
	}
	if err != nil {
		return c, err
	}
	if c.print, err = specimen.Render(rng, o); err != nil {
		return c, err
	}
	if w.change != nil {
		w.change(rng, &c.shot)
	}
	if w.glued {
		if c.shot.Glued, err = f.stock.Portrait(rng); err != nil {
			return c, err
		}
	}
	if w.claim != nil {
		w.claim(rng, &c)
	}
	return c, nil
}

// phone is an ordinary photograph of twelve million pixels.
func phone() specimen.Options {
	o := specimen.Ordinary()
	o.Width, o.Height = 4000, 3000
	o.Blur, o.Shake = specimen.Range{Min: 0.9, Max: 1.8}, 2.5
	return o
}

func anyAngle(_ *rand.Rand, s *specimen.Shot) {
	s.Turn, s.Fill = 180, specimen.Range{Min: 0.75, Max: 0.95}
}

func cutOff(rng *rand.Rand, s *specimen.Shot) {
	s.CutEdge = []specimen.Edge{specimen.Left, specimen.Right, specimen.Top, specimen.Bottom}[rng.IntN(4)]
	s.CutShare = 0.06 + 0.3*rng.Float64()
}

func covered(rng *rand.Rand, s *specimen.Shot) {
	s.Cover = []specimen.Zone{specimen.ZoneName, specimen.ZoneNumber, specimen.ZonePortrait}[rng.IntN(3)]
	s.With = []specimen.Thing{specimen.Finger, specimen.Slip, specimen.Bar}[rng.IntN(3)]
}

func sticker(_ *rand.Rand, s *specimen.Shot) {
	s.Cover, s.With = specimen.ZonePortrait, specimen.Sticker
}

func medium(m specimen.Medium) func(*rand.Rand, *specimen.Shot) {
	return func(rng *rand.Rand, s *specimen.Shot) {
		s.Medium = m
		if rng.IntN(2) == 0 {
			s.Shows = specimen.Original
		}
	}
}

// anotherDigit breaks the check character of the printed number.
func anotherDigit(rng *rand.Rand, p *specimen.Person) {
	digits := []byte(p.Number)
	at := rng.IntN(17)
	digits[at] = '0' + (digits[at]-'0'+1+byte(rng.IntN(9)))%10
	p.Number = string(digits)
}

// anotherBirth prints a number that is right in itself and of another day than the printed one.
func anotherBirth(rng *rand.Rand, p *specimen.Person) {
	body := p.Number[:6] + p.Birth.AddDate(-1-rng.IntN(9), 0, rng.IntN(300)).Format("20060102") + p.Number[14:17]
	p.Number = body + string(idnumber.CheckChar(body))
}

func asPrinted(_ *rand.Rand, c *card) { c.number = c.print.Fields[specimen.ZoneNumber].Text }

func anotherNumber(rng *rand.Rand, c *card) { c.number = specimen.NewPerson(rng).Number }

func anotherName(rng *rand.Rand, c *card) {
	for was := c.name; c.name == was; {
		c.name = specimen.NewPerson(rng).Name
	}
}
