package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"realname/compliance"
	"realname/compliance/policy"
)

// policyLock keeps the steps of all policies in one row.
const policyLock = "policy stages"

// PolicyMove asks for steps in the lives of policies.
type PolicyMove struct {
	KeyHash string // of the operator's key; empty: the gateway itself moves
	Digest  string // of Source, where there is one
	Source  []byte // text of a policy that the ledger is to keep; nil for none
	// Steps makes the steps from what the lives are at ledger time; by is the operator's key id. None changes nothing.
	Steps func(at time.Time, by string, all policy.Lives) ([]policy.Step, error)
	Event func(s policy.Step) (compliance.Event, error)
}

// MovePolicies takes the steps that m makes, each with its event, while nobody else takes any. A key that holds no more is
// `operator_unknown`, a policy that the ledger does not keep `policy_unknown`.
func (s *Store) MovePolicies(ctx context.Context, m PolicyMove) (taken []policy.Step, err error) {
	if m.Source != nil && compliance.Digest(m.Source) != m.Digest {
		return nil, wrap("move policies", errors.New("the digest is not that of the text"))
	}
	err = s.write(ctx, "move policies", []string{policyLock}, func(t *txn) error {
		taken = nil
		by, err := t.operator(m.KeyHash)
		if err != nil {
			return err
		}
		all, err := policySteps(t.query(selectSteps))
		if err != nil {
			return err
		}
		steps, err := m.Steps(t.at, by, all)
		if err != nil {
			return own(err)
		}
		if m.Source != nil && len(steps) > 0 {
			if _, err := t.exec(`INSERT INTO policies (digest, source, recorded_at) VALUES ($1, $2, $3) ON CONFLICT (digest) DO NOTHING`,
				m.Digest, m.Source, t.at.UnixMicro()); err != nil {
				return err
			}
		}
		for _, step := range steps {
			if err := t.putStep(step, m.Event); err != nil {
				return err
			}
		}
		taken = steps
		return nil
	})
	if err != nil {
		return nil, err
	}
	return taken, nil
}

// operator is the id of the key that speaks.
func (t *txn) operator(hash string) (string, error) {
	if hash == "" {
		return policy.ByGateway, nil
	}
	var id string
	found, err := t.row(`SELECT id FROM operator_keys WHERE hash = $1 AND revoked_at IS NULL`, []any{hash}, &id)
	if err == nil && !found {
		err = own(compliance.E(compliance.FaultForbidden, "operator_unknown", "no operator has this key"))
	}
	return id, err
}

func (t *txn) putStep(step policy.Step, event func(policy.Step) (compliance.Event, error)) error {
	var digest string
	if found, err := t.row(`SELECT digest FROM policies WHERE digest = $1`, []any{step.Digest}, &digest); err != nil || !found {
		return errors.Join(err, own(compliance.E(compliance.FaultNotFound, "policy_unknown", "the ledger keeps no such policy")))
	}
	if step.Stage == policy.StageApproved { // a credential that was taken away has no say, also not by what it said before
		var id string
		found, err := t.row(`SELECT id FROM operator_keys WHERE id = $1 AND revoked_at IS NULL`, []any{step.ProposedBy}, &id)
		if err != nil {
			return err
		}
		if !found {
			return own(compliance.E(compliance.FaultForbidden, "operator_unknown", "the key that proposed it was revoked: propose it anew"))
		}
	}
	var report any
	if step.Check != nil {
		text, err := json.Marshal(step.Check)
		if err != nil {
			return err
		}
		report = string(text)
	}
	ev, err := event(step)
	if err != nil {
		return own(err)
	}
	if _, err := t.exec(`INSERT INTO policy_stages (ordinal, digest, stage, made_by, made_at, effective_at, proposed_by, report, note, event_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, step.Ordinal, step.Digest, string(step.Stage), step.By, step.At.UnixMicro(),
		micros(step.EffectiveAt), text(step.ProposedBy), report, text(step.Note), ev.ID); err != nil {
		return err
	}
	return t.putEvent(ev)
}

const selectSteps = `SELECT ordinal, digest, stage, made_by, made_at, effective_at, proposed_by, report, note FROM policy_stages ORDER BY ordinal`

// Policies are the steps of all policies, in order.
func (s *Store) Policies(ctx context.Context) (policy.Lives, error) {
	all, err := policySteps(s.engine.reader().QueryContext(ctx, selectSteps))
	return all, wrap("policies", err)
}

func policySteps(rows *sql.Rows, err error) (policy.Lives, error) {
	var out policy.Lives
	err = each(rows, err, func(scan func(dest ...any) error) error {
		var p policy.Step
		var report string
		if err := scan(&p.Ordinal, &p.Digest, &p.Stage, &p.By, moment(&p.At), moment(&p.EffectiveAt), optional(&p.ProposedBy),
			optional(&report), optional(&p.Note)); err != nil {
			return err
		}
		if report != "" {
			p.Check = &policy.CheckReport{}
			if err := json.Unmarshal([]byte(report), p.Check); err != nil {
				return err
			}
		}
		out = append(out, p)
		return nil
	})
	return out, err
}

// Time is the ledger time that reads judge by: it never runs backwards.
func (s *Store) Time() time.Time { return s.readTime() }

// ShadowCount is how often a policy in shadow came to one result beside what was decided.
type ShadowCount struct {
	Digest     string
	Beside     string // digest of the policy that decided
	Day        string // in China, YYYY-MM-DD
	Scene      compliance.Scene
	Difference string // same, outcome, reasons, fact_missing, failed or dropped
	Decided    compliance.Outcome
	Would      compliance.Outcome // empty where it was not evaluated
	N          int64
}

// AddShadowCounts adds to the counts, all or none.
func (s *Store) AddShadowCounts(ctx context.Context, counts []ShadowCount) error {
	counts = slices.Clone(counts)
	return s.write(ctx, "add shadow counts", []string{policyLock}, func(t *txn) error {
		for _, c := range counts {
			if _, err := t.exec(`INSERT INTO policy_shadow_counts (digest, beside, day, scene, difference, decided, would, n)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (digest, beside, day, scene, difference, decided, would)
				DO UPDATE SET n = policy_shadow_counts.n + excluded.n`,
				c.Digest, c.Beside, c.Day, string(c.Scene), c.Difference, string(c.Decided), string(c.Would), c.N); err != nil {
				return err
			}
		}
		return nil
	})
}

// ShadowCounts are the counts of a policy, by day, scene and result.
func (s *Store) ShadowCounts(ctx context.Context, digest string) ([]ShadowCount, error) {
	var out []ShadowCount
	err := s.list(ctx, `SELECT digest, beside, day, scene, difference, decided, would, n FROM policy_shadow_counts WHERE digest = $1
		ORDER BY day, scene, difference, decided, would, beside`, []any{digest}, func(scan func(dest ...any) error) error {
		var c ShadowCount
		err := scan(&c.Digest, &c.Beside, &c.Day, &c.Scene, &c.Difference, &c.Decided, &c.Would, &c.N)
		out = append(out, c)
		return err
	})
	return out, wrap("shadow counts", err)
}
