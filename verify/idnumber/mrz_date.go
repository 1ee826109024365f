package idnumber

// shortDate is a date of six characters, YYMMDD. Places that a document leaves open are fillers, or 00 in month and day.
type shortDate struct {
	year       int // 0 to 99
	month, day uint8
}

// shortDateOf reads six digits and fillers. CodeDateUnknown says that a place is open, CodeDateInvalid that no day of any
// year can be meant.
func shortDateOf(field []byte) (shortDate, Code) {
	year, yearOpen := twoPlaces(field[:2])
	month, monthOpen := twoPlaces(field[2:4])
	day, dayOpen := twoPlaces(field[4:6])
	if year < 0 || month < 0 || month > 12 || day < 0 || day > 31 {
		return shortDate{}, CodeDateInvalid
	}
	const leapYear = 2000
	if month > 0 && day > int(daysIn(leapYear, uint8(month))) {
		return shortDate{}, CodeDateInvalid
	}
	if yearOpen || monthOpen || dayOpen || month == 0 || day == 0 {
		return shortDate{}, CodeDateUnknown
	}
	return shortDate{year, uint8(month), uint8(day)}, NoCode
}

// twoPlaces reads two digits, or two fillers as open; -1 for one of each.
func twoPlaces(b []byte) (n int, open bool) {
	switch a, z := b[0] == filler, b[1] == filler; {
	case a && z:
		return 0, true
	case a || z:
		return -1, false
	}
	return int(number(b)), false
}

// in gives the date in a year, or the zero Date when that has no such day.
func (d shortDate) in(year int) Date {
	const lastYear = 1<<16 - 1
	if year < 1 || year > lastYear {
		return Date{}
	}
	date := Date{uint16(year), d.month, d.day}
	if !date.Valid() {
		return Date{}
	}
	return date
}

// latest gives the latest day with this short date that is not after the bound, within the two centuries up to it; zero
// when there is none.
func (d shortDate) latest(bound Date) Date {
	century := int(bound.Year) / 100 * 100
	for _, year := range [2]int{century + d.year, century + d.year - 100} {
		if date := d.in(year); date.Valid() && !bound.Before(date) {
			return date
		}
	}
	return Date{}
}

// expiry judges the date of expiry. Its year is the one from 50 years before e.on to 49 after.
func (e *examination) expiry(field []byte) {
	short, code := shortDateOf(field)
	switch {
	case !e.on.Valid():
		e.omit(Expiry, CodeNotReached)
		return
	case code == CodeDateUnknown:
		e.warn(Expiry, code)
		return
	case code != NoCode:
		e.fail(Expiry, code)
		return
	}
	first := int(e.on.Year) - 50
	expiry := short.in(first + (short.year-first%100+100)%100)
	if !expiry.Valid() {
		e.fail(Expiry, CodeDateInvalid)
		return
	}
	e.r.Expiry = expiry
	if expiry.Before(e.on) {
		e.warn(Expiry, CodeDocumentExpired)
	} else {
		e.pass(Expiry)
	}
}

// birth judges the date of birth, of which the latest possible is taken: not after e.on, nor after the document expired.
func (e *examination) birth(field []byte) {
	if !e.on.Valid() {
		e.fail(BirthDate, CodeDateFuture)
		return
	}
	short, code := shortDateOf(field)
	if code == CodeDateUnknown {
		e.warn(BirthDate, code)
		return
	}
	bound := e.on
	if e.r.Expiry.Valid() && e.r.Expiry.Before(bound) {
		bound = e.r.Expiry
	}
	birth := short.latest(bound)
	if code != NoCode || !birth.Valid() {
		e.fail(BirthDate, CodeDateInvalid)
		return
	}
	e.r.Birth = birth
	e.warn(BirthDate, CodeCenturyAssumed)
}
