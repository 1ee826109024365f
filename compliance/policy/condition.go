package policy

import (
	"fmt"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/cost"

	"realname/compliance"
)

// Bounds of one condition. They are proved when the policy is loaded, so that evaluation needs no meter.
const (
	maxExpression = 2000  // characters
	maxDepth      = 50    // of the expression tree
	maxCost       = 20000 // CEL cost units for the largest facts
	maxListFact   = 16    // members of a list of facts
	maxTextFact   = 128   // characters of a text of facts
)

// condition is a compiled CEL expression; nil holds always.
type condition struct {
	text    string
	program cel.Program
	nth     int // among those of its policy
}

// Two sets of facts that a condition may read.
var (
	requestEnv = sync.OnceValue(func() *cel.Env { return newEnv(requestFacts) })
	resultEnv  = sync.OnceValue(func() *cel.Env { return newEnv(requestFacts, resultFacts) })
)

func newEnv(lists ...[]fact) *cel.Env {
	options := []cel.EnvOption{cel.ParserExpressionSizeLimit(maxExpression), cel.ParserRecursionLimit(maxDepth)}
	for _, list := range lists {
		for _, f := range list {
			options = append(options, cel.Variable(f.name, f.kind))
		}
	}
	env, err := cel.NewEnv(options...)
	if err != nil {
		panic(err) // the facts above are declared wrongly: every test of this package fails
	}
	return env
}

// compile checks types, facts and cost. The error is one line.
func compile(env *cel.Env, text string) (*condition, error) {
	ast, issues := env.Compile(text)
	if issues.Err() != nil {
		first := issues.Errors()[0]
		return nil, fmt.Errorf("column %d: %s", first.Location.Column()+1, first.Message)
	}
	if ast.OutputType() != cel.BoolType {
		return nil, fmt.Errorf("it gives %s, not true or false", ast.OutputType())
	}
	estimate, err := env.EstimateCost(ast, factSizes{})
	if err != nil {
		return nil, err
	}
	if estimate.Max > maxCost {
		return nil, fmt.Errorf("it may cost %d units, more than %d", estimate.Max, maxCost)
	}
	program, err := env.Program(ast, cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		return nil, err
	}
	return &condition{text: text, program: program}, nil
}

// ask computes the condition.
func (c *condition) ask(f *compliance.Facts) truth {
	value, _, err := c.program.Eval(activation{f})
	if err != nil {
		return unknown
	}
	switch holds, ok := value.Value().(bool); {
	case !ok:
		return unknown
	case holds:
		return yes
	}
	return no
}

// activation gives conditions their facts, each when it is asked for.
type activation struct{ facts *compliance.Facts }

func (a activation) ResolveName(name string) (any, bool) {
	of, ok := factByName[name]
	if !ok {
		return nil, false
	}
	return of(a.facts), true
}

func (activation) Parent() cel.Activation { return nil }

// factSizes bounds the facts for the static estimate of cost.
type factSizes struct{}

func (factSizes) EstimateSize(node cost.AstNode) *cost.SizeEstimate {
	if node.Type().Kind() == cel.ListKind {
		return &cost.SizeEstimate{Min: 0, Max: maxListFact}
	}
	return &cost.SizeEstimate{Min: 0, Max: maxTextFact}
}

func (factSizes) EstimateCallCost(string, string, *cost.AstNode, []cost.AstNode) *cost.CallEstimate {
	return nil
}
