//go:build vision

package vision

import (
	"image"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"realname/imaging"
	"realname/internal/specimen"
)

// What each kind of picture must be told as, by renderings of the evaluation
// split, whose fonts, portraits and grounds set no threshold. REALNAME_SPECIMENS
// is how many of each are rendered: few by default, 60 for figures worth quoting.
func TestRatesOnTheEvaluationSplit(t *testing.T) {
	assets := os.Getenv("REALNAME_ASSETS")
	if assets == "" {
		assets = filepath.Join("..", "..", ".assets")
	}
	stock, err := specimen.NewStock(assets)
	if err != nil {
		t.Fatalf("%v (run `make setup` first)", err)
	}
	stock = stock.For(specimen.Evaluation)
	n, err := strconv.Atoi(os.Getenv("REALNAME_SPECIMENS"))
	if err != nil || n < 1 {
		n = 3
	}
	ordinary := specimen.Ordinary()
	for k, c := range []struct {
		name  string
		shot  specimen.Shot
		least float64 // of the share with a finding; honest cards: the most
		good  bool    // an honest card
	}{
		{"careful card", specimen.Shot{Options: specimen.Easy()}, 0.03, true},
		{"ordinary card", specimen.Shot{Options: ordinary}, 0.03, true},
		{"hard card", specimen.Shot{Options: specimen.Hard()}, 0.10, true},
		{"grey copy", specimen.Shot{Options: ordinary, Medium: specimen.GreyCopy}, 0.95, false},
		{"screen, electronic", specimen.Shot{Options: ordinary, Medium: specimen.Screen}, 0.95, false},
		{"screen, photo", specimen.Shot{Options: ordinary, Medium: specimen.Screen, Shows: specimen.Original}, 0.95, false},
		{"screenshot", specimen.Shot{Options: ordinary, Medium: specimen.Screenshot}, 0.95, false},
		{"electronic", specimen.Shot{Options: ordinary, Medium: specimen.Electronic}, 0.90, false},
		{"glare, number", specimen.Shot{Options: ordinary, Dazzle: specimen.ZoneNumber}, 0.95, false},
		{"glare, portrait", specimen.Shot{Options: ordinary, Dazzle: specimen.ZonePortrait}, 0.90, false},
		{"finger, portrait", specimen.Shot{Options: ordinary, Cover: specimen.ZonePortrait}, 0.90, false},
		{"sticker, face", specimen.Shot{Options: ordinary, Cover: specimen.ZonePortrait, With: specimen.Sticker}, 0.85, false},
		{"glued photo", specimen.Shot{Options: ordinary, Glued: another(t, stock)}, 0.35, false},
	} {
		found := 0
		for i := range n {
			if len(examined(t, stock, c.shot, uint64(700_000+1000*k+i))) > 0 {
				found++
			}
		}
		lo, hi := clopperPearson(found, n)
		t.Logf("%-20s n=%d with a finding %d, %.1f %% (95 %%: %.1f to %.1f)", c.name, n, found, 100*float64(found)/float64(n), 100*lo, 100*hi)
		// The rate of a small sample speaks only where even its bound is on the wrong side.
		if c.good && lo > c.least || !c.good && hi < c.least {
			t.Errorf("%s: %d of %d have a finding", c.name, found, n)
		}
	}
}

// another is a portrait to glue over a card's own.
func another(t *testing.T, stock specimen.Stock) image.Image {
	t.Helper()
	img, err := stock.Portrait(specimen.Seed(11))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// examined takes one picture and gives what is found against it.
func examined(t *testing.T, stock specimen.Stock, shot specimen.Shot, seed uint64) []finding {
	t.Helper()
	f, card, _ := printed(t, stock, seed, shot)
	found, err := authenticity(f.mat, card, imaging.SideFront)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// cardAt is the map of a card whose corners are known.
func cardAt(t testing.TB, q quad) *cardMap {
	t.Helper()
	m := &cardMap{origin: q[0], unit: q.width()}
	pairs := make([]pair, 4)
	for i, p := range wholeCard {
		pairs[i] = pair{from: p.scale(1 / cardWidth), to: q[i].sub(q[0]).scale(1 / m.unit), weight: 1}
	}
	var ok bool
	if m.to, ok = fitHomography(pairs, 0); !ok || m.inverted() == nil {
		t.Fatal("the corners give no map")
	}
	return m
}

// clopperPearson are the exact bounds of 95 % of a share of k in n.
func clopperPearson(k, n int) (lo, hi float64) {
	lo, hi = 0, 1
	if k > 0 {
		lo = bisect(func(p float64) bool { return tail(k, n, p) > 0.025 })
	}
	if k < n {
		hi = bisect(func(p float64) bool { return 1-tail(k+1, n, p) < 0.025 })
	}
	return lo, hi
}

// tail is the chance of k or more in n at p each.
func tail(k, n int, p float64) float64 {
	sum := 0.0
	for i := k; i <= n; i++ {
		choose, _ := math.Lgamma(float64(n + 1))
		a, _ := math.Lgamma(float64(i + 1))
		b, _ := math.Lgamma(float64(n - i + 1))
		sum += math.Exp(choose - a - b + float64(i)*math.Log(p) + float64(n-i)*math.Log1p(-p))
	}
	return sum
}

// bisect is where a condition on 0 to 1 begins to hold.
func bisect(holds func(p float64) bool) float64 {
	lo, hi := 0.0, 1.0
	for range 50 {
		if mid := (lo + hi) / 2; holds(mid) {
			hi = mid
		} else {
			lo = mid
		}
	}
	return hi
}

// Published: 0 of 10 bounds a share by 30.8 %, 5 of 10 lies between 18.7 and 81.3 % (Clopper and Pearson 1934).
func TestClopperPearson(t *testing.T) {
	for _, c := range []struct {
		k, n   int
		lo, hi float64
	}{{0, 10, 0, 0.3085}, {5, 10, 0.1871, 0.8129}, {10, 10, 0.6915, 1}} {
		lo, hi := clopperPearson(c.k, c.n)
		if math.Abs(lo-c.lo) > 1e-4 || math.Abs(hi-c.hi) > 1e-4 {
			t.Errorf("%d of %d: %.4f to %.4f", c.k, c.n, lo, hi)
		}
	}
}
