package imaging

import (
	"encoding/hex"
	"errors"
	"log/slog"
	"math/bits"
)

// FingerprintVersion names the way that fingerprints are made and the distances
// at which two are alike; those of different versions are never compared.
const FingerprintVersion = 1

// fingerprintBytes is the size of a fingerprint: 128 bits.
const fingerprintBytes = 16

// Fingerprint is a perceptual hash of a part of a photo: pictures that look
// alike have hashes with few different bits. It is personal data close to a
// biometric one, so that it prints and logs as a constant and leaves a process
// only as text on the wire of a worker or under a seal.
type Fingerprint [fingerprintBytes]byte

// Distance is the number of different bits, 0 to 128.
func (f Fingerprint) Distance(o Fingerprint) int {
	n := 0
	for i := range f {
		n += bits.OnesCount8(f[i] ^ o[i])
	}
	return n
}

// String tells nothing.
func (Fingerprint) String() string { return "[fingerprint]" }

// GoString tells nothing.
func (Fingerprint) GoString() string { return "[fingerprint]" }

// LogValue tells nothing.
func (Fingerprint) LogValue() slog.Value { return slog.StringValue("[fingerprint]") }

// MarshalText writes 32 hex digits, for the wire of a worker.
func (f Fingerprint) MarshalText() ([]byte, error) {
	return hex.AppendEncode(nil, f[:]), nil
}

// UnmarshalText reads 32 hex digits.
func (f *Fingerprint) UnmarshalText(text []byte) error {
	if len(text) != hex.EncodedLen(fingerprintBytes) {
		return errors.New("imaging: a fingerprint has 32 hex digits")
	}
	if _, err := hex.Decode(f[:], text); err != nil {
		return errors.New("imaging: a fingerprint has 32 hex digits")
	}
	return nil
}

// Aspect is what of a photo a fingerprint is of.
type Aspect uint8

// The aspects, in the order of the bits of Aspects.
const (
	AspectCard     Aspect = iota // the straightened card without the common labels
	AspectPortrait               // the portrait alone
	AspectTemplate               // what lies around the card: the same picture with another card put in
	aspects
)

// Aspects is a set of aspects.
type Aspects uint8

// Has reports whether a is in the set.
func (s Aspects) Has(a Aspect) bool { return s>>a&1 == 1 }

// Fingerprints are of the front of one card.
type Fingerprints struct {
	Version  int         `json:"version"`
	Card     Fingerprint `json:"card"`
	Portrait Fingerprint `json:"portrait"`
	// Template is nil where too little is seen around the card, or nothing that tells pictures apart.
	Template *Fingerprint `json:"template,omitempty"`
}

// alikeDistance is the most bits that two fingerprints of one thing differ by.
// Measured on rendered cards and synthetic faces; docs/decisions/0006 has the figures.
var alikeDistance = [aspects]int{AspectCard: 8, AspectPortrait: 12, AspectTemplate: 14}

func (p *Fingerprints) of(a Aspect) *Fingerprint {
	switch a {
	case AspectCard:
		return &p.Card
	case AspectPortrait:
		return &p.Portrait
	}
	return p.Template
}

// Alike are the aspects in which two photos show the same.
func (p *Fingerprints) Alike(o *Fingerprints) Aspects {
	var out Aspects
	if p.Version != o.Version {
		return 0
	}
	for a := range aspects {
		f, g := p.of(a), o.of(a)
		if f != nil && g != nil && f.Distance(*g) <= alikeDistance[a] {
			out |= 1 << a
		}
	}
	return out
}

// Aspects are those that there is a fingerprint of.
func (p *Fingerprints) Aspects() Aspects {
	var out Aspects
	for a := range aspects {
		if p.of(a) != nil {
			out |= 1 << a
		}
	}
	return out
}

// Bands of a fingerprint: few enough bits to be equal in most pairs that are
// alike, enough to be equal in hardly any other.
const (
	bandBits       = 18
	bandsPerAspect = fingerprintBytes * 8 / bandBits
)

// Band is one run of bits of one fingerprint: things that are alike share some,
// and can so be looked up by equality.
type Band struct {
	Version int
	Aspect  Aspect
	Index   int // 0 to 6
	Bits    uint32
}

// Bands are those of every fingerprint there is, in a fixed order.
func (p *Fingerprints) Bands() []Band {
	out := make([]Band, 0, int(aspects)*bandsPerAspect)
	for a := range aspects {
		f := p.of(a)
		if f == nil {
			continue
		}
		for i := range bandsPerAspect {
			b := Band{Version: p.Version, Aspect: a, Index: i}
			for k := i * bandBits; k < (i+1)*bandBits; k++ {
				b.Bits = b.Bits<<1 | uint32(f[k/8]>>(k%8)&1)
			}
			out = append(out, b)
		}
	}
	return out
}

// AppendBinary appends one byte of version, one that says whether there is a
// template's, and the fingerprints: for a seal, which must be small.
func (p *Fingerprints) AppendBinary(b []byte) ([]byte, error) {
	if p.Version < 1 || p.Version > 255 {
		return nil, errors.New("imaging: fingerprints of an unknown version")
	}
	b = append(b, byte(p.Version), 0)
	mark := len(b) - 1
	b = append(append(b, p.Card[:]...), p.Portrait[:]...)
	if p.Template != nil {
		b[mark] = 1
		b = append(b, p.Template[:]...)
	}
	return b, nil
}

// UnmarshalBinary reads what AppendBinary wrote.
func (p *Fingerprints) UnmarshalBinary(b []byte) error {
	const short, whole = 2 + 2*fingerprintBytes, 2 + 3*fingerprintBytes
	if len(b) < 2 || b[0] == 0 || !(b[1] == 0 && len(b) == short || b[1] == 1 && len(b) == whole) {
		return errors.New("imaging: these are no fingerprints")
	}
	*p = Fingerprints{Version: int(b[0]), Card: Fingerprint(b[2:18]), Portrait: Fingerprint(b[18:34])}
	if b[1] == 1 {
		template := Fingerprint(b[34:50])
		p.Template = &template
	}
	return nil
}
