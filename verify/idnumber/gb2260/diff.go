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
