package evaluation

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	_ "image/jpeg" // the formats that the gate lets through
	_ "image/png"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp"

	"realname/imaging"
)

// Upright decodes a picture that passes imaging.Gate and applies its EXIF
// orientation, so that places of a report fit it. Where it can be seen through
// it is laid on white, as the pipeline does. Errors are the gate's or the decoder's.
func Upright(data []byte) (*image.RGBA, error) {
	info, err := imaging.Gate(data, imaging.Limits{})
	if err != nil {
		return nil, err
	}
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("evaluation: decode: %w", err)
	}
	flat := image.NewRGBA(image.Rect(0, 0, img.Bounds().Dx(), img.Bounds().Dy()))
	draw.Draw(flat, flat.Bounds(), image.White, image.Point{}, draw.Src)
	draw.Draw(flat, flat.Bounds(), img, img.Bounds().Min, draw.Over)
	return turned(flat, info.Orientation), nil
}

// turned undoes the EXIF orientation 1 to 8.
func turned(src *image.RGBA, orientation int) *image.RGBA {
	w, h := src.Rect.Dx(), src.Rect.Dy()
	// from gives the place in src of what stands at x, y upright.
	var from func(x, y int) (int, int)
	switch orientation {
	case 2:
		from = func(x, y int) (int, int) { return w - 1 - x, y }
	case 3:
		from = func(x, y int) (int, int) { return w - 1 - x, h - 1 - y }
	case 4:
		from = func(x, y int) (int, int) { return x, h - 1 - y }
	case 5:
		from = func(x, y int) (int, int) { return y, x }
	case 6:
		from = func(x, y int) (int, int) { return y, h - 1 - x }
	case 7:
		from = func(x, y int) (int, int) { return w - 1 - y, h - 1 - x }
	case 8:
		from = func(x, y int) (int, int) { return w - 1 - y, x }
	default:
		return src
	}
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	if orientation >= 5 {
		dst = image.NewRGBA(image.Rect(0, 0, h, w))
	}
	for y := range dst.Rect.Dy() {
		for x := range dst.Rect.Dx() {
			sx, sy := from(x, y)
			copy(dst.Pix[dst.PixOffset(x, y):][:4], src.Pix[src.PixOffset(sx, sy):][:4])
		}
	}
	return dst
}

// veilCells is the detail that a veiled picture keeps along its long side: on a
// card that fills it a cell is 3.6 mm wide, and the digits stand every 2.8 mm.
const veilCells = 24

// Veil returns the picture at the same size with so little detail that a card
// on it cannot be read, nor a face known.
func Veil(src image.Image) *image.RGBA {
	coarse := Shrink(src, veilCells)
	dst := image.NewRGBA(image.Rect(0, 0, src.Bounds().Dx(), src.Bounds().Dy()))
	draw.NearestNeighbor.Scale(dst, dst.Rect, coarse, coarse.Rect, draw.Src, nil)
	return dst
}

// Shrink returns the picture with a long side of at most so many pixels.
func Shrink(src image.Image, side int) *image.RGBA {
	w, h := src.Bounds().Dx(), src.Bounds().Dy()
	if long := max(w, h); long > side {
		w, h = max(1, w*side/long), max(1, h*side/long)
	}
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.CatmullRom.Scale(dst, dst.Rect, src, src.Bounds(), draw.Src, nil)
	return dst
}

// shown is a picture as it may be written to a file, with a long side of at most so many pixels.
func shown(data []byte, reveal bool, side int) (*image.RGBA, error) {
	img, err := Upright(data)
	if err != nil {
		return nil, err
	}
	small := Shrink(img, side)
	if !reveal {
		return Veil(small), nil
	}
	return small, nil
}

// colourOf says a verdict without words; grey is what was not executed.
func colourOf(v imaging.Verdict) color.RGBA {
	switch v {
	case imaging.Accept:
		return color.RGBA{0x1a, 0x7f, 0x37, 0xff}
	case imaging.Review:
		return color.RGBA{0xb2, 0x6a, 0x00, 0xff}
	case imaging.Reject:
		return color.RGBA{0xc0, 0x1c, 0x28, 0xff}
	}
	return color.RGBA{0x6e, 0x77, 0x81, 0xff}
}

// frame draws the edges of a rectangle inwards.
func frame(dst draw.Image, r image.Rectangle, width int, c color.Color) {
	ink := image.NewUniform(c)
	for _, edge := range []image.Rectangle{
		image.Rect(r.Min.X, r.Min.Y, r.Max.X, r.Min.Y+width), image.Rect(r.Min.X, r.Max.Y-width, r.Max.X, r.Max.Y),
		image.Rect(r.Min.X, r.Min.Y, r.Min.X+width, r.Max.Y), image.Rect(r.Max.X-width, r.Min.Y, r.Max.X, r.Max.Y),
	} {
		draw.Draw(dst, edge.Intersect(r), ink, image.Point{}, draw.Src)
	}
}
