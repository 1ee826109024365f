package main

import (
	"context"
	"fmt"
	"os"

	"github.com/alecthomas/kong"

	"realname/internal/app"
)

// tenantSettingsCmd shows or sets what a tenant demands beyond the clauses.
type tenantSettingsCmd struct {
	configFlag
	Tenant string `help:"Id of the tenant." required:"" placeholder:"tnt_…"`
	File   string `arg:"" optional:"" help:"File with all settings, which take the place of earlier ones (default: show those that stand)."`
}

// Help documents the file.
func (*tenantSettingsCmd) Help() string {
	return `    $ realname tenant settings --config realname.yaml --tenant tnt_… settings.yaml

    products:            # the tenant's own names: every clause on the product behind binds them
      gold_card: debit_card
    warnings:            # what a check's warning comes to: review or rejected
      number: review
    demands:             # one of each list must pass, beside what clauses demand
      - {scene: signup, any_of: [portrait_match, live_video]}
    limits:
      internet_accounts: 3

A tenant can be stricter than the clauses and never looser: what would loosen one is refused with its name,
and so is face recognition as the only way. The file counts from the next request on; it is an event of the
audit log, and each decision keeps the settings it was made under.`
}

// Run shows or sets.
func (c *tenantSettingsCmd) Run(ctx context.Context, k *kong.Context) error {
	return operate(ctx, c.configFlag, func(o *app.Operator) error {
		var s app.TenantSettings
		if c.File == "" {
			var err error
			if s, err = o.TenantSettings(ctx, c.Tenant); err != nil {
				return err
			}
		} else {
			text, err := os.ReadFile(c.File)
			if err != nil {
				return err
			}
			if s, err = o.SetTenantSettings(ctx, c.Tenant, c.File, text); err != nil {
				return err
			}
		}
		text, err := s.Encode()
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(k.Stdout, "%s", text)
		return err
	})
}
