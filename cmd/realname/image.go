package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"time"

	"github.com/alecthomas/kong"

	"realname/imaging"
	"realname/internal/app"
	"realname/internal/evaluation"
)

type imageCmd struct {
	Check        imageCheckCmd `cmd:"" help:"Check photos of documents, one line of JSON a file."`
	Eval         imageEvalCmd  `cmd:"" help:"Check labelled pictures, count what came of them, and write a report."`
	ContactSheet imageSheetCmd `cmd:"" help:"Draw the pictures of a folder as thumbnails, one picture a class."`
}

// imageWorkerFlags say which workers look at pictures.
type imageWorkerFlags struct {
	Assets string `help:"Folder that set-up filled." default:".assets" env:"REALNAME_ASSETS" type:"path"`
	Worker string `help:"Path of imaging-worker; default: beside this program." type:"path"`
}

// open starts so many workers; the caller closes the pool. No timeout means the pool's own.
func (f imageWorkerFlags) open(ctx context.Context, workers int, timeout time.Duration) (*imaging.Pool, error) {
	path, err := app.WorkerPath(f.Worker)
	if err != nil {
		return nil, err
	}
	return imaging.Open(ctx, imaging.Options{Path: path, Args: []string{"--assets", f.Assets}, Workers: workers, Timeout: timeout})
}

type imageCheckCmd struct {
	imageWorkerFlags

	JSON     bool     `name:"json" help:"Print JSON lines; without it, a line for people."`
	Reveal   bool     `help:"Also print the number that was read, and show the picture of --annotate sharply: personal data."`
	Document string   `help:"What the photos must show: ${enum}." enum:"resident_id,residence_permit,foreign_pr,passport" default:"resident_id"`
	Fields   bool     `help:"Also read nation and address; with --reveal, --json prints every field: personal data."`
	List     string   `help:"CSV with columns file,number,name; paths are relative to it." type:"existingfile" xor:"claim" placeholder:"FILE.csv"`
	Claim    string   `help:"JSON {\"number\":…,\"name\":…}, and birth_date and sex if known, that every file is compared with." type:"existingfile" xor:"claim" placeholder:"FILE.json"`
	NoClaim  bool     `help:"State that there is nothing to compare with; without it and without a claim, no photo is accepted." xor:"claim"`
	Annotate string   `help:"Also draw what was found on the one photo: verdict, readings, reasons and their places." type:"path" placeholder:"OUT.jpg"`
	Files    []string `arg:"" optional:"" help:"Photos to check."`
}

// claimed is one photo and what it is compared with.
type claimed struct {
	file  string // as given
	path  string
	claim *imaging.Claim
}

// imageLine is one line of output; its shape is stable.
type imageLine struct {
	File    string           `json:"file"`
	Verdict imaging.Verdict  `json:"verdict"`
	Class   imaging.Class    `json:"class"`
	Reasons []imaging.Reason `json:"reasons"`
	Number  string           `json:"number,omitempty"`
	Fields  *imaging.Fields  `json:"fields,omitempty"` // with --fields and --reveal

	unread bool
	report *imaging.Report // nil where none was given
}

// Run checks every file, two at a time, and prints in the given order. A file
// that cannot be read gets its own line; the command then ends with an error.
func (c *imageCheckCmd) Run(ctx context.Context, k *kong.Context) error {
	list, err := c.photos()
	if err != nil {
		return err
	}
	if c.Annotate != "" && len(list) != 1 {
		return fmt.Errorf("--annotate: draws one photo, not %d", len(list))
	}
	pool, err := c.open(ctx, imageWorkers, 0)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(k.Stdout)
	unread := 0
	for line := range c.lines(ctx, pool, list) {
		if line.unread {
			unread++
		}
		if err = c.print(out, line); err != nil {
			break
		}
		if c.Annotate != "" {
			err = c.annotate(k.Stderr, list[0], line)
		}
	}
	if unread > 0 {
		err = errors.Join(err, fmt.Errorf("%d of %d files could not be read", unread, len(list)))
	}
	return errors.Join(err, out.Flush(), pool.Close())
}

// imageWorkers is how many photos are looked at together.
const imageWorkers = 2

// lines checks the photos concurrently and yields their lines in order.
func (c *imageCheckCmd) lines(ctx context.Context, pool *imaging.Pool, list []claimed) iter.Seq[imageLine] {
	return func(yield func(imageLine) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		// A photo is handed out only when a place in this queue is free, so that few are in memory.
		results := make(chan chan imageLine, imageWorkers)
		go func() {
			defer close(results)
			for _, photo := range list {
				result := make(chan imageLine, 1)
				select {
				case results <- result:
				case <-ctx.Done():
					return
				}
				go func() { result <- c.check(ctx, pool, photo) }()
			}
		}()
		for result := range results {
			if !yield(<-result) {
				return
			}
		}
	}
}

func (c *imageCheckCmd) photos() ([]claimed, error) {
	var claim *imaging.Claim
	if c.Claim != "" {
		text, err := os.ReadFile(c.Claim)
		if err != nil {
			return nil, err
		}
		claim = &imaging.Claim{}
		dec := json.NewDecoder(bytes.NewReader(text))
		dec.DisallowUnknownFields()
		if err := dec.Decode(claim); err != nil || *claim == (imaging.Claim{}) {
			return nil, errors.New("--claim: want {\"number\":…,\"name\":…} and nothing else") // never the text itself
		}
	}
	var list []claimed
	for _, f := range c.Files {
		list = append(list, claimed{file: f, path: f, claim: claim})
	}
	if c.List != "" {
		listed, err := readList(c.List)
		if err != nil {
			return nil, err
		}
		list = append(list, listed...)
	}
	if len(list) == 0 {
		return nil, errors.New("no photo to check: name files, or a list with --list")
	}
	return list, nil
}

func readList(name string) ([]claimed, error) {
	var list []claimed
	err := evaluation.Rows(name, "--list", []string{"file", "number", "name"}, func(cell func(string) string) {
		list = append(list, claimed{
			file: cell("file"), path: filepath.Join(filepath.Dir(name), cell("file")),
			claim: &imaging.Claim{Number: cell("number"), Name: cell("name")},
		})
	})
	return list, err
}

func (c *imageCheckCmd) check(ctx context.Context, pool *imaging.Pool, photo claimed) imageLine {
	line := imageLine{File: photo.file, Class: imaging.ClassUnknown, Verdict: imaging.Reject, Reasons: []imaging.Reason{}}
	refuse := func(code string) imageLine {
		line.Reasons = append(line.Reasons, imaging.Reason{Code: code})
		return line
	}
	image, err := os.ReadFile(photo.path)
	if err != nil {
		line.unread = true
		return refuse("file_unreadable")
	}
	report, err := pool.Check(ctx, imaging.Request{Image: image, Document: imaging.Document(c.Document), Claim: photo.claim, NoClaim: c.NoClaim, AllFields: c.Fields})
	if upload, ok := errors.AsType[*imaging.UploadError](err); ok {
		return refuse(upload.Code)
	}
	if err != nil {
		// What was not looked at is neither good nor bad: somebody has to.
		line.Verdict = imaging.Review
		return refuse("photo_check_unavailable")
	}
	line.report = &report
	line.Verdict, line.Class = report.Verdict, report.Class
	line.Reasons = append(line.Reasons, report.Reasons...)
	if c.Reveal {
		line.Number = report.Fields.Number
		if c.Fields {
			line.Fields = &report.Fields
		}
	}
	return line
}

func (c *imageCheckCmd) print(w io.Writer, line imageLine) error {
	if c.JSON {
		return json.NewEncoder(w).Encode(line)
	}
	_, err := fmt.Fprintf(w, "%-6s  %-18s  %s", line.Verdict, line.Class, line.File)
	for _, r := range line.Reasons {
		if err == nil {
			_, err = fmt.Fprintf(w, "  %s", r.Code)
		}
	}
	if err == nil {
		_, err = fmt.Fprintln(w)
	}
	return err
}
