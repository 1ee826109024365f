//go:build vision

package vision

import (
	"image"

	"gocv.io/x/gocv"

	"realname/imaging"
)

// workSide is the least long side, in pixels, that decoding at a reduced size may leave.
const workSide = 1400

// maxSide bounds the long side of what the stages work on, for formats that cannot be decoded reduced.
const maxSide = 2600

// frame is the upright picture the stages work on.
type frame struct {
	mat   gocv.Mat // 8-bit BGR
	scale float64  // full-size pixels per pixel of mat
	full  image.Point
}

func (f *frame) close() { f.mat.Close() }

// decode gives the upright picture, reduced while decoding when it is large.
func decode(data []byte, info imaging.Info) (*frame, error) {
	corrupt := func(detail string) error {
		return &imaging.UploadError{Code: imaging.UploadCorrupt, Detail: detail}
	}
	long := max(info.Width, info.Height)
	flag := gocv.IMReadColor
	switch {
	case long >= 8*workSide:
		flag = gocv.IMReadReducedColor8
	case long >= 4*workSide:
		flag = gocv.IMReadReducedColor4
	case long >= 2*workSide:
		flag = gocv.IMReadReducedColor2
	}
	if flag == gocv.IMReadColor && seeThrough(data, info.Format) {
		flag = gocv.IMReadUnchanged
	}
	// OpenCV would turn some formats by their EXIF and not others: we turn them all.
	mat, err := gocv.IMDecode(data, flag|gocv.IMReadIgnoreOrientation)
	if err != nil || mat.Empty() {
		mat.Close()
		return nil, corrupt("the image data cannot be decoded")
	}
	f := &frame{mat: mat, full: image.Pt(info.Width, info.Height)}
	if err := f.plain(); err != nil {
		f.close()
		return nil, err
	}
	if err := f.upright(info.Orientation); err != nil {
		f.close()
		return nil, err
	}
	if err := f.shrink(); err != nil {
		f.close()
		return nil, err
	}
	f.scale = float64(max(f.full.X, f.full.Y)) / float64(max(f.mat.Cols(), f.mat.Rows()))
	return f, nil
}

// plain brings whatever was decoded to three 8-bit channels.
func (f *frame) plain() error {
	if f.mat.Type()&7 == gocv.MatTypeCV16U {
		if err := f.replace(func(dst *gocv.Mat) error {
			return f.mat.ConvertToWithParams(dst, gocv.MatTypeCV8U, 1.0/257, 0)
		}); err != nil {
			return err
		}
	}
	switch f.mat.Channels() {
	case 1:
		return f.replace(func(dst *gocv.Mat) error { return gocv.CvtColor(f.mat, dst, gocv.ColorGrayToBGR) })
	case 4:
		flat, err := onWhite(f.mat)
		if err != nil {
			return err
		}
		f.mat.Close()
		f.mat = flat
	case 3:
	default:
		return &imaging.UploadError{Code: imaging.UploadCorrupt, Detail: "the image has an unusual number of channels"}
	}
	return nil
}

// upright undoes the EXIF orientation 1..8; other values leave the picture as it is.
func (f *frame) upright(orientation int) error {
	type step struct {
		mirror bool
		rotate gocv.RotateFlag
		turn   bool
	}
	s, ok := map[int]step{
		2: {mirror: true},
		3: {turn: true, rotate: gocv.Rotate180Clockwise},
		4: {mirror: true, turn: true, rotate: gocv.Rotate180Clockwise},
		5: {mirror: true, turn: true, rotate: gocv.Rotate90CounterClockwise},
		6: {turn: true, rotate: gocv.Rotate90Clockwise},
		7: {mirror: true, turn: true, rotate: gocv.Rotate90Clockwise},
		8: {turn: true, rotate: gocv.Rotate90CounterClockwise},
	}[orientation]
	if !ok {
		return nil
	}
	if s.mirror {
		if err := f.replace(func(dst *gocv.Mat) error { return gocv.Flip(f.mat, dst, 1) }); err != nil {
			return err
		}
	}
	if !s.turn {
		return nil
	}
	if s.rotate != gocv.Rotate180Clockwise {
		f.full.X, f.full.Y = f.full.Y, f.full.X
	}
	return f.replace(func(dst *gocv.Mat) error { return gocv.Rotate(f.mat, dst, s.rotate) })
}

func (f *frame) shrink() error {
	long := max(f.mat.Cols(), f.mat.Rows())
	if long <= maxSide {
		return nil
	}
	k := float64(maxSide) / float64(long)
	size := image.Pt(max(1, int(float64(f.mat.Cols())*k)), max(1, int(float64(f.mat.Rows())*k)))
	return f.replace(func(dst *gocv.Mat) error {
		return gocv.Resize(f.mat, dst, size, 0, 0, gocv.InterpolationArea)
	})
}

// replace puts the result of an operation in place of the picture.
func (f *frame) replace(op func(dst *gocv.Mat) error) error {
	dst := gocv.NewMat()
	if err := op(&dst); err != nil {
		dst.Close()
		return err
	}
	f.mat.Close()
	f.mat = dst
	return nil
}
