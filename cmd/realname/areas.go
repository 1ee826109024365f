package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"time"

	"github.com/alecthomas/kong"

	"realname/internal/app"
	"realname/internal/config"
	"realname/verify/idnumber"
	"realname/verify/idnumber/gb2260"
)

// areasCmd groups the commands on division codes, which are no personal data.
type areasCmd struct {
	Show   areasShowCmd   `cmd:"" help:"Say what the tables know of a code, with its names and years."`
	Update areasUpdateCmd `cmd:"" help:"Lay a newer list over the built-in one; a running gateway reads it within seconds."`
}

// areasConfig finds the operator's file; without a configuration it is the one of the default data folder.
type areasConfig struct {
	Config string `help:"Configuration file; default: the defaults of deploy/realname.yaml." type:"existingfile" placeholder:"FILE"`
}

func (c areasConfig) load() (config.Config, error) {
	if c.Config == "" {
		return config.Default(), nil
	}
	return config.Load(c.Config)
}

// Years of births that the tables judge apart.
const (
	firstYear = 1900
	lastYear  = 2154
)

type areasShowCmd struct {
	areasConfig
	Code string `arg:"" help:"Six digits, such as 110105."`
	Year int    `help:"Judge the code for a birth in this year, 1900 to 2154 (default: this year in China)." placeholder:"YEAR"`
}

// Run prints the code's name and standing in the year, then one line for each period.
func (c *areasShowCmd) Run(k *kong.Context) error {
	return c.run(k.Stdout, time.Now)
}

func (c *areasShowCmd) run(w io.Writer, now func() time.Time) error {
	n, err := strconv.ParseUint(c.Code, 10, 32)
	if err != nil || len(c.Code) != 6 {
		return errors.New("a division code has six digits, such as 110105")
	}
	year := c.Year
	if year == 0 {
		year = int(idnumber.DateOf(now()).Year)
	}
	if year < firstYear || year > lastYear {
		return fmt.Errorf("--year: want %d to %d", firstYear, lastYear)
	}
	cfg, err := c.load()
	if err != nil {
		return err
	}
	table, err := app.ReadAreas(cfg)
	if err != nil {
		return err
	}
	code := gb2260.Code(n)
	out := &printer{w: w}
	out.line("%v  %s", code, table.FullName(code, year))
	standing := table.Standing(code, year)
	words := standingWords[standing]
	if standing == gb2260.InForce && year < gb2260.FirstList {
		words = fmt.Sprintf("before the first list (%d): taken as in force", gb2260.FirstList)
	}
	out.line("%d  %s", year, words)
	for _, p := range table.Periods(code) {
		out.line("%s  %s", years(p), nameOr(p))
	}
	return out.err
}

var standingWords = map[gb2260.Standing]string{
	gb2260.Unassigned:   "no resident number begins with these two digits",
	gb2260.NotCounty:    "a province or prefecture: no card carries its own code",
	gb2260.Unknown:      "in no list; genuine cards with such codes exist, so a number is suspicious and not refused for it",
	gb2260.Abolished:    "abolished before this year; a number is suspicious and not refused for it",
	gb2260.CreatedLater: "created after this year; a number is valid, as for every late registration",
	gb2260.InForce:      "in force",
}

type areasUpdateCmd struct {
	areasConfig
	File   string `arg:"" help:"Lines of code,first year,last year,name[,issued]; a code has the periods given here and no others." type:"existingfile"`
	DryRun bool   `help:"Say what would change and change nothing."`
	Force  bool   `help:"Also a file without codes, which leaves the built-in ones alone, and periods of one code that share years."`
}

// Run checks the file, prints what it changes and puts it where the gateway reads it.
func (c *areasUpdateCmd) Run(k *kong.Context) error {
	return c.run(k.Stdout)
}

func (c *areasUpdateCmd) run(w io.Writer) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	text, err := app.ReadAreasFile(c.File)
	if err != nil {
		return err
	}
	after, err := gb2260.Default().With(text)
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	if !c.Force {
		if err := plausible(text, after); err != nil {
			return fmt.Errorf("%s: %w", c.File, err)
		}
	}
	out := &printer{w: w}
	before, err := app.ReadAreas(cfg)
	if err != nil {
		out.line("the file in place cannot be used (%v): compared with the built-in codes", err)
		before = gb2260.Default()
	}
	out.changes(gb2260.Diff(before, after))
	if out.err != nil || c.DryRun {
		return out.err
	}
	if err := app.InstallAreas(cfg, text); err != nil {
		return err
	}
	name, err := filepath.Abs(cfg.AreasFile()) // without --config it depends on the folder of the call
	if err != nil {
		return err
	}
	out.line("written to %s", name)
	return out.err
}

// plausible refuses what can be read and is hardly meant.
func plausible(text string, after *gb2260.Table) error {
	own, err := gb2260.Parse(text)
	if err != nil {
		return err
	}
	if own.Len() == 0 {
		return errors.New("no line has a code; say --force to have the built-in codes alone")
	}
	for _, change := range gb2260.Diff(gb2260.Default(), after) {
		if change.Overlaps() {
			return fmt.Errorf("two periods of %v share more than the year of the change; say --force if they are right", change.Code)
		}
	}
	return nil
}

// printer keeps the first error of writing.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

// maxChanges is how many changes are listed; all are counted.
const maxChanges = 40

func (p *printer) changes(all []gb2260.Change) {
	counts := map[gb2260.Kind]int{}
	for i, c := range all {
		counts[c.Kind]++
		if i < maxChanges {
			p.line("%-8s %v  %s", c.Kind, c.Code, change(c))
		}
	}
	if more := len(all) - maxChanges; more > 0 {
		p.line("… and %d more", more)
	}
	summary := ""
	for _, kind := range gb2260.Kinds() {
		if n := counts[kind]; n > 0 {
			summary += fmt.Sprintf(", %d %v", n, kind)
		}
	}
	p.line("%d codes change%s", len(all), summary)
}

// change shows the latest period of each side, and both where both say something.
func change(c gb2260.Change) string {
	show := func(periods []gb2260.Period) string {
		last := periods[len(periods)-1]
		return nameOr(last) + " " + years(last)
	}
	switch {
	case len(c.Before) == 0:
		return show(c.After)
	case len(c.After) == 0:
		return show(c.Before)
	}
	return show(c.Before) + " → " + show(c.After)
}

func years(p gb2260.Period) string {
	text := func(year int) string {
		if year == 0 {
			return "…"
		}
		return strconv.Itoa(year)
	}
	return text(p.From) + "–" + text(p.To)
}

func nameOr(p gb2260.Period) string {
	if p.Name == "" {
		return "(read on cards, in no list)"
	}
	return p.Name
}
