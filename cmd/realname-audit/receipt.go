package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"realname/compliance/receipt"
	"realname/compliance/signing"
)

type receiptCmd struct {
	trust
	Files []string `arg:"" name:"file" help:"${h_files}"`
}

// proven is the JSON form of a receipt that verifies.
type proven struct {
	verdict
	Origin    string          `json:"origin"`
	Index     int64           `json:"index"`
	Size      int64           `json:"size"`
	Root      string          `json:"root"`
	Tenant    string          `json:"tenant"`
	TenantSeq int64           `json:"tenant_seq"`
	Event     json.RawMessage `json:"event"`
	SignedBy  []string        `json:"signed_by"`
	Suites    []string        `json:"suites"`
}

func (r *receiptCmd) run(p printer) int {
	keys, err := r.keys()
	if err != nil {
		return p.unchecked("", err)
	}
	status := exitSound
	for _, file := range r.Files {
		switch one := r.check(p, keys, file); {
		case one == exitTampered, one == exitUnchecked && status == exitSound:
			status = one
		}
	}
	return status
}

func (r *receiptCmd) check(p printer, keys *signing.Verifiers, file string) int {
	text, err := readReceipt(file)
	if err != nil {
		return p.unchecked(file, err)
	}
	v, err := receipt.Verify(keys, text)
	if err != nil {
		if p.json {
			p.printJSON(verdict{Verdict: "tampered", File: file, Error: err.Error()})
		} else {
			fmt.Fprintf(p.c.out, p.words["receipt_bad"]+"\n", visible(file), visible(err.Error()))
		}
		return exitTampered
	}
	if p.json {
		p.printJSON(proven{
			verdict: verdict{Verdict: "sound", File: file},
			Origin:  v.Origin, Index: v.Index, Size: v.Size, Root: v.Root.String(),
			Tenant: v.Leaf.Tenant, TenantSeq: v.Leaf.Seq, Event: v.Leaf.Event,
			SignedBy: v.SignedBy, Suites: suitesOf(keys, v.SignedBy),
		})
	} else {
		fmt.Fprintf(p.c.out, p.words["receipt_good"]+"\n", visible(file), visible(v.Leaf.EventID()), v.Index, v.Size, visible(v.Origin),
			visible(v.Leaf.Tenant), v.Leaf.Seq, signedBy(keys, v.SignedBy))
	}
	return exitSound
}

func readReceipt(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, receipt.MaxSize+1))
}
