package personname

import (
	_ "embed"
	"math/bits"
	"slices"
	"strings"
	"sync"
)

//go:generate go run ./gen -unicode $UNICODE_DATA -opencc $OPENCC_DATA -o .

//go:embed forms.txt
var formsText string

//go:embed readings.txt
var readingsText string

// formTables say what a Han character is brought to. Memory: some 0.4 MiB, made on first use.
type formTables struct {
	simplified map[rune][]rune // traditional to simplified form
	oneSense   map[rune][]rune // the same, in one of its senses only
	shape      map[rune][]rune // another shape to the usual one
	shapesOf   map[rune][]rune // and back
	radicals   map[rune]rune
}

var tables = sync.OnceValue(func() *formTables {
	t := &formTables{
		simplified: map[rune][]rune{}, oneSense: map[rune][]rune{}, shape: map[rune][]rune{}, shapesOf: map[rune][]rune{},
		radicals: map[rune]rune{},
	}
	for line := range strings.SplitSeq(formsText, "\n") {
		kind, pair, _ := strings.Cut(line, " ")
		to, from, ok := strings.Cut(pair, " ")
		if kind == "#" || !ok {
			continue
		}
		target := []rune(to)[0]
		for _, r := range from {
			switch kind {
			case "t":
				t.simplified[r] = append(t.simplified[r], target)
			case "s":
				t.oneSense[r] = append(t.oneSense[r], target)
			case "v":
				t.shape[r] = append(t.shape[r], target)
				t.shapesOf[target] = append(t.shapesOf[target], r)
			case "r":
				t.radicals[r] = target
			}
		}
	}
	return t
})

// sameCharacter tells whether two characters may stand for one in a name, and by which difference. A listed pair leads
// from the one to the other, or both are shapes of a third; two traditional forms of one simplified character are two
// characters.
func sameCharacter(a, b rune) (Reasons, bool) {
	if a == b {
		return 0, true
	}
	t := tables()
	up, down := t.reach(a), t.reach(b)
	var best Reasons
	for _, from := range up {
		for _, to := range down {
			why := from.why | to.why
			oneWay := from.why == 0 || to.why == 0
			if from.r == to.r && (oneWay || why == only(VariantForm)) && closer(why, best) {
				best = why
			}
		}
	}
	if best == only(VariantForm) && (t.shapeOfTraditional(a, b) || t.shapeOfTraditional(b, a)) {
		best |= only(TraditionalForm)
	}
	return best, best != 0
}

// shapeOfTraditional tells whether a is the usual shape of a character that b is the simplified form of.
func (t *formTables) shapeOfTraditional(a, b rune) bool {
	return slices.ContainsFunc(t.shapesOf[a], func(r rune) bool { return slices.Contains(t.simplified[r], b) })
}

// closer tells whether a way between two characters says more than the best so far: that one is the simplified form
// of the other, and then by fewer differences.
func closer(why, best Reasons) bool {
	if best == 0 || why.Has(TraditionalForm) != best.Has(TraditionalForm) {
		return best == 0 || why.Has(TraditionalForm)
	}
	return bits.OnesCount32(uint32(why)) < bits.OnesCount32(uint32(best))
}

// reached is a form of a character and the differences on the way to it.
type reached struct {
	r   rune
	why Reasons
}

// reach gives the character, its usual shapes, and the simplified forms of all of these. No simplified form has another
// usual shape.
func (t *formTables) reach(r rune) []reached {
	out := []reached{{r, 0}}
	for i := 0; i < len(out); i++ {
		for _, to := range t.shape[out[i].r] {
			if !slices.ContainsFunc(out, func(o reached) bool { return o.r == to }) {
				out = append(out, reached{to, out[i].why | only(VariantForm)})
			}
		}
	}
	for _, from := range out {
		for _, to := range t.simplified[from.r] {
			out = append(out, reached{to, from.why | only(TraditionalForm)})
		}
		for _, to := range t.oneSense[from.r] {
			out = append(out, reached{to, from.why | only(OneSense)})
		}
	}
	return out
}
