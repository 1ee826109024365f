//go:build vision

package vision

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"realname/imaging"
	"realname/verify/idnumber"
)

func day(y uint16, m, d uint8) idnumber.Date { return idnumber.Date{Year: y, Month: m, Day: d} }

func TestTermsAreJudged(t *testing.T) {
	today := day(2026, 1, 10)
	for _, c := range []struct {
		why, term string
		read      bool
		codes     string
	}{
		{"ten years that run", "2020010120300101", true, ""},
		{"twenty years from a leap day to the day before March", "2020022920400228", true, ""},
		{"five years to the day before the anniversary", "2022051020270509", true, ""},
		{"no end", "20200101长期", true, ""},
		{"ended yesterday", "2016010920260109", true, imaging.ReasonExpired},
		{"ends today", "2016011020260110", true, ""},
		{"seven years is no term of the law", "2020010120270101", true, imaging.ReasonValidityImpossible},
		{"no such day", "2020023020300230", true, imaging.ReasonValidityImpossible},
		{"end before the beginning", "2020010120100101", true, imaging.ReasonValidityImpossible},
		{"issued tomorrow", "2026011120360111", true, imaging.ReasonValidityImpossible},
		{"before there were such cards", "2003123120231231", true, imaging.ReasonValidityImpossible},
		{"a digit lost", "202001012030010", false, imaging.ReasonValidityUnreadable},
		{"a letter", "2020010120300l01", false, imaging.ReasonValidityUnreadable},
		{"half an end", "20200101长", false, imaging.ReasonValidityUnreadable},
		{"nothing", "", false, imaging.ReasonValidityUnreadable},
	} {
		for _, sure := range []bool{true, false} {
			b := backFields{term: field{value: c.term, conf: 0.95, both: sure}, authority: field{value: "样本市公安局", conf: 0.9, both: true}}
			b.validity, b.ok = parseValidity(c.term)
			found := b.judge(today)
			if b.ok != c.read || strings.Join(codes(found), " ") != c.codes {
				t.Errorf("%s: read %v, found %v", c.why, b.ok, codes(found))
			}
			for _, f := range found {
				if (f.verdict == imaging.Reject) != (sure && c.read) {
					t.Errorf("%s: a reading that is sure (%v) asks for %s", c.why, sure, f.verdict)
				}
			}
		}
	}
}

func TestAuthoritiesAreKnownByTheirEnding(t *testing.T) {
	for s, want := range map[string]bool{
		"样本市公安局": true, "样本市公安局甲分局": true, "样本县公安局": true, "样本市公": false, "样本市税务局": false, "": false,
	} {
		if authorityEnds(s) != want {
			t.Errorf("%q: not %v", s, want)
		}
	}
}

func TestUnreadBackIsForAPerson(t *testing.T) {
	today := day(2026, 1, 10)
	for _, c := range []struct {
		why       string
		authority field
		term      field
		codes     string
	}{
		{"nothing was read", field{}, field{}, imaging.ReasonAuthorityUnreadable + " " + imaging.ReasonValidityUnreadable},
		{"no authority's ending", field{value: "样本市公", conf: 0.9}, field{value: "2020010120300101", conf: 0.9}, imaging.ReasonAuthorityUnreadable},
		{"a guess", field{value: "样本市公安局", conf: 0.3}, field{value: "2020010120300101", conf: 0.3}, imaging.ReasonAuthorityUnreadable + " " + imaging.ReasonValidityUnreadable},
	} {
		b := backFields{authority: c.authority, term: c.term}
		b.validity, b.ok = parseValidity(c.term.value)
		found := b.judge(today)
		if strings.Join(codes(found), " ") != c.codes {
			t.Errorf("%s: found %v", c.why, codes(found))
		}
		for _, f := range found {
			if f.verdict != imaging.Review {
				t.Errorf("%s: %s asks for %s", c.why, f.code, f.verdict)
			}
		}
	}
}

// backLines are a back's phrases as a faultless reader would see them through m.
func backLines(m *cardMap) []line {
	var out []line
	for p := range 4 {
		var l line
		var first, last point
		var marks []mark
		for _, k := range backMarks {
			if int(k.part) == p {
				marks = append(marks, k)
			}
		}
		first, last = marks[0].at, marks[len(marks)-1].at
		l.place = m.imageQuad(zone(first.X-2, first.Y-2, last.X+2, first.Y+2))
		from, to := l.place.at(0, 0.5), l.place.at(1, 0.5)
		for _, k := range marks {
			l.glyphs = append(l.glyphs, glyph{r: k.r, at: distance(from, m.image(k.at)) / distance(from, to), conf: 1})
		}
		out = append(out, l)
	}
	return out
}

func TestBackIsFoundWhateverThePose(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &cardMap{to: drawHomography(t), unit: 900, origin: point{800, 600}}
		if m.inverted() == nil || !m.imageQuad(wholeCard).convex() {
			t.Skip("seen edge on")
		}
		lines := backLines(m)
		l := findBack(lines)
		if !l.proven() {
			t.Fatalf("not proven: %+v", l)
		}
		for _, p := range validityZone {
			if d := distance(l.image(p), m.image(p)) / m.imageQuad(wholeCard).width(); d > 0.03 {
				t.Fatalf("the term's zone is off by %.3f of the width", d)
			}
		}
		if findBack(lines[2:]).proven() {
			t.Fatal("two labels alone are proof")
		}
	})
}

func TestFrontIsNoBack(t *testing.T) {
	m := &cardMap{to: homography{1, 0, 0, 0, 1, 0, 0, 0}, unit: 900}
	m.inverted()
	if findBack(printedLines(m, "110101199001010000")).proven() || findBack(nil).proven() {
		t.Error("a front is a back")
	}
}

func TestTemporaryCardIsToldByItsPrint(t *testing.T) {
	m := &cardMap{to: homography{1, 0, 0, 0, 1, 0, 0, 0}, unit: 900}
	m.inverted()
	at := func(y float64, s string) line {
		l := spelled(s, 1)
		l.place = m.imageQuad(zone(5, y-2, 18, y+2))
		return l
	}
	front := printedLines(m, "110101199001010000")
	for _, c := range []struct {
		why   string
		lines []line
		want  bool
	}{
		{"a resident card's front", front, false},
		{"a resident card's back", backLines(m), false},
		{"the title", []line{spelled("临时居民身份证", 1)}, true},
		{"authority and term below the number", append(front[:len(front):len(front)], at(50.5, "签发机关"), at(55, "有效期限")), true},
		{"a second card's back below a front", append(front[:len(front):len(front)], at(95, "签发机关"), at(101, "有效期限")), false},
	} {
		if got := temporary(c.lines); len(got) > 0 != c.want {
			t.Errorf("%s: %v", c.why, codes(got))
		}
	}
}
