package idnumber

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"unicode/utf8"
)

// Number is a canonical document number that does not leak: every way of printing, logging or encoding it gives a mask,
// and only Reveal and Append give the digits. It is comparable, within one process.
//
// fmt prints an unexported field of somebody's struct by reflection, past every method. So the bytes lie under a random
// mask of this process, and what fmt would print is not the number. This is no encryption.
type Number struct{ words [numberWords]uint64 }

const (
	numberWords = 4
	numberSize  = numberWords * 8
	// numberCap is the longest canonical number; the last byte holds the length.
	numberCap = numberSize - 1
)

var processMask = func() (mask [numberWords]uint64) {
	var b [numberSize]byte
	_, _ = rand.Read(b[:]) // never fails: it ends the process instead
	for i := range mask {
		mask[i] = binary.LittleEndian.Uint64(b[i*8:])
	}
	return mask
}()

// seal makes a Number of the first n bytes of b; the bytes after them must be zero.
func seal(b *[numberSize]byte, n int) Number {
	b[numberSize-1] = byte(n)
	var out Number
	for i := range out.words {
		out.words[i] = binary.LittleEndian.Uint64(b[i*8:]) ^ processMask[i]
	}
	return out
}

func (n Number) open(b *[numberSize]byte) []byte {
	if n.IsZero() {
		return nil
	}
	for i, w := range n.words {
		binary.LittleEndian.PutUint64(b[i*8:], w^processMask[i])
	}
	return b[:b[numberSize-1]]
}

// IsZero reports whether there is no number.
func (n Number) IsZero() bool { return n == Number{} }

// Equal reports whether both are the same number.
func (n Number) Equal(m Number) bool { return n == m }

// Reveal gives the number itself: personal data. "" for the zero Number.
func (n Number) Reveal() string {
	var b [numberSize]byte
	return string(n.open(&b))
}

// Append appends the number itself, personal data, to dst.
func (n Number) Append(dst []byte) []byte {
	var b [numberSize]byte
	return append(dst, n.open(&b)...)
}

// String gives the first two characters and the last between asterisks, all of the number's length; only asterisks when
// it is shorter than eight or begins with a Han character.
func (n Number) String() string {
	var b [numberSize]byte
	digits := n.open(&b)
	if len(digits) < 8 || digits[0] >= utf8.RuneSelf {
		return strings.Repeat("*", utf8.RuneCount(digits))
	}
	for i := 2; i < len(digits)-1; i++ {
		digits[i] = '*'
	}
	return string(digits)
}

// GoString is String.
func (n Number) GoString() string { return n.String() }

// Format prints String for every verb.
func (n Number) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, n.String()) }

// LogValue logs String.
func (n Number) LogValue() slog.Value { return slog.StringValue(n.String()) }

// MarshalText gives String: JSON and XML hold the mask, gob refuses.
func (n Number) MarshalText() ([]byte, error) { return []byte(n.String()), nil }
