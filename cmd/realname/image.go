package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/alecthomas/kong"

	"realname/imaging"
	"realname/internal/app"
)

type imageCmd struct {
	Check imageCheckCmd `cmd:"" help:"Check photos of documents, one line of JSON a file."`
}

type imageCheckCmd struct {
	JSON   bool     `name:"json" help:"Print JSON lines; without it, a line for people."`
	Reveal bool     `help:"Also print the number that was read: personal data."`
	List   string   `help:"CSV with columns file,number,name; paths are relative to it." type:"existingfile" xor:"claim" placeholder:"FILE.csv"`
	Claim  string   `help:"JSON {\"number\":…,\"name\":…} that every file is compared with." type:"existingfile" xor:"claim" placeholder:"FILE.json"`
	Assets string   `help:"Folder that set-up filled." default:".assets" env:"REALNAME_ASSETS" type:"path"`
	Worker string   `help:"Path of imaging-worker; default: beside this program." type:"path"`
	Files  []string `arg:"" optional:"" help:"Photos to check." type:"path"`
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
}

// Run checks every file. It fails only when files cannot be read or no worker answers.
func (c *imageCheckCmd) Run(ctx context.Context, k *kong.Context) error {
	list, err := c.photos()
	if err != nil {
		return err
	}
	path, err := app.WorkerPath(c.Worker)
	if err != nil {
		return err
	}
	pool, err := imaging.Open(ctx, imaging.Options{Path: path, Args: []string{"--assets", c.Assets}, Workers: 1})
	if err != nil {
		return err
	}
	out := bufio.NewWriter(k.Stdout)
	for _, photo := range list {
		line, err := c.check(ctx, pool, photo)
		if err == nil {
			err = c.print(out, line)
		}
		if err != nil {
			return errors.Join(err, pool.Close())
		}
	}
	return errors.Join(out.Flush(), pool.Close())
}

func (c *imageCheckCmd) photos() ([]claimed, error) {
	var claim *imaging.Claim
	if c.Claim != "" {
		text, err := os.ReadFile(c.Claim)
		if err != nil {
			return nil, err
		}
		claim = &imaging.Claim{}
		if err := json.Unmarshal(text, claim); err != nil {
			return nil, errors.New("--claim: want {\"number\":…,\"name\":…}") // never the text itself
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
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	head, err := r.Read()
	if err != nil {
		return nil, errors.New("--list: want a first line file,number,name")
	}
	column := map[string]int{}
	for i, name := range head {
		column[name] = i
	}
	for _, name := range []string{"file", "number", "name"} {
		if _, ok := column[name]; !ok {
			return nil, fmt.Errorf("--list: no column %s", name)
		}
	}
	var list []claimed
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			line, _ := r.FieldPos(0)
			return nil, fmt.Errorf("--list: line %d is not CSV of %d columns", line, len(head))
		}
		file := record[column["file"]]
		list = append(list, claimed{
			file: file, path: filepath.Join(filepath.Dir(name), file),
			claim: &imaging.Claim{Number: record[column["number"]], Name: record[column["name"]]},
		})
	}
}

func (c *imageCheckCmd) check(ctx context.Context, pool *imaging.Pool, photo claimed) (imageLine, error) {
	line := imageLine{File: photo.file, Class: imaging.ClassUnknown, Verdict: imaging.Reject, Reasons: []imaging.Reason{}}
	image, err := os.ReadFile(photo.path)
	if err != nil {
		return line, err
	}
	report, err := pool.Check(ctx, imaging.Request{Image: image, Claim: photo.claim})
	if upload, ok := errors.AsType[*imaging.UploadError](err); ok {
		line.Reasons = append(line.Reasons, imaging.Reason{Code: upload.Code})
		return line, nil
	}
	if err != nil {
		return line, err
	}
	line.Verdict, line.Class = report.Verdict, report.Class
	line.Reasons = append(line.Reasons, report.Reasons...)
	if c.Reveal {
		line.Number = report.Fields.Number
	}
	return line, nil
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
