package policy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"cel.dev/cel-go/cel"
	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Bounds of a policy file, checked on its tokens before anything recursive sees it.
const (
	maxSource = 1 << 20 // bytes
	maxIndent = 40      // columns before the first token of a line
	maxFlow   = 6       // brackets within brackets
	maxMarks  = 4       // "- " and "? " on one line
)

// Error is one fault of a policy file. Line is 0 when the fault is of the whole file.
type Error struct {
	File    string `json:"file"`
	Line    int    `json:"line,omitempty"`
	Problem string `json:"problem"`
	Fix     string `json:"fix"` // what to do
}

func (e *Error) Error() string {
	at := e.File
	if e.Line > 0 {
		at = fmt.Sprintf("%s:%d", e.File, e.Line)
	}
	if e.Fix == "" {
		return at + ": " + e.Problem
	}
	return at + ": " + e.Problem + "; " + e.Fix
}

// Faults are the faults that an error of Load or ReadCases joins, in the order of their lines; none for another error.
func Faults(err error) []*Error {
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		var out []*Error
		for _, e := range many.Unwrap() {
			out = append(out, Faults(e)...)
		}
		return out
	}
	if one, ok := errors.AsType[*Error](err); ok {
		return []*Error{one}
	}
	return nil
}

// The shapes of the file. Every key that is not here is an error.
type document struct {
	Products []productEntry        `yaml:"products"`
	Checks   map[string]checkEntry `yaml:"checks"`
	Clauses  []clauseEntry         `yaml:"clauses"`
}

type productEntry struct {
	ID    string    `yaml:"id"`
	Scene string    `yaml:"scene"`
	Name  textEntry `yaml:"name"`
}

type textEntry struct {
	ZH string `yaml:"zh"`
	EN string `yaml:"en"`
}

type checkEntry struct {
	Failed       string   `yaml:"failed"`
	Missing      string   `yaml:"missing"`
	Inconclusive string   `yaml:"inconclusive"`
	Unexecuted   string   `yaml:"unexecuted"`
	Expired      string   `yaml:"expired"`
	OwnReasons   *bool    `yaml:"own_reasons"`
	Warning      string   `yaml:"warning"`
	Late         string   `yaml:"late"`
	Evidence     []string `yaml:"evidence"`
}

type clauseEntry struct {
	ID            string          `yaml:"id"`
	Kind          string          `yaml:"kind"`
	Instrument    string          `yaml:"instrument"`
	Article       string          `yaml:"article"`
	Source        string          `yaml:"source"`
	Unverified    bool            `yaml:"unverified"`
	EffectiveFrom string          `yaml:"effective_from"`
	EffectiveTo   string          `yaml:"effective_to"`
	Title         string          `yaml:"title"`
	Text          textEntry       `yaml:"text"`
	Remedy        textEntry       `yaml:"remedy"`
	Scope         scopeEntry      `yaml:"scope"`
	CarvesOut     []string        `yaml:"carves_out"`
	When          string          `yaml:"when"`
	Demands       []demandEntry   `yaml:"demands"`
	Limits        []limitEntry    `yaml:"limits"`
	Velocities    []velocityEntry `yaml:"velocities"`
	Measures      []measureEntry  `yaml:"measures"`
	Reason        string          `yaml:"reason"`
	Terms         termsEntry      `yaml:"terms"`
	Keep          keepEntry       `yaml:"keep"`
}

type scopeEntry struct {
	Scenes    []string `yaml:"scenes"`
	Events    []string `yaml:"events"`
	Products  []string `yaml:"products"`
	Channels  []string `yaml:"channels"`
	Sectors   []string `yaml:"sectors"`
	Customers []string `yaml:"customer_types"`
	Delegated *bool    `yaml:"delegated"`
	Proxy     *bool    `yaml:"proxy"`
}

type demandEntry struct {
	Check string     `yaml:"check"`
	AnyOf []string   `yaml:"any_of"`
	After string     `yaml:"after"`
	When  string     `yaml:"when"`
	Rule  checkEntry `yaml:",inline"` // overrides of the check's own entry, for a single check
}

type limitEntry struct {
	Family   string   `yaml:"family"`
	Products []string `yaml:"products"`
	Per      []string `yaml:"per"`
	Counts   string   `yaml:"counts"`
	States   []string `yaml:"states"`
	Max      int      `yaml:"max"`
	Mode     string   `yaml:"mode"`
	Reason   string   `yaml:"reason"`

	TenantSets bool `yaml:"tenant_sets"`
}

type velocityEntry struct {
	Name     string `yaml:"name"`
	Per      string `yaml:"per"`
	Counts   string `yaml:"counts"`
	Window   string `yaml:"window"`
	Max      int    `yaml:"max"`
	Outcome  string `yaml:"outcome"`
	Reason   string `yaml:"reason"`
	WhenLost string `yaml:"when_lost"`
}

type measureEntry struct {
	Name     string         `yaml:"name"`
	Years    map[string]int `yaml:"years"` // by ground
	InARow   int            `yaml:"in_a_row"`
	Products []string       `yaml:"products"`
	Outcome  string         `yaml:"outcome"`
	Reason   string         `yaml:"reason"`
	Basic    basicEntry     `yaml:"basic"`
}

// basicEntry is the service that a measure leaves within reach, and the reason why a person decides on it.
type basicEntry struct {
	Products []string `yaml:"products"`
	Reason   string   `yaml:"reason"`
}

// keepEntry names evidence that is kept, and the years after the relationship's end.
type keepEntry struct {
	Evidence []string `yaml:"evidence"`
	Years    int      `yaml:"years_after_end"`
}

type termsEntry struct {
	PendingDeadline string `yaml:"pending_deadline"`
	ApprovalValid   string `yaml:"approval_valid"`
}

// reader holds one file while it is loaded, and gathers its faults.
type reader struct {
	name   string
	tree   *ast.File
	faults []*Error

	conditions map[conditionKey]*condition
}

// conditionKey tells conditions that are one.
type conditionKey struct {
	env  *cel.Env
	text string
}

// fault records a problem at a path of the file, such as $.clauses[3].when; of a path that is not in the file, the
// nearest part above it is named.
func (r *reader) fault(path, fix, format string, args ...any) {
	r.faults = append(r.faults, &Error{File: r.name, Line: r.line(path), Problem: fmt.Sprintf(format, args...), Fix: fix})
}

func (r *reader) line(path string) int {
	for path != "" && path != "$" {
		if p, err := yaml.PathString(path); err == nil {
			if node, err := p.FilterFile(r.tree); err == nil && node != nil {
				return firstLine(node)
			}
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
	return 0
}

// firstLine is the line on which a node begins; the token of a mapping is its first colon.
func firstLine(node ast.Node) int {
	if m, ok := node.(*ast.MappingNode); ok && len(m.Values) > 0 {
		return firstLine(m.Values[0].Key)
	}
	if m, ok := node.(*ast.MappingValueNode); ok {
		return firstLine(m.Key)
	}
	return node.GetToken().Position.Line
}

// read decodes the file strictly.
func (r *reader) read(src []byte, into any) (err error) {
	defer func() {
		// The parser is not ours; a file that breaks it is a broken file, not the end of the gateway.
		if p := recover(); p != nil {
			err = &Error{File: r.name, Problem: "not readable as YAML", Fix: "write plain YAML"}
		}
	}()
	if len(src) > maxSource {
		return &Error{File: r.name, Problem: fmt.Sprintf("longer than %d bytes", maxSource), Fix: "split the policy"}
	}
	if fault := r.tokens(lexer.Tokenize(string(src))); fault != nil {
		return fault
	}
	if r.tree, err = parser.ParseBytes(src, 0); err != nil {
		return r.yamlError(err)
	}
	if len(r.tree.Docs) != 1 {
		return &Error{File: r.name, Problem: fmt.Sprintf("%d YAML documents", len(r.tree.Docs)), Fix: "keep exactly one"}
	}
	decoder := yaml.NewDecoder(bytes.NewReader(src), yaml.Strict())
	if err := decoder.Decode(into); err != nil {
		if errors.Is(err, io.EOF) {
			return &Error{File: r.name, Problem: "empty", Fix: "write at least one entry"}
		}
		return r.yamlError(err)
	}
	return nil
}

// tokens refuses what could make a small file large or deep: references, tags and nesting.
func (r *reader) tokens(tokens token.Tokens) error {
	line, marks, flow := 0, 0, 0
	for _, t := range tokens {
		if t.Position.Line != line {
			line, marks = t.Position.Line, 0
			if t.Position.Column > maxIndent+1 && flow == 0 && t.Type != token.CommentType {
				return &Error{r.name, line, "indented too deep", "use two spaces a level"}
			}
		}
		switch t.Type {
		case token.AnchorType, token.AliasType, token.MergeKeyType, token.TagType, token.DirectiveType:
			return &Error{r.name, line, "anchors, aliases, merges, tags and directives are not allowed", "write the text out"}
		case token.SequenceEntryType, token.MappingKeyType:
			marks++
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow--
		case token.InvalidType:
			return &Error{r.name, line, "not readable as YAML", "mend this line"}
		}
		if marks > maxMarks || flow > maxFlow {
			return &Error{r.name, line, "nested too deep", "a policy needs no such depth"}
		}
	}
	return nil
}

// yamlError turns an error of the YAML library into one line.
func (r *reader) yamlError(err error) error {
	fault := &Error{File: r.name, Problem: "not readable as YAML", Fix: "mend this line"}
	var located yaml.Error
	if !errors.As(err, &located) {
		return fault
	}
	if t := located.GetToken(); t != nil && t.Position != nil {
		fault.Line = t.Position.Line
	}
	fault.Problem, _, _ = strings.Cut(located.GetMessage(), "\n")
	var unknown *yaml.UnknownFieldError
	if errors.As(err, &unknown) {
		fault.Fix = "remove it or correct its spelling"
	}
	return fault
}
