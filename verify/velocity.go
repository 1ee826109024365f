package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"realname/compliance"
	"realname/compliance/policy"
	"realname/ratelimit/quota"
	"realname/ratelimit/velocity"
	"realname/verify/idnumber"
)

// holdLife is how long a unit stays tentative: longer than any request, and a unit that nobody confirms lapses.
const holdLife = 5 * time.Minute

// maxPart bounds what of a tenant's own reference stands in a key; a longer one is digested.
const maxPart = 40

// held is what a request took of the sliding windows.
type held struct {
	id     string
	limits []velocity.Limit
	later  []string // keys that its networks will be counted by once the vault's oldest master key is destroyed
}

// windows are what the ledger writes of it: also under later keys, so that a window is whole when they come into use.
func (h *held) windows() Windows {
	w := Windows{ID: h.id}
	add := func(key string, counts velocity.Counting) {
		if k := (WindowKey{Key: key, Counts: counts}); !slices.Contains(w.Keys, k) {
			w.Keys = append(w.Keys, k)
		}
	}
	for _, l := range h.limits {
		add(l.Key, l.Counts)
		if strings.HasPrefix(l.Key, networkKey) {
			for _, key := range h.later {
				add(key, l.Counts)
			}
		}
	}
	return w
}

// networkKey begins the keys that hold a token of the vault.
const networkKey = compliance.PartNetwork + ":"

// now are the keys that are counted by, and later those that will be.
func (s *Service) nowAndLater(keys []WindowKey) (now []WindowKey, later []string) {
	for _, k := range keys {
		if token, keyed := strings.CutPrefix(k.Key, networkKey); keyed && !s.o.Vault.Counts(token) {
			later = append(later, k.Key)
			continue
		}
		now = append(now, k)
	}
	return now, later
}

// of are the limits that count openings, or those that count attempts.
func (h *held) of(counts velocity.Counting) []velocity.Limit {
	var out []velocity.Limit
	for _, l := range h.limits {
		if l.Counts == counts {
			out = append(out, l)
		}
	}
	return out
}

// hold takes one unit of every velocity that the request touches, all or none, and tells the facts what was found. What
// could not be asked is not executed: the policy lets nothing pass by it.
func (s *Service) hold(ctx context.Context, a *assessment, c Caller, e Enrolled, id string) error {
	rules := s.rules().Velocities(a.facts)
	a.facts.Velocities = nil
	networks, err := s.networkKeys(a.req)
	if err != nil {
		return err
	}
	h := held{id: id}
	if len(networks) > 0 {
		h.later = networks[1:]
	}
	var of [][]int // rules of each limit: what two clauses say of one window is one limit, the lower
	for i, v := range rules {
		keys := windowKeys(v.Per, a.req, networks, c, e)
		a.facts.Velocities = append(a.facts.Velocities, compliance.VelocityUse{
			Name: v.Name, Clause: v.Clause, Limit: v.Max, Skipped: len(keys) == 0,
		})
		for _, key := range keys {
			var k int
			if h.limits, k = withWindow(h.limits, limitOf(v, key)); k == len(of) {
				of = append(of, nil)
			}
			of[k] = append(of[k], i)
		}
	}
	switch n := len(h.limits); {
	case n == 0:
		return nil
	case n > velocity.MaxLimits: // of so many devices or parties that they cannot be held at once: nothing honest has them
		settled(a.facts.Velocities)
		return nil
	}
	order := personLast(h.limits)
	answer, err := s.o.Velocities.Hold(ctx, velocity.Hold{ID: id, Limits: pick(h.limits, order), TTL: holdLife})
	if errors.Is(err, velocity.ErrUnavailable) {
		return nil
	}
	if errors.Is(err, velocity.ErrInvalid) {
		return compliance.E(compliance.FaultInternal, "internal", "a velocity of the policy cannot be asked").Because(err)
	}
	if err != nil {
		return ledgerError(err)
	}
	for k, use := range answer.Uses {
		for _, rule := range of[order[k]] {
			worst(&a.facts.Velocities[rule], use, answer.Bounded)
		}
	}
	if !answer.Admitted {
		settled(a.facts.Velocities)
		return nil
	}
	h.limits = pick(h.limits, order)
	a.held = &h
	return nil
}

// worst takes a use into what is told of its velocity: of several keys the fullest.
func worst(out *compliance.VelocityUse, u velocity.Use, bounded bool) {
	full := u.Used >= out.Limit
	if !out.Executed || u.Used > out.Used || full && !out.Full {
		out.Used, out.FreesAt = u.Used, u.FreesAt
	}
	out.Executed, out.Full, out.Bounded = true, out.Full || full, out.Bounded || bounded
}

// settled marks what a refused hold never came to: the windows behind the one that refused decide nothing.
func settled(uses []compliance.VelocityUse) {
	refused := slices.ContainsFunc(uses, func(u compliance.VelocityUse) bool { return u.Full })
	for i := range uses {
		switch u := &uses[i]; {
		case !u.Executed && refused:
			u.Skipped = true
		case !refused && !u.Skipped:
			u.Executed, u.Full = true, true // nobody says which window refused: none passes
		}
	}
}

// personLast is the fixed order in which windows are taken: as the policy has them, the holder's last.
func personLast(limits []velocity.Limit) []int {
	order := make([]int, len(limits))
	for i := range order {
		order[i] = i
	}
	person := func(i int) int {
		if strings.HasPrefix(limits[i].Key, string(quota.Holder)+":") {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(order, func(a, b int) int { return person(a) - person(b) })
	return order
}

func pick(limits []velocity.Limit, order []int) []velocity.Limit {
	out := make([]velocity.Limit, len(order))
	for i, k := range order {
		out[i] = limits[k]
	}
	return out
}

func limitOf(v policy.Velocity, key string) velocity.Limit {
	l := velocity.Limit{Name: v.Name, Key: key, Window: v.Window, Max: v.Max, Counts: velocity.Attempts, Loss: velocity.FailClosed}
	if v.Counts == string(quota.Openings) {
		l.Counts = velocity.Openings
	}
	if v.WhenLost == policy.LocalBound {
		l.Loss = velocity.LocalBound
	}
	return l
}

// windowKeys are what the request has of a part: opaque tokens that begin with the part's name.
func windowKeys(part string, r *Request, networks []string, c Caller, e Enrolled) []string {
	key := func(id string) []string {
		if id == "" {
			return nil
		}
		return []string{part + ":" + id}
	}
	own := func(ref string) []string { // a tenant's references mean nothing to another tenant
		if ref == "" {
			return nil
		}
		if len(ref) > maxPart {
			ref = compliance.Digest([]byte(ref))[:maxPart]
		}
		return key(c.TenantID + ":" + ref)
	}
	switch part {
	case string(quota.Holder):
		return key(e.PersonID)
	case compliance.PartTenant:
		return key(c.TenantID)
	case compliance.PartChannelAgent:
		return own(r.Channel.ChannelAgent)
	case compliance.PartOutlet:
		return own(r.Channel.Outlet)
	case compliance.PartClerk:
		return own(r.Channel.Clerk)
	case compliance.PartTerminal:
		return own(r.Channel.Terminal)
	case compliance.PartNetwork:
		return networks[:min(1, len(networks))]
	case compliance.PartDevice:
		var out []string
		for _, serial := range devices(r) {
			out = append(out, own(serial)...)
		}
		return out
	}
	var out []string
	for _, k := range e.Others {
		if string(k.Part) == part {
			out = append(out, key(k.ID)...)
		}
	}
	return out
}

// networkKeys are the keys of the applicant's network, that which is counted by first; none without a network.
func (s *Service) networkKeys(r *Request) ([]string, error) {
	text := network(r.Channel.Network)
	if text == "" {
		return nil, nil
	}
	tokens, err := s.o.Vault.Tokens(compliance.PartNetwork, text)
	if err != nil {
		return nil, vaultError(err)
	}
	for i := range tokens {
		tokens[i] = networkKey + tokens[i]
	}
	return tokens, nil
}

// confirmHold tells the engine what became of a request: units of what was committed stay, the rest comes back. An
// engine that cannot be told loses nothing: its windows are filled from the ledger, and a tentative unit lapses.
func (s *Service) confirmHold(ctx context.Context, h *held, opened bool) {
	if h == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	confirmed, returned := h.limits, []velocity.Limit(nil)
	if !opened {
		confirmed, returned = h.of(velocity.Attempts), h.of(velocity.Openings)
	}
	if len(confirmed) > 0 {
		s.told(s.o.Velocities.Confirm(ctx, h.id, confirmed))
	}
	if len(returned) > 0 {
		s.told(s.o.Velocities.GiveBack(ctx, h.id, returned))
	}
}

// dropHold gives back what a request took that came to nothing.
func (s *Service) dropHold(ctx context.Context, h *held) { s.confirmHold(ctx, h, false) }

func (s *Service) told(err error) {
	if err != nil {
		s.o.Log.Warn("the sliding windows could not be told; they follow the ledger", "error", err)
	}
}

// giveBack returns the units of an opening that was released or ran out.
func (s *Service) giveBack(ctx context.Context, decisionID string) {
	if decisionID == "" {
		return
	}
	all, err := s.o.Ledger.OpeningWindows(ctx, decisionID)
	if err != nil {
		s.told(fmt.Errorf("verify: read what was released: %w", err))
		return
	}
	for _, w := range all {
		w.Keys, _ = s.nowAndLater(slices.DeleteFunc(w.Keys, func(k WindowKey) bool { return !k.Released }))
		for chunk := range slices.Chunk(windowsOf(w.Keys, s.rules().AllVelocities()), velocity.MaxLimits) {
			s.told(s.o.Velocities.GiveBack(ctx, w.ID, chunk))
		}
	}
}

// windowsOf are the windows that rules run over keys, of two over one window the lower limit.
func windowsOf(keys []WindowKey, rules []policy.Velocity) []velocity.Limit {
	var limits []velocity.Limit
	for _, k := range keys {
		part, _, _ := strings.Cut(k.Key, ":")
		for _, v := range rules {
			if l := limitOf(v, k.Key); v.Per == part && l.Counts == k.Counts {
				limits, _ = withWindow(limits, l)
			}
		}
	}
	return limits
}

// withWindow adds a limit, or where its window is there already lowers that one, and tells its place.
func withWindow(limits []velocity.Limit, l velocity.Limit) ([]velocity.Limit, int) {
	i := slices.IndexFunc(limits, func(o velocity.Limit) bool { return o.Key == l.Key && o.Counts == l.Counts && o.Window == l.Window })
	if i < 0 {
		return append(limits, l), len(limits)
	}
	limits[i].Max, limits[i].Loss = min(limits[i].Max, l.Max), min(limits[i].Loss, l.Loss) // FailClosed comes first
	return limits, i
}

// holdAgain takes the units of an opening that ran out once more, for its successor: whoever comes late has what its
// reservation gave back to find anew.
func (s *Service) holdAgain(ctx context.Context, gone Opening, f compliance.Facts) (*held, error) {
	all, err := s.o.Ledger.OpeningWindows(ctx, gone.DecisionID)
	if err != nil {
		return nil, ledgerError(err)
	}
	h := held{id: gone.ID}
	f.Date = idnumber.DateOf(s.o.Now()).String()
	rules := s.rules().Velocities(f)
	for _, w := range all {
		if w.ID == gone.ID { // a repeat: the successor has its units
			return nil, nil
		}
		keys, later := s.nowAndLater(w.Keys)
		h.later = append(h.later, later...)
		limits := windowsOf(keys, rules)
		if len(limits) > 0 { // what ran out counts no more, swept or not
			s.told(s.o.Velocities.GiveBack(ctx, w.ID, limits))
		}
		for _, l := range limits {
			h.limits, _ = withWindow(h.limits, l)
		}
	}
	if len(h.limits) == 0 {
		return nil, nil
	}
	h.limits = pick(h.limits, personLast(h.limits))
	answer, err := s.o.Velocities.Hold(ctx, velocity.Hold{ID: h.id, Limits: h.limits, TTL: holdLife})
	if err != nil {
		return nil, compliance.E(compliance.FaultUnavailable, "velocity_unavailable", "the sliding windows cannot be counted now; ask again").Because(err)
	}
	if !answer.Admitted { // why is nothing for the clerk: a new request is decided with all reasons
		return nil, compliance.E(compliance.FaultConflict, "lease_expired", "the reservation has expired; ask for a new opening")
	}
	return &h, nil
}

// unasked are the velocities of a request that was refused before any was asked.
func (s *Service) unasked(a *assessment) []compliance.VelocityUse {
	var out []compliance.VelocityUse
	for _, v := range s.rules().Velocities(a.facts) {
		out = append(out, compliance.VelocityUse{Name: v.Name, Clause: v.Clause, Limit: v.Max, Skipped: true})
	}
	return out
}

// windowsLost reports whether velocities were never counted, so that they must be before anything passes.
func windowsLost(uses []compliance.VelocityUse) bool {
	return slices.ContainsFunc(uses, func(u compliance.VelocityUse) bool { return !u.Executed && !u.Skipped })
}

// ForgetWindows deletes from the ledger what no sliding window holds any more, and returns how much that was.
func (s *Service) ForgetWindows(ctx context.Context) (int, error) {
	longest, all := time.Duration(0), []*policy.Policy{s.rules()}
	if s.o.Coming != nil {
		all = append(all, s.o.Coming()...)
	}
	for _, p := range all {
		for _, v := range p.AllVelocities() {
			longest = max(longest, v.Window)
		}
	}
	before := s.o.Now().UTC().Add(-longest - holdLife)
	total := 0
	for {
		n, err := s.o.Ledger.ForgetWindows(ctx, before, settlePage)
		total += n
		if err != nil {
			return total, ledgerError(err)
		}
		if n == 0 || ctx.Err() != nil {
			return total, ctx.Err()
		}
	}
}
