package main

import (
	"context"
	"io"

	"realname/internal/csvrecord"
)

const chunkSize = csvrecord.MaxLine

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
