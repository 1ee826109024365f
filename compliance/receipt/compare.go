package receipt

import (
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/mod/sumdb/tlog"

	"realname/compliance/receipt/tiles"
)

// comparison holds receipts against the log that was just checked.
type comparison struct {
	walk    *walk
	damaged bool                // the log has findings of its own
	roots   map[int64]tlog.Hash // of the log at sizes that receipts name
}

// maxRoots bounds the memory for roots at old sizes.
const maxRoots = 1 << 16

func (c *comparison) receipt(name string) error {
	text, ok, err := c.walk.read(name, MaxSize)
	if err != nil {
		return err
	}
	r := c.walk.report
	if !ok {
		r.note(Finding{Kind: UnknownFile, File: name})
		return nil
	}
	r.Receipts++
	v, err := Verify(c.walk.keys, text)
	if err != nil {
		r.find(Finding{Kind: KindOf(err), File: name, Bytes: byteRange(0, len(text)), Found: errText(err)})
		return nil
	}
	for _, key := range v.Unknown {
		r.note(Finding{Kind: UnknownSignature, File: name, Found: key})
	}
	f := Finding{File: name, Entry: &v.Index, Event: v.Leaf.EventID()}
	if r.Origin != "" && v.Origin != r.Origin {
		f.Kind, f.Expected, f.Found = ReceiptOrigin, r.Origin, v.Origin
		r.find(f)
		return nil
	}
	if v.Size > c.walk.size {
		f.Kind = ReceiptAhead
		f.Expected, f.Found = fmt.Sprintf("at least %d entries", v.Size), fmt.Sprintf("%d entries", c.walk.size)
		r.find(f)
		return nil
	}
	root, err := c.rootAt(v.Size)
	if err == nil && root == v.Root {
		return nil
	}
	f.Expected, f.Found = v.Root.String(), root.String()
	if err != nil {
		f.Found = ""
	}
	if c.damaged || err != nil {
		f.Kind = ReceiptNotCompared
		r.note(f)
		return nil
	}
	f.Kind = ReceiptFork
	r.find(f)
	return nil
}

// KindOf names what is wrong with a receipt or a disclosure by the error of
// Verify or VerifyDisclosure.
func KindOf(err error) Kind {
	switch {
	case errors.Is(err, ErrDisclosure):
		return DisclosureMalformed
	case errors.Is(err, ErrNotCommitted):
		return DisclosureCommitment
	case errors.Is(err, ErrOtherValue):
		return DisclosureValue
	case errors.Is(err, tiles.ErrSignature):
		return ReceiptSignature
	case errors.Is(err, ErrInclusion):
		return ReceiptInclusion
	case errors.Is(err, ErrOrigin):
		return ReceiptOrigin
	default:
		return ReceiptMalformed
	}
}

// rootAt returns the tree hash that the log's tiles give for its first size entries.
func (c *comparison) rootAt(size int64) (tlog.Hash, error) {
	if root, ok := c.roots[size]; ok {
		return root, nil
	}
	reader := tiles.Reader(size, func(t tlog.Tile) ([]byte, error) {
		wide := tiles.New(t.L, t.N, tiles.WidthAt(c.walk.size, t.L, t.N))
		_, data, err := c.walk.readWidest(wide, tiles.Width*tlog.HashSize)
		if err == nil && len(data) < t.W*tlog.HashSize {
			err = fs.ErrNotExist
		}
		return data, err
	})
	root, err := tlog.TreeHash(size, reader)
	if err == nil && len(c.roots) < maxRoots {
		c.roots[size] = root
	}
	return root, err
}
