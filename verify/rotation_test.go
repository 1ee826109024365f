package verify_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	"realname/compliance"
	"realname/compliance/policy"
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

// byNetwork bounds the openings that come from one network.
const byNetwork = "      - {name: network_cards, per: network, counts: openings, window: 24h, max: 2, outcome: rejected, reason: abnormal_opening, when_lost: local_bound}\n"

// What an opening gives back is given back under the key that is counted by, and the later key's window stays to be filled
// from the ledger when its time comes.
func TestUnitsComeBackUnderTheirKeys(t *testing.T) {
	h := newTightHouse(t)
	src := bytes.Replace(h.options.Policy.Source(), []byte("counts: attempts, window: 1h, max: 2,"), []byte("counts: attempts, window: 1h, max: 200,"), 1)
	src = bytes.Replace(src, []byte("      - {name: clerk_day,"), []byte(byNetwork+"      - {name: clerk_day,"), 1)
	var err error
	if h.options.Policy, err = policy.Load("network.yaml", src); err != nil {
		t.Fatal(err)
	}
	h.Service = verify.New(h.options)
	keys := h.rotated(t)
	clerks := 0
	open := func() verify.Answer {
		clerks++
		r := h.byClerk(h.person(true), fmt.Sprint("clk-", clerks))
		r.Request.Channel.Network = "192.0.2.7"
		return h.open(t, h.carrier, r)
	}
	first, late := open(), open()
	want(t, first, compliance.Approved, "", "")
	want(t, late, compliance.Approved, "", "")
	if _, err := h.Release(t.Context(), h.carrier, first.Opening.ID); err != nil {
		t.Fatal(err)
	}
	h.clock.forward(16 * time.Minute)
	if _, err := h.ExpireLeases(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Confirm(t.Context(), h.carrier, late.Opening.ID, verify.Confirmation{}); err != nil { // its units are taken anew
		t.Fatal(err)
	}
	want(t, open(), compliance.Approved, "", "")
	want(t, open(), compliance.Rejected, "abnormal_opening", "OP-TIGHT")
	h.keep(t, keys.Without(1))
	want(t, open(), compliance.Rejected, "abnormal_opening", "OP-TIGHT")
}
