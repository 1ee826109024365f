//go:build vision

package vision

import "testing"

// All nets of our own together stay small enough to be committed and loaded in no time.
func TestWeightsStayUnder4MB(t *testing.T) {
	total := 0
	for _, w := range [][]byte{cornerWeights, digitWeights, labelWeights, classWeights, portraitWeights} {
		if len(w) == 0 {
			t.Error("a net without weights")
		}
		total += len(w)
	}
	if total > 4<<20 {
		t.Errorf("%d bytes", total)
	}
}
