package evaluation

import "math"

// Confidence is that of every interval this package reports.
const Confidence = 0.95

// ClopperPearson returns the exact two-sided interval for a share of which k of
// n were seen (Clopper and Pearson, Biometrika 26, 1934). It is wide on the
// safe side: the true share lies in it at least as often as confidence says.
// For n = 0 it is 0 to 1.
func ClopperPearson(k, n int, confidence float64) (low, high float64) {
	tail := (1 - confidence) / 2
	low, high = 0, 1
	if n <= 0 {
		return low, high
	}
	if k > 0 {
		low = solve(func(p float64) bool { return binomial(k, n, n, p) < tail })
	}
	if k < n {
		high = solve(func(p float64) bool { return binomial(0, k, n, p) > tail })
	}
	return low, high
}

// solve finds where a condition that holds for small p ends to hold.
func solve(holds func(p float64) bool) float64 {
	low, high := 0.0, 1.0
	for range 60 {
		if p := (low + high) / 2; holds(p) {
			low = p
		} else {
			high = p
		}
	}
	return (low + high) / 2
}

// binomial is the chance that between from and to of n are seen, for 0 < p < 1.
func binomial(from, to, n int, p float64) float64 {
	factorial := func(x int) float64 { v, _ := math.Lgamma(float64(x) + 1); return v }
	all, sum := factorial(n), 0.0
	for k := from; k <= to; k++ {
		sum += math.Exp(all - factorial(k) - factorial(n-k) + float64(k)*math.Log(p) + float64(n-k)*math.Log1p(-p))
	}
	return sum
}
