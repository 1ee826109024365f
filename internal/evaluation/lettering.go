package evaluation

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"os"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// ChineseFont is where Debian's fonts-noto-cjk puts the font that captions are set in.
const ChineseFont = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"

// chineseMember is Noto Sans CJK SC; the file holds one member a region, in this order: JP, KR, SC, TC, HK.
const chineseMember = 2

// Lettering writes captions on pictures.
type Lettering struct {
	font    *opentype.Font
	chinese bool
}

// NewLettering loads a font collection with Chinese, such as ChineseFont. Where
// it is not installed the lettering is in Go's own font, which has no Chinese:
// such texts are then left out.
func NewLettering(path string) (*Lettering, error) {
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		f, err := opentype.Parse(goregular.TTF)
		return &Lettering{font: f}, err
	}
	if err != nil {
		return nil, err
	}
	collection, err := opentype.ParseCollection(data)
	if err != nil {
		return nil, fmt.Errorf("evaluation: font: %w", err)
	}
	f, err := collection.Font(min(chineseMember, collection.NumFonts()-1))
	return &Lettering{font: f, chinese: true}, err
}

// Chinese says whether it can write Chinese.
func (l *Lettering) Chinese() bool { return l.chinese }

// pen writes lines of one size on one picture.
type pen struct {
	face font.Face
	dst  draw.Image
	line int // step from line to line, pixels
}

func (l *Lettering) pen(dst draw.Image, size float64) (*pen, error) {
	face, err := opentype.NewFace(l.font, &opentype.FaceOptions{Size: size, DPI: 72})
	if err != nil {
		return nil, fmt.Errorf("evaluation: font: %w", err)
	}
	return &pen{face: face, dst: dst, line: lineStep(size)}, nil
}

// lineStep is the pixels from line to line at a size in pixels.
func lineStep(size float64) int { return int(size*1.4 + 0.5) }

// write sets one line with its top left corner at the place.
func (p *pen) write(text string, at image.Point, c color.Color) {
	drawer := font.Drawer{
		Dst: p.dst, Src: image.NewUniform(c), Face: p.face,
		Dot: fixed.P(at.X, at.Y+p.line*3/4),
	}
	drawer.DrawString(text)
}

func (p *pen) width(text string) int { return font.MeasureString(p.face, text).Ceil() }

// cut shortens a text to a width in pixels.
func (p *pen) cut(text string, width int) string {
	if p.width(text) <= width {
		return text
	}
	runes := []rune(text)
	for len(runes) > 0 && p.width(string(runes)+"…") > width {
		runes = runes[:len(runes)-1]
	}
	return string(runes) + "…"
}

// wrap breaks a text into lines of a width in pixels, between words where there are any.
func (p *pen) wrap(text string, width int) []string {
	var lines []string
	var line []rune
	for _, r := range text {
		if len(line) > 0 && p.width(string(line)+string(r)) > width {
			keep := len(line)
			if space := strings.LastIndex(string(line), " "); space > 0 && r < 0x2E80 {
				keep = len([]rune(string(line)[:space]))
			}
			lines = append(lines, strings.TrimSpace(string(line[:keep])))
			line = []rune(strings.TrimLeft(string(line[keep:]), " "))
		}
		line = append(line, r)
	}
	return append(lines, strings.TrimSpace(string(line)))
}
