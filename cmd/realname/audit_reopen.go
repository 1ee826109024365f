package main

import (
	"context"
	"fmt"
	"time"

	"github.com/alecthomas/kong"

	"realname/internal/app"
	"realname/internal/config"
)

type auditReopenCmd struct {
	configFlag
	Reason     string `help:"Why, in a word such as restored_backup: it is recorded." required:""`
	Checkpoint string `help:"Newest signed checkpoint of the old log that an auditor or a witness has; the log's folder is looked at as well." placeholder:"FILE" type:"existingfile"`
}

// Help says when, and in what order.
func (*auditReopenCmd) Help() string {
	return `A ledger that was restored from a backup has forgotten entries that were published. The gateway
refuses to log over it: "the published log is ahead of the ledger". Restore the newest ledger there is.
If the entries are lost for good:

 1. Stop the gateway, and tell the regulator: what was published and is lost stays provable by receipts.
 2. Give the new log a name of its own in the configuration: log.origin: realname.local/log/2
 3. Ask auditors and witnesses for their newest checkpoint of the old log.
 4. $ realname audit reopen --config realname.yaml --reason restored_backup --checkpoint newest
 5. Start the gateway. Give the new log.pub to auditors and witnesses; the old one stays valid for the old log.

The new log begins with every event that the ledger has, and with one that names the old log's head:
its origin, and size and root both as the ledger had them and as they were signed.`
}

// Run reopens.
func (c *auditReopenCmd) Run(ctx context.Context, k *kong.Context) error {
	cfg, err := config.Load(c.Config)
	if err != nil {
		return err
	}
	r, err := app.ReopenLog(ctx, cfg, c.Reason, c.Checkpoint, time.Now)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(k.Stdout, "old log   %s, signed up to %d entries; the ledger had %d of them\nnew log   %s, empty until the gateway starts\nkept      %s\n",
		r.Old, r.Published.Size, r.Ledger.Size, r.New, r.Kept)
	return err
}
