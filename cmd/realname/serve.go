package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"

	"realname/internal/app"
	"realname/internal/config"
)

// configFlag names the configuration; every command on the ledger has it.
type configFlag struct {
	Config string `help:"Configuration file; deploy/realname.yaml shows every key." required:"" type:"existingfile" placeholder:"FILE"`
}

type serveCmd struct {
	configFlag
}

// Run serves until it is told to stop by SIGTERM or SIGINT.
func (c *serveCmd) Run(ctx context.Context) error {
	if err := app.ForbidDumps(); err != nil {
		return err
	}
	cfg, err := config.Load(c.Config)
	if err != nil {
		return err
	}
	return app.Run(ctx, app.Options{
		Config:    cfg,
		Log:       slog.New(slog.NewJSONHandler(os.Stderr, nil)),
		Progress:  func(what string) { fmt.Fprintln(os.Stderr, "realname:", what) },
		Listening: func(addr net.Addr) { fmt.Fprintln(os.Stderr, "realname: serving on", addr) },
	})
}
