package verify_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"realname/compliance"
	"realname/compliance/policy"
	"realname/verify"
)

// keptPhoto is the photo that a carrier keeps of a new card's holder, and the card, handed over.
func (h *house) keptPhoto(t *testing.T, p person) (evidence string, card verify.Opening) {
	t.Helper()
	h.photos.says(agrees, nil)
	e := h.uploaded(t, h.carrier)
	r := h.fullCard(p)
	r.Request.Evidence = append(r.Request.Evidence, e)
	a := h.open(t, h.carrier, r)
	want(t, a, compliance.Approved, "", "")
	card, err := h.Confirm(context.Background(), h.carrier, a.Opening.ID, verify.Confirmation{ExternalRef: "sim-" + h.key()})
	if err != nil {
		t.Fatal(err)
	}
	return e.ID, card
}

func (h *house) sweep(t *testing.T, want int) {
	t.Helper()
	n, err := h.EndRetention(context.Background())
	if err != nil || n != want {
		t.Errorf("%d pieces went, want %d; %v", n, want, err)
	}
}

// A carrier's photo goes two years after the card was closed, and no earlier: the whole way through the service.
func TestAPhotoGoesTwoYearsAfterTheCardWasClosed(t *testing.T) {
	h := newHouse(t)
	ctx := context.Background()
	p := h.person(true)
	id, card := h.keptPhoto(t, p)
	h.clock.forward(5 * 365 * 24 * time.Hour)
	h.sweep(t, 0)
	if _, err := h.Close(ctx, h.carrier, card.ID, ""); err != nil {
		t.Fatal(err)
	}
	end := policy.TermEnd(h.clock.now(), 2)
	h.clock.forward(end.Sub(h.clock.now()) - time.Microsecond)
	h.sweep(t, 0)
	if h.content(t) == 0 {
		t.Fatal("it went too early")
	}
	h.clock.forward(time.Microsecond)
	h.sweep(t, 1)
	h.sweep(t, 0)
	if left := h.content(t); left != 0 {
		t.Errorf("the database holds %d bytes", left)
	}

	var ends []event
	for _, e := range h.events(t) {
		if e.Kind == string(compliance.EventRetentionEnded) {
			ends = append(ends, e)
		}
	}
	if len(ends) != 1 {
		t.Fatalf("%d ends are logged", len(ends))
	}
	var body struct {
		Subject string            `json:"subject"`
		Tenant  string            `json:"tenant"`
		Data    map[string]string `json:"data"`
	}
	if err := json.Unmarshal(ends[0].Body, &body); err != nil {
		t.Fatal(err)
	}
	if body.Subject != id || body.Tenant != h.carrier.TenantID || body.Data["clause"] != "R-25-11" || !strings.HasPrefix(body.Data["verification"], "ver_") || len(body.Data) != 2 {
		t.Errorf("logged: %s", ends[0].Body)
	}
	if bytes.Contains(ends[0].Body, []byte(p.number)) || bytes.Contains(ends[0].Body, []byte("prs_")) {
		t.Error("the event names the person")
	}

	_, err := h.Decide(ctx, h.carrier, h.key(), h.signup(h.person(true), verify.Evidence{ID: id}))
	wantCode(t, err, "evidence_not_kept")
}
