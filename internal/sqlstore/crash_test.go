package sqlstore_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"realname/compliance"
	"realname/internal/sqlstore"
	"realname/internal/sqlstore/storetest"
)

// childDSN tells a copy of the test binary to be a writer that is killed.
const childDSN = "REALNAME_SQLSTORE_CHILD_DSN"

// writeForever commits decisions with openings from eight goroutines and prints
// the id of each after it was acknowledged, until the process is killed.
func writeForever(dsn string) {
	fail := func(err error) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	ctx := context.Background()
	s, err := sqlstore.Open(ctx, sqlstore.Options{DSN: dsn})
	if err != nil {
		fail(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for {
				e, err := s.Enroll(ctx, storetest.Enrolment(storetest.IDs.New(compliance.PrefixPerson)))
				if err != nil {
					fail(err)
				}
				d := storetest.Draft{ID: storetest.IDs.New(compliance.PrefixDecision), Person: e.PersonID, Sealed: make([]byte, 6000)}
				if _, err := s.Commit(ctx, storetest.Reserve(d, "", time.Hour, storetest.Demand(e.PersonID, 1))); err != nil {
					fail(err)
				}
				// One write, so that a kill leaves at most one torn line.
				if _, err := os.Stdout.WriteString(d.ID + "\n"); err != nil {
					fail(err)
				}
			}
		})
	}
	wg.Wait()
}

// killRounds is how often the writer is killed: 5 times, or as REALNAME_PROVE says.
func killRounds(t *testing.T) int {
	t.Helper()
	text := os.Getenv("REALNAME_PROVE")
	if text == "" {
		return 5
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("REALNAME_PROVE is %q, not a number of rounds", text)
	}
	return n
}

func TestKilledWriterLosesNothingAcknowledged(t *testing.T) {
	rounds := killRounds(t)
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		dsn := e.DSN(t)
		acknowledged := map[string]bool{}
		for round := range rounds {
			for _, id := range killAfter(t, dsn, 40+37*(round%5)) {
				acknowledged[id] = true
			}
			checkWhole(t, dsn, acknowledged)
		}
	})
}

// killAfter runs a writer, kills it without warning after it acknowledged n
// decisions, and returns all that it acknowledged.
func killAfter(t *testing.T, dsn string, n int) []string {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDSN+"="+dsn)
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if compliance.ValidID(compliance.PrefixDecision, lines.Text()) {
			ids = append(ids, lines.Text())
		}
		if len(ids) == n {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || len(ids) < n {
		t.Fatalf("the writer ended by itself after %d decisions: %v\n%s", len(ids), err, complaint.String())
	}
	return ids
}

// checkWhole opens the ledger and finds every acknowledged decision whole, and nothing half.
func checkWhole(t *testing.T, dsn string, acknowledged map[string]bool) {
	t.Helper()
	s, err := sqlstore.Open(t.Context(), sqlstore.Options{DSN: dsn})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	for id := range acknowledged {
		st, err := s.Decision(t.Context(), storetest.Tenant, id)
		if err != nil {
			t.Fatalf("acknowledged %s: %v", id, err)
		}
		if _, err := compliance.DecodeDecision(st.Canonical); err != nil || len(st.Sealed) != 6000 {
			t.Fatalf("acknowledged %s is damaged", id)
		}
	}
	var decisions, openings, pairs int
	query(t, dsn, &decisions, `SELECT COUNT(*) FROM decisions`)
	query(t, dsn, &openings, `SELECT COUNT(*) FROM openings`)
	query(t, dsn, &pairs, `SELECT COUNT(*) FROM openings o JOIN decisions d ON d.id = o.decision_id AND d.person_id = o.person_id`)
	if decisions != openings || decisions != pairs || decisions < len(acknowledged) {
		t.Fatalf("%d decisions, %d openings, %d pairs, %d acknowledged", decisions, openings, pairs, len(acknowledged))
	}
	if n := waiting(t, s); n != decisions {
		t.Fatalf("%d events for %d decisions", n, decisions)
	}
}
