package verify_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"strings"
	"testing"
	"time"

	"realname/compliance"
	"realname/compliance/policy"
	"realname/imaging"
	"realname/internal/sqlstore"
	"realname/verify"
)

var inquiry = verify.CopyRequest{Recipient: "psb-110105/2026-0412", Purpose: "case_inquiry", LegalBasis: "statutory_duty"}

// cropped is a report with the straightened card of one grey.
func cropped(t *testing.T) imaging.Report {
	t.Helper()
	w, h := imaging.CropCard.Size()
	img := image.NewGray(image.Rect(0, 0, w, h))
	draw.Draw(img, img.Bounds(), image.NewUniform(color.Gray{200}), image.Point{}, draw.Src)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, nil); err != nil {
		t.Fatal(err)
	}
	r := agrees
	r.Crop = &imaging.Crop{Kind: imaging.CropCard, JPEG: out.Bytes()}
	return r
}

type disclosed struct {
	Subject string         `json:"subject"`
	Tenant  string         `json:"tenant"`
	Data    map[string]any `json:"data"`
}

func (h *house) disclosures(t *testing.T) (out []disclosed) {
	t.Helper()
	for _, e := range h.events(t) {
		if e.Kind == string(compliance.EventEvidenceDisclosed) {
			var d disclosed
			if err := json.Unmarshal(e.Body, &d); err != nil {
				t.Fatal(err)
			}
			out = append(out, d)
		}
	}
	return out
}

func TestACopyLeavesMarkedAndLogged(t *testing.T) {
	h := newHouse(t)
	ctx := context.Background()
	p := h.person(true)
	id, _ := h.keptPhoto(t, p)
	report := cropped(t)
	h.photos.says(report, nil)
	h.clock.forward(13 * time.Hour) // the next day in Shanghai, the same in UTC
	key := h.key()
	first, err := h.Disclose(ctx, h.carrier, key, id, inquiry)
	if err != nil {
		t.Fatal(err)
	}
	if want := "COPY FOR psb-110105/2026-0412\ncase_inquiry 2026-11-23\n" + first.ID; first.Watermark != want {
		t.Errorf("the mark says %q, want %q", first.Watermark, want)
	}
	if first.Replayed || first.PersonID == "" || first.EvidenceID != id || bytes.Equal(first.JPEG, report.Crop.JPEG) || first.Digest != compliance.Digest(first.JPEG) {
		t.Errorf("%+v", first.Disclosure)
	}
	if _, err := jpeg.Decode(bytes.NewReader(first.JPEG)); err != nil {
		t.Error(err)
	}
	logged := h.disclosures(t)
	if len(logged) != 1 || logged[0].Subject != id || logged[0].Tenant != h.carrier.TenantID || logged[0].Data["disclosure"] != first.ID ||
		logged[0].Data["copy_digest"] != first.Digest || logged[0].Data["again"] != false || len(logged[0].Data) != 5 {
		t.Fatalf("logged: %+v", logged)
	}

	// The same request once more, a day later: the same copy, and an event of its own.
	h.clock.forward(24 * time.Hour)
	again, err := h.Disclose(ctx, h.carrier, key, id, inquiry)
	if err != nil || !again.Replayed || again.ID != first.ID || again.Watermark != first.Watermark || !bytes.Equal(again.JPEG, first.JPEG) {
		t.Errorf("the repetition: %+v, %v", again.Disclosure, err)
	}
	if logged = h.disclosures(t); len(logged) != 2 || logged[1].Data["again"] != true || logged[1].Data["disclosure"] != first.ID {
		t.Errorf("logged: %+v", logged)
	}
	other := inquiry
	other.Recipient = "court.1"
	_, err = h.Disclose(ctx, h.carrier, key, id, other)
	wantCode(t, err, "idempotency_key_reused")
	_, err = h.Decide(ctx, h.carrier, key, h.signup(h.person(true)))
	wantCode(t, err, "idempotency_key_reused")
	fresh, err := h.Disclose(ctx, h.carrier, h.key(), id, inquiry)
	if err != nil || fresh.ID == first.ID || bytes.Equal(fresh.JPEG, first.JPEG) {
		t.Errorf("a new key brings %v, %v", fresh.ID, err)
	}
	for _, e := range h.events(t) {
		if bytes.Contains(e.Body, []byte(p.number)) || e.Kind == string(compliance.EventEvidenceDisclosed) && (bytes.Contains(e.Body, []byte("prs_")) || bytes.Contains(e.Body, []byte(inquiry.Recipient))) {
			t.Errorf("an event tells whose or who: %s", e.Body)
		}
	}
}

func TestNoCopyLeavesOf(t *testing.T) {
	h := newHouse(t)
	ctx := context.Background()
	kept, card := h.keptPhoto(t, h.person(true))
	report := cropped(t)
	refuses := func(why string, c verify.Caller, id, code string, fault compliance.Fault) {
		t.Helper()
		got, err := h.Disclose(ctx, c, h.key(), id, inquiry)
		if e, ok := errors.AsType[*compliance.Error](err); !ok || e.Code != code || e.Fault != fault || got.JPEG != nil {
			t.Errorf("%s: %v, %d bytes, want %s", why, err, len(got.JPEG), code)
		}
	}
	h.photos.says(report, nil)
	refuses("another tenant's", h.other, kept, "evidence_not_found", compliance.FaultNotFound)
	refuses("what never was", h.carrier, h.ids.New(compliance.PrefixEvidence), "evidence_not_found", compliance.FaultNotFound)
	_, err := h.Disclose(ctx, h.carrier, h.key(), kept, verify.CopyRequest{Recipient: "x", Purpose: "y"})
	wantCode(t, err, "legal_basis_missing")
	_, err = h.Disclose(ctx, h.carrier, h.key(), kept, verify.CopyRequest{Recipient: "王", Purpose: "y", LegalBasis: "z"})
	wantCode(t, err, "validation_failed")

	letter, err := h.CreateEvidence(ctx, h.carrier, h.key(), verify.NewEvidence{Kind: compliance.EvidenceAuthorisation, Length: 3})
	if err != nil {
		t.Fatal(err)
	}
	refuses("a letter", h.carrier, letter.ID, "evidence_not_disclosable", compliance.FaultConflict)
	begun, err := h.CreateEvidence(ctx, h.carrier, h.key(), verify.NewEvidence{Kind: compliance.EvidenceDocumentPhoto, Length: 3})
	if err != nil {
		t.Fatal(err)
	}
	refuses("a begun upload", h.carrier, begun.ID, "evidence_incomplete", compliance.FaultConflict)
	refuses("a photo that is not decided about", h.carrier, h.uploaded(t, h.carrier).ID, "evidence_not_disclosable", compliance.FaultConflict)

	h.photos.says(agrees, nil)
	gone := h.uploaded(t, h.platform)
	want(t, h.decide(t, h.platform, h.signup(h.person(true), gone)), compliance.Approved, "", "")
	h.photos.says(report, nil)
	refuses("a photo that no clause kept", h.platform, gone.ID, "evidence_not_kept", compliance.FaultGone)

	h.photos.says(agrees, nil)
	refuses("a picture without a card", h.carrier, kept, "evidence_not_disclosable", compliance.FaultConflict)
	h.photos.says(imaging.Report{}, imaging.ErrUnavailable)
	refuses("a photo that no worker looks at", h.carrier, kept, "photo_check_unavailable", compliance.FaultUnavailable)
	broken := report
	broken.Crop = &imaging.Crop{Kind: imaging.CropCard, JPEG: []byte("\xff\xd8 no picture")}
	h.photos.says(broken, nil)
	refuses("a crop that is none", h.carrier, kept, "photo_check_unavailable", compliance.FaultUnavailable)
	if n := len(h.disclosures(t)); n != 0 {
		t.Errorf("%d copies are logged, and none left", n)
	}

	h.photos.says(report, nil)
	key := h.key()
	if _, err := h.Disclose(ctx, h.carrier, key, kept, inquiry); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Close(ctx, h.carrier, card.ID, ""); err != nil {
		t.Fatal(err)
	}
	h.clock.forward(policy.TermEnd(h.clock.now(), 2).Sub(h.clock.now()))
	h.sweep(t, 1)
	refuses("a photo whose years are over", h.carrier, kept, "evidence_not_kept", compliance.FaultGone)
	_, err = h.Disclose(ctx, h.carrier, key, kept, inquiry)
	wantCode(t, err, "evidence_not_kept")
	if n := len(h.disclosures(t)); n != 1 {
		t.Errorf("%d copies are logged", n)
	}
}

// unrecorded is a ledger that cannot record a copy.
type unrecorded struct{ *sqlstore.Store }

func (unrecorded) Disclose(context.Context, verify.Disclosure, bool, compliance.Event) error {
	return sqlstore.ErrClosed
}

func TestACopyThatIsNotRecordedDoesNotLeave(t *testing.T) {
	h := newHouse(t)
	id, _ := h.keptPhoto(t, h.person(true))
	h.photos.says(cropped(t), nil)
	o := h.options
	o.Ledger = unrecorded{h.store}
	got, err := verify.New(o).Disclose(context.Background(), h.carrier, h.key(), id, inquiry)
	if got.JPEG != nil || !strings.Contains(compliance.CodeOf(err), "ledger_unavailable") {
		t.Errorf("%d bytes, %v", len(got.JPEG), err)
	}
}
