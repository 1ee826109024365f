//go:build vision

package vision

import (
	"fmt"
	"image"

	"gocv.io/x/gocv"

	"realname/imaging"
)

// crop straightens the part of the card that the request wants back; nil when it was not found.
func (e *examination) crop() (*imaging.Crop, error) {
	place, ok := e.cropPlace()
	if !ok {
		return nil, nil
	}
	size := image.Pt(e.req.Crop.Size())
	out, err := reduced(e.frame.mat, place, size)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	// Noise alone can fill the bound at the first quality, never at the last.
	for _, quality := range []int{92, 80, 50} {
		data, err := encodeJPEG(out, quality)
		if err != nil {
			return nil, err
		}
		if len(data) <= imaging.MaxCrop {
			return &imaging.Crop{Kind: e.req.Crop, JPEG: data}, nil
		}
	}
	return nil, nil
}

// cropPlace is where the wanted part stands on the picture at its working size.
func (e *examination) cropPlace() (quad, bool) {
	var told *imaging.Quad
	switch e.req.Crop {
	case imaging.CropCard:
		told = e.report.Quad
	case imaging.CropPortrait:
		for i := range e.report.Zones {
			if e.report.Zones[i].Part == imaging.PartPortrait {
				told = &e.report.Zones[i].Quad
			}
		}
	}
	if told == nil {
		return quad{}, false
	}
	var q quad
	for i, p := range told {
		q[i] = point{p.X, p.Y}.scale(1 / e.frame.scale)
	}
	return q, q.convex()
}

func encodeJPEG(mat gocv.Mat, quality int) ([]byte, error) {
	buffer, err := gocv.IMEncodeWithParams(gocv.JPEGFileExt, mat, []int{gocv.IMWriteJpegQuality, quality})
	if err != nil {
		return nil, fmt.Errorf("vision: encode the crop: %w", err)
	}
	defer buffer.Close()
	return append([]byte(nil), buffer.GetBytes()...), nil
}
