// Command specimens writes labelled photographs of cards with a manifest, for
// `make eval-imaging`:
//
//	go run ./imaging/vision/train/specimens -n 60 -seed 5000000 DIR
//	make eval-imaging IMAGES=DIR
//
// The parts (fonts, papers, portraits, grounds) are those of the evaluation
// share, on which nothing was trained, unless -share says otherwise. DIR holds a
// folder a label; the manifest's source names the way of photographing.
package main

import (
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"realname/internal/specimen"
)

func main() {
	n := flag.Int("n", 30, "pictures of each way")
	share := flag.String("share", "evaluation", "training or evaluation: which part of the stock is shown")
	seed := flag.Uint64("seed", 5_000_000, "of the first picture")
	assets := flag.String("assets", ".assets", "folder that the set-up filled")
	only := flag.String("only", "", "names of ways, with commas between them; all by default")
	flag.Parse()
	shares := map[string]specimen.Share{"training": specimen.Training, "evaluation": specimen.Evaluation}
	shown, ok := shares[*share]
	if flag.NArg() != 1 || !ok {
		fmt.Fprintln(os.Stderr, "usage: specimens [flags] DIR")
		flag.PrintDefaults()
		fmt.Fprintln(os.Stderr, "ways:", strings.Join(names(), ", "))
		os.Exit(2)
	}
	stock, err := specimen.NewStock(*assets)
	if err == nil {
		f := folder{dir: flag.Arg(0), stock: stock.For(shown)}
		err = f.write(*n, *seed, strings.FieldsFunc(*only, func(r rune) bool { return r == ',' }))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "specimens:", err)
		os.Exit(1)
	}
}

// folder is where one set of pictures goes.
type folder struct {
	dir   string
	stock specimen.Stock
}

func (f *folder) write(n int, seed uint64, only []string) error {
	if err := os.MkdirAll(f.dir, 0o755); err != nil {
		return err
	}
	manifest, err := os.Create(filepath.Join(f.dir, "manifest.csv"))
	if err != nil {
		return err
	}
	defer manifest.Close()
	table := csv.NewWriter(manifest)
	if err := table.Write([]string{"path", "label", "source", "number", "name"}); err != nil {
		return err
	}
	for k, w := range ways {
		if len(only) > 0 && !slices.Contains(only, w.name) {
			continue
		}
		for i := range n {
			row, err := f.picture(w, seed+uint64(10_000*k+i))
			if err != nil {
				return fmt.Errorf("%s, picture %d: %w", w.name, i, err)
			}
			if err := table.Write(row); err != nil {
				return err
			}
		}
	}
	table.Flush()
	return errors.Join(table.Error(), manifest.Close())
}

// picture writes one picture and returns its row of the manifest.
func (f *folder) picture(w way, seed uint64) ([]string, error) {
	rng := specimen.Seed(seed)
	c, err := f.card(rng, w)
	// An invented address may be longer than a font that runs wide allows.
	for errors.Is(err, specimen.ErrTooLong) {
		c, err = f.card(rng, w)
	}
	if err != nil {
		return nil, err
	}
	img, _, err := c.shot.Take(rng, c.print)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(w.label, fmt.Sprintf("%s-%d.jpg", w.name, seed))
	if err := os.MkdirAll(filepath.Join(f.dir, w.label), 0o755); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(f.dir, path), specimen.JPEG(img, 70+rng.IntN(26)), 0o644); err != nil {
		return nil, err
	}
	return []string{filepath.ToSlash(path), w.label, w.name, c.number, c.name}, nil
}
