package imaging_test

import (
	"bytes"
	"testing"

	"realname/imaging"
)

// BenchmarkPoolHop is what a worker process costs over a call: gate, socket and JSON
// at both ends around a pipeline that does nothing, with a photo of 1 MB.
func BenchmarkPoolHop(b *testing.B) {
	pool := open(b, func(o *imaging.Options) { o.Workers = 1 })
	image := append(photo(b, "ok"), bytes.Repeat([]byte{1}, 1<<20)...)
	for b.Loop() {
		if _, err := pool.Check(b.Context(), imaging.Request{Image: image}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGate(b *testing.B) {
	data := jpegOf(b, picture(4000, 3000))
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := imaging.Gate(data, imaging.Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}
