package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"realname/compliance"
	"realname/compliance/policy"
	"realname/internal/sqlstore"
	"realname/verify"
)

// ReplayOptions say what is decided again, and by which policy.
type ReplayOptions struct {
	Policy   *Policy
	From, To string // civil days in China, both included; empty: no bound
	After    string // id: only decisions behind it, to go on with a replay
	Sample   int    // ids of each group that are told
	Recount  bool   // count openings anew, as they stood before each decision
	Progress func(done, all int)
}

// ReplayCount is how the decisions of one group come out.
type ReplayCount struct {
	Of          string `json:"of"` // scene or tenant
	Decisions   int    `json:"decisions"`
	Otherwise   int    `json:"otherwise"`
	FactMissing int    `json:"fact_missing"`
}

// ReplayGroup are decisions that come out alike, with some of their ids, each with its version.
type ReplayGroup struct {
	Of        string   `json:"of"` // such as `approved → rejected`, a fact, or an error
	Decisions int      `json:"decisions"`
	Sample    []string `json:"sample"`
}

// ReplayReason is a reason that decisions gain or lose.
type ReplayReason struct {
	Code   string `json:"code"`
	Gained int    `json:"gained"`
	Lost   int    `json:"lost"`
}

// Replay tells who would be decided otherwise. Every version of a decision counts by itself. Slices are never nil.
type Replay struct {
	Policy       string         `json:"policy"`
	PolicyDigest string         `json:"policy_digest"`
	Decisions    int            `json:"decisions"`
	Same         int            `json:"same"`
	Otherwise    int            `json:"otherwise"`
	FactMissing  int            `json:"fact_missing"`   // this policy reads what was never kept
	Erased       int            `json:"erased"`         // their personal data is gone; they are decided again on the facts that stay
	OwnPolicy    int            `json:"own_policy"`     // decided under this very digest
	Reproduced   int            `json:"reproduced"`     // of them, found the same to the byte
	Changes      []*ReplayGroup `json:"changes"`        // of those decided otherwise
	Missing      []*ReplayGroup `json:"missing"`        // by fact
	Differing    []*ReplayGroup `json:"not_reproduced"` // what history says and the same policy does not
	Scenes       []ReplayCount  `json:"scenes"`
	Tenants      []ReplayCount  `json:"tenants"`
	Reasons      []ReplayReason `json:"reasons"` // of those decided otherwise
	Last         string         `json:"last"`    // id behind which another replay goes on
	Complete     bool           `json:"complete"`
}

// replay is one run.
type replay struct {
	o       ReplayOptions
	store   *sqlstore.Store
	known   map[string]*Policy // by digest; nil where the ledger has no such policy that loads
	report  Replay
	scenes  map[string]*ReplayCount
	tenants map[string]*ReplayCount
	reasons map[string]*ReplayReason
}

// Replay decides stored history again and changes nothing. When it is interrupted the report tells how far it came.
func (o *Operator) Replay(ctx context.Context, opts ReplayOptions) (*Replay, error) {
	begin, end, err := civilDays(opts.From, opts.To)
	if err != nil {
		return nil, err
	}
	r := &replay{
		o: opts, store: o.store, known: map[string]*Policy{opts.Policy.Digest(): opts.Policy},
		scenes: map[string]*ReplayCount{}, tenants: map[string]*ReplayCount{}, reasons: map[string]*ReplayReason{},
		report: Replay{
			Policy: opts.Policy.Name(), PolicyDigest: opts.Policy.Digest(), Last: opts.After,
			Changes: []*ReplayGroup{}, Missing: []*ReplayGroup{}, Differing: []*ReplayGroup{},
		},
	}
	err = o.history(ctx, sqlstore.HistoryQuery{After: opts.After, From: begin, To: end}, opts.Progress, func(page []sqlstore.HistoryRecord) error {
		return r.page(ctx, page)
	})
	r.report.Complete = err == nil
	r.sum()
	return &r.report, err
}

// replayed is one decision, decided again.
type replayed struct {
	decision compliance.Decision
	again    policy.Redecision
	own      bool // under its own policy
	exact    bool // and the same to the byte
	damaged  bool
	err      error
}

// page decides a page on every processor, and counts in the order of the ids.
func (r *replay) page(ctx context.Context, page []sqlstore.HistoryRecord) error {
	out := make([]replayed, len(page))
	parallel(len(page), func(i int) {
		var err error
		out[i].decision, err = compliance.DecodeDecision(page[i].Canonical)
		out[i].damaged = err != nil || out[i].decision.ID != page[i].ID || out[i].decision.Version != page[i].Version
	})
	for i := range out {
		if err := r.learn(ctx, out[i].decision.PolicyDigest); !out[i].damaged && err != nil {
			return err
		}
	}
	parallel(len(page), func(i int) { out[i].err = r.decide(ctx, &page[i], &out[i]) })
	for i := range out {
		if out[i].err != nil {
			return out[i].err
		}
		r.count(page[i], &out[i])
	}
	r.report.Last = page[len(page)-1].ID
	return nil
}

// parallel does 0 to n-1 on every processor.
func parallel(n int, do func(i int)) {
	var wg sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		wg.Go(func() {
			for i := w; i < n; i += workers {
				do(i)
			}
		})
	}
	wg.Wait()
}

// learn loads the policy of a decision once.
func (r *replay) learn(ctx context.Context, digest string) error {
	if _, known := r.known[digest]; known {
		return nil
	}
	source, err := r.store.Policy(ctx, digest)
	if errors.Is(err, verify.ErrNotFound) {
		r.known[digest] = nil
		return nil
	}
	if err != nil {
		return err
	}
	p, err := policy.Load("policy "+digest[:min(12, len(digest))], source)
	if err != nil {
		p = nil // a policy of another time, which this gateway cannot read any more
	}
	r.known[digest] = p
	return nil
}

func (r *replay) decide(ctx context.Context, record *sqlstore.HistoryRecord, d *replayed) error {
	if d.damaged {
		return nil
	}
	old := r.known[d.decision.PolicyDigest]
	if old == nil {
		d.again.Missing = []string{"policy " + d.decision.PolicyDigest[:min(12, len(d.decision.PolicyDigest))]}
		return nil
	}
	if d.own = old == r.o.Policy; d.own {
		d.exact = r.o.Policy.Reproduces(&d.decision)
	}
	if d.exact && !r.o.Recount {
		return nil
	}
	var recount policy.Recount
	var err error
	if r.o.Recount && d.decision.Facts.HasOpening && record.PersonID != "" {
		recount = r.recount(ctx, record, &d.decision, &err)
	}
	d.again = r.o.Policy.Redecide(old, &d.decision, recount)
	return err
}

// recount counts by the parties that the decision was counted by. Its first error is left in failed.
func (r *replay) recount(ctx context.Context, record *sqlstore.HistoryRecord, d *compliance.Decision, failed *error) policy.Recount {
	parties, err := r.store.DecisionParties(ctx, d.TenantID, d.ID, d.Version)
	*failed = err
	caller := verify.Caller{TenantID: d.TenantID, LegalEntityID: record.LegalEntityID}
	enrolled := verify.Enrolled{PersonID: record.PersonID, Others: parties}
	return func(l *policy.Limit) (most int, incomplete, ok bool) {
		for _, demand := range verify.Demands(*l, caller, enrolled) {
			used, unsure, err := r.store.CountAt(ctx, demand, d.DecidedAt, d.ID)
			if err != nil {
				if *failed == nil {
					*failed = err
				}
				return 0, false, false
			}
			most, incomplete, ok = max(most, used), incomplete || unsure, true
		}
		return most, incomplete, ok
	}
}

func (r *replay) count(record sqlstore.HistoryRecord, d *replayed) {
	id := fmt.Sprintf("%s/%d", record.ID, record.Version)
	r.report.Decisions++
	if record.Erased {
		r.report.Erased++
	}
	if d.damaged {
		r.sample(&r.report.Differing, "damaged", id)
		return
	}
	scene, tenant := groupOf(r.scenes, string(d.decision.Scene)), groupOf(r.tenants, d.decision.TenantID)
	scene.Decisions++
	tenant.Decisions++
	if d.own {
		r.report.OwnPolicy++
	}
	switch {
	case d.exact:
		r.report.Reproduced++
	case d.own:
		r.sample(&r.report.Differing, string(d.decision.Outcome)+" → "+string(d.again.Outcome), id)
	}
	switch {
	case d.exact && !r.o.Recount:
		r.report.Same++
	case len(d.again.Missing) > 0:
		r.report.FactMissing++
		scene.FactMissing++
		tenant.FactMissing++
		for _, fact := range d.again.Missing {
			r.sample(&r.report.Missing, fact, id)
		}
	case d.again.Differs(&d.decision):
		r.report.Otherwise++
		scene.Otherwise++
		tenant.Otherwise++
		r.sample(&r.report.Changes, string(d.decision.Outcome)+" → "+string(d.again.Outcome), id)
		r.reason(d)
	default:
		r.report.Same++
	}
}

func groupOf(in map[string]*ReplayCount, of string) *ReplayCount {
	if in[of] == nil {
		in[of] = &ReplayCount{Of: of}
	}
	return in[of]
}

func (r *replay) reason(d *replayed) {
	var before []string
	for _, ref := range d.decision.Reasons {
		before = append(before, ref.Code)
	}
	note := func(code string) *ReplayReason {
		if r.reasons[code] == nil {
			r.reasons[code] = &ReplayReason{Code: code}
		}
		return r.reasons[code]
	}
	for _, code := range d.again.Reasons {
		if !slices.Contains(before, code) {
			note(code).Gained++
		}
	}
	for _, code := range before {
		if !slices.Contains(d.again.Reasons, code) {
			note(code).Lost++
		}
	}
}

// sample counts an id in its group and keeps the first ones.
func (r *replay) sample(groups *[]*ReplayGroup, of, id string) {
	i := slices.IndexFunc(*groups, func(g *ReplayGroup) bool { return g.Of == of })
	if i < 0 {
		i = len(*groups)
		*groups = append(*groups, &ReplayGroup{Of: of, Sample: []string{}})
	}
	g := (*groups)[i]
	if g.Decisions++; len(g.Sample) < r.o.Sample {
		g.Sample = append(g.Sample, id)
	}
}

// sum orders the groups by their size, and then by name.
func (r *replay) sum() {
	for _, list := range []*[]*ReplayGroup{&r.report.Changes, &r.report.Missing, &r.report.Differing} {
		slices.SortFunc(*list, func(a, b *ReplayGroup) int {
			return cmp.Or(cmp.Compare(b.Decisions, a.Decisions), cmp.Compare(a.Of, b.Of))
		})
	}
	counts := func(in map[string]*ReplayCount) []ReplayCount {
		out := []ReplayCount{}
		for _, c := range in {
			out = append(out, *c)
		}
		slices.SortFunc(out, func(a, b ReplayCount) int {
			return cmp.Or(cmp.Compare(b.Otherwise, a.Otherwise), cmp.Compare(a.Of, b.Of))
		})
		return out
	}
	r.report.Scenes, r.report.Tenants, r.report.Reasons = counts(r.scenes), counts(r.tenants), []ReplayReason{}
	for _, reason := range r.reasons {
		r.report.Reasons = append(r.report.Reasons, *reason)
	}
	slices.SortFunc(r.report.Reasons, func(a, b ReplayReason) int {
		return cmp.Or(cmp.Compare(b.Gained+b.Lost, a.Gained+a.Lost), cmp.Compare(a.Code, b.Code))
	})
}
