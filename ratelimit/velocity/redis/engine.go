// Package redis is the engine of velocities on a shared Redis: one server, Sentinel, or Cluster.
//
// On one server a hold is one script over all its limits. In Cluster it is one script for each slot that its keys lie in
// (the windows of one key share a slot), in the order of Hold.Limits; where one refuses, what was taken is undone. For
// that moment another hold may be refused for units that come back; none is ever admitted above a limit.
//
// Redis may lose anything at any moment. Each script carries the identity of the process and of its reign (run id and
// replication id), which each window was filled under, so that what a restarted server kept or a promoted replica copied
// is not trusted: such a window is cold, and is filled from the ledger, once for all who ask, before it admits anybody.
// So is a window whose tentative opening lapsed without a word. What an engine can admit too much is then at most the
// requests in flight at the loss: held before it, committed after their windows were read again.
//
// While a server does not answer, its limits are FailClosed, or LocalBound: decided by Options.Local, the share of this
// node. What happened meanwhile is told to the server when it is back: the windows concerned become cold, the first thing
// that this node does there. Until then other nodes may admit by them without it, at most what this node admitted by its
// shares. A node that alone is cut off adds its shares to what the others admit by the server.
package redis

import (
	"context"
	"errors"
	"fmt"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"golang.org/x/sync/singleflight"

	"realname/ratelimit/velocity"
)

// Local is the engine that decides while the store is gone. It must divide each limit among the nodes.
type Local interface {
	velocity.Engine
	// Forget drops what it knows, since the store decides again.
	Forget()
}

// Options are what the engine needs.
type Options struct {
	// Client speaks to the servers; see Connect for settings that fit. The engine does not close it.
	Client goredis.UniversalClient
	Source velocity.Source
	Local  Local         // nil: every limit is FailClosed
	Prefix string        // of every key; default "rv"
	Wait   time.Duration // longest call to a server; default 250 ms
	// Rest is how long a server that failed is left alone before a few calls try it again. Jitter, from [0, 1), makes
	// each engine's rest up to half as long again, so that not all come back at once. Defaults: 1 s, none.
	Rest   time.Duration
	Jitter func() float64
	// Recheck is how often a server is asked whether it is still the same in the same reign; default 500 ms.
	Recheck time.Duration
	// Hydrations is how many windows are filled at once, Fill the longest fill. Defaults: 8, 5 s.
	Hydrations int
	Fill       time.Duration
}

// Engine is a velocity.Engine. Use New.
type Engine struct {
	o       Options
	servers *servers
	fills   singleflight.Group
	filling chan struct{} // one element for each read of the ledger
	debts   debts
}

// Connect makes a client whose calls end when their context does and fail rather than wait in line.
func Connect(o goredis.UniversalOptions) goredis.UniversalClient {
	o.ContextTimeoutEnabled = true
	o.MaxRetries = -1 // the engine repeats what may be repeated
	if o.DialTimeout == 0 {
		o.DialTimeout = time.Second
	}
	if o.ReadTimeout == 0 {
		o.ReadTimeout = time.Second
	}
	o.DialerRetries = 1
	return goredis.NewUniversalClient(&o)
}

// New makes an engine. It calls no server.
func New(o Options) (*Engine, error) {
	if o.Client == nil || o.Source == nil {
		return nil, errors.New("velocity/redis: a client and a source are needed")
	}
	setDefault(&o.Prefix, "rv")
	setDefault(&o.Wait, 250*time.Millisecond)
	setDefault(&o.Rest, time.Second)
	setDefault(&o.Recheck, 500*time.Millisecond)
	setDefault(&o.Hydrations, 8)
	setDefault(&o.Fill, 5*time.Second)
	if o.Jitter == nil {
		o.Jitter = func() float64 { return 0 }
	}
	e := &Engine{o: o, filling: make(chan struct{}, o.Hydrations)}
	var err error
	e.servers, err = newServers(o, e.back)
	return e, err
}

func setDefault[T comparable](v *T, to T) {
	var zero T
	if *v == zero {
		*v = to
	}
}

// Hold takes one unit of each limit, all or none.
func (e *Engine) Hold(ctx context.Context, h velocity.Hold) (velocity.Answer, error) {
	if err := h.Check(); err != nil {
		return velocity.Answer{}, err
	}
	var (
		groups = e.groups(h.Limits)
		got    = make([]*velocity.Use, len(h.Limits))
		a      = velocity.Answer{Admitted: true}
		undo   []func(context.Context)
		err    error
	)
	for _, g := range groups {
		var part held
		if part, err = e.hold(ctx, h, g); err != nil {
			break
		}
		a.Bounded = a.Bounded || part.bounded
		a.Admitted = part.admitted
		for i, n := range g.places {
			got[n] = &part.uses[i]
		}
		if !part.admitted {
			break
		}
		undo = append(undo, part.undo)
	}
	if err != nil || !a.Admitted {
		// The client may be gone; what was taken must come back all the same.
		back, cancel := context.WithTimeout(context.WithoutCancel(ctx), e.o.Wait)
		defer cancel()
		for _, u := range undo {
			u(back)
		}
	}
	if err != nil {
		return velocity.Answer{}, err
	}
	for _, u := range got {
		if u != nil {
			a.Uses = append(a.Uses, *u)
		}
	}
	return a, nil
}

// held is what became of one group of a hold.
type held struct {
	admitted, bounded bool
	uses              []velocity.Use // as the group's limits
	undo              func(context.Context)
}

func (e *Engine) hold(ctx context.Context, h velocity.Hold, g group) (held, error) {
	r, err := e.ask(ctx, opHold, h.ID, h.TTL, g)
	if err != nil {
		if !e.bounded(err, g) {
			return held{}, err
		}
		h.Limits = g.limits
		a, lerr := e.o.Local.Hold(ctx, h)
		if lerr != nil {
			return held{}, fmt.Errorf("%w, and the local share: %w", err, lerr)
		}
		if a.Admitted {
			e.debts.add(g)
		}
		return held{a.Admitted, true, a.Uses, func(ctx context.Context) {
			_ = e.o.Local.GiveBack(ctx, h.ID, g.limits) // at worst it lapses
		}}, nil
	}
	taken := group{}
	for i, t := range r.taken {
		if t {
			taken.keys, taken.limits = append(taken.keys, g.keys[i]), append(taken.limits, g.limits[i])
		}
	}
	return held{r.admitted, false, r.uses, func(ctx context.Context) {
		if len(taken.keys) > 0 {
			_ = e.tell(ctx, "undo", h.ID, taken) // at worst it lapses
		}
	}}, nil
}

// bounded reports whether g is decided by the local share after err.
func (e *Engine) bounded(err error, g group) bool {
	if e.o.Local == nil || !errors.Is(err, velocity.ErrUnavailable) || errors.Is(err, errLedger) {
		return false
	}
	for _, l := range g.limits {
		if l.Loss != velocity.LocalBound {
			return false
		}
	}
	return true
}

// Confirm counts the units of id until their windows pass. After an error there is nothing to repeat: the window is
// filled again from the ledger when its server is back.
func (e *Engine) Confirm(ctx context.Context, id string, limits []velocity.Limit) error {
	return e.tellAll(ctx, "confirm", id, limits, velocity.Engine.Confirm)
}

// GiveBack takes the units of openings away. After an error there is nothing to repeat, as with Confirm.
func (e *Engine) GiveBack(ctx context.Context, id string, limits []velocity.Limit) error {
	return e.tellAll(ctx, "back", id, limits, velocity.Engine.GiveBack)
}

func (e *Engine) tellAll(ctx context.Context, op, id string, limits []velocity.Limit,
	local func(velocity.Engine, context.Context, string, []velocity.Limit) error,
) error {
	if err := velocity.Check(id, limits); err != nil {
		return err
	}
	var errs []error
	for _, g := range e.groups(limits) {
		if err := e.tell(ctx, op, id, g); err != nil {
			e.debts.add(g)
			errs = append(errs, err)
		}
	}
	if e.o.Local != nil && e.debts.any() {
		errs = append(errs, local(e.o.Local, ctx, id, limits))
	}
	return errors.Join(errs...)
}

// Uses looks without taking anything.
func (e *Engine) Uses(ctx context.Context, limits []velocity.Limit) ([]velocity.Use, error) {
	if err := velocity.CheckLimits(limits); err != nil {
		return nil, err
	}
	out := make([]velocity.Use, len(limits))
	for _, g := range e.groups(limits) {
		r, err := e.ask(ctx, opLook, "", time.Second, g)
		uses := r.uses
		if err != nil && e.bounded(err, g) {
			uses, err = e.o.Local.Uses(ctx, g.limits)
		}
		if err != nil {
			return nil, err
		}
		for i, n := range g.places {
			out[n] = uses[i]
		}
	}
	return out, nil
}

// back is called when a server answers again.
func (e *Engine) back() {
	if e.o.Local != nil {
		e.o.Local.Forget()
	}
	ctx, cancel := context.WithTimeout(context.Background(), e.o.Fill)
	defer cancel()
	for key, limit := range e.debts.all() {
		// A look at a distrusted window makes it cold and fills it.
		_, _ = e.ask(ctx, opLook, "", time.Second, group{keys: []string{key}, limits: []velocity.Limit{limit}})
	}
}
