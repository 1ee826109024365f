package verify

import (
	"context"
	"regexp"
	"time"

	"realname/compliance"
	"realname/compliance/policy"
	"realname/compliance/vault"
	"realname/ratelimit/quota"
	"realname/verify/idnumber"
)

// LimitQuery asks what one person has used of every limit. The person is named by id or by a document.
type LimitQuery struct {
	PersonID   string // prs_…; empty: Document names the person
	Document   Document
	Phone      Secret // for families that count by phone number; optional
	Purpose    string // why the person is looked up: a word of a-z, 0-9 and ._-
	LegalBasis string // as Purpose
}

// LimitView is what a person has used as the tenant's own requests would be counted now. It holds nothing of other persons.
type LimitView struct {
	At           time.Time
	Date         string // YYYY-MM-DD in China: the clauses in force then
	PersonID     string // empty when the ledger knows nobody of the kind
	PolicyDigest string
	Limits       []LimitUse       // in the order of the clauses
	Uncounted    []LimitUncounted // families that need more than was given
	Windows      []WindowUse      // velocities over the person, the phone number and the tenant, in the order of the clauses
}

// LimitUse is one limit and how much of it is used.
type LimitUse struct {
	Limit  policy.Limit // Max as it binds this tenant
	Clause policy.Clause
	Use    compliance.QuotaUse // as a decision would have it

	StockComplete bool // the legal entity's whole stock of the family is stated to be loaded
}

// Frees says what would free a slot, or let the next request pass; empty where there is room.
func (u LimitUse) Frees() []string {
	out := u.Use.Frees()
	if u.Use.Exceeded() && u.Limit.Mode == policy.ModeInPrinciple {
		out = append(out, compliance.FreesException)
	}
	return out
}

// LimitUncounted is a limit that could not be counted without the parts named.
type LimitUncounted struct {
	Limit  policy.Limit
	Clause policy.Clause
	Needs  []string
}

// LookupLedger finds persons for who asks about them.
type LookupLedger interface {
	// LookUp finds the person and the phone number, records who asked with the event, and makes nobody.
	LookUp(ctx context.Context, l Lookup) (LookedUp, error)
}

// Lookup names a person by id or by keys, newest key version first.
type Lookup struct {
	ID         string
	TenantID   string
	PersonID   string
	Keys       []vault.DocumentKey
	Phone      []vault.DocumentKey // none: no number was given
	By         string              // key id, or `operator`
	Purpose    string
	LegalBasis string
	Event      func(at time.Time) (compliance.Event, error)
}

// LookedUp is who was found; ids are empty for what the ledger does not know.
type LookedUp struct {
	PersonID string
	PhoneID  string
	At       time.Time
}

var wordPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]{0,63}$`)

// operatorKey stands for the operator's own commands, which have no key.
const operatorKey = "operator"

// Limits tells what a person has used of every limit that binds the caller today. Who asked, and why, is an event.
func (s *Service) Limits(ctx context.Context, c Caller, q LimitQuery) (LimitView, error) {
	s = s.pinned()
	for field, word := range map[string]string{"/purpose": q.Purpose, "/legal_basis": q.LegalBasis} {
		if !wordPattern.MatchString(word) {
			return LimitView{}, compliance.E(compliance.FaultInvalid, "validation_failed", "say why the person is looked up").At(field)
		}
	}
	today := idnumber.DateOf(s.o.Now())
	found, err := s.lookUp(ctx, c, q, today)
	if err != nil {
		return LimitView{}, err
	}
	own, err := s.o.Ledger.TenantLimits(ctx, c.TenantID)
	if err != nil {
		return LimitView{}, ledgerError(err)
	}
	v := LimitView{At: found.At, Date: today.String(), PersonID: found.PersonID, PolicyDigest: s.rules().Digest()}
	counted := s.stranger(found)
	var demands []quota.Demand
	var whole []bool
	for _, l := range s.limitsOf(c.Sector, today) {
		l, binds := binding(l, own)
		if !binds {
			continue
		}
		clause, _ := s.rules().Clause(l.Clause, v.Date)
		of := Demands(l, c, everyPart(l, counted, q.Phone != ""))
		if len(of) == 0 {
			v.Uncounted = append(v.Uncounted, LimitUncounted{Limit: l, Clause: clause, Needs: []string{string(quota.Phone)}})
			continue
		}
		demands, whole = append(demands, of[0]), append(whole, of[0].Whole) // every part is one person or number
		demands[len(demands)-1].Whole = true                                // to be told, also where the limit does not ask for it
		v.Limits = append(v.Limits, LimitUse{Limit: l, Clause: clause})
	}
	uses, err := s.o.Ledger.Count(ctx, demands)
	if err != nil {
		return LimitView{}, ledgerError(err)
	}
	for i, u := range quotaUses(uses) { // one demand each, in the same order
		v.Limits[i].StockComplete = !u.Incomplete
		u.Incomplete = u.Incomplete && whole[i]
		v.Limits[i].Use = u
	}
	v.Windows, err = s.windowUses(ctx, c, counted, q.Phone != "", today)
	return v, err
}

// LimitsInForce are the limits that the caller's requests can meet today, as the clauses say them.
func (s *Service) LimitsInForce(c Caller) []policy.Limit {
	return s.limitsOf(c.Sector, idnumber.DateOf(s.o.Now()))
}

func (s *Service) lookUp(ctx context.Context, c Caller, q LimitQuery, today idnumber.Date) (LookedUp, error) {
	l := Lookup{
		ID: s.o.IDs.New(compliance.PrefixLookup), TenantID: c.TenantID, PersonID: q.PersonID,
		By: c.KeyID, Purpose: q.Purpose, LegalBasis: q.LegalBasis,
	}
	if l.By == "" {
		l.By = operatorKey
	}
	switch {
	case q.PersonID == "":
		subject, code := s.stockSubject(q.Document, today)
		if code != "" {
			return LookedUp{}, compliance.E(compliance.FaultUnprocessable, code, "the document names nobody").At("/document")
		}
		keys, err := s.documentKeys(subject)
		if err != nil {
			return LookedUp{}, err
		}
		l.Keys = keys
	case !compliance.ValidID(compliance.PrefixPerson, q.PersonID):
		return LookedUp{}, compliance.E(compliance.FaultInvalid, "validation_failed", "a person's id looks like prs_…").At("/person")
	}
	if number := s.phone(q.Phone, today); number != "" {
		keys, err := s.o.Vault.DocumentKeys(string(idnumber.MobilePhone), "CHN", number)
		if err != nil {
			return LookedUp{}, vaultError(err)
		}
		l.Phone = keys
	} else if q.Phone != "" {
		return LookedUp{}, compliance.E(compliance.FaultInvalid, "validation_failed", "a phone number has digits").At("/phone")
	}
	eventID := s.o.IDs.New(compliance.PrefixEvent)
	l.Event = func(at time.Time) (compliance.Event, error) {
		return compliance.NewEvent(eventID, compliance.EventPersonLookedUp, c.TenantID, l.ID, at,
			map[string]string{"by": l.By, "purpose": l.Purpose, "legal_basis": l.LegalBasis})
	}
	found, err := s.o.Ledger.LookUp(ctx, l)
	if err != nil {
		return LookedUp{}, ledgerError(err)
	}
	s.o.OnCommit()
	return found, nil
}

// stranger gives whoever is not known an id that nothing counts for, so that every count is made in one way.
func (s *Service) stranger(f LookedUp) LookedUp {
	if f.PersonID == "" {
		f.PersonID = s.o.IDs.New(compliance.PrefixPerson)
	}
	if f.PhoneID == "" {
		f.PhoneID = s.o.IDs.New(compliance.PrefixPhone)
	}
	return f
}

// everyPart puts the person into each part that the limit counts by, and the phone number where one was given.
func everyPart(l policy.Limit, f LookedUp, phone bool) Enrolled {
	e := Enrolled{PersonID: f.PersonID}
	for _, per := range l.Per {
		switch part := quota.Part(per); part {
		case quota.Holder, quota.LegalEntity, quota.Tenant:
		case quota.Phone:
			if phone {
				e.Others = append(e.Others, quota.Key{Part: part, ID: f.PhoneID})
			}
		default:
			e.Others = append(e.Others, quota.Key{Part: part, ID: f.PersonID})
		}
	}
	return e
}
