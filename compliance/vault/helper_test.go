package vault

import "testing"

// must gives what a vault computed with keys in this process.
func must[T any](t *testing.T, v T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func documents(t *testing.T, v *Vault, kind, state, canonical string) []DocumentKey {
	t.Helper()
	keys, err := v.DocumentKeys(kind, state, canonical)
	return must(t, keys, err)
}

func tokens(t *testing.T, v *Vault, kind, text string) []string {
	t.Helper()
	out, err := v.Tokens(kind, text)
	return must(t, out, err)
}

func digestOf(t *testing.T, v *Vault, text []byte) string {
	t.Helper()
	out, err := v.RequestDigest(text)
	return must(t, out, err)
}

func same(t *testing.T, v *Vault, digest string, text []byte) bool {
	t.Helper()
	out, err := v.SameRequest(digest, text)
	return must(t, out, err)
}

func indexOf(t *testing.T, v *Vault, purpose, scope string) *Index {
	t.Helper()
	x, err := v.Index(purpose, scope)
	return must(t, x, err)
}

// fingerprint is that of a version.
func fingerprint(t *testing.T, keys MasterKeys, version int) string {
	t.Helper()
	ring, err := keys.Open(nil)
	if err != nil {
		t.Fatal(err)
	}
	out, err := ring[version].Fingerprint()
	return must(t, out, err)
}
