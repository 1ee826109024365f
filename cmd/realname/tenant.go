package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/alecthomas/kong"

	"realname/compliance"
	"realname/internal/app"
	"realname/internal/config"
)

type tenantCmd struct {
	Add  tenantAddCmd  `cmd:"" help:"Add a tenant: an institution that asks, or a regulator."`
	List tenantListCmd `cmd:"" help:"List the tenants."`

	Settings tenantSettingsCmd `cmd:"" help:"Show or set what the tenant demands beyond the clauses."`
	Limit    tenantLimitCmd    `cmd:"" help:"Set a limit of the tenant's own: less than a clause allows, or where it leaves that to the tenant."`
}

type tenantAddCmd struct {
	configFlag
	Name        string `help:"Name of the institution." required:""`
	Sector      string `help:"Trade it is supervised in: internet, telecom, banking, payment or regulator." required:"" enum:"internet,telecom,banking,payment,regulator"`
	Region      string `help:"GB/T 2260 province code; 000000 is nationwide." default:"000000"`
	LegalEntity string `help:"Id of an existing legal entity that the tenant acts for; quotas count per legal entity. Default: a new one."`
	NoStock     bool   `help:"It has no cards or accounts yet: the stock of every quota family is complete. Else load it (realname stock load) and state it (realname stock baseline); until then no limit can be counted."`
	JSON        bool   `name:"json" help:"Print JSON."`
}

// Run adds the tenant.
func (c *tenantAddCmd) Run(ctx context.Context, k *kong.Context) error {
	return operate(ctx, c.configFlag, func(o *app.Operator) error {
		t, err := o.AddTenant(ctx, app.NewTenant{
			Name: c.Name, Sector: compliance.Sector(c.Sector), Region: c.Region, LegalEntity: c.LegalEntity, NoStock: c.NoStock,
		})
		if err != nil {
			return err
		}
		if c.JSON {
			return json.NewEncoder(k.Stdout).Encode(map[string]string{"id": t.ID, "legal_entity": t.LegalEntityID})
		}
		fmt.Fprintf(k.Stdout, "tenant %s\nlegal entity %s\n\nNext: realname key create --config %s --tenant %s\n", t.ID, t.LegalEntityID, c.Config, t.ID)
		return nil
	})
}

type tenantListCmd struct {
	configFlag
}

// Run lists the tenants.
func (c *tenantListCmd) Run(ctx context.Context, k *kong.Context) error {
	return operate(ctx, c.configFlag, func(o *app.Operator) error {
		tenants, err := o.Tenants(ctx)
		if err != nil {
			return err
		}
		for _, t := range tenants {
			fmt.Fprintf(k.Stdout, "%s  %-10s %s  %s\n", t.ID, t.Sector, t.Region, t.Name)
		}
		return nil
	})
}

type keyCmd struct {
	Create keyCreateCmd `cmd:"" help:"Create an API key; it is shown once."`
	Revoke keyRevokeCmd `cmd:"" help:"Revoke an API key."`
}

type keyCreateCmd struct {
	configFlag
	Tenant string `help:"Id of the tenant; an operator's key has none." placeholder:"tnt_…"`
	Role   string `help:"What the key may do: tenant or regulator; operator: change policies by realname policy." default:"tenant" enum:"tenant,regulator,operator"`
	Label  string `help:"How the operator is known in house, such as a staff number."`
	JSON   bool   `name:"json" help:"Print JSON."`
}

// Run creates the key.
func (c *keyCreateCmd) Run(ctx context.Context, k *kong.Context) error {
	return operate(ctx, c.configFlag, func(o *app.Operator) error {
		id, key, err := c.create(ctx, o)
		if err != nil {
			return err
		}
		if c.JSON {
			return json.NewEncoder(k.Stdout).Encode(map[string]string{"id": id, "key": key})
		}
		fmt.Fprintf(k.Stdout, "key id %s\nkey    %s\n\nThe key is not kept here: store it now.\n", id, key)
		return nil
	})
}

func (c *keyCreateCmd) create(ctx context.Context, o *app.Operator) (id, key string, err error) {
	switch operator := c.Role == "operator"; {
	case operator && c.Tenant != "":
		return "", "", errors.New("an operator's key is for no tenant")
	case operator:
		return o.CreateOperatorKey(ctx, c.Label)
	case c.Tenant == "":
		return "", "", errors.New("missing flags: --tenant=tnt_…")
	}
	return o.CreateKey(ctx, c.Tenant, compliance.TenantRole(c.Role))
}

type keyRevokeCmd struct {
	configFlag
	ID string `arg:"" help:"Id of the key." placeholder:"key_…"`
}

// Run revokes the key.
func (c *keyRevokeCmd) Run(ctx context.Context, k *kong.Context) error {
	return operate(ctx, c.configFlag, func(o *app.Operator) error {
		if err := o.RevokeKey(ctx, c.ID); err != nil {
			return err
		}
		fmt.Fprintln(k.Stdout, "revoked", c.ID)
		return nil
	})
}

// operate opens the ledger for one command.
func operate(ctx context.Context, flag configFlag, do func(*app.Operator) error) error {
	cfg, err := config.Load(flag.Config)
	if err != nil {
		return err
	}
	if err := app.ForbidDumps(); err != nil { // it holds the gateway's keys
		return err
	}
	o, err := app.OpenOperator(ctx, cfg)
	if err != nil {
		return err
	}
	return errors.Join(do(o), o.Close())
}
