package evaluation

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"realname/imaging"
)

func mixed(t *testing.T, checker imaging.Checker) []Outcome {
	return outcomesOf(t, checker, map[string]string{
		"cartoon/npm/1.png": "drawing reject", "cartoon/npm/2.png": "drawing reject", "cartoon/deb/3.png": "photo reject",
		"cartoon/deb/4.png": "resident_id_front accept", "cartoon/deb/5.png": "down", "blank/1.jpg": "blank reject",
		"near_document/1.jpg": "other_document review", "photocopy/1.jpg": "resident_id_front review", "photocopy/2.jpg": "resident_id_front accept",
		"resident_front/1.jpg": "resident_id_front accept", "resident_front/2.jpg": "resident_id_front review", "moon/1.jpg": "drawing accept",
	})
}

func TestSummarise(t *testing.T) {
	s := Summarise(mixed(t, scripted{}))
	if s.Items != 12 || s.NotExecuted != 1 || !slices.Equal(s.UnknownLabels, []string{"moon"}) || !slices.Equal(s.Pipelines, []string{"scripted/1"}) {
		t.Errorf("got %d items, %d not executed, unknown %v, by %v", s.Items, s.NotExecuted, s.UnknownLabels, s.Pipelines)
	}
	count := func(r Rate) [2]int { return [2]int{r.Count, r.Of} }
	type row struct {
		Name                                             string
		Accept, Review, Reject, ClassRight, VerdictRight [2]int
	}
	var got []row
	for _, rows := range [][]Row{s.Families, s.Labels, s.Sources} {
		for _, r := range rows {
			got = append(got, row{r.Label + "/" + r.Source, count(r.Accept), count(r.Review), count(r.Reject), count(r.ClassRight), count(r.VerdictRight)})
		}
	}
	drawings := row{"drawings/", [2]int{1, 4}, [2]int{0, 4}, [2]int{3, 4}, [2]int{2, 4}, [2]int{3, 4}}
	named := func(r row, name string) row { r.Name = name; return r }
	blank := row{"blank/", [2]int{0, 1}, [2]int{0, 1}, [2]int{1, 1}, [2]int{1, 1}, [2]int{1, 1}}
	near := row{"near_document/", [2]int{0, 1}, [2]int{1, 1}, [2]int{0, 1}, [2]int{1, 1}, [2]int{1, 1}}
	fronts := row{"resident_front/", [2]int{1, 2}, [2]int{1, 2}, [2]int{0, 2}, [2]int{2, 2}, [2]int{1, 2}}
	copies := row{"photocopy/", [2]int{1, 2}, [2]int{1, 2}, [2]int{0, 2}, [2]int{0, 0}, [2]int{1, 2}}
	moon := row{"moon/", [2]int{1, 1}, [2]int{0, 1}, [2]int{0, 1}, [2]int{0, 0}, [2]int{0, 0}}
	want := []row{
		drawings, {"no card, not drawn/", [2]int{0, 2}, [2]int{1, 2}, [2]int{1, 2}, [2]int{2, 2}, [2]int{2, 2}},
		named(fronts, "cards to accept/"), named(copies, "cards not to accept/"), named(moon, "unknown labels/"),
		blank, named(drawings, "cartoon/"), moon, near, copies, fronts,
		blank, {"cartoon/deb", [2]int{1, 2}, [2]int{0, 2}, [2]int{1, 2}, [2]int{0, 2}, [2]int{1, 2}},
		{"cartoon/npm", [2]int{0, 2}, [2]int{0, 2}, [2]int{2, 2}, [2]int{2, 2}, [2]int{2, 2}}, moon, near, copies, fronts,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if cell := s.Matrix["cartoon"][imaging.ClassResidentFront]; cell[imaging.Accept] != 1 || cell.Total() != 1 {
		t.Errorf("the matrix has %v", cell)
	}
}

func TestClaims(t *testing.T) {
	outcome := func(claim *imaging.Claim, number, name imaging.Agreement) Outcome {
		return Outcome{Item: Item{Label: "resident_front", Claim: claim}, Report: imaging.Report{NumberAgreement: number, NameAgreement: name}}
	}
	both := &imaging.Claim{Number: "1", Name: "甲"}
	s := Summarise([]Outcome{
		outcome(both, imaging.Agrees, imaging.Unreadable), outcome(both, imaging.Disagrees, imaging.Agrees),
		outcome(&imaging.Claim{Number: "1"}, imaging.Agrees, imaging.NotCompared), outcome(nil, imaging.NotCompared, imaging.NotCompared),
		{Item: Item{Label: "resident_front", Claim: both}, Code: CodeNotExecuted},
		{Item: Item{Label: "photo"}},
	})
	if len(s.Claims) != 1 {
		t.Fatalf("got %+v", s.Claims)
	}
	c := s.Claims[0]
	if c.NumberAgrees.Count != 2 || c.NumberAgrees.Of != 3 || c.NameAgrees.Count != 1 || c.NameAgrees.Of != 2 || c.Name[imaging.Unreadable] != 1 {
		t.Errorf("got %+v", c)
	}
}

func TestTimes(t *testing.T) {
	var sorted []time.Duration
	for i := range 200 {
		sorted = append(sorted, time.Duration(i+1))
	}
	for _, c := range []struct {
		why    string
		sorted []time.Duration
		p      float64
		want   time.Duration
	}{
		{"nothing", nil, 50, 0}, {"one", sorted[:1], 99, 1}, {"the lower of two", sorted[:2], 50, 1}, {"nearest rank, 200", sorted, 99, 198}, {"the median of 3", sorted[:3], 50, 2},
	} {
		if got := nearest(c.sorted, c.p); got != c.want {
			t.Errorf("%s: got %d", c.why, got)
		}
	}
	s := Summarise(mixed(t, timed{}))
	all := s.Times[0]
	if all.Label != "" || all.Of != 11 || all.P50 != 20*time.Millisecond || all.Decoded != 10 || all.Ratio != [3]float64{2, 2, 2} {
		t.Errorf("all: %+v", all)
	}
	if s.Times[1].Label != "blank" || s.Times[1].Decoded != 0 {
		t.Errorf("blank: %+v", s.Times[1])
	}
}

func TestPercentileIsOneOfThem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.Float64Range(0, 10), 1, 50).Draw(t, "list")
		slices.Sort(list)
		p := rapid.Float64Range(0.1, 100).Draw(t, "p")
		v := nearest(list, p)
		below := 0
		for _, x := range list {
			if x <= v {
				below++
			}
		}
		if !slices.Contains(list, v) || float64(below) < math.Floor(p/100*float64(len(list))) {
			t.Fatalf("%g %% of %v is %g", p, list, v)
		}
	})
}

func TestWriteText(t *testing.T) {
	var b bytes.Buffer
	if err := Summarise(mixed(t, scripted{})).WriteText(&b); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for _, want := range []string{
		"12 items, 1 not executed", "counted but not judged: moon", "1 / 4 = 25.0 % [0.6, 80.6]", "not_executed", "1 accept", "1 not executed", "photo_check_unavailable",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	b.Reset()
	if err := Summarise(mixed(t, timed{})).WriteText(&b); err != nil || !strings.Contains(b.String(), "2.00, 2.00, 2.00 of 10") {
		t.Errorf("with decode times: %v\n%s", err, b.String())
	}
}
