package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"realname/compliance/receipt"
	"realname/compliance/signing"
)

// printer writes outcomes, in one language or as JSON.
type printer struct {
	c     console
	words map[string]string
	json  bool
}

// unchecked says why nothing could be checked.
func (p printer) unchecked(file string, err error) int {
	if p.json {
		p.printJSON(verdict{Verdict: "unchecked", File: file, Error: err.Error()})
		return exitUnchecked
	}
	fmt.Fprintf(p.c.err, p.words["unchecked"]+"\n", visible(err.Error()))
	return exitUnchecked
}

func (p printer) printJSON(v any) {
	enc := json.NewEncoder(p.c.out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		fmt.Fprintf(p.c.err, p.words["unchecked"]+"\n", err)
	}
}

// visible keeps what a hostile folder holds from steering the terminal.
func visible(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(s)
	}
	return s
}

func (p printer) line(key string, args ...any) {
	fmt.Fprintf(p.c.out, p.words[key]+"\n", args...)
}

// report writes the outcome for a person.
func (p printer) report(r receipt.Report, keys *signing.Verifiers) {
	origin := visible(r.Origin)
	if origin == "" {
		origin = p.words["unproven"]
	}
	p.line("log", origin)
	p.line("key", strings.Join(keys.IDs(), " "))
	if len(r.SignedBy) > 0 {
		p.line("signed_by", signedBy(keys, r.SignedBy))
	}
	p.line("counts", r.Entries, r.Size, r.Tiles, r.Tenants, r.Receipts)
	if r.Root != "" {
		p.line("root", r.Root)
	}
	for i, f := range r.Findings {
		fmt.Fprintf(p.c.out, "\n%d. %s\n", i+1, p.words["k_"+string(f.Kind)])
		p.details(f)
	}
	if len(r.Notes) > 0 {
		fmt.Fprintln(p.c.out)
		p.line("notes", len(r.Notes))
	}
	for _, n := range r.Notes {
		fmt.Fprintf(p.c.out, "   %s: %s %s\n", p.words["k_"+string(n.Kind)], visible(n.File), visible(n.Found))
	}
	if r.Omitted > 0 {
		p.line("omitted", r.Omitted)
	}
	fmt.Fprintln(p.c.out)
	if r.Sound() {
		p.line("sound")
	} else {
		p.line("tampered", int64(len(r.Findings)))
	}
}

// details writes where a finding is, and what was expected.
func (p printer) details(f receipt.Finding) {
	p.line("file", visible(f.File))
	if f.Other != "" {
		p.line("file", visible(f.Other))
	}
	if b := f.Bytes; b != nil && b.Length > 0 {
		p.line("bytes", b.Offset, b.Offset+b.Length-1)
	} else if b != nil {
		p.line("at", b.Offset)
	}
	switch {
	case f.Entry != nil && f.Last != nil:
		p.line("entries", *f.Entry, *f.Last)
	case f.Entry != nil:
		p.line("entry", *f.Entry)
	}
	if f.Event != "" {
		p.line("event", visible(f.Event))
	}
	if f.Expected != "" {
		p.line("expected", visible(f.Expected))
	}
	if f.Found != "" {
		p.line("found", visible(f.Found))
	}
}
