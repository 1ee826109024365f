//go:build vision

package vision_test

import (
	"regexp"
	"strings"
	"testing"

	"realname/imaging"
	"realname/internal/specimen"
)

// Of an accepted card every part has its place, in the card's own order and
// within its corners, and every step was executed.
func TestReportTellsZonesAndSteps(t *testing.T) {
	img, p := photograph(t, 100, specimen.Ordinary())
	r := check(t, imaging.Request{Image: specimen.JPEG(img, 85), Claim: claim(p)})
	if r.Verdict != imaging.Accept || r.Quad == nil {
		t.Fatalf("verdict %s, reasons %+v", r.Verdict, r.Reasons)
	}
	for i, s := range imaging.Steps() {
		if r.Examinations[i] != (imaging.Examination{Step: s, Execution: imaging.Executed}) {
			t.Errorf("%+v", r.Examinations[i])
		}
	}
	middles := map[imaging.ZonePart]imaging.Point{}
	texts := map[imaging.ZonePart]string{}
	for _, z := range r.Zones {
		var m imaging.Point
		for _, c := range z.Quad {
			m.X, m.Y = m.X+c.X/4, m.Y+c.Y/4
		}
		if m.X < 0 || m.Y < 0 || m.X > float64(r.Width) || m.Y > float64(r.Height) {
			t.Errorf("%s lies at %+v of %d by %d", z.Part, m, r.Width, r.Height)
		}
		middles[z.Part], texts[z.Part] = m, z.Text
	}
	if len(middles) != 6 {
		t.Errorf("zones %v", middles)
	}
	// Down the card's own left edge and across its top.
	down := imaging.Point{X: r.Quad[3].X - r.Quad[0].X, Y: r.Quad[3].Y - r.Quad[0].Y}
	across := imaging.Point{X: r.Quad[1].X - r.Quad[0].X, Y: r.Quad[1].Y - r.Quad[0].Y}
	along := func(part imaging.ZonePart, axis imaging.Point) float64 {
		return middles[part].X*axis.X + middles[part].Y*axis.Y
	}
	rows := []imaging.ZonePart{imaging.PartName, imaging.PartSexNation, imaging.PartBirth, imaging.PartAddress, imaging.PartNumber}
	for i := range rows[1:] {
		if along(rows[i], down) >= along(rows[i+1], down) {
			t.Errorf("%s does not stand above %s", rows[i], rows[i+1])
		}
	}
	if along(imaging.PartPortrait, across) <= along(imaging.PartBirth, across) {
		t.Error("the portrait does not stand to the right of the rows")
	}
	if texts[imaging.PartNumber] != p.Number || texts[imaging.PartName] != p.Name || !strings.Contains(texts[imaging.PartBirth], p.Number[6:10]) {
		t.Error("what was read does not stand with its place")
	}
}

func TestWhatIsNoCardWasNotExamined(t *testing.T) {
	r := check(t, imaging.Request{Image: specimen.JPEG(specimen.Avatar(specimen.Seed(3), 512), 90), Claim: &imaging.Claim{Name: "测试"}})
	for _, s := range imaging.Steps() {
		if got := r.Execution(s); got != imaging.NotExecuted {
			t.Errorf("%s of a drawing: %s", s, got)
		}
	}
	if r.Verdict != imaging.Reject || len(r.Zones) != 0 {
		t.Errorf("verdict %s, zones %+v", r.Verdict, r.Zones)
	}
}

func TestVersionsStandApart(t *testing.T) {
	r := check(t, imaging.Request{Image: specimen.JPEG(specimen.Avatar(specimen.Seed(4), 512), 90)})
	if !regexp.MustCompile(`^[0-9a-f]{12}$`).MatchString(r.Models) || !regexp.MustCompile(`^\d+\+[0-9a-f]{8}$`).MatchString(r.Rules) ||
		r.Pipeline != "vision/"+r.Rules+"+"+r.Models {
		t.Errorf("pipeline %q, models %q, rules %q", r.Pipeline, r.Models, r.Rules)
	}
}
