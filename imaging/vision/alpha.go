//go:build vision

package vision

import (
	"fmt"

	"gocv.io/x/gocv"

	"realname/imaging"
)

// seeThrough reports whether the header of a picture declares transparency:
// PNG colour types 4 and 6 (ISO/IEC 15948), the alpha flags of WebP's VP8X and VP8L.
func seeThrough(data []byte, format string) bool {
	switch {
	case format == imaging.FormatPNG && len(data) > 25:
		return data[25] == 4 || data[25] == 6
	case format == imaging.FormatWebP && len(data) > 24 && string(data[12:16]) == "VP8X":
		return data[20]&0x10 != 0
	case format == imaging.FormatWebP && len(data) > 24 && string(data[12:16]) == "VP8L":
		return data[24]&0x10 != 0
	}
	return false
}

// onWhite lays a picture of four 8-bit channels on white, as a page would show
// it: what lies beneath transparent pixels is nothing that anybody saw.
func onWhite(mat gocv.Mat) (gocv.Mat, error) {
	alpha, veil, colour, ground := gocv.NewMat(), gocv.NewMat(), gocv.NewMat(), gocv.NewMat()
	defer alpha.Close()
	defer veil.Close()
	defer colour.Close()
	defer ground.Close()
	out := gocv.NewMat()
	for _, step := range []func() error{
		func() error { return gocv.ExtractChannel(mat, &alpha, 3) },
		func() error { return gocv.Merge([]gocv.Mat{alpha, alpha, alpha}, &veil) },
		func() error { return gocv.CvtColor(mat, &colour, gocv.ColorBGRAToBGR) },
		func() error { return gocv.MultiplyWithParams(colour, veil, &out, 1.0/255, gocv.MatTypeCV8U) },
		func() error { return gocv.BitwiseNot(veil, &ground) },
		func() error { return gocv.Add(out, ground, &out) },
	} {
		if err := step(); err != nil {
			out.Close()
			return gocv.Mat{}, fmt.Errorf("vision: lay a transparent picture on white: %w", err)
		}
	}
	return out, nil
}
