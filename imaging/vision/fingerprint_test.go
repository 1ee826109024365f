//go:build vision

package vision

import (
	"image"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"golang.org/x/image/draw"

	"realname/imaging"
	"realname/internal/specimen"
)

// sitter is one print: a person with a portrait, on one card.
type sitter struct {
	who      specimen.Person
	portrait image.Image
	style    specimen.Style
	file     int
}

type studio struct {
	t        *testing.T
	stock    specimen.Stock
	pipeline *Pipeline
}

func (s studio) sitter(i int) sitter {
	s.t.Helper()
	rng := specimen.Seed(uint64(810_000 + i))
	file := i % len(s.stock.Portraits)
	portrait, err := specimen.LoadPortrait(s.stock.Portraits[file])
	if err != nil {
		s.t.Fatal(err)
	}
	who, err := s.stock.Cast.Person(rng)
	if err != nil {
		s.t.Fatal(err)
	}
	return sitter{who, portrait, s.stock.Style(rng), file}
}

// shoot photographs a print; one seed gives one table, light and camera.
func (s studio) shoot(who sitter, o specimen.Options, seed uint64, quality int, scale float64) *imaging.Fingerprints {
	s.t.Helper()
	rng := specimen.Seed(seed)
	printed, err := specimen.Render(specimen.Seed(1), specimen.Order{
		Document: specimen.ResidentCard, Side: specimen.Front, Person: who.who, Portrait: who.portrait, Style: who.style,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	if o.Background, err = s.stock.Background(rng, 1600, 1200); err != nil {
		s.t.Fatal(err)
	}
	img, _, err := specimen.Shot{Options: o}.Take(rng, printed)
	if err != nil {
		s.t.Fatal(err)
	}
	small := image.NewRGBA(image.Rect(0, 0, int(float64(img.Rect.Dx())*scale), int(float64(img.Rect.Dy())*scale)))
	draw.BiLinear.Scale(small, small.Rect, img, img.Rect, draw.Src, nil)
	return s.prints(specimen.JPEG(small, quality))
}

// prints are what the whole pipeline gives; nil where it finds no front.
func (s studio) prints(data []byte) *imaging.Fingerprints {
	s.t.Helper()
	info, err := imaging.Gate(data, imaging.Limits{})
	if err != nil {
		s.t.Fatal(err)
	}
	r, err := s.pipeline.Check(s.t.Context(), imaging.Request{Image: data}, info)
	if err != nil {
		s.t.Fatal(err)
	}
	if (r.Fingerprints != nil) != (r.Class == imaging.ClassResidentFront) {
		s.t.Errorf("class %s, fingerprints %t", r.Class, r.Fingerprints != nil)
	}
	return r.Fingerprints
}

// What is alike must be found and what is not must not, on renderings whose
// fonts, portraits and grounds set no threshold. REALNAME_SPECIMENS is how many
// cards are printed; the log has the distances behind the figures of decision 6.
func TestFingerprintsOnTheEvaluationSplit(t *testing.T) {
	assets := os.Getenv("REALNAME_ASSETS")
	if assets == "" {
		assets = filepath.Join("..", "..", ".assets")
	}
	stock, err := specimen.NewStock(assets)
	if err != nil {
		t.Fatalf("%v (run `make setup` first)", err)
	}
	p, err := Open(Options{AssetsDir: assets})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	s := studio{t, stock.For(specimen.Evaluation), p}
	n, err := strconv.Atoi(os.Getenv("REALNAME_SPECIMENS"))
	if err != nil || n < 1 {
		n = 3
	}
	var first, second []*imaging.Fingerprints
	var sitters []sitter
	sent, altered, again := tally{}, tally{}, tally{}
	for i := range n {
		who, seed := s.sitter(i), uint64(820_000+10*i)
		a := s.shoot(who, specimen.Ordinary(), seed, 90, 1)
		forged := who
		forged.who.Name, forged.who.Number = s.sitter(i+1000).who.Name, s.sitter(i+1000).who.Number
		sent.add(a, s.shoot(who, specimen.Ordinary(), seed, 55, 0.7))
		altered.add(a, s.shoot(forged, specimen.Ordinary(), seed, 80, 1))
		b := s.shoot(who, specimen.Ordinary(), seed+1, 85, 1)
		again.add(a, b)
		first, second, sitters = append(first, a), append(second, b), append(sitters, who)
	}
	other := tally{}
	for i := range n {
		for j := range n {
			if i == j || sitters[i].file == sitters[j].file {
				continue
			}
			other.add(first[i], second[j])
			if i < j {
				other.add(first[i], first[j])
			}
		}
	}
	sent.log(t, "the same photo, sent smaller")
	altered.log(t, "the same photo, another name and number")
	again.log(t, "the same card, photographed again")
	other.log(t, "another person's card")
	if other.any > 0 {
		t.Errorf("%d of %d honest pairs are alike", other.any, other.pairs)
	}
	if again.alike[imaging.AspectTemplate] > 0 {
		t.Error("another table is taken for the same template")
	}
	// A side of a card without an edge misplaces it: that may lose one photo in ten, not more.
	for name, same := range map[string]tally{"sent smaller": sent, "with another name and number": altered} {
		if lost := same.pairs - same.any; lost > (n+9)/10 {
			t.Errorf("%d of %d photos %s are lost", lost, same.pairs, name)
		}
	}
}

var aspectNames = []string{imaging.AspectCard: "card", imaging.AspectPortrait: "portrait", imaging.AspectTemplate: "template"}

// tally counts pairs by aspect.
type tally struct {
	distances    [3][]int
	alike, found [3]int // found: alike, and by a band that is equal
	banded       [3]int
	pairs, any   int // any: found by one aspect or more
}

func (y *tally) add(p, q *imaging.Fingerprints) {
	if p == nil || q == nil {
		return
	}
	y.pairs++
	bands, any := q.Bands(), false
	pair := [][2]*imaging.Fingerprint{{&p.Card, &q.Card}, {&p.Portrait, &q.Portrait}, {p.Template, q.Template}}
	for a, f := range pair {
		if f[0] == nil || f[1] == nil {
			continue
		}
		y.distances[a] = append(y.distances[a], f[0].Distance(*f[1]))
		alike := p.Alike(q).Has(imaging.Aspect(a))
		banded := slices.ContainsFunc(p.Bands(), func(b imaging.Band) bool { return int(b.Aspect) == a && slices.Contains(bands, b) })
		if alike {
			y.alike[a]++
		}
		if banded {
			y.banded[a]++
		}
		if alike && banded {
			y.found[a]++
			any = true
		}
	}
	if any {
		y.any++
	}
}

func (y *tally) log(t *testing.T, name string) {
	t.Helper()
	t.Logf("%s: %d of %d pairs found", name, y.any, y.pairs)
	for a, d := range y.distances {
		if len(d) == 0 {
			continue
		}
		slices.Sort(d)
		t.Logf("  %-9s n=%d least %d median %d 95 %% %d most %d; alike %d, with an equal band %d, both %d", aspectNames[a],
			len(d), d[0], d[len(d)/2], d[min(len(d)-1, len(d)*95/100)], d[len(d)-1], y.alike[a], y.banded[a], y.found[a])
	}
}
