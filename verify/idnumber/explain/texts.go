package explain

import (
	_ "embed"
	"fmt"
	"sync"

	"github.com/goccy/go-yaml"

	"realname/compliance"
	"realname/verify/idnumber"
)

//go:embed texts.yaml
var textsYAML []byte

type text = compliance.Text

type catalogue struct {
	Parts    map[string]text              `yaml:"parts"`
	Statuses map[string]text              `yaml:"statuses"`
	Advice   map[string]text              `yaml:"advice"`
	Labels   map[string]text              `yaml:"labels"`
	Sexes    map[string]text              `yaml:"sexes"`
	Forms    map[string]text              `yaml:"forms"`
	Issuers  map[string]text              `yaml:"issuers"`
	States   map[string]text              `yaml:"states"`
	Kinds    map[idnumber.Kind]*kindTexts `yaml:"kinds"`
}

type kindTexts struct {
	Name   text            `yaml:"name"`
	Like   idnumber.Kind   `yaml:"like"`
	Parts  map[string]text `yaml:"parts"`
	Fields map[string]text `yaml:"fields"`
}

// The texts are part of the binary and a test loads them, so a bad file cannot ship.
var texts = sync.OnceValue(func() *catalogue {
	c, err := parse(textsYAML)
	if err != nil {
		panic(err)
	}
	return c
})

func parse(source []byte) (*catalogue, error) {
	c := &catalogue{}
	if err := yaml.UnmarshalWithOptions(source, c, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("explain: texts.yaml: %w", err)
	}
	for kind, t := range c.Kinds {
		if t.Like == "" {
			continue
		}
		model := c.Kinds[t.Like]
		if model == nil || model.Like != "" {
			return nil, fmt.Errorf("explain: texts.yaml: %s is like %s, which has no texts of its own", kind, t.Like)
		}
		t.Parts, t.Fields = model.Parts, model.Fields
	}
	return c, nil
}

// KindName names a kind for people, in "zh" or "en"; the kind itself when it is unknown.
func KindName(kind idnumber.Kind, lang string) string {
	if t := texts().Kinds[kind]; t != nil {
		return t.Name.In(lang)
	}
	return string(kind)
}

// StatusName names a status for people, in "zh" or "en".
func StatusName(status idnumber.Status, lang string) string {
	return texts().Statuses[status.String()].In(lang)
}
