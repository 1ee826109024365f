package compliance

import (
	"time"

	"github.com/go-json-experiment/json"
)

// EventKind says what an event records. The list only grows.
type EventKind string

// The kinds of events.
const (
	EventDecision          EventKind = "decision"
	EventAttemptRefused    EventKind = "attempt.refused" // input that could not be decoded
	EventOpeningConfirmed  EventKind = "opening.confirmed"
	EventOpeningActivated  EventKind = "opening.activated"
	EventOpeningSuspended  EventKind = "opening.suspended"
	EventOpeningResumed    EventKind = "opening.resumed"
	EventOpeningReplaced   EventKind = "opening.replaced"  // a new card in the same slot
	EventOpeningReclassed  EventKind = "opening.reclassed" // an account of another class
	EventOpeningReleased   EventKind = "opening.released"
	EventOpeningExpired    EventKind = "opening.expired"
	EventOpeningClosed     EventKind = "opening.closed"
	EventOpeningsImported  EventKind = "openings.imported"
	EventBaselineStated    EventKind = "baseline.stated" // a family's nationwide stock is, or is not, complete
	EventReconciling       EventKind = "reconciliation.started"
	EventReconciled        EventKind = "reconciliation.ended"
	EventStockUnmatched    EventKind = "stock.unmatched" // an opening that only the ledger or only the tenant's file has
	EventStockDiffers      EventKind = "stock.differs"   // both have it, but not the same of it
	EventEvidenceReceived  EventKind = "evidence.received"
	EventEvidenceDisclosed EventKind = "evidence.disclosed"       // a copy left; also each time that it left again
	EventFieldDisclosed    EventKind = "decision.field_disclosed" // one input of a decision left, with what proves it
	EventRetentionEnded    EventKind = "evidence.retention_ended" // the content went: no clause wants it any more
	EventTenantAdded       EventKind = "tenant.added"
	EventTenantLimitSet    EventKind = "tenant.limit_set"
	EventTenantSettingsSet EventKind = "tenant.settings_set"
	EventExported          EventKind = "audit.exported" // an inspection package was made
	EventKeyCreated        EventKind = "key.created"
	EventKeyRevoked        EventKind = "key.revoked"
	EventLogReopened       EventKind = "log.reopened"  // a log under a new origin begins, and names the head of the old one
	EventLogKeyAdded       EventKind = "log.key_added" // the log is signed with one more key from here on
	EventPolicyDrafted     EventKind = "policy.drafted"
	EventPolicyChecked     EventKind = "policy.checked" // it loads, and decides its examples as they want
	EventPolicyShadowed    EventKind = "policy.shadowed"
	EventPolicyProposed    EventKind = "policy.proposed"
	EventPolicyApproved    EventKind = "policy.approved" // by another operator than who proposed it
	EventPolicyLive        EventKind = "policy.live"     // it decides from an instant on
	EventPolicyRetired     EventKind = "policy.retired"
	EventPolicyWithdrawn   EventKind = "policy.withdrawn"
	EventGatewayStarted    EventKind = "gateway.started"
	EventGatewayStopped    EventKind = "gateway.stopped"
	EventImagesErased      EventKind = "images.erased" // a person's entries in the index of images

	EventMasterKeyAdded     EventKind = "master_key.added"
	EventMasterKeyDestroyed EventKind = "master_key.destroyed"
	EventRewrapStarted      EventKind = "rewrap.started"
	EventRewrapEnded        EventKind = "rewrap.ended"
	EventErasureAsked       EventKind = "erasure.asked" // until its end the data is kept for the law alone
	EventErasure            EventKind = "erasure"       // a data key was destroyed

	EventExceptionProposed EventKind = "exception.proposed"
	EventExceptionApproved EventKind = "exception.approved"
	EventPersonLookedUp    EventKind = "person.looked_up" // somebody asked what a person holds

	EventDetermined          EventKind = "determination.recorded" // an authority determined that measures bind a person
	EventDeterminationLifted EventKind = "determination.lifted"
	EventObjectionFiled      EventKind = "objection.filed"
	EventObjectionResolved   EventKind = "objection.resolved"
	EventObjectionOverdue    EventKind = "objection.overdue" // the last day for its answer has passed
	EventCalendarExtended    EventKind = "calendar.extended"
)

// Event is one fact that the audit log commits to. It is written in the same
// ledger transaction as what it records. Body is canonical JSON (RFC 8785)
// without personal data.
type Event struct {
	ID       string
	Kind     EventKind
	TenantID string
	Subject  string // id of the decision, opening, evidence … it is about
	At       time.Time
	Body     []byte
}

// eventBody is the published shape of an event, version 1.
type eventBody struct {
	V       int       `json:"v"`
	ID      string    `json:"id"`
	Kind    EventKind `json:"kind"`
	Tenant  string    `json:"tenant"`
	Subject string    `json:"subject"`
	At      string    `json:"at"`
	Data    any       `json:"data"`
}

// NewEvent makes an event whose Body is the canonical encoding of its envelope and data.
func NewEvent(id string, kind EventKind, tenantID, subject string, at time.Time, data any) (Event, error) {
	at = at.UTC().Truncate(time.Microsecond)
	body, err := Canonical(eventBody{
		V: 1, ID: id, Kind: kind, Tenant: tenantID, Subject: subject,
		At: at.Format(time.RFC3339Nano), Data: data,
	})
	if err != nil {
		return Event{}, err
	}
	return Event{ID: id, Kind: kind, TenantID: tenantID, Subject: subject, At: at, Body: body}, nil
}

// DecisionData is the data of a decision event: digests and commitments only.
type DecisionData struct {
	Version      int          `json:"version"`
	Outcome      Outcome      `json:"outcome"`
	Scene        Scene        `json:"scene"`
	Digest       string       `json:"decision_digest"` // hex SHA-256 of the canonical Decision
	PolicyDigest string       `json:"policy_digest"`
	Clauses      []string     `json:"clauses"` // that the outcome rests on
	Commitments  []Commitment `json:"commitments"`
	Opening      string       `json:"opening,omitempty"`
}

// NewDecisionEvent makes the event of one version of a decision, and returns
// the canonical bytes of the decision that it commits to.
func NewDecisionEvent(id string, d Decision) (Event, []byte, error) {
	record, err := Canonical(d)
	if err != nil {
		return Event{}, nil, err
	}
	data := DecisionData{
		Version: d.Version, Outcome: d.Outcome, Scene: d.Scene,
		Digest: Digest(record), PolicyDigest: d.PolicyDigest,
		Clauses: citedClauses(d.Reasons), Commitments: d.Commitments,
	}
	if d.Opening != nil {
		data.Opening = d.Opening.ID
	}
	ev, err := NewEvent(id, EventDecision, d.TenantID, d.ID, d.DecidedAt, data)
	return ev, record, err
}

func citedClauses(reasons []ReasonRef) []string {
	seen := map[string]bool{}
	cited := []string{}
	for _, r := range reasons {
		for _, c := range r.Clauses {
			if !seen[c] {
				seen[c] = true
				cited = append(cited, c)
			}
		}
	}
	return cited
}

// DecodeDecision reads the canonical bytes of a decision back.
func DecodeDecision(record []byte) (Decision, error) {
	var d Decision
	err := json.Unmarshal(record, &d)
	return d, err
}
