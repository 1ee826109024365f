package app

import (
	"context"

	"realname/compliance"
	"realname/compliance/policy"
	"realname/verify"
)

type (
	// Determination is what an authority found of a person.
	Determination = verify.Determination
	// Level is who determined.
	Level = verify.Level
	// Measure is one consequence, with its last day.
	Measure = policy.Measure
)

// Determined are a person's determinations, and the measures that they bring today.
type Determined struct {
	PersonID       string // empty for nobody known
	Determinations []Determination
	Measures       []Measure
}

// operatorName stands in events for the operator's own commands.
const operatorName = "operator"

// Determine records what an authority determined of whom the document names; made is false where it was recorded before.
func (o *Operator) Determine(ctx context.Context, document verify.Document, d Determination) (out Determination, measures []Measure, made bool, err error) {
	s, rules, err := o.service(ctx)
	if err != nil {
		return d, nil, false, err
	}
	if out, made, err = s.Determine(ctx, document, d, operatorName); err != nil {
		return d, nil, false, err
	}
	return out, rules.Measures([]compliance.Determination{{On: out.On, Ground: out.Ground}}, out.On), made, nil
}

// LiftDetermination ends a determination.
func (o *Operator) LiftDetermination(ctx context.Context, id, reason, ref string) (Determination, error) {
	s, _, err := o.service(ctx)
	if err != nil {
		return Determination{}, err
	}
	return s.Lift(ctx, id, reason, ref, operatorName)
}

// Determinations tells what was determined of one person. Asking is an event of the tenant as whose it is asked.
func (o *Operator) Determinations(ctx context.Context, tenantID string, q LimitQuery) (Determined, error) {
	d, err := o.desk(ctx, tenantID)
	if err != nil {
		return Determined{}, err
	}
	view, err := d.Limits(ctx, d.caller, q)
	if err != nil || view.PersonID == "" {
		return Determined{}, err
	}
	all, measures, err := d.Measures(ctx, view.PersonID)
	return Determined{PersonID: view.PersonID, Determinations: all, Measures: measures}, err
}
