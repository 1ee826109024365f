package specimen

import (
	"image"
	"image/color"
	"sync"
)

// Style is how a document was printed. The zero Style is that of Card and Back.
type Style struct {
	Text   *Font      // labels and values; nil is Noto Sans CJK
	Title  *Font      // titles of backs and of the other documents; nil is Noto Serif CJK
	Digits *Font      // numbers and machine-readable zones; nil is OCR-B
	Paper  int        // which ground is printed on: 0 to Papers-1
	Emblem int        // which stand-in for the state emblem: 0 to 3
	Labels color.RGBA // ink of labels; zero is the card's blue
	Worn   float64    // how far the ink has faded: 0 new, 1 gone grey
	Shift  Point      // error of register of all text, in millimetres
	Mirror bool       // portrait on the other side, where the layout of a document is not known to us for certain
}

// Papers is how many grounds each kind of document has.
const Papers = 8

// papers keeps what was printed last: a ground takes longer than all else on a card.
var papers = struct {
	sync.Mutex
	kept map[paperKey]*image.RGBA
}{kept: map[paperKey]*image.RGBA{}}

type paperKey struct {
	w, h   int
	ground string
	paper  int
}

// papersKept bounds the memory of kept grounds: about 4 MB each.
const papersKept = 12

// groundTints are the colours of each kind of ground from left to right.
var groundTints = map[string][]rgb{
	"front":     frontTints,
	"back":      backTints,
	"permit":    {{214, 232, 226}, {236, 236, 226}, {244, 234, 222}, {230, 236, 228}, {214, 230, 234}},
	"foreign":   {{226, 222, 240}, {240, 228, 232}, {246, 238, 218}, {232, 232, 240}, {216, 226, 244}},
	"passport":  {{240, 226, 218}, {236, 236, 222}, {218, 234, 228}, {226, 230, 240}, {240, 228, 224}},
	"temporary": {{206, 226, 206}, {226, 238, 220}, {236, 240, 222}, {220, 234, 214}, {204, 224, 208}},
	"licence":   {{236, 240, 240}, {240, 240, 236}, {238, 242, 242}, {236, 240, 236}, {238, 240, 240}},
}

// ground is the paper of one kind, w × h pixels, in one of its variants.
// Variant 0 of front and back is what Card and Back print on.
func ground(w, h int, kind string, paper int) *image.RGBA {
	paper = max(paper, 0) % Papers
	if paper == 0 && w == CardWidth && h == CardHeight {
		switch kind {
		case "front":
			return frontPaper()
		case "back":
			return backPaper()
		}
	}
	key := paperKey{w, h, kind, paper}
	papers.Lock()
	defer papers.Unlock()
	if img, ok := papers.kept[key]; ok {
		return img
	}
	if len(papers.kept) >= papersKept {
		clear(papers.kept)
	}
	img := printPaper(w, h, variant(groundTints[kind], paper), 2.1+1.7*float64(paper))
	papers.kept[key] = img
	return img
}

// variant shifts tints in lightness and warmth and turns their order.
func variant(tints []rgb, paper int) []rgb {
	out := make([]rgb, len(tints))
	light, warm := 1-0.015*float64(paper%4), 2.5*float64(paper/2%3-1)
	for i := range tints {
		from := i
		if paper%2 == 1 {
			from = len(tints) - 1 - i
		}
		c := tints[from].scale(light)
		out[i] = rgb{c.r + warm, c.g, c.b - warm}
	}
	return out
}
