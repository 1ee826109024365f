//go:build vision

package vision

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"realname/imaging"
	"realname/internal/specimen"
	"realname/verify/idnumber"
)

// printed is a photographed front with its true corners.
func printed(t *testing.T, stock specimen.Stock, seed uint64, shot specimen.Shot) (*frame, *cardMap, specimen.Print) {
	t.Helper()
	rng := specimen.Seed(seed)
	var err error
	if shot.Background, err = stock.Background(rng, 1600, 1200); err != nil {
		t.Fatal(err)
	}
	p, err := stock.Print(rng, specimen.ResidentCard, specimen.Front, false)
	for errors.Is(err, specimen.ErrTooLong) {
		p, err = stock.Print(rng, specimen.ResidentCard, specimen.Front, false)
	}
	if err != nil {
		t.Fatal(err)
	}
	img, truth, err := shot.Take(rng, p)
	if err != nil {
		t.Fatal(err)
	}
	data := specimen.JPEG(img, 70+rng.IntN(26))
	info, err := imaging.Gate(data, imaging.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	f, err := decode(data, info)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.close)
	var q quad
	for i, c := range truth.Cards[0].Corners {
		q[i] = point{c.X / f.scale, c.Y / f.scale}
	}
	return f, cardAt(t, q), p
}

func openPrint(t *testing.T) (*printReader, specimen.Stock) {
	t.Helper()
	assets := os.Getenv("REALNAME_ASSETS")
	if assets == "" {
		assets = filepath.Join("..", "..", ".assets")
	}
	if err := openRuntime(assets); err != nil {
		t.Fatalf("%v (run `make setup` first)", err)
	}
	stock, err := specimen.NewStock(assets)
	if err != nil {
		t.Fatal(err)
	}
	r := &printReader{}
	for to, weights := range map[**net][]byte{&r.digits: digitWeights, &r.labels: labelWeights} {
		if *to, err = openNet(weights); err != nil {
			t.Fatal(err)
		}
		t.Cleanup((*to).close)
	}
	return r, stock.For(specimen.Evaluation)
}

// What the print nets are sure of is right, and they are sure of most cards, in
// fonts that they were not trained on. REALNAME_SPECIMENS asks for more cards.
func TestPrintThatIsSureIsRight(t *testing.T) {
	r, stock := openPrint(t)
	n, err := strconv.Atoi(os.Getenv("REALNAME_SPECIMENS"))
	if err != nil || n < 1 {
		n = 6
	}
	today := idnumber.Date{Year: 2026, Month: 1, Day: 1}
	numbers, labels, itself := 0, 0, 0
	for i := range n {
		f, m, p := printed(t, stock, uint64(720_000+i), specimen.Shot{Options: specimen.Ordinary()})
		row, err := r.row(f.mat, m, numberStrip)
		if err != nil {
			t.Fatal(err)
		}
		want := p.Fields[specimen.ZoneNumber].Text
		sure := len(row.glyphs) == numberDigits && row.weakest() >= sureGlyph
		if sure && row.text() != want {
			t.Errorf("card %d: a sure number is wrong", i)
		}
		seen, err := r.front(f.mat, m)
		if err != nil {
			t.Fatal(err)
		}
		if seen.sex != 0 && string(seen.sex) != p.Fields[specimen.ZoneSex].Text {
			t.Errorf("card %d: a sure sex is wrong", i)
		}
		told := idnumber.Check(idnumber.ResidentID, want, today)
		same, err := r.tellsItself(f.mat, m, &told, seen.sex)
		if err != nil {
			t.Fatal(err)
		}
		for count, good := range map[*int]bool{&numbers: sure, &labels: seen.labels >= needLabels, &itself: same} {
			if good {
				*count++
			}
		}
	}
	t.Logf("of %d cards: number sure %d, labels found %d, birth and sex as in the number %d", n, numbers, labels, itself)
	for name, good := range map[string]int{"numbers": numbers, "labels": labels, "birth and sex": itself} {
		if _, hi := clopperPearson(good, n); hi < 0.8 {
			t.Errorf("%s: sure on %d of %d only", name, good, n)
		}
	}
}

// Print on a card that is another day's or the other sex's than the number is not taken for its own.
func TestNumberThatContradictsThePrint(t *testing.T) {
	r, stock := openPrint(t)
	f, m, p := printed(t, stock, 730_000, specimen.Shot{Options: specimen.Easy()})
	seen, err := r.front(f.mat, m)
	if err != nil {
		t.Fatal(err)
	}
	number := p.Fields[specimen.ZoneNumber].Text
	for name, body := range map[string]string{
		"a day later": number[:13] + string('0'+(number[13]-'0'+1)%10) + number[14:17],
		"other sex":   number[:16] + string('0'+(number[16]-'0'+1)%10),
	} {
		told := idnumber.Check(idnumber.ResidentID, body+string(idnumber.CheckChar(body)), idnumber.Date{Year: 2026, Month: 1, Day: 1})
		same, err := r.tellsItself(f.mat, m, &told, seen.sex)
		if err != nil {
			t.Fatal(err)
		}
		if same {
			t.Errorf("%s: taken for the card's own number", name)
		}
	}
}
