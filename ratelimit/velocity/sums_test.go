package velocity

import (
	"testing"

	"pgregory.net/rapid"
)

// What is in a multiset of hashes after any additions and removals, also where many have one home.
func TestSumsForgetNothingAndNothingElse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s sums
		in := map[uint32]int{}
		sum := rapid.SampledFrom([]uint32{1, 2, 8, 9, 16, 17, 1 << 20, 1<<20 + 1, 7, 15, 31, 63, 1 << 31})
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			v := sum.Draw(t, "sum")
			if in[v] > 0 && rapid.Bool().Draw(t, "remove") {
				s.remove(v)
				in[v]--
			} else {
				s.add(v)
				in[v]++
			}
			for _, v := range []uint32{1, 2, 8, 9, 16, 17, 1 << 20, 1<<20 + 1, 7, 15, 31, 63, 1 << 31, 3, 10} {
				if s.has(v) != (in[v] > 0) {
					t.Fatalf("has %d: %v, it is there %d times", v, s.has(v), in[v])
				}
			}
		}
	})
}
