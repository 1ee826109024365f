//go:build vision

package vision

import (
	"go/ast"
	"go/parser"
	"go/token"
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
