// Command drawings writes cartoons of our own to a folder, as training pictures for train.py:
//
//	go run ./imaging/vision/train/drawings DIR
//
// Portraits in the styles of the training share need the set-up's assets.
package main

import (
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"

	"realname/internal/specimen"
)

// firstSeed keeps training's drawings apart from those that tests draw.
const firstSeed, count = 1_000_000, 120

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: drawings DIR")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "drawings:", err)
		os.Exit(1)
	}
}

func write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	stock, err := specimen.NewStock(".assets")
	if err != nil {
		return err
	}
	stock = stock.For(specimen.Training)
	for i := range uint64(count) {
		rng := specimen.Seed(firstSeed + i)
		avatar := specimen.Avatar(rng, 320)
		styled, err := stock.DrawnPortrait(rng)
		if err != nil {
			return err
		}
		for kind, img := range map[string]image.Image{
			"avatar": avatar, "portrait": specimen.DrawnPortrait(specimen.Seed(firstSeed + i)), "styled": styled,
		} {
			if err := save(filepath.Join(dir, fmt.Sprintf("%s-%03d.png", kind, i)), img); err != nil {
				return err
			}
		}
	}
	return nil
}

func save(path string, img image.Image) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := png.Encode(f, img); err != nil {
		return err
	}
	return f.Close()
}
