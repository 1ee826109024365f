package receipt

import (
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// chain follows every tenant's own chain of leaves through a log.
type chain struct {
	report  *Report
	origin  string // "" when it is not known
	tenants map[string]link
	damaged int64 // index after the last entry whose bytes are not to be trusted
}

type link struct {
	seq   int64
	hash  tlog.Hash
	index int64
}

// damage says that no entry before index end can be relied on to be there:
// the gap that it leaves in a chain is no finding of its own.
func (c *chain) damage(end int64) { c.damaged = max(c.damaged, end) }

func (c *chain) follow(file string, index int64, at *Range, raw []byte, hash tlog.Hash) {
	leaf, err := ParseLeaf(raw)
	if err != nil {
		c.report.find(Finding{Kind: LeafMalformed, File: file, Bytes: at, Entry: &index, Found: errText(err)})
		c.damage(index + 1)
		return
	}
	if c.origin != "" && leaf.Origin != c.origin {
		c.report.find(Finding{Kind: LeafOrigin, File: file, Bytes: at, Entry: &index, Event: leaf.EventID(), Expected: c.origin, Found: leaf.Origin})
	}
	last, known := c.tenants[leaf.Tenant]
	c.tenants[leaf.Tenant] = link{seq: leaf.Seq, hash: hash, index: index}
	whole := c.damaged == 0 || known && last.index >= c.damaged
	switch {
	case !whole:
	case leaf.Seq != last.seq+1:
		c.report.find(Finding{
			Kind: ChainSequence, File: file, Bytes: at, Entry: &index, Event: leaf.EventID(),
			Expected: fmt.Sprint(last.seq + 1), Found: fmt.Sprint(leaf.Seq),
		})
	case leaf.Prev != last.hash:
		c.report.find(Finding{
			Kind: ChainPrevious, File: file, Bytes: at, Entry: &index, Event: leaf.EventID(),
			Expected: hexOf(last.hash), Found: hexOf(leaf.Prev),
		})
	}
}

func hexOf(h tlog.Hash) string { return fmt.Sprintf("%x", h[:]) }

// errText is the text of the innermost error worth showing: without the
// package prefix, and never with bytes of an entry.
func errText(err error) string {
	for _, known := range []error{ErrLeaf, ErrMalformed} {
		if errors.Is(err, known) {
			return err.Error()[len("receipt: "):]
		}
	}
	return err.Error()
}
