package signing_test

import (
	"strings"
	"testing"

	"realname/compliance/signing"
)

// FuzzVerifierLine: a line that is accepted names the key by the id that is in it, and no line makes the parser panic.
func FuzzVerifierLine(f *testing.F) {
	for _, s := range []signing.Suite{signing.Ed25519, signing.SM2, signing.Cosignature} {
		k, err := signing.Generate(s, name, strings.NewReader(strings.Repeat("s", 32)))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(k.Public())
	}
	f.Add(name + "+00000000+/w==")
	f.Fuzz(func(t *testing.T, line string) {
		v, err := signing.ParseVerifiers(line)
		if err != nil {
			return
		}
		for _, id := range v.IDs() {
			if !strings.Contains(line, id+"+") || v.SuiteOf(id) == "" {
				t.Errorf("%q was read as %s", line, id)
			}
		}
		for _, k := range v.Verifiers() {
			if k.Verify([]byte("message"), make([]byte, 64)) {
				t.Errorf("%q verifies zeroes", line)
			}
		}
	})
}
