package tiles

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// MaxEntry is the size in bytes of the largest entry: its length is a uint16.
const MaxEntry = 1<<16 - 1

// ErrBundle: bytes that are not a sequence of length-prefixed entries.
var ErrBundle = errors.New("tiles: malformed entry bundle")

// AppendEntry appends entry to a bundle, behind its big-endian uint16 length.
// It panics when the entry is larger than MaxEntry; the caller has checked.
func AppendEntry(bundle, entry []byte) []byte {
	if len(entry) > MaxEntry {
		panic(fmt.Sprintf("tiles: entry of %d bytes", len(entry)))
	}
	bundle = binary.BigEndian.AppendUint16(bundle, uint16(len(entry)))
	return append(bundle, entry...)
}

// NextEntry takes the first entry of a bundle; rest is what follows it. The
// error, when the bundle ends within the entry, is ErrBundle.
func NextEntry(bundle []byte) (entry, rest []byte, err error) {
	if len(bundle) < 2 {
		return nil, nil, fmt.Errorf("%w: %d bytes left where a length of 2 is due", ErrBundle, len(bundle))
	}
	n := int(binary.BigEndian.Uint16(bundle))
	if len(bundle)-2 < n {
		return nil, nil, fmt.Errorf("%w: an entry of %d bytes, %d bytes left", ErrBundle, n, len(bundle)-2)
	}
	return bundle[2 : 2+n], bundle[2+n:], nil
}
