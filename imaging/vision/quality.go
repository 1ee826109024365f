//go:build vision

package vision

import (
	"fmt"
	"image"

	"gocv.io/x/gocv"
)

// quality is measured on the straightened card, at 640 pixels' width, so that
// the figures of differently large photos can be compared.
type quality struct {
	sharpness float64 // variance of the Laplacian over the label column and the number, grey levels squared
	light     float64 // mean grey level, 0..255
	width     float64 // of the card, full-size pixels
	outside   float64 // how far a corner of the card lies beyond the picture, mm
}

var qualitySize = image.Pt(640, 404)

func measure(f *frame, l *layout) (quality, error) {
	card, err := warp(f.mat, l.corners, qualitySize)
	if err != nil {
		return quality{}, err
	}
	defer card.Close()
	grey := gocv.NewMat()
	defer grey.Close()
	if err := gocv.CvtColor(card, &grey, gocv.ColorBGRToGray); err != nil {
		return quality{}, fmt.Errorf("vision: grey: %w", err)
	}
	edges := gocv.NewMat()
	defer edges.Close()
	// The left two thirds hold print on every card; the portrait's texture varies.
	printed := grey.Region(image.Rect(0, 0, qualitySize.X*3/5, qualitySize.Y))
	defer printed.Close()
	if err := gocv.Laplacian(printed, &edges, gocv.MatTypeCV64F, 1, 1, 0, gocv.BorderDefault); err != nil {
		return quality{}, fmt.Errorf("vision: sharpness: %w", err)
	}
	_, dev, err := meanDeviation(edges)
	if err != nil {
		return quality{}, err
	}
	mean, _, err := meanDeviation(grey)
	if err != nil {
		return quality{}, err
	}
	return quality{sharpness: dev * dev, light: mean, width: l.corners.width() * f.scale, outside: l.outside(f)}, nil
}

// outside is how far the farthest corner lies beyond the picture, in millimetres; 0 when all are on it.
func (l *layout) outside(f *frame) float64 {
	w, h := float64(f.mat.Cols()), float64(f.mat.Rows())
	var far float64
	for _, p := range l.corners {
		q := point{min(max(p.X, 0), w), min(max(p.Y, 0), h)}
		far = max(far, distance(p, q))
	}
	return far / (l.corners.width() / cardWidth)
}

func meanDeviation(m gocv.Mat) (mean, dev float64, err error) {
	mm, dd := gocv.NewMat(), gocv.NewMat()
	defer mm.Close()
	defer dd.Close()
	if err := gocv.MeanStdDev(m, &mm, &dd); err != nil {
		return 0, 0, fmt.Errorf("vision: mean and deviation: %w", err)
	}
	return mm.GetDoubleAt(0, 0), dd.GetDoubleAt(0, 0), nil
}

func greyDeviation(bgr gocv.Mat) (float64, error) {
	grey := gocv.NewMat()
	defer grey.Close()
	if err := gocv.CvtColor(bgr, &grey, gocv.ColorBGRToGray); err != nil {
		return 0, fmt.Errorf("vision: grey: %w", err)
	}
	_, dev, err := meanDeviation(grey)
	return dev, err
}
