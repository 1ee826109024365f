package evaluation

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"realname/imaging"
)

// plainLettering is the one that every machine has: Go's own font.
func plainLettering(t *testing.T) *Lettering {
	t.Helper()
	l, err := NewLettering(filepath.Join(t.TempDir(), "absent.ttc"))
	if err != nil || l.Chinese() {
		t.Fatalf("without a Chinese font: Chinese is %v, %v", l.Chinese(), err)
	}
	return l
}

func annotated(t *testing.T, img image.Image, report imaging.Report, reveal bool) *image.RGBA {
	t.Helper()
	dst, err := Annotate(plainLettering(t), img, report, reveal)
	if err != nil {
		t.Fatal(err)
	}
	return dst
}

func TestAnnotateMarksPlaces(t *testing.T) {
	// Twice as large as it is drawn, so that places must be scaled.
	big := image.NewGray(image.Rect(0, 0, 2*annotatedSide, 1600))
	copy(big.Pix, bytes.Repeat([]byte{0xff}, len(big.Pix)))
	box := &imaging.Box{X: 400, Y: 300, Width: 800, Height: 600}
	report := imaging.Report{Verdict: imaging.Reject, Width: 2 * annotatedSide, Height: 1600, Reasons: []imaging.Reason{
		{Code: imaging.ReasonNumberMismatch, Place: box}, {Code: imaging.ReasonNotADocument}, {Code: imaging.ReasonBlurred, Place: box},
	}}
	dst := annotated(t, big, report, true)
	red, white := colourOf(imaging.Reject), color.RGBA{0xff, 0xff, 0xff, 0xff}
	for _, c := range []struct {
		why  string
		x, y int
		want color.RGBA
	}{
		{"the left edge", 201, 400, red}, {"the lower edge", 400, 448, red}, {"the right edge", 598, 300, red},
		{"inside", 400, 300, white}, {"outside", 190, 300, white}, {"the verdict's banner", annotatedSide + panelWidth - 5, 5, red},
	} {
		if got := dst.RGBAAt(c.x, c.y); got != c.want {
			t.Errorf("%s: %v", c.why, got)
		}
	}
}

func TestAnnotateVeils(t *testing.T) {
	img := stripes(400, 250, 6)
	report := imaging.Report{Verdict: imaging.Accept, Width: 400, Height: 250}
	crop := image.Rect(0, 0, 400, 250)
	if got := contrast(annotated(t, img, report, false).SubImage(crop)); got > 64 {
		t.Errorf("unasked, steps of %d are seen", got)
	}
	if got := contrast(annotated(t, img, report, true).SubImage(crop)); got != 255 {
		t.Errorf("revealed, steps of %d are seen", got)
	}
}

func TestPanelTellsReadingsOnlyWhenAsked(t *testing.T) {
	report := imaging.Report{
		Verdict: imaging.Reject, Class: imaging.ClassResidentFront, NumberAgreement: imaging.Disagrees, NameAgreement: imaging.NotCompared,
		Fields:  imaging.Fields{Number: specimenNumber, Name: specimenName},
		Reasons: []imaging.Reason{{Code: imaging.ReasonNumberMismatch, Value: 0.97, Threshold: 0.5}},
	}
	text := func(l *Lettering, reveal bool) string {
		lines, err := panelLines(l, report, reveal)
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for _, line := range lines {
			fmt.Fprintln(&b, line.text)
		}
		return b.String()
	}
	l := plainLettering(t)
	hidden, open := text(l, false), text(l, true)
	if strings.Contains(hidden, specimenNumber) || strings.Contains(hidden, specimenName) {
		t.Errorf("unasked: %s", hidden)
	}
	for _, want := range []string{"number: read, hidden, claim: disagrees", "1 number_mismatch 0.97 (threshold 0.5)", "name: read, hidden, no claim"} {
		if !strings.Contains(strings.Join(strings.Fields(hidden), " "), want) {
			t.Errorf("lacks %q: %s", want, hidden)
		}
	}
	if !strings.Contains(open, specimenNumber) || !strings.Contains(open, "no Chinese font") {
		t.Errorf("revealed without a Chinese font: %s", open)
	}
	chinese, err := NewLettering(ChineseFont)
	if err != nil {
		t.Fatal(err)
	}
	if !chinese.Chinese() {
		if os.Getenv("REALNAME_REQUIRE_SERVICES") != "" {
			t.Fatal("make setup installs fonts-noto-cjk, and it is not there")
		}
		t.Skip("fonts-noto-cjk is not installed")
	}
	if got := text(chinese, true); !strings.Contains(got, specimenName) || !strings.Contains(got, "号码") {
		t.Errorf("revealed: %s", got)
	}
}

func TestWrap(t *testing.T) {
	p, err := plainLettering(t).pen(image.NewRGBA(image.Rectangle{}), 20)
	if err != nil {
		t.Fatal(err)
	}
	const text = "No document was proved in the picture: card, layout, portrait and number were not found"
	lines := p.wrap(text, 200)
	for _, line := range lines {
		if p.width(line) > 200 {
			t.Errorf("%q is %d wide", line, p.width(line))
		}
	}
	if strings.Join(lines, " ") != text {
		t.Errorf("got %q", lines)
	}
	if long := p.wrap(strings.Repeat("m", 60), 200); len(long) < 4 || strings.Join(long, "") != strings.Repeat("m", 60) {
		t.Errorf("a word wider than the line: %q", long)
	}
	if got := p.cut(text, 100); p.width(got) > 100 || !strings.HasSuffix(got, "…") {
		t.Errorf("cut to %q", got)
	}
}

func TestSheets(t *testing.T) {
	files := map[string]string{}
	picture := string(encoded(t, stripes(60, 90, 3), true))
	for i := range sheetColumns*sheetRows + 5 {
		files[fmt.Sprintf("cartoon/%03d.png", i)] = picture
	}
	files["photo/gone.jpg"], files["photo/bad.jpg"] = "down", imaging.UploadCorrupt
	checker := scripted{map[string]imaging.Report{picture: {Class: imaging.ClassDrawing, Verdict: imaging.Reject, Reasons: []imaging.Reason{{Code: imaging.ReasonNotADocument}}}}}
	var got []string
	err := Sheets(plainLettering(t), outcomesOf(t, checker, files), false, func(s Sheet) error {
		got = append(got, fmt.Sprintf("%s %d: %d", s.FileName(), s.Page, s.Items))
		if c := s.Image.RGBAAt(4, 60); s.Class == imaging.ClassDrawing && c != colourOf(imaging.Reject) {
			t.Errorf("the frame is %v", c)
		}
		return nil
	})
	want := "drawing.jpg 1: 120, drawing-2.jpg 2: 5, image_corrupt.jpg 1: 1, photo_check_unavailable.jpg 1: 1, wrong.jpg 1: 2"
	if joined := strings.Join(got, ", "); err != nil || joined != want {
		t.Errorf("got %s, %v", joined, err)
	}
}

// A class comes from another process, and becomes the name of a file.
func TestSheetNameStaysInItsFolder(t *testing.T) {
	if got := (Sheet{Class: "../../etc/x", Page: 1}).FileName(); got != "______etc_x.jpg" {
		t.Errorf("got %q", got)
	}
}

func TestAnnotateOutlinesWhatWasFound(t *testing.T) {
	img := image.NewGray(image.Rect(0, 0, 1000, 700))
	report := imaging.Report{
		Verdict: imaging.Review, Width: 1000, Height: 700,
		Quad: &imaging.Quad{{X: 100, Y: 100}, {X: 900, Y: 150}, {X: 900, Y: 650}, {X: -200, Y: 600}},
		Zones: []imaging.Zone{
			{Part: imaging.PartBirth, Quad: imaging.Quad{{X: 300, Y: 300}, {X: 500, Y: 300}, {X: 500, Y: 340}, {X: 300, Y: 340}}, Text: "19900101"},
			{Part: imaging.PartAddress},
		},
		Examinations: []imaging.Examination{{Step: imaging.StepCard, Execution: imaging.Executed}, {Step: imaging.StepNumber, Execution: imaging.NotExecuted}},
	}
	dst := annotated(t, img, report, true)
	for _, c := range []struct {
		why  string
		x, y int
		want color.RGBA
	}{
		{"the card's upper edge", 500, 125, cardColour}, {"its right edge", 900, 400, cardColour}, {"the zone's lower edge", 400, 340, zoneColour},
	} {
		if got := dst.RGBAAt(c.x, c.y); got != c.want {
			t.Errorf("%s: %v", c.why, got)
		}
	}
	for reveal, want := range map[bool]string{false: "birth: read, hidden", true: "birth: 19900101"} {
		lines, err := panelLines(plainLettering(t), report, reveal)
		if err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		for _, line := range lines {
			fmt.Fprintln(&text, line.text)
		}
		for _, w := range []string{want, "address: not read", "not executed: number\n"} {
			if !strings.Contains(text.String(), w) {
				t.Errorf("reveal %v lacks %q: %s", reveal, w, text.String())
			}
		}
		if !reveal && strings.Contains(text.String(), "1990") {
			t.Error("a reading shows unasked")
		}
	}
	// A corner that a broken worker tells at the end of the world does not take for ever.
	report.Quad[1] = imaging.Point{X: 1e300, Y: -1e300}
	annotated(t, img, report, false)
}
