package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"realname/compliance"
)

// What became of a part of a policy.
const (
	DiffAdded   = "added"
	DiffRemoved = "removed"
	DiffEnded   = "ended"   // nothing but its last day came or moved earlier
	DiffChanged = "changed" // field by field
)

// Difference is what another policy says otherwise. Its slices are never nil.
type Difference struct {
	Clauses []ClauseChange `json:"clauses"`
	Parts   []PartChange   `json:"parts"` // entries of products and checks
	Cases   []CaseChange   `json:"cases"`
}

// ClauseChange is about one version of one clause.
type ClauseChange struct {
	Clause  string             `json:"clause"`
	Version string             `json:"version"` // effective_from
	Kind    string             `json:"kind"`
	What    string             `json:"what"`
	Scenes  []compliance.Scene `json:"scenes"`          // whose requests it is about, before or after
	Scope   []ScopeItem        `json:"scope,omitempty"` // the rest of its scope, after
	Fields  []FieldChange      `json:"fields"`          // of what ended or changed, sorted
}

// PartChange is about one entry of products or checks.
type PartChange struct {
	Part   string        `json:"part"` // such as products.mobile_card
	What   string        `json:"what"`
	Fields []FieldChange `json:"fields"`
}

// FieldChange is one field; an absent value is empty.
type FieldChange struct {
	Field  string `json:"field"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// CaseChange is an example that is decided otherwise.
type CaseChange struct {
	Case          string             `json:"case"`
	Scene         compliance.Scene   `json:"scene"`
	Before        compliance.Outcome `json:"before"`
	After         compliance.Outcome `json:"after"`
	ReasonsBefore []string           `json:"reasons_before"`
	ReasonsAfter  []string           `json:"reasons_after"`
}

// Diff tells what changes from a to b, and which cases are decided otherwise.
func Diff(a, b *Policy, cases []Case) (Difference, error) {
	before, err := a.flatten()
	if err != nil {
		return Difference{}, err
	}
	after, err := b.flatten()
	if err != nil {
		return Difference{}, err
	}
	d := Difference{Clauses: []ClauseChange{}, Parts: []PartChange{}, Cases: []CaseChange{}}
	for _, key := range order(before.clauses, after.clauses) {
		if change, differs := clauseChange(a, b, key, before.parts[key], after.parts[key]); differs {
			d.Clauses = append(d.Clauses, change)
		}
	}
	for _, key := range order(before.others, after.others) {
		if what, fields := fieldChanges(before.parts[key], after.parts[key]); what != "" {
			d.Parts = append(d.Parts, PartChange{key, what, fields})
		}
	}
	for i := range cases {
		if change, differs := caseChange(a, b, &cases[i]); differs {
			d.Cases = append(d.Cases, change)
		}
	}
	return d, nil
}

func clauseChange(a, b *Policy, key string, before, after map[string]string) (ClauseChange, bool) {
	what, fields := fieldChanges(before, after)
	was, is := a.version(key), b.version(key)
	shown := cmp.Or(is, was)
	view := shown.view()
	c := ClauseChange{Clause: shown.ID, Version: shown.EffectiveFrom, Kind: shown.Kind, What: what, Scenes: view.Scenes, Scope: view.Scope, Fields: fields}
	if was != nil && is != nil {
		for _, scene := range was.view().Scenes {
			if !slices.Contains(c.Scenes, scene) {
				c.Scenes = append(c.Scenes, scene)
			}
		}
		if len(fields) == 1 && is.EffectiveTo != "" && (was.EffectiveTo == "" || is.EffectiveTo < was.EffectiveTo) {
			c.What = DiffEnded
		}
	}
	return c, what != ""
}

func caseChange(a, b *Policy, c *Case) (CaseChange, bool) {
	decide := func(p *Policy) Evaluation { return p.Evaluate(c.Under(p)) }
	before, after := decide(a), decide(b)
	out := CaseChange{
		Case: c.Name, Scene: c.facts.Scene, Before: before.Outcome, After: after.Outcome,
		ReasonsBefore: append([]string{}, before.codes()...), ReasonsAfter: append([]string{}, after.codes()...),
	}
	return out, out.Before != out.After || !slices.Equal(out.ReasonsBefore, out.ReasonsAfter)
}

// version finds a clause by id and first day.
func (p *Policy) version(key string) *clause {
	for _, c := range p.clauses {
		if c.ID+" "+c.EffectiveFrom == key {
			return c
		}
	}
	return nil
}

// fieldChanges compares two parts; what is empty when they are alike.
func fieldChanges(before, after map[string]string) (what string, fields []FieldChange) {
	fields = []FieldChange{}
	switch {
	case before == nil:
		return DiffAdded, fields
	case after == nil:
		return DiffRemoved, fields
	}
	for _, field := range sortedKeys(over(before, after)) {
		if before[field] != after[field] {
			what = DiffChanged
			fields = append(fields, FieldChange{field, before[field], after[field]})
		}
	}
	return what, fields
}

// order are the keys of b as they stand there, then those that only a has.
func order(a, b []string) []string {
	out := slices.Clone(b)
	for _, key := range a {
		if !slices.Contains(b, key) {
			out = append(out, key)
		}
	}
	return out
}

// flat is a policy file as fields of parts.
type flat struct {
	clauses, others []string                     // keys, in the order of the file
	parts           map[string]map[string]string // value by field, by key
}

func (p *Policy) flatten() (flat, error) {
	var doc document
	if err := (&reader{name: p.name}).read(p.source, &doc); err != nil {
		return flat{}, err
	}
	f := flat{parts: map[string]map[string]string{}}
	for i := range doc.Clauses {
		key := doc.Clauses[i].ID + " " + doc.Clauses[i].EffectiveFrom
		f.clauses = append(f.clauses, key)
		if err := f.put(key, doc.Clauses[i]); err != nil {
			return flat{}, err
		}
	}
	for _, product := range doc.Products {
		f.others = append(f.others, "products."+product.ID)
		if err := f.put("products."+product.ID, product); err != nil {
			return flat{}, err
		}
	}
	for _, name := range sortedKeys(doc.Checks) {
		f.others = append(f.others, "checks."+name)
		if err := f.put("checks."+name, doc.Checks[name]); err != nil {
			return flat{}, err
		}
	}
	return f, nil
}

func (f *flat) put(key string, entry any) error {
	text, err := yaml.Marshal(entry)
	if err != nil {
		return err
	}
	var tree map[string]any
	if err := yaml.Unmarshal(text, &tree); err != nil {
		return err
	}
	f.parts[key] = map[string]string{}
	f.walk(key, "", tree)
	return nil
}

// walk writes the values under a path; what is empty is no field.
func (f *flat) walk(key, path string, value any) {
	switch v := value.(type) {
	case nil:
	case map[string]any:
		for name, inner := range v {
			f.walk(key, strings.TrimPrefix(path+"."+name, "."), inner)
		}
	case []any:
		f.list(key, path, v)
	default:
		if text := strings.Join(strings.Fields(fmt.Sprint(v)), " "); text != "" {
			f.parts[key][path] = text
		}
	}
}

// list writes a list of entries by their names, so that one put in between changes no other; a list of words is one field.
func (f *flat) list(key, path string, list []any) {
	var words []string
	seen := map[string]int{}
	for i, item := range list {
		entry, ok := item.(map[string]any)
		if !ok {
			words = append(words, fmt.Sprint(item))
			continue
		}
		name := fmt.Sprint(i)
		for _, by := range []string{"family", "name", "check"} {
			if text, ok := entry[by].(string); ok && text != "" {
				name = text
			}
		}
		if seen[name]++; seen[name] > 1 {
			name += fmt.Sprintf("#%d", seen[name])
		}
		f.walk(key, path+"["+name+"]", entry)
	}
	if len(words) > 0 {
		f.parts[key][path] = strings.Join(words, ", ")
	}
}
