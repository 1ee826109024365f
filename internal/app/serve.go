package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"golang.org/x/sync/errgroup"

	"realname/internal/httpapi"
)

// serve answers requests until ctx ends, with the background work beside it.
func (g *gateway) serve(ctx context.Context) error {
	pace, err := g.pace()
	if err != nil {
		return err
	}
	api, err := httpapi.New(httpapi.Options{
		Service: g.service, Log: g.auditlog, Clauses: g.policies, Credentials: g.store, Probes: g.probes(),
		Registry: g.metrics, Logger: g.log, Now: time.Now, IDs: g.ids,
		Pace: pace,
	})
	if err != nil {
		return err
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", g.opts.Config.Listen)
	if err != nil {
		return fmt.Errorf("app: listen: %w", err)
	}
	// Background work outlives the last request, so that its event is still sequenced.
	background, stopBackground := context.WithCancel(context.WithoutCancel(ctx))
	defer stopBackground()
	group, groupCtx := errgroup.WithContext(background)
	group.Go(func() error { return g.auditlog.Run(groupCtx) })
	group.Go(func() error { return g.reign.run(groupCtx) })
	group.Go(func() error { return g.shadow.run(groupCtx) })
	// Apart, because settling may wait for workers and leases must not.
	group.Go(func() error { return g.every(groupCtx, "settle pending", g.service.Settle) })
	group.Go(func() error { return g.every(groupCtx, "expire leases", g.service.ExpireLeases) })
	group.Go(func() error { return g.every(groupCtx, "put empty windows away", g.sweepWindows) })
	group.Go(func() error { return g.every(groupCtx, "forget velocities", g.service.ForgetWindows) })
	group.Go(func() error { return g.every(groupCtx, "forget images", g.service.ExpireImages) })
	group.Go(func() error { return g.every(groupCtx, "end retention", g.service.EndRetention) })
	group.Go(func() error { return g.every(groupCtx, "erase personal data", g.eraseEnded) })
	group.Go(func() error { return g.every(groupCtx, "read division codes", g.areas.follow) })
	group.Go(func() error { return g.every(groupCtx, "record overdue objections", g.service.Overdue) })
	group.Go(func() error { return g.every(groupCtx, "read master keys", g.masters.follow) })

	serving, stopServing := context.WithCancel(ctx)
	defer stopServing()
	context.AfterFunc(groupCtx, stopServing) // a part that failed for good ends the whole
	if g.opts.Listening != nil {
		g.opts.Listening(ln.Addr())
	}
	tls := g.opts.Config.TLS
	served := httpapi.Serve(serving, ln, api, httpapi.ServeOptions{
		CertFile: tls.Certificate, KeyFile: tls.Key, Grace: stopPatience, Logger: g.log,
	})
	stopBackground()
	return errors.Join(served, group.Wait())
}

// every does work again and again until ctx ends.
func (g *gateway) every(ctx context.Context, what string, work func(context.Context) (int, error)) error {
	tick := time.NewTicker(time.Duration(g.opts.Config.Settle.Every))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		switch n, err := work(ctx); {
		case ctx.Err() != nil:
		case err != nil:
			g.log.Warn("background work will be tried again", "work", what, "error", err)
		case n > 0:
			g.log.Info("background work done", "work", what, "count", n)
		}
	}
}

// eraseEnded destroys the data keys whose end has come, and takes what was of them off the disk.
func (g *gateway) eraseEnded(ctx context.Context) (int, error) {
	n, err := g.service.EraseEnded(ctx)
	if n == 0 || err != nil {
		return n, err
	}
	return n, g.store.Scrub(ctx)
}

func (g *gateway) probes() []httpapi.Probe {
	return []httpapi.Probe{
		{Name: "ledger", Required: true, Check: g.store.Ping},
		{Name: "audit_log", Required: true, Check: func(context.Context) error { return g.auditlog.Err() }},
		{Name: "policy", Check: g.reign.ready},
		{Name: "master_keys", Check: g.masters.ready},
		{Name: "imaging", Check: func(context.Context) error {
			if !g.photos.Stats().Ready() {
				return errors.New("no imaging worker is ready")
			}
			return nil
		}},
		{Name: "authority", Check: func(context.Context) error {
			if !g.upstream.Ready() {
				return errors.New("the circuit breaker is open")
			}
			return nil
		}},
	}
}
