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

// auditCmd groups the commands on the audit log.
type auditCmd struct {
	Export   auditExportCmd   `cmd:"" help:"Make an inspection package for a regulator."`
	Reopen   auditReopenCmd   `cmd:"" help:"Begin a new log where the ledger was restored from a backup and cannot continue the old one."`
	Disclose auditDiscloseCmd `cmd:"" help:"Write one input of a decision in clear, with what proves it; it is recorded that it leaves."`
}

type auditExportCmd struct {
	configFlag
	Out        string `arg:"" help:"Folder of the package; one that an interrupted export left is completed." placeholder:"DIR"`
	Tenant     string `help:"Id of the tenant whose events are asked for." required:"" placeholder:"tnt_…"`
	From       string `help:"First day, in China." required:"" placeholder:"YYYY-MM-DD"`
	To         string `help:"Last day, in China." required:"" placeholder:"YYYY-MM-DD"`
	Case       string `help:"Number of the regulator's case: it is recorded." required:""`
	LegalBasis string `help:"What the regulator rests the demand on: it is recorded." required:""`
	JSON       bool   `name:"json" help:"Print JSON."`
}

// Help says what the package is.
func (*auditExportCmd) Help() string {
	return `    $ realname audit export package --config realname.yaml --tenant tnt_… --from 2026-11-01 --to 2026-11-30 \
        --case 沪银检〔2026〕7号 --legal-basis "Anti-Money-Laundering Law, article 5"
    $ realname-audit package --key log.pub package

The folder holds every event of the tenant on these days with its receipt, the records and policies of the
decisions, and a signed list of all files. It holds no personal data. It is checked offline, without trust in
this gateway. An export that was interrupted goes on where it was when it is asked for again; the manifest
comes last. The export is itself an event of the audit log.`
}

// Run exports.
func (c *auditExportCmd) Run(ctx context.Context, k *kong.Context) error {
	return c.run(ctx, newConsole(k))
}

func (c *auditExportCmd) run(ctx context.Context, t console) error {
	from, err := time.ParseInLocation(time.DateOnly, c.From, china)
	to, err2 := time.ParseInLocation(time.DateOnly, c.To, china)
	if errors.Join(err, err2) != nil {
		return errors.New("no such day; write YYYY-MM-DD")
	}
	told := t.now()
	return operate(ctx, c.configFlag, func(o *app.Operator) error {
		m, err := o.ExportInspection(ctx, app.InspectionRequest{
			Dir: c.Out, Tenant: c.Tenant, From: from, To: to.AddDate(0, 0, 1), Case: c.Case, LegalBasis: c.LegalBasis,
			Progress: func(done, total int64) {
				// Telling progress is worth no error.
				switch now := t.now(); {
				case t.watched:
					_, _ = fmt.Fprintf(t.notes, "\r%d of %d leaves (%d%%)", done, total, done*100/max(total, 1))
				case now.Sub(told) >= pace:
					told = now
					_, _ = fmt.Fprintf(t.notes, "realname: %d of %d leaves\n", done, total)
				}
			},
		})
		if t.watched {
			_, _ = fmt.Fprint(t.notes, "\r\x1b[K")
		}
		if err != nil {
			return err
		}
		if c.JSON {
			return json.NewEncoder(t.out).Encode(m)
		}
		_, err = fmt.Fprintf(t.out, "%s: %d events, numbers %d to %d, of %s\nlist of files  %s\n", c.Out, m.Events, m.FirstSeq, m.LastSeq, m.Tenant, m.Files)
		return err
	})
}
