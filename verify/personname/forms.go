package personname

import (
	_ "embed"
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
	shape      map[rune][]rune // another shape to the usual one
	radicals   map[rune]rune
}

var tables = sync.OnceValue(func() *formTables {
	t := &formTables{simplified: map[rune][]rune{}, shape: map[rune][]rune{}, radicals: map[rune]rune{}}
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
			case "v":
				t.shape[r] = append(t.shape[r], target)
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
	for _, from := range up {
		for _, to := range down {
			why := from.why | to.why
			oneWay := from.why == 0 || to.why == 0
			if from.r == to.r && (oneWay || !why.Has(TraditionalForm)) {
				return why, true
			}
		}
	}
	return 0, false
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
	}
	return out
}
