//go:build vision

package vision

import (
	_ "embed"
	"fmt"
	"image"
	"image/color"
	"math"
	"sort"

	"gocv.io/x/gocv"
)

// cornerWeights is the net that finds documents; train/corners.py made it.
//
//go:embed weights/corners.onnx
var cornerWeights []byte

// The net's input and output, as SIDE, INNER and CELLS in corners.py: the
// picture lies in the middle of a grey square, so that corners just outside the
// frame still have a cell.
const (
	finderSide  = 160
	finderInner = 136
	finderCells = 40
	finderFlags = 6 // none, front, back, other; cut, several
)

const (
	leastPeak    = 0.10 // of a heatmap, to be a corner at all
	surePeak     = 0.35 // of the weakest corner of a second document
	mostPeaks    = 3    // a heatmap, that are tried
	peakDistance = 3    // cells between two of them
)

// document is one that the net found.
type document struct {
	corners quad    // on the picture, its own top left first
	weakest float64 // of the four heatmaps' peaks, 0..1
}

// sighting is what the finder says of a picture.
type sighting struct {
	none, front, back, other float64 // what the largest document is; they add up to 1
	cut                      float64 // probability that it is cut off by the frame
	several                  float64 // probability that there is another
	documents                []document
}

// finder finds documents by their corners.
type finder struct{ net *net }

// find looks at the whole picture once.
func (f *finder) find(mat gocv.Mat) (sighting, error) {
	square, at, err := onSquare(mat)
	if err != nil {
		return sighting{}, err
	}
	defer square.Close()
	out, err := look(f.net, square)
	if err != nil {
		return sighting{}, err
	}
	const cells = 4 * finderCells * finderCells
	if len(out) != cells+finderFlags {
		return sighting{}, fmt.Errorf("vision: finder answered with %d values, want %d", len(out), cells+finderFlags)
	}
	said := out[cells:]
	s := sighting{
		none: float64(said[0]), front: float64(said[1]), back: float64(said[2]), other: float64(said[3]),
		cut: float64(said[4]), several: float64(said[5]),
	}
	s.documents = documents(out[:cells])
	k := float64(max(mat.Cols(), mat.Rows())) / finderInner
	for i := range s.documents {
		for j, p := range s.documents[i].corners {
			p = p.scale(finderSide / finderCells)
			s.documents[i].corners[j] = p.sub(point{float64(at.X), float64(at.Y)}).scale(k)
		}
	}
	return s, nil
}

// onSquare lays the picture in the middle of the net's square; at is its top left there.
func onSquare(mat gocv.Mat) (square gocv.Mat, at image.Point, err error) {
	k := finderInner / float64(max(mat.Cols(), mat.Rows()))
	size := image.Pt(max(1, int(math.Round(float64(mat.Cols())*k))), max(1, int(math.Round(float64(mat.Rows())*k))))
	small := gocv.NewMat()
	defer small.Close()
	if err := gocv.Resize(mat, &small, size, 0, 0, gocv.InterpolationArea); err != nil {
		return gocv.Mat{}, at, fmt.Errorf("vision: resize for the finder: %w", err)
	}
	at = image.Pt((finderSide-size.X)/2, (finderSide-size.Y)/2)
	square = gocv.NewMat()
	err = gocv.CopyMakeBorder(small, &square, at.Y, finderSide-size.Y-at.Y, at.X, finderSide-size.X-at.X,
		gocv.BorderConstant, color.RGBA{R: 128, G: 128, B: 128})
	if err != nil {
		square.Close()
		return gocv.Mat{}, at, fmt.Errorf("vision: square for the finder: %w", err)
	}
	return square, at, nil
}

// peak is a maximum of a heatmap, in cells.
type peak struct {
	at     point
	height float64
}

// documents puts the peaks of the four heatmaps together, the likeliest document first; two at most.
func documents(heat []float32) []document {
	var maps [4][]peak
	for i := range maps {
		maps[i] = peaks(heat[i*finderCells*finderCells : (i+1)*finderCells*finderCells])
	}
	var out []document
	for range 2 {
		best, chosen := likeliest(&maps)
		if chosen == nil {
			break
		}
		// Peaks of the same document read from another side are no second one.
		if len(out) > 0 && distance(best.corners.at(0.5, 0.5), out[0].corners.at(0.5, 0.5)) < out[0].corners.height()*2/3 {
			break
		}
		out = append(out, best)
		for i, k := range chosen {
			maps[i] = append(maps[i][:k:k], maps[i][k+1:]...)
		}
	}
	return out
}

// peaks are the highest maxima of one heatmap, placed by the weight of the cells around them.
func peaks(heat []float32) []peak {
	at := func(x, y int) float64 {
		if x < 0 || y < 0 || x >= finderCells || y >= finderCells {
			return 0
		}
		return float64(heat[y*finderCells+x])
	}
	var out []peak
	for y := range finderCells {
		for x := range finderCells {
			if at(x, y) >= leastPeak && highest(at, x, y) {
				out = append(out, centroid(at, x, y))
			}
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].height > out[j].height })
	kept := out[:0]
	for _, p := range out {
		near := false
		for _, q := range kept {
			near = near || distance(p.at, q.at) < peakDistance
		}
		if !near && len(kept) < mostPeaks {
			kept = append(kept, p)
		}
	}
	return kept
}

// highest says whether no neighbour is higher; of equals, the first counts.
func highest(at func(x, y int) float64, x, y int) bool {
	for dy := -1; dy <= 1; dy++ {
		for dx := -1; dx <= 1; dx++ {
			before := dy < 0 || dy == 0 && dx < 0
			if v := at(x+dx, y+dy); v > at(x, y) || before && v == at(x, y) {
				return false
			}
		}
	}
	return true
}

func centroid(at func(x, y int) float64, x, y int) peak {
	var sum, sx, sy float64
	for dy := -2; dy <= 2; dy++ {
		for dx := -2; dx <= 2; dx++ {
			w := at(x+dx, y+dy)
			sum, sx, sy = sum+w, sx+w*float64(dx), sy+w*float64(dy)
		}
	}
	return peak{at: point{float64(x) + 0.5 + sx/sum, float64(y) + 0.5 + sy/sum}, height: at(x, y)}
}

// likeliest is the best document that one peak of each map makes, and which peaks; nil when none looks like one.
func likeliest(maps *[4][]peak) (document, []int) {
	var best document
	var chosen []int
	score := math.Inf(-1)
	for a, p := range maps[0] {
		for b, q := range maps[1] {
			for c, r := range maps[2] {
				for d, s := range maps[3] {
					corners := quad{p.at, q.at, r.at, s.at}
					odd, ok := oddity(corners)
					if !ok {
						continue
					}
					if v := math.Log(p.height*q.height*r.height*s.height) - odd; v > score {
						score, chosen = v, []int{a, b, c, d}
						best = document{corners, min(p.height, q.height, r.height, s.height)}
					}
				}
			}
		}
	}
	return best, chosen
}

// oddity is how unlike a card before a camera the corners are: 0 for a rectangle
// of the card's shape, more for sides of unequal length; false for what cannot be one.
func oddity(q quad) (float64, bool) {
	if !q.convex() {
		return 0, false
	}
	ratio := func(a, b float64) float64 { return math.Abs(math.Log(a / b)) }
	across := ratio(distance(q[0], q[1]), distance(q[3], q[2]))
	along := ratio(distance(q[0], q[3]), distance(q[1], q[2]))
	shape := ratio(q.width()/q.height(), cardWidth/cardHeight)
	return 2 * (across + along + shape), across < 0.6 && along < 0.6 && shape < 0.6
}
