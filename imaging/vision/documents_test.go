//go:build vision

package vision_test

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"realname/imaging"
	"realname/imaging/vision"
	"realname/internal/specimen"
	"realname/verify/idnumber"
)

// dated is a pipeline on a day on which some of the specimens have expired.
var dated = sync.OnceValues(func() (*vision.Pipeline, error) {
	day := time.Date(2026, 1, 10, 4, 0, 0, 0, time.UTC)
	return vision.Open(vision.Options{AssetsDir: assetsDir(), Now: func() time.Time { return day }})
})

// paper is a document to photograph, with what is claimed of it.
type paper struct {
	printed specimen.Print
	claim   imaging.Claim
	expired bool
}

// foreignPaper are the documents of other layouts, and what the pipeline calls them.
var foreignPaper = []struct {
	document specimen.Document
	asked    imaging.Document
}{
	{specimen.ResidencePermit, imaging.DocumentPermit},
	{specimen.ForeignCard, imaging.DocumentForeignPR},
	{specimen.Passport, imaging.DocumentPassport},
}

// Documents of every layout of the evaluation split, whose fonts, portraits and
// grounds set no threshold, photographed ordinarily. REALNAME_SPECIMENS is how
// many of each: few by default, 30 for figures worth quoting.
func TestDocumentsOfTheEvaluationSplit(t *testing.T) {
	stock, err := specimen.NewStock(assetsDir())
	if err != nil {
		t.Fatalf("%v (run `make setup` first)", err)
	}
	stock = stock.For(specimen.Evaluation)
	n, err := strconv.Atoi(os.Getenv("REALNAME_SPECIMENS"))
	if err != nil || n < 1 {
		n = 2
	}
	for _, d := range foreignPaper {
		t.Run(string(d.document), func(t *testing.T) {
			var honest tally
			for i := range n {
				p := newPaper(t, stock, d.document, uint64(40_000+i), false)
				r := photographed(t, stock, p.printed, uint64(50_000+i), imaging.Request{Document: d.asked, Claim: &p.claim})
				honest.add(r)
				if p.expired {
					honest.expired++
					if r.Verdict == imaging.Accept || r.NumberAgreement == imaging.Agrees && !has(r, imaging.ReasonExpired) {
						t.Errorf("%d: expired and not told: %s %v", i, r.Verdict, told(r))
					}
				} else if r.Verdict != imaging.Accept {
					t.Logf("%d honest: %s %s %v", i, r.Verdict, r.Class, told(r))
				}
				if r.Class == d.asked.Class() && r.Fields.Number != "" && !sameNumber(r.Fields.Number, p.claim.Number) {
					t.Errorf("%d: a wrong number is told as read", i)
				}
			}
			t.Logf("%-18s honest n=%d of which expired %d: accepted %d, review %d, rejected %d; class %d, number %d, name %d", d.document,
				n, honest.expired, honest.accepted, honest.review, honest.rejected, honest.class[d.asked.Class()], honest.number, honest.name)
			// A page whose zone cannot be read is no passport yet, and nothing else by name.
			if honest.class[d.asked.Class()]*2 < n || honest.class[imaging.ClassResidentBack]+honest.class[imaging.ClassResidentFront] > 0 {
				t.Errorf("told as %v", honest.class)
			}
			if honest.number*2 < n-honest.expired {
				t.Errorf("the number agrees on %d of %d honest photos", honest.number, n)
			}
			if honest.accepted*2 < n-honest.expired {
				t.Errorf("%d of %d honest photos are accepted", honest.accepted, n-honest.expired)
			}
			for _, thing := range []specimen.Thing{specimen.Finger, specimen.Sticker} {
				var covered tally
				for i := range n {
					p := newPaper(t, stock, d.document, uint64(60_000+i), false)
					shot := specimen.Shot{Options: specimen.Ordinary(), Cover: specimen.ZonePortrait, With: thing}
					r := shown(t, stock, shot, p.printed, uint64(90_000+i), imaging.Request{Document: d.asked, Claim: &p.claim})
					covered.add(r)
					if r.Verdict == imaging.Accept {
						t.Errorf("a %s on portrait %d is accepted", thing, i)
					}
				}
				t.Logf("%-18s %s on the portrait n=%d: accepted %d, review %d, rejected %d", d.document, thing, n, covered.accepted, covered.review, covered.rejected)
			}
			for name, spoil := range spoilers(d.document) {
				var spoilt tally
				for i := range n {
					p := newPaper(t, stock, d.document, uint64(60_000+i), name == "drawn portrait")
					spoil(t, &p, i)
					r := photographed(t, stock, p.printed, uint64(70_000+i), imaging.Request{Document: d.asked, Claim: &p.claim})
					spoilt.add(r)
					if r.Verdict == imaging.Accept {
						t.Errorf("%s %d is accepted", name, i)
					}
				}
				t.Logf("%-18s %s n=%d: accepted %d, review %d, rejected %d", d.document, name, n, spoilt.accepted, spoilt.review, spoilt.rejected)
			}
		})
	}
}

// A photograph glued over a permit's portrait is for a person where its edge is seen.
func TestGluedPhotographOnAPermit(t *testing.T) {
	stock, err := specimen.NewStock(assetsDir())
	if err != nil {
		t.Fatalf("%v (run `make setup` first)", err)
	}
	stock = stock.For(specimen.Evaluation)
	n, err := strconv.Atoi(os.Getenv("REALNAME_SPECIMENS"))
	if err != nil || n < 1 {
		n = 4
	}
	var got tally
	for i := range n {
		p := newPaper(t, stock, specimen.ResidencePermit, uint64(64_000+i), false)
		shot := specimen.Shot{Options: specimen.Ordinary(), Glued: must[image.Image](t)(stock.Portrait(specimen.Seed(uint64(65_000 + i))))}
		r := shown(t, stock, shot, p.printed, uint64(94_000+i), imaging.Request{Document: imaging.DocumentPermit, Claim: &p.claim})
		got.add(r)
		if r.Verdict != imaging.Accept && !has(r, imaging.ReasonOccluded) {
			t.Logf("%d: %s %v", i, r.Verdict, told(r))
		}
	}
	t.Logf("glued photograph on a permit n=%d: accepted %d, review %d, rejected %d", n, got.accepted, got.review, got.rejected)
	if got.accepted > n/2 {
		t.Errorf("%d of %d are accepted", got.accepted, n)
	}
}

// Another genuine document than the one asked for is told as what it is.
func TestAnotherDocumentIsNamed(t *testing.T) {
	stock, err := specimen.NewStock(assetsDir())
	if err != nil {
		t.Fatalf("%v (run `make setup` first)", err)
	}
	for i, d := range foreignPaper {
		p := newPaper(t, stock, d.document, uint64(80_000+i), false)
		r := photographed(t, stock, p.printed, uint64(81_000+i), imaging.Request{Claim: &p.claim})
		if r.Verdict != imaging.Reject || !has(r, imaging.ReasonWrongDocument) || r.Class != d.asked.Class() || has(r, imaging.ReasonNotADocument) {
			t.Errorf("%s for a resident card: %s %s %v", d.document, r.Verdict, r.Class, told(r))
		}
		card := newPaper(t, stock, specimen.ResidentCard, uint64(82_000+i), false)
		r = photographed(t, stock, card.printed, uint64(83_000+i), imaging.Request{Document: d.asked, Claim: &card.claim})
		if r.Verdict != imaging.Reject || !has(r, imaging.ReasonWrongDocument) || r.Class != imaging.ClassResidentFront {
			t.Errorf("a resident card for %s: %s %s %v", d.document, r.Verdict, r.Class, told(r))
		}
	}
}

// tally counts what came of photos.
type tally struct {
	accepted, review, rejected, expired, number, name int
	class                                             map[imaging.Class]int
}

func (c *tally) add(r imaging.Report) {
	switch r.Verdict {
	case imaging.Accept:
		c.accepted++
	case imaging.Review:
		c.review++
	case imaging.Reject:
		c.rejected++
	}
	if c.class == nil {
		c.class = map[imaging.Class]int{}
	}
	c.class[r.Class]++
	if r.NumberAgreement == imaging.Agrees {
		c.number++
	}
	if r.NameAgreement == imaging.Agrees {
		c.name++
	}
}

// told are the reasons with what was measured: nothing of a person is in them.
func told(r imaging.Report) []string {
	var out []string
	for _, reason := range r.Reasons {
		out = append(out, fmt.Sprintf("%s %.2f", reason.Code, reason.Value))
	}
	return out
}

func sameNumber(a, b string) bool { return strings.ReplaceAll(a, " ", "") == b }

func newPaper(t *testing.T, stock specimen.Stock, d specimen.Document, seed uint64, drawn bool) paper {
	t.Helper()
	rng := specimen.Seed(seed)
	printed, err := stock.Print(rng, d, specimen.Front, drawn)
	for errors.Is(err, specimen.ErrTooLong) {
		printed, err = stock.Print(rng, d, specimen.Front, drawn)
	}
	if err != nil {
		t.Fatal(err)
	}
	p := paper{printed: printed, claim: imaging.Claim{
		Number: printed.Fields[specimen.ZoneNumber].Text, Name: printed.Fields[specimen.ZoneName].Text,
	}}
	// A Chinese passport prints the name twice; holders claim either.
	if han, latin, both := strings.Cut(p.claim.Name, "  "); both {
		p.claim.Name = []string{han, latin}[seed%2]
	}
	today := time.Date(2026, 1, 10, 0, 0, 0, 0, time.UTC)
	for _, form := range []string{"2006.01.02", "02 Jan 2006"} {
		_, until, cut := strings.Cut(printed.Fields[specimen.ZoneValidity].Text, "-")
		if !cut {
			until = printed.Fields[specimen.ZoneValidity].Text
		}
		if day, err := time.Parse(form, until); err == nil {
			p.expired = day.Before(today)
		}
	}
	return p
}

func photographed(t *testing.T, stock specimen.Stock, printed specimen.Print, seed uint64, req imaging.Request) imaging.Report {
	t.Helper()
	return shown(t, stock, specimen.Shot{Options: specimen.Ordinary()}, printed, seed, req)
}

func shown(t *testing.T, stock specimen.Stock, shot specimen.Shot, printed specimen.Print, seed uint64, req imaging.Request) imaging.Report {
	t.Helper()
	rng := specimen.Seed(seed)
	shot.Background = must[image.Image](t)(stock.Background(rng, 1600, 1200))
	img, _, err := shot.Take(rng, printed)
	if err != nil {
		t.Fatal(err)
	}
	req.Image = specimen.JPEG(img, 75+rng.IntN(20))
	info := must[imaging.Info](t)(imaging.Gate(req.Image, imaging.Limits{}))
	return must[imaging.Report](t)(must[*vision.Pipeline](t)(dated()).Check(context.Background(), req, info))
}

// spoilers make of an honest document one that must not pass.
func spoilers(d specimen.Document) map[string]func(*testing.T, *paper, int) {
	return map[string]func(*testing.T, *paper, int){
		"altered number": func(t *testing.T, p *paper, i int) { t.Helper(); alter(t, p, specimen.Seed(uint64(i))) },
		"other claim": func(t *testing.T, p *paper, i int) {
			t.Helper()
			p.claim.Number = otherNumber(p.claim.Number)
		},
		"other name": func(t *testing.T, p *paper, i int) {
			t.Helper()
			p.claim.Name = "QUENTIN, BOLESLAV"
			if d == specimen.ResidencePermit {
				p.claim.Name = "欧阳振华"
			}
		},
		"drawn portrait": func(*testing.T, *paper, int) {},
	}
}

// otherNumber is another number of the same form with a right check character where there is one.
func otherNumber(number string) string {
	if len(number) != 18 {
		return "L" + "000000" + number[len(number)-2:]
	}
	body := number[:14] + "001"
	if number[14:17] == "001" {
		body = number[:14] + "003"
	}
	return body + string(idnumber.CheckChar(body))
}

// alter prints one digit over another, as a forger without the check digit's rule does.
func alter(t *testing.T, p *paper, rng *rand.Rand) {
	t.Helper()
	const perMM = specimen.CardWidth / 85.6
	text, box, pitch := p.claim.Number, p.printed.Fields[specimen.ZoneNumber].Box, 2.78
	digits := len(text)
	if p.printed.Document == specimen.Passport {
		// The zone's second line begins with the number; its other digits lend themselves.
		_, text, _ = strings.Cut(p.printed.Fields[specimen.ZoneMRZ].Text, "\n")
		text = text[:28]
		box, pitch = p.printed.Fields[specimen.ZoneMRZ].Box, 2.54
		box.Y += 6.4
	}
	for {
		from, to := 1+rng.IntN(len(text)-1), 1+rng.IntN(digits-1)
		if text[from] == text[to] || text[from] > '9' {
			continue
		}
		cell := func(k int) image.Rectangle {
			x, y := (box.X+float64(k)*pitch)*perMM, (box.Y-0.4)*perMM
			return image.Rect(int(x), int(y), int(x+pitch*perMM), int(y+5*perMM))
		}
		img := image.NewRGBA(p.printed.Image.Rect)
		copy(img.Pix, p.printed.Image.Pix)
		draw.Draw(img, cell(to), p.printed.Image, cell(from).Min, draw.Src)
		p.printed.Image = img
		return
	}
}

// A card whose number was altered by the rules still prints the birth and sex of its holder.
func TestCardThatContradictsItselfIsRejected(t *testing.T) {
	for code, alter := range map[string]func(string) string{
		imaging.ReasonBirthMismatch: func(number string) string { return number[:6] + "19530917" + number[14:17] },
		imaging.ReasonSexMismatch: func(number string) string {
			return number[:14] + map[string]string{"000": "999", "999": "000"}[number[14:17]]
		},
	} {
		rng := specimen.Seed(930)
		p := specimen.NewPerson(rng)
		body := alter(p.Number)
		p.Number = body + string(idnumber.CheckChar(body))
		card := must[*image.RGBA](t)(specimen.Card(p, stockPortrait(t, rng)))
		img, _ := specimen.Photograph(rng, card, specimen.Ordinary())
		r := check(t, imaging.Request{Image: specimen.JPEG(img, 85), Claim: claim(p)})
		if r.Verdict != imaging.Reject || !has(r, code) {
			t.Errorf("%s: %s %v", code, r.Verdict, told(r))
		}
	}
}

// The foreigner's card before December 2023 is named, its number read, and it is left to a person; as another document it is refused.
func TestOlderForeignCardIsNamed(t *testing.T) {
	stock, err := specimen.NewStock(assetsDir())
	if err != nil {
		t.Fatalf("%v (run `make setup` first)", err)
	}
	n, err := strconv.Atoi(os.Getenv("REALNAME_SPECIMENS"))
	if err != nil || n < 1 {
		n = 3
	}
	named, read := 0, 0
	for i := range n {
		p := newPaper(t, stock.For(specimen.Evaluation), specimen.ForeignCardOld, uint64(84_000+i), false)
		look := func(req imaging.Request) imaging.Report {
			return photographed(t, stock, p.printed, uint64(85_000+i), req)
		}
		r := look(imaging.Request{Document: imaging.DocumentForeignPR, Claim: &p.claim})
		if r.Verdict == imaging.Accept {
			t.Errorf("%d: accepted", i)
		}
		if !has(r, imaging.ReasonOlderCard) {
			t.Logf("%d: %s %s %v", i, r.Verdict, r.Class, told(r))
			continue
		}
		named++
		if r.Verdict != imaging.Review || r.Class != imaging.DocumentForeignPR.Class() || !has(r, imaging.ReasonOlderCard) {
			t.Errorf("%d: %s %s %v", i, r.Verdict, r.Class, told(r))
		}
		if r.NumberAgreement == imaging.Agrees && r.Fields.Number == p.claim.Number {
			read++
		}
		other := imaging.Claim{Number: "USA110000010100"}
		if r := look(imaging.Request{Document: imaging.DocumentForeignPR, Claim: &other}); r.NumberAgreement == imaging.Agrees {
			t.Errorf("%d: another number agrees", i)
		}
		if r := look(imaging.Request{Claim: &p.claim}); r.Verdict != imaging.Reject || !has(r, imaging.ReasonWrongDocument) {
			t.Errorf("%d as a resident card: %s %s %v", i, r.Verdict, r.Class, told(r))
		}
	}
	t.Logf("n=%d: named %d, number read %d", n, named, read)
	if named*2 < n || read*2 < named {
		t.Errorf("of %d, %d are named and %d numbers read", n, named, read)
	}
}
