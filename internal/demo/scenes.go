package demo

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"realname/internal/specimen"
)

// signups are scenes 1 to 4: the card, a cartoon, something else, another number.
func (s *stage) signups(ctx context.Context) error {
	alice, err := s.invent()
	if err != nil {
		return err
	}
	bob, err := s.invent()
	if err != nil {
		return err
	}
	other, err := s.somethingElse()
	if err != nil {
		return err
	}
	for _, p := range []cast{alice, bob} {
		if err := s.register(ctx, p.Number, p.Name); err != nil {
			return err
		}
	}
	cartoon := specimen.JPEG(specimen.Avatar(s.rng, 640), 90)
	for _, act := range []struct {
		sent                    string
		picture                 []byte
		who                     cast
		outcome, reason, clause string
	}{
		{"specimen card, right number and name", alice.card, alice, "approved", "", ""},
		{"cartoon avatar instead of a card", cartoon, alice, "rejected", "not_a_document.drawing", "R-ATFL-21"},
		{"photograph of something else", other, alice, "rejected", "not_a_document.photo", "R-ATFL-21"},
		{"specimen card, another valid number typed", alice.card, bob, "rejected", "number_mismatch", "R-ATFL-21"},
	} {
		var a answer
		body := s.request("signup", "internet_account", "online", act.who.Number, alice.Name).with("evidence", []any{photo(act.picture)})
		took, err := s.call(ctx, s.platform, http.MethodPost, "/v1/verifications", body, &a)
		if err != nil {
			return err
		}
		if err := s.expect(ctx, s.platform, act.sent, a, took, act.outcome, act.reason, act.clause); err != nil {
			return err
		}
	}
	return nil
}

// somethingElse is a real photograph without any card.
func (s *stage) somethingElse() ([]byte, error) {
	return os.ReadFile(filepath.Join(s.opts.Assets, "photos", "tabler-cup-of-coffee-on-table-in-cafe.jpg"))
}

// cardOrder is an order of a phone card with what the rules demand at a counter.
func (s *stage) cardOrder(p cast, kinds ...string) request {
	evidence := []any{}
	for _, k := range kinds {
		evidence = append(evidence, attested(k, time.Now()))
	}
	return s.request("phone_card", "mobile_card", "physical", p.Number, p.Name).
		with("channel", map[string]any{"kind": "physical", "channel_agent": "demo-agent-3", "outlet": "demo-outlet-7", "clerk": "clerk-12"}).
		with("evidence", evidence).with("liability_notice_ref", "liability-2026-01")
}

// phoneCards is scene 5: five cards, the sixth, and one without the portrait match.
func (s *stage) phoneCards(ctx context.Context) error {
	carol, dave, err := s.twoRegistered(ctx)
	if err != nil {
		return err
	}
	for i := range 5 {
		var a answer
		took, err := s.call(ctx, s.carrier, http.MethodPost, "/v1/openings", s.cardOrder(carol, "chip_read", "portrait_match"), &a)
		if err != nil {
			return err
		}
		if err := s.expect(ctx, s.carrier, fmt.Sprintf("phone card %d: chip, network check, portrait", i+1), a, took, "approved", "", ""); err != nil {
			return err
		}
		if a.Opening == nil {
			continue
		}
		if _, err := s.call(ctx, s.carrier, http.MethodPost, "/v1/openings/"+a.Opening.ID+"/confirm",
			map[string]any{"external_ref": fmt.Sprintf("card-%d", i+1)}, &struct{}{}); err != nil {
			return err
		}
	}
	var sixth, blind answer
	took, err := s.call(ctx, s.carrier, http.MethodPost, "/v1/openings", s.cardOrder(carol, "chip_read", "portrait_match"), &sixth)
	if err != nil {
		return err
	}
	if err := s.expect(ctx, s.carrier, "phone card 6 for the same person", sixth, took, "rejected", "quota_exceeded", "R-5CARD"); err != nil {
		return err
	}
	if took, err = s.call(ctx, s.carrier, http.MethodPost, "/v1/openings", s.cardOrder(dave, "chip_read"), &blind); err != nil {
		return err
	}
	return s.expect(ctx, s.carrier, "phone card without the portrait match", blind, took, "rejected", "portrait_match_missing", "R-PORTRAIT")
}

func (s *stage) twoRegistered(ctx context.Context) (a, b cast, err error) {
	for _, p := range []*cast{&a, &b} {
		p.Person = specimen.NewPerson(s.rng)
		if err := s.register(ctx, p.Number, p.Name); err != nil {
			return a, b, err
		}
	}
	return a, b, nil
}

// stampede is scene 6: four cards are loaded as existing stock, then 64
// requests arrive at once for the last slot.
func (s *stage) stampede(ctx context.Context) error {
	erin, _, err := s.twoRegistered(ctx)
	if err != nil {
		return err
	}
	stock := []any{}
	for i := range 4 {
		stock = append(stock, map[string]any{
			"document": map[string]any{"kind": "resident_id", "number": erin.Number}, "product": "mobile_card",
			"external_ref": fmt.Sprintf("stock-%d", i+1), "state": "active", "opened_at": "2024-05-01T00:00:00Z",
		})
	}
	if _, err := s.call(ctx, s.carrier, http.MethodPost, "/v1/openings/import", stock, &struct{}{}); err != nil {
		return err
	}
	const crowd = 64
	answers := make([]answer, crowd)
	errs := make([]error, crowd)
	orders := make([]request, crowd)
	for i := range orders {
		orders[i] = s.cardOrder(erin, "chip_read", "portrait_match")
	}
	var wg sync.WaitGroup
	start := time.Now()
	for i := range crowd {
		wg.Go(func() {
			_, errs[i] = s.call(ctx, s.carrier, http.MethodPost, "/v1/openings", orders[i], &answers[i])
		})
	}
	wg.Wait()
	took := time.Since(start)
	approved, refused := 0, 0
	for i, a := range answers {
		switch {
		case errs[i] != nil:
			return errs[i]
		case a.Decision == "approved":
			approved++
		case a.Decision == "rejected" && len(a.Reasons) > 0 && a.Reasons[0].Code == "quota_exceeded":
			refused++
		}
		if err := s.keep(ctx, s.carrier, a); err != nil {
			return err
		}
	}
	s.table.add(row{
		sent: "64 requests, 4 cards in stock, 1 slot left", outcome: fmt.Sprintf("%d + %d", approved, refused),
		reason: fmt.Sprintf("%d approved, %d quota_exceeded", approved, refused), article: "R-5CARD", took: took,
		right: approved == 1 && refused == crowd-1,
	})
	return nil
}

// outage is scene 7: pending while the authority is down, settled when it is back.
func (s *stage) outage(ctx context.Context) error {
	frank, grace, err := s.twoRegistered(ctx)
	if err != nil {
		return err
	}
	s.fellAuthority()
	ask := func(sent string, p cast, name string) (answer, error) {
		var a answer
		took, err := s.call(ctx, s.platform, http.MethodPost, "/v1/verifications", s.request("signup", "internet_account", "online", p.Number, name), &a)
		if err != nil {
			return a, err
		}
		return a, s.expect(ctx, s.platform, sent, a, took, "pending", "", "")
	}
	right, err := ask("signup while the authority is down", frank, frank.Name)
	if err != nil {
		return err
	}
	wrong, err := ask("the same, with another person's name", grace, frank.Name)
	if err != nil {
		return err
	}
	back := time.Now()
	if err := s.raiseAuthority(ctx); err != nil {
		return err
	}
	settle := func(sent, outcome, reason string, before answer) error {
		var a answer
		err := poll(ctx, func() (bool, error) {
			_, err := s.call(ctx, s.platform, http.MethodGet, "/v1/verifications/"+before.ID, nil, &a)
			return a.Decision != "pending", err
		})
		if err != nil {
			return err
		}
		return s.expect(ctx, s.platform, sent, a, time.Since(back), outcome, reason, "")
	}
	if err := settle("the authority is back: the first is settled", "approved", "", right); err != nil {
		return err
	}
	return settle("and the second", "rejected", "authority_mismatch", wrong)
}
