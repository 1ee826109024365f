//go:build vision

package vision

import (
	_ "embed"
	"fmt"
	"image"
	"slices"

	"gocv.io/x/gocv"

	"realname/verify/idnumber"
)

// The nets that read the front's fixed print where it must stand; train/rows.py made them.
var (
	//go:embed weights/digits.onnx
	digitWeights []byte
	//go:embed weights/labels.onnx
	labelWeights []byte
)

// What the two nets see and say, as DIGITS, KEYS, LABELS and NAMES in rows.py.
var (
	digitSize  = image.Pt(352, 40) // 6.5 pixels a millimetre
	digitKeys  = []rune("0123456789X")
	digitSteps = 88
	labelSize  = image.Pt(64, 40) // 7 pixels a millimetre
	labelNames = []string{"", "姓名", "性别", "民族", "出生", "住址", "号码", "男", "女"}
)

// Thresholds of the labels net.
const (
	sureLabel = 0.85 // probability of a label in its place
)

// stand is a place on the card and the label, by its index in labelNames, that stands there.
type stand struct {
	at    point
	label int
}

// frontStands are the middles of the front's six labels.
var frontStands = []stand{
	{point{8.85, nameRow}, 1}, {point{8.85, sexRow}, 2}, {point{29.35, sexRow}, 3},
	{point{8.85, birthRow}, 4}, {point{8.85, addressRow}, 5}, {point{20.7, numberRow}, 6},
}

// sexStand is the middle of what stands behind 性别.
var sexStand = point{17.45, sexRow}

// The rows that hold digits.
var (
	numberStrip = strip(26.5, numberRow)
	birthStrip  = strip(14.2, birthRow)
)

// birthEnds is where the birth's strip, in shares of its length, leaves the row for the portrait.
const birthEnds = 0.6

func strip(left, row float64) quad {
	const perMM = 6.5
	half := float64(digitSize.Y) / perMM / 2
	return zone(left, row-half, left+float64(digitSize.X)/perMM, row+half)
}

// printReader reads the fixed print of a front whose corners are known.
type printReader struct{ digits, labels *net }

// row reads the digits of one strip; glyphs have their places along it.
func (r *printReader) row(mat gocv.Mat, m *cardMap, zone quad) (line, error) {
	l := line{place: m.imageQuad(zone)}
	in := r.digits.input(digitSize.X * digitSize.Y)
	if err := greyCut(in, mat, l.place, digitSize); err != nil {
		return l, err
	}
	out, _, err := r.digits.run(in, 1, 1, int64(digitSize.Y), int64(digitSize.X))
	if err != nil {
		return l, err
	}
	classes := len(digitKeys) + 1
	if len(out) != digitSteps*classes {
		return l, fmt.Errorf("vision: digits net answered with %d values, want %d", len(out), digitSteps*classes)
	}
	last := 0
	for t := range digitSteps {
		row := out[t*classes : (t+1)*classes]
		best := strongest(row, nil)
		conf, at := float64(row[best]), (float64(t)+0.5)/float64(digitSteps)
		if n := len(l.glyphs); best != 0 && best == last {
			if g := &l.glyphs[n-1]; conf > g.conf {
				g.conf, g.at = conf, at
			}
		} else if best != 0 {
			l.glyphs = append(l.glyphs, glyph{r: digitKeys[best-1], at: at, conf: conf})
		}
		last = best
	}
	return l, nil
}

// found is what the labels net sees on a front.
type found struct {
	labels int  // of the six, in their places
	sex    rune // behind its label; 0 when unsure
}

// front looks at the places of the labels and of the sex.
func (r *printReader) front(mat gocv.Mat, m *cardMap) (found, error) {
	places := make([]point, 0, len(frontStands)+1)
	for _, s := range frontStands {
		places = append(places, s.at)
	}
	places = append(places, sexStand)
	size := labelSize.X * labelSize.Y
	in := r.labels.input(size * len(places))
	for i, at := range places {
		const perMM = 7.0
		w, h := float64(labelSize.X)/perMM/2, float64(labelSize.Y)/perMM/2
		place := m.imageQuad(zone(at.X-w, at.Y-h, at.X+w, at.Y+h))
		if err := greyCut(in[i*size:(i+1)*size], mat, place, labelSize); err != nil {
			return found{}, err
		}
	}
	out, _, err := r.labels.run(in, int64(len(places)), 1, int64(labelSize.Y), int64(labelSize.X))
	if err != nil {
		return found{}, err
	}
	if len(out) != len(labelNames)*len(places) {
		return found{}, fmt.Errorf("vision: labels net answered with %d values, want %d", len(out), len(labelNames)*len(places))
	}
	var f found
	for i, s := range frontStands {
		if above(float64(out[i*len(labelNames)+s.label]), sureLabel) {
			f.labels++
		}
	}
	sexes := out[len(frontStands)*len(labelNames):]
	for i, name := range labelNames {
		if (name == "男" || name == "女") && above(float64(sexes[i]), sureLabel) {
			f.sex = []rune(name)[0]
		}
	}
	return f, nil
}

// greyCut writes what stands inside place as a straight grey picture in 0..1.
func greyCut(out []float32, mat gocv.Mat, place quad, size image.Point) error {
	small, err := reduced(mat, place, size)
	if err != nil {
		return err
	}
	defer small.Close()
	r, err := rasterOf(small)
	if err != nil {
		return err
	}
	for i := range out {
		p := r.px[3*i:][:3]
		out[i] = (0.114*float32(p[0]) + 0.587*float32(p[1]) + 0.299*float32(p[2])) / 255
	}
	return nil
}

// tellsItself says whether the printed birth and sex are those inside the
// number: who alters a number seldom alters all three.
func (r *printReader) tellsItself(mat gocv.Mat, m *cardMap, number *idnumber.Result, sex rune) (bool, error) {
	told := map[idnumber.Sex]rune{idnumber.Male: '男', idnumber.Female: '女'}[number.Sex]
	if told == 0 || sex != told {
		return false, nil
	}
	birth, err := r.row(mat, m, birthStrip)
	if err != nil {
		return false, err
	}
	birth.glyphs = slices.DeleteFunc(birth.glyphs, func(g glyph) bool { return g.at > birthEnds })
	b := number.Birth
	return above(birth.weakest(), fairGlyph) && birth.text() == fmt.Sprintf("%d%d%d", b.Year, b.Month, b.Day), nil
}
