package imaging_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"realname/imaging"
)

// headed is a JPEG of headers, a first scan of so many components, and as much data as the gate wants to see.
func headed(sof byte, width, height int, sampling []byte, inScan int) []byte {
	frame := []byte{0xff, sof, 0, byte(8 + 3*len(sampling)), 8, byte(height >> 8), byte(height), byte(width >> 8), byte(width), byte(len(sampling))}
	scan := []byte{0xff, 0xda, 0, byte(6 + 2*inScan), byte(inScan)}
	for i, s := range sampling {
		frame = append(frame, byte(i+1), s, 0)
		if i < inScan {
			scan = append(scan, byte(i+1), 0)
		}
	}
	scan = append(scan, 0, 63, 0)
	return bytes.Join([][]byte{{0xff, 0xd8}, frame, scan, make([]byte, width*height/1024+1), {0xff, 0xd9}}, nil)
}

// lossless is the head of a VP8L picture; a decoder would find nothing behind it.
func lossless(width, height int, alpha bool) []byte {
	bits := uint32(width-1) | uint32(height-1)<<14
	if alpha {
		bits |= 1 << 28
	}
	return riff(riffChunk("VP8L", append(binary.LittleEndian.AppendUint32([]byte{0x2f}, bits), make([]byte, 32)...)))
}

// What a decoder must hold decides, rather than the pixels alone.
func TestGateWeighsTheCoding(t *testing.T) {
	full, half := []byte{0x11, 0x11, 0x11}, []byte{0x22, 0x11, 0x11}
	for _, c := range []struct {
		name string
		data []byte
		pass bool
	}{
		{"a phone's JPEG of 48 MP", headed(0xc0, 8000, 6000, half, 3), true},
		{"baseline without subsampling, 50 MP", headed(0xc0, 7070, 7070, full, 3), true},
		{"progressive of 12 MP", headed(0xc2, 4000, 3000, full, 3), true},
		{"progressive of 48 MP, subsampled", headed(0xc2, 8000, 6000, half, 3), true},
		{"progressive of 31 MP", headed(0xc2, 5560, 5600, full, 3), true},
		{"progressive of 32 MP", headed(0xc2, 5700, 5600, full, 3), false},
		{"baseline of 32 MP, one component a scan", headed(0xc1, 5700, 5600, full, 1), false},
		{"no sampling", headed(0xc0, 40, 30, []byte{0x00}, 1), false},
		{"lossless WebP of 26 MP", lossless(5160, 5160, false), true},
		{"lossless WebP of 28 MP", lossless(5300, 5300, false), false},
		{"transparent lossless WebP of 16 MP", lossless(4000, 4000, true), true},
		{"transparent lossless WebP of 18 MP", lossless(4300, 4300, true), false},
	} {
		_, err := imaging.Gate(c.data, imaging.Limits{})
		var upload *imaging.UploadError
		switch {
		case c.pass && err != nil:
			t.Errorf("%s: got %v", c.name, err)
		case c.pass:
		case !errors.As(err, &upload) || upload.Code != imaging.UploadTooManyPixels && c.name != "no sampling" || c.name == "no sampling" && upload.Code != imaging.UploadCorrupt:
			t.Errorf("%s: got %v", c.name, err)
		}
	}
	_, err := imaging.Gate(blackPNG(t, 9000, 9000), imaging.Limits{MaxPixels: 100_000_000})
	refused(t, err, imaging.UploadTooManyPixels)
}
