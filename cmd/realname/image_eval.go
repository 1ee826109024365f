package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/alecthomas/kong"
	"github.com/mattn/go-isatty"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"realname/internal/evaluation"
)

// imageCrewFlags say how many workers look at the pictures of a set, and how patiently.
type imageCrewFlags struct {
	imageWorkerFlags

	Workers int           `help:"Pictures looked at together, each in a process." default:"2"`
	Timeout time.Duration `help:"For one try at one picture; more where the machine is busy with other things." default:"10s"`
}

type imageEvalCmd struct {
	imageCrewFlags

	Out    string `help:"Also write a page with the tables and the wrong ones to look at." type:"path" placeholder:"REPORT.html"`
	Reveal bool   `help:"Show all pictures sharply and the readings in full on the page: personal data."`
	Path   string `arg:"" help:"Manifest (CSV), folder with a manifest.csv, or folder of folders named by label." type:"path"`
}

// Help gives the formats and examples.
func (*imageEvalCmd) Help() string {
	return `Labelled folders: DIR/LABEL/…/FILE. A folder below the label's is the source.

A manifest has the columns path and label, and may have source, licence, number and
name; number and name are the claim that the picture is compared with, and paths are
relative to the manifest. Readings are not written, nor are pictures shown sharply,
unless --reveal is given.

    $ realname image eval --out report.html pictures/
    $ realname image eval --workers 4 pictures/manifest.csv

A label that is not known is counted in every table and judged in none. Exit status 1:
some pictures were not looked at, or nothing could be.`
}

// Run checks every picture and prints the tables.
func (c *imageEvalCmd) Run(ctx context.Context, k *kong.Context) error {
	outcomes, set, err := c.look(ctx, c.Path, k.Stderr)
	if err != nil {
		return err
	}
	summary := evaluation.Summarise(outcomes)
	if err := summary.WriteText(k.Stdout); err != nil {
		return err
	}
	if len(set.Skipped) > 0 {
		fmt.Fprintf(k.Stdout, "\n%d files were left out: no item of the set (the page names them).\n", len(set.Skipped))
	}
	if c.Out != "" {
		var page bytes.Buffer
		o := evaluation.ReportOptions{Reveal: c.Reveal, Workers: c.Workers, Skipped: set.Skipped}
		if err := evaluation.WriteHTML(&page, outcomes, o); err != nil {
			return err
		}
		if err := writePrivate(c.Out, page.Bytes()); err != nil {
			return err
		}
		fmt.Fprintf(k.Stdout, "\n%d items are wrong; they are in %s.\n", len(evaluation.Wrong(outcomes)), c.Out)
	}
	if summary.NotExecuted > 0 {
		return fmt.Errorf("%d of %d pictures were not looked at", summary.NotExecuted, summary.Items)
	}
	return nil
}

// look runs a set through real workers, with a bar on a terminal.
func (f imageCrewFlags) look(ctx context.Context, path string, notes io.Writer) (_ []evaluation.Outcome, _ evaluation.Set, err error) {
	if f.Workers < 1 || f.Timeout <= 0 {
		return nil, evaluation.Set{}, errors.New("--workers and --timeout: want more than nothing")
	}
	set, err := evaluation.Load(path)
	if err != nil {
		return nil, set, err
	}
	if len(set.Items) == 0 {
		return nil, set, errors.New("no picture to look at: want a manifest, or DIR/LABEL/FILE")
	}
	pool, err := f.open(ctx, f.Workers, f.Timeout)
	if err != nil {
		return nil, set, err
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	bar := newCountBar(len(set.Items), notes)
	outcomes, err := evaluation.Run(ctx, pool, set.Items, f.Workers, bar.one)
	bar.finish()
	return outcomes, set, err
}

// countBar is a bar on a terminal over a number of pictures; a nil one shows nothing.
type countBar struct {
	container *mpb.Progress
	bar       *mpb.Bar
}

func newCountBar(total int, notes io.Writer) *countBar {
	f, ok := notes.(*os.File)
	if !ok || !isatty.IsTerminal(f.Fd()) {
		return nil
	}
	container := mpb.New(mpb.WithOutput(notes), mpb.WithWidth(40))
	return &countBar{container, container.AddBar(int64(total), mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.CountersNoUnit("%d of %d pictures")),
		mpb.AppendDecorators(decor.Percentage(), decor.Name("  "), decor.AverageETA(decor.ET_STYLE_MMSS)))}
}

func (b *countBar) one() {
	if b != nil {
		b.bar.Increment()
	}
}

// finish takes the bar off the terminal.
func (b *countBar) finish() {
	if b != nil {
		b.bar.Abort(true)
		b.container.Wait()
	}
}

type imageSheetCmd struct {
	imageCrewFlags

	Out    string `help:"Folder for the pictures; made if need be." required:"" type:"path" placeholder:"DIR"`
	Reveal bool   `help:"Show all pictures sharply: personal data."`
	Path   string `arg:"" help:"Folder of pictures, labelled or not, or a manifest as 'image eval' takes." type:"path"`
}

// Help says how to read the sheets.
func (*imageSheetCmd) Help() string {
	return `Looks at every picture and draws CLASS.jpg for each class that was named, with the
pictures of that class as thumbnails; wrong.jpg holds those of them that the label
speaks against, the worst first. The frame is the verdict: green accepted, amber for
review, red rejected, grey not executed. Under it stand verdict and label, the first
reasons with their values, and the file.

    $ realname image contact-sheet --out sheets/ pictures/
    $ realname image contact-sheet --out sheets/ --reveal pictures/manifest.csv

Look for what does not belong on a sheet: a card among the drawings, a drawing framed
green. Thumbnails are too coarse to read, nor is a face to be known, unless --reveal
is given; the files can be read by their owner alone.`
}

// Run checks every picture and draws the sheets: CLASS.jpg, CLASS-2.jpg where one is full, and wrong.jpg.
func (c *imageSheetCmd) Run(ctx context.Context, k *kong.Context) error {
	l, err := lettering(k.Stderr)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.Out, 0o700); err != nil {
		return err
	}
	outcomes, _, err := c.look(ctx, c.Path, k.Stderr)
	if err != nil {
		return err
	}
	return evaluation.Sheets(l, outcomes, c.Reveal, func(s evaluation.Sheet) error {
		name := filepath.Join(c.Out, s.FileName())
		if err := writePicture(name, s.Image); err != nil {
			return err
		}
		_, err := fmt.Fprintf(k.Stdout, "%s: %d pictures\n", name, s.Items)
		return err
	})
}
