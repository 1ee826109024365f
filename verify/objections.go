package verify

import (
	"context"
	"errors"
	"slices"
	"time"

	"realname/compliance"
	"realname/compliance/calendar"
	"realname/verify/idnumber"
)

// ObjectionState is where an objection stands.
type ObjectionState string

// The states. Lifted says that the check passed after all: a later verification of the same person was approved.
const (
	ObjectionOpen      ObjectionState = "open"
	ObjectionUpheld    ObjectionState = "upheld" // the decision stands
	ObjectionLifted    ObjectionState = "lifted"
	ObjectionWithdrawn ObjectionState = "withdrawn"
)

// Objection is a person's objection to a decision, as the institution received it (AML law 39, anti-fraud law 32, PIPL 24).
type Objection struct {
	ID             string // obj_…
	TenantID       string
	DecisionID     string
	Way            string // of the catalogue, such as aml_39
	Clause         string // that gives it
	ReceivedOn     string // civil date in China: the clock's anchor
	DueOn          string // last day for the answer; empty where no rule sets a number of days
	Provisional    bool   // DueOn was counted through a year without a notice of its days off
	Reference      string // the institution's own
	State          ObjectionState
	FiledBy        string
	FiledAt        time.Time
	ResolvedBy     string
	ResolvedAt     time.Time
	VerificationID string    // of lifted: the approved one
	OverdueAt      time.Time // when it was recorded that the day had passed; zero: not yet
}

// Overdue reports whether the last day for the answer has passed without one.
func (o *Objection) Overdue(now time.Time) bool {
	return o.State == ObjectionOpen && o.DueOn != "" && idnumber.DateOf(now).String() > o.DueOn
}

// ObjectionLedger keeps objections and the calendar that their clocks count by.
type ObjectionLedger interface {
	// FileObjection writes an objection with its event, or returns the one of the same decision, way and day, made false.
	FileObjection(ctx context.Context, o Objection, event func(o Objection) (compliance.Event, error)) (out Objection, made bool, err error)
	Objection(ctx context.Context, tenantID, id string) (Objection, error)
	// OpenObjections are up to limit open ones of the tenant, the most urgent first.
	OpenObjections(ctx context.Context, tenantID string, limit int) ([]Objection, error)
	// ResolveObjection calls resolve with the objection as it stands and writes what it returns; ErrStale when it is not open.
	ResolveObjection(ctx context.Context, tenantID, id string, resolve func(at time.Time, o Objection) (Objection, compliance.Event, error)) (Objection, error)
	// MarkOverdue records up to limit open objections whose last day lies before today, each once.
	MarkOverdue(ctx context.Context, today string, limit int, event func(at time.Time, o Objection) (compliance.Event, error)) (int, error)
	// Holidays are an operator's own days.
	Holidays(ctx context.Context) ([]calendar.Day, error)
}

// NewObjection is what a person's objection is filed from.
type NewObjection struct {
	Way        string // empty: the first way that the decision has
	ReceivedOn string // empty: today
	Reference  string
}

// openObjections bounds a list.
const openObjections = 200

// Object files an objection to a refusal or a review. Filing it again for the same day and way changes nothing.
func (s *Service) Object(ctx context.Context, c Caller, decisionID string, ask NewObjection) (Objection, bool, error) {
	stored, err := s.o.Ledger.Decision(ctx, c.TenantID, decisionID)
	if errors.Is(err, ErrNotFound) || !compliance.ValidID(compliance.PrefixDecision, decisionID) {
		return Objection{}, false, errNoVerification()
	}
	if err != nil {
		return Objection{}, false, ledgerError(err)
	}
	d := &stored.Decision
	today := idnumber.DateOf(s.o.Now())
	if ask.ReceivedOn == "" {
		ask.ReceivedOn = today.String()
	}
	day, err := idnumber.ParseDate(ask.ReceivedOn)
	decided := idnumber.DateOf(d.DecidedAt)
	switch {
	case d.Outcome != compliance.Rejected && d.Outcome != compliance.Review:
		return Objection{}, false, compliance.E(compliance.FaultConflict, "nothing_to_object_to", "the verification was neither refused nor sent to review")
	case err != nil || today.Before(day) || day.Before(decided):
		return Objection{}, false, compliance.E(compliance.FaultInvalid, "validation_failed", "a day from the decision to today, as YYYY-MM-DD").At("/received_on")
	}
	way, err := wayOf(d, ask)
	if err != nil {
		return Objection{}, false, err
	}
	o := Objection{
		ID: s.o.IDs.New(compliance.PrefixObjection), TenantID: c.TenantID, DecisionID: d.ID, Way: way.ID, Clause: way.Clause,
		ReceivedOn: ask.ReceivedOn, Reference: ask.Reference, State: ObjectionOpen, FiledBy: c.KeyID,
	}
	if err := s.clock(ctx, way, &o); err != nil {
		return Objection{}, false, err
	}
	eventID := s.o.IDs.New(compliance.PrefixEvent)
	o, made, err := s.o.Ledger.FileObjection(ctx, o, func(o Objection) (compliance.Event, error) {
		return compliance.NewEvent(eventID, compliance.EventObjectionFiled, o.TenantID, o.ID, o.FiledAt, map[string]string{
			"decision": o.DecisionID, "way": o.Way, "clause": o.Clause, "received_on": o.ReceivedOn, "due_on": o.DueOn, "by": o.FiledBy,
		})
	})
	if err != nil {
		return Objection{}, false, ledgerError(err)
	}
	s.o.OnCommit()
	return o, made, nil
}

// wayOf is the way that is asked for, among those that the decision has on the day.
func wayOf(d *compliance.Decision, ask NewObjection) (compliance.Appeal, error) {
	var cited []string
	for _, r := range d.Reasons {
		cited = append(cited, r.Clauses...)
	}
	ways := compliance.AppealWays(d.Facts.Sector, d.Scene, cited, ask.ReceivedOn)
	i := slices.IndexFunc(ways, func(w compliance.Appeal) bool { return ask.Way == "" || w.ID == ask.Way })
	if i < 0 {
		return compliance.Appeal{}, compliance.E(compliance.FaultUnprocessable, "objection_way_unknown", "the explanation names the ways to object to this verification").At("/way")
	}
	return ways[i], nil
}

// clock counts by when the objection must be answered.
func (s *Service) clock(ctx context.Context, way compliance.Appeal, o *Objection) error {
	if way.Days == 0 {
		return nil
	}
	own, err := s.o.Ledger.Holidays(ctx)
	if err != nil {
		return ledgerError(err)
	}
	o.DueOn, o.Provisional, err = calendar.Builtin().With(own).Due(o.ReceivedOn, way.Days, way.Working)
	return err
}

// Objection returns one of the caller's.
func (s *Service) Objection(ctx context.Context, c Caller, id string) (Objection, error) {
	if !compliance.ValidID(compliance.PrefixObjection, id) {
		return Objection{}, errNoObjection()
	}
	o, err := s.o.Ledger.Objection(ctx, c.TenantID, id)
	if errors.Is(err, ErrNotFound) {
		return o, errNoObjection()
	}
	if err != nil {
		return o, ledgerError(err)
	}
	return o, nil
}

// OpenObjections are the caller's open ones, the most urgent first.
func (s *Service) OpenObjections(ctx context.Context, c Caller) ([]Objection, error) {
	out, err := s.o.Ledger.OpenObjections(ctx, c.TenantID, openObjections)
	if err != nil {
		return nil, ledgerError(err)
	}
	return out, nil
}

// Resolve answers an objection. Lifting it needs a verification of the same person that was approved since.
func (s *Service) Resolve(ctx context.Context, c Caller, id string, to ObjectionState, verificationID string) (Objection, error) {
	o, err := s.Objection(ctx, c, id)
	if err != nil {
		return o, err
	}
	switch {
	case to != ObjectionUpheld && to != ObjectionLifted && to != ObjectionWithdrawn:
		return o, compliance.E(compliance.FaultInvalid, "validation_failed", "use upheld, lifted or withdrawn").At("/state")
	case (to == ObjectionLifted) != (verificationID != ""):
		return o, compliance.E(compliance.FaultInvalid, "validation_failed", "lifted, and nothing else, names the verification that was approved").At("/verification_id")
	}
	if to == ObjectionLifted {
		if err := s.passedSince(ctx, c, &o, verificationID); err != nil {
			return o, err
		}
	}
	eventID := s.o.IDs.New(compliance.PrefixEvent)
	o, err = s.o.Ledger.ResolveObjection(ctx, c.TenantID, id, func(at time.Time, o Objection) (Objection, compliance.Event, error) {
		o.State, o.ResolvedBy, o.VerificationID = to, c.KeyID, verificationID
		ev, err := compliance.NewEvent(eventID, compliance.EventObjectionResolved, o.TenantID, o.ID, at, map[string]string{
			"state": string(to), "by": c.KeyID, "verification": verificationID, "due_on": o.DueOn,
		})
		return o, ev, err
	})
	switch {
	case errors.Is(err, ErrStale):
		return o, compliance.E(compliance.FaultConflict, "objection_resolved", "the objection was resolved before")
	case errors.Is(err, ErrNotFound):
		return o, errNoObjection()
	case err != nil:
		return o, ledgerError(err)
	}
	s.o.OnCommit()
	return o, nil
}

// passedSince wants an approved verification of the same person and scene that was made after the one objected to.
func (s *Service) passedSince(ctx context.Context, c Caller, o *Objection, verificationID string) error {
	wrong := compliance.E(compliance.FaultUnprocessable, "objection_not_lifted", "no approved verification of the same person and scene since the objection").At("/verification_id")
	passed, err := s.o.Ledger.Decision(ctx, c.TenantID, verificationID)
	if errors.Is(err, ErrNotFound) {
		return wrong
	}
	if err != nil {
		return ledgerError(err)
	}
	refused, err := s.o.Ledger.Decision(ctx, c.TenantID, o.DecisionID)
	if err != nil {
		return ledgerError(err)
	}
	if passed.Decision.Outcome != compliance.Approved || passed.PersonID == "" || passed.PersonID != refused.PersonID ||
		passed.Decision.Scene != refused.Decision.Scene || passed.Decision.DecidedAt.Before(refused.Decision.DecidedAt) {
		return wrong
	}
	return nil
}

// Overdue records objections whose last day has passed, and returns how many.
func (s *Service) Overdue(ctx context.Context) (int, error) {
	n, err := s.o.Ledger.MarkOverdue(ctx, idnumber.DateOf(s.o.Now()).String(), settlePage, func(at time.Time, o Objection) (compliance.Event, error) {
		return compliance.NewEvent(s.o.IDs.New(compliance.PrefixEvent), compliance.EventObjectionOverdue, o.TenantID, o.ID, at,
			map[string]string{"way": o.Way, "clause": o.Clause, "due_on": o.DueOn})
	})
	if err != nil {
		return n, ledgerError(err)
	}
	if n > 0 {
		s.o.OnCommit()
	}
	return n, nil
}

func errNoObjection() error {
	return compliance.E(compliance.FaultNotFound, "objection_not_found", "no such objection of this tenant")
}
