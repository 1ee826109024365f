package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"golang.org/x/sync/errgroup"

	"realname/imaging"
	"realname/internal/httpapi"
)

// serve answers requests until ctx ends, with the background work beside it.
func (g *gateway) serve(ctx context.Context) error {
	api, err := httpapi.New(httpapi.Options{
		Service: g.service, Log: g.auditlog, Clauses: g.policy, Credentials: g.store, Probes: g.probes(),
		Registry: g.metrics, Logger: g.log, Now: time.Now, IDs: g.ids,
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
	group.Go(func() error { g.settle(groupCtx); return nil })

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

// settle retries pending decisions and ends leases until ctx ends.
func (g *gateway) settle(ctx context.Context) {
	tick := time.NewTicker(time.Duration(g.opts.Config.Settle.Every))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		// Settling first: a decision whose deadline has come releases its own opening.
		if n, err := g.service.Settle(ctx); err != nil && ctx.Err() == nil {
			g.log.Warn("pending verifications were not settled", "error", err)
		} else if n > 0 {
			g.log.Info("pending verifications settled", "count", n)
		}
		if _, err := g.service.ExpireLeases(ctx); err != nil && ctx.Err() == nil {
			g.log.Warn("leases were not expired", "error", err)
		}
	}
}

func (g *gateway) probes() []httpapi.Probe {
	return []httpapi.Probe{
		{Name: "ledger", Required: true, Check: g.store.Ping},
		{Name: "audit_log", Required: true, Check: func(context.Context) error { return g.auditlog.Err() }},
		{Name: "imaging", Check: func(context.Context) error {
			if !anyReady(g.photos.Stats()) {
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

func anyReady(s imaging.Stats) bool {
	for _, w := range s.Workers {
		if w.Ready {
			return true
		}
	}
	return false
}
