package gb2260

import (
	"iter"
	"math/bits"
)

const (
	yearBase  = 1900
	openStart = 0
	openEnd   = 255
)

// entry is one period of one code. Years count from 1900.
type entry struct {
	code       Code
	name       uint32 // offset in the two texts of the table, one after the other
	from, to   uint8
	nameLength uint8
	issued     bool // stands on cards: every county, and the prefectures marked so
}

// Table is a list of codes; it never changes once made.
type Table struct {
	text, own string // the lists, and what was laid over them
	entries   []entry
	// starts holds the index of the first entry of every code in ascending order, and the number of entries.
	starts []uint16
	blocks []block
	// hosts is the index in blocks by the first four digits; block 0 is empty.
	hosts [10000]uint16
}

// block has a bit for every code of one prefecture: its rank among them leads to its entries without a search.
type block struct {
	codes [2]uint64
	first uint16 // index in starts of the lowest code
}

// index builds starts, blocks and hosts from the entries, which are in order.
func (t *Table) index() {
	codes, prefectures := 0, 1
	for i, e := range t.entries {
		if i == 0 || e.code != t.entries[i-1].code {
			codes++
		}
		if i == 0 || e.code/100 != t.entries[i-1].code/100 {
			prefectures++
		}
	}
	t.starts, t.blocks = make([]uint16, 0, codes+1), make([]block, 1, prefectures)
	for i, e := range t.entries {
		host, bit := e.code/100, e.code%100
		if t.hosts[host] == 0 {
			t.hosts[host] = uint16(len(t.blocks))
			t.blocks = append(t.blocks, block{first: uint16(len(t.starts))})
		}
		b := &t.blocks[len(t.blocks)-1]
		if mask := uint64(1) << (bit % 64); b.codes[bit/64]&mask == 0 {
			b.codes[bit/64] |= mask
			t.starts = append(t.starts, uint16(i))
		}
	}
	t.starts = append(t.starts, uint16(len(t.entries)))
}

// periods gives the entries of one code, oldest first.
func (t *Table) periods(code Code) []entry {
	if code > 999999 {
		return nil
	}
	b, bit := &t.blocks[t.hosts[code/100]], code%100
	below := b.codes[bit/64] & (1<<(bit%64) - 1)
	if b.codes[bit/64]>>(bit%64)&1 == 0 {
		return nil
	}
	rank := int(b.first) + bits.OnesCount64(below)
	if bit >= 64 {
		rank += bits.OnesCount64(b.codes[0])
	}
	return t.entries[t.starts[rank]:t.starts[rank+1]]
}

func (t *Table) name(e entry) string {
	if at := int(e.name); at < len(t.text) {
		return t.text[at : at+int(e.nameLength)]
	}
	at := int(e.name) - len(t.text)
	return t.own[at : at+int(e.nameLength)]
}

// Len is the number of entries, a code counting once for each period and name.
func (t *Table) Len() int { return len(t.entries) }

// At is the code of entry i, 0 ≤ i < Len, in ascending order.
func (t *Table) At(i int) Code { return t.entries[i].code }

// Codes gives every code once, in ascending order.
func (t *Table) Codes() iter.Seq[Code] {
	return func(yield func(Code) bool) {
		for _, start := range t.starts[:len(t.starts)-1] {
			if !yield(t.entries[start].code) {
				return
			}
		}
	}
}

// Period is one name of a code with its years, both inclusive; 0 is open.
type Period struct {
	From, To int
	Name     string // "" when no list names it
	Issued   bool   // stands on cards
}

// Periods gives what the table knows of a code, oldest first.
func (t *Table) Periods(code Code) []Period {
	entries := t.periods(code)
	out := make([]Period, len(entries))
	for i, e := range entries {
		out[i] = Period{Name: t.name(e), Issued: e.issued}
		if e.from != openStart {
			out[i].From = yearBase + int(e.from)
		}
		if e.to != openEnd {
			out[i].To = yearBase + int(e.to)
		}
	}
	return out
}
