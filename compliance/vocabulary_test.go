package compliance

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"testing"
)

func TestListsNameEveryConstant(t *testing.T) {
	declared := map[string][]string{}
	file, err := parser.ParseFile(token.NewFileSet(), "vocabulary.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || spec.Type == nil {
			return true
		}
		value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		name := spec.Type.(*ast.Ident).Name
		declared[name] = append(declared[name], value)
		return true
	})
	for name, list := range map[string][]string{
		"Scene": texts(Scenes()), "Occasion": texts(Occasions()), "PartyRole": texts(PartyRoles()), "ChannelKind": texts(ChannelKinds()),
		"EvidenceKind": texts(EvidenceKinds()), "Sector": texts(Sectors()), "CheckResult": texts(CheckResults()),
	} {
		if !slices.Equal(list, declared[name]) {
			t.Errorf("%s: listed %v, declared %v", name, list, declared[name])
		}
	}
}

func texts[T ~string](in []T) []string {
	var out []string
	for _, v := range in {
		out = append(out, string(v))
	}
	return out
}
