package policy

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"realname/compliance"
)

// Stage is where a policy stands in its life, which only goes forward; what was retired or withdrawn may begin anew.
type Stage string

// The stages.
const (
	StageDraft     Stage = "draft"     // the ledger keeps it
	StageChecked   Stage = "checked"   // it loads, and decides its examples as they want
	StageShadow    Stage = "shadow"    // evaluated beside the live one, differences counted
	StageProposed  Stage = "proposed"  // one operator wants it live at an instant
	StageApproved  Stage = "approved"  // another one agrees
	StageLive      Stage = "live"      // it decides
	StageRetired   Stage = "retired"   // another one took its place
	StageWithdrawn Stage = "withdrawn" // an operator stopped it before it was live
)

// ByGateway stands in the place of an operator for what gateways do by themselves.
const ByGateway = "gateway"

// Bounds of a life.
const (
	MinNotice  = 5 * time.Second      // between approval and instant, so that every gateway has read it in time
	MaxAhead   = 366 * 24 * time.Hour // how far ahead an instant may lie
	Overdue    = time.Minute          // after its instant, an approved policy that no gateway took may be withdrawn
	MaxShadows = 4                    // policies that are evaluated beside the live one
)

// follows says which stages may come before a stage; "" is a policy that was never seen.
var follows = map[Stage][]Stage{
	StageDraft:     {"", StageRetired, StageWithdrawn},
	StageChecked:   {StageDraft},
	StageShadow:    {StageChecked},
	StageProposed:  {StageShadow, StageProposed}, // at another instant
	StageApproved:  {StageProposed},
	StageLive:      {StageApproved},
	StageRetired:   {StageLive},
	StageWithdrawn: {StageDraft, StageChecked, StageShadow, StageProposed, StageApproved},
}

// Step is one step in the life of a policy. It never changes once it is made.
type Step struct {
	Ordinal     int64 // over the steps of all policies, from 1
	Digest      string
	Stage       Stage
	By          string // key id of an operator, or ByGateway
	At          time.Time
	EffectiveAt time.Time    // proposed, approved, live: from when it decides; retired: until when it did
	ProposedBy  string       // approved: key id of whoever proposed, never that of By
	Check       *CheckReport // checked: what was found
	Note        string       // of the operator, such as the number of a ticket
}

// CheckReport is what a check found.
type CheckReport struct {
	Clauses     int    `json:"clauses"`
	Unverified  int    `json:"unverified"`
	Warnings    int    `json:"warnings"`
	Cases       int    `json:"cases"`
	CasesDigest string `json:"cases_digest"` // hex SHA-256 of the file of examples
	Untouched   int    `json:"untouched"`    // clauses that no example touches
}

// Lives are the steps of all policies, in order.
type Lives []Step

// Last is the newest step of a policy; its Stage is "" for one that was never seen.
func (l Lives) Last(digest string) Step {
	for _, s := range slices.Backward(l) {
		if s.Digest == digest {
			return s
		}
	}
	return Step{Digest: digest}
}

// Digests are the policies that ever took a step, the one that moved last first.
func (l Lives) Digests() []string {
	var out []string
	for _, s := range slices.Backward(l) {
		if !slices.Contains(out, s.Digest) {
			out = append(out, s.Digest)
		}
	}
	return out
}

// Next completes a step that a policy is to take; Digest, Stage, By and At are given, EffectiveAt with a proposal, Check with
// a check. The error says why it may not be taken.
func (l Lives) Next(s Step) (Step, error) {
	last := l.Last(s.Digest)
	gateway := s.Stage == StageLive || s.Stage == StageRetired
	switch {
	case gateway != (s.By == ByGateway) || s.By == "":
		return s, compliance.E(compliance.FaultForbidden, "policy_stage", fmt.Sprintf("%s is not for %q to say", s.Stage, s.By))
	case !slices.Contains(follows[s.Stage], last.Stage):
		return s, compliance.E(compliance.FaultConflict, "policy_stage", fmt.Sprintf("%s is %s and cannot become %s", short(s.Digest), told(last.Stage), s.Stage))
	case s.Stage == StageShadow && len(l.Shadows()) >= MaxShadows:
		return s, compliance.E(compliance.FaultConflict, "policy_shadows", fmt.Sprintf("%d policies are in shadow", MaxShadows))
	}
	var err error
	switch s.Stage {
	case StageProposed:
		err = notice(s.EffectiveAt, s.At)
	case StageApproved:
		s.EffectiveAt, s.ProposedBy = last.EffectiveAt, last.By
		err = l.approve(&s)
	case StageWithdrawn:
		err = l.withdraw(&s, &last)
	case StageLive:
		switch s.EffectiveAt = last.EffectiveAt; {
		case s.At.Before(s.EffectiveAt):
			err = compliance.E(compliance.FaultConflict, "policy_instant", "its instant has not come")
		case len(l.retire(Turn{s.EffectiveAt, s.Digest}, s.At)) > 0:
			err = compliance.E(compliance.FaultConflict, "policy_stage", "another policy is live and must retire first")
		}
	}
	s.Ordinal = int64(len(l)) + 1
	return s, err
}

func (l Lives) approve(s *Step) error {
	if s.By == s.ProposedBy {
		return compliance.E(compliance.FaultForbidden, "policy_four_eyes", "another key than the one that proposed it must approve")
	}
	if other := l.scheduled(s.At); other != "" && other != s.Digest {
		return compliance.E(compliance.FaultConflict, "policy_scheduled", short(other)+" is approved and its instant has not come")
	}
	if newest := l.newest(); !newest.IsZero() && !s.EffectiveAt.After(newest) {
		return compliance.E(compliance.FaultConflict, "policy_instant", "the live policy has a later instant")
	}
	return notice(s.EffectiveAt, s.At)
}

func (l Lives) withdraw(s, last *Step) error {
	if last.Stage == StageApproved && s.At.After(last.EffectiveAt.Add(-MinNotice)) && s.At.Before(last.EffectiveAt.Add(Overdue)) {
		return compliance.E(compliance.FaultConflict, "policy_instant", "its instant is so near that a gateway may take it: it goes live")
	}
	return nil
}

// notice wants an instant that every gateway hears of in time.
func notice(instant, at time.Time) error {
	switch {
	case instant.Before(at):
		return compliance.E(compliance.FaultUnprocessable, "policy_instant", "the instant has passed")
	case instant.Before(at.Add(MinNotice)):
		return compliance.E(compliance.FaultUnprocessable, "policy_instant", fmt.Sprintf("the instant is less than %v away", MinNotice))
	case instant.After(at.Add(MaxAhead)):
		return compliance.E(compliance.FaultUnprocessable, "policy_instant", "the instant is more than a year away")
	}
	return nil
}

// scheduled is the approved policy whose instant has not come, or has come so lately that gateways may just be taking it.
func (l Lives) scheduled(at time.Time) string {
	for _, digest := range l.Digests() {
		if s := l.Last(digest); s.Stage == StageApproved && at.Before(s.EffectiveAt.Add(Overdue)) {
			return digest
		}
	}
	return ""
}

// newest is the instant of the newest live policy.
func (l Lives) newest() (at time.Time) {
	for i := range l {
		if s := &l[i]; s.Stage == StageLive && s.EffectiveAt.After(at) {
			at = s.EffectiveAt
		}
	}
	return at
}

// Shadows are the policies that are evaluated beside the live one, by digest.
func (l Lives) Shadows() []string {
	return slices.DeleteFunc(l.Digests(), func(digest string) bool {
		stage := l.Last(digest).Stage
		return stage != StageShadow && stage != StageProposed && stage != StageApproved
	})
}

// Turn is an instant from which a policy decides.
type Turn struct {
	At     time.Time
	Digest string
}

// Turns are all turns that were, and the one that is to come, in the order of their instants.
func (l Lives) Turns() []Turn {
	var out []Turn
	for i := range l {
		s := &l[i]
		turn := Turn{s.EffectiveAt, s.Digest}
		switch {
		case s.Stage == StageApproved, s.Stage == StageLive && !slices.Contains(out, turn):
			out = append(out, turn)
		case s.Stage == StageWithdrawn:
			if before := l[:i].Last(s.Digest); before.Stage == StageApproved {
				out = slices.DeleteFunc(out, func(t Turn) bool { return t == Turn{before.EffectiveAt, s.Digest} })
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Turn) int { return cmp.Compare(a.At.UnixMicro(), b.At.UnixMicro()) })
	return out
}

// Due are the steps that the instants up to at bring: policies that go live, and those that they retire. Only a policy that
// is ready, because somebody could load it, takes another's place.
func (l Lives) Due(at time.Time, ready func(digest string) bool) []Step {
	var out []Step
	all := l
	for _, turn := range l.Turns() {
		if turn.At.After(at) || !turn.At.After(all.newest()) || all.Last(turn.Digest).Stage != StageApproved || !ready(turn.Digest) {
			continue
		}
		steps, after := all.retire(turn, at), slices.Clip(all)
		for i := range steps {
			steps[i].Ordinal = int64(len(after)) + 1
			after = append(after, steps[i])
		}
		live, err := after.Next(Step{Digest: turn.Digest, Stage: StageLive, By: ByGateway, At: at})
		if err != nil {
			continue
		}
		all = append(after, live)
		out = append(append(out, steps...), live)
	}
	return out
}

// retire ends whatever is live when a turn comes.
func (l Lives) retire(turn Turn, at time.Time) []Step {
	var out []Step
	for _, digest := range l.Digests() {
		if digest != turn.Digest && l.Last(digest).Stage == StageLive {
			out = append(out, Step{Digest: digest, Stage: StageRetired, By: ByGateway, At: at, EffectiveAt: turn.At})
		}
	}
	return out
}

// Bring are the steps by which a gateway makes its own policy live, which came with the program or its configuration: only
// while no operator ever made one live or approved one, and never one that was live before and was replaced. None, when
// nothing is to be done. Beside another live policy it gives notice as operators do.
func (l Lives) Bring(digest string, at time.Time) []Step {
	if l.byOperators() || slices.ContainsFunc(l, func(s Step) bool { return s.Digest == digest && s.Stage == StageLive }) {
		return nil
	}
	turn := Turn{at, digest}
	if newest := l.newest(); !newest.IsZero() {
		if turn.At = at.Add(MinNotice); !turn.At.After(newest) {
			turn.At = newest.Add(time.Microsecond)
		}
	}
	steps := append(l.retire(turn, at), Step{Digest: digest, Stage: StageLive, By: ByGateway, At: at, EffectiveAt: turn.At})
	for i := range steps {
		steps[i].Ordinal = int64(len(l)+i) + 1
	}
	return steps
}

// byOperators reports whether operators have the say: a policy went live by them, or is approved.
func (l Lives) byOperators() bool {
	for i := range l {
		s := &l[i]
		if s.Stage == StageLive && l[:i].Last(s.Digest).Stage == StageApproved || s.Stage == StageApproved && l.Last(s.Digest).Stage == StageApproved {
			return true
		}
	}
	return false
}

// LiveAt is the digest of the policy that decides at a time; empty for none.
func (l Lives) LiveAt(at time.Time) string {
	live := ""
	for _, turn := range l.Turns() {
		if !turn.At.After(at) {
			live = turn.Digest
		}
	}
	return live
}

func short(digest string) string { return digest[:min(12, len(digest))] }

func told(s Stage) string {
	if s == "" {
		return "unknown"
	}
	return string(s)
}
