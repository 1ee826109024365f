package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/alecthomas/kong"

	"realname/internal/app"
)

type auditCmd struct {
	Disclose auditDiscloseCmd `cmd:"" help:"Write one input of a decision in clear, with what proves it; it is recorded that it leaves."`
	Reopen   auditReopenCmd   `cmd:"" help:"Begin a new log where the ledger was restored from a backup and cannot continue the old one."`
}

// auditDiscloseCmd is the one command whose output is personal data; it goes to a file of the operator's alone.
type auditDiscloseCmd struct {
	configFlag
	Decision   string `arg:"" help:"Id of the decision." placeholder:"ver_…"`
	Field      string `help:"Which input, as its receipt names it: party.0.holder.document, party.0.holder.name, evidence.0.document_photo." required:""`
	Version    int    `help:"Version of the decision (default: the newest)." placeholder:"N"`
	Recipient  string `help:"Who gets it, by a reference of your own such as a case number: it is recorded." required:""`
	Purpose    string `help:"Why, in a word such as case_inquiry: it is recorded." required:""`
	LegalBasis string `help:"What allows it, in a word such as statutory_duty: it is recorded." required:""`
	Out        string `help:"File to write, readable by you alone; it must not exist. - is standard output." required:"" placeholder:"FILE"`
}

// Help gives examples.
func (*auditDiscloseCmd) Help() string {
	return `    $ realname audit disclose --config realname.yaml ver_… --field party.0.holder.document \
        --recipient psb-110105/2026-0412 --purpose case_inquiry --legal-basis statutory_duty \
        --out number.disclosure.json

The log holds a salted commitment to each input of a decision. The file opens one of them and tells
nothing of the others; whoever has the log's public key checks it without us:

    $ realname-audit disclosure --key log.pub number.disclosure.json

The file is personal data. That it left - which field, for whom, why - is an event of the audit log.`
}

// Run discloses. The file is made first, so that nothing is recorded as having left that cannot be written.
func (c *auditDiscloseCmd) Run(ctx context.Context, k *kong.Context) error {
	out := os.Stdout
	if c.Out != "-" {
		var err error
		if out, err = os.OpenFile(c.Out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600); err != nil {
			return err
		}
	}
	err := operate(ctx, c.configFlag, func(o *app.Operator) error {
		text, err := o.DiscloseField(ctx, c.Decision, app.FieldRequest{
			Version: c.Version, Field: c.Field, Recipient: c.Recipient, Purpose: c.Purpose, LegalBasis: c.LegalBasis,
		})
		if err != nil {
			return err
		}
		_, err = out.Write(text)
		return err
	})
	if out == os.Stdout {
		return err
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return errors.Join(err, os.Remove(c.Out))
	}
	_, err = fmt.Fprintln(k.Stderr, "written to", c.Out)
	return err
}
