package verify_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"realname/compliance"
	"realname/compliance/policy"
	"realname/imaging"
	"realname/verify"
)

// picture is an accepted photo with fingerprints of its own.
func picture(seed byte) imaging.Report {
	r := agrees
	p := &imaging.Fingerprints{Version: imaging.FingerprintVersion, Template: &imaging.Fingerprint{}}
	for i := range p.Card {
		// Any two seeds differ in half of the bits or so.
		p.Card[i], p.Portrait[i], p.Template[i] = (seed+1)*byte(37*i+11), (seed+1)*byte(59*i+7), (seed+1)*byte(83*i+3)
	}
	r.Fingerprints = p
	return r
}

// retaken is the picture with a few bits of its portrait and card turned, and another table.
func retaken(r imaging.Report, bits int) imaging.Report {
	p := *r.Fingerprints
	for i := range bits {
		p.Portrait[15] ^= 1 << i
		p.Card[15] ^= 1 << i
	}
	p.Template = nil
	r.Fingerprints = &p
	return r
}

// indexed makes the house keep an index of images.
func indexed(t *testing.T, change func(*verify.Options)) *house {
	h := newHouse(t)
	h.options.Reuse = verify.Reuse{Most: 1000, Age: 24 * time.Hour, TemplateOf: 2}
	if change != nil {
		change(&h.options)
	}
	h.Service = verify.New(h.options)
	return h
}

func (h *house) shows(t *testing.T, c verify.Caller, p person, r imaging.Report) verify.Answer {
	t.Helper()
	h.photos.says(r, nil)
	return h.decide(t, c, h.signup(p, photoOf(t)))
}

func reused(a verify.Answer) compliance.ImageReuse {
	for _, c := range a.Decision.Checks {
		if c.Name == compliance.CheckDocumentPhoto && c.Reused != nil {
			return *c.Reused
		}
	}
	return compliance.ImageReuse{}
}

func TestReusedImage(t *testing.T) {
	h := indexed(t, nil)
	first, second, third := h.person(true), h.person(true), h.person(true)
	want(t, h.shows(t, h.platform, first, picture(1)), compliance.Approved, "", "")
	want(t, h.shows(t, h.platform, first, picture(1)), compliance.Approved, "", "")
	want(t, h.shows(t, h.platform, second, picture(2)), compliance.Approved, "", "")

	a := h.shows(t, h.platform, second, picture(1))
	want(t, a, compliance.Review, imaging.ReasonReusedImage, "R-ATFL-21")
	if got := reused(a); got != (compliance.ImageReuse{Persons: 1, Card: 1, Portrait: 1, Template: 1}) {
		t.Errorf("reuse = %+v", got)
	}
	a = h.shows(t, h.platform, third, retaken(picture(1), 5))
	want(t, a, compliance.Review, imaging.ReasonReusedImage, "")
	if got := reused(a); got != (compliance.ImageReuse{Persons: 2, Card: 2, Portrait: 2}) {
		t.Errorf("reuse of the photo taken again = %+v", got)
	}
	// The one who was first is now one among several: a person must tell who is who.
	want(t, h.shows(t, h.platform, first, picture(1)), compliance.Review, imaging.ReasonReusedImage, "")

	// What was read back is what was decided.
	if got := reused(h.read(t, h.platform, a.Decision.ID)); got.Persons != 2 {
		t.Errorf("read back: %+v", got)
	}
	h.clock.forward(25 * time.Hour)
	want(t, h.shows(t, h.platform, h.person(true), picture(1)), compliance.Approved, "", "")
	if n, err := h.ExpireImages(context.Background()); err != nil || n == 0 {
		t.Errorf("forgot %d images beyond their age (%v)", n, err)
	}
}

// A template alone is a finding only when it served for many.
func TestOneTemplateUnderMany(t *testing.T) {
	h := indexed(t, nil)
	on := func(seed byte) imaging.Report {
		r := picture(seed)
		r.Fingerprints.Template = picture(0).Fingerprints.Template
		return r
	}
	for seed := range byte(2) {
		want(t, h.shows(t, h.platform, h.person(true), on(10+seed)), compliance.Approved, "", "")
	}
	a := h.shows(t, h.platform, h.person(true), on(20))
	want(t, a, compliance.Review, imaging.ReasonReusedImage, "")
	if got := reused(a); got != (compliance.ImageReuse{Persons: 2, Template: 2}) {
		t.Errorf("reuse = %+v", got)
	}
}

// A photo whose number is another's is refused, and accuses nobody: the typing error comes before the right number.
func TestAMistypedNumberIsNoReuse(t *testing.T) {
	h := indexed(t, nil)
	wrong := picture(1)
	wrong.Verdict, wrong.NumberAgreement = imaging.Reject, imaging.Disagrees
	wrong.Reasons = []imaging.Reason{{Code: imaging.ReasonNumberMismatch}}
	want(t, h.shows(t, h.platform, h.person(true), wrong), compliance.Rejected, "number_mismatch", "")
	want(t, h.shows(t, h.platform, h.person(true), picture(1)), compliance.Approved, "", "")
}

// What a policy makes of it is the policy's: here a refusal, before the authority is paid.
func TestAPolicyMayRefuseAReusedImage(t *testing.T) {
	text := string(policy.Builtin().Source()) + `
  - id: R-REUSED
    kind: denial
    instrument: 试验用规定
    article: "1"
    source: S
    effective_from: 2000-01-01
    title: 重复使用的证件图像
    text:
      zh: 证件图像曾用于其他人员的，不予办理。
      en: An image that served for another person is refused.
    when: '"reused_image" in reasons.document_photo'
    reason: reused_image
`
	p, err := policy.Load("test", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	h := indexed(t, func(o *verify.Options) { o.Policy = p })
	want(t, h.shows(t, h.platform, h.person(true), picture(1)), compliance.Approved, "", "")
	asked := h.sim.Asked()
	want(t, h.shows(t, h.platform, h.person(true), picture(1)), compliance.Rejected, imaging.ReasonReusedImage, "R-REUSED")
	if h.sim.Asked() != asked {
		t.Error("the authority was asked about a photo that the policy refuses")
	}
}

func TestTenantsAreApartUnlessTheyShare(t *testing.T) {
	for _, shared := range []bool{false, true} {
		t.Run(fmt.Sprint("shared ", shared), func(t *testing.T) {
			h := indexed(t, func(o *verify.Options) {
				if shared {
					o.Reuse.Shared = &verify.SharedReuse{Most: 1000}
				}
			})
			second := h.tenant(t, compliance.SectorInternet)
			first := h.person(true)
			want(t, h.shows(t, h.platform, first, picture(1)), compliance.Approved, "", "")
			want(t, h.shows(t, second, first, picture(1)), compliance.Approved, "", "") // the same person elsewhere
			other := h.tenant(t, compliance.SectorInternet)
			a := h.shows(t, other, h.person(true), picture(1))
			if !shared {
				want(t, a, compliance.Approved, "", "")
				return
			}
			want(t, a, compliance.Review, imaging.ReasonReusedImage, "")
			if got := reused(a); got.Persons != 1 {
				t.Errorf("one other person at two tenants is %d", got.Persons)
			}
			record, err := compliance.Canonical(a.Decision)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range []verify.Caller{h.platform, second} {
				if bytes.Contains(record, []byte(c.TenantID)) {
					t.Error("the record tells which tenant saw the image")
				}
			}
			want(t, h.shows(t, other, h.person(true), picture(3)), compliance.Approved, "", "")
		})
	}
}

// What was not examined passes nothing: a photo without fingerprints waits, and
// is looked up when a worker gives them.
func TestAPhotoWithoutFingerprintsWaits(t *testing.T) {
	h := indexed(t, nil)
	want(t, h.shows(t, h.platform, h.person(true), picture(1)), compliance.Approved, "", "")
	a := h.shows(t, h.platform, h.person(true), agrees)
	want(t, a, compliance.Pending, "", "")
	h.photos.says(picture(1), nil)
	h.settle(t)
	want(t, h.read(t, h.platform, a.Decision.ID), compliance.Review, imaging.ReasonReusedImage, "")
}

// One image, sixty-four numbers, all at once: whatever the order, one is the first and no other passes without the finding.
func TestOneImageUnderManyNumbersAtOnce(t *testing.T) {
	const n = 64
	h := indexed(t, nil)
	h.photos.says(picture(1), nil)
	var requests []verify.Request
	for range n {
		requests = append(requests, h.signup(h.person(true), photoOf(t)))
	}
	var clean atomic.Int32
	var all sync.WaitGroup
	for i, r := range requests {
		all.Go(func() {
			a, err := h.Decide(context.Background(), h.platform, fmt.Sprint("at-once-", i), r)
			switch {
			case err != nil:
				t.Error(err)
			case a.Decision.Outcome == compliance.Approved:
				clean.Add(1)
			case reused(a).Persons == 0:
				t.Errorf("%s without the finding: %v", a.Decision.Outcome, a.Decision.Reasons)
			}
		})
	}
	all.Wait()
	if clean.Load() != 1 {
		t.Errorf("%d of %d passed without the finding, want 1", clean.Load(), n)
	}
}

// Fingerprints are under a seal or keyed: neither their bytes nor their digits are in the ledger, nor in any event.
func TestFingerprintsAreNotInTheLedger(t *testing.T) {
	h := indexed(t, func(o *verify.Options) { o.Reuse.Shared = &verify.SharedReuse{Most: 1000} })
	r := picture(1)
	h.shows(t, h.platform, h.person(true), r)
	for _, f := range []imaging.Fingerprint{r.Fingerprints.Card, r.Fingerprints.Portrait, *r.Fingerprints.Template} {
		for _, secret := range [][]byte{f[:8], []byte(hex.EncodeToString(f[:8]))} {
			if fileHolds(t, h.file, secret) || fileHolds(t, h.file+"-wal", secret) {
				t.Error("a fingerprint is in the ledger in clear")
			}
			for _, e := range h.events(t) {
				if bytes.Contains(e.Body, secret) {
					t.Error("a fingerprint is in an event")
				}
			}
		}
	}
}
