package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/alecthomas/kong"

	"realname/internal/app"
)

type retentionCmd struct {
	Sweep retentionSweepCmd `cmd:"" help:"Delete kept evidence, and erase personal data, whose clause's years are over; a running gateway does the same by itself."`
}

type retentionSweepCmd struct {
	configFlag
	DryRun bool `help:"Say what would go, and delete nothing."`
	JSON   bool `name:"json" help:"Print one JSON object a line."`
}

// Run sweeps once. Every deletion and every erasure is an event of the audit log.
func (c *retentionSweepCmd) Run(ctx context.Context, k *kong.Context) error {
	return operate(ctx, c.configFlag, func(o *app.Operator) error {
		counts := map[string]int{}
		var unwritten error
		err := o.SweepRetention(ctx, c.DryRun, func(p app.RetainedPiece) {
			counts[p.Fate]++
			if unwritten == nil {
				unwritten = c.print(k, p)
			}
		})
		erased := 0
		if err == nil {
			err = o.SweepErasures(ctx, c.DryRun, func(key app.ErasedKey) {
				if key.Fate != "erased" {
					return
				}
				erased++
				if unwritten == nil {
					unwritten = c.printKey(k, key)
				}
			})
		}
		if err := errors.Join(err, unwritten); err != nil || c.JSON {
			return err
		}
		done := "swept"
		if c.DryRun {
			done = "dry run, nothing was written"
		}
		_, err = fmt.Fprintf(k.Stdout, "%s: %d ended, %d postponed, %d await an opening; %d data keys erased\n",
			done, counts["ended"], counts["postponed"], counts["awaits"], erased)
		return err
	})
}

func (c *retentionSweepCmd) print(k *kong.Context, p app.RetainedPiece) error {
	if c.JSON {
		return json.NewEncoder(k.Stdout).Encode(p)
	}
	_, err := fmt.Fprintf(k.Stdout, "%s  %-9s  %-10s  %s\n", p.ID, p.Fate, p.Clause, p.KeepUntil.Format(time.RFC3339))
	return err
}

func (c *retentionSweepCmd) printKey(k *kong.Context, key app.ErasedKey) error {
	if c.JSON {
		return json.NewEncoder(k.Stdout).Encode(key)
	}
	_, err := fmt.Fprintf(k.Stdout, "%s  %-9s  %s\n", key.DataKey, key.Fate, key.Relationship)
	return err
}
