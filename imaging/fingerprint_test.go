package imaging

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
)

func randomPrints(rng *rand.Rand) *Fingerprints {
	p := &Fingerprints{Version: FingerprintVersion, Template: &Fingerprint{}}
	for i := range p.Card {
		p.Card[i], p.Portrait[i], p.Template[i] = byte(rng.Uint32()), byte(rng.Uint32()), byte(rng.Uint32())
	}
	return p
}

// flipped turns n bits, the first of them first.
func flipped(f Fingerprint, n int) Fingerprint {
	for k := range n {
		f[k/8] ^= 1 << (k % 8)
	}
	return f
}

func TestAlikeHasOneEdgeAnAspect(t *testing.T) {
	p := randomPrints(rand.New(rand.NewPCG(1, 1)))
	for a, most := range alikeDistance {
		for _, n := range []int{0, most, most + 1, 128} {
			q := *p
			other := Fingerprint{}
			q.Card, q.Portrait, q.Template = flipped(p.Card, 128), flipped(p.Portrait, 128), &other
			*q.of(Aspect(a)) = flipped(*p.of(Aspect(a)), n)
			if got := p.Alike(&q).Has(Aspect(a)); got != (n <= most) {
				t.Errorf("aspect %d, %d bits: alike %t", a, n, got)
			}
		}
	}
	q := *p
	q.Version++
	if p.Alike(&q) != 0 {
		t.Error("fingerprints of two versions are compared")
	}
	q = *p
	q.Template = nil
	if p.Alike(&q).Has(AspectTemplate) || q.Alike(p).Has(AspectTemplate) || q.Aspects().Has(AspectTemplate) {
		t.Error("a template that is not there is like another")
	}
}

// Bits that differ in k places leave at least 7-k bands equal, whichever they are.
func TestAlikeShareBands(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	for range 200 {
		p := randomPrints(rng)
		q := *p
		k := rng.IntN(bandsPerAspect)
		for range k {
			i := rng.IntN(128)
			q.Portrait[i/8] ^= 1 << (i % 8)
		}
		equal := 0
		for i, b := range p.Bands() {
			if b.Aspect == AspectPortrait && q.Bands()[i] == b {
				equal++
			}
		}
		if equal < bandsPerAspect-k {
			t.Fatalf("%d bits turned leave %d bands equal", k, equal)
		}
	}
}

func TestFingerprintsTravelAndAreSealed(t *testing.T) {
	for _, template := range []bool{true, false} {
		p := randomPrints(rand.New(rand.NewPCG(3, 3)))
		if !template {
			p.Template = nil
		}
		packed, err := p.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		var q, r Fingerprints
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		if err := q.UnmarshalBinary(packed); err != nil || q.Alike(p) != p.Aspects() {
			t.Errorf("from its seal: %v", err)
		}
		if err := decodeStrict(text, &r); err != nil || r.Alike(p) != p.Aspects() || r.Card != p.Card {
			t.Errorf("from the wire: %v", err)
		}
		for n := range packed {
			if err := q.UnmarshalBinary(packed[:n]); err == nil {
				t.Errorf("%d of %d bytes were taken for fingerprints", n, len(packed))
			}
		}
	}
	var f Fingerprint
	for _, bad := range []string{"", "00", strings.Repeat("g", 32), strings.Repeat("0", 34)} {
		if f.UnmarshalText([]byte(bad)) == nil {
			t.Errorf("%q was taken for a fingerprint", bad)
		}
	}
	if _, err := (&Fingerprints{Version: 300}).AppendBinary(nil); err == nil {
		t.Error("a version that does not fit was sealed")
	}
}

// Whoever prints a report prints no fingerprint.
func TestFingerprintsDoNotPrint(t *testing.T) {
	p := randomPrints(rand.New(rand.NewPCG(4, 4)))
	digits, err := p.Card.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "card", p.Card)
	for _, text := range []string{fmt.Sprint(*p), fmt.Sprintf("%+v", *p), fmt.Sprintf("%#v", *p), fmt.Sprintf("%v", p.Card), log.String()} {
		if strings.Contains(text, string(digits)) || !strings.Contains(text, "[fingerprint]") {
			t.Errorf("printed: %s", text)
		}
	}
	if text := fmt.Sprintf("%x", p.Card); strings.Contains(text, string(digits)) {
		t.Errorf("printed in hex: %s", text)
	}
}
