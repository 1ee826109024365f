package main

import (
	"fmt"
	"io"
	"os"

	"realname/compliance/receipt"
	"realname/compliance/signing"
)

type disclosureCmd struct {
	trust
	Files []string `arg:"" name:"file" help:"${h_disclosures}"`
	Hide  bool     `help:"${h_hide}"`
}

// shown is the JSON form of a disclosure that verifies.
type shown struct {
	verdict
	Origin   string   `json:"origin"`
	Index    int64    `json:"index"`
	Size     int64    `json:"size"`
	Tenant   string   `json:"tenant"`
	Decision string   `json:"decision"`
	Version  int      `json:"version"`
	Field    string   `json:"field"`
	Value    string   `json:"value,omitempty"`
	Alg      string   `json:"alg"`
	SignedBy []string `json:"signed_by"`
	Suites   []string `json:"suites"`
}

func (d *disclosureCmd) run(p printer) int {
	keys, err := d.keys()
	if err != nil {
		return p.unchecked("", err)
	}
	status := exitSound
	for _, file := range d.Files {
		status = worse(status, d.check(p, keys, file))
	}
	return status
}

func (d *disclosureCmd) check(p printer, keys *signing.Verifiers, file string) int {
	text, err := readUpTo(file, receipt.MaxDisclosure)
	if err != nil {
		return p.unchecked(file, err)
	}
	v, err := receipt.VerifyDisclosure(keys, text)
	if err != nil {
		return p.refuted(file, err)
	}
	if d.Hide {
		v.Value = ""
	}
	if p.json {
		p.printJSON(shown{
			verdict: verdict{Verdict: "sound", File: file}, Origin: v.Origin, Index: v.Index, Size: v.Size, Tenant: v.Leaf.Tenant,
			Decision: v.Decision, Version: v.Version, Field: v.Field, Value: v.Value, Alg: v.Alg,
			SignedBy: v.SignedBy, Suites: suitesOf(keys, v.SignedBy),
		})
		return exitSound
	}
	value := visible(v.Value)
	if d.Hide {
		value = p.words["hidden"]
	}
	p.line("disclosure_good", visible(file), visible(v.Decision), v.Version, visible(v.Field), value, v.Alg,
		v.Index, v.Size, visible(v.Origin), visible(v.Leaf.Tenant), signedBy(keys, v.SignedBy))
	return exitSound
}

// contradicted is the JSON form of what does not hold.
type contradicted struct {
	verdict
	Kind string `json:"kind"`
}

// refuted says that what was given does not hold.
func (p printer) refuted(file string, err error) int {
	if p.json {
		p.printJSON(contradicted{verdict{Verdict: "tampered", File: file, Error: err.Error()}, string(receipt.KindOf(err))})
	} else {
		fmt.Fprintf(p.c.out, p.words["receipt_bad"]+"\n", visible(file), visible(err.Error()))
	}
	return exitTampered
}

// worse returns the exit status of two: tampered before unchecked before sound.
func worse(a, b int) int {
	if a == exitTampered || b == exitSound {
		return a
	}
	return b
}

func readUpTo(file string, limit int64) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit+1))
}

var disclosureWords = map[string]map[string]string{
	"en": {
		"h_disclosure":    "Check that a decision was made on a disclosed input; the file proves that one input and tells nothing of the others.",
		"h_disclosures":   "Disclosures (.disclosure.json).",
		"h_hide":          "Do not print the value.",
		"disclosure_good": "SOUND     %s: decision %s (version %d) was made on %s = %s (%s); entry %d of %d in %s (tenant %s), signed by %s",
		"hidden":          "(not shown)",

		"k_disclosure_malformed":  "A disclosure is not in its form.",
		"k_disclosure_commitment": "The decision does not commit to this input so.",
		"k_disclosure_value":      "The decision was made on another value.",
	},
	"zh-CN": {
		"h_disclosure":    "核验某项披露的输入确为该决定所依据；文件只证明这一项，不透露其他输入。",
		"h_disclosures":   "披露文件（.disclosure.json）。",
		"h_hide":          "不显示披露的值。",
		"disclosure_good": "完好      %s：决定 %s（版本 %d）所依据的 %s = %s（%s）；第 %d 条记录（共 %d 条），日志 %s（租户 %s），签名 %s",
		"hidden":          "（未显示）",

		"k_disclosure_malformed":  "披露文件格式不符。",
		"k_disclosure_commitment": "该决定对此输入的承诺不是这样。",
		"k_disclosure_value":      "该决定所依据的是另一个值。",
	},
}
