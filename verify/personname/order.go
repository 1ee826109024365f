package personname

import (
	"iter"
	"slices"
)

const (
	// maxShuffled is the number of words up to which every order is tried.
	maxShuffled = 4
	// maxWords bounds the search for another order.
	maxWords = 12
)

// inOtherOrder compares names, other than Han ones, whose words may change places.
func inOtherOrder(x, y name) (Reasons, bool) {
	if x.scripts != y.scripts || x.scripts&scriptHan != 0 {
		return 0, false
	}
	for turned, other := range turns(x, y) {
		if slices.Equal(turned.runes, other.runes) {
			return only(Order), true
		}
		if why, ok := sameWriting(turned, other); ok {
			return why | only(Order), true
		}
	}
	return 0, false
}

// turns yields one of the names in other orders, with the other name. The one with more words is turned: that moves
// the words of the other too, unless it has too many for every order.
func turns(x, y name) iter.Seq2[name, name] {
	return func(yield func(name, name) bool) {
		more, fewer := x.words(), y.words()
		if len(more) < len(fewer) {
			x, y, more, fewer = y, x, fewer, more
		}
		for words := range orders(more) {
			if !yield(name{runes: join(words), scripts: x.scripts}, y) {
				return
			}
		}
		if len(more) <= maxShuffled || len(more) == len(fewer) {
			return
		}
		for words := range orders(fewer) {
			if !yield(name{runes: join(words), scripts: y.scripts}, x) {
				return
			}
		}
	}
}

// orders yields the words as they are and then in the orders in which registers write them: every one for few words,
// since states differ in where a middle name goes (Nguyen Van An); for more, the last words first.
func orders(words [][]rune) iter.Seq[[][]rune] {
	return func(yield func([][]rune) bool) {
		if len(words) <= maxShuffled {
			shuffle(nil, words, yield)
			return
		}
		if !yield(words) || len(words) > maxWords {
			return
		}
		for k := 1; k < len(words); k++ {
			if !yield(slices.Concat(words[k:], words[:k])) {
				return
			}
		}
	}
}

// shuffle yields what is placed, followed by the rest in every order. It tells whether to go on.
func shuffle(placed, rest [][]rune, yield func([][]rune) bool) bool {
	if len(rest) == 0 {
		return yield(placed)
	}
	for i := range rest {
		if !shuffle(append(slices.Clip(placed), rest[i]), slices.Concat(rest[:i], rest[i+1:]), yield) {
			return false
		}
	}
	return true
}

func join(words [][]rune) []rune {
	var out []rune
	for i, w := range words {
		if i > 0 {
			out = append(out, ' ')
		}
		out = append(out, w...)
	}
	return out
}
