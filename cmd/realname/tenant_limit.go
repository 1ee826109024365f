package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/alecthomas/kong"

	"realname/internal/app"
)

// tenantLimitCmd sets a limit of a tenant's own: less than a clause allows, or where a clause leaves it to the tenant.
type tenantLimitCmd struct {
	configFlag
	Tenant string `help:"Id of the tenant." required:"" placeholder:"tnt_…"`
	Family string `help:"Quota family of the policy, such as internet_accounts." required:""`
	Max    int    `help:"How many it admits; 0 admits none." required:""`
	JSON   bool   `name:"json" help:"Print JSON."`
}

// Run sets the limit; the last word counts, from the next request on.
func (c *tenantLimitCmd) Run(ctx context.Context, k *kong.Context) error {
	return operate(ctx, c.configFlag, func(o *app.Operator) error {
		if err := o.SetLimit(ctx, c.Tenant, c.Family, c.Max); err != nil {
			return err
		}
		if c.JSON {
			return json.NewEncoder(k.Stdout).Encode(map[string]any{"tenant": c.Tenant, "family": c.Family, "max": c.Max})
		}
		fmt.Fprintf(k.Stdout, "%s: %d\n", c.Family, c.Max)
		return nil
	})
}
