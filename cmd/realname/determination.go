package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/alecthomas/kong"

	"realname/compliance"
	"realname/internal/app"
)

// determinationCmd groups the commands on what authorities determined of persons.
type determinationCmd struct {
	Record determinationRecordCmd `cmd:"" help:"Record what an authority determined of a person."`
	Lift   determinationLiftCmd   `cmd:"" help:"End a determination: an appeal succeeded, or it was withdrawn."`
	Show   determinationShowCmd   `cmd:"" help:"Tell what was determined of a person, and which measures stand until when."`
}

type determinationRecordCmd struct {
	configFlag
	On        string `help:"Day of the determination: the anchor of its term." required:"" placeholder:"YYYY-MM-DD"`
	Ground    string `help:"Why: ${enum}." enum:"criminal,trade,organising,real_name_help,impersonation,fictitious_agency" required:""`
	Level     string `help:"Who determined: ${enum}." enum:"court,city,province" required:""`
	Items     int    `help:"How many cards, lines or accounts."`
	Times     int    `help:"How many times."`
	Parties   int    `help:"To or for how many others."`
	Reference string `help:"Number of the determining document." required:""`
	Notice    string `help:"Number of the written notice to the person."`
	Delivered string `help:"Day on which the notice reached the person." placeholder:"YYYY-MM-DD"`
	JSON      bool   `name:"json" help:"Print JSON."`
}

// Help gives an example.
func (*determinationRecordCmd) Help() string {
	return `    $ realname determination record --config realname.yaml --on 2026-03-02 --ground trade --level city \
        --items 4 --reference 公网惩〔2026〕12号 < document.json

The document is {"kind":"resident_id","number":"…"}. The clause in force on the day of the determination
says what follows and for how long; the term ends by itself. At city level, trade, organising and help
with real-name verification need three items, times or parties; below that a province decides.
Recording the same document again changes nothing.`
}

// Run records; the event names neither person nor document.
func (c *determinationRecordCmd) Run(ctx context.Context, k *kong.Context) error {
	return c.run(ctx, newConsole(k))
}

func (c *determinationRecordCmd) run(ctx context.Context, t console) error {
	person, err := app.ReadPerson(t.in)
	if err != nil {
		return err
	}
	return operate(ctx, c.configFlag, func(o *app.Operator) error {
		d, measures, made, err := o.Determine(ctx, person.Document, app.Determination{
			On: c.On, Ground: compliance.Ground(c.Ground), Level: app.Level(c.Level), Items: c.Items, Times: c.Times, Parties: c.Parties,
			Reference: c.Reference, NoticeRef: c.Notice, DeliveredOn: c.Delivered,
		})
		if err != nil {
			return err
		}
		if c.JSON {
			return json.NewEncoder(t.out).Encode(map[string]any{"id": d.ID, "person": d.PersonID, "recorded": made, "measures": measuresJSON(measures)})
		}
		was := "recorded"
		if !made {
			was = "recorded before; nothing changed"
		}
		_, err = fmt.Fprintf(t.out, "%s  %s  %s\n%s", d.ID, d.PersonID, was, measuresText(measures, "By itself it brings nothing: no clause was in force that day."))
		return err
	})
}

type determinationLiftCmd struct {
	configFlag
	ID     string `arg:"" help:"Id of the determination." placeholder:"det_…"`
	Reason string `help:"Why, in a word such as appeal or withdrawn: it is recorded." required:""`
	Ref    string `help:"Number of the document that lifts it."`
}

// Help gives an example.
func (*determinationLiftCmd) Help() string {
	return `    $ realname determination lift --config realname.yaml det_… --reason appeal

From the next decision on it binds no more. It stays in the ledger, and what was decided under it stands;
terms that end by themselves need no lifting.`
}

// Run lifts.
func (c *determinationLiftCmd) Run(ctx context.Context, k *kong.Context) error {
	return operate(ctx, c.configFlag, func(o *app.Operator) error {
		d, err := o.LiftDetermination(ctx, c.ID, c.Reason, c.Ref)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(k.Stdout, "%s  lifted %s\n", d.ID, d.LiftedAt.In(china).Format("2006-01-02 15:04"))
		return err
	})
}

type determinationShowCmd struct {
	configFlag
	Tenant     string `help:"Id of the tenant as whose the person is looked up." required:"" placeholder:"tnt_…"`
	Person     string `help:"Id of the person (default: a document as JSON on standard input)." placeholder:"prs_…"`
	Purpose    string `help:"Why the person is looked up, in a word such as counter_enquiry: it is recorded." required:""`
	LegalBasis string `help:"What allows it, in a word such as contract: it is recorded." required:""`
	JSON       bool   `name:"json" help:"Print JSON."`
}

// Help gives an example.
func (*determinationShowCmd) Help() string {
	return `    $ realname determination show --config realname.yaml --tenant tnt_… --person prs_… \
        --purpose counter_enquiry --legal-basis statutory_duty`
}

// Run tells; a person of whom nothing was determined is no error.
func (c *determinationShowCmd) Run(ctx context.Context, k *kong.Context) error {
	return c.run(ctx, newConsole(k))
}

func (c *determinationShowCmd) run(ctx context.Context, t console) error {
	asked := app.LimitQuery{PersonID: c.Person}
	if c.Person == "" {
		var err error
		if asked, err = app.ReadPerson(t.in); err != nil {
			return err
		}
	}
	asked.Purpose, asked.LegalBasis = c.Purpose, c.LegalBasis
	return operate(ctx, c.configFlag, func(o *app.Operator) error {
		found, err := o.Determinations(ctx, c.Tenant, asked)
		if err != nil {
			return err
		}
		if c.JSON {
			return json.NewEncoder(t.out).Encode(determinedJSON(found))
		}
		_, err = fmt.Fprint(t.out, determinedText(found))
		return err
	})
}

func measuresJSON(measures []app.Measure) []map[string]string {
	out := []map[string]string{}
	for _, m := range measures {
		out = append(out, map[string]string{"clause": m.Clause, "measure": m.Name, "until": m.Until})
	}
	return out
}

func determinedJSON(d app.Determined) any {
	rows := []map[string]any{}
	for _, one := range d.Determinations {
		row := map[string]any{
			"id": one.ID, "on": one.On, "ground": one.Ground, "level": one.Level, "items": one.Items, "times": one.Times, "parties": one.Parties,
			"reference": one.Reference, "notice": one.NoticeRef, "delivered_on": one.DeliveredOn, "recorded_at": one.RecordedAt,
		}
		if !one.LiftedAt.IsZero() {
			row["lifted_at"], row["lift_reason"], row["lift_ref"] = one.LiftedAt, one.LiftReason, one.LiftRef
		}
		rows = append(rows, row)
	}
	return map[string]any{"person": d.PersonID, "determinations": rows, "measures": measuresJSON(d.Measures)}
}

func measuresText(measures []app.Measure, none string) string {
	if len(measures) == 0 {
		return none + "\n"
	}
	var out strings.Builder
	for _, m := range measures {
		fmt.Fprintf(&out, "  %-10s %-24s until %s\n", m.Clause, m.Name, m.Until)
	}
	return out.String()
}

func determinedText(d app.Determined) string {
	if len(d.Determinations) == 0 {
		return "Nothing was determined.\n"
	}
	var out strings.Builder
	for _, one := range d.Determinations {
		state := "stands"
		if !one.LiftedAt.IsZero() {
			state = "lifted " + one.LiftedAt.In(china).Format("2006-01-02") + " (" + one.LiftReason + ")"
		}
		fmt.Fprintf(&out, "%s  %s  %s  %s  %s\n", one.ID, one.On, one.Ground, one.Level, state)
	}
	return out.String() + measuresText(d.Measures, "No measure stands today.")
}
