package policy

import (
	"slices"
	"time"

	"realname/compliance"
)

// VelocityParts are what a velocity may run over beside the parties of a request.
var VelocityParts = []string{
	compliance.PartPhone, compliance.PartBankAccount, compliance.PartChannelAgent, compliance.PartOutlet, compliance.PartClerk,
	compliance.PartTerminal, compliance.PartDevice, compliance.PartNetwork, compliance.PartTenant,
}

// What becomes of a velocity while the shared store is gone.
const (
	FailClosed = "fail_closed"
	LocalBound = "local_bound"
)

// Bounds of a velocity, as ratelimit/velocity has them.
const (
	maxVelocity       = 10_000
	maxVelocityWindow = 400 * 24 * time.Hour
)

const reasonVelocityUnavailable = "velocity_unavailable"

// WaitsForVelocity is the name under which a pending decision waits for the windows.
const WaitsForVelocity = "velocity"

func (r *reader) velocity(path, id string, e *velocityEntry) Velocity {
	v := Velocity{
		Clause: id, Name: e.Name, Per: e.Per, Counts: e.Counts, Max: e.Max, Outcome: compliance.Outcome(e.Outcome), Reason: e.Reason, WhenLost: e.WhenLost,
	}
	one := func(key, value string, of ...string) {
		if !slices.Contains(of, value) {
			r.fault(path+"."+key, "use one of "+choices(of), "velocity %s: %s is %q", e.Name, key, value)
		}
	}
	if !token64.MatchString(e.Name) {
		r.fault(path+".name", "use a-z, 0-9 and _", "velocity %q", e.Name)
	}
	one("per", e.Per, append(texts(compliance.PartyRoles()), VelocityParts...)...)
	one("counts", e.Counts, "openings", "attempts")
	one("outcome", e.Outcome, string(compliance.Rejected), string(compliance.Review))
	one("when_lost", e.WhenLost, FailClosed, LocalBound)
	if e.Max < 1 || e.Max > maxVelocity {
		r.fault(path+".max", "use 1 to 10000", "velocity %s: max is %d", e.Name, e.Max)
	}
	var err error
	if v.Window, err = time.ParseDuration(e.Window); err != nil || v.Window < time.Second || v.Window > maxVelocityWindow {
		r.fault(path+".window", "write a stretch such as 1h or 24h, up to 9600h", "velocity %s: window is %q", e.Name, e.Window)
	}
	r.reason(path, "reason", e.Reason)
	return v
}

// Velocities are the windows in force for f, in the order of the clauses. Openings are counted only where one is asked for.
func (p *Policy) Velocities(f compliance.Facts) []Velocity {
	var out []Velocity
	for c := range p.read(&f).applying {
		for _, v := range c.speeds {
			if v.concerns(&f) {
				out = append(out, v)
			}
		}
	}
	return out
}

// AllVelocities are the windows of every clause, in force or not: what was counted under one may be given back after it ended.
func (p *Policy) AllVelocities() []Velocity {
	var out []Velocity
	for _, c := range p.clauses {
		out = append(out, c.speeds...)
	}
	return out
}

// concerns reports whether the request has what the window runs over.
func (v *Velocity) concerns(f *compliance.Facts) bool {
	always := v.Per == string(compliance.RoleHolder) || v.Per == compliance.PartTenant
	return (always || slices.Contains(f.Parts, v.Per)) && (f.HasOpening || v.Counts != "openings")
}

func (j *judgement) velocities(c *clause) {
	for i := range c.speeds {
		v := &c.speeds[i]
		if !v.concerns(j.facts) {
			continue
		}
		k := slices.IndexFunc(j.facts.Velocities, func(u compliance.VelocityUse) bool { return u.Name == v.Name && u.Clause == v.Clause })
		switch {
		case k >= 0 && j.facts.Velocities[k].Skipped:
			j.find(c, v.Name, string(compliance.NotApplicable), compliance.Approved, nil)
		case k >= 0 && j.facts.Velocities[k].Executed && j.facts.Velocities[k].Full:
			j.find(c, v.Name, "full", v.Outcome, []string{v.Reason})
		case k >= 0 && j.facts.Velocities[k].Executed:
			j.find(c, v.Name, string(compliance.Passed), compliance.Approved, nil)
		case j.facts.Waited:
			j.find(c, v.Name, string(compliance.NotExecuted), compliance.Review, []string{reasonVelocityUnavailable})
		default:
			j.find(c, v.Name, string(compliance.NotExecuted), compliance.Pending, []string{reasonVelocityUnavailable})
			j.waiting = append(j.waiting, WaitsForVelocity)
		}
	}
}
