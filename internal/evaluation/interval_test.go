package evaluation

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestClopperPearson(t *testing.T) {
	for _, c := range []struct {
		why       string
		k, n      int
		low, high float64
	}{
		{"R 4, help(binom.test): 682 of 925", 682, 925, 0.7076683, 0.7654066},
		{"none of n: 1 - 0.025^(1/n)", 0, 400, 0, 1 - math.Pow(0.025, 1.0/400)},
		{"all of n: 0.025^(1/n)", 60, 60, math.Pow(0.025, 1.0/60), 1},
		{"one of one: 0.025", 1, 1, 0.025, 1},
		{"nothing was seen, so nothing is known", 0, 0, 0, 1},
	} {
		low, high := ClopperPearson(c.k, c.n, 0.95)
		if math.Abs(low-c.low) > 1e-7 || math.Abs(high-c.high) > 1e-7 {
			t.Errorf("%s: got %.9f to %.9f", c.why, low, high)
		}
	}
}

func TestClopperPearsonProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 2000).Draw(t, "n")
		k := rapid.IntRange(0, n).Draw(t, "k")
		low, high := ClopperPearson(k, n, 0.95)
		if share := float64(k) / float64(n); low < 0 || low > share || high < share || high > 1 {
			t.Fatalf("%g to %g does not hold %g", low, high, share)
		}
		mirrorLow, mirrorHigh := ClopperPearson(n-k, n, 0.95)
		if math.Abs(low-(1-mirrorHigh)) > 1e-9 || math.Abs(high-(1-mirrorLow)) > 1e-9 {
			t.Fatalf("%g to %g, mirrored %g to %g", low, high, mirrorLow, mirrorHigh)
		}
		if wideLow, wideHigh := ClopperPearson(k, n, 0.99); wideLow > low || wideHigh < high {
			t.Fatalf("more confidence gives a narrower interval")
		}
	})
}

// At any true share the interval holds it at least as often as it says: the property that gives it its name, summed exactly.
func TestClopperPearsonCovers(t *testing.T) {
	const n = 40
	for _, p := range []float64{0.001, 0.02, 0.1, 0.31, 0.5, 0.77, 0.99} {
		covered := 0.0
		for k := range n + 1 {
			if low, high := ClopperPearson(k, n, 0.95); low <= p && p <= high {
				covered += binomial(k, k, n, p)
			}
		}
		if covered < 0.95 {
			t.Errorf("a true share of %g is held with a chance of %g", p, covered)
		}
	}
}
