package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// The reader must give what it read, whole and in order, however the bytes come.
func TestPatientReader(t *testing.T) {
	want := bytes.Repeat([]byte("0123456789"), chunkSize/3)
	p := newPatientReader(t.Context(), iotest.HalfReader(bytes.NewReader(want)), func() error { return nil })
	if got, err := io.ReadAll(p); err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
	broken := newPatientReader(t.Context(), iotest.ErrReader(errors.New("cable cut")), func() error { return nil })
	if _, err := io.ReadAll(broken); err == nil {
		t.Error("a read error is lost")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := newPatientReader(ctx, bytes.NewReader(want), func() error { return nil }).Read(make([]byte, 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context gives %v", err)
	}
	full := newPatientReader(t.Context(), blocked{}, func() error { return errors.New("disk full") })
	if _, err := full.Read(make([]byte, 1)); err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("an error before the wait gives %v", err)
	}
}

// blocked is a source from which nothing ever comes.
type blocked struct{}

func (blocked) Read([]byte) (int, error) { select {} }
