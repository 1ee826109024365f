//go:build vision

package vision

import (
	"fmt"
	"math"
	"slices"

	"gocv.io/x/gocv"
)

// Where a grid is looked for: a screen's pixels, their beat with the camera's
// or a printer's raster.
const (
	gridTile  = 128 // side of the squares looked at, in pixels of the picture
	gridTiles = 12  // the plainest ones of the card
	gridLeast = 0.2 // cycles a pixel: coarser patterns are the card's own fine lines
	ringWidth = 4   // of the spectrum's rings that a peak is compared with, in its own steps
)

// grid is the strongest regular pattern on a card, as the median of the squares looked at.
type grid struct {
	ratio float64 // log10 of its power over the spectrum's at that pitch
	swing float64 // its amplitude, grey levels
}

// grid looks for one within the card's outline.
func (r raster) grid(card quad) (grid, error) {
	s := newSpectrum()
	defer s.close()
	var ratios, swings []float64
	for _, t := range r.plainest(card) {
		if err := s.load(r, t); err != nil {
			return grid{}, err
		}
		g := s.strongest()
		ratios, swings = append(ratios, g.ratio), append(swings, g.swing)
	}
	return grid{ratio: quantile(ratios, 0.5), swing: quantile(swings, 0.5)}, nil
}

// tile is a square by its top left corner.
type tile struct {
	x, y int
	dev  float64 // grey levels
}

// plainest are the squares inside the card with the least contrast: text is no grid, but hides one.
func (r raster) plainest(card quad) []tile {
	var tiles []tile
	for y := 0; y+gridTile <= r.h; y += gridTile / 2 {
		for x := 0; x+gridTile <= r.w; x += gridTile / 2 {
			inside := true
			for _, c := range zone(0, 0, gridTile, gridTile) {
				inside = inside && card.holds(point{float64(x), float64(y)}.add(c))
			}
			if inside {
				tiles = append(tiles, tile{x, y, r.deviation(x, y, gridTile)})
			}
		}
	}
	slices.SortStableFunc(tiles, func(a, b tile) int {
		switch {
		case a.dev < b.dev:
			return -1
		case a.dev > b.dev:
			return 1
		}
		return 0
	})
	return tiles[:min(gridTiles, len(tiles))]
}

// deviation is that of a square's brightness, by every fifth pixel each way.
func (r raster) deviation(x, y, side int) float64 {
	var n, sum, squares float64
	for v := y; v < y+side; v += 5 {
		for u := x; u < x+side; u += 5 {
			l := r.luma(u, v)
			n, sum, squares = n+1, sum+l, squares+l*l
		}
	}
	return math.Sqrt(max(0, squares/n-sum*sum/n/n))
}

// spectrum is the power of one square by frequency.
type spectrum struct {
	in, out gocv.Mat
	window  [gridTile]float64
	power   [gridTile * (gridTile/2 + 1)]float64 // rows of half a plane: the other half mirrors it
}

func newSpectrum() *spectrum {
	s := &spectrum{in: gocv.NewMatWithSize(gridTile, gridTile, gocv.MatTypeCV32F), out: gocv.NewMat()}
	for i := range s.window {
		s.window[i] = 0.5 - 0.5*math.Cos(2*math.Pi*(float64(i)+0.5)/gridTile)
	}
	return s
}

func (s *spectrum) close() {
	s.in.Close()
	s.out.Close()
}

// load takes a square's brightness through a Hann window.
func (s *spectrum) load(r raster, t tile) error {
	in, err := s.in.DataPtrFloat32()
	if err != nil {
		return fmt.Errorf("vision: spectrum: %w", err)
	}
	var mean float64
	for y := range gridTile {
		for x := range gridTile {
			l := r.luma(t.x+x, t.y+y)
			in[y*gridTile+x] = float32(l)
			mean += l / gridTile / gridTile
		}
	}
	for y := range gridTile {
		for x := range gridTile {
			in[y*gridTile+x] = float32((float64(in[y*gridTile+x]) - mean) * s.window[x] * s.window[y])
		}
	}
	if err := gocv.DFT(s.in, &s.out, gocv.DftComplexOutput); err != nil {
		return fmt.Errorf("vision: spectrum: %w", err)
	}
	out, err := s.out.DataPtrFloat32()
	if err != nil {
		return fmt.Errorf("vision: spectrum: %w", err)
	}
	const half = gridTile/2 + 1
	for y := range gridTile {
		for x := range half {
			re, im := float64(out[2*(y*gridTile+x)]), float64(out[2*(y*gridTile+x)+1])
			s.power[y*half+x] = re*re + im*im
		}
	}
	return nil
}

// strongest is the peak that stands out most from its ring.
func (s *spectrum) strongest() grid {
	const half = gridTile/2 + 1
	var rings [gridTile/ringWidth + 1][]float64
	each := func(look func(ring int, power float64)) {
		for row := range gridTile {
			y := row
			if y > gridTile/2 {
				y -= gridTile
			}
			for x := range half {
				radius := math.Hypot(float64(x), float64(y))
				if radius >= gridLeast*gridTile && !ofBlocks(x, y) {
					look(int(radius)/ringWidth, s.power[row*half+x])
				}
			}
		}
	}
	each(func(ring int, power float64) { rings[ring] = append(rings[ring], power) })
	var usual [len(rings)]float64
	for i := range rings {
		usual[i] = quantile(rings[i], 0.5)
	}
	best, peak := 0.0, 0.0
	each(func(ring int, power float64) {
		// Less than the rounding to grey levels is no pattern.
		if ratio := power / (usual[ring] + roundingPower); ratio > best {
			best, peak = ratio, power
		}
	})
	// A sine of amplitude a has the power (a/2 × the window's sum)² at its peak.
	return grid{ratio: math.Log10(best + 1), swing: 2 * math.Sqrt(peak) / (gridTile * gridTile / 4)}
}

// roundingPower is the spectrum of rounding to whole grey levels: a variance of 1/12 through two Hann windows.
const roundingPower = gridTile * gridTile * 3.0 / 8 * 3 / 8 / 12

// ofBlocks says whether a step of frequency belongs to JPEG's blocks of 8 pixels.
func ofBlocks(x, y int) bool {
	const step = gridTile / 8
	on := func(v int) bool { m := (v%step + step) % step; return m <= 1 || m == step-1 }
	return x <= 1 && on(y) || max(y, -y) <= 1 && on(x)
}
