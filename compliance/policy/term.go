package policy

import "time"

// china has had no other offset since 1991; a fixed zone needs no zone files on the machine.
var china = time.FixedZone("Asia/Shanghai", 8*60*60)

// TermEnd is the first moment after a term of whole years that runs from the
// civil day of anchor in Asia/Shanghai. The day itself does not count, the same
// day of the last year is the last of the term, and where that month has no such
// day, its last day is (Civil Code, articles 201 and 202).
func TermEnd(anchor time.Time, years int) time.Time {
	y, m, d := anchor.In(china).Date()
	last := time.Date(y+years, m, d, 0, 0, 0, 0, china)
	if last.Month() != m {
		last = time.Date(y+years, m+1, 0, 0, 0, 0, 0, china)
	}
	return last.AddDate(0, 0, 1).UTC()
}
