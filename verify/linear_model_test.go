package verify_test

import (
	"fmt"

	"github.com/anishathalye/porcupine"

	"realname/ratelimit/quota"
)

// The model: three persons, two classes of account with a limit each, and a clock that counts units.
const (
	modelPersons  = 3
	modelOpenings = 24 // asked for; the successor of n stands at n + modelOpenings
)

var (
	products = [...]string{"class_1_account", "class_2_account"}
	families = [...]string{"class_1_accounts", "class_2_accounts"}
	limits   = [...]int{1, 2}
	asked    = []string{"confirm", "confirm", "confirm", "release", "close", "suspend", "resume", "reclass", "reclass", "sweep", "clock", "read", "read"}
)

// ask is one operation; reply what came of it.
type ask struct {
	kind                    string
	n, person, class, lease int
	pred                    int // of a transfer; -1 for none
	id, with                string
	waits                   bool // what this one met while it was counted early
}

type reply struct {
	unknown bool
	code    string
	id      string
	at      int // place of id in the model
	state   quota.State
	used    int
}

// world is all that the model knows.
type world struct {
	now   int // of the ledger: the latest that the clock ever showed
	clock int
	cells [2 * modelOpenings]cell
}

type cell struct {
	state                      quota.State // empty: there is none
	person, class, lease, pred int
	waits                      bool // its decision is pending
}

func (w *world) state(n int) quota.State {
	if c := w.cells[n]; c.state != quota.Reserved || c.lease > w.now {
		return c.state
	}
	return quota.Expired
}

func (w *world) used(person, class int) (n int) {
	for i, c := range w.cells {
		if s := w.state(i); s != "" && !s.Final() && c.person == person && c.class == class {
			n++
		}
	}
	return n
}

func (w *world) full(person, class int) bool { return w.used(person, class) >= limits[class] }

// takenOver reports whether a transfer of n was confirmed.
func (w *world) takenOver(n int) bool {
	for i, c := range w.cells {
		if s := w.state(i); s != "" && c.pred == n && s != quota.Reserved && s != quota.Released && s != quota.Expired {
			return true
		}
	}
	return false
}

// apply is the whole of the rules, one step at a time.
func (w *world) apply(in ask) reply {
	c, state := &w.cells[in.n], w.state(in.n)
	heir := (in.n + modelOpenings) % (2 * modelOpenings)
	moved := func(a quota.Action) reply {
		next, err := quota.Next(state, a)
		switch {
		case state == quota.Expired && a != quota.Release:
			return reply{code: "lease_expired"}
		case err != nil:
			return reply{code: "opening_state"}
		}
		if next != state {
			c.state = next
		}
		return reply{state: next, at: in.n}
	}
	switch in.kind {
	case "clock":
		w.clock += in.lease
		w.now = max(w.now, w.clock)
	case "count":
		return reply{used: w.used(in.person, in.class)}
	case "read":
		return reply{state: state, at: in.n}
	case "open":
		used := w.used(in.person, in.class)
		if used >= limits[in.class] {
			return reply{code: "rejected", used: used}
		}
		*c = cell{quota.Reserved, in.person, in.class, w.now + in.lease, in.pred, in.waits}
		if in.waits {
			c.lease = w.now + 1000 // to the deadline of the decision
			return reply{code: "pending", used: used}
		}
		return reply{code: "approved", used: used, state: quota.Reserved, at: in.n}
	case "confirm":
		if c.waits {
			return reply{code: "opening_not_approved"}
		}
		if state == quota.Reserved && c.pred >= 0 {
			if s := w.state(c.pred); s.Final() || s == quota.Reserved {
				return reply{code: "predecessor_ended"}
			}
			w.cells[c.pred].state = quota.Closed
		}
		if state == quota.Expired {
			return w.succeed(in.n, heir, c.class, quota.Active)
		}
		return moved(quota.Confirm)
	case "replace":
		switch {
		case c.person != in.person:
			return reply{code: "verification_other_scene"}
		case w.cells[heir].state != "" || state.Final() || state == quota.Reserved:
			return reply{code: "predecessor_ended"}
		}
		c.state = quota.Closed
		w.cells[heir] = cell{state: state, person: c.person, class: c.class, pred: in.n}
		return reply{state: state, at: heir}
	case "reclass":
		switch {
		case c.person != in.person:
			return reply{code: "verification_other_scene"}
		case c.class == in.class:
			return reply{code: "product_unchanged"}
		case w.cells[heir].state != "" || w.takenOver(in.n):
			return reply{code: "predecessor_ended"}
		case w.full(c.person, in.class):
			return reply{code: "quota_exceeded"}
		case state.Final() || state == quota.Reserved:
			return reply{code: "predecessor_ended"}
		}
		c.state = quota.Closed
		w.cells[heir] = cell{state: state, person: c.person, class: in.class, pred: in.n}
		return reply{state: state, at: heir}
	case "release", "close", "suspend", "resume":
		return moved(quota.Action(in.kind))
	}
	return reply{}
}

// barred says why a transfer cannot take the opening over.
func (w *world) barred(in ask) string {
	c, s := w.cells[in.pred], w.state(in.pred)
	switch {
	case s.Final() || s == quota.Reserved:
		return "predecessor_ended"
	case c.class != in.class:
		return "predecessor_other_product"
	case c.person == in.person:
		return "predecessor_same_holder"
	}
	return ""
}

// succeed is a confirmation that comes late.
func (w *world) succeed(n, heir, class int, state quota.State) reply {
	c := w.cells[n]
	switch {
	case n >= modelOpenings:
		return reply{code: "lease_expired"}
	case w.cells[heir].state != "":
		return reply{state: w.state(heir), at: heir}
	case w.full(c.person, class):
		return reply{code: "quota_exceeded"}
	}
	if c.pred >= 0 {
		if s := w.state(c.pred); s.Final() || s == quota.Reserved {
			return reply{code: "predecessor_ended"}
		}
		w.cells[c.pred].state = quota.Closed
	}
	w.cells[heir] = cell{state: state, person: c.person, class: class, pred: n}
	return reply{state: state, at: heir}
}

// explains reports whether the model's answer is what was heard.
func explains(in ask, want, got reply) bool {
	switch {
	case got.unknown:
		return true
	case want.code != got.code:
		return false
	case in.kind == "open" || in.kind == "count":
		return want.used == got.used
	}
	return want.state == got.state && (got.id == "" || want.at == got.at)
}

var openingsModel = porcupine.Model{
	Init: func() any { return world{} },
	Step: func(state, input, output any) (bool, any) {
		w, in, got := state.(world), input.(ask), output.(reply)
		// Whether the opening to take over is there to be taken is looked at before the counting, in a step of its own.
		if in.kind == "open" && in.pred >= 0 && (got.code == "predecessor_ended" || got.code == "predecessor_same_holder" || got.code == "predecessor_other_product") {
			return true, w
		}
		// Where an early count found no room, nothing was paid for; if the binding count finds some after all, the checks are awaited.
		in.waits = got.code == "pending"
		want := w.apply(in)
		return explains(in, want, got), w
	},
	DescribeOperation: func(input, output any) string {
		in, out := input.(ask), output.(reply)
		return fmt.Sprintf("%s %d (person %d, class %d, lease %d, over %d) → %s %s %d used", in.kind, in.n, in.person, in.class, in.lease, in.pred, outcome(out), out.state, out.used)
	},
	DescribeState: func(state any) (out string) {
		w := state.(world)
		out = fmt.Sprint("at ", w.now)
		for i := range w.cells {
			if s := w.state(i); s != "" {
				out += fmt.Sprintf("; %d of %d: %s", i, w.cells[i].person, s)
			}
		}
		return out
	},
}
