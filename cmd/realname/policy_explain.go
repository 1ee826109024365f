package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"

	"github.com/alecthomas/kong"

	"realname/compliance"
	"realname/internal/app"
)

// policyExplainCmd explains one stored decision. Its output holds no personal data, as the decision holds none.
type policyExplainCmd struct {
	configFlag
	Decision string `arg:"" help:"Id of the decision." placeholder:"ver_…"`
	Version  int    `help:"Version of the decision (default: the newest)." placeholder:"N"`
	Audience string `help:"Who reads it: person, clerk, compliance or regulator. Person and clerk are told no list hits, suspicion or thresholds." enum:"person,clerk,compliance,regulator" default:"compliance"`
	Lang     string `help:"zh or en (default: by LC_ALL, LC_MESSAGES, LANG; else zh)." enum:"zh,en,auto" default:"auto"`
	JSON     bool   `name:"json" help:"Print the answer of GET /v1/verifications/{id}/explanation as JSON."`
}

// Help gives examples.
func (*policyExplainCmd) Help() string {
	return `    $ realname policy explain --config realname.yaml ver_… --lang en
    $ realname policy explain --config realname.yaml ver_… --audience person --json

It is made from the stored decision and the policy that decided, which the ledger keeps, so that it
stays the same whatever rules are live today.`
}

// Run explains; a refusal is no error.
func (c *policyExplainCmd) Run(ctx context.Context, k *kong.Context) error {
	if c.Lang == "auto" {
		c.Lang = languageOf(os.Getenv)
	}
	return c.run(ctx, newConsole(k))
}

func (c *policyExplainCmd) run(ctx context.Context, t console) error {
	return operate(ctx, c.configFlag, func(o *app.Operator) error {
		log := slog.New(slog.NewTextHandler(t.notes, nil))
		e, err := o.Explain(ctx, c.Decision, c.Version, compliance.Audience(c.Audience), c.Lang, log)
		if err != nil {
			return err
		}
		if !c.JSON {
			return e.WriteText(t.out)
		}
		enc := json.NewEncoder(t.out)
		enc.SetEscapeHTML(false)
		return enc.Encode(e)
	})
}
