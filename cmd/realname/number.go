package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
	"unicode/utf8"

	"github.com/alecthomas/kong"

	"realname/verify/idnumber"
)

// numberCmd groups the commands on document numbers.
type numberCmd struct {
	Check numberCheckCmd `cmd:"" help:"Check document numbers, one JSON object a line in and out."`
}

// numberCheckCmd reads lines {"kind":"resident_id","number":"…"} and writes, in the same order, lines
// {"kind","status","reason","canonical"}. The output holds personal data: it is the canonical number.
type numberCheckCmd struct {
	On   string `help:"Day of the check as YYYY-MM-DD (default: today in China)." placeholder:"DATE"`
	File string `arg:"" optional:"" default:"-" help:"File to read, - for standard input."`
}

// Run checks every line; an error is one of reading or writing, or a bad --on.
func (c *numberCheckCmd) Run(k *kong.Context) error {
	return c.run(os.Stdin, k.Stdout, time.Now)
}

func (c *numberCheckCmd) run(stdin io.Reader, stdout io.Writer, now func() time.Time) error {
	on := idnumber.DateOf(now())
	if c.On != "" {
		var err error
		if on, err = idnumber.ParseDate(c.On); err != nil {
			return fmt.Errorf("--on: %w", err)
		}
	}
	if c.File == "-" {
		return checkNumbers(stdin, stdout, on)
	}
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	return checkNumbers(f, stdout, on)
}

// maxNumberLine is the longest input line in bytes, its end included; a longer one is bad input.
const maxNumberLine = 64 << 10

// reasonBadInput stands for a line that is no JSON object of the expected shape.
const reasonBadInput idnumber.Code = "bad_input"

type numberQuestion struct {
	Kind   idnumber.Kind `json:"kind"`
	Number string        `json:"number"`
}

type numberAnswer struct {
	Kind      idnumber.Kind   `json:"kind"`
	Status    idnumber.Status `json:"status"`
	Reason    idnumber.Code   `json:"reason"`
	Canonical string          `json:"canonical"`
}

// checkNumbers answers each line of r with one line on w. Whatever was read is answered and flushed before it waits for more.
func checkNumbers(r io.Reader, w io.Writer, on idnumber.Date) error {
	in, out := bufio.NewReaderSize(r, maxNumberLine), bufio.NewWriter(w)
	encoder := json.NewEncoder(out)
	for {
		if !wholeLineBuffered(in) {
			if err := out.Flush(); err != nil {
				return fmt.Errorf("write: %w", err)
			}
		}
		line, tooLong, err := readLine(in)
		if err != nil && !errors.Is(err, io.EOF) {
			return errors.Join(fmt.Errorf("read: %w", err), out.Flush())
		}
		if err != nil && len(line) == 0 && !tooLong {
			return out.Flush()
		}
		answer := numberAnswer{Status: idnumber.Invalid, Reason: reasonBadInput}
		if !tooLong {
			answer = answerNumber(line, on)
		}
		if err := encoder.Encode(answer); err != nil {
			return fmt.Errorf("write: %w", err)
		}
	}
}

func wholeLineBuffered(in *bufio.Reader) bool {
	buffered, err := in.Peek(in.Buffered())
	return err == nil && bytes.IndexByte(buffered, '\n') >= 0
}

// readLine gives the next line with its end; of a line that is too long it gives nothing and skips the rest.
func readLine(in *bufio.Reader) (line []byte, tooLong bool, err error) {
	line, err = in.ReadSlice('\n')
	for errors.Is(err, bufio.ErrBufferFull) {
		tooLong, line = true, nil
		_, err = in.ReadSlice('\n')
	}
	if tooLong {
		line = nil
	}
	return line, tooLong, err
}

func answerNumber(line []byte, on idnumber.Date) numberAnswer {
	var q numberQuestion
	line = bytes.TrimSpace(line)
	if len(line) == 0 || line[0] != '{' || !utf8.Valid(line) || json.Unmarshal(line, &q) != nil {
		return numberAnswer{Status: idnumber.Invalid, Reason: reasonBadInput}
	}
	r := idnumber.Check(q.Kind, q.Number, on)
	return numberAnswer{Kind: q.Kind, Status: r.Status, Reason: r.Reason, Canonical: r.Canonical.Reveal()}
}
