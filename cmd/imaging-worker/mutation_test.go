//go:build vision

package main

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"

	"realname/imaging"
	"realname/internal/specimen"
)

// mutationsVariable sets how many spoilt files each format gets; `make prove` gives thousands.
const mutationsVariable = "REALNAME_PROVE_MUTATIONS"

func mutations(t *testing.T) int {
	t.Helper()
	const short = 150
	text := os.Getenv(mutationsVariable)
	if text == "" {
		return short
	}
	n, err := strconv.Atoi(text)
	if err != nil || n <= 0 {
		t.Fatalf("%s must be a positive number", mutationsVariable)
	}
	return n
}

// TestMutatedFilesAreAnswered is a fuzzer whose target is another process, so that
// Go's own, which steers by coverage, could not see into it. File number i of a
// format is always the same: a failure names the one to look at.
func TestMutatedFilesAreAnswered(t *testing.T) {
	const workers = 2
	pool := live(t, roleWorker, func(o *imaging.Options) { o.Workers = workers })
	whole := pictures(t)
	n := mutations(t)
	for _, kind := range slices.Sorted(maps.Keys(whole)) {
		t.Run(kind, func(t *testing.T) {
			before := pool.Stats().Checks
			var mu sync.Mutex
			counts := map[string]int{}
			var group sync.WaitGroup
			for first := range workers {
				group.Go(func() {
					for i := first; i < n; i += workers {
						code, err := answered(t, pool, mutated(t, specimen.Seed(uint64(i)), kind, whole[kind]))
						if err != nil {
							t.Errorf("%s number %d: %v", kind, i, err)
						}
						mu.Lock()
						counts[code]++
						mu.Unlock()
					}
				})
			}
			group.Wait()
			reached := pool.Stats().Checks - before
			t.Logf("%d files, %d reached a worker: %v", n, reached, counts)
			// Where all are refused at the gate, no decoder was tried.
			if reached < uint64(n)/5 || counts[examined] == 0 {
				t.Errorf("only %d of %d reached a worker, %d decoded", reached, n, counts[examined])
			}
		})
	}
	unharmed(t, pool)
}

// mutated spoils one to eight places of a file. Half of the time what a gate or a
// checksum would catch is then mended, so that the decoder meets the rest.
func mutated(t testing.TB, rng *rand.Rand, kind string, whole []byte) []byte {
	if kind == "png" && rng.IntN(3) == 0 {
		return spoiltRows(t, rng, whole)
	}
	out := bytes.Clone(whole)
	for range 1 + rng.IntN(8) {
		out = spoil(rng, out)
	}
	if rng.IntN(2) == 0 {
		return out
	}
	return mend(kind, whole, out)
}

// spoiltRows spoils a PNG beneath its compression: the kinds of filter, and the rows that they work on.
func spoiltRows(t testing.TB, rng *rand.Rand, whole []byte) []byte {
	first := bytes.Index(whole, []byte("IDAT")) - 4
	var stream []byte
	for at := first; at+12 <= len(whole); {
		length := int(binary.BigEndian.Uint32(whole[at:]))
		if string(whole[at+4:at+8]) == "IDAT" {
			stream = append(stream, whole[at+8:at+8+length]...)
		}
		at += 12 + length
	}
	z, err := zlib.NewReader(bytes.NewReader(stream))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	for range 1 + rng.IntN(8) {
		rows = spoil(rng, rows)
	}
	return bytes.Join([][]byte{whole[:first], chunk("IDAT", compressed(t, bytes.NewReader(rows))), chunk("IEND", nil)}, nil)
}

func spoil(rng *rand.Rand, data []byte) []byte {
	if len(data) < 16 {
		return data
	}
	// Headers are a small part of a file and most of what can go wrong.
	at := rng.IntN(len(data) - 8)
	if rng.IntN(2) == 0 {
		at = rng.IntN(min(len(data)-8, 700))
	}
	length := 1 + rng.IntN(min(len(data)-at, 64))
	switch rng.IntN(8) {
	case 0:
		data[at] ^= 1 << rng.IntN(8)
	case 1:
		data[at] = byte(rng.Uint32())
	case 2:
		edges := []uint32{0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff}
		edge := edges[rng.IntN(len(edges))]
		switch rng.IntN(4) {
		case 0:
			binary.BigEndian.PutUint32(data[at:], edge)
		case 1:
			binary.LittleEndian.PutUint32(data[at:], edge)
		case 2:
			binary.BigEndian.PutUint16(data[at:], uint16(edge))
		default:
			data[at] = byte(edge)
		}
	case 3:
		return slices.Delete(data, at, at+length)
	case 4:
		return slices.Insert(data, at, bytes.Clone(data[at:at+length])...)
	case 5:
		from := rng.IntN(len(data) - length)
		copy(data[at:at+length], data[from:from+length])
	case 6:
		for i := range data[at : at+length] {
			data[at+i] = byte(rng.Uint32())
		}
	default: // a marker of JPEG, which PNG and WebP take for noise
		data[at], data[at+1] = 0xff, 0xc0+byte(rng.IntN(64))
	}
	return data
}

// mend puts back the first bytes and what ends the file, and makes lengths and checksums fit where a format has them.
func mend(kind string, whole, data []byte) []byte {
	switch kind {
	case "jpeg":
		copy(data, whole[:3])
		return append(data, 0xff, 0xd9)
	case "png":
		copy(data, whole[:16])
		return checksummed(data)
	default:
		copy(data, whole[:16])
		binary.LittleEndian.PutUint32(data[4:], uint32(len(data)-8))
		return data
	}
}

// checksummed walks over chunks as their lengths say, mends their checksums, and ends with an IEND.
func checksummed(data []byte) []byte {
	at := 8
	for at+12 <= len(data) {
		length := int64(binary.BigEndian.Uint32(data[at:]))
		if length > int64(len(data)-at-12) {
			length = int64(len(data) - at - 12)
			binary.BigEndian.PutUint32(data[at:], uint32(length))
		}
		end := at + 8 + int(length)
		binary.BigEndian.PutUint32(data[end:], crc32.ChecksumIEEE(data[at+4:end]))
		at = end + 4
	}
	return append(data[:min(at, len(data))], chunk("IEND", nil)...)
}
