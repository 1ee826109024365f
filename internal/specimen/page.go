package specimen

import (
	"image"
	"image/color"
	"math/rand/v2"
)

// pageText is what pages are set from: sentences of our own that mean little.
var pageText = []rune("本页文字只为试验而写没有任何含义读者不必寻找其中的道理清晨的河面上有薄雾船家慢慢收起竹篙岸边的孩子数着经过的鸟儿" +
	"午后下过一场小雨屋檐滴水的声音传得很远到了傍晚集市散去只剩下几盏灯和一条安静的街第二天人们又从头开始说起昨天的事情")

// Page draws a page of printed text on w × h pixels: a document, but no card.
// Errors are those of the fonts.
func Page(rng *rand.Rand, w, h int) (*image.RGBA, error) {
	face, err := pick(rng, []func() (*Font, error){sans, serif})()
	if err != nil {
		return nil, err
	}
	e := newEasel(w, h)
	e.flood(rgb{250, 249, 245}.scale(between(rng, 0.93, 1.02)).opaque())
	t := newTypesetter(e.img)
	margin := float64(w) * between(rng, 0.07, 0.12)
	em := float64(w) * between(rng, 0.018, 0.030)
	ink := color.RGBA{30, 30, 34, 255}
	if _, err := t.line(run(rng, 6+rng.IntN(6)), margin*1.6, margin+em, textStyle{face: face, em: em * 1.7, ink: ink}); err != nil {
		return nil, err
	}
	columns := int((float64(w) - 2*margin) / em)
	for y := margin + 4*em; y < float64(h)-margin; y += em * 1.7 {
		text := run(rng, columns)
		if rng.IntN(5) == 0 { // the last line of a paragraph
			text = run(rng, 1+rng.IntN(columns))
		}
		if _, err := t.line(text, margin, y, textStyle{face: face, em: em, ink: ink}); err != nil {
			return nil, err
		}
	}
	return e.img, nil
}

// run takes n characters from a random place of the text, round its end.
func run(rng *rand.Rand, n int) string {
	start := rng.IntN(len(pageText))
	out := make([]rune, n)
	for i := range out {
		out[i] = pageText[(start+i)%len(pageText)]
	}
	return string(out)
}
