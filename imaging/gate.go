package imaging

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"

	"golang.org/x/image/webp"
)

// The formats that reach a decoder.
const (
	FormatJPEG = "jpeg"
	FormatPNG  = "png"
	FormatWebP = "webp"
)

// DefaultMaxBytes and DefaultMaxPixels bound an upload where Limits says nothing.
const (
	DefaultMaxBytes  = 10 << 20
	DefaultMaxPixels = 50_000_000
)

// Limits bounds an upload; a zero field means the default.
type Limits struct {
	MaxBytes  int64 `json:"max_bytes"`  // of the encoded file
	MaxPixels int64 `json:"max_pixels"` // width x height as declared in the header
}

func (l Limits) withDefaults() Limits {
	if l.MaxBytes <= 0 {
		l.MaxBytes = DefaultMaxBytes
	}
	if l.MaxPixels <= 0 {
		l.MaxPixels = DefaultMaxPixels
	}
	return l
}

// within are the narrower limits of both.
func (l Limits) within(other Limits) Limits {
	l, other = l.withDefaults(), other.withDefaults()
	return Limits{MaxBytes: min(l.MaxBytes, other.MaxBytes), MaxPixels: min(l.MaxPixels, other.MaxPixels)}
}

// Info is what the header of an upload declares.
type Info struct {
	Format      string `json:"format"`      // FormatJPEG, FormatPNG or FormatWebP
	Width       int    `json:"width"`       // pixels as stored, before Orientation is applied
	Height      int    `json:"height"`      // pixels as stored, before Orientation is applied
	Orientation int    `json:"orientation"` // EXIF tag 0x0112 (TIFF 6.0, EXIF 2.3): 1 to 8, 1 where absent or absurd
}

// Densest codings that honest encoders reach, in units of declared content per
// byte of file; a header that claims more is forged or its data is cut off.
const (
	maxJPEGPixelsPerByte = 1024 // progressive grey, one bit per 8x8 block, is 512
	maxDeflateRatio      = 1032 // RFC 1951: 258 bytes from two bits
)

// maxScans bounds a progressive JPEG: a decoder walks over all blocks once a scan, so
// 1 MB of empty scans takes it minutes. Encoders write about ten.
const maxScans = 64

// Gate decides from the header alone, without decoding pixels, whether an upload
// may reach a decoder. Every error is an *UploadError; bytes after the end of the
// image are tolerated.
func Gate(data []byte, limits Limits) (Info, error) {
	limits = limits.withDefaults()
	if len(data) == 0 {
		return Info{}, &UploadError{UploadEmpty, "no bytes"}
	}
	if int64(len(data)) > limits.MaxBytes {
		return Info{}, &UploadError{UploadTooLarge, fmt.Sprintf("%d bytes, limit %d", len(data), limits.MaxBytes)}
	}
	var look func([]byte, Limits) (Info, error)
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xd8\xff")):
		look = gateJPEG
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		look = gatePNG
	case len(data) >= 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP":
		look = gateWebP
	default:
		return Info{}, &UploadError{UploadUnsupportedFormat, "neither JPEG, PNG nor WebP by its first bytes"}
	}
	return look(data, limits)
}

func corrupt(detail string) error { return &UploadError{UploadCorrupt, detail} }

// measured turns the outcome of a DecodeConfig into an Info within the pixel cap.
func measured(format string, config image.Config, err error, limits Limits) (Info, error) {
	var jpegUnsupported jpeg.UnsupportedError
	if errors.As(err, &jpegUnsupported) {
		return Info{}, &UploadError{UploadUnsupportedFormat, "a JPEG coding that is not supported"}
	}
	if err != nil {
		return Info{}, corrupt("the " + format + " header does not parse")
	}
	if config.Width <= 0 || config.Height <= 0 {
		return Info{}, corrupt("the header declares no pixels")
	}
	if err := capPixels(int64(config.Width), int64(config.Height), limits); err != nil {
		return Info{}, err
	}
	return Info{Format: format, Width: config.Width, Height: config.Height, Orientation: 1}, nil
}

func capPixels(width, height int64, limits Limits) error {
	// Both are below 2^31, so the product fits.
	if width*height > limits.MaxPixels {
		return &UploadError{UploadTooManyPixels, fmt.Sprintf("%d x %d pixels, limit %d in all", width, height, limits.MaxPixels)}
	}
	return nil
}

func gateJPEG(data []byte, limits Limits) (Info, error) {
	config, err := jpeg.DecodeConfig(bytes.NewReader(data))
	info, err := measured(FormatJPEG, config, err, limits)
	if err != nil {
		return Info{}, err
	}
	if int64(info.Width)*int64(info.Height) > maxJPEGPixelsPerByte*int64(len(data)) {
		return Info{}, corrupt("the header declares more pixels than the data can hold")
	}
	j, ok := walkJPEG(data)
	if !ok {
		return Info{}, corrupt("no image data follows the header")
	}
	scan := j.scan
	// A thumbnail inside EXIF has an end marker of its own, so only those after the scan count.
	if end := []byte{0xff, 0xd9}; !bytes.HasSuffix(scan, end) && !bytes.Contains(scan, end) {
		return Info{}, corrupt("the end of the image is missing")
	}
	if scansAfter(scan) >= maxScans {
		return Info{}, &UploadError{UploadUnsupportedFormat, fmt.Sprintf("a JPEG of more than %d scans", maxScans)}
	}
	if err := capCost(j.frame.held(j.components), "a JPEG in several scans"); err != nil {
		return Info{}, err
	}
	info.Orientation = orientation(j.exif)
	return info, nil
}

// scansAfter counts the scans that follow the first, as a decoder finds them: it passes
// over whatever is no marker, and ends with the image, a broken segment or the file.
func scansAfter(data []byte) int {
	const (
		eoi = 0xd9
		sos = 0xda
	)
	count := 0
	for {
		at := bytes.IndexByte(data, 0xff)
		if at < 0 || at+1 >= len(data) {
			return count
		}
		marker := data[at+1]
		switch {
		case marker == eoi:
			return count
		case marker == 0xff: // fill byte
			data = data[at+1:]
			continue
		case marker <= 0x01 || marker >= 0xd0 && marker <= 0xd8: // a stuffed byte, markers without a segment
			data = data[at+2:]
			continue
		case marker == sos:
			count++
		}
		if at+4 > len(data) {
			return count
		}
		length := int(binary.BigEndian.Uint16(data[at+2:]))
		if length < 2 || at+2+length > len(data) {
			return count
		}
		data = data[at+2+length:]
	}
}

// jpegParts are what stands before the first scan of a JPEG, and what follows its header.
type jpegParts struct {
	exif       []byte // TIFF block of the first Exif segment, if any
	frame      jpegFrame
	components int // in the first scan
	scan       []byte
}

// walkJPEG steps over the segments of ITU-T T.81 B.1.1.4 up to the first scan.
func walkJPEG(data []byte) (j jpegParts, ok bool) {
	const (
		sof0 = 0xc0
		sof2 = 0xc2
		sos  = 0xda
		app1 = 0xe1
	)
	framed := false
	for rest := data[2:]; len(rest) >= 4 && rest[0] == 0xff; {
		marker := rest[1]
		if marker == 0xff { // fill byte
			rest = rest[1:]
			continue
		}
		if marker == 0x01 || marker >= 0xd0 && marker <= 0xd7 { // markers without a segment
			rest = rest[2:]
			continue
		}
		length := int(binary.BigEndian.Uint16(rest[2:]))
		if length < 2 || length+2 > len(rest) {
			return j, false
		}
		body := rest[4 : length+2]
		rest = rest[length+2:]
		switch {
		case marker == sos && len(body) > 0:
			j.components, j.scan = int(body[0]), rest
			return j, framed
		case marker >= sof0 && marker <= sof2:
			if j.frame, framed = readFrame(marker, body); !framed {
				return j, false
			}
		case marker == app1 && j.exif == nil && bytes.HasPrefix(body, []byte("Exif\x00\x00")):
			j.exif = body[6:]
		}
	}
	return j, false
}

func gatePNG(data []byte, limits Limits) (Info, error) {
	const headerEnd = 8 + 8 + 13 // signature, chunk head, IHDR
	if len(data) < headerEnd || string(data[12:16]) != "IHDR" {
		return Info{}, corrupt("the png header does not parse")
	}
	width, height := binary.BigEndian.Uint32(data[16:]), binary.BigEndian.Uint32(data[20:])
	if width >= 1<<31 || height >= 1<<31 {
		return Info{}, corrupt("the png header does not parse")
	}
	// Before DecodeConfig, which calls sizes past its own bounds malformed.
	if err := capPixels(int64(width), int64(height), limits); err != nil {
		return Info{}, err
	}
	config, err := png.DecodeConfig(bytes.NewReader(data))
	info, err := measured(FormatPNG, config, err, limits)
	if err != nil {
		return Info{}, err
	}
	if pngRawBytes(info, data[24], data[25]) > maxDeflateRatio*int64(len(data)) {
		return Info{}, corrupt("the header declares more pixels than the data can hold")
	}
	if err := capCost(heldByPNG(int64(info.Width)*int64(info.Height)), "a PNG"); err != nil {
		return Info{}, err
	}
	exif, ok := walkPNG(data[8:])
	if !ok {
		return Info{}, corrupt("the end of the image is missing")
	}
	info.Orientation = orientation(exif)
	return info, nil
}

// pngRawBytes is the size of the filtered rows before compression (PNG 3rd edition, 7.2).
func pngRawBytes(info Info, depth, colour byte) int64 {
	samples := map[byte]int64{0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
	row := 1 + (int64(info.Width)*samples*int64(depth)+7)/8
	return row * int64(info.Height)
}

// walkPNG steps over the chunks up to IEND; it wants image data before the end.
func walkPNG(rest []byte) (exif []byte, ok bool) {
	var pixels bool
	for len(rest) >= 12 {
		length := int64(binary.BigEndian.Uint32(rest))
		if length > int64(len(rest))-12 {
			return nil, false
		}
		kind, body := string(rest[4:8]), rest[8:8+length]
		rest = rest[12+length:]
		switch kind {
		case "IDAT":
			pixels = true
		case "eXIf":
			exif = body
		case "IEND":
			return exif, pixels
		}
	}
	return nil, false
}

func gateWebP(data []byte, limits Limits) (Info, error) {
	if size := int64(binary.LittleEndian.Uint32(data[4:])); size+8 > int64(len(data)) {
		return Info{}, corrupt("the end of the image is missing")
	}
	w, ok := walkWebP(data[12:])
	// Before DecodeConfig, which finds no picture where there are frames only.
	if w.animated {
		return Info{}, &UploadError{UploadUnsupportedFormat, "an animated WebP"}
	}
	config, err := webp.DecodeConfig(bytes.NewReader(data))
	info, err := measured(FormatWebP, config, err, limits)
	if err != nil {
		return Info{}, err
	}
	if !ok {
		return Info{}, corrupt("no image data follows the header")
	}
	if err := capCost(w.coding.held(int64(info.Width)*int64(info.Height)), "a WebP of this kind"); err != nil {
		return Info{}, err
	}
	info.Orientation = orientation(bytes.TrimPrefix(w.exif, []byte("Exif\x00\x00")))
	return info, nil
}

type webpParts struct {
	exif     []byte
	animated bool
	coding   webpCoding
}

// walkWebP steps over the RIFF chunks of RFC 9649; ok says that one of them holds image data.
func walkWebP(rest []byte) (w webpParts, ok bool) {
	const animation, transparency, alphaUsed = 0x02, 0x10, 0x10
	for len(rest) >= 8 {
		kind, length := string(rest[:4]), int64(binary.LittleEndian.Uint32(rest[4:]))
		if length > int64(len(rest))-8 {
			return w, ok
		}
		body := rest[8 : 8+length]
		rest = rest[min(8+length+length&1, int64(len(rest))):]
		switch kind {
		case "VP8X":
			w.animated = len(body) > 0 && body[0]&animation != 0
			w.coding.alpha = w.coding.alpha || len(body) > 0 && body[0]&transparency != 0
		case "VP8 ":
			ok = true
		case "VP8L":
			ok = true
			w.coding.lossless = true
			w.coding.alpha = w.coding.alpha || len(body) > 4 && body[4]&alphaUsed != 0
		case "ALPH":
			w.coding.alpha = true
		case "EXIF":
			w.exif = body
		}
	}
	return w, ok
}
