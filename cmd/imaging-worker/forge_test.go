//go:build vision

package main

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"testing"

	"realname/internal/specimen"
)

// jpegForm is a JPEG whose every block is empty: one bit for its DC and one for
// its AC coefficients (ITU-T T.81, B.2 and F.2), so sizes cost next to nothing.
type jpegForm struct {
	width, height int
	components    int
	precision     byte // 0 for 8 bits a sample
	adobe         bool // an APP14 segment, by which four components are CMYK
	frame         byte // of the SOF marker; 0 for baseline
	scans         int  // of a progressive frame beyond the first, each of all AC coefficients
	blocks        int  // 0 for those of the size
}

func segment(marker byte, body ...byte) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(body)+2)), body...)
}

func (f jpegForm) bytes() []byte {
	if f.precision == 0 {
		f.precision = 8
	}
	if f.frame == 0 {
		f.frame = 0xc0
	}
	if f.blocks == 0 {
		f.blocks = (f.width + 7) / 8 * ((f.height + 7) / 8)
	}
	const endOfRun = 0xe0 // an AC symbol: 2^14 blocks or more, of which 14 bits tell the rest, are over
	ac := byte(0)         // end of block
	if f.scans > 0 {
		ac = endOfRun
	}
	table := func(class, symbol byte) []byte {
		return segment(0xc4, append([]byte{class << 4, 1}, append(make([]byte, 15), symbol)...)...)
	}
	frame := []byte{f.precision, byte(f.height >> 8), byte(f.height), byte(f.width >> 8), byte(f.width), byte(f.components)}
	scan := []byte{byte(f.components)}
	for c := range byte(f.components) {
		frame = append(frame, c+1, 0x11, 0)
		scan = append(scan, c+1, 0)
	}
	out := append([]byte{0xff, 0xd8}, segment(0xdb, append([]byte{0}, bytes.Repeat([]byte{1}, 64)...)...)...)
	if f.adobe {
		out = append(out, segment(0xee, append([]byte("Adobe"), 0, 100, 0, 0, 0, 0, 0)...)...)
	}
	out = append(append(append(out, segment(f.frame, frame...)...), table(0, 0)...), table(1, ac)...)
	bits, last := 2, byte(63)
	if f.scans > 0 {
		bits, last = 1, 0 // the first scan of a progressive frame holds DC alone
	}
	out = append(append(out, segment(0xda, append(scan, 0, last, 0)...)...), make([]byte, (bits*f.components*f.blocks+7)/8)...)
	for range f.scans {
		out = append(append(out, segment(0xda, 1, 1, 0, 1, 63, 0)...), runs(f.blocks)...)
	}
	return append(out, 0xff, 0xd9)
}

// runs ends blocks in runs of 2^14: each takes the symbol's one bit and 14 zeros.
func runs(blocks int) []byte { return make([]byte, ((blocks>>14+1)*15+7)/8) }

func chunk(kind string, body []byte) []byte {
	out := append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), kind...)
	out = append(out, body...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
}

// pngForm is a PNG whose every sample is zero; raw bytes may be too many or too few.
type pngForm struct {
	width, height int
	depth, colour byte
	interlaced    byte
	raw           int // 0 for those of the size
	extra         [][]byte
}

func (f pngForm) bytes(t testing.TB) []byte {
	t.Helper()
	samples := map[byte]int{0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[f.colour]
	if f.raw == 0 {
		f.raw = (1 + (f.width*samples*int(f.depth)+7)/8) * f.height
	}
	header := binary.BigEndian.AppendUint32(nil, uint32(f.width))
	header = append(binary.BigEndian.AppendUint32(header, uint32(f.height)), f.depth, f.colour, 0, 0, f.interlaced)
	parts := [][]byte{[]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", header)}
	if f.colour == 3 {
		parts = append(parts, chunk("PLTE", []byte{0, 0, 0}))
	}
	parts = append(parts, f.extra...)
	return bytes.Join(append(parts, chunk("IDAT", deflated(t, f.raw)), chunk("IEND", nil)), nil)
}

// deflated is n zero bytes, compressed.
func deflated(t testing.TB, n int) []byte {
	t.Helper()
	return compressed(t, io.LimitReader(zeros{}, int64(n)))
}

func compressed(t testing.TB, from io.Reader) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zlib.NewWriter(&out)
	if _, err := io.Copy(z, from); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// losslessWebP is a VP8L picture of one colour, which takes no bit a pixel (RFC 9649, 3.4 to 3.8).
func losslessWebP(width, height int) []byte {
	var bits uint64
	var used int
	var body []byte
	put := func(value uint64, n int) {
		bits |= value << used
		for used += n; used >= 8; used -= 8 {
			body = append(body, byte(bits))
			bits >>= 8
		}
	}
	put(0x2f, 8)
	put(uint64(width-1), 14)
	put(uint64(height-1), 14)
	put(0, 1+3)   // no alpha, version 0
	put(0, 1+1+1) // no transform, no colour cache, one group of codes
	for range 5 { // green, red, blue, alpha, distance: a simple code of one symbol, a one-bit symbol, 0
		put(1, 1)
		put(0, 1+1+1)
	}
	const leastFile = 32 // bytes; OpenCV takes less for no WebP
	for len(body) < leastFile {
		put(0, 8)
	}
	return riff(riffChunk("VP8L", body))
}

func riff(chunks ...[]byte) []byte {
	body := append([]byte("WEBP"), bytes.Join(chunks, nil)...)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

func riffChunk(kind string, body []byte) []byte {
	out := append(binary.LittleEndian.AppendUint32([]byte(kind), uint32(len(body))), body...)
	return append(out, make([]byte, len(body)%2)...)
}

// exifLoop is an EXIF segment whose directory is its own successor, its own sub-directory and its own thumbnail.
func exifLoop(declared uint16) []byte {
	order := binary.LittleEndian
	out := append([]byte("Exif\x00\x00II*\x00"), 8, 0, 0, 0)
	out = order.AppendUint16(out, declared)
	for _, tag := range []uint16{0x8769, 0x8825, 0xa005, 0x0201} { // Exif, GPS, interoperability, thumbnail
		out = order.AppendUint16(order.AppendUint16(out, tag), 4)
		out = order.AppendUint32(order.AppendUint32(out, 1), 8)
	}
	return segment(0xe1, order.AppendUint32(out, 8)...)
}

// afterStart puts bytes behind the start marker of a JPEG.
func afterStart(data, more []byte) []byte {
	return bytes.Join([][]byte{data[:2], more, data[2:]}, nil)
}

// pictures are a small scene as JPEG and PNG, and a WebP of another maker's encoder.
func pictures(t testing.TB) map[string][]byte {
	t.Helper()
	scene := specimen.Scene(specimen.Seed(7), 320, 240)
	return map[string][]byte{"jpeg": specimen.JPEG(scene, 80), "png": pngOf(t, scene), "webp": avatarWebP(t)}
}

func pngOf(t testing.TB, m image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, m); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func jpegOf(t testing.TB, m image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, m, nil); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
