package verify

import (
	"context"
	"slices"
	"strconv"
	"time"

	"realname/compliance"
	"realname/verify/idnumber"
)

// StateBaseline records the caller's word that the ledger has the whole nationwide stock of a family of its legal entity
// as of a civil date in China, or that it has not. The newest date that was stated holds.
func (s *Service) StateBaseline(ctx context.Context, c Caller, family, asOf string, complete bool) error {
	if !slices.Contains(s.rules().Families(), family) {
		return compliance.E(compliance.FaultUnprocessable, "family_unknown", "the policy counts no such family").At("/family")
	}
	day, err := time.ParseInLocation(time.DateOnly, asOf, chinaTime)
	if err != nil || day.Year() < 1949 {
		return compliance.E(compliance.FaultInvalid, "field_malformed", "a day is YYYY-MM-DD").At("/as_of")
	}
	if today := idnumber.DateOf(s.o.Now()); today.Before(idnumber.DateOf(day)) {
		return compliance.E(compliance.FaultUnprocessable, "baseline_in_future", "nobody knows yet what that day's stock will be").At("/as_of")
	}
	eventID := s.o.IDs.New(compliance.PrefixEvent)
	b := Baseline{LegalEntityID: c.LegalEntityID, Family: family, AsOf: day.UTC(), Complete: complete}
	err = s.o.Ledger.StateBaseline(ctx, b, func(at time.Time) (compliance.Event, error) {
		return compliance.NewEvent(eventID, compliance.EventBaselineStated, c.TenantID, c.LegalEntityID, at, map[string]string{
			"family": family, "as_of": asOf, "complete": strconv.FormatBool(complete),
		})
	})
	if err != nil {
		return ledgerError(err)
	}
	s.o.OnCommit()
	return nil
}
