package specimen

import (
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // the portraits
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp" // the avatars that set-up fetches beside them
)

// minPortraitSide is the least width and height of a portrait in pixels; smaller ones print as a blur.
const minPortraitSide = 240

const portraitRemedy = "run make setup, which fetches them (or set REALNAME_ASSETS to where they are)"

// Portraits lists the portrait photographs (*.jpg) of a folder that are large
// enough to be printed on a card, in the order of their names. No folder or
// no such photograph is a *MissingError.
func Portraits(dir string) ([]string, error) {
	pattern := filepath.Join(dir, "*.jpg")
	missing := &MissingError{What: "portrait photographs " + pattern, Remedy: portraitRemedy}
	entries, err := os.ReadDir(dir)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			missing.Err = err
		}
		return nil, missing
	}
	var paths []string
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		if filepath.Ext(path) == ".jpg" && largeEnough(path) {
			paths = append(paths, path)
		}
	}
	if len(paths) == 0 {
		return nil, missing
	}
	return paths, nil
}

func largeEnough(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	config, _, err := image.DecodeConfig(f)
	return err == nil && min(config.Width, config.Height) >= minPortraitSide
}

// LoadPortrait decodes a file that Portraits listed, or any other JPEG or WebP file.
func LoadPortrait(path string) (image.Image, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, &MissingError{What: path, Remedy: portraitRemedy, Err: err}
	}
	defer f.Close()
	img, _, err := image.Decode(f)
	if err != nil {
		return nil, fmt.Errorf("specimen: %s: %w", path, err)
	}
	return img, nil
}

// crop scales the middle of src, at the aspect of (w, h) and from its top edge, to that size.
func crop(src image.Image, w, h int) *image.RGBA {
	b := src.Bounds()
	cw, ch := b.Dx(), b.Dx()*h/w
	if ch > b.Dy() {
		cw, ch = b.Dy()*w/h, b.Dy()
	}
	left := b.Min.X + (b.Dx()-cw)/2
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.CatmullRom.Scale(dst, dst.Bounds(), src, image.Rect(left, b.Min.Y, left+cw, b.Min.Y+ch), draw.Src, nil)
	return dst
}
