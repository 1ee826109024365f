package policy

import (
	"fmt"
	"strings"
	"testing"

	"cel.dev/cel-go/cel"

	"realname/compliance"
)

// BenchmarkEvaluate decides every example of the built-in policy. Read `evaluate` as a ratio to `expressions`, the plain
// cel-go evaluation of all conditions of the clauses that may apply, and to `clauses`, the same clauses written as CEL
// through and through: dates, scope, condition and what is demanded. Neither of the two finds, cites or explains anything.
func BenchmarkEvaluate(b *testing.B) {
	list := examples(b)
	b.Run("evaluate", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for i := range list {
				if e := Builtin().Evaluate(list[i].facts, list[i].uses); len(e.Findings)+len(e.Reasons) == 0 {
					b.Fatal("it found nothing")
				}
			}
		}
	})
	for name, of := range map[string]func(*clause) []string{"expressions": (*clause).conditions, "clauses": (*clause).inCEL} {
		b.Run(name, func(b *testing.B) {
			run := plain(b, list, of)
			b.ReportAllocs()
			for b.Loop() {
				run()
			}
		})
	}
}

// plain evaluates the expressions of the clauses that may apply to each example.
func plain(b *testing.B, list []example, of func(*clause) []string) func() {
	env, err := resultEnv().Extend(cel.Variable("uses", cel.MapType(cel.StringType, cel.IntType)))
	if err != nil {
		b.Fatal(err)
	}
	known := map[string]cel.Program{}
	programs, facts := make([][]cel.Program, len(list)), make([]map[string]any, len(list))
	for i := range list {
		facts[i] = allFacts(&list[i])
		for _, c := range Builtin().candidates(&list[i].facts).clauses {
			for _, text := range of(c) {
				if known[text] == nil {
					ast, issues := env.Compile(text)
					if issues.Err() != nil {
						b.Fatalf("%s: %v", text, issues.Err())
					}
					if known[text], err = env.Program(ast, cel.EvalOptions(cel.OptOptimize)); err != nil {
						b.Fatal(err)
					}
				}
				programs[i] = append(programs[i], known[text])
			}
		}
	}
	return func() {
		for i := range programs {
			for _, p := range programs[i] {
				if _, _, err := p.Eval(facts[i]); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
}

func allFacts(e *example) map[string]any {
	out := map[string]any{}
	for name, of := range factByName {
		out[name] = of(&e.facts)
	}
	uses := map[string]int{}
	for _, u := range e.uses {
		uses[u.Family] = u.Used
	}
	out["uses"] = uses
	return out
}

func (c *clause) conditions() []string {
	var out []string
	if c.when != nil {
		out = append(out, c.when.text)
	}
	for _, d := range c.demands {
		if d.when != nil {
			out = append(out, d.when.text)
		}
	}
	return out
}

func (c *clause) inCEL() []string {
	and := []string{"date >= " + quoted(c.EffectiveFrom)}
	if c.EffectiveTo != "" {
		and = append(and, "date <= "+quoted(c.EffectiveTo))
	}
	for name, list := range map[string][]string{
		"scene": texts(c.scope.scenes), "event": texts(c.scope.events), "product": c.scope.products, "channel": texts(c.scope.channels),
		"sector": texts(c.scope.sectors), "customer_type": c.scope.customers,
	} {
		if len(list) > 0 {
			and = append(and, name+" in ["+quoted(list...)+"]")
		}
	}
	for name, want := range map[string]*bool{"delegated": c.scope.delegated, "proxy": c.scope.proxy} {
		if want != nil {
			and = append(and, fmt.Sprintf("%s == %v", name, *want))
		}
	}
	if c.when != nil {
		and = append(and, "("+c.when.text+")")
	}
	out := []string{strings.Join(and, " && ")}
	for _, d := range c.demands {
		var or []string
		if d.when != nil {
			or = append(or, "!("+d.when.text+")")
		}
		for _, rule := range d.anyOf {
			or = append(or, "checks."+rule.name+" == "+quoted(string(compliance.Passed)))
		}
		out = append(out, strings.Join(or, " || "))
	}
	for _, l := range c.limits {
		out = append(out, fmt.Sprintf("!(%[1]q in uses) || uses[%[1]q] < %[2]d", l.Family, l.Max))
	}
	return out
}

func quoted(of ...string) string {
	out := make([]string, len(of))
	for i, s := range of {
		out[i] = fmt.Sprintf("%q", s)
	}
	return strings.Join(out, ", ")
}
