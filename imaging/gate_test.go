package imaging_test

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"testing"

	"realname/imaging"
)

func picture(width, height int) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for i := range m.Pix {
		m.Pix[i] = byte(i * 31)
	}
	return m
}

func pngOf(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func jpegOf(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// webpPixel is a lossy 1 x 1 WebP of 44 bytes.
func webpPixel(t testing.TB) []byte {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString("UklGRiQAAABXRUJQVlA4IBgAAAAwAQCdASoBAAEAAwA0JaQAA3AA/vuUAAA=")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func chunk(kind string, body []byte) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	out = append(append(out, kind...), body...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
}

// withChunk puts a chunk right after the header of a PNG.
func withChunk(data []byte, kind string, body []byte) []byte {
	const headerEnd = 33
	return bytes.Join([][]byte{data[:headerEnd], chunk(kind, body), data[headerEnd:]}, nil)
}

// blackPNG is a valid PNG of one-bit zeros.
func blackPNG(t testing.TB, width, height int) []byte {
	t.Helper()
	var pixels bytes.Buffer
	z, err := zlib.NewWriterLevel(&pixels, zlib.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	row := make([]byte, 1+(width+7)/8)
	for range height {
		if _, err := z.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return bytes.Join([][]byte{pngHeader(width, height, 1, 0), chunk("IDAT", pixels.Bytes()), chunk("IEND", nil)}, nil)
}

func pngHeader(width, height int, depth, colour byte) []byte {
	ihdr := binary.BigEndian.AppendUint32(nil, uint32(width))
	ihdr = append(binary.BigEndian.AppendUint32(ihdr, uint32(height)), depth, colour, 0, 0, 0)
	return append([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", ihdr)...)
}

// forgeJPEG rewrites the size in the frame header.
func forgeJPEG(data []byte, width, height int) []byte {
	out := bytes.Clone(data)
	frame := bytes.Index(out, []byte{0xff, 0xc0})
	binary.BigEndian.PutUint16(out[frame+5:], uint16(height))
	binary.BigEndian.PutUint16(out[frame+7:], uint16(width))
	return out
}

// tiff is a TIFF block of one directory that links back to itself.
func tiff(order binary.AppendByteOrder, orientation uint16, declared int) []byte {
	out := []byte("II*\x00")
	if order == binary.BigEndian {
		out = []byte("MM\x00*")
	}
	out = order.AppendUint32(out, 8)
	out = order.AppendUint16(out, uint16(declared))
	out = order.AppendUint16(order.AppendUint16(out, 0x0112), 3)
	out = order.AppendUint32(out, 1)
	out = order.AppendUint16(order.AppendUint16(out, orientation), 0)
	return order.AppendUint32(out, 8)
}

// emptyScan is a scan header of one component, and no data.
var emptyScan = []byte("\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00")

// withScans puts n scans before the end of a JPEG, behind a comment that holds an end marker.
func withScans(data []byte, n int) []byte {
	end := len(data) - 2
	comment := []byte("\xff\xfe\x00\x04\xff\xd9")
	return bytes.Join([][]byte{data[:end], comment, bytes.Repeat(emptyScan, n), data[end:]}, nil)
}

func withExif(jpegData, block []byte) []byte {
	body := append([]byte("Exif\x00\x00"), block...)
	segment := append(binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(body)+2)), body...)
	return bytes.Join([][]byte{jpegData[:2], segment, jpegData[2:]}, nil)
}

func riff(chunks ...[]byte) []byte {
	body := append([]byte("WEBP"), bytes.Join(chunks, nil)...)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

func riffChunk(kind string, body []byte) []byte {
	out := append(binary.LittleEndian.AppendUint32([]byte(kind), uint32(len(body))), body...)
	return append(out, make([]byte, len(body)%2)...)
}

func TestGateAdmits(t *testing.T) {
	plain, photo, web := pngOf(t, picture(40, 30)), jpegOf(t, picture(40, 30)), webpPixel(t)
	extended := func(flags byte, chunks ...[]byte) []byte {
		all := append([][]byte{riffChunk("VP8X", []byte{flags, 0, 0, 0, 0, 0, 0, 0, 0, 0}), web[12:]}, chunks...)
		return riff(all...)
	}
	for _, c := range []struct {
		name string
		data []byte
		want imaging.Info
	}{
		{"png", plain, imaging.Info{Format: "png", Width: 40, Height: 30, Orientation: 1}},
		{"png of one pixel", pngOf(t, picture(1, 1)), imaging.Info{Format: "png", Width: 1, Height: 1, Orientation: 1}},
		{"png with eXIf", withChunk(plain, "eXIf", tiff(binary.BigEndian, 8, 1)), imaging.Info{Format: "png", Width: 40, Height: 30, Orientation: 8}},
		{"png with bytes after its end", append(bytes.Clone(plain), "tail"...), imaging.Info{Format: "png", Width: 40, Height: 30, Orientation: 1}},
		{"large black png", blackPNG(t, 7000, 7000), imaging.Info{Format: "png", Width: 7000, Height: 7000, Orientation: 1}},
		{"jpeg", photo, imaging.Info{Format: "jpeg", Width: 40, Height: 30, Orientation: 1}},
		{"large plain jpeg", jpegOf(t, image.NewGray(image.Rect(0, 0, 4000, 3000))), imaging.Info{Format: "jpeg", Width: 4000, Height: 3000, Orientation: 1}},
		{"jpeg with bytes after its end", append(bytes.Clone(photo), make([]byte, 4096)...), imaging.Info{Format: "jpeg", Width: 40, Height: 30, Orientation: 1}},
		{"jpeg of 64 scans", withScans(photo, 63), imaging.Info{Format: "jpeg", Width: 40, Height: 30, Orientation: 1}},
		{"jpeg with scans behind its end", append(bytes.Clone(photo), bytes.Repeat(emptyScan, 200)...), imaging.Info{Format: "jpeg", Width: 40, Height: 30, Orientation: 1}},
		{"jpeg turned right", withExif(photo, tiff(binary.LittleEndian, 6, 1)), imaging.Info{Format: "jpeg", Width: 40, Height: 30, Orientation: 6}},
		{"jpeg turned round", withExif(photo, tiff(binary.BigEndian, 3, 1)), imaging.Info{Format: "jpeg", Width: 40, Height: 30, Orientation: 3}},
		{"exif loop that declares 65535 entries", withExif(photo, tiff(binary.LittleEndian, 9, 65535)), imaging.Info{Format: "jpeg", Width: 40, Height: 30, Orientation: 1}},
		{"exif cut off", withExif(photo, tiff(binary.LittleEndian, 6, 1)[:12]), imaging.Info{Format: "jpeg", Width: 40, Height: 30, Orientation: 1}},
		{"exif that points beyond itself", withExif(photo, []byte("II*\x00\xff\xff\xff\xff")), imaging.Info{Format: "jpeg", Width: 40, Height: 30, Orientation: 1}},
		{"webp", web, imaging.Info{Format: "webp", Width: 1, Height: 1, Orientation: 1}},
		{"webp with EXIF", extended(0x08, riffChunk("EXIF", tiff(binary.LittleEndian, 5, 1))), imaging.Info{Format: "webp", Width: 1, Height: 1, Orientation: 5}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := imaging.Gate(c.data, imaging.Limits{})
			if err != nil || got != c.want {
				t.Fatalf("got %+v, %v; want %+v", got, err, c.want)
			}
		})
	}
}

type badUpload struct {
	name string
	data []byte
	code string
}

func badUploads(t testing.TB) []badUpload {
	plain, photo, web := pngOf(t, picture(40, 30)), jpegOf(t, picture(40, 30)), webpPixel(t)
	paletted := image.NewPaletted(image.Rect(0, 0, 4, 4), color.Palette{color.Black, color.White})
	var animation bytes.Buffer
	if err := gif.Encode(&animation, paletted, nil); err != nil {
		t.Fatal(err)
	}
	thumbnail := withExif(photo, append(tiff(binary.LittleEndian, 6, 1), photo...))
	bad := []badUpload{
		{"empty", nil, imaging.UploadEmpty},
		{"20 MB", make([]byte, 20<<20), imaging.UploadTooLarge},
		{"pdf called .jpg", []byte("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n"), imaging.UploadUnsupportedFormat},
		{"gif", animation.Bytes(), imaging.UploadUnsupportedFormat},
		{"tiff", tiff(binary.LittleEndian, 1, 1), imaging.UploadUnsupportedFormat},
		{"svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"/>`), imaging.UploadUnsupportedFormat},
		{"heic", []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), imaging.UploadUnsupportedFormat},
		{"animated webp", riff(riffChunk("VP8X", []byte{2, 0, 0, 0, 0, 0, 0, 0, 0, 0}), web[12:]), imaging.UploadUnsupportedFormat},
		{"animated webp of frames only", riff(riffChunk("VP8X", []byte{2, 0, 0, 0, 0, 0, 0, 0, 0, 0}), riffChunk("ANIM", make([]byte, 6)), riffChunk("ANMF", append(make([]byte, 16), web[12:]...))), imaging.UploadUnsupportedFormat},
		{"jpeg of 65 scans", withScans(photo, 64), imaging.UploadUnsupportedFormat},
		{"30000 x 30000 png bomb", blackPNG(t, 30000, 30000), imaging.UploadTooManyPixels},
		{"png of 2^31-1 squared", append(pngHeader(1<<31-1, 1<<31-1, 16, 6), chunk("IEND", nil)...), imaging.UploadTooManyPixels},
		{"forged 65000 x 65000 jpeg", forgeJPEG(photo, 65000, 65000), imaging.UploadTooManyPixels},
		{"forged 7000 x 7000 jpeg", forgeJPEG(photo, 7000, 7000), imaging.UploadCorrupt},
		{"jpeg without width", forgeJPEG(photo, 0, 30), imaging.UploadCorrupt},
		{"forged 7000 x 7000 png", bytes.Join([][]byte{pngHeader(7000, 7000, 8, 2), plain[33:]}, nil), imaging.UploadCorrupt},
		{"png with a wrong checksum", append(bytes.Clone(plain[:29]), append([]byte{0, 0, 0, 0}, plain[33:]...)...), imaging.UploadCorrupt},
		{"png without image data", append(pngHeader(4, 4, 8, 2), chunk("IEND", nil)...), imaging.UploadCorrupt},
		{"png chunk longer than the file", append(pngHeader(4, 4, 8, 2), "\xff\xff\xff\xffIDAT00000000"...), imaging.UploadCorrupt},
		{"truncated jpeg with a whole thumbnail", thumbnail[:len(thumbnail)-10], imaging.UploadCorrupt},
		{"jpeg magic alone", []byte("\xff\xd8\xff"), imaging.UploadCorrupt},
		{"webp head alone", []byte("RIFF\x04\x00\x00\x00WEBP"), imaging.UploadCorrupt},
	}
	for percent := range 100 {
		for name, whole := range map[string][]byte{"png": plain, "jpeg": photo, "webp": web} {
			cut := whole[:len(whole)*percent/100]
			code := imaging.UploadCorrupt
			switch {
			case len(cut) == 0:
				code = imaging.UploadEmpty
			case len(cut) < 3 || name == "png" && len(cut) < 8 || name == "webp" && len(cut) < 12:
				code = imaging.UploadUnsupportedFormat
			}
			bad = append(bad, badUpload{fmt.Sprintf("%s truncated at %d percent", name, percent), cut, code})
		}
	}
	return bad
}

func TestGateRefuses(t *testing.T) {
	for _, c := range badUploads(t) {
		t.Run(c.name, func(t *testing.T) {
			info, err := imaging.Gate(c.data, imaging.Limits{})
			var upload *imaging.UploadError
			if !errors.As(err, &upload) || upload.Code != c.code {
				t.Fatalf("got %+v, %v; want %s", info, err, c.code)
			}
		})
	}
}

func TestGateLimitsAreExact(t *testing.T) {
	data := pngOf(t, picture(40, 30))
	for _, c := range []struct {
		limits imaging.Limits
		code   string
	}{
		{imaging.Limits{MaxBytes: int64(len(data)), MaxPixels: 1200}, ""},
		{imaging.Limits{MaxBytes: int64(len(data)) - 1}, imaging.UploadTooLarge},
		{imaging.Limits{MaxPixels: 1199}, imaging.UploadTooManyPixels},
	} {
		_, err := imaging.Gate(data, c.limits)
		var upload *imaging.UploadError
		if errors.As(err, &upload) && upload.Code == c.code || err == nil && c.code == "" {
			continue
		}
		t.Errorf("%+v: got %v, want %q", c.limits, err, c.code)
	}
}

// FuzzGate holds the gate to its contract: a known code, or an Info within the
// limits whose size is the one that the decoder of the standard library sees.
func FuzzGate(f *testing.F) {
	photo := jpegOf(f, picture(8, 8))
	for _, seed := range [][]byte{
		pngOf(f, picture(8, 8)), photo, webpPixel(f),
		withExif(photo, tiff(binary.LittleEndian, 6, 65535)),
		withChunk(pngOf(f, picture(8, 8)), "eXIf", tiff(binary.BigEndian, 8, 1)),
		forgeJPEG(photo, 65000, 65000), photo[:len(photo)/2], blackPNG(f, 300, 300),
		riff(riffChunk("VP8X", make([]byte, 10)), riffChunk("EXIF", tiff(binary.LittleEndian, 5, 1))),
		[]byte("%PDF-1.7"), {},
	} {
		f.Add(seed)
	}
	known := map[string]bool{
		imaging.UploadEmpty: true, imaging.UploadTooLarge: true, imaging.UploadTooManyPixels: true,
		imaging.UploadUnsupportedFormat: true, imaging.UploadCorrupt: true,
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		const maxPixels = 1 << 20
		info, err := imaging.Gate(data, imaging.Limits{MaxPixels: maxPixels})
		if err != nil {
			var upload *imaging.UploadError
			if !errors.As(err, &upload) || !known[upload.Code] {
				t.Fatalf("unknown error %v", err)
			}
			return
		}
		if info.Width < 1 || info.Height < 1 || info.Width*info.Height > maxPixels || info.Orientation < 1 || info.Orientation > 8 {
			t.Fatalf("admitted %+v", info)
		}
		config, format, err := image.DecodeConfig(bytes.NewReader(data))
		if err != nil || format != info.Format || config.Width != info.Width || config.Height != info.Height {
			t.Fatalf("admitted %+v, the decoder sees %s %d x %d, %v", info, format, config.Width, config.Height, err)
		}
	})
}
