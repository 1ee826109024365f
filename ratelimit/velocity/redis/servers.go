package redis

import (
	"context"
	"crypto/sha256"
	_ "embed" // the script
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/sony/gobreaker/v2"
	"golang.org/x/sync/singleflight"

	"realname/ratelimit/velocity"
)

//go:embed window.lua
var script string

// servers runs the script where its keys lie.
type servers struct {
	o       Options
	one     *goredis.Client        // one server, or Sentinel's master
	cluster *goredis.ClusterClient // or this
	back    func()

	mu    sync.Mutex
	known map[string]*server // by address
}

// server is one process, behind its breaker.
type server struct {
	client  *goredis.Client
	breaker *gobreaker.CircuitBreaker[[]int64]
	asking  singleflight.Group
	o       *Options

	mu      sync.Mutex
	loaded  string // the script for its present reign, by digest; empty: not known
	reign   identity
	checked time.Time
}

// identity is of a process and of its time as a master: a promoted replica begins a new one.
type identity struct{ run, replication string }

func newServers(o Options, back func()) (*servers, error) {
	s := &servers{o: o, back: back, known: map[string]*server{}}
	switch c := o.Client.(type) {
	case *goredis.Client:
		s.one = c
	case *goredis.ClusterClient:
		s.cluster = c
	default:
		return nil, fmt.Errorf("velocity/redis: %T is neither one server, Sentinel nor Cluster", c)
	}
	return s, nil
}

// gaveUp wraps the end of the caller's own context: no fault of the server.
type gaveUp struct{ error }

func (g gaveUp) Unwrap() error { return g.error }

// elsewhere is Cluster's word that the keys lie on another server.
type elsewhere struct {
	address string
	asking  bool
	again   bool // some keys there, some here: in a moment
}

func (e elsewhere) Error() string { return "the keys are at " + e.address }

// run runs the script over keys, which lie in one slot. An error wraps velocity.ErrUnavailable or is ctx's.
func (s *servers) run(ctx context.Context, keys []string, args ...any) ([]int64, error) {
	call, cancel := context.WithTimeout(ctx, s.o.Wait)
	defer cancel()
	var to elsewhere
	for {
		at, err := s.find(call, keys[0], to)
		var n []int64
		if err == nil {
			n, err = at.breaker.Execute(func() ([]int64, error) { return at.try(call, ctx, to.asking, keys, args) })
		}
		if err == nil {
			if len(n) == 0 {
				return nil, corrupt(keys, n)
			}
			return n, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if errors.Is(err, velocity.ErrCorrupt) {
			return nil, err
		}
		moved := elsewhere{}
		if s.cluster != nil {
			s.cluster.ReloadState(ctx)
		}
		if !errors.As(err, &moved) || call.Err() != nil {
			return nil, fmt.Errorf("%w: %w", velocity.ErrUnavailable, err)
		}
		to = moved
		if to.again {
			pause(call, 5*time.Millisecond)
		}
	}
}

// pause waits, at most until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// find returns the server of a key, or the one that the key's server named.
func (s *servers) find(ctx context.Context, key string, to elsewhere) (*server, error) {
	if s.cluster == nil {
		return s.server("", s.one), nil
	}
	if to.address != "" {
		var mu sync.Mutex
		var found *goredis.Client
		err := s.cluster.ForEachMaster(ctx, func(_ context.Context, c *goredis.Client) error {
			mu.Lock()
			defer mu.Unlock()
			if c.Options().Addr == to.address {
				found = c
			}
			return nil
		})
		if found != nil {
			return s.server(to.address, found), nil
		}
		// Not known yet: the map of the cluster is being read again.
		pause(ctx, 5*time.Millisecond)
		if err != nil || to.asking {
			return nil, errors.Join(elsewhere{again: true}, err)
		}
	}
	c, err := s.cluster.MasterForKey(ctx, key)
	if err != nil {
		return nil, err
	}
	return s.server(c.Options().Addr, c), nil
}

func (s *servers) server(address string, c *goredis.Client) *server {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.known[address]
	if at != nil && at.client == c {
		return at
	}
	at = &server{client: c, o: &s.o}
	at.breaker = gobreaker.NewCircuitBreaker[[]int64](gobreaker.Settings{
		Name:        address,
		MaxRequests: 3,
		Timeout:     s.o.Rest + time.Duration(s.o.Jitter()*float64(s.o.Rest)/2),
		ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= 5 },
		IsSuccessful: func(err error) bool {
			return err == nil || errors.As(err, &elsewhere{}) || errors.Is(err, velocity.ErrCorrupt)
		},
		IsExcluded: func(err error) bool { return errors.As(err, &gaveUp{}) },
		OnStateChange: func(_ string, _, to gobreaker.State) {
			if to == gobreaker.StateClosed {
				go s.back()
			}
		},
	})
	s.known[address] = at
	return at
}

// try runs the script once the server is known to be who the script was made for. caller is the caller's own context.
func (s *server) try(ctx, caller context.Context, asking bool, keys []string, args []any) (n []int64, err error) {
	const tries = 3
	for range tries {
		var digest string
		if digest, err = s.script(ctx); err == nil {
			n, err = s.eval(ctx, digest, asking, keys, args)
		}
		switch {
		case err == nil:
			return n, nil
		case caller.Err() != nil:
			return nil, gaveUp{caller.Err()}
		case goredis.HasErrorPrefix(err, "NOSCRIPT"):
			s.forget(digest)
		default:
			return nil, understood(err, keys)
		}
	}
	return nil, err
}

func (s *server) eval(ctx context.Context, digest string, asking bool, keys []string, args []any) ([]int64, error) {
	if !asking {
		return ints(s.client.EvalSha(ctx, digest, keys, args...))
	}
	pipe := s.client.Pipeline()
	pipe.Do(ctx, "ASKING")
	cmd := pipe.EvalSha(ctx, digest, keys, args...)
	_, _ = pipe.Exec(ctx) // the command has its error
	return ints(cmd)
}

func ints(cmd *goredis.Cmd) ([]int64, error) {
	v, err := cmd.Result()
	if err != nil {
		return nil, err
	}
	list, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("%w: %w: a script answered with a %T", velocity.ErrUnavailable, velocity.ErrCorrupt, v)
	}
	out := make([]int64, len(list))
	for i, v := range list {
		if out[i], ok = v.(int64); !ok {
			return nil, fmt.Errorf("%w: %w: a script answered with a %T among numbers", velocity.ErrUnavailable, velocity.ErrCorrupt, v)
		}
	}
	return out, nil
}

// understood gives the errors of a server their meaning.
func understood(err error, keys []string) error {
	text := err.Error()
	word, rest, _ := strings.Cut(text, " ")
	switch {
	case word == "MOVED" || word == "ASK":
		_, address, _ := strings.Cut(rest, " ")
		return elsewhere{address: address, asking: word == "ASK"}
	case word == "TRYAGAIN":
		return elsewhere{again: true}
	case (word == "ERR" || word == "WRONGTYPE") && strings.Contains(text, "user_script"):
		// The script came upon something that no script of ours left there.
		return errors.Join(corrupt(keys, nil), err)
	}
	return err
}

// script returns the digest of the script for the server's present reign, which it makes sure of now and then.
func (s *server) script(ctx context.Context) (string, error) {
	s.mu.Lock()
	digest, fresh := s.loaded, time.Since(s.checked) < s.o.Recheck
	s.mu.Unlock()
	if digest != "" && fresh {
		return digest, nil
	}
	v, err, _ := s.asking.Do("", func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.o.Wait)
		defer cancel()
		return s.load(ctx)
	})
	if err != nil {
		return "", err
	}
	return v.(string), nil
}

func (s *server) forget(digest string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.loaded == digest {
		s.loaded = ""
	}
}

// load asks who the server is and loads the script for that, all on one connection: on one and the same process.
func (s *server) load(ctx context.Context) (digest string, err error) {
	conn := s.client.Conn()
	defer func() { err = errors.Join(err, conn.Close()) }()
	who, err := identify(ctx, conn)
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	if s.reign == who && s.loaded != "" {
		s.checked = time.Now()
		digest = s.loaded
	}
	s.mu.Unlock()
	if digest != "" {
		return digest, nil
	}
	if digest, err = conn.ScriptLoad(ctx, scriptFor(who)).Result(); err != nil {
		return "", err
	}
	again, err := identify(ctx, conn)
	if err != nil {
		return "", err
	}
	if again != who {
		return "", errors.New("the server changed while it was asked who it is")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loaded, s.reign, s.checked = digest, who, time.Now()
	return digest, nil
}

func scriptFor(who identity) string {
	sum := sha256.Sum256([]byte("2 " + who.run + " " + who.replication)) // 2: the form of windows
	var generation strings.Builder
	for _, b := range sum[:8] {
		fmt.Fprintf(&generation, `\%03d`, b)
	}
	return strings.Replace(script, "@GENERATION@", generation.String(), 1)
}

func identify(ctx context.Context, conn *goredis.Conn) (identity, error) {
	var fields = map[string]string{}
	for _, section := range []string{"server", "replication"} {
		text, err := conn.Info(ctx, section).Result()
		if err != nil {
			return identity{}, err
		}
		for line := range strings.Lines(text) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
			fields[name] = value
		}
	}
	if fields["role"] != "master" || fields["run_id"] == "" || fields["master_replid"] == "" {
		return identity{}, fmt.Errorf("the server says its role is %q", fields["role"])
	}
	return identity{fields["run_id"], fields["master_replid"]}, nil
}
