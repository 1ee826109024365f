package gb2260

import "slices"

// Kind of a Change.
type Kind uint8

const (
	// Added: the code was in no list.
	Added Kind = iota
	// Removed: the code is in no list any more.
	Removed
	// Closed: the code was in force without end and has a last year now.
	Closed
	// Reopened: the code had a last year and is in force without end now.
	Reopened
	// Renamed: the latest name is another.
	Renamed
	// Redated: years or earlier names are others.
	Redated
)

var kindNames = [...]string{"added", "removed", "closed", "reopened", "renamed", "redated"}

// Kinds lists all kinds of change.
func Kinds() []Kind { return []Kind{Added, Removed, Closed, Reopened, Renamed, Redated} }

// String gives the kind as one word in lower case.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return ""
}

// Change is a code whose periods differ between two tables.
type Change struct {
	Code          Code
	Kind          Kind
	Before, After []Period // empty when the table does not have the code
}

// Diff gives what changes from one table to another, in ascending order of codes.
func Diff(before, after *Table) []Change {
	codes := slices.AppendSeq(slices.Collect(before.Codes()), after.Codes())
	slices.Sort(codes)
	var out []Change
	for _, code := range slices.Compact(codes) {
		c := Change{Code: code, Before: before.Periods(code), After: after.Periods(code)}
		if !slices.Equal(c.Before, c.After) {
			c.Kind = kindOf(c.Before, c.After)
			out = append(out, c)
		}
	}
	return out
}

func kindOf(before, after []Period) Kind {
	open := func(p Period) bool { return p.To == 0 }
	wasOpen, isOpen := slices.ContainsFunc(before, open), slices.ContainsFunc(after, open)
	switch {
	case len(before) == 0:
		return Added
	case len(after) == 0:
		return Removed
	case wasOpen && !isOpen:
		return Closed
	case !wasOpen && isOpen:
		return Reopened
	case before[len(before)-1].Name != after[len(after)-1].Name:
		return Renamed
	}
	return Redated
}

// Overlaps reports whether two periods after the change share more than one year, that of a change, or are the same.
// What the lists before had so does not count: the ministry's own have codes that two divisions shared for years.
func (c Change) Overlaps() bool {
	for i, later := range c.After {
		for _, earlier := range c.After[:i] {
			same := earlier.From == later.From && earlier.To == later.To
			shared := earlier.To == 0 || earlier.To > later.From
			if same || shared && !c.hadBoth(earlier, later) {
				return true
			}
		}
	}
	return false
}

// hadBoth reports whether the two periods overlapped before; the later may end in another year since.
func (c Change) hadBoth(earlier, later Period) bool {
	return slices.Contains(c.Before, earlier) && slices.ContainsFunc(c.Before, func(p Period) bool {
		return p.From == later.From && p.Name == later.Name
	})
}
