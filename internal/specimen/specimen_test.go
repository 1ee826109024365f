package specimen

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"realname/verify/idnumber"
)

func TestNewPersonHasANumberThatIsValidButNeverIssued(t *testing.T) {
	on := idnumber.Date{Year: 2026, Month: 11, Day: 22}
	for seed := range uint64(3000) {
		p := NewPerson(Seed(seed))
		if r := idnumber.Check(idnumber.ResidentID, p.Number, on); r.Status != idnumber.Valid {
			t.Fatalf("seed %d: number is %s", seed, r.Status)
		}
		sequence := map[Sex]string{Female: "000", Male: "999"}[p.Sex]
		if got := p.Number[14:17]; got != sequence {
			t.Fatalf("seed %d: sequence %s for %s", seed, got, p.Sex)
		}
		if got := p.Number[6:14]; got != p.Birth.Format("20060102") {
			t.Fatalf("seed %d: the number says born %s, the card %s", seed, got, p.Birth.Format(time.DateOnly))
		}
		if p.Birth.Year() <= 1950 {
			t.Fatalf("seed %d: born %d, when 999 was issued to centenarians", seed, p.Birth.Year())
		}
		if lines := wrap(p.Address, addressColumns); len(lines) > 3 {
			t.Fatalf("seed %d: the address takes %d lines", seed, len(lines))
		}
	}
}

func TestNewPersonFollowsItsSeed(t *testing.T) {
	seen := map[string]uint64{}
	for seed := range uint64(500) {
		p := NewPerson(Seed(seed))
		if again := NewPerson(Seed(seed)); again != p {
			t.Fatalf("seed %d gave two persons", seed)
		}
		if other, ok := seen[p.Number]; ok {
			t.Fatalf("seeds %d and %d gave one number", seed, other)
		}
		seen[p.Number] = seed
	}
}

func TestExpiryFollowsTheAgeAtIssue(t *testing.T) {
	day := func(s string) time.Time {
		d, err := time.Parse(time.DateOnly, s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, c := range []struct{ birth, issued, want string }{
		{"2000-05-10", "2026-05-09", "2036-05-09"},
		{"2000-05-10", "2026-05-10", "2046-05-10"},
		{"1980-05-10", "2026-05-09", "2046-05-09"},
	} {
		if got := expiry(day(c.birth), day(c.issued)); !got.Equal(day(c.want)) {
			t.Errorf("born %s, issued %s: %s, want %s", c.birth, c.issued, got.Format(time.DateOnly), c.want)
		}
	}
	if got := expiry(day("1980-05-10"), day("2026-05-10")); !got.IsZero() {
		t.Errorf("from 46 a card is 长期, got %s", got)
	}
}

func TestMissingFontNamesItsPackage(t *testing.T) {
	root := t.TempDir()
	for _, source := range []fontSource{sansSource, serifSource, ocrbSource} {
		_, err := source.load(root)
		var missing *MissingError
		if !errors.As(err, &missing) || !strings.Contains(err.Error(), source.debian) {
			t.Errorf("%s: %v", source.file, err)
		}
	}
}

func TestBrokenFontNamesItsPackageAndTheCause(t *testing.T) {
	root := t.TempDir()
	path := filepath.Join(root, ocrbSource.file)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("no font"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := ocrbSource.load(root)
	var missing *MissingError
	if !errors.As(err, &missing) || missing.Err == nil || !strings.Contains(err.Error(), ocrbSource.debian) {
		t.Errorf("got %v", err)
	}
}

func TestPortraitsLeavesOutWhatCannotBePrinted(t *testing.T) {
	dir := t.TempDir()
	var missing *MissingError
	if _, err := Portraits(filepath.Join(dir, "nothing")); !errors.As(err, &missing) {
		t.Errorf("no folder: %v", err)
	}
	write := func(name string, data []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("small.jpg", JPEG(Avatar(Seed(1), minPortraitSide-1), 80))
	write("broken.jpg", []byte("\xff\xd8 no more"))
	write("notes.txt", []byte("text"))
	if _, err := Portraits(dir); !errors.As(err, &missing) || !strings.Contains(err.Error(), "make setup") {
		t.Errorf("nothing usable: %v", err)
	}
	write("large.jpg", JPEG(Avatar(Seed(1), minPortraitSide), 80))
	paths, err := Portraits(dir)
	if err != nil || len(paths) != 1 || filepath.Base(paths[0]) != "large.jpg" {
		t.Fatalf("got %v, %v", paths, err)
	}
	if img, err := LoadPortrait(paths[0]); err != nil || img.Bounds().Dx() != minPortraitSide {
		t.Errorf("load: %v", err)
	}
	if _, err := LoadPortrait(filepath.Join(dir, "broken.jpg")); err == nil {
		t.Error("a broken file was loaded")
	}
}

// quarters is a card-shaped picture of one colour a quarter, clockwise from the top left.
func quarters() (*image.RGBA, [4]color.RGBA) {
	colours := [4]color.RGBA{{255, 0, 0, 255}, {0, 255, 0, 255}, {0, 0, 255, 255}, {255, 255, 0, 255}}
	img := image.NewRGBA(image.Rect(0, 0, CardWidth, CardHeight))
	for i, c := range colours {
		x, y := 0, 0
		if i == 1 || i == 2 {
			x = CardWidth / 2
		}
		if i >= 2 {
			y = CardHeight / 2
		}
		draw.Draw(img, image.Rect(x, y, x+CardWidth/2, y+CardHeight/2), image.NewUniform(c), image.Point{}, draw.Src)
	}
	return img, colours
}

func TestCornersAreWhereTheCardIs(t *testing.T) {
	card, colours := quarters()
	black := image.NewRGBA(image.Rect(0, 0, 10, 10))
	clean := Options{Width: 500, Height: 400, Background: black, Fill: Range{0.5, 0.97}, Tilt: 25}
	for _, turn := range []float64{10, 180} {
		clean.Turn = turn
		for seed := range uint64(12) {
			img, c := Photograph(Seed(seed), card, clean)
			centre := Point{(c[0].X + c[1].X + c[2].X + c[3].X) / 4, (c[0].Y + c[1].Y + c[2].Y + c[3].Y) / 4}
			for i, corner := range c {
				// Rounding takes about 2 % off the diagonal; 8 % inwards is card, 4 % outwards is not.
				in := Point{corner.X + 0.08*(centre.X-corner.X), corner.Y + 0.08*(centre.Y-corner.Y)}
				if got := img.RGBAAt(int(in.X), int(in.Y)); got != colours[i] {
					t.Errorf("turn %v seed %d: inside corner %d is %v, want %v", turn, seed, i, got, colours[i])
				}
				out := image.Pt(int(corner.X-0.04*(centre.X-corner.X)), int(corner.Y-0.04*(centre.Y-corner.Y)))
				if got := img.RGBAAt(out.X, out.Y); out.In(img.Rect) && got != (color.RGBA{0, 0, 0, 255}) {
					t.Errorf("turn %v seed %d: outside corner %d is %v", turn, seed, i, got)
				}
			}
		}
	}
}

func TestCornersLieInsideTheFrame(t *testing.T) {
	presets := map[string]Options{"easy": Easy(), "ordinary": Ordinary(), "hard": Hard(), "full": {Fill: Range{1, 2}, Turn: 180, Tilt: 30}}
	for name, o := range presets {
		for _, size := range []image.Point{{1600, 1200}, {1200, 1600}, {640, 480}} {
			o.Width, o.Height = size.X, size.Y
			for seed := range uint64(300) {
				for i, p := range pose(Seed(seed), o) {
					if p.X < 0 || p.Y < 0 || p.X > float64(size.X) || p.Y > float64(size.Y) || math.IsNaN(p.X+p.Y) {
						t.Fatalf("%s %v seed %d: corner %d at %v", name, size, seed, i, p)
					}
				}
			}
		}
	}
}

func TestToCardTakesCornersToCorners(t *testing.T) {
	want := Corners{{0, 0}, {856, 0}, {856, 540}, {0, 540}}
	for seed := range uint64(200) {
		o := Hard()
		o.Turn = 180
		c := pose(Seed(seed), o.orDefaults())
		m := c.toCard(856, 540)
		for i, p := range c {
			if u, v := m.apply(p.X, p.Y); math.Hypot(u-want[i].X, v-want[i].Y) > 1e-6 {
				t.Fatalf("seed %d: corner %d goes to (%v, %v)", seed, i, u, v)
			}
		}
	}
}

func TestPhotographFollowsItsSeed(t *testing.T) {
	card, _ := quarters()
	o := Hard()
	o.Width, o.Height = 320, 240
	a, ca := Photograph(Seed(5), card, o)
	b, cb := Photograph(Seed(5), card, o)
	if !bytes.Equal(a.Pix, b.Pix) || ca != cb {
		t.Error("one seed gave two photographs")
	}
	if c, cc := Photograph(Seed(6), card, o); bytes.Equal(a.Pix, c.Pix) || ca == cc {
		t.Error("two seeds gave one photograph")
	}
}

func TestPhotographOfZeroOptions(t *testing.T) {
	card, _ := quarters()
	img, _ := Photograph(Seed(1), card, Options{})
	if img.Rect != image.Rect(0, 0, 1600, 1200) {
		t.Errorf("size %v", img.Rect)
	}
}

func TestBlurKeepsTheLight(t *testing.T) {
	f := &film{w: 40, h: 30, v: make([]float32, 3*40*30)}
	for i := range f.v {
		f.v[i] = float32(100 + i%3) // an even picture in three channels
	}
	f.blur(1.4)
	f.shake(Seed(3), 5)
	for i, v := range f.v {
		if math.Abs(float64(v)-float64(100+i%3)) > 1e-3 {
			t.Fatalf("value %d of an even picture became %v", i, v)
		}
	}
}

func TestDrawingsFollowTheirSeed(t *testing.T) {
	drawings := map[string]func(seed uint64) *image.RGBA{
		"avatar":   func(seed uint64) *image.RGBA { return Avatar(Seed(seed), 96) },
		"portrait": func(seed uint64) *image.RGBA { return DrawnPortrait(Seed(seed)) },
		"scene":    func(seed uint64) *image.RGBA { return Scene(Seed(seed), 120, 90) },
	}
	for name, draw := range drawings {
		seen := map[string]uint64{}
		for seed := range uint64(60) {
			pix := string(draw(seed).Pix)
			if pix != string(draw(seed).Pix) {
				t.Errorf("%s: seed %d gave two pictures", name, seed)
			}
			if other, ok := seen[pix]; ok {
				t.Errorf("%s: seeds %d and %d gave one picture", name, seed, other)
			}
			seen[pix] = seed
		}
	}
}

func TestJPEGDecodes(t *testing.T) {
	img := Avatar(Seed(2), 64)
	got, err := jpeg.Decode(bytes.NewReader(JPEG(img, 90)))
	if err != nil || got.Bounds() != img.Bounds() {
		t.Errorf("got %v, %v", got.Bounds(), err)
	}
}

func TestWrapBreaksByWidth(t *testing.T) {
	for _, c := range []struct {
		in   string
		want []string
	}{
		{"一二三", []string{"一二三"}},
		{"一二三四", []string{"一二三", "四"}},
		{"12345一", []string{"12345", "一"}},
	} {
		if got := wrap(c.in, 3); fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: %v, want %v", c.in, got, c.want)
		}
	}
}
