package verify_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"testing"
)

func fileHolds(t *testing.T, name string, secret []byte) bool {
	t.Helper()
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Contains(b, secret)
}
