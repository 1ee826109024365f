package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"realname/compliance"
)

// KindTenant is of findings that rest on the tenant's own settings, and ClauseTenant what they name in place of a clause.
const (
	KindTenant   = "tenant"
	ClauseTenant = "TENANT"
)

// TenantSettings are what a tenant demands of its own requests, inside what the clauses allow: it can be stricter, and never
// looser.
//
//	products:            # its own names of products
//	  gold_card: debit_card
//	warnings:            # what a check's warning comes to: review or rejected
//	  number: review
//	demands:             # one of each list must pass, beside what clauses demand
//	  - {scene: signup, any_of: [portrait_match, live_video]}
//	limits:              # families
//	  internet_accounts: 3
type TenantSettings struct {
	Products map[string]string             `yaml:"products,omitempty" json:"products,omitempty"`
	Warnings map[string]compliance.Outcome `yaml:"warnings,omitempty" json:"warnings,omitempty"`
	Demands  []TenantDemand                `yaml:"demands,omitempty" json:"demands,omitempty"`
	Limits   map[string]int                `yaml:"limits,omitempty" json:"limits,omitempty"`
}

// TenantDemand wants one of the checks passed in a scene.
type TenantDemand struct {
	Scene compliance.Scene `yaml:"scene" json:"scene"`
	AnyOf []string         `yaml:"any_of" json:"any_of"`
}

// faceChecks recognise a face: whoever will not show it must have another way (R-FACE-only).
var faceChecks = []string{compliance.CheckPortraitMatch}

// Bounds of settings.
const (
	mostOwnProducts = 100
	mostOwnDemands  = 20
)

// For is what of the settings a request meets; nil for nothing.
func (s *TenantSettings) For(scene compliance.Scene) *compliance.TenantRules {
	var out compliance.TenantRules
	if len(s.Warnings) > 0 {
		out.Warnings = s.Warnings
	}
	for _, d := range s.Demands {
		if d.Scene == scene {
			out.Demands = append(out.Demands, d.AnyOf)
		}
	}
	if out.Warnings == nil && out.Demands == nil {
		return nil
	}
	return &out
}

// ReadTenantSettings reads a file of settings under the bounds of policy files, and judges it by the policy and the limits
// that the tenant can meet. The error joins every fault found, each an *Error.
func (p *Policy) ReadTenantSettings(name string, src []byte, limits []Limit) (TenantSettings, error) {
	r := &reader{name: name}
	var s TenantSettings
	if err := r.read(src, &s); err != nil {
		return s, err
	}
	for _, own := range sortedKeys(s.Products) {
		r.ownProduct(p, own, s.Products[own])
	}
	if len(s.Products) > mostOwnProducts || len(s.Demands) > mostOwnDemands {
		r.fault("$", fmt.Sprintf("keep to %d products and %d demands", mostOwnProducts, mostOwnDemands), "too many settings")
	}
	for _, check := range sortedKeys(s.Warnings) {
		r.ownWarning(p, check, s.Warnings[check])
	}
	for i := range s.Demands {
		r.ownDemand(p, fmt.Sprintf("$.demands[%d]", i), &s.Demands[i])
	}
	for _, family := range sortedKeys(s.Limits) {
		r.ownLimit("$.limits."+family, family, s.Limits[family], limits)
	}
	return s, r.joined()
}

func (r *reader) ownProduct(p *Policy, own, base string) {
	path := "$.products." + own
	switch {
	case !token64.MatchString(own):
		r.fault(path, "use a-z, 0-9 and _", "product id %q", own)
	case p.products[own] != "":
		r.fault(path, "choose another name", "%s is a product of the policy", own)
	case p.products[base] == "":
		r.fault(path, "use one of "+strings.Join(p.Products(), ", "), "%s is no product of the policy: no clause would bind %s", base, own)
	}
}

// ownWarning refuses what would let pass what a clause does not.
func (r *reader) ownWarning(p *Policy, check string, to compliance.Outcome) {
	path := "$.warnings." + check
	rule, known := p.rules[check]
	switch {
	case !known:
		r.fault(path, "use one of "+strings.Join(sortedKeys(p.rules), ", "), "the policy has no check %q", check)
	case to != compliance.Review && to != compliance.Rejected && to != compliance.Approved:
		r.fault(path, "use review or rejected", "a warning of %s comes to %q", check, to)
	case to == compliance.Approved && rule.warning != compliance.Approved:
		r.fault(path, "leave it out, or use rejected", "%s sends a warning of %s to review: a tenant cannot let it pass", strings.Join(p.demanding(check), ", "), check)
	case to == compliance.Approved:
		r.fault(path, "leave it out", "a warning of %s passes anyhow", check)
	}
}

// demanding are the ids of the clauses that demand a check.
func (p *Policy) demanding(check string) []string {
	var out []string
	for _, c := range p.clauses {
		for i := range c.demands {
			if slices.ContainsFunc(c.demands[i].anyOf, func(rule checkRule) bool { return rule.name == check }) {
				out = append(out, c.ID)
			}
		}
	}
	return sorted(out)
}

func (r *reader) ownDemand(p *Policy, path string, d *TenantDemand) {
	if !slices.Contains(knownScenes, d.Scene) {
		r.fault(path+".scene", "use one of "+choices(knownScenes), "unknown scene %q", d.Scene)
	}
	if len(d.AnyOf) == 0 || len(sorted(d.AnyOf)) != len(d.AnyOf) {
		r.fault(path+".any_of", "name each check once", "a demand without checks, or with one twice")
		return
	}
	other := false
	for _, check := range d.AnyOf {
		if _, known := p.rules[check]; !known {
			r.fault(path+".any_of", "use one of "+strings.Join(sortedKeys(p.rules), ", "), "the policy has no check %q", check)
		}
		other = other || !slices.Contains(faceChecks, check)
	}
	if !other {
		r.fault(path+".any_of", "add a way without face recognition", "R-FACE-only: face recognition may not be the only way to be verified")
	}
}

func (r *reader) ownLimit(path, family string, most int, limits []Limit) {
	var families []string
	known := false
	for _, l := range limits {
		families = append(families, l.Family)
		if l.Family != family {
			continue
		}
		known = true
		if most > l.Max {
			r.fault(path, fmt.Sprintf("use %d or less", l.Max), "%s allows %d of %s: a tenant cannot allow %d", l.Clause, l.Max, family, most)
		}
	}
	if !known {
		r.fault(path, "use one of "+strings.Join(sorted(families), ", "), "no family %q binds this tenant", family)
	}
	if most < 0 {
		r.fault(path, "use 0 or more", "a limit of %d", most)
	}
}

// Encode is the settings as YAML, for people.
func (s *TenantSettings) Encode() ([]byte, error) { return yaml.Marshal(s) }

// tenantClause stands for the tenant's own settings where a clause is looked up.
var tenantClause = &clause{Clause: Clause{
	ID: ClauseTenant, Kind: KindTenant, Instrument: "本机构设定", Source: SourceOperator, EffectiveFrom: "2000-01-01", TitleZH: "本机构的附加要求",
	TextZH: "在条款之外，本机构对自身业务另有更严格的要求。", TextEN: "Beyond the clauses the institution demands more of its own services.",
}}

// tenant judges what the tenant demands beyond the clauses.
func (j *judgement) tenant(p *Policy) {
	own := j.facts.Own
	if own == nil {
		return
	}
	for _, name := range sortedKeys(own.Warnings) {
		rule, known := p.rules[name]
		if !known || j.facts.Checks[name] != compliance.Warning {
			continue
		}
		codes := []string{rule.inconclusive}
		if given := j.facts.CheckReasons[name]; len(given) > 0 {
			codes = given
		}
		j.find(tenantClause, name, string(compliance.Warning), own.Warnings[name], codes)
	}
	for _, names := range own.Demands {
		j.anyOf(tenantClause, strings.Join(names, "|"), p.ownRules(names), "")
	}
}

// ownRules are the rules of checks that a tenant demands; of one that this policy does not know nothing is passed.
func (p *Policy) ownRules(names []string) []checkRule {
	out := make([]checkRule, 0, len(names))
	for _, name := range names {
		rule, known := p.rules[name]
		if !known {
			rule = checkRule{name: name, failed: reasonNotComputed, missing: reasonNotComputed, inconclusive: reasonNotComputed,
				unexecuted: reasonNotComputed, expired: reasonNotComputed, warning: compliance.Review, late: compliance.Review}
		}
		out = append(out, rule)
	}
	return out
}
