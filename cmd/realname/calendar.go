package main

import (
	"context"
	"fmt"
	"os"

	"github.com/alecthomas/kong"

	"realname/internal/app"
)

// calendarCmd groups the commands on working days.
type calendarCmd struct {
	Load calendarLoadCmd `cmd:"" help:"Put the days off of a State Council notice, and the weekends that are worked, into the calendar."`
	Due  calendarDueCmd  `cmd:"" help:"Count the last day of a term."`
}

type calendarLoadCmd struct {
	configFlag
	File string `arg:"" help:"File of notices."`
}

// Help documents the file.
func (*calendarLoadCmd) Help() string {
	return `    $ realname calendar load 2027.yaml --config realname.yaml

    - year: 2027
      source: 国务院办公厅关于2027年部分节假日安排的通知
      off: [2027-01-01..2027-01-03]
      work: [2027-01-09]

Clocks of objections are counted by it from the next one on. Days stand over earlier ones of the same date; the
years 2024 to 2026 come with the gateway. Through a year without a notice a term is told as provisional.`
}

// Run loads.
func (c *calendarLoadCmd) Run(ctx context.Context, k *kong.Context) error {
	text, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	return operate(ctx, c.configFlag, func(o *app.Operator) error {
		n, err := o.LoadCalendar(ctx, text)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(k.Stdout, "%d days\n", n)
		return err
	})
}

type calendarDueCmd struct {
	configFlag
	From    string `arg:"" help:"Day that the term runs from; it does not count itself." placeholder:"YYYY-MM-DD"`
	Days    int    `help:"How many days." required:""`
	Working bool   `help:"Count working days only."`
}

// Help gives an example.
func (*calendarDueCmd) Help() string {
	return `    $ realname calendar due 2026-09-16 --days 15 --config realname.yaml
    2026-10-08

A term of all days that ends on a day off ends on the next working day (Civil Code, articles 201 and 203).`
}

// Run counts.
func (c *calendarDueCmd) Run(ctx context.Context, k *kong.Context) error {
	return operate(ctx, c.configFlag, func(o *app.Operator) error {
		due, provisional, err := o.Due(ctx, c.From, c.Days, c.Working)
		if err != nil {
			return err
		}
		if provisional {
			due += " (provisional: a year without a notice)"
		}
		_, err = fmt.Fprintln(k.Stdout, due)
		return err
	})
}
