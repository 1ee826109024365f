package specimen

import (
	"errors"
	"image"
	"math/rand/v2"
	"path/filepath"
	"slices"
)

// Share is a part of a Stock. What an evaluation shows must not have been trained on.
type Share uint8

// The shares: two thirds of each list for training, one third for evaluation.
const (
	Everything Share = iota
	Training
	Evaluation
)

// Stock is what renderings are drawn from. Lists may be replaced; an empty one means the plain choice.
type Stock struct {
	Portraits   []string  // files of photographed faces
	Avatars     []string  // files of drawn faces, beside those that Drawings draws
	Backgrounds []string  // files of photographs to lie on, beside Surfaces
	Surfaces    []Surface // none: any Scene
	Drawings    []Drawing
	Fonts       []*Font // for labels and values
	Papers      []int
	Emblems     []int
	Cast        Cast
}

// cardFonts are what labels and values may be set in, as far as it is installed.
// Only the first is needed; digits are always in OCR-B, as on every real card.
// What is held back for the evaluation does not depend on what is installed, so
// that a model trained on one machine can be judged on another.
var cardFonts = []struct {
	fontSource
	held bool
}{
	{sansSource, false},
	{fontSource{"opentype/noto/NotoSansCJK-Bold.ttc", "Noto Sans CJK SC", "fonts-noto-cjk"}, false},
	{fontSource{"truetype/wqy/wqy-microhei.ttc", "WenQuanYi Micro Hei", "fonts-wqy-microhei"}, false},
	{fontSource{"truetype/wqy/wqy-zenhei.ttc", "WenQuanYi Zen Hei", "fonts-wqy-zenhei"}, true},
	{serifSource, true},
}

// NewStock lists what an assets folder (portraits, avatars, photos) and the
// installed fonts offer. The error is a *MissingError for portraits or the first font.
func NewStock(assets string) (Stock, error) {
	portraits, err := Portraits(filepath.Join(assets, "portraits"))
	if err != nil {
		return Stock{}, err
	}
	s := Stock{Portraits: portraits, Surfaces: Surfaces(), Drawings: Drawings()}
	// A pattern of our own is never malformed, and a folder that is missing has no files.
	s.Avatars, _ = filepath.Glob(filepath.Join(assets, "avatars", "*.webp"))
	s.Backgrounds, _ = filepath.Glob(filepath.Join(assets, "photos", "*.jpg"))
	for i, source := range cardFonts {
		font, err := source.load(fontRoot)
		if err == nil {
			font.held = source.held
			s.Fonts = append(s.Fonts, font)
		} else if i == 0 {
			return Stock{}, err
		}
	}
	for i := range Papers {
		s.Papers = append(s.Papers, i)
	}
	for i := range emblems {
		s.Emblems = append(s.Emblems, i)
	}
	return s, nil
}

// For is one share of the stock. A list with a single element goes to both,
// as there is nothing to keep apart.
func (s Stock) For(share Share) Stock {
	s.Portraits = divide(s.Portraits, share)
	s.Avatars = divide(s.Avatars, share)
	s.Backgrounds = divide(s.Backgrounds, share)
	s.Surfaces = divide(s.Surfaces, share)
	s.Drawings = divide(s.Drawings, share)
	s.Fonts = divideFonts(s.Fonts, share)
	s.Papers = divide(s.Papers, share)
	s.Emblems = divide(s.Emblems, share)
	return s
}

// divide gives every third element to the evaluation, at least the last, and the others to the training.
func divide[T any](list []T, share Share) []T {
	if share == Everything || len(list) < 2 {
		return list
	}
	var out []T
	for i, v := range list {
		evaluation := i%3 == 2 || len(list) == 2 && i == 1
		if evaluation == (share == Evaluation) {
			out = append(out, v)
		}
	}
	return out
}

// divideFonts keeps to what is held back, and divides fonts of the caller's own as any list.
func divideFonts(fonts []*Font, share Share) []*Font {
	if share == Everything || !slices.ContainsFunc(fonts, func(f *Font) bool { return f.held }) {
		return divide(fonts, share)
	}
	return slices.DeleteFunc(slices.Clone(fonts), func(f *Font) bool { return f.held != (share == Evaluation) })
}

// ErrEmptyStock says that the stock has nothing of the kind asked for.
var ErrEmptyStock = errors.New("specimen: nothing of that kind in stock")

// Portrait loads a photographed face. Errors: ErrEmptyStock and those of LoadPortrait.
func (s Stock) Portrait(rng *rand.Rand) (image.Image, error) {
	if len(s.Portraits) == 0 {
		return nil, ErrEmptyStock
	}
	return LoadPortrait(pick(rng, s.Portraits))
}

// DrawnPortrait draws a face in one of the stock's styles, or loads one of its
// avatars. Errors are those of LoadPortrait.
func (s Stock) DrawnPortrait(rng *rand.Rand) (image.Image, error) {
	if len(s.Avatars) > 0 && rng.IntN(3) == 0 {
		return onWhite(pick(rng, s.Avatars))
	}
	if len(s.Drawings) == 0 {
		return DrawnPortrait(rng), nil
	}
	style := pick(rng, s.Drawings)
	var photograph image.Image
	if style == Poster && len(s.Portraits) > 0 {
		var err error
		if photograph, err = s.Portrait(rng); err != nil {
			return nil, err
		}
	}
	return DrawnPortraitIn(rng, style, photograph), nil
}

// onWhite loads a picture that may be transparent.
func onWhite(path string) (image.Image, error) {
	img, err := LoadPortrait(path)
	if err != nil {
		return nil, err
	}
	return flattened(img), nil
}

// Background loads a photograph to lie on, or paints a surface, of w × h pixels. Errors are those of LoadPortrait.
func (s Stock) Background(rng *rand.Rand, w, h int) (image.Image, error) {
	if len(s.Backgrounds) > 0 && rng.IntN(2) == 0 {
		return LoadPortrait(pick(rng, s.Backgrounds))
	}
	if len(s.Surfaces) == 0 {
		return Scene(rng, w, h), nil
	}
	return SurfaceScene(rng, pick(rng, s.Surfaces), w, h), nil
}

// Style draws how a document is printed.
func (s Stock) Style(rng *rand.Rand) Style {
	style := Style{Worn: between(rng, 0, 0.3), Shift: Point{between(rng, -0.35, 0.35), between(rng, -0.35, 0.35)}, Mirror: rng.IntN(2) == 0}
	if len(s.Fonts) > 0 {
		style.Text = pick(rng, s.Fonts)
	}
	if len(s.Papers) > 0 {
		style.Paper = pick(rng, s.Papers)
	}
	if len(s.Emblems) > 0 {
		style.Emblem = pick(rng, s.Emblems)
	}
	blue := rgb{38, 104, 170}.mix(rgb{between(rng, 20, 80), between(rng, 90, 150), between(rng, 140, 200)}, rng.Float64())
	style.Labels = blue.opaque()
	return style
}

// Print invents a person of the Cast and prints one side with what the stock
// has; drawn puts a drawing where the portrait belongs. Errors are those of
// Render, Portrait, DrawnPortrait and Cast.Person.
func (s Stock) Print(rng *rand.Rand, d Document, side Side, drawn bool) (Print, error) {
	if side == "" {
		side = Front
	}
	o := Order{Document: d, Side: side, Drawn: drawn, Style: s.Style(rng)}
	var err error
	if o.Person, err = s.Cast.Person(rng); err != nil {
		return Print{}, err
	}
	if sheets[d][side].portrait {
		if drawn {
			o.Portrait, err = s.DrawnPortrait(rng)
		} else {
			o.Portrait, err = s.Portrait(rng)
		}
		if err != nil {
			return Print{}, err
		}
	}
	return Render(rng, o)
}
