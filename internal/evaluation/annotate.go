package evaluation

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"strings"

	"realname/compliance"
	"realname/imaging"
)

// Measures of an annotated picture, in pixels.
const (
	annotatedSide = 1280 // of the picture at most
	panelWidth    = 560
	panelMargin   = 20
	panelText     = 19.0
)

var (
	ink   = color.RGBA{0x1f, 0x23, 0x28, 0xff}
	faint = color.RGBA{0x57, 0x60, 0x6a, 0xff}
	paper = color.RGBA{0xff, 0xff, 0xff, 0xff}
)

// Annotate draws a picture with what a report found on it: the card's outline,
// its zones, and the places of its reasons, numbered; and beside it the verdict,
// the readings, the steps that were not executed, and the reasons in Chinese and English. img is upright and of the report's size. Without reveal
// the picture is veiled and the readings are told only as read or not read.
func Annotate(l *Lettering, img image.Image, report imaging.Report, reveal bool) (*image.RGBA, error) {
	picture := Shrink(img, annotatedSide)
	if !reveal {
		picture = Veil(picture)
	}
	height := picture.Rect.Dy()
	lines, err := panelLines(l, report, reveal)
	if err != nil {
		return nil, err
	}
	if need := panelHeight(lines); need > height {
		height = need
	}
	dst := image.NewRGBA(image.Rect(0, 0, picture.Rect.Dx()+panelWidth, height))
	draw.Draw(dst, dst.Rect, image.NewUniform(paper), image.Point{}, draw.Src)
	draw.Draw(dst, picture.Rect, picture, image.Point{}, draw.Src)
	scale := float64(picture.Rect.Dx()) / float64(max(1, img.Bounds().Dx()))
	on := dst.SubImage(picture.Rect).(*image.RGBA) // nothing of the picture is drawn into the panel
	if err := markFound(l, on, report, scale); err != nil {
		return nil, err
	}
	if err := markPlaces(l, on, report, scale); err != nil {
		return nil, err
	}
	return dst, writePanel(l, dst, image.Pt(picture.Rect.Dx(), 0), report.Verdict, lines)
}

// markPlaces frames the place of each reason, with the reason's number on it. Several may share one place.
func markPlaces(l *Lettering, dst draw.Image, report imaging.Report, scale float64) error {
	type place struct {
		box     imaging.Box
		numbers []string
	}
	var places []place
next:
	for i, r := range report.Reasons {
		if r.Place == nil {
			continue
		}
		number := fmt.Sprint(i + 1)
		for j := range places {
			if places[j].box == *r.Place {
				places[j].numbers = append(places[j].numbers, number)
				continue next
			}
		}
		places = append(places, place{*r.Place, []string{number}})
	}
	p, err := l.pen(dst, panelText)
	if err != nil {
		return err
	}
	c := colourOf(report.Verdict)
	for _, place := range places {
		at := func(v int) int { return int(float64(v)*scale + 0.5) }
		r := image.Rect(at(place.box.X), at(place.box.Y), at(place.box.X+place.box.Width), at(place.box.Y+place.box.Height))
		frame(dst, r, 4, c)
		text := strings.Join(place.numbers, " ")
		tag := image.Rect(r.Min.X, r.Min.Y, r.Min.X+p.width(text)+14, r.Min.Y+p.line)
		draw.Draw(dst, tag, image.NewUniform(c), image.Point{}, draw.Src)
		p.write(text, tag.Min.Add(image.Pt(7, 0)), paper)
	}
	return nil
}

// panelLine is a line of the panel; a heading stands on a line of its own colour.
type panelLine struct {
	text   string
	colour color.RGBA
}

func panelLines(l *Lettering, report imaging.Report, reveal bool) ([]panelLine, error) {
	p, err := l.pen(image.NewRGBA(image.Rectangle{}), panelText)
	if err != nil {
		return nil, err
	}
	var lines []panelLine
	say := func(c color.RGBA, text string) {
		for _, line := range p.wrap(text, panelWidth-2*panelMargin) {
			lines = append(lines, panelLine{line, c})
		}
	}
	say(ink, fmt.Sprintf("class %s, %d × %d pixels", report.Class, report.Width, report.Height))
	say(faint, fmt.Sprintf("models %s, rules %s, %d ms", report.Models, report.Rules, report.Elapsed.Milliseconds()))
	say(ink, "number: "+reading(report.Fields.Number, report.NumberAgreement, reveal))
	say(ink, "name: "+l.legible(reading(report.Fields.Name, report.NameAgreement, reveal)))
	for _, z := range report.Zones {
		if z.Part != imaging.PartNumber && z.Part != imaging.PartName { // told above, with their claims
			say(zoneColour, l.legible(zoneLine(z, reveal)))
		}
	}
	if steps := missing(report); len(steps) > 0 {
		say(ink, "not executed: "+strings.ReplaceAll(join(steps), " or ", ", "))
	}
	if len(report.Reasons) == 0 {
		say(faint, "no reasons, so no places to mark")
	}
	for i, r := range report.Reasons {
		text := fmt.Sprintf("%d  %s", i+1, r.Code)
		if r.Value != 0 || r.Threshold != 0 {
			text += fmt.Sprintf("  %.4g (threshold %.4g)", r.Value, r.Threshold)
		}
		if r.Place == nil {
			text += "  (no place)"
		}
		say(colourOf(report.Verdict), text)
		if told, ok := Explain(r.Code, report.Class); ok {
			if l.chinese {
				say(ink, told.ZH)
			}
			say(faint, told.EN)
		}
	}
	return lines, nil
}

// legible is the text, or a note in its place where the font lacks Chinese.
func (l *Lettering) legible(text string) string {
	if !l.chinese && strings.ContainsFunc(text, func(r rune) bool { return r >= 0x2E80 }) {
		return "(no Chinese font is installed)"
	}
	return text
}

// reading is a field as it may be shown, with how it agrees with the claim.
func reading(value string, agreement imaging.Agreement, reveal bool) string {
	switch {
	case value == "":
		value = "not read"
	case !reveal:
		value = "read, hidden"
	}
	if agreement == "" || agreement == imaging.NotCompared {
		return value + ", no claim to compare with"
	}
	return fmt.Sprintf("%s, claim: %s", value, agreement)
}

// Explain returns the compliance officer's text of a reason: that of
// `code.class` where the catalogue has one, for a class has its own words.
func Explain(code string, class imaging.Class) (compliance.Text, bool) {
	r, ok := compliance.Reason(code + "." + string(class))
	if !ok {
		r, ok = compliance.Reason(code)
	}
	return r.Compliance, ok
}

const bannerHeight = 52

func panelHeight(lines []panelLine) int {
	return bannerHeight + 2*panelMargin + len(lines)*lineStep(panelText)
}

func writePanel(l *Lettering, dst draw.Image, at image.Point, verdict imaging.Verdict, lines []panelLine) error {
	banner := image.Rect(at.X, at.Y, at.X+panelWidth, at.Y+bannerHeight)
	draw.Draw(dst, banner, image.NewUniform(colourOf(verdict)), image.Point{}, draw.Src)
	head, err := l.pen(dst, 30)
	if err != nil {
		return err
	}
	head.write(string(verdict), at.Add(image.Pt(panelMargin, 4)), paper)
	p, err := l.pen(dst, panelText)
	if err != nil {
		return err
	}
	at = at.Add(image.Pt(panelMargin, bannerHeight+panelMargin))
	for _, line := range lines {
		p.write(line.text, at, line.colour)
		at.Y += p.line
	}
	return nil
}
