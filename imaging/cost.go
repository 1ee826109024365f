package imaging

import "fmt"

// maxDecodeBytes bounds what a decoder may hold of one picture, so that a worker stays
// within 450 MB with its models. Every baseline JPEG of MaxPixels fits, for it is
// decoded at a reduced size; so do PNG and WebP photos of 15 million pixels, whatever
// their kind.
const maxDecodeBytes = 180 << 20

// capCost refuses a picture that fits the cap on pixels, and whose coding makes a
// decoder hold too much for each of them.
func capCost(bytes int64, coding string) error {
	if bytes > maxDecodeBytes {
		return &UploadError{UploadTooManyPixels, fmt.Sprintf("%s of so many pixels takes %d MB to decode, limit %d", coding, bytes>>20, maxDecodeBytes>>20)}
	}
	return nil
}

// jpegFrame is what the frame header of a JPEG says (ITU-T T.81, B.2.2).
type jpegFrame struct {
	progressive bool
	components  int
	samples     int64 // of all components, padded to whole blocks
}

// readFrame takes the body of an SOF segment; false for one that is cut off or absurd.
func readFrame(marker byte, body []byte) (jpegFrame, bool) {
	const sof2 = 0xc2
	if len(body) < 6 || len(body) < 6+3*int(body[5]) {
		return jpegFrame{}, false
	}
	height, width := int64(body[1])<<8|int64(body[2]), int64(body[3])<<8|int64(body[4])
	f := jpegFrame{progressive: marker == sof2, components: int(body[5])}
	var widest, highest int64
	factors := make([][2]int64, f.components)
	for i := range factors {
		sampling := body[6+3*i+1]
		factors[i] = [2]int64{int64(sampling >> 4), int64(sampling & 15)}
		if factors[i][0] == 0 || factors[i][1] == 0 {
			return jpegFrame{}, false
		}
		widest, highest = max(widest, factors[i][0]), max(highest, factors[i][1])
	}
	units := func(size, largest int64) int64 { return (size + 8*largest - 1) / (8 * largest) }
	for _, factor := range factors {
		f.samples += 64 * units(width, widest) * factor[0] * units(height, highest) * factor[1]
	}
	return f, true
}

// held is what a decoder keeps of the whole picture: two bytes a coefficient where they
// come in several scans, or else a few rows.
func (f jpegFrame) held(inFirstScan int) int64 {
	if !f.progressive && inFirstScan == f.components {
		return 0
	}
	return 2 * f.samples
}

// webpCoding is how the pixels of a WebP are kept (RFC 9649).
type webpCoding struct {
	lossless bool // VP8L
	alpha    bool
}

// held counts the bytes a pixel of libwebp and of OpenCV's copies: BGR alone; or BGRA
// to take BGR from, and the plane of transparency with what it was packed in. A
// lossless picture is kept whole in four bytes beside them.
func (c webpCoding) held(pixels int64) int64 {
	const bgr, bgra, plane, packed = 3, 4, 1, 4
	each := int64(bgr)
	if c.alpha {
		each += bgra
	}
	switch {
	case c.lossless:
		each += packed
	case c.alpha:
		each += plane + packed
	}
	return each * pixels
}

// heldByPNG is the picture in BGR: what is transparent or deeper is brought to it row by row.
func heldByPNG(pixels int64) int64 { return 3 * pixels }
