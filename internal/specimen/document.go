package specimen

import (
	"errors"
	"image"
	"math/rand/v2"
)

// Document is a kind of thing that Render prints.
type Document string

// The documents. Those from BankCard on identify nobody: they only look like it.
const (
	ResidentCard    Document = "resident_id"
	BilingualCard   Document = "resident_id_bilingual" // with Zhuang or Korean beside the Chinese
	TemporaryCard   Document = "temporary_resident_id"
	ResidencePermit Document = "residence_permit" // of residents of Hong Kong, Macau and Taiwan
	ForeignCard     Document = "foreign_pr"       // foreigner's permanent residence card, 2023
	ForeignCardOld  Document = "foreign_pr_2017"  // the one before it
	Passport        Document = "passport"         // its data page
	BankCard        Document = "bank_card"
	MemberCard      Document = "member_card"
	DrivingLicence  Document = "driving_licence"
	StudentCard     Document = "student_card"
)

// Documents lists every kind.
func Documents() []Document {
	return []Document{ResidentCard, BilingualCard, TemporaryCard, ResidencePermit, ForeignCard, ForeignCardOld, Passport,
		BankCard, MemberCard, DrivingLicence, StudentCard}
}

// Near reports whether the thing is only near an identity document.
func (d Document) Near() bool {
	return d == BankCard || d == MemberCard || d == DrivingLicence || d == StudentCard
}

// Sides lists the sides that Render knows, Front first.
func (d Document) Sides() []Side {
	switch d {
	case ResidentCard, BilingualCard, TemporaryCard, ResidencePermit:
		return []Side{Front, Rear}
	}
	return []Side{Front}
}

// Side is one of a document's two.
type Side string

// Front shows the holder, the other side the emblem and the term.
const (
	Front Side = "front"
	Rear  Side = "back"
)

// Order says what to print.
type Order struct {
	Document Document
	Side     Side        // "" is Front
	Person   Person      // the zero Person is invented; foreigners and passport holders get a name of their own
	Portrait image.Image // for sides that show one
	Drawn    bool        // the portrait is a drawing: carried into the Print as truth
	Style    Style
}

// Print is one side of one document, at 15 pixels a millimetre.
type Print struct {
	Image         *image.RGBA
	Document      Document
	Side          Side
	Width, Height float64        // millimetres
	Radius        float64        // of its rounded corners, in millimetres
	Fields        map[Zone]Field // what was printed where
	Drawn         bool           // its portrait is a drawing
}

// ErrNoPortrait and ErrNoSide say that an order lacks a portrait or names a side that is not drawn.
var (
	ErrNoPortrait = errors.New("specimen: this side needs a portrait")
	ErrNoSide     = errors.New("specimen: this document has no such side here")
)

// id1Radius is that of ISO/IEC 7810 cards, in millimetres.
const id1Radius = 3.18

// Render prints one side of a document. The sizes are those of ISO/IEC 7810:
// ID-1, and ID-3 for the passport's page. Errors are those of Card,
// ErrNoPortrait and ErrNoSide.
func Render(rng *rand.Rand, o Order) (Print, error) {
	if o.Side == "" {
		o.Side = Front
	}
	if o.Person == (Person{}) {
		o.Person = NewPerson(rng)
	}
	sheet, ok := sheets[o.Document][o.Side]
	if !ok {
		return Print{}, ErrNoSide
	}
	if sheet.portrait && o.Portrait == nil {
		return Print{}, ErrNoPortrait
	}
	w, h := CardWidth, CardHeight
	if o.Document == Passport {
		w, h = passportWidth, passportHeight
	}
	press, err := newPress(sheet.paper(rng, w, h, o.Style.Paper), o.Style)
	if err != nil {
		return Print{}, err
	}
	sheet.print(press, rng, o)
	if press.err != nil {
		return Print{}, press.err
	}
	out := Print{Image: press.img, Document: o.Document, Side: o.Side, Width: press.width(), Height: press.height(),
		Radius: id1Radius, Fields: press.fields, Drawn: o.Drawn && sheet.portrait}
	if o.Document == Passport {
		out.Radius = 1
	}
	return out, nil
}

// sheet is how one side comes to be.
type sheet struct {
	portrait bool
	paper    func(rng *rand.Rand, w, h, paper int) *image.RGBA
	print    func(p *press, rng *rand.Rand, o Order)
}

// on prints on the guilloche of one kind.
func on(kind string) func(*rand.Rand, int, int, int) *image.RGBA {
	return func(_ *rand.Rand, w, h, paper int) *image.RGBA { return ground(w, h, kind, paper) }
}

var sheets = map[Document]map[Side]sheet{
	ResidentCard: {
		Front: {true, on("front"), func(p *press, _ *rand.Rand, o Order) { p.front(o.Person, o.Portrait) }},
		Rear:  {false, on("back"), func(p *press, _ *rand.Rand, o Order) { p.back(o.Person, "居民身份证") }},
	},
	BilingualCard: {
		Front: {true, on("front"), (*press).bilingualFront},
		Rear:  {false, on("back"), (*press).bilingualBack},
	},
	TemporaryCard: {
		Front: {true, on("temporary"), (*press).temporaryFront},
		Rear:  {false, on("temporary"), (*press).temporaryBack},
	},
	ResidencePermit: {
		Front: {true, on("permit"), (*press).permitFront},
		Rear:  {false, on("permit"), (*press).permitBack},
	},
	ForeignCard:    {Front: {true, on("foreign"), (*press).foreignFront}},
	ForeignCardOld: {Front: {true, on("foreign"), (*press).foreignOldFront}},
	Passport:       {Front: {true, on("passport"), (*press).passportPage}},
	DrivingLicence: {Front: {true, on("licence"), (*press).licenceFront}},
	StudentCard:    {Front: {true, blends, (*press).studentFront}},
	BankCard:       {Front: {false, blends, (*press).bankFront}},
	MemberCard:     {Front: {false, blends, (*press).memberFront}},
}
