package app

import (
	"context"
	"strconv"

	"realname/compliance"
	"realname/compliance/calendar"
)

// LoadCalendar puts the days of a file of notices over those of the calendar, and returns how many.
func (o *Operator) LoadCalendar(ctx context.Context, text []byte) (int, error) {
	days, err := calendar.Read(text)
	if err != nil {
		return 0, err
	}
	ev, err := o.event(compliance.EventCalendarExtended, "", "calendar", map[string]string{"days": strconv.Itoa(len(days)), "digest": compliance.Digest(text)})
	if err != nil {
		return 0, err
	}
	return len(days), o.store.SetHolidays(ctx, days, ev)
}

// Due is the last day of a term by the calendar as it stands.
func (o *Operator) Due(ctx context.Context, from string, days int, working bool) (due string, provisional bool, err error) {
	own, err := o.store.Holidays(ctx)
	if err != nil {
		return "", false, err
	}
	return calendar.Builtin().With(own).Due(from, days, working)
}
