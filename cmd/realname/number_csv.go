package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"realname/internal/csvrecord"
	"realname/verify/idnumber"
)

// csvAnswers is one run over a CSV file.
type csvAnswers struct {
	*numberStream
	records      *csvrecord.Reader
	columns      int
	number, kind int // places of the columns; kind is -1 with --kind
	lineEnd      string
	kinds        map[string]idnumber.Kind
}

// answerCSV answers each record with the same record and the answer's columns behind it.
func (s *numberStream) answerCSV() error {
	a := &csvAnswers{numberStream: s, records: csvrecord.NewReader(s.window), kinds: map[string]idnumber.Kind{}}
	for _, kind := range idnumber.Kinds() {
		a.kinds[string(kind)] = kind
	}
	if done, err := a.header(); done || err != nil {
		return err
	}
	for {
		record := a.records.Next()
		if record == nil {
			return nil
		}
		if _, err := s.out.Write(a.answer(s.out.AvailableBuffer(), record)); err != nil {
			return fmt.Errorf("write: %w", err)
		}
	}
}

var errNoHeader = errors.New("the first line is no CSV header that can be read; say --format ndjson if the lines are JSON")

// header finds the columns and writes the header of the answers; done is true when there is nothing to read.
func (a *csvAnswers) header() (done bool, err error) {
	n, _ := a.window.LineEnd(0)
	a.lineEnd = "\n"
	if bytes.HasSuffix(a.window.Peek(n), []byte("\r\n")) {
		a.lineEnd = "\r\n"
	}
	record := a.records.Next()
	if record == nil {
		return true, nil
	}
	if !record.Sound {
		return false, errNoHeader
	}
	columns := a.answerColumns()
	if err := a.findColumns(record, columns); err != nil {
		return false, err
	}
	out := append(a.out.AvailableBuffer(), record.Raw...)
	out = append(append(out, ','), strings.Join(columns, ",")...)
	if _, err := a.out.Write(append(out, a.lineEnd...)); err != nil {
		return false, fmt.Errorf("write: %w", err)
	}
	return false, nil
}

// answerColumns names the columns that come behind those of the file.
func (a *csvAnswers) answerColumns() []string {
	columns := []string{"status", "reason"}
	if !a.check.NoCanonical {
		columns = append(columns, "canonical")
	}
	if a.check.Tell {
		columns = append(columns, toldColumns...)
	}
	return columns
}

// findColumns finds the columns of number and kind. A name that stands twice, or that an answer's column has too, would
// leave whoever reads the answers in doubt. No name of the file is repeated in an error: without a header it would be
// somebody's number.
func (a *csvAnswers) findColumns(record *csvrecord.Record, answers []string) error {
	a.columns, a.number, a.kind = record.Cells(), -1, -1
	for i := range record.Cells() {
		name := string(bytes.TrimSpace(record.Cell(i)))
		for _, column := range answers {
			if strings.EqualFold(name, column) {
				return fmt.Errorf("the first line names a column %s, as the answer does; give it another name", column)
			}
		}
		switch {
		case strings.EqualFold(name, a.check.Column):
			if a.number >= 0 {
				return errors.New("the first line names the column of the number twice")
			}
			a.number = i
		case strings.EqualFold(name, "kind") && a.numberStream.kind == "":
			if a.kind >= 0 {
				return errors.New("the first line names the column kind twice")
			}
			a.kind = i
		}
	}
	switch {
	case a.number < 0:
		return fmt.Errorf("the first line names no column %q; say --column NAME (or --format ndjson)", a.check.Column)
	case a.kind < 0 && a.numberStream.kind == "":
		return errors.New("the first line names no column kind; say --kind KIND for one kind in every line")
	}
	return nil
}

// answer appends the answer to one record.
func (a *csvAnswers) answer(out []byte, record *csvrecord.Record) []byte {
	var r idnumber.Result
	reason := reasonBadInput
	if record.Sound && record.Cells() == a.columns {
		out = append(out, record.Raw...)
		r = a.judge(a.kindOf(record), string(record.Cell(a.number)))
		reason = r.Reason.String()
	} else {
		out = a.appendRagged(out, record)
		a.tally.countBad()
	}
	out = append(append(out, ','), r.Status.String()...)
	out = append(append(out, ','), reason...)
	if !a.check.NoCanonical {
		out = r.Canonical.Append(append(out, ',')) // letters and digits only
	}
	if a.check.Tell {
		t := tell(&r)
		for _, cell := range t.cells() {
			out = append(append(out, ','), cell...) // names and codes hold no comma and no quote
		}
	}
	return append(out, a.lineEnd...)
}

func (a *csvAnswers) kindOf(record *csvrecord.Record) idnumber.Kind {
	if a.kind < 0 {
		return a.numberStream.kind
	}
	text := bytes.TrimSpace(record.Cell(a.kind))
	if kind, ok := a.kinds[string(text)]; ok {
		return kind
	}
	return idnumber.Kind(text)
}

// appendRagged appends as many cells as the header has: those of the record, and empty ones for what it lacks. Of a
// broken record nothing is kept, so that the output is always sound.
func (a *csvAnswers) appendRagged(out []byte, record *csvrecord.Record) []byte {
	kept := min(record.Cells(), a.columns)
	if kept > 0 {
		out = append(out, record.Until(kept-1)...)
	}
	for range a.columns - max(kept, 1) {
		out = append(out, ',')
	}
	return out
}
