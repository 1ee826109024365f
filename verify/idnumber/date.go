package idnumber

import (
	"errors"
	"time"
)

// Date is a civil date, without zone: a birth, or the day of a check in China.
type Date struct {
	Year  uint16
	Month uint8
	Day   uint8
}

// ErrDate is what ParseDate returns for text that is no day of the calendar in the form YYYY-MM-DD.
var ErrDate = errors.New("idnumber: want a date as YYYY-MM-DD")

// chinaTime has had no other offset since 1991; a fixed zone needs no zone files on the machine.
var chinaTime = time.FixedZone("Asia/Shanghai", 8*60*60)

// DateOf is the civil date in China at an instant.
func DateOf(t time.Time) Date {
	y, m, d := t.In(chinaTime).Date()
	return Date{uint16(y), uint8(m), uint8(d)}
}

// ParseDate reads YYYY-MM-DD.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() == 0 {
		return Date{}, ErrDate // never the text: it may be a birth
	}
	return Date{uint16(t.Year()), uint8(t.Month()), uint8(t.Day())}, nil
}

// Valid reports whether the date is in the Gregorian calendar, from year 1 on.
func (d Date) Valid() bool {
	return d.Year > 0 && d.Month-1 < 12 && d.Day > 0 && d.Day <= daysIn(d.Year, d.Month)
}

var monthDays = [...]uint8{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

func daysIn(year uint16, month uint8) uint8 {
	if month == 2 && year%4 == 0 && (year%100 != 0 || year%400 == 0) {
		return 29
	}
	return monthDays[month-1]
}

// Before reports whether d lies before e.
func (d Date) Before(e Date) bool { return d.ordinal() < e.ordinal() }

func (d Date) ordinal() uint32 { return uint32(d.Year)<<16 | uint32(d.Month)<<8 | uint32(d.Day) }

// String gives YYYY-MM-DD. A birth date is personal data.
func (d Date) String() string {
	y, m, day := d.Year, d.Month, d.Day
	return string([]byte{
		'0' + byte(y/1000%10), '0' + byte(y/100%10), '0' + byte(y/10%10), '0' + byte(y%10), '-',
		'0' + m/10%10, '0' + m%10, '-', '0' + day/10%10, '0' + day%10,
	})
}
