package main

import (
	"context"
	"os"
	"path/filepath"

	"github.com/alecthomas/kong"

	"realname/internal/demo"
)

type demoFlags struct {
	Assets string `help:"Folder that set-up filled." default:".assets" env:"REALNAME_ASSETS" type:"path"`
	Seed   uint64 `help:"Seed of the invented persons and pictures." default:"1"`
	Keep   string `help:"Keep ledger, log and keys in this new folder instead of a temporary one." type:"path" placeholder:"DIR"`
}

func (f demoFlags) options(k *kong.Context) (demo.Options, error) {
	self, err := os.Executable()
	if err != nil {
		return demo.Options{}, err
	}
	if f.Keep != "" {
		if err := os.MkdirAll(f.Keep, 0o700); err != nil {
			return demo.Options{}, err
		}
	}
	return demo.Options{Binaries: filepath.Dir(self), Assets: f.Assets, Seed: f.Seed, Keep: f.Keep, Out: k.Stdout}, nil
}

type demoCmd struct{ demoFlags }

// Run acts the demo; an unexpected decision is an error.
func (c *demoCmd) Run(ctx context.Context, k *kong.Context) error {
	o, err := c.options(k)
	if err != nil {
		return err
	}
	return demo.Run(ctx, o)
}

type runCmd struct{ demoFlags }

// Run serves the demo's processes until interrupted.
func (c *runCmd) Run(ctx context.Context, k *kong.Context) error {
	o, err := c.options(k)
	if err != nil {
		return err
	}
	return demo.Serve(ctx, o)
}
