package verify_test

import (
	"context"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"realname/compliance"
	"realname/internal/sqlstore/storetest"
)

// play is the service and the model, side by side.
type play struct {
	*linear
	w     world
	known []string // ids of openings
}

// TestServiceFollowsTheModel plays random openings, transfers, replacements, changes of class, confirmations in time and
// late, sweeps, and clock steps backwards too, one after another, against the model.
func TestServiceFollowsTheModel(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		h := newHouseOn(t, e.DSN(t))
		bank := h.tenant(t, compliance.SectorBanking)
		h.limit(t, bank, families[1], limits[1])
		rapid.Check(t, func(r *rapid.T) {
			p := &play{linear: &linear{house: h, bank: bank, names: map[string]int{}, prefix: h.key() + "/"}}
			// The clock begins each time where it was the latest, whatever became of the run before.
			defer func() { h.clock.at.Add(int64(p.w.now-p.w.clock) * linearUnit.Microseconds()) }()
			for range modelPersons {
				h.people++
				p.persons = append(p.persons, h.citizen(h.people))
			}
			r.Repeat(map[string]func(*rapid.T){
				"open":  p.open,
				"act":   func(r *rapid.T) { p.act(t, r) },
				"again": func(r *rapid.T) { p.act(t, r) },
				"clock": func(r *rapid.T) {
					p.check(r, ask{kind: "clock", lease: rapid.IntRange(-6, 6).Draw(r, "units")})
					// Time counts only once a write has seen it.
					if err := h.store.Append(context.Background(), storetest.Event(t, compliance.EventGatewayStarted, "", "", h.clock.now())); err != nil {
						r.Fatal(err)
					}
				},
				"": func(r *rapid.T) {
					for _, id := range p.known {
						p.check(r, ask{kind: "read", n: p.names[id], id: id})
					}
				},
			})
		})
	})
}

func (p *play) open(r *rapid.T) {
	if p.opened == modelOpenings {
		r.Skip("enough openings")
	}
	in := ask{
		kind: "open", n: p.opened, pred: -1, person: rapid.IntRange(0, modelPersons-1).Draw(r, "person"),
		class: rapid.IntRange(0, len(products)-1).Draw(r, "class"), lease: rapid.IntRange(1, 4).Draw(r, "lease"),
	}
	if len(p.known) > 0 && rapid.Bool().Draw(r, "transfer") {
		in.id = rapid.SampledFrom(p.known).Draw(r, "predecessor")
		in.pred = p.names[in.id]
		if why := p.w.barred(in); why != "" {
			if got := p.ask(context.Background(), in, p.prefix+strconv.Itoa(in.n)); got.code != why {
				r.Fatalf("%+v: %+v, the model says %s", in, got, why)
			}
			return
		}
	}
	p.opened++
	p.check(r, in)
}

func (p *play) act(t *testing.T, r *rapid.T) {
	if len(p.known) == 0 {
		r.Skip("no opening yet")
	}
	in := ask{kind: rapid.SampledFrom(append(slices.Clone(asked), "replace")).Draw(r, "kind"), id: rapid.SampledFrom(p.known).Draw(r, "opening")}
	in.n = p.names[in.id]
	switch in.kind {
	case "clock":
		return
	case "reclass", "replace":
		if in.n >= modelOpenings {
			r.Skip("a successor of a successor")
		}
		in.person, in.class = p.w.cells[in.n].person, rapid.IntRange(0, len(products)-1).Draw(r, "class")
		occasion := compliance.OccasionReclass
		if in.kind == "replace" {
			occasion, in.class = compliance.OccasionReplaceSIM, p.w.cells[in.n].class
		}
		in.with = p.verified(t, p.bank, p.account(p.persons[in.person], products[in.class], ""), occasion)
	}
	p.check(r, in)
}

// check asks both and compares.
func (p *play) check(r *rapid.T, in ask) {
	got := p.ask(context.Background(), in, p.prefix+strconv.Itoa(in.n))
	want := p.w.apply(in)
	if got.unknown || want.code != got.code || want.state != got.state || want.used != got.used {
		r.Fatalf("%+v: %+v, the model says %+v", in, got, want)
	}
	if got.id == "" {
		return
	}
	if place, seen := p.names[got.id]; !seen {
		p.names[got.id], p.known = want.at, append(p.known, got.id)
	} else if place != want.at {
		r.Fatalf("%+v is opening %d, the model says %d", in, place, want.at)
	}
}
