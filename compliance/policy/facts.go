package policy

import (
	"slices"

	"cel.dev/cel-go/cel"

	"realname/compliance"
)

// The facts that conditions may read:
//
//	date           string        civil date of the application in China, YYYY-MM-DD
//	sector         string        internet, telecom, banking, payment
//	scene, event   string        why we are asked; what happens to the card or account
//	product        string
//	customer_type  string        individual, unit
//	channel        string        online, physical
//	delegated      bool          a channel agent acts for the institution
//	proxy          bool          a proxy acts for the holder
//	document       string        kind of the holder's document
//	age_band       string        under_14, under_18, adult, unknown
//	evidence       list(string)  kinds given
//	opening        bool          a card or account is asked for
//	photo          bool          a document photo is among the evidence
//
// Conditions of denials and reviews may also read what was found; conditions that choose checks and limits may not,
// because they are asked before anything is executed:
//
//	checks.NAME    string        result of a check, "" when it is absent
//	reasons.NAME   list(string)  its reason codes
//	waited_out     bool          the deadline of a pending decision has passed

// checkNames are the checks that clauses may name.
var checkNames = []string{
	compliance.CheckNumber, compliance.CheckDocumentData, compliance.CheckDocumentPhoto, compliance.CheckPhotoNumber,
	compliance.CheckPhotoName, compliance.CheckChipRead, compliance.CheckNetwork, compliance.CheckLiveVideo,
	compliance.CheckPortraitMatch, compliance.CheckProxyNumber, compliance.CheckProxyDocumentData, compliance.CheckProxyNetwork,
	compliance.CheckUnitNumber, compliance.CheckAuthorisation, compliance.CheckLiabilityShown,
}

// The values that scopes may list. A regulator asks for no decision, so no scope names its sector.
var (
	knownScenes    = compliance.Scenes()
	knownEvents    = compliance.Occasions()
	knownChannels  = compliance.ChannelKinds()
	knownSectors   = slices.DeleteFunc(compliance.Sectors(), func(s compliance.Sector) bool { return s == compliance.SectorRegulator })
	knownCustomers = []string{"individual", "unit"}
	knownEvidence  = compliance.EvidenceKinds()
)

// scope says which requests a clause is about; an empty list is every value.
type scope struct {
	scenes    []compliance.Scene
	events    []compliance.Occasion
	products  []string
	channels  []compliance.ChannelKind
	sectors   []compliance.Sector
	customers []string
	delegated *bool
	proxy     *bool
}

func (s *scope) covers(f *compliance.Facts) bool {
	return listed(s.scenes, f.Scene, knownScenes) && listed(s.events, f.Occasion, knownEvents) &&
		(len(s.products) == 0 || f.Product == "" || slices.Contains(s.products, f.Product)) &&
		listed(s.channels, f.Channel, knownChannels) && listed(s.sectors, f.Sector, knownSectors) &&
		listed(s.customers, f.CustomerType, knownCustomers) &&
		(s.delegated == nil || *s.delegated == f.Delegated) && (s.proxy == nil || *s.proxy == f.Proxy)
}

// listed reports whether v is in the list. A value that nobody knows is in every list, so that it evades no clause.
func listed[T comparable](list []T, v T, known []T) bool {
	return len(list) == 0 || slices.Contains(list, v) || !slices.Contains(known, v)
}

// A fact is one variable of conditions.
type fact struct {
	name string
	kind *cel.Type
	of   func(f *compliance.Facts) any
}

// requestFacts are known before any check runs.
var requestFacts = []fact{
	{"date", cel.StringType, func(f *compliance.Facts) any { return f.Date }},
	{"sector", cel.StringType, func(f *compliance.Facts) any { return string(f.Sector) }},
	{"scene", cel.StringType, func(f *compliance.Facts) any { return string(f.Scene) }},
	{"event", cel.StringType, func(f *compliance.Facts) any { return string(f.Occasion) }},
	{"product", cel.StringType, func(f *compliance.Facts) any { return f.Product }},
	{"customer_type", cel.StringType, func(f *compliance.Facts) any { return f.CustomerType }},
	{"channel", cel.StringType, func(f *compliance.Facts) any { return string(f.Channel) }},
	{"delegated", cel.BoolType, func(f *compliance.Facts) any { return f.Delegated }},
	{"proxy", cel.BoolType, func(f *compliance.Facts) any { return f.Proxy }},
	{"document", cel.StringType, func(f *compliance.Facts) any { return f.DocumentKind }},
	{"age_band", cel.StringType, func(f *compliance.Facts) any { return f.AgeBand }},
	{"evidence", cel.ListType(cel.StringType), func(f *compliance.Facts) any { return texts(f.Evidence) }},
	{"opening", cel.BoolType, func(f *compliance.Facts) any { return f.HasOpening }},
	{"photo", cel.BoolType, func(f *compliance.Facts) any { return f.PhotoGiven }},
}

// resultFacts are what the checks found.
var resultFacts = func() []fact {
	out := []fact{{"waited_out", cel.BoolType, func(f *compliance.Facts) any { return f.Waited }}}
	for _, name := range checkNames {
		out = append(out,
			fact{"checks." + name, cel.StringType, func(f *compliance.Facts) any { return string(f.Checks[name]) }},
			fact{"reasons." + name, cel.ListType(cel.StringType), func(f *compliance.Facts) any {
				return append([]string{}, f.CheckReasons[name]...)
			}})
	}
	return out
}()

var factByName = func() map[string]func(f *compliance.Facts) any {
	out := map[string]func(f *compliance.Facts) any{}
	for _, list := range [][]fact{requestFacts, resultFacts} {
		for _, f := range list {
			out[f.name] = f.of
		}
	}
	return out
}()

func texts[T ~string](in []T) []string {
	out := make([]string, len(in))
	for i, v := range in {
		out[i] = string(v)
	}
	return out
}
