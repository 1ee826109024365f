//go:build vision

package specimen

import (
	"bytes"
	"cmp"
	"errors"
	"image"
	"os"
	"slices"
	"testing"
)

// These tests need the fonts and portraits that set-up installs.

func TestFontsAreInstalled(t *testing.T) {
	if err := CheckFonts(); err != nil {
		t.Fatal(err)
	}
}

func TestPortraitsAreInstalled(t *testing.T) {
	assets := cmp.Or(os.Getenv("REALNAME_ASSETS"), "../../.assets")
	paths, err := Portraits(assets + "/portraits")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if _, err := LoadPortrait(path); err != nil {
			t.Error(err)
		}
	}
}

func TestCardFollowsItsPerson(t *testing.T) {
	sides := map[string]func(uint64) (*image.RGBA, error){
		"front": func(seed uint64) (*image.RGBA, error) {
			rng := Seed(seed)
			return Card(NewPerson(rng), DrawnPortrait(rng))
		},
		"back": func(seed uint64) (*image.RGBA, error) { return Back(NewPerson(Seed(seed))) },
		"page": func(seed uint64) (*image.RGBA, error) { return Page(Seed(seed), 600, 800) },
	}
	for name, draw := range sides {
		var last []byte
		for seed := range uint64(5) {
			a, errA := draw(seed)
			b, errB := draw(seed)
			if errA != nil || errB != nil {
				t.Fatal(name, errA, errB)
			}
			if !bytes.Equal(a.Pix, b.Pix) {
				t.Errorf("%s: seed %d gave two pictures", name, seed)
			}
			if bytes.Equal(a.Pix, last) {
				t.Errorf("%s: seeds %d and %d gave one picture", name, seed-1, seed)
			}
			last = a.Pix
		}
	}
}

func TestEveryInventedPersonCanBePrinted(t *testing.T) {
	face := image.NewRGBA(image.Rect(0, 0, 26, 32))
	for seed := range uint64(150) {
		p := NewPerson(Seed(seed))
		if _, err := Card(p, face); err != nil {
			t.Errorf("front of seed %d: %v", seed, err)
		}
		if _, err := Back(p); err != nil {
			t.Errorf("back of seed %d: %v", seed, err)
		}
	}
}

func TestEveryDocumentCanBePrinted(t *testing.T) {
	face := DrawnPortrait(Seed(1))
	for _, d := range Documents() {
		for _, side := range d.Sides() {
			for seed := range uint64(8) {
				rng := Seed(seed)
				who, err := Cast{Nationwide: true, MinAge: 2, MaxAge: 70}.Person(rng)
				if err != nil {
					t.Fatal(err)
				}
				style := Style{Mirror: seed%2 == 0, Emblem: int(seed), Shift: Point{0.35, -0.35}, Worn: 0.3}
				p, err := Render(rng, Order{Document: d, Side: side, Person: who, Portrait: face, Style: style})
				if err != nil {
					t.Errorf("%s %s of seed %d: %v", d, side, seed, err)
					continue
				}
				for zone, f := range p.Fields {
					if f.Box.W <= 0 || f.Box.H <= 0 || f.Box.X < 0 || f.Box.Y < 0 || f.Box.X+f.Box.W > p.Width || f.Box.Y+f.Box.H > p.Height {
						t.Errorf("%s %s of seed %d: %s at %v", d, side, seed, zone, f.Box)
					}
				}
			}
		}
	}
}

func TestFieldsSayWhatWasPrinted(t *testing.T) {
	who := NewPerson(Seed(11))
	face := DrawnPortrait(Seed(1))
	front, err := Render(Seed(1), Order{Document: ResidentCard, Person: who, Portrait: face, Drawn: true})
	if err != nil {
		t.Fatal(err)
	}
	rear, err := Render(Seed(1), Order{Document: ResidentCard, Side: Rear, Person: who, Drawn: true})
	if err != nil {
		t.Fatal(err)
	}
	if !front.Drawn || rear.Drawn {
		t.Error("only the front has a portrait that can be drawn")
	}
	plain, _ := Card(who, face)
	if !bytes.Equal(plain.Pix, front.Image.Pix) {
		t.Error("Render in the zero Style is not Card")
	}
	for zone, want := range map[Zone]string{ZoneName: who.Name, ZoneNumber: who.Number, ZoneAddress: who.Address, ZoneSex: string(who.Sex),
		ZoneBirth: who.Birth.Format("2006-01-02")} {
		if got := front.Fields[zone].Text; got != want {
			t.Errorf("%s says %q, want %q", zone, got, want)
		}
	}
	for zone, want := range map[Zone]string{ZoneAuthority: who.Authority, ZoneValidity: validity(who.Issued, who.Expires)} {
		if got := rear.Fields[zone].Text; got != want {
			t.Errorf("%s says %q, want %q", zone, got, want)
		}
	}
	n := front.Fields[ZoneNumber].Box
	if n.X > numberX+0.1 || n.X+n.W < numberX+18*numberPitch-0.1 {
		t.Errorf("the number's zone is %v", n)
	}
}

func TestAStockPrintsAndSplits(t *testing.T) {
	all, err := NewStock(cmp.Or(os.Getenv("REALNAME_ASSETS"), "../../.assets"))
	if err != nil {
		t.Fatal(err)
	}
	training, evaluation := all.For(Training), all.For(Evaluation)
	for _, path := range evaluation.Portraits {
		if slices.Contains(training.Portraits, path) {
			t.Errorf("a portrait is in both shares")
		}
	}
	for _, font := range evaluation.Fonts {
		if slices.Contains(training.Fonts, font) {
			t.Errorf("%s is in both shares", font.name)
		}
	}
	if len(training.Fonts) == 0 || len(evaluation.Fonts) == 0 {
		t.Errorf("%d fonts for training, %d for evaluation", len(training.Fonts), len(evaluation.Fonts))
	}
	for i, d := range Documents() {
		for _, drawn := range []bool{false, true} {
			if _, err := evaluation.Print(Seed(uint64(i)), d, Front, drawn); err != nil {
				t.Errorf("%s: %v", d, err)
			}
		}
	}
	if _, err := evaluation.Background(Seed(1), 64, 48); err != nil {
		t.Error(err)
	}
}

func TestCardRefusesWhatItCannotPrint(t *testing.T) {
	face := DrawnPortrait(Seed(1))
	p := NewPerson(Seed(1))
	p.Name = "王\U000E0041" // a tag character: no font prints it
	var glyph *GlyphError
	if _, err := Card(p, face); !errors.As(err, &glyph) || glyph.Rune != '\U000E0041' {
		t.Errorf("unknown glyph: %v", err)
	}
	p = NewPerson(Seed(1))
	p.Name = "阿依古丽阿依古丽阿依古丽"
	if _, err := Card(p, face); !errors.Is(err, ErrTooLong) {
		t.Errorf("name into the portrait: %v", err)
	}
	p = NewPerson(Seed(1))
	for range 5 {
		p.Address += "青枫路一百号"
	}
	if _, err := Card(p, face); !errors.Is(err, ErrTooLong) {
		t.Errorf("long address: %v", err)
	}
}

func TestPrintIsWhereTheLayoutSays(t *testing.T) {
	rng := Seed(4)
	img, err := Card(NewPerson(rng), DrawnPortrait(rng))
	if err != nil {
		t.Fatal(err)
	}
	dark := func(x0, y0, x1, y1 float64) int { // black pixels in a box of millimetres
		n := 0
		for y := int(y0 * perMM); y < int(y1*perMM); y++ {
			for x := int(x0 * perMM); x < int(x1*perMM); x++ {
				if c := img.RGBAAt(x, y); max(c.R, c.G, c.B) < 60 {
					n++
				}
			}
		}
		return n
	}
	for i := range 18 {
		x := numberX + numberPitch*float64(i)
		if dark(x, numberRow-2, x+numberPitch, numberRow+2) < 100 {
			t.Errorf("digit %d of the number is not at %.1f mm", i, x)
		}
	}
	if dark(valueX-0.5, nameRow-2, 52, nameRow+2) < 300 {
		t.Error("no name in the name's row")
	}
	if n := dark(numberX-2, numberRow+2.3, numberX+52, 54) + dark(numberX-4, numberRow-2, numberX-0.5, numberRow+2); n > 0 {
		t.Errorf("%d black pixels around the number", n)
	}
}
