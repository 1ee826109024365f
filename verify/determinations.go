package verify

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"time"

	"realname/compliance"
	"realname/compliance/policy"
	"realname/compliance/vault"
	"realname/ratelimit/quota"
	"realname/verify/idnumber"
)

// Level is who determined.
type Level string

// The levels: a court's judgment, the police of a city with districts, and the police of a province.
const (
	LevelCourt    Level = "court"
	LevelCity     Level = "city"
	LevelProvince Level = "province"
)

// Levels lists every level.
func Levels() []Level { return []Level{LevelCourt, LevelCity, LevelProvince} }

// fewest is how many items, times or parties make trade or help with real-name verification a ground at city level; less
// needs the approval of a province (R-JP-target).
const fewest = 3

// jointMeasures is the day from which that holds.
const jointMeasures = "2024-12-01"

// refPattern is for numbers of official documents, such as 公（网）惩〔2026〕12号.
var refPattern = regexp.MustCompile(`^[\p{Han}A-Za-z0-9〔〕（）()._/-]{1,64}$`)

// Determination is what an authority found of a person, as its document says.
type Determination struct {
	ID          string // det_…
	PersonID    string
	On          string // civil date in China, YYYY-MM-DD: the anchor of the term
	Ground      compliance.Ground
	Level       Level
	Items       int // cards, lines, accounts
	Times       int
	Parties     int    // to or for whom
	Reference   string // of the determining document
	NoticeRef   string // of the written notice to the person; empty: none yet
	DeliveredOn string // civil date on which it reached the person; empty: not yet
	RecordedAt  time.Time
	LiftedAt    time.Time // zero: it stands
	LiftReason  string    // a word such as appeal or term_served
	LiftRef     string    // of the document that lifts it
}

// DeterminationRecord is a determination to be written, of whom the keys lead to.
type DeterminationRecord struct {
	Determination
	Keys        []vault.DocumentKey
	NewPersonID string
	Event       func(at time.Time, d Determination) (compliance.Event, error)
}

// DeterminationLedger keeps what authorities determined.
type DeterminationLedger interface {
	// RecordDetermination finds or makes the person and writes the determination with its event; one of the same person
	// and reference is returned as it stands, made false.
	RecordDetermination(ctx context.Context, r DeterminationRecord) (d Determination, made bool, err error)
	// LiftDetermination ends one; ErrNotFound, or ErrStale when it was lifted before.
	LiftDetermination(ctx context.Context, id, reason, ref string, event func(at time.Time, d Determination) (compliance.Event, error)) (Determination, error)
	// Determinations are all of a person's, lifted ones too, by their day.
	Determinations(ctx context.Context, personID string) ([]Determination, error)
}

// Determine records what an authority determined of whom the document names. Repeating it changes nothing.
func (s *Service) Determine(ctx context.Context, document Document, d Determination, by string) (Determination, bool, error) {
	today := idnumber.DateOf(s.o.Now())
	if err := d.check(today); err != nil {
		return d, false, err
	}
	subject, code := s.stockSubject(document, today)
	if code != "" {
		return d, false, compliance.E(compliance.FaultUnprocessable, code, "the document names nobody").At("/document")
	}
	keys, err := s.documentKeys(subject)
	if err != nil {
		return d, false, err
	}
	d.ID = s.o.IDs.New(compliance.PrefixDetermination)
	eventID := s.o.IDs.New(compliance.PrefixEvent)
	d, made, err := s.o.Ledger.RecordDetermination(ctx, DeterminationRecord{
		Determination: d, Keys: keys, NewPersonID: s.o.IDs.New(compliance.PrefixPerson),
		Event: func(at time.Time, d Determination) (compliance.Event, error) {
			return compliance.NewEvent(eventID, compliance.EventDetermined, "", d.ID, at, map[string]string{
				"by": by, "determined_on": d.On, "ground": string(d.Ground), "level": string(d.Level),
			})
		},
	})
	if err != nil {
		return d, false, ledgerError(err)
	}
	s.o.OnCommit()
	return d, made, nil
}

// Lift ends a determination: an appeal succeeded, or it was served or withdrawn early.
func (s *Service) Lift(ctx context.Context, id, reason, ref, by string) (Determination, error) {
	switch {
	case !compliance.ValidID(compliance.PrefixDetermination, id):
		return Determination{}, errNoDetermination()
	case !wordPattern.MatchString(reason):
		return Determination{}, invalid("/reason", "say why it is lifted, in a word such as appeal")
	}
	eventID := s.o.IDs.New(compliance.PrefixEvent)
	d, err := s.o.Ledger.LiftDetermination(ctx, id, reason, ref, func(at time.Time, d Determination) (compliance.Event, error) {
		return compliance.NewEvent(eventID, compliance.EventDeterminationLifted, "", d.ID, at, map[string]string{"by": by, "reason": reason})
	})
	switch {
	case errors.Is(err, ErrNotFound):
		return d, errNoDetermination()
	case errors.Is(err, ErrStale):
		return d, compliance.E(compliance.FaultConflict, "determination_lifted", "the determination was lifted before")
	case err != nil:
		return d, ledgerError(err)
	}
	s.o.OnCommit()
	return d, nil
}

// Measures are the consequences that a person's determinations have today, under the policy that decides.
func (s *Service) Measures(ctx context.Context, personID string) ([]Determination, []policy.Measure, error) {
	all, err := s.o.Ledger.Determinations(ctx, personID)
	if err != nil {
		return nil, nil, ledgerError(err)
	}
	return all, s.rules().Measures(standingOf(all), idnumber.DateOf(s.o.Now()).String()), nil
}

func errNoDetermination() error {
	return compliance.E(compliance.FaultNotFound, "determination_not_found", "there is no such determination")
}

func invalid(field, detail string) error {
	return compliance.E(compliance.FaultInvalid, "validation_failed", detail).At(field)
}

// check refuses what no authority can have determined.
func (d *Determination) check(today idnumber.Date) error {
	for field, text := range map[string]string{"/on": d.On, "/delivered_on": d.DeliveredOn} {
		if text == "" && field != "/on" {
			continue
		}
		if day, err := idnumber.ParseDate(text); err != nil || today.Before(day) {
			return invalid(field, "a day of the calendar, not after today, as YYYY-MM-DD")
		}
	}
	switch {
	case !slices.Contains(compliance.Grounds(), d.Ground):
		return invalid("/ground", "use one of the known grounds")
	case !slices.Contains(Levels(), d.Level):
		return invalid("/level", "use court, city or province")
	case (d.Ground == compliance.GroundCriminal) != (d.Level == LevelCourt):
		return invalid("/level", "a court judges crimes, the police determine all else")
	case !refPattern.MatchString(d.Reference):
		return invalid("/reference", "the number of the determining document: up to 64 letters, digits and . _ - / 〔〕 号")
	case d.NoticeRef != "" && !refPattern.MatchString(d.NoticeRef):
		return invalid("/notice", "the number of the written notice")
	case min(d.Items, d.Times, d.Parties) < 0 || max(d.Items, d.Times, d.Parties) > 1_000_000:
		return invalid("/items", "counts are 0 to 1000000")
	}
	counted := d.Ground == compliance.GroundTrade || d.Ground == compliance.GroundRealNameHelp || d.Ground == compliance.GroundOrganising
	if counted && d.On >= jointMeasures && d.Level == LevelCity && max(d.Items, d.Times, d.Parties) < fewest {
		return compliance.E(compliance.FaultUnprocessable, "determination_below_threshold",
			"fewer than three items, times and parties: the approval of a province is needed (R-JP-target)").At("/level")
	}
	return nil
}

// standingOf are the determinations that stand, as clauses look at them.
func standingOf(all []Determination) []compliance.Determination {
	var out []compliance.Determination
	for _, d := range all {
		if d.LiftedAt.IsZero() {
			out = append(out, compliance.Determination{On: d.On, Ground: d.Ground})
		}
	}
	return out
}

// determined puts what authorities determined of the holder among the facts, and where a measure leaves basic service
// within reach, how much of it he has with the legal entity.
func (s *Service) determined(ctx context.Context, a *assessment, c Caller, personID string) error {
	if personID == "" {
		return nil
	}
	all, err := s.o.Ledger.Determinations(ctx, personID)
	if err != nil {
		return ledgerError(err)
	}
	a.facts.Determinations, a.facts.BasicHeld = standingOf(all), nil
	if len(a.facts.Determinations) == 0 {
		return nil
	}
	products := s.rules().BasicService(a.facts)
	if len(products) == 0 {
		return nil
	}
	uses, err := s.o.Ledger.Count(ctx, []quota.Demand{{
		Family: "basic_service", Products: products, Counts: quota.Openings, Want: 1, Person: personID, Entity: c.LegalEntityID,
		States: []quota.State{quota.Reserved, quota.PendingActivation, quota.Active, quota.Suspended},
		By:     []quota.Key{{Part: quota.Holder, ID: personID}, {Part: quota.LegalEntity, ID: c.LegalEntityID}},
	}})
	if err != nil {
		return ledgerError(err)
	}
	a.facts.BasicHeld = &uses[0].Used
	return nil
}
