package main

import (
	"bytes"
	"context"
	"errors"
	"io"
)

const (
	// maxNumberLine is the longest line or CSV record in bytes, its end included; a longer one is bad input.
	maxNumberLine = 64 << 10
	windowSize    = 4 * maxNumberLine
	chunkSize     = maxNumberLine
)

// patientReader reads ahead in a goroutine of its own, so that an interrupt ends a read that waits, and calls beforeWait
// when it has nothing at hand: what was read until then is answered and can be flushed.
type patientReader struct {
	ctx        context.Context
	chunks     <-chan chunk
	free       chan<- []byte
	beforeWait func() error
	current    chunk
	rest       []byte
}

type chunk struct {
	bytes []byte
	err   error
}

// newPatientReader reads r until ctx ends. The goroutine outlives ctx only while a Read of r hangs.
func newPatientReader(ctx context.Context, r io.Reader, beforeWait func() error) *patientReader {
	chunks, free := make(chan chunk), make(chan []byte, 2)
	free <- make([]byte, chunkSize)
	free <- make([]byte, chunkSize)
	go func() {
		for {
			var c chunk
			select {
			case buffer := <-free:
				n, err := r.Read(buffer[:chunkSize])
				c = chunk{buffer[:n], err}
			case <-ctx.Done():
				return
			}
			select {
			case chunks <- c:
			case <-ctx.Done():
				return
			}
			if c.err != nil {
				return
			}
		}
	}()
	return &patientReader{ctx: ctx, chunks: chunks, free: free, beforeWait: beforeWait}
}

// Read fails with the context's error once that has ended, even while bytes are at hand.
func (p *patientReader) Read(to []byte) (int, error) {
	for len(p.rest) == 0 {
		if p.current.err != nil {
			return 0, p.current.err
		}
		if p.current.bytes != nil {
			p.free <- p.current.bytes
			p.current.bytes = nil
		}
		if err := p.ctx.Err(); err != nil {
			return 0, err
		}
		select {
		case p.current = <-p.chunks:
		default:
			if err := p.beforeWait(); err != nil {
				return 0, err
			}
			select {
			case p.current = <-p.chunks:
			case <-p.ctx.Done():
				return 0, p.ctx.Err()
			}
		}
		p.rest = p.current.bytes
	}
	n := copy(to, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// lineWindow is the part of a stream that is looked at, in a buffer of fixed size.
type lineWindow struct {
	in         io.Reader
	buffer     []byte
	start, end int
	err        error // why nothing more comes: io.EOF when all is well
	consumed   int64 // bytes before start
}

func newLineWindow(in io.Reader) *lineWindow {
	return &lineWindow{in: in, buffer: make([]byte, windowSize)}
}

// fill reads more, or sets err. Of a line cut by an error other than io.EOF nothing is kept by lineEnd.
func (w *lineWindow) fill() {
	if w.end == len(w.buffer) {
		w.end = copy(w.buffer, w.buffer[w.start:w.end])
		w.start = 0
	}
	n, err := w.in.Read(w.buffer[w.end:])
	w.end += n
	w.err = err
}

// lineEnd gives how many bytes lie from the start to behind the end of the line that holds offset from, or to the end of
// the stream. It is 0 at the end, and short is false when more than maxNumberLine bytes lie there.
func (w *lineWindow) lineEnd(from int) (n int, short bool) {
	for {
		if i := bytes.IndexByte(w.buffer[w.start+from:w.end], '\n'); i >= 0 {
			n = from + i + 1
			return n, n <= maxNumberLine
		}
		from = w.end - w.start
		switch {
		case from > maxNumberLine:
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

// take moves the start behind n bytes and gives them; they are good until the next call.
func (w *lineWindow) take(n int) []byte {
	taken := w.buffer[w.start : w.start+n]
	w.start += n
	w.consumed += int64(n)
	return taken
}

// skipLine moves the start behind the end of a line of any length.
func (w *lineWindow) skipLine() {
	for {
		if i := bytes.IndexByte(w.buffer[w.start:w.end], '\n'); i >= 0 {
			w.take(i + 1)
			return
		}
		w.take(w.end - w.start)
		if w.err != nil {
			return
		}
		w.fill()
	}
}

// peek gives the next bytes, n of them unless the stream ends before.
func (w *lineWindow) peek(n int) []byte {
	for w.end-w.start < n && w.err == nil {
		w.fill()
	}
	return w.buffer[w.start:min(w.end, w.start+n)]
}
