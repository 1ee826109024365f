package evaluation

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"realname/imaging"
)

// Codes of an Outcome that no worker gave.
const (
	CodeUnreadable  = "file_unreadable"         // the file could not be read
	CodeNotExecuted = "photo_check_unavailable" // no worker answered
)

// DecodeTimer is a checker that can also say how long OpenCV's own full-colour
// decode of a picture takes where the picture is checked. Without it, times
// are told in milliseconds only.
type DecodeTimer interface {
	DecodeTime(ctx context.Context, image []byte) (time.Duration, error)
}

// Outcome is what came of one item.
type Outcome struct {
	Item
	Code   string         // why there is no report: an imaging.Upload… code, or one of the codes above
	Report imaging.Report // zero where Code says why; Fields is personal data
	Decode time.Duration  // 0: not measured
}

// Executed says that the picture was looked at, be it only to refuse its bytes.
func (o *Outcome) Executed() bool { return o.Code != CodeUnreadable && o.Code != CodeNotExecuted }

// Verdict is the report's; bytes that are no picture are rejected, and what was not executed has none.
func (o *Outcome) Verdict() imaging.Verdict {
	switch {
	case !o.Executed():
		return ""
	case o.Code != "":
		return imaging.Reject
	}
	return o.Report.Verdict
}

// Class is the report's, or the code that stands in its place.
func (o *Outcome) Class() imaging.Class {
	if o.Code != "" {
		return imaging.Class(o.Code)
	}
	return o.Report.Class
}

// Run checks the items, so many at a time, and returns their outcomes in the
// items' order. It ends early only with ctx. Each is told when it is done.
func Run(ctx context.Context, checker imaging.Checker, items []Item, workers int, each func()) ([]Outcome, error) {
	outcomes := make([]Outcome, len(items))
	next := make(chan int)
	var running sync.WaitGroup
	for range max(1, workers) {
		running.Go(func() {
			for i := range next {
				outcomes[i] = look(ctx, checker, items[i])
				each()
			}
		})
	}
	for i := range items {
		select {
		case next <- i:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(next)
	running.Wait()
	return outcomes, ctx.Err()
}

func look(ctx context.Context, checker imaging.Checker, item Item) Outcome {
	o := Outcome{Item: item}
	image, err := os.ReadFile(item.File)
	if err != nil {
		o.Code = CodeUnreadable
		return o
	}
	expected, _ := Expect(item.Label)
	o.Report, err = checker.Check(ctx, imaging.Request{Image: image, Document: expected.Document, Side: expected.Side, Claim: item.Claim, NoClaim: item.Claim == nil})
	if upload, ok := errors.AsType[*imaging.UploadError](err); ok {
		o.Code = upload.Code
		return o
	}
	if err != nil {
		o.Code = CodeNotExecuted
		return o
	}
	if timer, ok := checker.(DecodeTimer); ok {
		// A time that cannot be had stays 0, and the report says how many have one.
		o.Decode, _ = timer.DecodeTime(ctx, image)
	}
	return o
}
