package main

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"realname/compliance"
	"realname/internal/sqlstore"
	"realname/internal/sqlstore/storetest"
	"realname/ratelimit/quota"
	"realname/verify"
)

// archive makes a configuration whose ledger kept a photo two years ago, for a day that has come.
func archive(t *testing.T) (config, evidence string, count func() int) {
	t.Helper()
	dir := t.TempDir()
	config = filepath.Join(dir, "realname.yaml")
	text := "data: " + filepath.Join(dir, "data") + "\nauthority: {url: 'http://127.0.0.1:1', secret_file: " + filepath.Join(dir, "secret") + "}\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	// The first command makes the keys; a ledger in use without them would be refused.
	if _, _, err := realname(t, "tenant", "list", "--config", config); err != nil {
		t.Fatal(err)
	}
	dsn := (&url.URL{Scheme: "file", Opaque: filepath.Join(dir, "data", "ledger.db")}).String()
	past := time.Now().AddDate(-2, 0, -3)
	s := storetest.Open(t, dsn, func() time.Time { return past })
	row := verify.EvidenceRow{
		ID: storetest.IDs.New(compliance.PrefixEvidence), TenantID: storetest.Tenant, Kind: compliance.EvidenceDocumentPhoto, Complete: true,
		Sealed: []byte("seal"), KeptBy: "R-25-11", KeepYears: 2, KeepUntil: past.AddDate(2, 0, 0),
	}
	if _, err := s.Commit(t.Context(), verify.Record{Build: func(at time.Time, _ []quota.Use, _ compliance.ImageReuse) (verify.Rows, error) {
		d, err := storetest.Decision(storetest.Draft{ID: storetest.IDs.New(compliance.PrefixDecision)}, past)
		row.DecisionID = d.Decision.ID
		return verify.Rows{Decision: d, Evidence: []verify.EvidenceRow{row}}, err
	}}); err != nil {
		t.Fatal(err)
	}
	return config, row.ID, func() int {
		return chunks(t, s, row.ID)
	}
}

func chunks(t *testing.T, s *sqlstore.Store, id string) int {
	t.Helper()
	list, err := s.Chunks(t.Context(), storetest.Tenant, id)
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

func TestRetentionSweep(t *testing.T) {
	config, id, count := archive(t)
	sweep := func(flags ...string) string {
		t.Helper()
		out, _, err := realname(t, append([]string{"retention", "sweep", "--config", config}, flags...)...)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	out := sweep("--dry-run")
	if !strings.Contains(out, id+"  ended") || !strings.Contains(out, "nothing was written: 1 ended") || count() != 1 {
		t.Errorf("a dry run: %d left, %q", count(), out)
	}
	var piece struct{ Evidence, Tenant, Clause, Fate string }
	if err := json.Unmarshal([]byte(sweep("--json")), &piece); err != nil || piece.Evidence != id || piece.Fate != "ended" || piece.Clause != "R-25-11" || count() != 0 {
		t.Errorf("%+v, %v; %d left", piece, err, count())
	}
	if out := sweep(); out != "swept: 0 ended, 0 postponed, 0 await an opening; 0 data keys erased\n" {
		t.Errorf("a second sweep: %q", out)
	}
}
