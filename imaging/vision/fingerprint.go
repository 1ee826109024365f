//go:build vision

package vision

import (
	"image"
	"math"
	"sort"

	"gocv.io/x/gocv"

	"realname/imaging"
)

// Fingerprints are looked at on the card with a rim of what lies around it,
// brought to one size. The lengths are millimetres of the card.
const (
	rim       = 12.0
	viewScale = 4.0 // pixels a millimetre
	rimGuard  = 1.5 // of the rim beside the card: its edge and shadow are on every picture

	leastRimSeen     = 0.60  // of the rim's cells that must lie on the picture
	leastRimContrast = 0.030 // mean deviation there, in natural logarithms of brightness: a bare table is nobody's template
)

// patch is a small picture in floating point.
type patch struct {
	w, h int
	v    []float64
}

func newPatch(w, h int) patch { return patch{w, h, make([]float64, w*h)} }

// waves are the spatial frequencies that a fingerprint is made of: the lowest
// that are not below least half periods a centimetre.
type waves struct {
	uv [][2]int
}

const waveCount = 128 // one a bit

func newWaves(widthMM, heightMM, least float64) waves {
	type wave struct {
		uv [2]int
		r  float64
	}
	var all []wave
	for u := range 60 {
		for v := range 60 {
			r := math.Hypot(float64(u)/widthMM, float64(v)/heightMM) * 10
			if u+v > 0 && r >= least {
				all = append(all, wave{[2]int{u, v}, r})
			}
		}
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].r < all[j].r })
	out := waves{uv: make([][2]int, waveCount)}
	for i := range out.uv {
		out.uv[i] = all[i].uv
	}
	return out
}

// What the fingerprints are of, in millimetres, and the cells that they are reduced to.
var (
	cardView      = zone(1.8, 1.8, 83.8, 52.2)
	portraitView  = zone(55, 7.8, 79, 37.8) // within the portrait, away from its rim
	rimView       = zone(-rim, -rim, cardWidth+rim, cardHeight+rim)
	cardWaves     = newWaves(82, 50, 2.0)
	portraitWaves = newWaves(24, 30, 0.9)
	rimWaves      = newWaves(cardWidth+2*rim, cardHeight+2*rim, 0.25)

	// commonZones hold what is printed on every card.
	commonZones = []quad{
		zone(4.9, 6.3, 12.9, 10.5), zone(4.9, 13.3, 12.9, 17.5), zone(25.8, 13.3, 33.2, 17.5), zone(4.9, 20, 12.9, 24.2),
		zone(4.9, 27.1, 12.9, 31.3), zone(4.9, 44, 24.5, 48.4), zone(24, 20, 28, 24.2), zone(32.5, 20, 36.6, 24.2), zone(41, 20, 45.4, 24.2),
	}
)

// fingerprints of the front of a card. Print places a card to a millimetre or
// two, which is too little here: its edges are looked for once more.
func fingerprints(mat gocv.Mat, card *cardMap) (*imaging.Fingerprints, error) {
	outline, _ := sharpened(mat, card.imageQuad(wholeCard), sideReach)
	sharp := mapOnto(outline)
	if sharp == nil {
		sharp = card
	}
	view, err := viewOf(mat, sharp)
	if err != nil {
		return nil, err
	}
	out := &imaging.Fingerprints{
		Version:  imaging.FingerprintVersion,
		Card:     cardWaves.hash(cardPatch(view)),
		Portrait: portraitWaves.hash(view.cells(portraitView, 24, 30).levelled(6, 0.05)),
	}
	if p, ok := rimPatch(view, sharp, mat.Cols(), mat.Rows()); ok {
		h := rimWaves.hash(p)
		out.Template = &h
	}
	return out, nil
}

// viewOf is the brightness of the card with its rim, at viewScale.
func viewOf(mat gocv.Mat, card *cardMap) (patch, error) {
	size := image.Pt(int(math.Round((cardWidth+2*rim)*viewScale)), int(math.Round((cardHeight+2*rim)*viewScale)))
	// Twice as fine first, as in reduced.
	fine, err := warp(mat, card.imageQuad(rimView), size.Mul(2))
	if err != nil {
		return patch{}, err
	}
	defer fine.Close()
	pixels, err := rasterOf(fine)
	if err != nil {
		return patch{}, err
	}
	out := newPatch(size.X, size.Y)
	for y := range out.h {
		for x := range out.w {
			out.v[y*out.w+x] = (pixels.luma(2*x, 2*y) + pixels.luma(2*x+1, 2*y) + pixels.luma(2*x, 2*y+1) + pixels.luma(2*x+1, 2*y+1)) / 4
		}
	}
	return out, nil
}

// cells are the means of a zone of a view, in w by h cells.
func (p patch) cells(z quad, w, h int) patch {
	across := shares(z[0].X+rim, z[1].X+rim, w, p.w)
	down := shares(z[0].Y+rim, z[3].Y+rim, h, p.h)
	out := newPatch(w, h)
	for j, rows := range down {
		for i, columns := range across {
			sum, weight := 0.0, 0.0
			for _, r := range rows {
				for _, c := range columns {
					sum += p.v[r.at*p.w+c.at] * r.share * c.share
					weight += r.share * c.share
				}
			}
			out.v[j*w+i] = sum / weight
		}
	}
	return out
}

// share is how much of one pixel belongs to a cell.
type share struct {
	at    int
	share float64
}

// shares divides the way from a to b, in millimetres of the view, into n cells.
func shares(a, b float64, n, limit int) [][]share {
	out := make([][]share, n)
	for i := range out {
		from, to := (a+(b-a)*float64(i)/float64(n))*viewScale, (a+(b-a)*float64(i+1)/float64(n))*viewScale
		for x := int(from); float64(x) < to && x < limit; x++ {
			out[i] = append(out[i], share{x, math.Min(to, float64(x+1)) - math.Max(from, float64(x))})
		}
	}
	return out
}

// cardPatch is the card without what is printed on every one.
func cardPatch(view patch) patch {
	const w, h = 82, 50
	p := view.cells(cardView, w, h).levelled(5, 0.08)
	left, top := cardView[0].X, cardView[0].Y
	for _, z := range commonZones {
		for y := int(z[0].Y - top); y <= int(z[3].Y-top); y++ {
			for x := int(z[0].X - left); x <= int(z[1].X-left); x++ {
				p.v[y*w+x] = 0
			}
		}
	}
	return p
}

// rimPatch is what lies around the card; false when that says nothing.
func rimPatch(view patch, card *cardMap, width, height int) (patch, bool) {
	const w, h = 55, 39
	p := view.cells(rimView, w, h)
	seen := make([]bool, w*h)
	sum, n, all := 0.0, 0.0, 0.0
	for j := range h {
		for i := range w {
			at := point{(float64(i)+0.5)/w*(cardWidth+2*rim) - rim, (float64(j)+0.5)/h*(cardHeight+2*rim) - rim}
			if at.X > -rimGuard && at.Y > -rimGuard && at.X < cardWidth+rimGuard && at.Y < cardHeight+rimGuard {
				continue
			}
			all++
			if on := card.image(at); on.X >= 0 && on.Y >= 0 && on.X <= float64(width-1) && on.Y <= float64(height-1) {
				seen[j*w+i] = true
				sum += p.v[j*w+i]
				n++
			}
		}
	}
	if n < leastRimSeen*all {
		return p, false
	}
	for k := range p.v {
		if !seen[k] {
			p.v[k] = sum / n
		}
	}
	contrast := 0.0
	for k, v := range p.detrended(3).v {
		if seen[k] {
			contrast += math.Abs(v) / n
		}
	}
	p = p.levelled(3, 0.08)
	for k := range p.v {
		if !seen[k] {
			p.v[k] = 0
		}
	}
	return p, contrast >= leastRimContrast
}

// detrended is the logarithm of brightness less its mean nearby: light taken out.
func (p patch) detrended(reach int) patch {
	out := newPatch(p.w, p.h)
	for i, v := range p.v {
		out.v[i] = math.Log(v + 8)
	}
	for i, m := range out.smooth(reach).v {
		out.v[i] -= m
	}
	return out
}

// levelled is detrended in units of its deviation nearby: contrast taken out
// too. The floor keeps noise small.
func (p patch) levelled(reach int, floor float64) patch {
	out := p.detrended(reach)
	squares := newPatch(p.w, p.h)
	for i, v := range out.v {
		squares.v[i] = v * v
	}
	for i, s := range squares.smooth(reach).v {
		out.v[i] /= math.Sqrt(s) + floor
	}
	return out
}

// smooth takes the mean over a square of 2·reach+1 cells, twice.
func (p patch) smooth(reach int) patch {
	out := p
	for range 2 {
		out = out.slid(reach, 1, out.w).slid(reach, out.w, out.h)
	}
	return out
}

// slid takes the mean along one direction: of n cells that lie step apart.
func (p patch) slid(reach, step, n int) patch {
	out := newPatch(p.w, p.h)
	for i := range p.v {
		k := i / step % n
		from, to := max(0, k-reach), min(n-1, k+reach)
		sum := 0.0
		for j := from; j <= to; j++ {
			sum += p.v[i+(j-k)*step]
		}
		out.v[i] = sum / float64(to-from+1)
	}
	return out
}

// hash is the sign of every wave of the patch (a discrete cosine transform).
func (w waves) hash(p patch) imaging.Fingerprint {
	rows := map[int][]float64{} // of each horizontal frequency, by row
	var out imaging.Fingerprint
	for k, uv := range w.uv {
		across, ok := rows[uv[0]]
		if !ok {
			across = p.project(uv[0])
			rows[uv[0]] = across
		}
		sum := 0.0
		for y, v := range across {
			sum += v * math.Cos(math.Pi*float64(uv[1])*(float64(y)+0.5)/float64(p.h))
		}
		if sum > 0 {
			out[k/8] |= 1 << (k % 8)
		}
	}
	return out
}

func (p patch) project(u int) []float64 {
	wave := make([]float64, p.w)
	for x := range wave {
		wave[x] = math.Cos(math.Pi * float64(u) * (float64(x) + 0.5) / float64(p.w))
	}
	out := make([]float64, p.h)
	for y := range out {
		for x, c := range wave {
			out[y] += c * p.v[y*p.w+x]
		}
	}
	return out
}
