package main

import (
	"strings"

	"realname/compliance/signing"
)

// trust is whom a command believes, and what it demands of them.
type trust struct {
	Key       string   `required:"" placeholder:"KEYFILE" help:"${h_key}"`
	Require   []string `placeholder:"SUITE,…" help:"${h_require}"`
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
