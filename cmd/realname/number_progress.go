package main

import (
	"io"
	"os"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// progress is a bar on a terminal over the bytes of a file, or over a number of things; a nil one shows nothing.
type progress struct {
	container *mpb.Progress
	bar       *mpb.Bar
}

// newProgress gives nil unless in is a file whose size is known.
func newProgress(in io.Reader, terminal io.Writer) *progress {
	f, ok := in.(*os.File)
	if !ok {
		return nil
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return nil
	}
	container := mpb.New(mpb.WithOutput(terminal), mpb.WithWidth(40))
	bar := container.AddBar(info.Size(), mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.CountersKibiByte("% .1f / % .1f")),
		mpb.AppendDecorators(decor.Percentage(), decor.Name("  "), decor.AverageETA(decor.ET_STYLE_MMSS)))
	return &progress{container, bar}
}

// newCounter is a bar over a number of things.
func newCounter(all int64, terminal io.Writer) *progress {
	container := mpb.New(mpb.WithOutput(terminal), mpb.WithWidth(40))
	bar := container.AddBar(all, mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.CountersNoUnit("%d / %d")),
		mpb.AppendDecorators(decor.Percentage(), decor.Name("  "), decor.AverageETA(decor.ET_STYLE_MMSS)))
	return &progress{container, bar}
}

func (p *progress) at(consumed int64) {
	if p != nil {
		p.bar.SetCurrent(consumed)
	}
}

// finish takes the bar off the terminal.
func (p *progress) finish() {
	if p != nil {
		p.bar.Abort(true)
		p.container.Wait()
	}
}
