package httpapi

import (
	"context"
	"slices"
	"strconv"
	"time"

	"realname/compliance"
	"realname/compliance/explanation"
	"realname/compliance/policy"
	"realname/verify"
)

type verificationAnswer struct {
	ID           string              `json:"id"`
	Version      int                 `json:"version"`
	BizNo        string              `json:"biz_no"`
	Scene        compliance.Scene    `json:"scene"`
	Event        compliance.Occasion `json:"event"`
	Product      string              `json:"product"`
	OwnProduct   string              `json:"own_product,omitempty"`
	CustomerType string              `json:"customer_type"`
	Decision     compliance.Outcome  `json:"decision"`
	Reasons      []reasonAnswer      `json:"reasons"`
	Checks       []checkAnswer       `json:"checks"`
	Quotas       []quotaAnswer       `json:"quotas"`
	WaitingOn    []string            `json:"waiting_on"`
	Needed       []string            `json:"needed"`
	Deadline     time.Time           `json:"deadline,omitzero"`
	PolicyDigest string              `json:"policy_digest"`
	Digest       string              `json:"decision_digest"`
	DecidedAt    time.Time           `json:"decided_at"`
	ExpiresAt    time.Time           `json:"expires_at,omitzero"`
	Consumes     string              `json:"consumes,omitempty"`
	Opening      *openingSummary     `json:"opening,omitempty"`
	Receipt      string              `json:"receipt"`
	PersonalData verify.PersonalData `json:"personal_data,omitempty"`
}

type verificationList struct {
	Items []verificationAnswer `json:"items"`
}

type reasonAnswer struct {
	Code      string           `json:"code"`
	Message   string           `json:"message"`        // for the clerk
	Person    string           `json:"person_message"` // to be shown to the person
	Remedy    string           `json:"remedy"`
	Materials []materialAnswer `json:"materials"`
	Retry     compliance.Retry `json:"retry"`
	Clauses   []clauseAnswer   `json:"clauses"`
	Appeal    *appealAnswer    `json:"appeal,omitempty"`
}

type materialAnswer struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type clauseAnswer struct {
	ID         string `json:"id"`
	Instrument string `json:"instrument"` // official title, in Chinese
	Article    string `json:"article"`
	Title      string `json:"title"`
	Text       string `json:"text"`
	Remedy     string `json:"remedy,omitempty"`
	Unverified bool   `json:"unverified"`
}

type appealAnswer struct {
	ID         string `json:"id"`
	Clause     string `json:"clause"`
	Instrument string `json:"instrument"`
	Article    string `json:"article"`
	Days       int    `json:"days,omitempty"`
	Text       string `json:"text"`
}

type checkAnswer struct {
	Name    string                 `json:"name"`
	Result  compliance.CheckResult `json:"result"`
	Source  string                 `json:"source"`
	Reasons []string               `json:"reasons"`
	At      time.Time              `json:"at"`
}

// quotaAnswer is one count of a limit that the law or the tenant sets, this request not included.
type quotaAnswer struct {
	Family     string    `json:"family"`
	Clause     string    `json:"clause"`
	Used       int       `json:"used"`
	Limit      int       `json:"limit"`
	Reserved   int       `json:"reserved"`
	FreesAt    time.Time `json:"frees_at,omitzero"`
	Incomplete bool      `json:"incomplete"`
	Exception  string    `json:"exception,omitempty"`
	Exceeded   bool      `json:"exceeded"`
	Frees      []string  `json:"frees"`
}

func tellQuota(q compliance.QuotaUse) quotaAnswer {
	return quotaAnswer{
		Family: q.Family, Clause: q.Clause, Used: q.Used, Limit: q.Limit, Reserved: q.Reserved, FreesAt: q.FreesAt,
		Incomplete: q.Incomplete, Exception: q.Exception, Exceeded: q.Exceeded(), Frees: q.Frees(),
	}
}

type openingSummary struct {
	ID         string    `json:"id"`
	State      string    `json:"state"`
	LeaseUntil time.Time `json:"lease_until,omitzero"`
}

type openingAnswer struct {
	ID             string    `json:"id"`
	VerificationID string    `json:"verification_id,omitempty"`
	Product        string    `json:"product"`
	State          string    `json:"state"`
	LeaseUntil     time.Time `json:"lease_until,omitzero"`
	Origin         string    `json:"origin"`
	ExternalRef    string    `json:"external_ref,omitempty"`
	Predecessor    string    `json:"predecessor,omitempty"`
	OpenedAt       time.Time `json:"opened_at,omitzero"`
	CreatedAt      time.Time `json:"created_at"`
	UpdatedAt      time.Time `json:"updated_at"`
}

type uploadAnswer struct {
	ID         string                  `json:"id"`
	Kind       compliance.EvidenceKind `json:"kind"`
	Length     int64                   `json:"length"`
	Received   int64                   `json:"received"`
	Complete   bool                    `json:"complete"`
	Digest     string                  `json:"digest,omitempty"`
	Token      string                  `json:"token,omitempty"`
	TokenUntil time.Time               `json:"token_until,omitzero"`
}

type importAnswer struct {
	ID      string             `json:"id"`
	Loaded  int                `json:"loaded"`
	Skipped int                `json:"skipped"`
	Refused []importRowRefusal `json:"refused"`
}

type importRowRefusal struct {
	Row     int    `json:"row"`
	Code    string `json:"code"`
	Pointer string `json:"pointer,omitempty"`
	Message string `json:"message"`
}

// teller puts decisions into words for the clerk and the person, in one language.
type teller struct {
	lang    string
	clauses Clauses
}

func (t teller) verification(ctx context.Context, a verify.Answer) verificationAnswer {
	d := &a.Decision
	out := verificationAnswer{
		ID: d.ID, Version: d.Version, BizNo: a.BizNo, Scene: d.Scene, Event: d.Occasion, Product: d.Product, OwnProduct: d.Facts.OwnProduct,
		CustomerType: d.CustomerType, Decision: d.Outcome, Reasons: []reasonAnswer{}, Checks: []checkAnswer{},
		Quotas: []quotaAnswer{}, WaitingOn: orEmpty(d.WaitingOn), Needed: orEmpty(d.Needed), Deadline: d.Deadline,
		PolicyDigest: d.PolicyDigest, Digest: a.Digest, DecidedAt: d.DecidedAt, ExpiresAt: d.ExpiresAt, Consumes: d.Consumes,
		Receipt: "/v1/verifications/" + d.ID + "/receipt?version=" + strconv.Itoa(d.Version), PersonalData: a.PersonalData,
	}
	for _, r := range d.Reasons {
		told := t.reason(ctx, r, d)
		if !slices.ContainsFunc(out.Reasons, func(o reasonAnswer) bool { return o.Code == told.Code }) {
			out.Reasons = append(out.Reasons, told)
		}
	}
	for _, c := range d.Checks {
		out.Checks = append(out.Checks, checkAnswer{Name: c.Name, Result: c.Result, Source: c.Source, Reasons: publicCodes(c.Reasons), At: c.At})
	}
	for _, q := range d.Quotas {
		out.Quotas = append(out.Quotas, tellQuota(q))
	}
	switch ref := d.Opening; {
	case a.Opening != nil:
		out.Opening = &openingSummary{ID: a.Opening.ID, State: string(a.Opening.State), LeaseUntil: a.Opening.LeaseUntil}
	case ref != nil && ref.State != "":
		out.Opening = &openingSummary{ID: ref.ID, State: ref.State, LeaseUntil: ref.LeaseUntil}
	}
	return out
}

// reason tells one reason. What is not disclosed is told as the neutral reason
// and without its clauses, whose titles would name the suspicion.
func (t teller) reason(ctx context.Context, ref compliance.ReasonRef, d *compliance.Decision) reasonAnswer {
	r := compliance.PublicReason(ref.Code)
	out := reasonAnswer{
		Code: r.Code, Message: r.Clerk.In(t.lang), Person: r.Person.In(t.lang), Remedy: r.Remedy.In(t.lang),
		Materials: []materialAnswer{}, Retry: r.Retry, Clauses: []clauseAnswer{},
	}
	for _, m := range r.Materials {
		out.Materials = append(out.Materials, materialAnswer{ID: m.ID, Name: m.Text().In(t.lang)})
	}
	if r.Code == ref.Code {
		out.Clauses = t.clausesOf(ctx, ref.Clauses, d)
	}
	if d.Outcome == compliance.Rejected || d.Outcome == compliance.Review {
		out.Appeal = t.appeal(compliance.AppealWay(d.Facts.Sector, d.Scene))
	}
	return out
}

// clausesOf tells the articles, without those that would name a suspicion.
func (t teller) clausesOf(ctx context.Context, ids []string, d *compliance.Decision) []clauseAnswer {
	out := make([]clauseAnswer, 0, len(ids))
	for _, id := range ids {
		c, ok := t.clauses.Clause(ctx, d.PolicyDigest, id, d.Facts.Date)
		switch {
		case ok && explanation.Tellable(&c):
			out = append(out, t.clause(c))
		case !ok && !isVelocity(id, d.Findings):
			// The policy that decided is gone; the decision's own finding still names the article.
			out = append(out, citedIn(id, d.Findings))
		}
	}
	return out
}

func isVelocity(id string, findings []compliance.Finding) bool {
	return slices.ContainsFunc(findings, func(f compliance.Finding) bool { return f.Clause == id && f.Kind == policy.KindVelocity })
}

func (t teller) clause(c policy.Clause) clauseAnswer {
	text := c.TextZH
	if t.lang == langEN {
		text = c.TextEN
	}
	return clauseAnswer{
		ID: c.ID, Instrument: c.Instrument, Article: c.Article, Title: c.TitleZH, Text: text, Remedy: c.Remedy.In(t.lang),
		Unverified: c.Unverified,
	}
}

func citedIn(id string, findings []compliance.Finding) clauseAnswer {
	for _, f := range findings {
		if f.Clause == id {
			return clauseAnswer{ID: id, Article: f.Article, Unverified: f.Unchecked}
		}
	}
	return clauseAnswer{ID: id, Unverified: true}
}

func (t teller) appeal(a compliance.Appeal) *appealAnswer {
	return &appealAnswer{
		ID: a.ID, Clause: a.Clause, Instrument: a.Instrument.In(t.lang), Article: a.Article, Days: a.Days, Text: a.Text.In(t.lang),
	}
}

// publicCodes are the codes of a check that the clerk may see, without repeats.
func publicCodes(codes []string) []string {
	out := make([]string, 0, len(codes))
	for _, code := range codes {
		if told := compliance.PublicReason(code).Code; !slices.Contains(out, told) {
			out = append(out, told)
		}
	}
	return out
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func tellOpening(o verify.Opening) openingAnswer {
	return openingAnswer{
		ID: o.ID, VerificationID: o.DecisionID, Product: o.Product, State: string(o.State), LeaseUntil: o.LeaseUntil,
		Origin: o.Origin, ExternalRef: o.ExternalRef, Predecessor: o.PredecessorID, OpenedAt: o.OpenedAt, CreatedAt: o.CreatedAt, UpdatedAt: o.UpdatedAt,
	}
}

func tellUpload(u verify.Upload) uploadAnswer {
	return uploadAnswer{
		ID: u.ID, Kind: u.Kind, Length: u.Length, Received: u.Received, Complete: u.Complete, Digest: u.Digest,
		Token: u.Token, TokenUntil: u.TokenUntil,
	}
}

// message is the clerk's text of a code.
func message(code, lang string) string { return compliance.PublicReason(code).Clerk.In(lang) }
