// Package demo does the main job once, on real input, as a user would: it
// starts the authority stand-in, the gateway and its imaging workers as
// processes on embedded defaults in a temporary folder, acts as three tenants
// over HTTP, and prints a table that a person can follow.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"time"

	"realname/internal/specimen"
)

// Options say where the parts are.
type Options struct {
	Binaries string    // folder with realname, realname-audit, authority-sim, imaging-worker
	Assets   string    // folder that set-up fills
	Seed     uint64    // of the invented persons and pictures
	Out      io.Writer // the table
	Keep     string    // keep everything in this folder instead of a temporary one
}

// Run acts all scenes. It returns an error when one of them did not end as the
// rules say, after printing the whole table.
func Run(ctx context.Context, o Options) error {
	dir := o.Keep
	if dir == "" {
		tmp, err := os.MkdirTemp("", "realname-demo-")
		if err != nil {
			return fmt.Errorf("demo: %w", err)
		}
		defer os.RemoveAll(tmp)
		dir = tmp
	}
	started := time.Now()
	s, err := newStage(ctx, o, dir)
	if err != nil {
		return err
	}
	defer s.stop()
	for _, act := range []struct {
		title string
		play  func(context.Context) error
	}{
		{"An internet platform signs people up", s.signups},
		{"A SIM agent opens phone cards", s.phoneCards},
		{"64 requests at once for one slot", s.stampede},
		{"The authority goes down and comes back", s.outage},
		{"The regulator checks everything, offline", s.inspection},
	} {
		s.table.section(act.title)
		if err := act.play(ctx); err != nil {
			return fmt.Errorf("demo: %s: %w", act.title, err)
		}
	}
	s.table.note(s.memory())
	if s.table.wrong > 0 {
		return fmt.Errorf("demo: %d of %d rows did not end as the rules say", s.table.wrong, s.table.rows)
	}
	s.table.note(fmt.Sprintf("All %d rows ended as the rules say, in %.1f s.", s.table.rows, time.Since(started).Seconds()))
	return nil
}

// cast is an invented person with a photograph of the card.
type cast struct {
	specimen.Person
	card []byte // JPEG
}

// invent makes a person with a card photo; every call gives another one.
func (s *stage) invent() (cast, error) {
	p := specimen.NewPerson(s.rng)
	portrait, err := specimen.LoadPortrait(s.portraits[s.rng.IntN(len(s.portraits))])
	if err != nil {
		return cast{}, err
	}
	card, err := specimen.Card(p, portrait)
	if err != nil {
		return cast{}, err
	}
	photo, _ := specimen.Photograph(s.rng, card, specimen.Easy())
	return cast{Person: p, card: specimen.JPEG(photo, 88)}, nil
}

func newRand(seed uint64) *rand.Rand { return specimen.Seed(seed) }

// Serve starts the same processes, prints how to call them, and keeps serving until ctx ends.
func Serve(ctx context.Context, o Options) error {
	dir := o.Keep
	if dir == "" {
		tmp, err := os.MkdirTemp("", "realname-run-")
		if err != nil {
			return fmt.Errorf("run: %w", err)
		}
		defer os.RemoveAll(tmp)
		dir = tmp
	}
	s, err := newStage(ctx, o, dir)
	if err != nil {
		return err
	}
	defer s.stop()
	p, err := s.invent()
	if err != nil {
		return err
	}
	if err := s.register(ctx, p.Number, p.Name); err != nil {
		return err
	}
	if err := s.leave(p); err != nil {
		return err
	}
	fmt.Fprintf(o.Out, `The gateway serves on %[1]s; the authority stand-in on http://%[2]s.
Folder: %[3]s (configuration, ledger, log, keys)

Demo credentials, good until this stops:
  platform   %[4]s
  carrier    %[5]s
  regulator  %[6]s

A specimen person is in specimen.json, its card photo in specimen.jpg, and a
signup that uses both in signup.json. Try:

  curl -s %[1]s/v1/verifications -H 'Authorization: Bearer %[4]s' \
    -H 'Idempotency-Key: first' -H 'Content-Type: application/json' -d @%[3]s/signup.json
  curl -s -X PUT http://%[2]s/fault -d '{"fault":"down"}'

Press Ctrl-C to stop.
`, s.gatewayAt, s.simAt, dir, s.platform.Key, s.carrier.Key, s.regulator.Key)
	select {
	case <-ctx.Done():
		return nil
	case <-s.ended:
		return errors.New("run: the gateway ended; see gateway.log in the folder, with --keep")
	}
}
