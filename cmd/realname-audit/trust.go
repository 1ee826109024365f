package main

import (
	"strings"

	"realname/compliance/signing"
)

// trust is whom a command believes, and what it demands of them.
type trust struct {
	Key       string   `required:"" placeholder:"KEYFILE" help:"${h_key}"`
	Require   []string `placeholder:"SUITE" help:"${h_require}"`
	Witnesses int      `placeholder:"K" default:"0" help:"${h_witnesses}"`
}

// keys reads the key file.
func (t trust) keys() (*signing.Verifiers, error) {
	keys, err := signing.LoadVerifiers(t.Key)
	if err != nil {
		return nil, err
	}
	suites := make([]signing.Suite, len(t.Require))
	for i, s := range t.Require {
		suites[i] = signing.Suite(s)
	}
	if keys, err = keys.Require(suites...); err != nil {
		return nil, err
	}
	return keys.RequireWitnesses(t.Witnesses)
}

// signedBy names the suite and the key of every signature that was verified.
func signedBy(keys *signing.Verifiers, ids []string) string {
	var out []string
	for _, id := range ids {
		out = append(out, string(keys.SuiteOf(id))+" "+id)
	}
	return strings.Join(out, ", ")
}

// suitesOf returns the suites of the signatures that were verified.
func suitesOf(keys *signing.Verifiers, ids []string) []string {
	out := []string{}
	for _, id := range ids {
		out = append(out, string(keys.SuiteOf(id)))
	}
	return out
}

var trustWords = map[string]map[string]string{
	"en": {
		"h_require":   "Suites that must each have signed the checkpoint: ed25519, sm2. Without this one of them is enough.",
		"h_witnesses": "How many of the witnesses in KEYFILE must have cosigned the checkpoint.",
		"signed_by":   "signed    %s (verified)",
	},
	"zh-CN": {
		"h_require":   "检查点必须具备的签名算法：ed25519、sm2；不指定时任一即可。",
		"h_witnesses": "KEYFILE 中至少须有几个见证方共签检查点。",
		"signed_by":   "签名      %s（已核验）",
	},
}
