// Package calendar counts days as terms in law do: civil days in China, all of them or working days only.
//
// Working days follow the week and the State Council's yearly notice, which moves days off and makes some weekends worked.
// A year without a notice is known by its week only: what was counted through it is told as provisional.
package calendar

import (
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/goccy/go-yaml"
)

// ErrCalendar: rows that cannot be read as days.
var ErrCalendar = errors.New("calendar: not a calendar")

// maxDays bounds a term.
const maxDays = 3650

// Day is one day that differs from the week.
type Day struct {
	Date    string // YYYY-MM-DD
	Working bool
	Source  string // the notice that says so
}

// Calendar knows days that differ from the week. It never changes and is safe for concurrent use.
type Calendar struct {
	days  map[string]Day
	years map[string]bool // YYYY of which there is a notice
}

//go:embed builtin.yaml
var builtinSource []byte

var builtin = sync.OnceValue(func() *Calendar {
	days, err := Read(builtinSource)
	if err != nil {
		panic(err) // the embedded file is broken: every test of this package fails
	}
	return new(Calendar).With(days)
})

// Builtin is the calendar that comes with the gateway.
func Builtin() *Calendar { return builtin() }

// With is the calendar with days put over its own.
func (c *Calendar) With(days []Day) *Calendar {
	out := &Calendar{days: map[string]Day{}, years: map[string]bool{}}
	for date, d := range c.days {
		out.days[date] = d
	}
	for year := range c.years {
		out.years[year] = true
	}
	for _, d := range days {
		out.days[d.Date] = d
		out.years[d.Date[:4]] = true
	}
	return out
}

// Working reports whether a day, YYYY-MM-DD, is a working day; known is false in a year without a notice.
func (c *Calendar) Working(date string) (working, known bool) {
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return false, false
	}
	known = c.years[date[:4]]
	if d, ok := c.days[date]; ok {
		return d.Working, known
	}
	return day.Weekday() != time.Saturday && day.Weekday() != time.Sunday, known
}

// Due is the last day of a term of n days that begins on the day after from (Civil Code, article 201). Of working days only
// those count. A term of all days that ends on a day off ends on the next working day (article 203). provisional is true
// where a year without a notice had a say.
func (c *Calendar) Due(from string, n int, working bool) (due string, provisional bool, err error) {
	day, err := time.Parse(time.DateOnly, from)
	if err != nil || n < 0 || n > maxDays {
		return "", false, fmt.Errorf("%w: %d days from %q", ErrCalendar, n, from)
	}
	on := func() bool {
		is, known := c.Working(day.Format(time.DateOnly))
		provisional = provisional || !known
		return is
	}
	if working {
		for n > 0 {
			if day = day.AddDate(0, 0, 1); on() {
				n--
			}
		}
		return day.Format(time.DateOnly), provisional, nil
	}
	for day = day.AddDate(0, 0, n); !on(); day = day.AddDate(0, 0, 1) {
	}
	return day.Format(time.DateOnly), provisional, nil
}

// notice is one year's rows of a file.
type notice struct {
	Year   int      `yaml:"year"`
	Source string   `yaml:"source"`
	Off    []string `yaml:"off"` // days, or stretches as FROM..TO
	Work   []string `yaml:"work"`
}

// Read reads a file of notices; see builtin.yaml for its shape. Errors are ErrCalendar.
func Read(text []byte) ([]Day, error) {
	var notices []notice
	if err := yaml.UnmarshalWithOptions(text, &notices, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("%w: %s", ErrCalendar, strings.SplitN(err.Error(), "\n", 2)[0])
	}
	var out []Day
	seen := map[string]bool{}
	for _, n := range notices {
		if n.Source == "" {
			return nil, fmt.Errorf("%w: %d names no notice", ErrCalendar, n.Year)
		}
		for _, list := range []struct {
			spans   []string
			working bool
		}{{n.Off, false}, {n.Work, true}} {
			for _, span := range list.spans {
				days, err := stretch(span, n.Year)
				if err != nil {
					return nil, err
				}
				for _, date := range days {
					if seen[date] {
						return nil, fmt.Errorf("%w: %s twice", ErrCalendar, date)
					}
					seen[date] = true
					out = append(out, Day{date, list.working, n.Source})
				}
			}
		}
	}
	return out, nil
}

// stretch is the days of one span, all of its notice's year.
func stretch(span string, year int) ([]string, error) {
	first, last, both := strings.Cut(span, "..")
	if !both {
		last = first
	}
	from, err := time.Parse(time.DateOnly, first)
	to, err2 := time.Parse(time.DateOnly, last)
	if errors.Join(err, err2) != nil || to.Before(from) || from.Year() != year || to.Year() != year {
		return nil, fmt.Errorf("%w: %q is no day or stretch of days of %d", ErrCalendar, span, year)
	}
	var out []string
	for ; !from.After(to); from = from.AddDate(0, 0, 1) {
		out = append(out, from.Format(time.DateOnly))
	}
	return out, nil
}
