package main

import (
	"strings"
	"testing"
)

// The page is what the command writes, and shows every clause.
func TestClausesPage(t *testing.T) {
	written, _, err := realname(t, "policy", "table", "builtin", "builtin", "--lang", "en")
	if err != nil {
		t.Fatal(err)
	}
	if page := read(t, "../../docs/clauses.md"); page != written {
		t.Error("docs/clauses.md is stale: bin/realname policy table builtin builtin --lang en > docs/clauses.md")
	}
	if strings.Contains(written, "no example") {
		t.Error("a clause is shown by no example")
	}
	chinese, _, err := realname(t, "policy", "table", "builtin", file(t, "none.yaml", "- {name: x, outcome: review}\n"), "--lang", "zh")
	if err != nil || strings.Count(chinese, "**没有案例**") < 30 {
		t.Errorf("without examples: %v\n%.500s", err, chinese)
	}
}
