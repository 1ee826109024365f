package evaluation

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"realname/imaging"
)

// Rate is a count with its exact interval.
type Rate struct {
	Count, Of int
	Low, High float64 // at Confidence
}

func rate(count, of int) Rate {
	r := Rate{Count: count, Of: of}
	r.Low, r.High = ClopperPearson(count, of, Confidence)
	return r
}

// Share is the part seen; 0 of none.
func (r Rate) Share() float64 {
	if r.Of == 0 {
		return 0
	}
	return float64(r.Count) / float64(r.Of)
}

// Row counts the executed items of one family, label or source.
type Row struct {
	Label, Source          string // a family's row has its name as Label
	Items                  int    // all, executed or not
	Accept, Review, Reject Rate
	ClassRight             Rate // of those whose class is judged
	VerdictRight           Rate // of those whose label is known
	NotExecuted            int
}

// Claims counts how what was read agrees with the claims of one label.
type Claims struct {
	Label        string
	Number, Name map[imaging.Agreement]int
	NumberAgrees Rate // of the items with a claimed number
	NameAgrees   Rate // of the items with a claimed name
}

// Times are percentiles by the nearest rank, of a worker's own time.
type Times struct {
	Label         string // "" for all
	Of            int
	P50, P90, P99 time.Duration
	Decoded       int        // of them, how many have a decode time
	Ratio         [3]float64 // percentiles of time ÷ OpenCV's own decode; valid where Decoded > 0
}

// Cell is one place of the confusion matrix, by verdict.
type Cell map[imaging.Verdict]int

// Total is the cell's count.
func (c Cell) Total() int { return c[imaging.Accept] + c[imaging.Review] + c[imaging.Reject] + c[""] }

// Summary is everything that is counted about a run.
type Summary struct {
	Items         int
	NotExecuted   int
	Families      []Row // only those that occur
	Labels        []Row
	Sources       []Row // by label, then source
	Classes       []imaging.Class
	Matrix        map[string]map[imaging.Class]Cell
	Claims        []Claims
	Times         []Times  // all first, then by label
	UnknownLabels []string // in order; their items are in every table, judged in none
	Pipelines     []string // versions that answered; more than one says that workers differ
}

// Summarise counts the outcomes.
func Summarise(outcomes []Outcome) Summary {
	s := Summary{Items: len(outcomes), Matrix: map[string]map[imaging.Class]Cell{}}
	families, labels, sources := map[Family][]*Outcome{}, map[string][]*Outcome{}, map[[2]string][]*Outcome{}
	for i := range outcomes {
		o := &outcomes[i]
		expected, known := Expect(o.Label)
		if !known {
			expected.Family = Unlabelled
			s.UnknownLabels = add(s.UnknownLabels, o.Label)
		}
		if !o.Executed() {
			s.NotExecuted++
		}
		if o.Report.Pipeline != "" {
			s.Pipelines = add(s.Pipelines, o.Report.Pipeline)
		}
		s.Classes = add(s.Classes, o.Class())
		families[expected.Family] = append(families[expected.Family], o)
		labels[o.Label] = append(labels[o.Label], o)
		sources[[2]string{o.Label, o.Source}] = append(sources[[2]string{o.Label, o.Source}], o)
		s.place(o)
	}
	for _, f := range Families() {
		if of := families[f]; len(of) > 0 {
			s.Families = append(s.Families, rowOf(string(f), "", of))
		}
	}
	all := make([]*Outcome, len(outcomes))
	for i := range outcomes {
		all[i] = &outcomes[i]
	}
	s.Times = append(s.Times, timesOf("", all))
	for label, of := range labels {
		s.Labels = append(s.Labels, rowOf(label, "", of))
		s.Times = append(s.Times, timesOf(label, of))
		if c, claimed := claimsOf(label, of); claimed {
			s.Claims = append(s.Claims, c)
		}
	}
	for key, of := range sources {
		s.Sources = append(s.Sources, rowOf(key[0], key[1], of))
	}
	s.sort()
	return s
}

// add keeps a list of the different values in order.
func add[T cmp.Ordered](list []T, v T) []T {
	i, found := slices.BinarySearch(list, v)
	if found {
		return list
	}
	return slices.Insert(list, i, v)
}

func (s *Summary) place(o *Outcome) {
	if s.Matrix[o.Label] == nil {
		s.Matrix[o.Label] = map[imaging.Class]Cell{}
	}
	if s.Matrix[o.Label][o.Class()] == nil {
		s.Matrix[o.Label][o.Class()] = Cell{}
	}
	s.Matrix[o.Label][o.Class()][o.Verdict()]++
}

func (s *Summary) sort() {
	byLabel := func(a, b Row) int {
		return cmp.Or(strings.Compare(a.Label, b.Label), strings.Compare(a.Source, b.Source))
	}
	slices.SortFunc(s.Labels, byLabel)
	slices.SortFunc(s.Sources, byLabel)
	slices.SortFunc(s.Claims, func(a, b Claims) int { return strings.Compare(a.Label, b.Label) })
	// The row of all comes first, also before that of items without a label.
	slices.SortStableFunc(s.Times[1:], func(a, b Times) int { return strings.Compare(a.Label, b.Label) })
}

func rowOf(label, source string, of []*Outcome) Row {
	r := Row{Label: label, Source: source, Items: len(of)}
	verdicts := Cell{}
	var classes, classRight, judged, verdictRight int
	for _, o := range of {
		verdicts[o.Verdict()]++
		expected, known := Expect(o.Label)
		if !known || !o.Executed() {
			continue
		}
		classOK, verdictOK := expected.Right(o.Class(), o.Verdict())
		judged++
		verdictRight += one(verdictOK)
		if len(expected.Classes) > 0 {
			classes++
			classRight += one(classOK)
		}
	}
	r.NotExecuted = verdicts[""]
	executed := len(of) - r.NotExecuted
	r.Accept = rate(verdicts[imaging.Accept], executed)
	r.Review = rate(verdicts[imaging.Review], executed)
	r.Reject = rate(verdicts[imaging.Reject], executed)
	r.ClassRight, r.VerdictRight = rate(classRight, classes), rate(verdictRight, judged)
	return r
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

func claimsOf(label string, of []*Outcome) (c Claims, claimed bool) {
	c = Claims{Label: label, Number: map[imaging.Agreement]int{}, Name: map[imaging.Agreement]int{}}
	numbers, names := 0, 0
	count := func(text string, said imaging.Agreement, in map[imaging.Agreement]int, n *int) {
		if text == "" {
			return
		}
		*n++
		in[cmp.Or(said, imaging.NotCompared)]++
	}
	for _, o := range of {
		if o.Claim != nil && o.Executed() {
			count(o.Claim.Number, o.Report.NumberAgreement, c.Number, &numbers)
			count(o.Claim.Name, o.Report.NameAgreement, c.Name, &names)
		}
	}
	c.NumberAgrees = rate(c.Number[imaging.Agrees], numbers)
	c.NameAgrees = rate(c.Name[imaging.Agrees], names)
	return c, numbers+names > 0
}

func timesOf(label string, of []*Outcome) Times {
	var took []time.Duration
	var ratios []float64
	for _, o := range of {
		if o.Code != "" {
			continue
		}
		took = append(took, o.Report.Elapsed)
		if o.Decode > 0 {
			ratios = append(ratios, float64(o.Report.Elapsed)/float64(o.Decode))
		}
	}
	slices.Sort(took)
	slices.Sort(ratios)
	return Times{
		Label: label, Of: len(took), P50: nearest(took, 50), P90: nearest(took, 90), P99: nearest(took, 99),
		Decoded: len(ratios), Ratio: [3]float64{nearest(ratios, 50), nearest(ratios, 90), nearest(ratios, 99)},
	}
}

// nearest is the percentile by the nearest rank of a sorted list; 0 of none.
func nearest[T time.Duration | float64](sorted []T, percent float64) T {
	if len(sorted) == 0 {
		return 0
	}
	rank := int(math.Ceil(percent / 100 * float64(len(sorted))))
	return sorted[max(rank, 1)-1]
}
