// Package explanation says why a decision is what it is: what each clause in force demanded and found, which finding
// decided, what the others would have given, what would lift a refusal, and where to object.
//
// It reads the stored decision and the policy that decided, nothing else, so that the same decision is explained by the
// same bytes at any time. What an audience may not learn (list hits, suspicion, thresholds) is left out whether or not it
// was found: what is missing tells nothing.
package explanation

import (
	"time"

	"realname/compliance"
	"realname/compliance/policy"
)

// Clauses finds a clause of the policy that decided, in force on the date of the decision; false when it is lost.
type Clauses func(id string) (policy.Clause, bool)

// Explanation is one decision told to one audience in one language.
type Explanation struct {
	Decision      string              `json:"decision_id"`
	Version       int                 `json:"version"`
	Audience      compliance.Audience `json:"audience"`
	Lang          string              `json:"lang"`
	Scene         compliance.Scene    `json:"scene"`
	Product       string              `json:"product"`
	Outcome       compliance.Outcome  `json:"decision"`
	Date          string              `json:"date"` // Asia/Shanghai civil date whose clauses applied
	DecidedAt     time.Time           `json:"decided_at"`
	PolicyDigest  string              `json:"policy_digest,omitempty"` // officials only
	PolicyMissing bool                `json:"policy_missing"`          // some text of the clauses is lost
	Reasons       []Reason            `json:"reasons"`
	Why           Why                 `json:"why"`
	Clauses       []Clause            `json:"clauses"`
	NotExecuted   []Unexecuted        `json:"not_executed"`
	Ways          []Way               `json:"ways"`                // to object; only of a refusal or a review
	Deadline      time.Time           `json:"deadline,omitzero"`   // until when a pending decision waits
	Velocities    []Velocity          `json:"velocities"`          // officials only
	PhotoSeen     int                 `json:"photo_seen_with"`     // officials only: other persons that the photo came with
	ExpiresAt     time.Time           `json:"expires_at,omitzero"` // of an approval
}

// Reason is one ground of the decision, in the audience's words.
type Reason struct {
	Code      string           `json:"code"`
	ToldAs    string           `json:"told_as,omitempty"` // officials only: what person and clerk read in its place
	Message   string           `json:"message"`
	Remedy    string           `json:"remedy"`
	Materials []Material       `json:"materials"`
	Retry     compliance.Retry `json:"retry"`
	Clauses   []Citation       `json:"clauses"`
}

// Material is something to bring or send.
type Material struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Citation names an article. Remedy is the clause's own.
type Citation struct {
	ID         string `json:"id"`
	Instrument string `json:"instrument"` // official title, in Chinese
	Article    string `json:"article"`    // empty when unseen
	Title      string `json:"title"`
	Remedy     string `json:"remedy,omitempty"`
	Unverified bool   `json:"unverified"`
}

// Clause is one clause in force, with what it demanded and found.
type Clause struct {
	Citation
	Kind     string    `json:"kind"`
	Version  string    `json:"version"` // in force from, YYYY-MM-DD
	Until    string    `json:"until,omitempty"`
	Text     string    `json:"text"`
	Findings []Finding `json:"findings"`
}

// Finding is one demand of a clause.
type Finding struct {
	Subject  string             `json:"subject,omitempty"` // officials only: check, family or window, as the policy names it
	Demanded string             `json:"demanded"`
	Found    string             `json:"found"`
	Outcome  compliance.Outcome `json:"outcome"` // what this finding alone would decide
	Reason   string             `json:"reason,omitempty"`
	Decides  bool               `json:"decides"` // as strict as the decision itself
}

// Unexecuted is a check that nobody could do.
type Unexecuted struct {
	Check   string   `json:"check"`
	Name    string   `json:"name"`
	Reasons []string `json:"reasons"`
}

// Way is where a refusal can be objected to.
type Way struct {
	ID         string `json:"id"`
	Clause     string `json:"clause"`
	Instrument string `json:"instrument"`
	Article    string `json:"article"`
	Channel    string `json:"channel"`
	Days       int    `json:"days,omitempty"` // the institution answers within; absent where the article sets no day count
	Term       string `json:"term"`           // the same in words
	Text       string `json:"text"`
}

// Velocity is what a sliding window held.
type Velocity struct {
	Name     string `json:"name"`
	Clause   string `json:"clause"`
	Used     int    `json:"used"`
	Limit    int    `json:"limit"`
	Full     bool   `json:"full"`
	Executed bool   `json:"executed"`
}

// Explain tells a decision to an audience; lang is `en`, or else Chinese.
func Explain(d *compliance.Decision, clauses Clauses, audience compliance.Audience, lang string) Explanation {
	t := teller{d: d, clauses: clauses, audience: audience, lang: lang}
	e := Explanation{
		Decision: d.ID, Version: d.Version, Audience: audience, Lang: lang, Scene: d.Scene, Product: d.Product,
		Outcome: d.Outcome, Date: d.Facts.Date, DecidedAt: d.DecidedAt, Deadline: d.Deadline, ExpiresAt: d.ExpiresAt,
		Ways: []Way{}, Velocities: []Velocity{},
	}
	e.Clauses = t.tellClauses()
	e.PolicyMissing = t.lost
	e.Reasons = t.tellReasons()
	e.NotExecuted = t.notExecuted()
	e.Why = t.why(e.Clauses, e.Reasons)
	if d.Outcome == compliance.Rejected || d.Outcome == compliance.Review {
		e.Ways = t.ways(e.Reasons)
	}
	if audience.Official() {
		e.PolicyDigest = d.PolicyDigest
		t.official(&e)
	}
	return e
}

// official adds what only the compliance officer and the regulator may learn.
func (t *teller) official(e *Explanation) {
	for _, v := range t.d.Facts.Velocities {
		if !v.Skipped {
			e.Velocities = append(e.Velocities, Velocity{
				Name: v.Name, Clause: v.Clause, Used: v.Used, Limit: v.Limit, Full: v.Full, Executed: v.Executed,
			})
		}
	}
	for _, c := range t.d.Checks {
		if c.Reused != nil {
			e.PhotoSeen = max(e.PhotoSeen, c.Reused.Persons)
		}
	}
}
