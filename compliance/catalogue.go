package compliance

import (
	"bytes"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
)

//go:embed reasons.yaml
var reasonsYAML []byte

// Audience is who reads a text of the catalogue.
type Audience string

// The audiences. Person and clerk never learn of list hits, suspicion or thresholds.
const (
	ForPerson     Audience = "person"
	ForClerk      Audience = "clerk"
	ForCompliance Audience = "compliance"
	ForRegulator  Audience = "regulator"
)

// Audiences lists every audience.
func Audiences() []Audience { return []Audience{ForPerson, ForClerk, ForCompliance, ForRegulator} }

// Official reports whether the audience may learn of list hits, suspicion and thresholds.
func (a Audience) Official() bool { return a == ForCompliance || a == ForRegulator }

// Retry says when the same request may be made again.
type Retry string

// The retry advices.
const (
	RetryNever           Retry = "never"
	RetryAfterCorrection Retry = "after_correction"
	RetryLater           Retry = "later"
	RetryNow             Retry = "now"
)

// Text is one text in the languages of the gateway.
type Text struct {
	ZH string `yaml:"zh"`
	EN string `yaml:"en"`
}

// In returns the text in a language: English for `en` and its regions, Chinese otherwise.
func (t Text) In(lang string) string {
	if lang == "en" || strings.HasPrefix(lang, "en-") {
		return t.EN
	}
	return t.ZH
}

// Material is something to bring or send.
type Material struct {
	ID string `yaml:"id"`
	ZH string `yaml:"zh"`
	EN string `yaml:"en"`
}

// Text is the name of the material.
func (m Material) Text() Text { return Text{ZH: m.ZH, EN: m.EN} }

// Appeal is a way to object to a decision, with the article that gives it.
type Appeal struct {
	ID         string   `yaml:"id"`
	Clause     string   `yaml:"clause"` // id of facts, such as R-AML-39
	Instrument Text     `yaml:"instrument"`
	Article    string   `yaml:"article"`
	Days       int      `yaml:"days"` // the institution must answer within; 0: the article sets no day count
	Working    bool     `yaml:"working_days"`
	Sectors    []Sector `yaml:"sectors"`
	Scenes     []Scene  `yaml:"scenes"`
	Text       Text     `yaml:"text"`

	EffectiveFrom string   `yaml:"effective_from"` // civil date, YYYY-MM-DD
	Measures      []string `yaml:"measures"`       // ids of clauses whose measures it is for, in any scene
	Channel       Text     `yaml:"channel"`        // where to go
}

// fits reports whether the way is for every decision of a sector and scene; one for measures alone is not.
func (a *Appeal) fits(sector Sector, scene Scene) bool {
	if len(a.Measures) > 0 && len(a.Sectors)+len(a.Scenes) == 0 {
		return false
	}
	return (len(a.Sectors) == 0 || slices.Contains(a.Sectors, sector)) &&
		(len(a.Scenes) == 0 || slices.Contains(a.Scenes, scene))
}

// ReasonText is what the catalogue holds about one reason or error code.
type ReasonText struct {
	Code       string
	Person     Text // of UndisclosedAs where Disclosed is false
	Clerk      Text // of UndisclosedAs where Disclosed is false
	Compliance Text
	Regulator  Text
	Remedy     Text
	Materials  []Material
	Retry      Retry
	Disclosed  bool // false: neither person nor clerk may learn the code
}

// For returns the text for an audience.
func (r ReasonText) For(a Audience) Text {
	switch a {
	case ForPerson:
		return r.Person
	case ForClerk:
		return r.Clerk
	case ForCompliance:
		return r.Compliance
	default:
		return r.Regulator
	}
}

// Reason returns what the catalogue holds about a code.
func Reason(code string) (ReasonText, bool) {
	c := catalogue()
	i, ok := slices.BinarySearchFunc(c.reasons, code, func(r ReasonText, code string) int { return strings.Compare(r.Code, code) })
	if !ok {
		return ReasonText{}, false
	}
	return c.reasons[i], true
}

// PublicReason returns the reason that person and clerk may be told in place
// of code: code's own when it is disclosed, and otherwise, as for a code that
// the catalogue does not know, one that says only that more checks are needed.
func PublicReason(code string) ReasonText {
	if r, ok := Reason(code); ok && r.Disclosed {
		return r
	}
	r, _ := Reason(catalogue().undisclosedAs)
	return r
}

// Reasons returns the whole catalogue, sorted by code.
func Reasons() []ReasonText { return slices.Clone(catalogue().reasons) }

// AppealWay returns the way to object to a decision made in a sector for a scene.
func AppealWay(sector Sector, scene Scene) Appeal {
	appeals := catalogue().appeals
	for i := range appeals {
		if appeals[i].fits(sector, scene) {
			return appeals[i]
		}
	}
	return appeals[len(appeals)-1]
}

// AppealWays returns every way to object on a civil date, YYYY-MM-DD, the most particular first: those of the sector and
// scene, and those for the measures of the clauses that refused.
func AppealWays(sector Sector, scene Scene, clauses []string, date string) []Appeal {
	out := []Appeal{}
	for _, a := range catalogue().appeals {
		meant := slices.ContainsFunc(a.Measures, func(id string) bool { return slices.Contains(clauses, id) })
		if a.EffectiveFrom <= date && (meant || a.fits(sector, scene)) {
			out = append(out, a)
		}
	}
	return out
}

type reasonCatalogue struct {
	reasons       []ReasonText // sorted by code
	appeals       []Appeal     // the last one has an empty scope
	undisclosedAs string
}

// The catalogue is part of the binary and a test loads it, so a bad one cannot ship.
var catalogue = sync.OnceValue(func() *reasonCatalogue {
	c, err := parseCatalogue(reasonsYAML)
	if err != nil {
		panic(err)
	}
	return c
})

type reasonFile struct {
	UndisclosedAs string        `yaml:"undisclosed_as"`
	Materials     []Material    `yaml:"materials"`
	Appeals       []Appeal      `yaml:"appeals"`
	Reasons       []reasonEntry `yaml:"reasons"`
}

type reasonEntry struct {
	Code       string   `yaml:"code"`
	All        Text     `yaml:"all"`
	Public     Text     `yaml:"public"`
	Person     Text     `yaml:"person"`
	Clerk      Text     `yaml:"clerk"`
	Official   Text     `yaml:"official"`
	Compliance Text     `yaml:"compliance"`
	Regulator  Text     `yaml:"regulator"`
	Remedy     Text     `yaml:"remedy"`
	Materials  []string `yaml:"materials"`
	Retry      Retry    `yaml:"retry"`
	Disclosed  *bool    `yaml:"disclosed"` // true when absent
}

// first returns the first text that is set.
func first(texts ...Text) Text {
	for _, t := range texts {
		if t != (Text{}) {
			return t
		}
	}
	return Text{}
}

func (e *reasonEntry) resolve(materials []Material) (ReasonText, error) {
	r := ReasonText{
		Code:       e.Code,
		Person:     first(e.Person, e.Public, e.All),
		Clerk:      first(e.Clerk, e.Public, e.All),
		Compliance: first(e.Compliance, e.Official, e.All),
		Regulator:  first(e.Regulator, e.Official, e.All),
		Remedy:     e.Remedy,
		Retry:      e.Retry,
		Disclosed:  e.Disclosed == nil || *e.Disclosed,
	}
	for _, id := range e.Materials {
		i := slices.IndexFunc(materials, func(m Material) bool { return m.ID == id })
		if i < 0 {
			return r, fmt.Errorf("compliance: reason %s names the unknown material %q", e.Code, id)
		}
		r.Materials = append(r.Materials, materials[i])
	}
	if !r.Disclosed && (r.Person != Text{} || r.Clerk != Text{}) {
		return r, fmt.Errorf("compliance: reason %s is not disclosed and has a public text", e.Code)
	}
	switch e.Retry {
	case RetryNever, RetryAfterCorrection, RetryLater, RetryNow:
	default:
		return r, fmt.Errorf("compliance: reason %s has the unknown retry advice %q", e.Code, e.Retry)
	}
	return r, nil
}

// complete reports the first text of r that is missing in a language.
func (r *ReasonText) complete() error {
	for name, t := range map[string]Text{
		"person": r.Person, "clerk": r.Clerk, "compliance": r.Compliance, "regulator": r.Regulator, "remedy": r.Remedy,
	} {
		if t.ZH == "" || t.EN == "" {
			return fmt.Errorf("compliance: reason %s has no complete %s text", r.Code, name)
		}
	}
	return nil
}

// parseCatalogue reads a catalogue strictly: an unknown key, a missing text or a repeated code is an error.
func parseCatalogue(src []byte) (*reasonCatalogue, error) {
	var f reasonFile
	if err := yaml.NewDecoder(bytes.NewReader(src), yaml.Strict()).Decode(&f); err != nil {
		return nil, fmt.Errorf("compliance: reasons.yaml: %w", err)
	}
	c := &reasonCatalogue{appeals: f.Appeals, undisclosedAs: f.UndisclosedAs}
	for i := range f.Reasons {
		r, err := f.Reasons[i].resolve(f.Materials)
		if err != nil {
			return nil, err
		}
		c.reasons = append(c.reasons, r)
	}
	slices.SortFunc(c.reasons, func(a, b ReasonText) int { return strings.Compare(a.Code, b.Code) })
	if err := c.fillUndisclosed(); err != nil {
		return nil, err
	}
	for i := range c.reasons {
		if i > 0 && c.reasons[i].Code == c.reasons[i-1].Code {
			return nil, fmt.Errorf("compliance: reason %s stands twice", c.reasons[i].Code)
		}
		if err := c.reasons[i].complete(); err != nil {
			return nil, err
		}
	}
	for i := range c.appeals {
		if a := &c.appeals[i]; a.EffectiveFrom == "" || a.Channel.ZH == "" || a.Channel.EN == "" {
			return nil, fmt.Errorf("compliance: appeal %s has no date or no channel", a.ID)
		}
	}
	if n := len(c.appeals); n == 0 || len(c.appeals[n-1].Sectors)+len(c.appeals[n-1].Scenes) > 0 {
		return nil, fmt.Errorf("compliance: the last appeal must fit every sector and scene")
	}
	return c, nil
}

// fillUndisclosed gives every reason that is not disclosed the public texts of the neutral one.
func (c *reasonCatalogue) fillUndisclosed() error {
	i := slices.IndexFunc(c.reasons, func(r ReasonText) bool { return r.Code == c.undisclosedAs })
	if i < 0 || !c.reasons[i].Disclosed {
		return fmt.Errorf("compliance: undisclosed_as %q is not a disclosed reason", c.undisclosedAs)
	}
	for j := range c.reasons {
		if !c.reasons[j].Disclosed {
			c.reasons[j].Person, c.reasons[j].Clerk = c.reasons[i].Person, c.reasons[i].Clerk
		}
	}
	return nil
}
