// Package specimen draws specimens of resident ID cards, of other documents and
// of cards that only look like them, and photographs them synthetically, for
// tests, for training and evaluating the vision pipeline and for the
// demonstration. It also draws what is no card: cartoons and text pages.
//
// Card, Back and Photograph are the plain way. Render prints any Document in
// any Style and says what it printed where; a Shot takes its picture (cut off,
// covered, copied, from a screen) and says where everything is in it; a Stock
// keeps what training and evaluation show apart.
//
// Nobody is shown: names are invented, resident numbers have a sequence that is
// not issued (000, or 999 for births after 1950), bank numbers an issuer that
// there is none of; no side carries the state emblem, and every side says
// 样本. Everything is a function of the random source given, so one seed gives
// one picture.
//
// Fonts come from Debian packages and portraits from the set-up's assets; what
// is not installed is a *MissingError that names the remedy.
package specimen

import (
	"errors"
	"fmt"
	"math/rand/v2"
)

// Seed returns the random source of one seed; a source serves one goroutine.
func Seed(n uint64) *rand.Rand {
	return rand.New(rand.NewPCG(n, 0x7370_6563_696d_656e))
}

// MissingError says that something the drawing needs is not installed.
type MissingError struct {
	What   string // the file or files looked for
	Remedy string // what installs them, for a person to read
	Err    error  // the cause, when there is one beyond absence
}

func (e *MissingError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("specimen: %s: %v; %s", e.What, e.Err, e.Remedy)
	}
	return fmt.Sprintf("specimen: %s not found; %s", e.What, e.Remedy)
}

func (e *MissingError) Unwrap() error { return e.Err }

// GlyphError says that a font cannot print a rune; a box in its place would be read as text.
type GlyphError struct {
	Rune rune
	Font string
}

func (e *GlyphError) Error() string {
	return fmt.Sprintf("specimen: font %s has no glyph for U+%04X", e.Font, e.Rune)
}

// ErrTooLong says that a text does not fit its place on the card or page.
var ErrTooLong = errors.New("specimen: text does not fit its place")

// between draws a number evenly from [lo, hi).
func between(rng *rand.Rand, lo, hi float64) float64 { return lo + rng.Float64()*(hi-lo) }

// pick draws one element of a non-empty list.
func pick[T any](rng *rand.Rand, list []T) T { return list[rng.IntN(len(list))] }
