package auditlog

import (
	"context"
	"errors"
)

// ErrConflict: the checkpoint is no longer the one that was to be replaced.
var ErrConflict = errors.New("auditlog: the published checkpoint has changed")

// Object is a file of the log: its tlog-tiles path and its content.
type Object struct {
	Path string
	Data []byte
}

// Storage is where a log is published. Paths are those of tlog-tiles; what is
// stored under the path of a tile never has another content.
type Storage interface {
	// Put stores objects, each atomically; all are durable when it returns.
	Put(ctx context.Context, objects []Object) error
	// Get returns an object; fs.ErrNotExist when there is none.
	Get(ctx context.Context, path string) ([]byte, error)
	// Size returns the length of an object in bytes; fs.ErrNotExist when there is none.
	Size(ctx context.Context, path string) (int64, error)
	// SwapCheckpoint replaces the checkpoint atomically and durably if it still
	// equals old (nil for none); else it changes nothing and returns ErrConflict.
	SwapCheckpoint(ctx context.Context, old, next []byte) error
	// RemovePartials deletes the partial tiles beside the full tile of that path.
	RemovePartials(ctx context.Context, path string) error
}
