//go:build vision

package vision_test

import (
	"image"
	"math/rand/v2"
	"testing"

	"realname/imaging"
	"realname/internal/specimen"
)

// evaluation is what no net of ours was trained on.
func evaluation(t testing.TB) specimen.Stock {
	t.Helper()
	return must[specimen.Stock](t)(specimen.NewStock(assetsDir())).For(specimen.Evaluation)
}

// taken photographs a resident card's front and says whose it is.
func taken(t testing.TB, seed uint64, change func(*rand.Rand, specimen.Stock, *specimen.Shot)) (*image.RGBA, *imaging.Claim) {
	t.Helper()
	stock, rng := evaluation(t), specimen.Seed(seed)
	p := must[specimen.Print](t)(stock.Print(rng, specimen.ResidentCard, specimen.Front, false))
	s := specimen.Shot{Options: specimen.Easy()}
	s.Background = must[image.Image](t)(stock.Background(rng, 1600, 1200))
	change(rng, stock, &s)
	img, _, err := s.Take(rng, p)
	if err != nil {
		t.Fatal(err)
	}
	return img, &imaging.Claim{Number: p.Fields[specimen.ZoneNumber].Text, Name: p.Fields[specimen.ZoneName].Text}
}

// A card of which only part is on the picture is for a person, whatever else can be read of it.
func TestCutOffCardsAreNeverAccepted(t *testing.T) {
	for i, edge := range []specimen.Edge{specimen.Left, specimen.Right, specimen.Top, specimen.Bottom} {
		img, claim := taken(t, 6_100_000+uint64(i), func(_ *rand.Rand, _ specimen.Stock, s *specimen.Shot) {
			s.CutEdge, s.CutShare = edge, 0.12
		})
		r := check(t, imaging.Request{Image: specimen.JPEG(img, 88), Claim: claim})
		if r.Verdict == imaging.Accept {
			t.Errorf("cut off at the %s: accepted, class %s", edge, r.Class)
		}
	}
}

// An answer that does not rest on reading tells where the card lies all the same.
func TestTheCardsPlaceIsTold(t *testing.T) {
	img, claim := taken(t, 6_200_000, func(*rand.Rand, specimen.Stock, *specimen.Shot) {})
	r := check(t, imaging.Request{Image: specimen.JPEG(img, 88), Claim: claim})
	if r.Verdict != imaging.Accept || r.Quad == nil {
		t.Fatalf("verdict %s, reasons %+v, quad %v", r.Verdict, r.Reasons, r.Quad)
	}
	if q := r.Quad; q[0].X >= q[1].X || q[0].Y >= q[3].Y || q[3].X >= q[2].X || q[1].Y >= q[2].Y {
		t.Errorf("a card that lies upright has its corners at %v", q)
	}
	drawing := check(t, imaging.Request{Image: specimen.JPEG(specimen.Avatar(specimen.Seed(3), 512), 90)})
	if drawing.Quad != nil {
		t.Errorf("a drawing has a card at %v", drawing.Quad)
	}
}

func TestTwoCardsAreForAPerson(t *testing.T) {
	told := 0
	const pictures = 4
	for i := range uint64(pictures) {
		img, claim := taken(t, 6_300_000+i, func(rng *rand.Rand, stock specimen.Stock, s *specimen.Shot) {
			side := []specimen.Side{specimen.Front, specimen.Rear}[i%2]
			beside := must[specimen.Print](t)(stock.Print(rng, specimen.ResidentCard, side, false))
			s.Beside = &beside
		})
		r := check(t, imaging.Request{Image: specimen.JPEG(img, 88), Claim: claim})
		if has(r, imaging.ReasonSeveralCards) {
			told++
			if r.Verdict == imaging.Accept {
				t.Errorf("picture %d: accepted with reasons %+v", i, r.Reasons)
			}
		}
	}
	if told < pictures/2 {
		t.Errorf("%d of %d pictures of two cards are told as such", told, pictures)
	}
}
