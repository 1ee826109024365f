package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"realname/internal/app"
)

type vaultEraseCmd struct {
	vaultOutput
	configFlag
	Verification string `arg:"" help:"Id of one of the person's verifications at the tenant; a person is named by nothing else here."`
	Relationship string `help:"Only of this scene, such as signup (default: all that the tenant has of the person)." placeholder:"SCENE"`
	Basis        string `help:"On what ground, a token that the log keeps." default:"pipl_47" placeholder:"TOKEN"`
	Yes          bool   `help:"Do it; without this the command only says what would be done."`
}

// Help says what goes and what stays.
func (*vaultEraseCmd) Help() string {
	return `    $ realname vault erase ver_… --config realname.yaml              # says what would become of it
    $ realname vault erase ver_… --config realname.yaml --yes

What a tenant has of a person lies under one data key for each relationship. Each key is judged:

erased    no law wants it any more: the key is destroyed, and nothing under it opens again
later     a law wants it until then: it is kept for the law alone, used for nothing else, and erased by itself
lasting   a card or account lasts: ask again when it is closed
awaits    a verification or an opening is open: ask again when it is decided

What stays are the facts of the ledger and the log, which hold no personal data: decisions with their
clauses, counts, receipts; every proof goes on to verify. Backups hold the wrapped key still: an erasure
is complete once the master key that it was wrapped under is destroyed, too (realname vault destroy).`
}

// Run erases.
func (c *vaultEraseCmd) Run(ctx context.Context, k *kong.Context) error {
	return operate(ctx, c.configFlag, func(o *app.Operator) error {
		keys := []app.ErasedKey{}
		err := o.EraseData(ctx, app.Erasure{Verification: c.Verification, Relationship: c.Relationship, Basis: c.Basis, DryRun: !c.Yes},
			func(key app.ErasedKey) { keys = append(keys, key) })
		if err != nil {
			return err
		}
		return c.write(newConsole(k), keys, func(out *strings.Builder) {
			for _, key := range keys {
				fmt.Fprintf(out, "%s  %-10s  %s", key.DataKey, key.Fate, key.Relationship)
				switch {
				case key.Fate == "later" && key.Until != nil:
					fmt.Fprintf(out, c.word("not_before"), key.Until.Format(time.RFC3339))
				case key.Fate == "erased":
					fmt.Fprintf(out, c.word("complete_with"), key.MasterVersion)
				}
				out.WriteString("\n")
			}
			switch {
			case len(keys) == 0:
				out.WriteString(c.word("nothing"))
			case !c.Yes:
				out.WriteString(c.word("unwritten"))
			}
		})
	})
}
