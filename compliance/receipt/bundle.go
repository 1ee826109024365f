package receipt

import (
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"realname/compliance/receipt/tiles"
)

// bundle is an entry bundle as read: where its entries lie and what they hash to.
type bundle struct {
	path   string
	data   []byte
	start  []int // offset of each entry's length prefix
	hashes []tlog.Hash
	stop   int   // offset behind the last entry
	rest   int   // bytes behind it that are no entry
	err    error // why they are none
}

// readEntries parses at most limit entries: a bundle may be wider than the tree.
func readEntries(path string, data []byte, limit int) *bundle {
	b := &bundle{path: path, data: data}
	for rest := data; len(rest) > 0 && len(b.hashes) < limit; {
		entry, next, err := tiles.NextEntry(rest)
		if err != nil {
			b.rest, b.err = len(rest), err
			break
		}
		b.start = append(b.start, len(data)-len(rest))
		b.hashes = append(b.hashes, tlog.RecordHash(entry))
		rest = next
		b.stop = len(data) - len(rest)
	}
	return b
}

// end returns the offset behind entry i.
func (b *bundle) end(i int) int {
	if i+1 < len(b.start) {
		return b.start[i+1]
	}
	return b.stop
}

func (b *bundle) span(i int) *Range { return byteRange(b.start[i], b.end(i)-b.start[i]) }
func (b *bundle) entry(i int) []byte {
	return b.data[b.start[i]+2 : b.end(i)]
}

// event returns the id of the event in entry i, when its bytes still tell.
func (b *bundle) event(i int) string {
	l, err := ParseLeaf(b.entry(i))
	if err != nil {
		return ""
	}
	return l.EventID()
}

// diagnose reports how the bundle differs from the leaf hashes that the tree
// has, the first of which is entry base of the log.
func (b *bundle) diagnose(r *Report, base int64, truth []tlog.Hash) {
	if b.err == nil && slices.Equal(b.hashes, truth) {
		return
	}
	same := 0
	for same < len(b.hashes) && same < len(truth) && b.hashes[same] == truth[same] {
		same++
	}
	switch {
	case b.err != nil:
		b.diagnoseFraming(r, base, truth, same)
	case len(b.hashes) < len(truth):
		b.diagnoseShort(r, base, truth, same)
	case len(b.hashes) > len(truth):
		b.diagnoseLong(r, base, truth, same)
	default:
		b.diagnoseChanged(r, base, truth)
	}
}

// diagnoseFraming: from entry same on, lengths and bytes no longer fit.
func (b *bundle) diagnoseFraming(r *Report, base int64, truth []tlog.Hash, same int) {
	from := b.stop
	if same < len(b.start) {
		from = b.start[same]
	}
	kind := BundleMalformed
	if same == len(b.hashes) && same < len(truth) {
		// All that is there is right, and the file ends within an entry.
		kind = EntriesTruncated
	}
	r.find(Finding{
		Kind: kind, File: b.path, Bytes: byteRange(from, len(b.data)-from), Entry: entryAt(base + int64(same)),
		Expected: fmt.Sprintf("%d entries", len(truth)),
		Found:    fmt.Sprintf("%d entries and %d bytes", len(b.hashes), b.rest),
	})
}

func (b *bundle) diagnoseShort(r *Report, base int64, truth []tlog.Hash, same int) {
	f := Finding{
		Kind: BundleMalformed, File: b.path, Entry: entryAt(base + int64(same)),
		Expected: fmt.Sprintf("%d entries", len(truth)), Found: fmt.Sprintf("%d entries", len(b.hashes)),
	}
	missing := len(truth) - len(b.hashes)
	switch {
	case same == len(b.hashes):
		f.Kind, f.Last, f.Bytes = EntriesTruncated, entryAt(base+int64(len(truth)-1)), byteRange(b.stop, 0)
	case slices.Equal(b.hashes[same:], truth[same+missing:]):
		f.Kind, f.Bytes = EntryDropped, byteRange(b.start[same], 0)
		f.Expected = hexOf(truth[same])
		if missing > 1 {
			f.Last = entryAt(base + int64(same+missing-1))
		}
	default:
		f.Bytes = byteRange(b.start[same], len(b.data)-b.start[same])
	}
	r.find(f)
}

func (b *bundle) diagnoseLong(r *Report, base int64, truth []tlog.Hash, same int) {
	more := len(b.hashes) - len(truth)
	f := Finding{
		Kind: BundleMalformed, File: b.path, Entry: entryAt(base + int64(same)), Event: b.event(same),
		Bytes:    byteRange(b.start[same], len(b.data)-b.start[same]),
		Expected: fmt.Sprintf("%d entries", len(truth)), Found: fmt.Sprintf("%d entries", len(b.hashes)),
	}
	if slices.Equal(b.hashes[same+more:], truth[same:]) {
		f.Kind, f.Bytes = EntryInserted, byteRange(b.start[same], b.end(same+more-1)-b.start[same])
		if slices.Contains(truth, b.hashes[same]) {
			f.Kind = EntryDuplicated
		}
	}
	r.find(f)
}

func (b *bundle) diagnoseChanged(r *Report, base int64, truth []tlog.Hash) {
	if sameSet(b.hashes, truth) {
		first, last := -1, 0
		for i := range truth {
			if b.hashes[i] != truth[i] {
				if first < 0 {
					first = i
				}
				last = i
			}
		}
		r.find(Finding{
			Kind: EntriesReordered, File: b.path, Event: b.event(first),
			Entry: entryAt(base + int64(first)), Last: entryAt(base + int64(last)),
			Bytes: byteRange(b.start[first], b.end(last)-b.start[first]),
		})
		return
	}
	for i := range truth {
		if b.hashes[i] == truth[i] {
			continue
		}
		kind := EntryAltered
		if slices.Contains(truth, b.hashes[i]) {
			kind = EntryDuplicated
		}
		r.find(Finding{
			Kind: kind, File: b.path, Bytes: b.span(i), Entry: entryAt(base + int64(i)), Event: b.event(i),
			Expected: hexOf(truth[i]), Found: hexOf(b.hashes[i]),
		})
	}
}

func sameSet(a, b []tlog.Hash) bool {
	if len(a) != len(b) {
		return false
	}
	count := make(map[tlog.Hash]int, len(a))
	for i := range a {
		count[a[i]]++
		count[b[i]]--
	}
	for _, n := range count {
		if n != 0 {
			return false
		}
	}
	return true
}
