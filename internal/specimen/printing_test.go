//go:build vision

package specimen

import (
	"bytes"
	"cmp"
	"errors"
	"image"
	"os"
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
