package policy

import (
	_ "embed"
	"fmt"
	"sync"

	"github.com/goccy/go-yaml"

	"realname/compliance"
)

// UnactedRow is a row of the regulation facts that no clause of the built-in policy acts on, and why.
type UnactedRow struct {
	ID     string          `yaml:"id"`
	Reason string          `yaml:"reason"` // code
	Why    compliance.Text `yaml:"-"`
}

//go:embed unacted.yaml
var unactedSource []byte

var unacted = sync.OnceValue(func() []UnactedRow {
	var file struct {
		Reasons map[string]compliance.Text `yaml:"reasons"`
		Rows    []UnactedRow               `yaml:"rows"`
	}
	if err := yaml.UnmarshalWithOptions(unactedSource, &file, yaml.Strict()); err != nil {
		panic(err) // the embedded file is broken: every test of this package fails
	}
	for i := range file.Rows {
		row := &file.Rows[i]
		if row.Why = file.Reasons[row.Reason]; row.Why.ZH == "" || row.Why.EN == "" {
			panic(fmt.Sprintf("unacted.yaml: %s has no reason in both languages", row.ID))
		}
	}
	return file.Rows
})

// Unacted are the rows that no clause acts on, in the order of the regulation facts. The slice is shared: change nothing.
func Unacted() []UnactedRow { return unacted() }
