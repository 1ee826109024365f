// Package app is the composition root: it makes the parts from a
// configuration, runs them, and stops them in order. Nothing else wires.
package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	goredis "github.com/redis/go-redis/v9"

	"realname/compliance"
	"realname/compliance/auditlog"
	"realname/compliance/policy"
	"realname/compliance/vault"
	"realname/imaging"
	"realname/internal/config"
	"realname/internal/httpapi"
	"realname/internal/sqlstore"
	"realname/ratelimit/velocity"
	"realname/ratelimit/velocity/local"
	"realname/verify"
	"realname/verify/authority"
)

// stopPatience bounds each step of an orderly stop.
const stopPatience = 15 * time.Second

// Options are what the gateway is started with.
type Options struct {
	Config config.Config
	Log    *slog.Logger
	// Listening is told the address once the API answers; it may be nil.
	Listening func(addr net.Addr)
	// Progress is told, in words, what is being started; it may be nil.
	Progress func(what string)
}

// gateway is the running whole.
type gateway struct {
	velocities velocity.Engine
	windows    *local.Engine           // of this process
	redis      goredis.UniversalClient // nil without one
	opts       Options
	log        *slog.Logger
	ids        *compliance.IDs
	lock       *os.File
	store      *sqlstore.Store
	auditlog   *auditlog.Log
	masters    *masters
	areas      *areas
	photos     *imaging.Pool
	upstream   *authority.Client
	policies   *policies
	reign      *reign
	shadow     *shadow
	service    *verify.Service
	metrics    *prometheus.Registry
}

// Run starts the gateway and serves until ctx ends, then stops it in order:
// no new requests, the running ones to their end, the last events into the log.
func Run(ctx context.Context, o Options) error {
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	g := &gateway{opts: o, log: o.Log, ids: compliance.NewIDs(time.Now, rand.Reader), metrics: prometheus.NewRegistry()}
	if err := g.open(ctx); err != nil {
		return errors.Join(err, g.close())
	}
	err := g.serve(ctx)
	return errors.Join(err, g.close())
}

func (g *gateway) open(ctx context.Context) error {
	c := &g.opts.Config
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return fmt.Errorf("app: data folder: %w", err)
	}
	var err error
	if g.lock, err = claim(c.Data); err != nil {
		return err
	}
	g.opts.Progress("opening the ledger")
	if g.store, err = sqlstore.Open(ctx, sqlstore.Options{DSN: c.LedgerDSN()}); err != nil {
		return err
	}
	g.masters = newMasters(c, g.store, g.ids, g.log, g.metrics)
	keys, err := openKeys(ctx, c, g.store, g.ids)
	if err != nil {
		return err
	}
	safe, err := vault.Over(keys.master, rand.Reader, time.Now)
	if err != nil {
		return err
	}
	g.masters.vault = safe
	if err := g.openPolicy(ctx); err != nil {
		return err
	}
	if g.areas, err = openAreas(*c, g.log); err != nil {
		return err
	}
	g.opts.Progress("opening the audit log")
	if err := g.openLog(ctx, keys); err != nil {
		return err
	}
	if err := g.openAuthority(); err != nil {
		return err
	}
	if err := g.openWorkers(ctx); err != nil {
		return err
	}
	if err := g.openVelocities(); err != nil {
		return err
	}
	g.service = verify.New(g.serviceOptions(safe))
	g.measure()
	started := map[string]string{"policy_digest": g.reign.live().Digest()}
	if shared := c.Reuse.Shared; shared.Enabled {
		started["images_shared_on"] = shared.LegalBasis // comparing across tenants must be accounted for
	}
	return g.record(ctx, compliance.EventGatewayStarted, started)
}

func (g *gateway) serviceOptions(safe *vault.Vault) verify.Options {
	c := &g.opts.Config
	leases := map[string]time.Duration{}
	for product, lease := range c.Openings.Leases {
		leases[product] = time.Duration(lease)
	}
	count := g.decisionCounter()
	return verify.Options{
		Ledger: g.ledger(safe), Vault: safe, Live: g.reign.live, Past: g.policies.policy, Coming: g.reign.coming, Photos: g.photos, Authority: g.upstream, IDs: g.ids,
		Now: time.Now, Log: g.log, Numbers: g.areas.checker,
		NewToken:  func() (string, string) { return httpapi.NewUploadToken(rand.Reader) },
		HashToken: httpapi.HashKey,
		Lease:     time.Duration(c.Openings.Lease), Leases: leases, UploadToken: time.Duration(c.Uploads.Token),
		Velocities:  g.velocities,
		Reuse:       reuseOf(c.Reuse),
		PhotoLimits: imaging.Limits{MaxBytes: c.Imaging.MaxBytes, MaxPixels: c.Imaging.MaxPixels},
		PhotosReady: func() bool { return g.photos.Stats().Ready() },
		OnCommit:    g.auditlog.Notify,
		OnDecision:  func(d compliance.Decision) { count(d); g.shadow.offer(d) },
	}
}

func reuseOf(c config.Reuse) verify.Reuse {
	out := verify.Reuse{Most: c.Images, Age: time.Duration(c.Age), TemplateOf: c.TemplateOf}
	if c.Shared.Enabled {
		out.Shared = &verify.SharedReuse{Most: c.Shared.Images}
	}
	return out
}

func (g *gateway) openPolicy(ctx context.Context) error {
	own, err := readPolicy(&g.opts.Config)
	if err != nil {
		return err
	}
	broken := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "realname_policy_load_failures_total", Help: "Policies of the ledger that did not load; the one before goes on deciding.",
	})
	g.metrics.MustRegister(broken)
	g.policies = newPolicies(g.store, g.log, own)
	g.reign = &reign{store: g.store, known: g.policies, log: g.log, now: time.Now, event: policyEvent(g.ids), failed: broken.Inc}
	g.shadow = newShadow(g.reign, g.store, g.log, g.metrics)
	return openReign(ctx, g.reign, own)
}

// readPolicy reads the configured policy; the built-in one when none is.
func readPolicy(c *config.Config) (*policy.Policy, error) {
	if c.Policy.File == "" {
		return policy.Builtin(), nil
	}
	text, err := os.ReadFile(c.Policy.File)
	if err != nil {
		return nil, fmt.Errorf("app: policy: %w", err)
	}
	return policy.Load(c.Policy.File, text)
}

func (g *gateway) openLog(ctx context.Context, keys keyring) error {
	folder, err := auditlog.OpenFolder(g.opts.Config.LogFolder())
	if err != nil {
		return err
	}
	o := auditlog.Options{
		Origin: g.opts.Config.Log.Origin, Ledger: g.store.Log(), Storage: folder,
		OnError: func(err error) { g.log.Warn("the audit log will be tried again", "error", err) },
	}
	for _, k := range keys.log {
		o.Signers = append(o.Signers, k.Signer())
	}
	if err := witnessed(&o, g.opts.Config.Log, keys.known); err != nil {
		return err
	}
	g.auditlog, err = auditlog.Open(ctx, o)
	return err
}

func (g *gateway) openAuthority() error {
	c := &g.opts.Config.Authority
	secret, err := os.ReadFile(c.SecretFile)
	if err != nil {
		return fmt.Errorf("app: authority secret: %w", err)
	}
	g.upstream, err = authority.New(authority.Options{
		Name: c.Name, BaseURL: c.URL, Secret: []byte(strings.TrimSpace(string(secret))), Timeout: time.Duration(c.Timeout),
		OpenAfter: c.OpenAfter, OpenFor: time.Duration(c.OpenFor),
		OnState: func(state string) { g.log.Warn("the authority's circuit breaker changed", "state", state) },
	})
	return err
}

func (g *gateway) openWorkers(ctx context.Context) error {
	c := &g.opts.Config.Imaging
	var path string
	var err error
	if c.Workers > 0 {
		if path, err = WorkerPath(c.Worker); err != nil {
			return err
		}
	}
	var machines []imaging.Machine
	for _, m := range c.Remote {
		machines = append(machines, imaging.Machine{Address: m.Address, ServerName: m.ServerName})
	}
	g.photos, err = imaging.Open(ctx, imaging.Options{
		Path: path, Args: []string{"--assets", c.Assets}, Workers: c.Workers, QueueLength: c.Queue,
		Timeout: time.Duration(c.Timeout), Limits: imaging.Limits{MaxBytes: c.MaxBytes, MaxPixels: c.MaxPixels}, Logger: g.log,
		QueueBytes: c.QueueBytes, CPU: time.Duration(c.CPU), MemoryBytes: c.MemoryBytes,
		RecycleBytes: c.RecycleBytes, RecycleChecks: c.RecycleChecks, Sandbox: imaging.SandboxMode(c.Sandbox),
		Machines: machines, Credentials: imaging.Credentials{Certificate: c.RemoteTLS.Certificate, Key: c.RemoteTLS.Key, CA: c.RemoteTLS.CA},
		Progress: func(ready, total int) { g.opts.Progress(fmt.Sprintf("imaging workers: %d of %d ready", ready, total)) },
	})
	return err
}

// WorkerPath is the imaging worker's binary: the configured one, or the one beside this program.
func WorkerPath(configured string) (string, error) {
	if configured != "" {
		return configured, nil
	}
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("app: find the imaging worker: %w", err)
	}
	path := filepath.Join(filepath.Dir(self), "imaging-worker")
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("app: no imaging-worker beside %s: `make build` makes it, or set imaging.worker", filepath.Base(self))
	}
	return path, nil
}

// event makes an event of the gateway itself, which belongs to no tenant.
func (g *gateway) event(kind compliance.EventKind, data map[string]string) (compliance.Event, error) {
	return compliance.NewEvent(g.ids.New(compliance.PrefixEvent), kind, "", "gateway", time.Now(), data)
}

// record writes an event of the gateway itself.
func (g *gateway) record(ctx context.Context, kind compliance.EventKind, data map[string]string) error {
	ev, err := g.event(kind, data)
	if err != nil {
		return err
	}
	return g.store.Append(ctx, ev)
}

// close stops what was opened, last opened first, whatever of it there is.
func (g *gateway) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopPatience)
	defer cancel()
	var errs []error
	if g.photos != nil {
		errs = append(errs, g.photos.Close())
	}
	if g.auditlog != nil && g.service != nil {
		if err := g.record(ctx, compliance.EventGatewayStopped, map[string]string{}); err != nil {
			errs = append(errs, err)
		} else {
			errs = append(errs, g.auditlog.Flush(ctx))
		}
	}
	if g.redis != nil {
		errs = append(errs, g.redis.Close())
	}
	if g.store != nil {
		errs = append(errs, g.store.Close())
	}
	if g.lock != nil {
		errs = append(errs, g.lock.Close())
	}
	return errors.Join(errs...)
}
