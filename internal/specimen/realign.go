package specimen

import (
	"encoding/binary"
	"errors"

	"golang.org/x/image/font/sfnt"
)

// errCollection says that a font collection's tables reach beyond its file.
var errCollection = errors.New("malformed font collection")

// realigned parses one member of a collection whose tables do not start on
// multiples of four, which package sfnt refuses (WenQuanYi and Arphic ship
// such files): it copies the member's tables into a font of its own.
func realigned(collection []byte, family string) (*sfnt.Font, error) {
	if len(collection) < 12 || string(collection[:4]) != "ttcf" {
		return nil, errCollection
	}
	var buf sfnt.Buffer
	for i := range binary.BigEndian.Uint32(collection[8:]) {
		at := 12 + 4*uint64(i)
		if at+4 > uint64(len(collection)) {
			return nil, errCollection
		}
		data, err := member(collection, uint64(binary.BigEndian.Uint32(collection[at:])))
		if err != nil {
			return nil, err
		}
		font, err := sfnt.Parse(data)
		if err != nil {
			return nil, err
		}
		if name, err := font.Name(&buf, sfnt.NameIDFamily); err == nil && name == family {
			return font, nil
		}
	}
	return nil, errCollection
}

// member copies the font whose offset table stands at a place of the collection.
func member(collection []byte, at uint64) ([]byte, error) {
	const head, record = 12, 16
	size := uint64(len(collection))
	if at+head > size {
		return nil, errCollection
	}
	records := uint64(binary.BigEndian.Uint16(collection[at+4:])) * record
	if at+head+records > size {
		return nil, errCollection
	}
	out := append([]byte(nil), collection[at:at+head+records]...)
	for r := uint64(head); r < head+records; r += record {
		from, length := uint64(binary.BigEndian.Uint32(out[r+8:])), uint64(binary.BigEndian.Uint32(out[r+12:]))
		if from+length > size {
			return nil, errCollection
		}
		for len(out)%4 != 0 {
			out = append(out, 0)
		}
		binary.BigEndian.PutUint32(out[r+8:], uint32(len(out)))
		out = append(out, collection[from:from+length]...)
	}
	return out, nil
}
