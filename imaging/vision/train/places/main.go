// Command places prints cards, photographs them and writes what stands in their
// portrait's place, with some of the card around it, as training pictures for
// train.py's portrait net:
//
//	go run ./imaging/vision/train/places -faces DIR -images DIR OUT
//
// -faces is a folder of faces beside the training share of the set-up's;
// -images one with manifest.csv, as for train.py, whose sources named in -drawn
// and -other are printed as drawn portraits and as pictures of no face. OUT has
// a folder a class. What the evaluation share shows is not among it.
package main

import (
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"image"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/image/draw"

	"realname/internal/specimen"
)

func main() {
	var s studio
	n := flag.Int("n", 2400, "pictures")
	seed := flag.Uint64("seed", 6_000_000, "of the first")
	assets := flag.String("assets", ".assets", "folder that the set-up filled")
	faces := flag.String("faces", "", "folder of *.jpg with a face each")
	images := flag.String("images", "", "folder with manifest.csv")
	drawn := flag.String("drawn", "", "file with the manifest's sources of drawn faces, a line each")
	other := flag.String("other", "", "file with those of pictures without a face")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: places [flags] OUT")
		flag.PrintDefaults()
		os.Exit(2)
	}
	err := s.stockUp(*assets, *faces, *images, *drawn, *other)
	for i := range uint64(*n) {
		if err == nil {
			err = s.take(flag.Arg(0), *seed+i)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "places:", err)
		os.Exit(1)
	}
}

// studio is what cards are printed with.
type studio struct {
	stock  specimen.Stock
	others []string // pictures of no face
}

func (s *studio) stockUp(assets, faces, images, drawn, other string) error {
	stock, err := specimen.NewStock(assets)
	if err != nil {
		return err
	}
	s.stock = stock.For(specimen.Training)
	more, err := filepath.Glob(filepath.Join(faces, "*.jpg"))
	if err != nil {
		return err
	}
	// Every tenth is held out, as in train.py.
	for i, path := range more {
		if i%10 != 9 {
			s.stock.Portraits = append(s.stock.Portraits, path)
		}
	}
	s.others = slices.Clone(s.stock.Backgrounds)
	for _, list := range []struct {
		named string
		to    *[]string
	}{{drawn, &s.stock.Avatars}, {other, &s.others}} {
		found, err := listed(images, list.named)
		if err != nil {
			return err
		}
		*list.to = append(*list.to, found...)
	}
	return nil
}

// listed are the pictures of the manifest whose sources a file names.
func listed(images, sources string) ([]string, error) {
	if sources == "" {
		return nil, nil
	}
	text, err := os.ReadFile(sources)
	if err != nil {
		return nil, err
	}
	wanted := strings.Split(strings.TrimSpace(string(text)), "\n")
	f, err := os.Open(filepath.Join(images, "manifest.csv"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out []string
	rows := csv.NewReader(f)
	for {
		row, err := rows.Read()
		switch {
		case errors.Is(err, io.EOF):
			return out, nil
		case err != nil:
			return nil, err
		case slices.Contains(wanted, row[2]):
			out = append(out, filepath.Join(images, row[0]))
		}
	}
}

// take writes the picture of one seed.
func (s *studio) take(dir string, seed uint64) error {
	rng := specimen.Seed(seed)
	class, portrait, err := s.portrait(rng)
	if errors.Is(err, image.ErrFormat) {
		return nil // a picture of the manifest in a format that is not read here
	}
	if err != nil {
		return err
	}
	card, err := s.print(rng, portrait)
	if err != nil {
		return err
	}
	o := []func() specimen.Options{specimen.Easy, specimen.Ordinary, specimen.Ordinary, specimen.Hard}[rng.IntN(4)]()
	k := []int{1, 1, 2}[rng.IntN(3)]
	o.Width, o.Height = 720*k, 540*k
	o.Blur.Max *= float64(k) * 0.6
	o.Background, err = s.stock.Background(rng, o.Width, o.Height)
	if err != nil {
		return err
	}
	shot := specimen.Shot{Options: o}
	if rng.IntN(12) == 0 {
		shot.Medium = specimen.GreyCopy
	}
	img, truth, err := shot.Take(rng, card)
	if err != nil {
		return err
	}
	corners, _ := truth.Cards[0].Zone(specimen.ZonePortrait)
	if err := os.MkdirAll(filepath.Join(dir, class), 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, class, fmt.Sprintf("%d.jpg", seed)), specimen.JPEG(place(img, corners), 92), 0o644)
}

func (s *studio) print(rng *rand.Rand, portrait image.Image) (specimen.Print, error) {
	for {
		person, err := s.stock.Cast.Person(rng)
		if err != nil {
			return specimen.Print{}, err
		}
		card, err := specimen.Render(rng, specimen.Order{Document: specimen.ResidentCard, Person: person, Portrait: portrait, Style: s.stock.Style(rng)})
		// An invented address may be longer than a font that runs wide allows.
		if !errors.Is(err, specimen.ErrTooLong) {
			return card, err
		}
	}
}

// portrait is what goes into the place, and its class as train.py names it.
func (s *studio) portrait(rng *rand.Rand) (string, image.Image, error) {
	switch at := rng.IntN(20); {
	case at < 9:
		img, err := s.face(rng)
		return "face", img, err
	case at < 16:
		img, err := s.stock.DrawnPortrait(rng)
		return "drawn", img, err
	case at < 18 && len(s.others) > 0:
		img, err := specimen.LoadPortrait(s.others[rng.IntN(len(s.others))])
		return "other", img, err
	}
	a, err := s.face(rng)
	if err != nil {
		return "", nil, err
	}
	b, err := s.face(rng)
	return "several", together(rng, a, b), err
}

func (s *studio) face(rng *rand.Rand) (image.Image, error) {
	img, err := s.stock.Portrait(rng)
	if err != nil || rng.IntN(3) == 0 {
		return img, err
	}
	// Portraits of cards show more or less around the head.
	b := img.Bounds()
	k := 0.75 + 0.25*rng.Float64()
	w, h := int(float64(b.Dx())*k), int(float64(b.Dy())*k)
	x, y := b.Min.X+(b.Dx()-w)/2, b.Min.Y+rng.IntN(b.Dy()-h+1)
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(out, out.Rect, img, image.Pt(x, y), draw.Src)
	return out, nil
}

// together puts two faces side by side, or one small before the other.
func together(rng *rand.Rand, a, b image.Image) image.Image {
	const w, h = 390, 480
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	lay := func(img image.Image, r image.Rectangle) {
		s := img.Bounds()
		// The middle of the picture in the place's shape.
		cw := min(s.Dx(), s.Dy()*r.Dx()/r.Dy())
		ch := min(s.Dy(), cw*r.Dy()/r.Dx())
		at := image.Pt(s.Min.X+(s.Dx()-cw)/2, s.Min.Y+(s.Dy()-ch)/3)
		draw.BiLinear.Scale(out, r, img, image.Rectangle{Min: at, Max: at.Add(image.Pt(cw, ch))}, draw.Src, nil)
	}
	if rng.IntN(5) < 3 {
		x := int(w * (0.42 + 0.16*rng.Float64()))
		lay(a, image.Rect(0, 0, x, h))
		lay(b, image.Rect(x, 0, w, h))
		return out
	}
	lay(a, out.Rect)
	sw := int(w * (0.34 + 0.16*rng.Float64()))
	sh := sw * 5 / 4
	x, y := rng.IntN(2)*(w-sw), h-sh-rng.IntN((h-sh)/3+1)
	lay(b, image.Rect(x, y, x+sw, y+sh))
	return out
}

// place cuts the portrait's place out with an eighth of its size around it, straightened.
func place(img *image.RGBA, c specimen.Corners) *image.RGBA {
	const w, h, beyond = 240, 300, 0.125
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			u := -beyond + (1+2*beyond)*(float64(x)+0.5)/w
			v := -beyond + (1+2*beyond)*(float64(y)+0.5)/h
			out.SetRGBA(x, y, sample(img, c, u, v))
		}
	}
	return out
}
