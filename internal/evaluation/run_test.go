package evaluation

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"realname/imaging"
)

// scripted answers with what the file's text says: "class verdict", an upload code, or "down".
type scripted struct{ reports map[string]imaging.Report }

func (s scripted) Check(_ context.Context, req imaging.Request) (imaging.Report, error) {
	text := string(req.Image)
	if r, ok := s.reports[text]; ok {
		return r, nil
	}
	if text == "down" {
		return imaging.Report{}, &imaging.UnavailableError{Reason: imaging.UnavailableWorkers}
	}
	if strings.HasPrefix(text, "image_") {
		return imaging.Report{}, &imaging.UploadError{Code: text}
	}
	class, verdict, _ := strings.Cut(text, " ")
	return imaging.Report{
		Class: imaging.Class(class), Verdict: imaging.Verdict(verdict), Pipeline: "scripted/1", Elapsed: 20 * time.Millisecond,
		NumberAgreement: imaging.NotCompared, NameAgreement: imaging.NotCompared,
	}, nil
}

// timed is scripted with a decode time of 10 ms, where there is one.
type timed struct{ scripted }

func (timed) DecodeTime(_ context.Context, image []byte) (time.Duration, error) {
	if strings.HasPrefix(string(image), "blank") {
		return 0, errors.New("not timed")
	}
	return 10 * time.Millisecond, nil
}

func outcomesOf(t *testing.T, checker imaging.Checker, files map[string]string) []Outcome {
	t.Helper()
	set, err := Load(folder(t, files))
	if err != nil {
		t.Fatal(err)
	}
	outcomes, err := Run(t.Context(), checker, set.Items, 3, func() {})
	if err != nil {
		t.Fatal(err)
	}
	return outcomes
}

func TestRunKeepsTheOrder(t *testing.T) {
	files := map[string]string{}
	for i := range 50 {
		files[fmt.Sprintf("photo/%02d.jpg", i)] = fmt.Sprintf("class%02d reject", i)
	}
	for i, o := range outcomesOf(t, scripted{}, files) {
		if want := imaging.Class(fmt.Sprintf("class%02d", i)); o.Class() != want {
			t.Fatalf("item %d got %s", i, o.Class())
		}
	}
}

func TestRunTellsWhatWasNotExecuted(t *testing.T) {
	set, err := Load(folder(t, map[string]string{
		"photo/bad.jpg": imaging.UploadCorrupt, "photo/down.jpg": "down", "photo/ok.jpg": "photo reject",
	}))
	if err != nil {
		t.Fatal(err)
	}
	set.Items = append(set.Items, Item{File: filepath.Join(t.TempDir(), "gone.jpg"), Label: "photo"})
	var done atomic.Int32
	outcomes, err := Run(t.Context(), scripted{}, set.Items, 2, func() { done.Add(1) })
	if err != nil || done.Load() != 4 {
		t.Fatalf("%d done, %v", done.Load(), err)
	}
	var got []string
	for i := range outcomes {
		o := &outcomes[i]
		got = append(got, fmt.Sprintf("%s/%s/%v/%s", o.Class(), o.Verdict(), o.Executed(), FaultOf(o)))
	}
	want := []string{
		"image_corrupt/reject/true/class", "photo_check_unavailable//false/not executed",
		"photo/reject/true/right", "file_unreadable//false/not executed",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// asked remembers what it was asked for.
type asked struct{ sides chan imaging.Side }

func (a asked) Check(_ context.Context, req imaging.Request) (imaging.Report, error) {
	a.sides <- req.Side
	return imaging.Report{}, nil
}

func TestRunAsksForTheLabelsSide(t *testing.T) {
	for label, want := range map[string]imaging.Side{"resident_back": imaging.SideBack, "back_as_front": "", "resident_front": "", "whatever": ""} {
		a := asked{make(chan imaging.Side, 1)}
		outcomesOf(t, a, map[string]string{label + "/a.jpg": "x"})
		if got := <-a.sides; got != want {
			t.Errorf("%s: asked for %q", label, got)
		}
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	items := make([]Item, 100)
	var done atomic.Int32
	if _, err := Run(ctx, scripted{}, items, 1, func() { done.Add(1) }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if done.Load() == 100 {
		t.Error("it did everything")
	}
}
