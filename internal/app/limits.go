package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"realname/compliance"
	"realname/internal/httpapi"
	"realname/verify"
)

type (
	// LimitQuery asks about one person.
	LimitQuery = verify.LimitQuery
	// LimitView is what the person has used.
	LimitView = verify.LimitView
	// LimitUse is one limit of a view.
	LimitUse = verify.LimitUse
	// WindowUse is one velocity of a view.
	WindowUse = verify.WindowUse
)

// maxPersonText bounds the JSON of one document, in bytes.
const maxPersonText = 64 << 10

var errNoDocument = errors.New(`standard input is no document as JSON, such as {"kind":"resident_id","number":"…","phone":"…"}`)

// ReadPerson reads a document as JSON: kind and number as the API takes them, issuing_state for a passport, and phone where
// families count by it. Its errors say nothing of what was read.
func ReadPerson(in io.Reader) (LimitQuery, error) {
	var d struct {
		Kind         string        `json:"kind"`
		Number       verify.Secret `json:"number"`
		IssuingState string        `json:"issuing_state"`
		Phone        verify.Secret `json:"phone"`
	}
	dec := json.NewDecoder(io.LimitReader(in, maxPersonText))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&d); err != nil || d.Kind == "" || d.Number == "" {
		return LimitQuery{}, errNoDocument
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return LimitQuery{}, errNoDocument
	}
	return LimitQuery{Document: verify.Document{Kind: d.Kind, Number: d.Number, IssuingState: d.IssuingState}, Phone: d.Phone}, nil
}

// Limits tells what a person has used of every limit that binds the tenant. Asking is an event.
func (o *Operator) Limits(ctx context.Context, tenantID string, q LimitQuery) (LimitView, error) {
	d, err := o.desk(ctx, tenantID)
	if err != nil {
		return LimitView{}, err
	}
	return d.Limits(ctx, d.caller, q)
}

// EncodeLimits writes a view as JSON: the answer of POST /v1/limits, and the person's id.
func EncodeLimits(w io.Writer, v LimitView, lang string) error {
	return httpapi.EncodeLimits(w, v, lang)
}

// SetLimit sets how many a family of the tenant's admits. More than a clause allows is an error that names the clause.
func (o *Operator) SetLimit(ctx context.Context, tenantID, family string, most int) error {
	if most < 0 {
		return errors.New("a limit is 0 or more")
	}
	d, err := o.desk(ctx, tenantID)
	if err != nil {
		return err
	}
	var known []string
	for _, l := range d.LimitsInForce(d.caller) {
		known = append(known, l.Family)
		if l.Family == family && most > l.Max {
			return fmt.Errorf("clause %s allows %d of %s: a tenant cannot allow %d", l.Clause, l.Max, family, most)
		}
	}
	if !slices.Contains(known, family) {
		return fmt.Errorf("no family %q binds this tenant today; there are %s", family, strings.Join(known, ", "))
	}
	ev, err := o.event(compliance.EventTenantLimitSet, tenantID, tenantID, map[string]string{"family": family, "max": strconv.Itoa(most)})
	if err != nil {
		return err
	}
	return o.store.SetTenantLimit(ctx, tenantID, family, most, ev)
}
