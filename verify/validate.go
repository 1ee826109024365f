package verify

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"realname/compliance"
	"realname/compliance/policy"
	"realname/verify/idnumber"
)

// validate refuses what no decision can be made about.
func (s *Service) validate(c Caller, r *Request, opens bool) error {
	roles := map[compliance.PartyRole]int{}
	for _, p := range r.Parties {
		roles[p.Role]++
	}
	switch {
	case roles[compliance.RoleHolder] != 1:
		return compliance.E(compliance.FaultInvalid, "holder_required", "parties need exactly one holder").At("/parties")
	case roles[compliance.RoleProxy] > 1:
		return compliance.E(compliance.FaultInvalid, "one_proxy_only", "parties may have one proxy").At("/parties")
	case len(r.Evidence) > maxEvidence:
		return errTooMuchEvidence()
	case r.CustomerType == customerUnit && (roles[compliance.RoleUnit] != 1 || roles[compliance.RoleHandler] != 1):
		return compliance.E(compliance.FaultInvalid, "unit_parties_required", "a unit needs the parties unit and handler").At("/parties")
	case opens && !slices.Contains(policy.OpeningOccasions, r.Occasion):
		return compliance.E(compliance.FaultUnprocessable, "event_needs_opening", "this event is about a card or account that exists").At("/event")
	}
	if allowed, bound := sectorsOf[r.Scene]; bound && !slices.Contains(allowed, c.Sector) {
		return compliance.E(compliance.FaultForbidden, "scene_not_of_sector", "this tenant's sector does not open this").At("/scene")
	}
	for i, p := range r.Parties {
		if err := s.validateParty(p); err != nil {
			return err.At("/parties/" + strconv.Itoa(i) + err.Field)
		}
	}
	return nil
}

func (s *Service) validateParty(p Party) *compliance.Error {
	name := p.Name.Reveal()
	switch {
	case name == "" && p.Role == compliance.RoleHolder:
		return compliance.E(compliance.FaultInvalid, "name_missing", "the holder has no name").At("/name")
	case strings.ContainsFunc(name, func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf) }):
		return compliance.E(compliance.FaultInvalid, "name_bad_character", "a name has no control or invisible characters").At("/name")
	}
	r := s.numbers.document(p.Document, idnumber.DateOf(s.o.Now()))
	if code := stateFault(&r, p.Document); code != "" {
		return compliance.E(compliance.FaultUnprocessable, code, stateDetails[code]).At("/document/issuing_state")
	}
	return nil
}

var stateDetails = map[string]string{
	"issuing_state_missing":  "many states issue this number: say which one did",
	"issuing_state_unknown":  "no state or territory of ISO 3166 or ICAO Doc 9303 has this code",
	"issuing_state_mismatch": "the document is issued by another state",
}

// sectorsOf are the trades that may open what a scene is about; other scenes are everybody's.
var sectorsOf = map[compliance.Scene][]compliance.Sector{
	compliance.ScenePhoneCard:      {compliance.SectorTelecom},
	compliance.SceneIoTCard:        {compliance.SectorTelecom},
	compliance.SceneBankAccount:    {compliance.SectorBanking},
	compliance.ScenePaymentAccount: {compliance.SectorPayment, compliance.SectorBanking},
}

func errTooMuchEvidence() error {
	return compliance.E(compliance.FaultInvalid, "too_much_evidence", "at most 16 pieces of evidence").At("/evidence")
}
