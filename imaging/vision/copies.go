//go:build vision

package vision

// chroma is how colourful the straightened card is: by which share of full
// scale its most coloured twentieth departs from the ground's own colour. The
// ground's median stands for white, so that the colour of the light does not count.
func (r raster) chroma() float64 {
	n := len(r.px) / 3
	var levels [3][256]int
	for i, v := range r.px {
		levels[i%3][v]++
	}
	var share [3][256]float64
	for c := range levels {
		ground := max(1, float64(reached(levels[c][:], n/2)))
		for v := range share[c] {
			share[c][v] = float64(v) / ground
		}
	}
	// Sorting would take longer than all else here.
	const steps = 1000
	var spread [steps + 1]int
	for i := 0; i+2 < len(r.px); i += 3 {
		b, g, red := share[0][r.px[i]], share[1][r.px[i+1]], share[2][r.px[i+2]]
		spread[min(steps, int(steps*(max(b, g, red)-min(b, g, red))))]++
	}
	return float64(reached(spread[:], n*19/20)) / steps
}

// reached is the first bin by which more than n values are counted.
func reached(bins []int, n int) int {
	for i, k := range bins {
		if n -= k; n < 0 {
			return i
		}
	}
	return len(bins) - 1
}

// flatBlock is the side of what is looked at for one exact colour, in pixels: JPEG codes such blocks apart.
const flatBlock = 8

// flatSpread is how far the values of one exact colour may lie apart, for the rounding of JPEG.
const flatSpread = 1

// surroundings is what a picture has around the card.
type surroundings struct {
	one   float64 // share that is of one exact colour, over all blocks around the card
	burnt bool    // that colour is white, as over-exposed ground is too
	share float64 // of the picture that lies around the card
}

// around looks for ground that no lens has seen: of one exact colour wherever
// it is, without noise and without the fall of light.
func (r raster) around(card quad) surroundings {
	card = card.grown(0.04) // its shadow and the error of its corners
	colours := map[[3]byte]int{}
	blocks, outside, top := 0, 0, 0
	var most [3]byte
	// One block of four is enough to go by.
	for y := 0; y+flatBlock <= r.h; y += 2 * flatBlock {
		for x := 0; x+flatBlock <= r.w; x += 2 * flatBlock {
			blocks++
			if card.holds(point{float64(x) + flatBlock/2, float64(y) + flatBlock/2}) {
				continue
			}
			outside++
			if c, ok := r.flat(x, y); ok {
				colours[c]++
				if colours[c] > top {
					top, most = colours[c], c
				}
			}
		}
	}
	if outside == 0 {
		return surroundings{}
	}
	same := 0
	for c, n := range colours {
		if near(c[0], most[0]) && near(c[1], most[1]) && near(c[2], most[2]) {
			same += n
		}
	}
	return surroundings{
		one: float64(same) / float64(outside), burnt: min(most[0], most[1], most[2]) >= 250,
		share: float64(outside) / float64(blocks),
	}
}

func near(a, b byte) bool { return max(a, b)-min(a, b) <= flatSpread }

// flat is the colour of a block that has only one.
func (r raster) flat(x, y int) ([3]byte, bool) {
	lo, hi := [3]byte{255, 255, 255}, [3]byte{}
	for v := y; v < y+flatBlock; v++ {
		row := r.px[3*(v*r.w+x):][:3*flatBlock]
		for i := 0; i < len(row); i += 3 {
			for c, p := range row[i : i+3] {
				lo[c], hi[c] = min(lo[c], p), max(hi[c], p)
			}
		}
		if max(hi[0]-lo[0], hi[1]-lo[1], hi[2]-lo[2]) > flatSpread {
			return lo, false
		}
	}
	return lo, true
}

// oneColour is the share of a place's blocks that have one exact colour, the same one, short of white.
func (r raster) oneColour(place quad) float64 {
	colours := map[[3]byte]int{}
	n, top := 0, 0
	box := place.box(1, r.w, r.h)
	if box == nil {
		return 0
	}
	// JPEG's blocks begin at multiples of their side.
	for y := box.Y / flatBlock * flatBlock; y+flatBlock <= min(r.h, box.Y+box.Height); y += flatBlock {
		for x := box.X / flatBlock * flatBlock; x+flatBlock <= min(r.w, box.X+box.Width); x += flatBlock {
			if !place.holds(point{float64(x) + flatBlock/2, float64(y) + flatBlock/2}) {
				continue
			}
			n++
			if c, ok := r.flat(x, y); ok && min(c[0], c[1], c[2]) < burntLevel {
				colours[c]++
				top = max(top, colours[c])
			}
		}
	}
	if n == 0 {
		return 0
	}
	return float64(top) / float64(n)
}
