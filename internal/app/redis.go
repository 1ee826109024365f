package app

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"realname/compliance/vault"
	"realname/internal/config"
	"realname/internal/replays"
	"realname/ratelimit/request"
	"realname/ratelimit/velocity/local"
	"realname/ratelimit/velocity/redis"
	"realname/verify"
)

// openVelocities makes the engine of sliding windows, filled from the ledger: on the Redis that gateways share, or in
// this process alone.
func (g *gateway) openVelocities() error {
	c := &g.opts.Config.Redis
	var err error
	// Alone it has every limit whole; beside Redis it is this node's share, for when Redis is gone.
	if g.windows, err = local.New(local.Options{Source: g.store, Now: time.Now, Nodes: c.Nodes, Node: c.Node}); err != nil {
		return err
	}
	g.velocities = g.windows
	if len(c.Addresses) == 0 {
		return nil
	}
	if g.redis, err = connect(c); err != nil {
		return err
	}
	g.velocities, err = redis.New(redis.Options{
		Client: g.redis, Source: g.store, Local: g.windows, Prefix: c.Prefix + ":v", Jitter: rand.Float64,
	})
	return err
}

// sweepWindows gives back the memory of windows that hold nothing any more.
func (g *gateway) sweepWindows(context.Context) (int, error) {
	g.windows.Sweep()
	return 0, nil
}

// ledger is the store, before which Redis, if there is one, remembers what repeats are answered by.
func (g *gateway) ledger(safe *vault.Vault) verify.Ledger {
	if g.redis == nil {
		return g.store
	}
	return replays.New(g.store, replays.Options{Client: g.redis, Keyed: safe, Prefix: g.opts.Config.Redis.Prefix + ":r"})
}

// connect makes a client; it calls no server, so that a gateway starts while Redis is gone.
func connect(c *config.Redis) (goredis.UniversalClient, error) {
	o := goredis.UniversalOptions{Addrs: c.Addresses, MasterName: c.Master, Username: c.Username, IsClusterMode: len(c.Addresses) > 1 && c.Master == ""}
	if c.PasswordFile != "" {
		password, err := os.ReadFile(c.PasswordFile)
		if err != nil {
			return nil, fmt.Errorf("app: redis password: %w", err)
		}
		o.Password = strings.TrimSpace(string(password))
	}
	if c.CA != "" {
		pem, err := os.ReadFile(c.CA)
		if err != nil {
			return nil, fmt.Errorf("app: redis ca: %w", err)
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("app: redis ca: no certificate in %s", c.CA)
		}
		o.TLSConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
	return redis.Connect(o), nil
}

// pace is the bound on one tenant's requests; nil when there is none.
func (g *gateway) pace() (*request.Limiter, error) {
	c := &g.opts.Config
	if c.Requests.Most == 0 {
		return nil, nil
	}
	return request.New(request.Options{
		Requests: c.Requests.Most, Per: time.Duration(c.Requests.Per), Client: g.redis, Prefix: c.Redis.Prefix + ":q", Nodes: c.Redis.Nodes, Now: time.Now,
	})
}
