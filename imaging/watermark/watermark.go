// Package watermark marks the copy of a card's picture that leaves the house:
// who gets it, what for, when and under which number stand all over it, so that
// a copy found elsewhere says where it came from.
package watermark

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"math"

	"realname/imaging"
)

// MaxLine is the longest line of a mark in characters: a whole mark of three
// such lines still stands on the card.
const MaxLine = 80

// maxLines bounds the height of one mark.
const maxLines = 4

const (
	lean    = -28 * math.Pi / 180 // across the lines of print, so that neither hides the other
	gapX    = 90                  // pixels between marks side by side
	gapY    = 34                  // pixels between rows of marks
	ink     = 0.46                // cover of the letters
	halo    = 0.42                // cover of their light border, by which they are read on dark ground
	quality = 88
)

var (
	inkColour  = color.RGBA{120, 0, 30, 255}
	haloColour = color.RGBA{255, 255, 255, 255}
)

// ErrText says that a line is empty, too long or not printable ASCII.
var ErrText = errors.New("watermark: a mark has 1 to 4 lines of 1 to 80 printable ASCII characters")

// Stamp decodes the crop of a card, writes the lines all over it and returns it
// as a JPEG of the same size, without anything else that the crop's file held.
// Errors: ErrText, or for a crop that no worker of ours makes one that says so.
func Stamp(crop imaging.Crop, lines ...string) ([]byte, error) {
	mark, err := newMark(lines)
	if err != nil {
		return nil, err
	}
	picture, err := decode(crop)
	if err != nil {
		return nil, err
	}
	mark.cover(picture)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, picture, &jpeg.Options{Quality: quality}); err != nil {
		return nil, fmt.Errorf("watermark: encode: %w", err)
	}
	return out.Bytes(), nil
}

// decode bounds what it decodes: a worker may have been taken over by the photo that it looked at.
func decode(crop imaging.Crop) (*image.RGBA, error) {
	if len(crop.JPEG) > imaging.MaxCrop {
		return nil, errors.New("watermark: the crop is too large")
	}
	head, err := jpeg.DecodeConfig(bytes.NewReader(crop.JPEG))
	if err != nil {
		return nil, fmt.Errorf("watermark: the crop does not decode: %w", err)
	}
	if w, h := crop.Kind.Size(); w == 0 || head.Width != w || head.Height != h {
		return nil, fmt.Errorf("watermark: the crop has %d by %d pixels", head.Width, head.Height)
	}
	decoded, err := jpeg.Decode(bytes.NewReader(crop.JPEG))
	if err != nil {
		return nil, fmt.Errorf("watermark: the crop does not decode: %w", err)
	}
	out := image.NewRGBA(image.Rect(0, 0, head.Width, head.Height))
	draw.Draw(out, out.Bounds(), decoded, decoded.Bounds().Min, draw.Src)
	return out, nil
}

// cover writes the mark over the whole picture: in rows that lean, every second
// one shifted, with one whole mark in the middle.
func (m *mark) cover(picture *image.RGBA) {
	sin, cos := math.Sincos(lean)
	b := picture.Bounds()
	midX, midY := float64(b.Dx())/2, float64(b.Dy())/2
	pitchX, pitchY := float64(m.w+gapX), float64(m.h+gapY)
	for y := range b.Dy() {
		for x := range b.Dx() {
			dx, dy := float64(x)-midX, float64(y)-midY
			u, v := dx*cos+dy*sin+float64(m.w)/2, -dx*sin+dy*cos+float64(m.h)/2
			row := math.Floor(v / pitchY)
			u += pitchX / 2 * math.Mod(math.Abs(row), 2)
			u, v = u-math.Floor(u/pitchX)*pitchX, v-row*pitchY
			if u >= float64(m.w-1) || v >= float64(m.h-1) {
				continue
			}
			p := picture.PixOffset(x, y)
			letter := m.ink.at(u, v)
			blend(picture.Pix[p:p+3], haloColour, halo*max(0, m.halo.at(u, v)-letter))
			blend(picture.Pix[p:p+3], inkColour, ink*letter)
		}
	}
}

func blend(pixel []uint8, c color.RGBA, cover float64) {
	if cover == 0 {
		return
	}
	for i, over := range [3]uint8{c.R, c.G, c.B} {
		pixel[i] = uint8(math.Round(float64(pixel[i])*(1-cover) + float64(over)*cover))
	}
}
