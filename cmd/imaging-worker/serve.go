//go:build vision

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"time"

	"realname/imaging"
)

// serveCmd has the defaults of the gateway's own imaging section.
type serveCmd struct {
	Listen   string `required:"" placeholder:"HOST:PORT" help:"Address for gateways; TLS 1.3 with certificates on both sides."`
	Cert     string `required:"" placeholder:"FILE" help:"PEM certificate of this machine, for server use, with its intermediates."`
	Key      string `required:"" placeholder:"FILE" help:"PEM key of it."`
	ClientCA string `name:"client-ca" required:"" placeholder:"FILE" help:"PEM certificates of the CA that signed the gateways' certificates, and signs nothing else. The three files are read again when they change."`

	Assets    string              `default:".assets" env:"REALNAME_ASSETS" placeholder:"DIR" help:"Folder of ONNX Runtime's library and the OCR models (${default})."`
	Workers   int                 `default:"2" help:"Processes, one image at a time each; one a core (${default})."`
	Queue     int                 `default:"64" help:"Checks that may wait here for a worker; beyond it gateways get 503 and try again (${default})."`
	Timeout   time.Duration       `default:"10s" help:"Of one check on a worker (${default})."`
	CPU       time.Duration       `name:"cpu" default:"5s" help:"CPU time of one check (${default})."`
	MaxBytes  int64               `default:"10485760" help:"Of one image (${default})."`
	MaxPixels int64               `default:"50000000" help:"Width x height of one image (${default})."`
	Memory    int64               `default:"805306368" help:"Bytes of private memory of a worker (${default})."`
	Sandbox   imaging.SandboxMode `default:"best_effort" enum:"best_effort,required" help:"As for a worker."`
}

// Run keeps workers and lends them until ctx ends. This process itself decodes nothing.
func (c *serveCmd) Run(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	pool, err := imaging.Open(ctx, imaging.Options{
		Path: self, Args: []string{"--assets", c.Assets}, Workers: c.Workers, QueueLength: c.Queue, Timeout: c.Timeout, CPU: c.CPU,
		Limits: imaging.Limits{MaxBytes: c.MaxBytes, MaxPixels: c.MaxPixels}, MemoryBytes: c.Memory, Sandbox: c.Sandbox, Logger: log,
	})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	log.Info("imaging machine serves", "address", listener.Addr().String(), "workers", c.Workers)
	err = imaging.Lend(ctx, listener, pool, imaging.Credentials{Certificate: c.Cert, Key: c.Key, CA: c.ClientCA})
	return errors.Join(err, pool.Close())
}
