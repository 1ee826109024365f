//go:build vision

package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"image"
	"path/filepath"
	"strings"
	"testing"

	"realname/internal/specimen"
	"realname/internal/sqlstore/storetest"
	"realname/verify/authority/standin"
)

// forgery is one photo of one card, as a program makes it: the same portrait,
// table and camera each time, with another invented person's name and number.
func (r *running) forgery(t *testing.T, seed uint64, portrait image.Image) (specimen.Person, []byte) {
	t.Helper()
	for ; ; seed += 100 {
		p := specimen.NewPerson(specimen.Seed(seed))
		card, err := specimen.Card(p, portrait)
		if errors.Is(err, specimen.ErrTooLong) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		photo, _ := specimen.Photograph(specimen.Seed(78), card, specimen.Ordinary())
		r.sim.Know(standin.Person{Number: p.Number, Name: p.Name})
		return p, specimen.JPEG(photo, 80+int(seed%10))
	}
}

func portraitAt(t *testing.T, i int) image.Image {
	t.Helper()
	files, err := specimen.Portraits(filepath.Join(assets(), "portraits"))
	if err != nil {
		t.Fatal(err)
	}
	portrait, err := specimen.LoadPortrait(files[i%len(files)])
	if err != nil {
		t.Fatal(err)
	}
	return portrait
}

// One picture under several numbers, through the gateway and real workers, over a restart.
func TestReusedImageThroughTheGateway(t *testing.T) {
	for name, dsn := range map[string]func(testing.TB) string{"sqlite": func(testing.TB) string { return "" }, "postgresql": storetest.PostgreSQL} {
		t.Run(name, func(t *testing.T) {
			g := startGatewayOn(t, dsn(t))
			shown := func(seed uint64, face int, want string) {
				t.Helper()
				p, photo := g.forgery(t, seed, portraitAt(t, face))
				got := g.signup(t, p.Number, p.Name, photo)
				if got.body["decision"] != want {
					t.Errorf("seed %d: %v, want %s: %v", seed, got.body["decision"], want, got.body["reasons"])
				}
				told, err := json.Marshal(got.body)
				if err != nil {
					t.Fatal(err)
				}
				if strings.Contains(string(told), "reuse") || strings.Contains(string(told), "fingerprint") {
					t.Error("the answer tells of the index")
				}
				if want == "review" && !strings.Contains(string(told), "further_review") {
					t.Errorf("the review has another ground: %s", told)
				}
			}
			shown(1, 0, "approved")
			shown(1, 0, "approved") // the same person sends it again
			shown(2, 0, "review")
			if err := g.stop(); err != nil {
				t.Fatal(err)
			}
			g.start(t)
			shown(3, 0, "review")
			if bytes.Contains(g.logs.Bytes(), []byte("fingerprint")) {
				t.Error("a log tells of fingerprints")
			}
		})
	}
}
