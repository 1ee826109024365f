//go:build vision

package vision

import (
	"strings"
	"testing"

	"realname/verify/idnumber"
)

// glyphsOf are characters surely read.
func glyphsOf(text string) []glyph {
	var out []glyph
	for _, r := range text {
		out = append(out, glyph{r: r, conf: 1})
	}
	return out
}

func TestDatesOfAPassportsPage(t *testing.T) {
	for said, want := range map[string]string{
		"24NOV2016": "2016-11-24", "2411NOV2016": "2016-11-24", "0101JAN1990": "1990-01-01", "11JAN1990": "1990-01-11",
		"1JAN1990": "1990-01-01", "123MAR1985": "1985-03-12", "O70CT1985": "1985-10-07", "2ON0V20I6": "2016-11-20",
		"30FEB2000": "", "29FEB1900": "", "24XYZ2016": "", "NOV2016": "", "333MAR1985": "", "123456789": "",
	} {
		if got := pageDate(glyphsOf(said)); got != want {
			t.Errorf("%s: %q, want %q", said, got, want)
		}
	}
}

func TestSexOfAPassportsPage(t *testing.T) {
	for said, want := range map[string]string{"M": "male", "男M": "male", "女F": "female", "男F": "", "": ""} {
		if got := pageSex(glyphsOf(said)); got != want {
			t.Errorf("%s: %q, want %q", said, got, want)
		}
	}
}

// ICAO's specimen (Doc 9303 part 4): its number's last digits made to be misread.
const specimenZone = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"

func zoneOf(text string, faint string) *zoneRead {
	first, second, _ := strings.Cut(text, "\n")
	z := &zoneRead{text: [2]string{first, second}}
	for i := range second {
		z.surest[1][i] = 0.9
		if i < len(faint) && faint[i] == '?' {
			z.surest[1][i] = 0.1
		}
	}
	return z
}

// A spelling may differ where the reader cannot know better, and nowhere else.
func TestSpellingsOfAZone(t *testing.T) {
	on := idnumber.Date{Year: 2010, Month: 1, Day: 1}
	empty := "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159<<<<<<<<<<<<<<<8"
	at := func(s string, i int, c string) string { return s[:i] + c + s[i+1:] }
	second := strings.Index(empty, "\n") + 1
	faint := strings.Repeat(" ", 30) + "?"
	for _, c := range []struct {
		why, text, faint string
		valid            bool
	}{
		{"as it is", specimenZone, "", true},
		{"O for 0 in the number", at(specimenZone, second+5, "O"), "", true},
		{"a faint character between fillers", at(empty, second+30, "4"), faint, true},
		{"a sure character between fillers", at(empty, second+30, "4"), "", false},
		{"a faint digit of the number", at(empty, second+3, "7"), "   ?", false},
		{"a faint digit of the birth", at(empty, second+15, "5"), strings.Repeat(" ", 15) + "?", false},
		{"a faint check digit", at(empty, second+43, "1"), strings.Repeat(" ", 43) + "?", false},
	} {
		m := zoneOf(c.text, c.faint).mrz(on)
		if valid := m.Status != idnumber.Invalid; valid != c.valid {
			t.Errorf("%s: valid %v", c.why, valid)
		}
	}
}

// Where only letters may stand, a zero is an O; where both may, it is what it looks like.
func TestTwinsGoByTheGrammar(t *testing.T) {
	c := cells{first: 0.01, last: 0.99}
	seen := func(cell int, symbol byte, p float32) column {
		probs := make([]float32, zoneSymbols)
		probs[strings.IndexByte(zoneAlphabet, symbol)] = p
		return column{at: c.at(float64(cell)), probs: probs}
	}
	readings := [][]column{
		{seen(0, '0', 0.9), seen(12, '0', 0.9), seen(14, 'O', 0.9), seen(20, '0', 0.9), seen(30, '4', 0.12)},
		{seen(0, '0', 0.8), seen(12, '0', 0.8), seen(14, 'O', 0.8)},
	}
	text, surest := c.read(readings, zoneGrammar[1])
	if text[0] != '0' || text[12] != 'O' || text[14] != '0' || text[20] != '<' {
		t.Errorf("read %q", text)
	}
	if text[30] != '<' || surest[30] != 0 {
		t.Error("what one reading of two faintly sees is there")
	}
}

// The detector loses the fillers at a line's end: its pitch tells how far the line goes on.
func TestZoneIsFoundWithoutItsFillers(t *testing.T) {
	row := func(text string, shown int, y float64) line {
		l := line{place: quad{{0, y}, {25 * float64(shown), y}, {25 * float64(shown), y + 30}, {0, y + 30}}}
		for i, r := range text[:shown] {
			l.glyphs = append(l.glyphs, glyph{r: r, at: (float64(i) + 0.5) / float64(shown), conf: 1})
		}
		return l
	}
	first, second, _ := strings.Cut(specimenZone, "\n")
	whole, ok := findZone([]line{row(first, 44, 0), row(second, 44, 60)})
	if !ok || !whole.upward || whole.reach > 1.01 {
		t.Errorf("whole: %v, reach %.2f", ok, whole.reach)
	}
	cut, ok := findZone([]line{row(first, 22, 0), row(second, 37, 60)})
	if !ok || cut.lines[0].width() < 24*37 {
		t.Fatalf("cut short: %v", ok)
	}
	if got := cut.lines[0].width() * cut.reach; got < 43.5*25 || got > 44.5*25 {
		t.Errorf("goes on for %.0f pixels, want %d", got, 44*25)
	}
	if _, ok := findZone([]line{row(first, 16, 0), row(second, 14, 60)}); ok {
		t.Error("two short lines are a zone")
	}
}
