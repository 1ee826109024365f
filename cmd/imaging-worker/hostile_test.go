//go:build vision

package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"realname/imaging"
	"realname/internal/specimen"
)

func avatarWebP(t testing.TB) []byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(assets(), "avatars", "*.webp"))
	if err != nil || len(files) == 0 {
		t.Fatal("no avatars: run `make setup` first", err)
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// examined stands where a code would for a file that decodes, and is then refused or reviewed as a picture.
const examined = "examined"

type hostile struct {
	name string
	data []byte
	want string // a code of UploadError, examined, or empty for either
	why  string
}

func bombs(t testing.TB) []hostile {
	return []hostile{
		{"png of 30000 x 30000", pngForm{width: 30000, height: 30000, depth: 1}.bytes(t), imaging.UploadTooManyPixels, "109 KB that decode to 2.7 GB"},
		{"png of 7000 x 7000, one bit", pngForm{width: 7000, height: 7000, depth: 1}.bytes(t), examined, "the most pixels within the cap, from 6 KB"},
		{"png of 5000 x 5000, 64 bits", pngForm{width: 5000, height: 5000, depth: 16, colour: 6}.bytes(t), examined, "200 MB of rows"},
		{"interlaced png of 5000 x 5000", pngForm{width: 5000, height: 5000, depth: 8, colour: 2, interlaced: 1, raw: 5000*5000*3 + 20000}.bytes(t), examined, "seven passes over all rows"},
		{"png with 100 MB too many", pngForm{width: 8, height: 8, depth: 8, colour: 2, raw: 100 << 20}.bytes(t), examined, "rows beyond the last must not be inflated into memory"},
		{"png with 60 text bombs", pngForm{width: 8, height: 8, depth: 8, colour: 2, extra: textBombs(t, 60)}.bytes(t), examined, "each inflates to 50 MB"},
		{"png with a colour profile bomb", pngForm{width: 8, height: 8, depth: 8, colour: 2,
			extra: [][]byte{chunk("iCCP", append([]byte("p\x00\x00"), deflated(t, 100<<20)...))}}.bytes(t), examined, "100 MB in a profile"},
		{"png of 7000 x 7000, transparent", pngForm{width: 7000, height: 7000, depth: 8, colour: 6}.bytes(t), examined, "196 MB of rows, in 191 KB"},
		{"png of 2790 x 2790, transparent, 64 bits", pngForm{width: 2790, height: 2790, depth: 16, colour: 6}.bytes(t), examined, "the most that is laid on white"},
		{"jpeg of 7000 x 7000", jpegForm{width: 7000, height: 7000, components: 3}.bytes(), examined, "the most pixels within the cap, from 0.6 MB"},
		{"jpeg of 65000 x 65000", jpegForm{width: 65000, height: 65000, components: 1, blocks: 64}.bytes(), imaging.UploadTooManyPixels, "a forged header took 3.1 GB"},
		{"jpeg of 7000 x 7000, hardly any data", jpegForm{width: 7000, height: 7000, components: 1, blocks: 64}.bytes(), imaging.UploadCorrupt, "a forged header"},
		{"progressive jpeg of 60 scans", jpegForm{width: 4000, height: 3000, components: 1, frame: 0xc2, scans: 60}.bytes(), examined, "more scans than encoders write, still bearable"},
		{"progressive jpeg of 20000 scans", jpegForm{width: 7000, height: 7000, components: 1, frame: 0xc2, scans: 20000}.bytes(), imaging.UploadUnsupportedFormat, "1 MB that takes minutes: every scan walks over all blocks"},
		{"progressive jpeg of 7000 x 7000", jpegForm{width: 7000, height: 7000, components: 3, frame: 0xc2, scans: 3}.bytes(), imaging.UploadTooManyPixels, "294 MB of coefficients"},
		{"progressive jpeg of 5500 x 5500", jpegForm{width: 5500, height: 5500, components: 3, frame: 0xc2, scans: 3}.bytes(), examined, "the most coefficients within the cap"},
		{"progressive cmyk jpeg of 7000 x 7000", jpegForm{width: 7000, height: 7000, components: 4, adobe: true, frame: 0xc2, scans: 3}.bytes(), imaging.UploadTooManyPixels, "392 MB of coefficients"},
		{"cmyk jpeg of 7000 x 7000", jpegForm{width: 7000, height: 7000, components: 4, adobe: true}.bytes(), examined, "baseline, so a few rows are held"},
		{"webp of 7000 x 7000", losslessWebP(7000, 7000), imaging.UploadTooManyPixels, "343 MB from 52 bytes"},
		{"webp of 5180 x 5180", losslessWebP(5180, 5180), examined, "the most of its kind within the cap"},
		{"webp of 16384 x 16384", losslessWebP(16384, 16384), imaging.UploadTooManyPixels, "1 GB from 52 bytes"},
	}
}

func textBombs(t testing.TB, n int) [][]byte {
	one := chunk("zTXt", append([]byte("k\x00\x00"), deflated(t, 50<<20)...))
	return slices.Repeat([][]byte{one}, n)
}

func oddities(t testing.TB) []hostile {
	p := pictures(t)
	scene := specimen.Scene(specimen.Seed(7), 320, 240)
	deep := image.NewRGBA64(scene.Bounds())
	for y := range 240 {
		for x := range 320 {
			deep.Set(x, y, scene.At(x, y))
		}
	}
	animated := riff(riffChunk("VP8X", []byte{2, 0, 0, 0, 7, 0, 0, 7, 0, 0}), riffChunk("ANIM", make([]byte, 6)),
		riffChunk("ANMF", append(make([]byte, 16), losslessWebP(8, 8)[12:]...)))
	actl := chunk("acTL", []byte{0, 0, 0, 9, 0, 0, 0, 0})
	return []hostile{
		{"cmyk jpeg", jpegForm{width: 320, height: 240, components: 4, adobe: true}.bytes(), "", "print shops write them"},
		{"four components without a name", jpegForm{width: 320, height: 240, components: 4}.bytes(), "", "no decoder knows their colours"},
		{"two components", jpegForm{width: 320, height: 240, components: 2}.bytes(), "", "in no known colour space"},
		{"12-bit jpeg", jpegForm{width: 320, height: 240, components: 1, precision: 12}.bytes(), imaging.UploadUnsupportedFormat, "extended precision"},
		{"arithmetic jpeg", jpegForm{width: 320, height: 240, components: 1, frame: 0xc9}.bytes(), imaging.UploadUnsupportedFormat, "another coding"},
		{"lossless jpeg", jpegForm{width: 320, height: 240, components: 1, frame: 0xc3}.bytes(), imaging.UploadUnsupportedFormat, "another coding"},
		{"16-bit png", pngOf(t, deep), examined, "scanners write them"},
		{"png with a palette of one", pngForm{width: 320, height: 240, depth: 8, colour: 3}.bytes(t), examined, "indices are checked against the palette"},
		{"animated png", pngForm{width: 320, height: 240, depth: 8, colour: 2, extra: [][]byte{actl}}.bytes(t), examined, "its first picture counts"},
		{"animated webp", animated, imaging.UploadUnsupportedFormat, "no still picture"},
		{"1 x 1 png", pngOf(t, image.NewGray(image.Rect(0, 0, 1, 1))), examined, "the smallest"},
		{"1 x 1 jpeg", jpegOf(t, image.NewGray(image.Rect(0, 0, 1, 1))), examined, "the smallest"},
		{"1 x 1 webp", losslessWebP(1, 1), examined, "the smallest"},
		{"50000 x 1 png", pngForm{width: 50000, height: 1, depth: 8, colour: 2}.bytes(t), "", "a line"},
		{"1 x 50000 png", pngForm{width: 1, height: 50000, depth: 8, colour: 2}.bytes(t), "", "a line"},
		{"50000 x 1 jpeg", jpegForm{width: 50000, height: 1, components: 3}.bytes(), "", "a line"},
		{"1 x 50000 jpeg", jpegForm{width: 1, height: 50000, components: 3}.bytes(), "", "a line"},
		{"16383 x 1 webp", losslessWebP(16383, 1), "", "the longest line of its kind"},
		{"50000 x 999 jpeg", jpegForm{width: 50000, height: 999, components: 1}.bytes(), "", "a ribbon of 50 MP"},
		{"exif that loops", afterStart(p["jpeg"], exifLoop(4)), examined, "a reader that follows never ends"},
		{"exif that loops, 65535 entries declared", afterStart(p["jpeg"], exifLoop(65535)), examined, "a reader that believes reads beyond"},
		{"200 exif segments", afterStart(p["jpeg"], bytes.Repeat(exifLoop(4), 200)), examined, "the first counts"},
		{"jpeg in its own thumbnail", afterStart(p["jpeg"], segment(0xe1, append([]byte("Exif\x00\x00"), p["jpeg"][:min(len(p["jpeg"]), 60000)]...)...)), examined, "markers inside a segment are no markers"},
		{"png without its checksums", zeroChecksums(p["png"]), imaging.UploadCorrupt, "damaged"},
		{"png with damaged pixels", damagedPixels(p["png"]), "", "inflate fails half way"},
		{"png with two headers", bytes.Join([][]byte{p["png"][:33], p["png"][8:]}, nil), "", "IHDR twice"},
		{"png of no rows but pixels", pngForm{width: 0, height: 240, depth: 8, colour: 2, raw: 1000}.bytes(t), imaging.UploadCorrupt, "no pixels"},
		{"webp whose chunk sizes lie", riff(riffChunk("VP8X", make([]byte, 10)), binary.LittleEndian.AppendUint32([]byte("VP8L"), 1<<31)), imaging.UploadCorrupt, "a length beyond the file"},
	}
}

func zeroChecksums(data []byte) []byte {
	out := bytes.Clone(data)
	for at := 8; at+12 <= len(out); {
		length := int(binary.BigEndian.Uint32(out[at:]))
		clear(out[at+8+length : at+12+length])
		at += 12 + length
	}
	return out
}

// damagedPixels spoils the deflate stream and mends the checksum over it.
func damagedPixels(data []byte) []byte {
	at := bytes.Index(data, []byte("IDAT"))
	length := int(binary.BigEndian.Uint32(data[at-4:]))
	body := bytes.Clone(data[at+4 : at+4+length])
	for i := length / 2; i < length; i++ {
		body[i] ^= 0x5a
	}
	return bytes.Join([][]byte{data[:at-4], chunk("IDAT", body), data[at+8+length:]}, nil)
}

func polyglots(t testing.TB) []hostile {
	p := pictures(t)
	script := []byte("<script>alert(1)</script><?php system('id'); ?>")
	archive := append([]byte("PK\x03\x04"), bytes.Repeat([]byte{0xff, 0xd9, 0}, 4000)...)
	return []hostile{
		{"pdf", []byte("%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF"), imaging.UploadUnsupportedFormat, "no picture"},
		{"pdf that goes on as a jpeg", append([]byte("%PDF-1.7\n"), p["jpeg"]...), imaging.UploadUnsupportedFormat, "the first bytes count"},
		{"svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>`), imaging.UploadUnsupportedFormat, "a program, rather than a picture"},
		{"heic", []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), imaging.UploadUnsupportedFormat, "another decoder"},
		{"avif", []byte("\x00\x00\x00\x1cftypavif\x00\x00\x00\x00avifmif1miaf"), imaging.UploadUnsupportedFormat, "another decoder"},
		{"tiff", append([]byte("II*\x00\x08\x00\x00\x00"), make([]byte, 500)...), imaging.UploadUnsupportedFormat, "another decoder"},
		{"gif", []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"), imaging.UploadUnsupportedFormat, "another decoder"},
		{"bmp", append([]byte("BM"), make([]byte, 500)...), imaging.UploadUnsupportedFormat, "another decoder"},
		{"jpeg 2000", []byte("\x00\x00\x00\x0cjP  \r\n\x87\n"), imaging.UploadUnsupportedFormat, "another decoder"},
		{"jpeg with an archive behind it", append(bytes.Clone(p["jpeg"]), archive...), examined, "what follows the end is not looked at"},
		{"jpeg with a script in its comment", afterStart(p["jpeg"], segment(0xfe, script...)), examined, "metadata is not run or shown"},
		{"png with a script behind it", append(bytes.Clone(p["png"]), script...), examined, "what follows the end is not looked at"},
		{"png with a jpeg behind it", append(bytes.Clone(p["png"]), p["jpeg"]...), examined, "one picture, the first"},
		{"webp with a script behind it", append(bytes.Clone(p["webp"]), script...), examined, "what follows the end is not looked at"},
		{"jpeg magic before a png", append([]byte("\xff\xd8\xff"), p["png"]...), imaging.UploadCorrupt, "neither"},
		{"nothing", nil, imaging.UploadEmpty, "no bytes"},
		{"11 MB of noise", bytes.Repeat([]byte{0xff, 0xd8, 0xff}, 11<<20/3), imaging.UploadTooLarge, "beyond the limit of bytes"},
	}
}

// truncations cut each format at every percent; mended cuts end as a whole file
// does, so that the decoder itself meets what is missing.
func truncations(t testing.TB) []hostile {
	p := pictures(t)
	mended := map[string]func([]byte) []byte{
		"jpeg": func(cut []byte) []byte { return append(bytes.Clone(cut), 0xff, 0xd9) },
		"png":  func(cut []byte) []byte { return mendedPNG(p["png"], cut) },
		"webp": func(cut []byte) []byte {
			out := bytes.Clone(cut)
			binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8))
			return out
		},
	}
	var all []hostile
	for _, kind := range slices.Sorted(maps.Keys(p)) {
		for percent := range 100 {
			cut := p[kind][:len(p[kind])*percent/100]
			name := fmt.Sprintf("%s cut at %d percent", kind, percent)
			all = append(all, hostile{name, cut, "", "a lost connection"})
			if len(cut) >= 64 {
				all = append(all, hostile{name + " and mended", mended[kind](cut), "", "a decoder that reads beyond its data"})
			}
		}
	}
	return all
}

// mendedPNG gives a cut PNG a whole chunk of what is left of its pixels, and an end.
func mendedPNG(whole, cut []byte) []byte {
	at := bytes.Index(whole, []byte("IDAT"))
	if len(cut) < at+4 {
		return append(bytes.Clone(cut), chunk("IEND", nil)...)
	}
	return bytes.Join([][]byte{whole[:at-4], chunk("IDAT", cut[at+4:]), chunk("IEND", nil)}, nil)
}

var uploadCodes = []string{
	imaging.UploadEmpty, imaging.UploadTooLarge, imaging.UploadTooManyPixels, imaging.UploadUnsupportedFormat, imaging.UploadCorrupt,
}

// answered sends one file to a live worker and returns its stable code; a lost
// worker, a spent limit or an acceptance is an error.
func answered(t testing.TB, pool *imaging.Pool, data []byte) (string, error) {
	t.Helper()
	report, err := pool.Check(t.Context(), imaging.Request{Image: data, NoClaim: true})
	var upload *imaging.UploadError
	switch {
	case errors.As(err, &upload) && slices.Contains(uploadCodes, upload.Code):
		return upload.Code, nil
	case err != nil:
		return "", err
	case report.Verdict == imaging.Accept:
		return "", errors.New("accepted")
	default:
		return examined, nil
	}
}

func TestHostileFilesAreAnswered(t *testing.T) {
	pool := live(t, roleWorker, nil)
	for group, files := range map[string][]hostile{
		"bombs": bombs(t), "oddities": oddities(t), "polyglots": polyglots(t), "truncations": truncations(t),
	} {
		t.Run(group, func(t *testing.T) {
			counts := map[string]int{}
			for _, c := range files {
				code, err := answered(t, pool, c.data)
				if err != nil || c.want != "" && code != c.want {
					t.Errorf("%s: got %s, %v; want %s, for it is %s", c.name, code, err, c.want, c.why)
				}
				counts[code]++
			}
			t.Logf("%d files: %v", len(files), counts)
		})
	}
	unharmed(t, pool)
}

// mostMegabytes is what a worker may hold at its peak, resident.
const mostMegabytes = 450

// unharmed says that no worker was lost, and what the hungriest of them took.
func unharmed(t *testing.T, pool *imaging.Pool) {
	t.Helper()
	s := pool.Stats()
	if lost := s.Crashes + s.Timeouts + s.Overspent + s.Distrusted; lost != 0 {
		t.Errorf("%d workers lost: %+v", lost, s)
	}
	for _, w := range s.Workers {
		peak := peakMegabytes(t, w.PID)
		t.Logf("worker %d: %d checks, now %d MB resident, at most %d MB", w.PID, w.Checks, w.ResidentBytes>>20, peak)
		if peak > mostMegabytes {
			t.Errorf("worker %d took %d MB, more than %d", w.PID, peak, mostMegabytes)
		}
	}
}

var highWater = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

func peakMegabytes(t *testing.T, pid int) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	found := highWater.FindSubmatch(text)
	if found == nil {
		t.Fatal("no high-water mark")
	}
	kilobytes, err := strconv.Atoi(string(found[1]))
	if err != nil {
		t.Fatal(err)
	}
	return kilobytes >> 10
}
