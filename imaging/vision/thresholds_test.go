//go:build vision

package vision

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// sources parses the package without its tests.
func sources(t *testing.T) (*token.FileSet, []*ast.File) {
	t.Helper()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	set := token.NewFileSet()
	var files []*ast.File
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(set, e.Name(), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return set, files
}

func listed() (scores, all []string) {
	for _, x := range thresholds {
		scores = append(scores, x.name)
	}
	all = slices.Clone(scores)
	for _, x := range counts {
		all = append(all, x.name)
	}
	return scores, all
}

// A threshold that is not on the list is no part of the version that a report carries.
func TestEveryThresholdIsListed(t *testing.T) {
	_, all := listed()
	_, files := sources(t)
	blocks := 0
	for _, f := range files {
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.CONST || !strings.HasPrefix(g.Doc.Text(), "Thresholds of ") {
				continue
			}
			blocks++
			for _, s := range g.Specs {
				for _, n := range s.(*ast.ValueSpec).Names {
					if !slices.Contains(all, n.Name) && n.Name != "glanceSide" { // a size, to look at
						t.Errorf("%s stands in a block of thresholds and not on the list", n.Name)
					}
				}
			}
		}
	}
	if blocks < 3 {
		t.Errorf("%d blocks of thresholds", blocks)
	}
}

// geometry is what comparisons use beside thresholds: sizes of cards, pictures,
// tiles and arrays, and reaches of a search. None of it is a score's.
var geometry = strings.Fields(`cardWidth cardHeight nameRow numberDigits partDate partNumber digitSteps middleDot
	maxSide workSide lineHeight linesMost columnsMost detectMost mostPeaks finderCells finderFlags flatBlock gridLeast gridTile
	rimGuard rimTilts sideProbes linesUnknown zoneOptionalEnd cells column aside nearest farthest fewest month year off margin step fine typeASCII`)

// Whatever numeric constant or variable a comparison uses is a threshold that the
// rules' version holds, or no threshold and listed as such. So is whatever is named like one.
func TestEveryComparedNumberIsListed(t *testing.T) {
	_, all := listed()
	for _, x := range bounds {
		all = append(all, x.name)
	}
	set, files := sources(t)
	compared := comparedNumbers(set, files)
	if len(compared) < 40 {
		t.Errorf("only %d numbers are compared", len(compared))
	}
	for name, at := range compared {
		if !slices.Contains(all, name) && !slices.Contains(geometry, name) {
			t.Errorf("%s: %s is compared, and listed neither as a threshold nor as geometry", at, name)
		}
	}
	for _, name := range append(all, geometry...) {
		if compared[name] == "" {
			t.Errorf("%s is listed and compared with nothing", name)
		}
	}
}

// comparedNumbers are the constants, and variables of the package, that
// comparisons use or above and below are given, or whose names are a threshold's.
func comparedNumbers(set *token.FileSet, files []*ast.File) map[string]string {
	info := types.Info{Uses: map[*ast.Ident]types.Object{}}
	// Without what is imported there are errors, and still all that is declared here.
	conf := types.Config{Error: func(error) {}}
	pkg, _ := conf.Check("vision", set, files, &info)
	out := map[string]string{}
	note := func(n ast.Node, always bool) {
		ast.Inspect(n, func(n ast.Node) bool {
			id, ok := n.(*ast.Ident)
			if !ok || info.Uses[id] == nil {
				return true
			}
			o := info.Uses[id]
			b, basic := o.Type().Underlying().(*types.Basic)
			_, constant := o.(*types.Const)
			v, variable := o.(*types.Var)
			numeric := basic && b.Info()&types.IsNumeric != 0 && o.Pkg() == pkg && (constant || variable && v.Parent() == pkg.Scope())
			named := slices.ContainsFunc([]string{"least", "most", "sure", "fair", "need"}, func(s string) bool {
				return strings.HasPrefix(id.Name, s) && len(id.Name) > len(s)
			})
			if numeric && (always || named) {
				out[id.Name] = set.Position(id.Pos()).String()
			}
			return true
		})
	}
	for _, f := range files {
		if strings.HasSuffix(set.Position(f.Pos()).Filename, "thresholds.go") {
			continue // the list itself
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BinaryExpr:
				if n.Op == token.EQL || n.Op == token.NEQ || n.Op == token.LSS || n.Op == token.LEQ || n.Op == token.GTR || n.Op == token.GEQ {
					note(n, true)
				}
			case *ast.CallExpr:
				if id, ok := n.Fun.(*ast.Ident); ok && (id.Name == "above" || id.Name == "below") {
					note(n, true)
				}
			case *ast.Ident:
				note(n, false)
			}
			return true
		})
	}
	return out
}

// Whoever compares a score with its bare threshold forgets the band.
func TestEveryScoreIsComparedWithItsBand(t *testing.T) {
	scores, _ := listed()
	set, files := sources(t)
	compared := map[string]bool{}
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BinaryExpr:
				for _, side := range []ast.Expr{n.X, n.Y} {
					id, ok := side.(*ast.Ident)
					if ok && slices.Contains(scores, id.Name) && slices.Contains([]token.Token{token.LSS, token.LEQ, token.GTR, token.GEQ}, n.Op) {
						t.Errorf("%s: %s is compared without its band", set.Position(n.Pos()), id.Name)
					}
				}
			case *ast.CallExpr:
				if id, ok := n.Fun.(*ast.Ident); ok && (id.Name == "above" || id.Name == "below") {
					if to, ok := n.Args[1].(*ast.Ident); ok {
						compared[to.Name] = true
					}
				}
			}
			return true
		})
	}
	for _, name := range scores {
		// The glare's thresholds reach their comparison as an argument.
		if !compared[name] && !strings.HasPrefix(name, "mostDazzled") {
			t.Errorf("%s is listed and compared with nothing", name)
		}
	}
}

// No score is surely above and surely below one threshold, and a score that
// moves by as much as two CPUs may differ never goes from the one to the other.
func TestTheBandKeepsTheSidesApart(t *testing.T) {
	const rounding = 1e-4 // of the score, far more than the last bits of a net's output
	rapid.Check(t, func(t *rapid.T) {
		threshold := rapid.SampledFrom(thresholds).Draw(t, "threshold").value
		score := threshold * (1 + rapid.Float64Range(-2*band, 2*band).Draw(t, "off"))
		moved := score * (1 + rapid.Float64Range(-rounding, rounding).Draw(t, "rounding"))
		if above(score, threshold) && (below(score, threshold) || below(moved, threshold)) {
			t.Fatalf("%g and %g stand on both sides of %g", score, moved, threshold)
		}
		if off := math.Abs(score/threshold - 1); off < band*0.999 && (above(score, threshold) || below(score, threshold)) {
			t.Fatalf("%g is %g away from %g, within the band, and on one side", score, off, threshold)
		}
	})
}
