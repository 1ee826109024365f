// Package csvrecord reads the records of CSV files (RFC 4180) one by one in a window of fixed size, whatever the file holds:
// UTF-8 or GB18030, whose second bytes are never a comma, a quote or a line end.
package csvrecord

import "bytes"

// Record is one record of a CSV file (RFC 4180) in the window: where its cells end in Raw. A cell lies between two
// commas, quotes included.
type Record struct {
	Raw    []byte // without the line end
	ends   []int
	Sound  bool // false: a stray or an unclosed quote, or too long
	quoted bool // some cell has quotes
}

// Cells is how many cells the record has; none when it is not sound.
func (r *Record) Cells() int { return len(r.ends) }

// Until is Raw up to the end of cell i.
func (r *Record) Until(i int) []byte { return r.Raw[:r.ends[i]] }

// Cell gives the text of a cell without its quotes.
func (r *Record) Cell(i int) []byte {
	start := 0
	if i > 0 {
		start = r.ends[i-1] + 1
	}
	text := r.Raw[start:r.ends[i]]
	if !r.quoted || len(text) < 2 || text[0] != '"' {
		return text
	}
	return unquote(text[1 : len(text)-1])
}

// unquote makes one quote of two, and a line end of CRLF, as encoding/csv does.
func unquote(text []byte) []byte {
	if bytes.IndexByte(text, '"') < 0 && bytes.IndexByte(text, '\r') < 0 {
		return text
	}
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		c := text[i]
		if i+1 < len(text) && (c == '"' || c == '\r' && text[i+1] == '\n') {
			i++
			c = text[i]
		}
		out = append(out, c)
	}
	return out
}

// Reader gives the records of a window. It reads what encoding/csv reads, cell by cell the same, and differs in what
// that refuses: a broken record costs its first line and never the records behind it, whatever its quotes. Empty lines
// are records, so that every line has its answer.
type Reader struct {
	window *Window
	record Record
}

// NewReader reads from where the window stands.
func NewReader(w *Window) *Reader { return &Reader{window: w} }

// Next gives the next record, good until the call after; nil at the end of what can be read.
func (r *Reader) Next() *Record {
	n, short := r.window.LineEnd(0)
	if n == 0 {
		return nil
	}
	rec := &r.record
	rec.ends, rec.Sound, rec.quoted, rec.Raw = rec.ends[:0], true, false, nil
	if !short {
		rec.Sound = false
		r.window.SkipLine()
		return rec
	}
	line := r.window.buffer[r.window.start : r.window.start+n]
	if bytes.IndexByte(line, '"') < 0 {
		rec.Raw = withoutLineEnd(r.window.Take(n))
		rec.splitPlain()
		return rec
	}
	rec.quoted = true
	whole, sound := r.scanQuoted(n)
	if r.window.start == r.window.end { // a read error cut it
		return nil
	}
	if !sound {
		rec.Sound, rec.ends = false, rec.ends[:0]
		whole = n
	}
	rec.Raw = withoutLineEnd(r.window.Take(whole))
	return rec
}

// splitPlain finds the cells of a record without quotes.
func (r *Record) splitPlain() {
	for i := 0; ; {
		comma := bytes.IndexByte(r.Raw[i:], ',')
		if comma < 0 {
			break
		}
		i += comma
		r.ends = append(r.ends, i)
		i++
	}
	r.ends = append(r.ends, len(r.Raw))
}

// scanQuoted finds the cells of the record whose first line has n bytes, over as many lines as its quotes hold together.
func (r *Reader) scanQuoted(n int) (whole int, sound bool) {
	rec, i, inside := &r.record, 0, false
	for {
		text := withoutLineEnd(r.window.buffer[r.window.start : r.window.start+n])
		if !inside {
			if i, inside = rec.enterCell(text, i); i < 0 {
				return 0, false
			}
		}
		if inside {
			next, open := leaveCell(text, i)
			if open { // the cell goes on in the next line
				more, short := r.window.LineEnd(n)
				if !short || more == n || more == 0 {
					return 0, false
				}
				i, n = n, more
				continue
			}
			i, inside = next, false
			if i < len(text) && text[i] != ',' {
				return 0, false
			}
			rec.ends = append(rec.ends, i)
		}
		if i >= len(text) {
			return n, true
		}
		i++ // the comma
	}
}

// enterCell looks at the cell that begins at i: it gives the place behind its opening quote, or the end of a cell
// without quotes, or -1 for a stray quote.
func (r *Record) enterCell(text []byte, i int) (next int, inside bool) {
	if i < len(text) && text[i] == '"' {
		return i + 1, true
	}
	end := len(text)
	if comma := bytes.IndexByte(text[i:], ','); comma >= 0 {
		end = i + comma
	}
	if bytes.IndexByte(text[i:end], '"') >= 0 {
		return -1, false
	}
	r.ends = append(r.ends, end)
	return end, false
}

// leaveCell gives the place behind the quote that closes the cell in which i lies; open when none does.
func leaveCell(text []byte, i int) (next int, open bool) {
	for {
		quote := bytes.IndexByte(text[i:], '"')
		if quote < 0 {
			return i, true
		}
		i += quote + 1
		if i >= len(text) || text[i] != '"' {
			return i, false
		}
		i++
	}
}

// withoutLineEnd cuts LF or CRLF off, and as encoding/csv does a CR at the end of the file.
func withoutLineEnd(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\n' {
		line = line[:n-1]
	}
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line
}
