package storetest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"sync"
	"testing"
	"time"

	"realname/compliance"
	"realname/compliance/vault"
	"realname/internal/sqlstore"
	"realname/ratelimit/quota"
	"realname/verify"
)

// Ids of the fixture.
const (
	Tenant      = "tnt_a"
	OtherTenant = "tnt_b"
	LegalEntity = "ent_a"
	Product     = "phone_card"
	Family      = "phone_cards"
)

// Live are the states that the fixture's demands count.
var Live = []quota.State{quota.Reserved, quota.PendingActivation, quota.Active, quota.Suspended}

// IDs makes ids by the machine's clock.
var IDs = compliance.NewIDs(time.Now, rand.Reader)

// Clock is a clock that tests set.
type Clock struct {
	mu sync.Mutex
	t  time.Time
}

// NewClock starts at noon of a day.
func NewClock() *Clock { return &Clock{t: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)} }

// Now is the clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

// Move moves the clock, backwards too.
func (c *Clock) Move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// Key is the document key of an invented document: a hash of its name.
func Key(name string, version int) vault.DocumentKey {
	sum := sha256.Sum256([]byte(name + string(rune('0'+version))))
	return vault.DocumentKey{
		Kind: "resident_id", IssuingState: "CHN", Suite: "hmac-sha256", Version: version, MAC: hex.EncodeToString(sum[:]),
	}
}

// DataKey is a data key that opens nothing.
func DataKey(tenant string) vault.DataKey {
	return vault.DataKey{
		ID: IDs.New(compliance.PrefixDataKey), TenantID: tenant, Relationship: "phone_card", RetentionClass: "phone_registration",
		Suite: "aes-256-gcm", MasterVersion: 1, Wrapped: []byte("wrapped"),
	}
}

// Enrolment brings an invented person.
func Enrolment(name string) verify.Enrolment {
	return verify.Enrolment{
		Keys: []vault.DocumentKey{Key(name, 1)}, NewPersonID: IDs.New(compliance.PrefixPerson), DataKey: DataKey(Tenant),
	}
}

// Person enrols an invented person and returns its id.
func Person(t testing.TB, s *sqlstore.Store, name string) string {
	t.Helper()
	e, err := s.Enroll(context.Background(), Enrolment(name))
	if err != nil {
		t.Fatal(err)
	}
	return e.PersonID
}

// Demand counts a person's living openings of Product at LegalEntity; everybody's for an empty person.
func Demand(person string, limit int) quota.Demand {
	d := quota.Demand{
		Family: Family, Clause: "R-5CARD", Reason: "quota_exceeded", Products: []string{Product}, States: Live,
		Counts: quota.Openings, Mode: quota.Hard, Person: person, Entity: LegalEntity, Max: limit, Want: 1,
	}
	if person != "" {
		d.By = append(d.By, quota.Key{Part: quota.Holder, ID: person})
	}
	d.By = append(d.By, quota.Key{Part: quota.LegalEntity, ID: LegalEntity})
	return d
}

// Draft is a decision in the making.
type Draft struct {
	ID, Tenant, Person, Key, BizNo string
	Version                        int
	Outcome                        compliance.Outcome
	Sealed                         []byte
}

// Decision makes the row of d at a time.
func Decision(d Draft, at time.Time) (verify.DecisionRow, error) {
	if d.Tenant == "" {
		d.Tenant = Tenant
	}
	if d.Version == 0 {
		d.Version = 1
	}
	if d.Outcome == "" {
		d.Outcome = compliance.Approved
	}
	dec := compliance.Decision{
		ID: d.ID, Version: d.Version, TenantID: d.Tenant, Scene: compliance.ScenePhoneCard, Occasion: compliance.OccasionOpen,
		Product: Product, CustomerType: "individual", Channel: compliance.ChannelPhysical, Outcome: d.Outcome,
		PolicyDigest: compliance.Digest([]byte("policy")), DecidedAt: at, Purpose: "opening", LegalBasis: "contract",
	}
	switch d.Outcome {
	case compliance.Approved:
		dec.ExpiresAt = at.Add(time.Hour)
	case compliance.Pending:
		dec.Deadline = at.Add(time.Hour)
	}
	ev, canonical, err := compliance.NewDecisionEvent(IDs.New(compliance.PrefixEvent), dec)
	return verify.DecisionRow{
		Decision: dec, Canonical: canonical, Event: ev, PersonID: d.Person, LegalEntityID: LegalEntity, BizNo: d.BizNo,
		Channel:        verify.Channel{Kind: dec.Channel, ChannelAgent: "agt_1", Outlet: "out_1", Clerk: "clk_1", Terminal: "trm_1"},
		IdempotencyKey: d.Key, RequestDigest: "digest of " + d.Key, Sealed: d.Sealed,
	}, err
}

// Opening makes a reservation of d's product.
func Opening(d Draft, id string, lease time.Time) *verify.Opening {
	tenant := d.Tenant
	if tenant == "" {
		tenant = Tenant
	}
	return &verify.Opening{
		ID: id, TenantID: tenant, LegalEntityID: LegalEntity, PersonID: d.Person, DecisionID: d.ID,
		Product: Product, State: quota.Reserved, LeaseUntil: lease, Origin: "gateway",
	}
}

// Reserve is the unit of work that decides d under the demands: approved with
// an opening when they admit it, else rejected.
func Reserve(d Draft, openingID string, lease time.Duration, demands ...quota.Demand) verify.Record {
	if d.ID == "" {
		d.ID = IDs.New(compliance.PrefixDecision)
	}
	if openingID == "" {
		openingID = IDs.New(compliance.PrefixOpening)
	}
	var persons []string
	for _, q := range demands {
		if q.Person != "" {
			persons = append(persons, q.Person)
		}
	}
	return verify.Record{Persons: persons, Demands: demands, Build: func(at time.Time, uses []quota.Use, _ compliance.ImageReuse) (verify.Rows, error) {
		draft := d
		admitted := len(quota.Refused(uses)) == 0
		if !admitted {
			draft.Outcome = compliance.Rejected
		}
		row, err := Decision(draft, at)
		rows := verify.Rows{Decision: row}
		if admitted {
			rows.Opening = Opening(d, openingID, at.Add(lease))
		}
		return rows, err
	}}
}

// Event makes an event of a kind about a subject.
func Event(t testing.TB, kind compliance.EventKind, tenant, subject string, at time.Time) compliance.Event {
	t.Helper()
	ev, err := NewEvent(kind, tenant, subject, at)
	if err != nil {
		t.Fatal(err)
	}
	return ev
}

// NewEvent is Event for use inside transactions.
func NewEvent(kind compliance.EventKind, tenant, subject string, at time.Time) (compliance.Event, error) {
	return compliance.NewEvent(IDs.New(compliance.PrefixEvent), kind, tenant, subject, at, map[string]string{})
}
