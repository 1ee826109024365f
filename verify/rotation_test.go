package verify_test

import (
	"crypto/rand"
	"testing"
	"time"

	"realname/compliance"
	"realname/compliance/vault"
	"realname/verify"
)

// rotated gives the house's vault fresh keys and a second version of the other suite, and returns both versions.
func (h *house) rotated(t *testing.T) vault.MasterKeys {
	t.Helper()
	keys, err := vault.NewMasterKeys(vault.International, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if keys, err = keys.Rotated(vault.National, time.Time{}, rand.Reader); err != nil {
		t.Fatal(err)
	}
	h.keep(t, keys)
	return keys
}

func (h *house) keep(t *testing.T, keys vault.MasterKeys) {
	t.Helper()
	if err := h.options.Vault.Replace(keys); err != nil {
		t.Fatal(err)
	}
}

// A window over networks, whose keys are the vault's, is as full after the oldest master key is destroyed as it was before.
func TestWindowsOutliveTheirMasterKey(t *testing.T) {
	h := newTightHouse(t)
	keys := h.rotated(t)
	from := func() verify.Request {
		r := h.signup(h.person(true))
		r.Channel.Network = "192.0.2.7"
		return r
	}
	want(t, h.decide(t, h.platform, from()), compliance.Approved, "", "")
	want(t, h.decide(t, h.platform, from()), compliance.Approved, "", "")
	h.keep(t, keys.Without(1))
	want(t, h.decide(t, h.platform, from()), compliance.Rejected, "abnormal_opening", "OP-TIGHT")
	h.clock.forward(time.Hour + time.Second)
	want(t, h.decide(t, h.platform, from()), compliance.Approved, "", "")
}

// What an opening gives back is given back once, whichever key its window has now.
func TestUnitsComeBackUnderTheirKeys(t *testing.T) {
	h := newTightHouse(t)
	keys := h.rotated(t)
	open := func() verify.Answer {
		r := h.byClerk(h.person(true), "clk-1")
		r.Request.Channel.Network = "192.0.2.7"
		return h.open(t, h.carrier, r)
	}
	first := open()
	want(t, first, compliance.Approved, "", "")
	if _, err := h.Release(t.Context(), h.carrier, first.Opening.ID); err != nil {
		t.Fatal(err)
	}
	want(t, open(), compliance.Approved, "", "")
	h.keep(t, keys.Without(1))
	want(t, open(), compliance.Rejected, "abnormal_opening", "OP-TIGHT") // attempts never come back
}
