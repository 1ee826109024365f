package csvrecord

import (
	"bytes"
	"errors"
	"io"
)

// MaxLine is the longest line or record in bytes, its end included; a longer one is bad input.
const MaxLine = 64 << 10

const windowSize = 4 * MaxLine

// Window is the part of a stream that is looked at, in a buffer of fixed size.
type Window struct {
	in         io.Reader
	buffer     []byte
	start, end int
	err        error // why nothing more comes: io.EOF when all is well
	consumed   int64 // bytes before start
}

// NewWindow begins at the start of a stream.
func NewWindow(in io.Reader) *Window {
	return &Window{in: in, buffer: make([]byte, windowSize)}
}

// fill reads more, or sets err. Of a line cut by an error other than io.EOF nothing is kept by LineEnd.
func (w *Window) fill() {
	if w.end == len(w.buffer) {
		w.end = copy(w.buffer, w.buffer[w.start:w.end])
		w.start = 0
	}
	n, err := w.in.Read(w.buffer[w.end:])
	w.end += n
	w.err = err
}

// Err says why nothing more comes: io.EOF when all is well, nil while more may come.
func (w *Window) Err() error { return w.err }

// Consumed is how many bytes lie before the start.
func (w *Window) Consumed() int64 { return w.consumed }

// LineEnd gives how many bytes lie from the start to behind the end of the line that holds offset from, or to the end of
// the stream. It is 0 at the end, and short is false when more than MaxLine bytes lie there.
func (w *Window) LineEnd(from int) (n int, short bool) {
	for {
		if i := bytes.IndexByte(w.buffer[w.start+from:w.end], '\n'); i >= 0 {
			n = from + i + 1
			return n, n <= MaxLine
		}
		from = w.end - w.start
		switch {
		case from > MaxLine:
			return from, false
		case errors.Is(w.err, io.EOF):
			return from, true
		case w.err != nil:
			w.end = w.start
			return 0, true
		}
		w.fill()
	}
}

// Take moves the start behind n bytes and gives them; they are good until the next call.
func (w *Window) Take(n int) []byte {
	taken := w.buffer[w.start : w.start+n]
	w.start += n
	w.consumed += int64(n)
	return taken
}

// SkipLine moves the start behind the end of a line of any length.
func (w *Window) SkipLine() {
	for {
		if i := bytes.IndexByte(w.buffer[w.start:w.end], '\n'); i >= 0 {
			w.Take(i + 1)
			return
		}
		w.Take(w.end - w.start)
		if w.err != nil {
			return
		}
		w.fill()
	}
}

// Peek gives the next bytes, n of them unless the stream ends before.
func (w *Window) Peek(n int) []byte {
	for w.end-w.start < n && w.err == nil {
		w.fill()
	}
	return w.buffer[w.start:min(w.end, w.start+n)]
}
