// Command cards writes small photographs of documents, of what lies without
// one and of drawings, with the truth about each, for corners.py:
//
//	go run ./imaging/vision/train/cards -n 4000 -seed 3000000 DIR
//	go run ./imaging/vision/train/cards -n 600 -seed 4000000 -share evaluation DIR
//
// DIR/truth.csv has a row a picture: file, kind, width, height, then the class,
// the visible share and the corners of up to two documents. Corners are x,y
// pairs in shares of the picture's width and height, the document's own top
// left first; they lie outside 0..1 where the document is cut off.
package main

import (
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/image/draw"

	"realname/internal/specimen"
)

// longSide of the pictures, in pixels: the net sees them at half of that.
const longSide = 320

func main() {
	var c collection
	n := flag.Int("n", 4000, "pictures")
	share := flag.String("share", "training", "training or evaluation: which part of the stock is shown")
	flag.Uint64Var(&c.seed, "seed", 3_000_000, "of the first picture")
	flag.StringVar(&c.assets, "assets", ".assets", "folder that the set-up filled")
	only := flag.String("only", "", "kinds, with commas between them; all by default. Others are left out, and the seeds of these stay the same")
	flag.Parse()
	c.only = strings.FieldsFunc(*only, func(r rune) bool { return r == ',' })
	if flag.NArg() != 1 || *share != "training" && *share != "evaluation" {
		fmt.Fprintln(os.Stderr, "usage: cards [flags] DIR")
		flag.PrintDefaults()
		os.Exit(2)
	}
	c.dir = flag.Arg(0)
	if err := c.write(*n, map[string]specimen.Share{"training": specimen.Training, "evaluation": specimen.Evaluation}[*share]); err != nil {
		fmt.Fprintln(os.Stderr, "cards:", err)
		os.Exit(1)
	}
}

// collection is one folder of pictures.
type collection struct {
	dir, assets string
	only        []string // kinds; none means all
	seed        uint64
	stock       specimen.Stock
}

func (c *collection) write(n int, share specimen.Share) error {
	stock, err := specimen.NewStock(c.assets)
	if err != nil {
		return err
	}
	c.stock = stock.For(share)
	if err := os.MkdirAll(c.dir, 0o755); err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(c.dir, "truth.csv"))
	if err != nil {
		return err
	}
	defer f.Close()
	table := csv.NewWriter(f)
	for i := range uint64(n) {
		row, err := c.picture(c.seed + i)
		if err != nil {
			return fmt.Errorf("seed %d: %w", c.seed+i, err)
		}
		if row == nil {
			continue
		}
		if err := table.Write(row); err != nil {
			return err
		}
	}
	table.Flush()
	return errors.Join(table.Error(), f.Close())
}

// picture writes the picture of one seed and returns its row of the truth; none for a kind that is left out.
func (c *collection) picture(seed uint64) ([]string, error) {
	rng := specimen.Seed(seed)
	kind := anyKind(rng)
	if len(c.only) > 0 && !slices.Contains(c.only, kind.name) {
		return nil, nil
	}
	img, cards, err := kind.take(c, rng)
	// An invented address may be longer than a font that runs wide allows.
	for errors.Is(err, specimen.ErrTooLong) {
		img, cards, err = kind.take(c, rng)
	}
	if err != nil {
		return nil, err
	}
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	name := fmt.Sprintf("%s-%d.jpg", kind.name, seed)
	if err := os.WriteFile(filepath.Join(c.dir, name), specimen.JPEG(reduced(img), 70+rng.IntN(28)), 0o644); err != nil {
		return nil, err
	}
	row := []string{name, kind.name, strconv.Itoa(w), strconv.Itoa(h)}
	for _, card := range cards {
		row = append(row, class(card), decimal(card.Visible(w, h)))
		for _, p := range card.Corners {
			row = append(row, decimal(p.X/float64(w)), decimal(p.Y/float64(h)))
		}
	}
	return row, nil
}

// class is what the net shall call a document.
func class(p specimen.Placed) string {
	switch {
	case p.Document != specimen.ResidentCard && p.Document != specimen.BilingualCard:
		return "other"
	case p.Side == specimen.Rear:
		return "back"
	}
	return "front"
}

func decimal(v float64) string { return strconv.FormatFloat(v, 'f', 5, 64) }

// reduced is the picture at its long side's size here.
func reduced(img image.Image) image.Image {
	b := img.Bounds()
	k := float64(longSide) / float64(max(b.Dx(), b.Dy()))
	if k >= 1 {
		return img
	}
	out := image.NewRGBA(image.Rect(0, 0, max(1, int(float64(b.Dx())*k)), max(1, int(float64(b.Dy())*k))))
	draw.BiLinear.Scale(out, out.Rect, img, b, draw.Src, nil)
	return out
}
