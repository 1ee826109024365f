package policy

import (
	"slices"
	"strings"
	"testing"
)

// A row of the facts is a clause, or is told as none, and never both.
func TestUnactedRows(t *testing.T) {
	seen := map[string]bool{}
	for _, row := range Unacted() {
		if !clauseID.MatchString(row.ID) || !strings.HasPrefix(row.ID, "R-") || seen[row.ID] {
			t.Errorf("row %q is no id of the facts, or stands twice", row.ID)
		}
		seen[row.ID] = true
		if slices.ContainsFunc(Builtin().clauses, func(c *clause) bool { return c.ID == row.ID }) {
			t.Errorf("%s is a clause too", row.ID)
		}
	}
	for _, c := range Builtin().clauses {
		if !clauseID.MatchString(c.ID) {
			t.Errorf("clause %q", c.ID)
		}
	}
	if len(seen) < 80 {
		t.Errorf("only %d rows", len(seen))
	}
}
