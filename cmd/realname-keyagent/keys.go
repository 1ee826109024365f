package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/alecthomas/kong"

	"realname/compliance/vault"
	"realname/compliance/vault/keyagent"
)

// follows is how often the key file is looked at.
const follows = time.Second

type keysFlag struct {
	Keys string `help:"Key file; nobody else may read it." required:"" placeholder:"FILE"`
}

type serveCmd struct {
	keysFlag
	Socket string `help:"Path of the socket; its folder must be writable by its owner alone." required:"" placeholder:"PATH"`
}

// Run answers until it is told to stop by SIGTERM or SIGINT.
func (c *serveCmd) Run(ctx context.Context) error {
	if err := vault.ForbidDumps(); err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	var ring atomic.Pointer[vault.Ring]
	if err := c.load(&ring); err != nil {
		return err
	}
	ln, err := keyagent.Listen(ctx, c.Socket)
	if err != nil {
		return err
	}
	go c.follow(ctx, &ring, log)
	log.Info("serving", "socket", c.Socket, "newest", ring.Load().Newest())
	s := keyagent.Server{
		Ring:    func() vault.Ring { return *ring.Load() },
		Refused: func(err error) { log.Warn("refused", "error", err) },
	}
	return s.Serve(ctx, ln)
}

func (c *serveCmd) load(into *atomic.Pointer[vault.Ring]) error {
	keys, err := vault.ReadKeyFile(c.Keys)
	if err != nil {
		return err
	}
	r, err := keys.Open(rand.Reader)
	if err == nil {
		into.Store(&r)
	}
	return err
}

// follow reads the file again when it changes. One that cannot be used leaves the keys as they are, and is logged.
func (c *serveCmd) follow(ctx context.Context, ring *atomic.Pointer[vault.Ring], log *slog.Logger) {
	tick := time.NewTicker(follows)
	defer tick.Stop()
	mark := func() string {
		info, err := os.Stat(c.Keys)
		if err != nil {
			return err.Error()
		}
		return fmt.Sprint(info.Size(), info.Mode(), info.ModTime().UnixNano())
	}
	for seen := mark(); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := mark()
		if now == seen {
			continue
		}
		seen = now
		if err := c.load(ring); err != nil {
			log.Error("the key file cannot be used; the keys in use stay", "error", err)
			continue
		}
		log.Info("the key file was read again", "newest", ring.Load().Newest())
	}
}

type suiteFlag struct {
	Suite vault.Suite `help:"international (HMAC-SHA-256, AES-256-GCM) or national (HMAC-SM3, SM4-GCM)." enum:"international,national" default:"international"`
}

type createCmd struct {
	keysFlag
	suiteFlag
}

// Run makes version 1. It never overwrites.
func (c *createCmd) Run() error {
	keys, err := vault.NewMasterKeys(c.Suite, rand.Reader)
	if err != nil {
		return err
	}
	return vault.WriteKeyFile(c.Keys, keys)
}

type rotateCmd struct {
	keysFlag
	suiteFlag
	In time.Duration `help:"After how long data keys begin to be wrapped under it; gateways must have it by then." default:"1m"`
}

// Run adds a version.
func (c *rotateCmd) Run(k *kong.Context) error {
	keys, err := vault.ReadKeyFile(c.Keys)
	if err != nil {
		return err
	}
	if keys, err = keys.Rotated(c.Suite, time.Now().Add(c.In), rand.Reader); err != nil {
		return err
	}
	if err := vault.ReplaceKeyFile(c.Keys, keys); err != nil {
		return err
	}
	version := keys.Newest()
	_, err = fmt.Fprintf(k.Stdout, "version %d (%s) is used from %s; back the key file up now\n", version, c.Suite, keys[version].From.Format(time.RFC3339))
	return err
}

type dropCmd struct {
	keysFlag
	Version          int  `arg:"" help:"Version."`
	KeepDocumentKeys bool `help:"Keep what makes document keys of it."`
}

// Run drops a version for good.
func (c *dropCmd) Run() error {
	keys, err := vault.ReadKeyFile(c.Keys)
	if err != nil {
		return err
	}
	if _, here := keys[c.Version]; !here || c.Version == keys.Newest() {
		return fmt.Errorf("version %d is not there, or the newest", c.Version)
	}
	if c.KeepDocumentKeys {
		if keys, err = keys.WithDocumentsOnly(c.Version); err != nil {
			return err
		}
	} else {
		keys = keys.Without(c.Version)
	}
	return vault.ReplaceKeyFile(c.Keys, keys)
}
