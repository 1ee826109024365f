package evaluation

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	"realname/imaging"
)

// Colours of what was found, apart from those of verdicts.
var (
	cardColour = color.RGBA{0x09, 0x69, 0xda, 0xff}
	zoneColour = color.RGBA{0x8a, 0x3f, 0xc4, 0xff}
)

// markFound outlines the card and its zones, each zone with its name.
func markFound(l *Lettering, dst draw.Image, report imaging.Report, scale float64) error {
	if report.Quad != nil {
		outline(dst, *report.Quad, scale, 5, cardColour)
	}
	p, err := l.pen(dst, 15)
	if err != nil {
		return err
	}
	for _, z := range report.Zones {
		outline(dst, z.Quad, scale, 2, zoneColour)
		name := string(z.Part)
		at := image.Pt(int(z.Quad[0].X*scale), int(z.Quad[0].Y*scale)-p.line)
		tag := image.Rectangle{at, at.Add(image.Pt(p.width(name)+8, p.line))}
		draw.Draw(dst, tag, image.NewUniform(zoneColour), image.Point{}, draw.Src)
		p.write(name, tag.Min.Add(image.Pt(4, 0)), paper)
	}
	return nil
}

// outline draws the sides of a quadrilateral; what lies off the picture is cut.
func outline(dst draw.Image, q imaging.Quad, scale float64, width int, c color.Color) {
	ink := image.NewUniform(c)
	for i := range q {
		from, to := q[i], q[(i+1)%len(q)]
		dx, dy := (to.X-from.X)*scale, (to.Y-from.Y)*scale
		steps := min(int(math.Max(math.Abs(dx), math.Abs(dy)))+1, 1<<14) // a corner far off is no reason to draw for ever
		for s := range steps + 1 {
			t := float64(s) / float64(steps)
			x, y := int(from.X*scale+t*dx)-width/2, int(from.Y*scale+t*dy)-width/2
			draw.Draw(dst, image.Rect(x, y, x+width, y+width).Intersect(dst.Bounds()), ink, image.Point{}, draw.Src)
		}
	}
}

// zoneLine says what was read in a zone, as far as it may be shown.
func zoneLine(z imaging.Zone, reveal bool) string {
	switch {
	case z.Part == imaging.PartPortrait:
		return string(z.Part)
	case z.Text == "":
		return string(z.Part) + ": not read"
	case !reveal:
		return string(z.Part) + ": read, hidden"
	}
	return string(z.Part) + ": " + z.Text
}

// missing lists the steps that were not executed.
func missing(report imaging.Report) []imaging.Step {
	var out []imaging.Step
	for _, x := range report.Examinations {
		if x.Execution == imaging.NotExecuted {
			out = append(out, x.Step)
		}
	}
	return out
}
