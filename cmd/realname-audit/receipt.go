package main

import (
	"encoding/json"
	"fmt"

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
	Unknown   []string        `json:"unknown,omitempty"` // keys of further signatures, which were not checked
}

func (r *receiptCmd) run(p printer) int {
	keys, err := r.keys()
	if err != nil {
		return p.unchecked("", err)
	}
	status := exitSound
	for _, file := range r.Files {
		status = worse(status, r.check(p, keys, file))
	}
	return status
}

func (r *receiptCmd) check(p printer, keys *signing.Verifiers, file string) int {
	text, err := readUpTo(file, receipt.MaxSize)
	if err != nil {
		return p.unchecked(file, err)
	}
	v, err := receipt.Verify(keys, text)
	if err != nil {
		return p.refuted(file, err)
	}
	if p.json {
		p.printJSON(proven{
			verdict: verdict{Verdict: "sound", File: file},
			Origin:  v.Origin, Index: v.Index, Size: v.Size, Root: v.Root.String(),
			Tenant: v.Leaf.Tenant, TenantSeq: v.Leaf.Seq, Event: v.Leaf.Event,
			SignedBy: v.SignedBy, Suites: suitesOf(keys, v.SignedBy), Unknown: v.Unknown,
		})
	} else {
		fmt.Fprintf(p.c.out, p.words["receipt_good"]+"\n", visible(file), visible(v.Leaf.EventID()), v.Index, v.Size, visible(v.Origin),
			visible(v.Leaf.Tenant), v.Leaf.Seq, signedBy(keys, v.SignedBy))
	}
	return exitSound
}
