//go:build vision

package vision

import (
	_ "embed"
	"fmt"
	"image"

	"gocv.io/x/gocv"

	"realname/imaging"
)

// The nets of our own; train/ holds the recipe.
var (
	//go:embed weights/class.onnx
	classWeights []byte
	//go:embed weights/portrait.onnx
	portraitWeights []byte
)

// classNames are the whole-image net's outputs in order, as train.py's CLASSES.
var classNames = []imaging.Class{
	imaging.ClassDrawing, imaging.ClassPhoto, imaging.ClassTextPage, imaging.ClassScreenshot, imaging.ClassOtherDocument,
}

// The inputs of the two nets, width by height, as train.py's SIZES.
var (
	classSize    = image.Pt(160, 160)
	portraitSize = image.Pt(112, 140)
)

// classifier tells what a picture without a card is.
type classifier struct {
	whole, portrait *net
}

// blankDeviation is the grey deviation (0..127) under which a picture shows nothing.
const blankDeviation = 4.0

// linesUnknown stands for the number of text lines where none were looked for.
const linesUnknown = -1

// class is the picture's class with its probability; ClassUnknown when no class
// has even chances. Lines is the number of text lines found on the picture, or
// linesUnknown; none the finder's probability that there is no document.
func (c *classifier) class(mat gocv.Mat, lines int, none float64) (imaging.Class, float64, error) {
	small := gocv.NewMat()
	defer small.Close()
	if err := gocv.Resize(mat, &small, classSize, 0, 0, gocv.InterpolationArea); err != nil {
		return "", 0, fmt.Errorf("vision: resize for the class: %w", err)
	}
	dev, err := greyDeviation(small)
	if err != nil {
		return "", 0, err
	}
	if dev < blankDeviation {
		return imaging.ClassBlank, 1, nil
	}
	probs, err := look(c.whole, small)
	if err != nil {
		return "", 0, err
	}
	if len(probs) != len(classNames) {
		return "", 0, fmt.Errorf("vision: class net has %d classes, want %d", len(probs), len(classNames))
	}
	weighByText(probs, lines)
	weighByFinder(probs, none)
	best := 0
	for i, p := range probs {
		if p > probs[best] {
			best = i
		}
	}
	if !above(float64(probs[best]), leastClass) {
		return imaging.ClassUnknown, float64(probs[best]), nil
	}
	return classNames[best], float64(probs[best]), nil
}

// weighByText tempers the net's probabilities by the text found, which the net
// sees badly at its size: print has lines; of 602 photographs and drawings of
// training's sources 3 % had more than two.
func weighByText(probs []float32, lines int) {
	printed, picture := float32(1), float32(1)
	switch {
	case lines == linesUnknown:
	case lines == 0:
		printed = 0.02
	case lines <= 2:
		printed = 0.3
	default:
		picture = 0.2
	}
	var sum float32
	for i, class := range classNames {
		if class == imaging.ClassDrawing || class == imaging.ClassPhoto {
			probs[i] *= picture
		} else {
			probs[i] *= printed
		}
		sum += probs[i]
	}
	for i := range probs {
		probs[i] /= sum
	}
}

// leastWeight is what a witness beside the net leaves of a class at least: each may err.
const leastWeight = 0.05

// weighByFinder multiplies by the finder's word: what shows it no document is
// none, though the net knows documents by the tables that they lie on as well;
// what shows it one is no mere picture, though the net sees the card too small.
// Pages and screens it does not know.
func weighByFinder(probs []float32, none float64) {
	var sum float32
	for i, class := range classNames {
		switch class {
		case imaging.ClassOtherDocument:
			probs[i] *= float32(max(leastWeight, 1-none))
		case imaging.ClassDrawing, imaging.ClassPhoto:
			probs[i] *= float32(max(leastWeight, none))
		}
		sum += probs[i]
	}
	for i := range probs {
		probs[i] /= sum
	}
}

// portraitLook is what stands in the portrait place, as probabilities: what it is
// made by (the first three add up to 1), and of a photograph what it shows (so do the others).
type portraitLook struct {
	photo, drawn, empty  float64
	face, other, several float64
}

// values are the probabilities in the order of the net's outputs, as MEDIUM and CONTENT in train.py.
func (p *portraitLook) values() [6]*float64 {
	return [6]*float64{&p.photo, &p.drawn, &p.empty, &p.face, &p.other, &p.several}
}

// look is the mean over several cuts, which shift by as much as a fitted card is off.
func (c *classifier) look(mat gocv.Mat, m *cardMap, at quad) (portraitLook, error) {
	shifts := []point{{0, 0}, {-1.2, 0}, {1.2, 0}, {0, -1.2}, {0, 1.2}}
	var mean portraitLook
	for _, by := range shifts {
		place := at
		for i := range place {
			place[i] = place[i].add(by)
		}
		p, err := c.lookOnce(mat, m.imageQuad(place))
		if err != nil {
			return portraitLook{}, err
		}
		for i, v := range mean.values() {
			*v += float64(p[i]) / float64(len(shifts))
		}
	}
	return mean, nil
}

func (c *classifier) lookOnce(mat gocv.Mat, place quad) ([]float32, error) {
	small, err := reduced(mat, place, portraitSize)
	if err != nil {
		return nil, err
	}
	defer small.Close()
	p, err := look(c.portrait, small)
	if err == nil && len(p) != len((&portraitLook{}).values()) {
		err = fmt.Errorf("vision: portrait net answered with %d values", len(p))
	}
	return p, err
}

// look runs one of our nets, which want RGB in 0..1.
func look(n *net, mat gocv.Mat) ([]float32, error) {
	rgb := gocv.NewMat()
	defer rgb.Close()
	if err := gocv.CvtColor(mat, &rgb, gocv.ColorBGRToRGB); err != nil {
		return nil, fmt.Errorf("vision: colours: %w", err)
	}
	in := n.input(3 * rgb.Cols() * rgb.Rows())
	if err := planes(in, rgb, [3]float32{}, [3]float32{1, 1, 1}, rgb.Cols()); err != nil {
		return nil, err
	}
	out, _, err := n.run(in, 1, 3, int64(rgb.Rows()), int64(rgb.Cols()))
	return out, err
}
