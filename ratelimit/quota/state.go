package quota

import "fmt"

// State is where one card or account stands in its life.
type State string

// The states. Released, Expired and Closed are final.
const (
	Reserved          State = "reserved"
	PendingActivation State = "pending_activation"
	Active            State = "active"
	Suspended         State = "suspended"
	Closed            State = "closed"
	Released          State = "released"
	Expired           State = "expired"
)

// Action is what is asked of an opening.
type Action string

// The actions. Confirm ends a reservation; Deliver ends it for products that
// the holder must still activate in person; Activate ends that wait.
const (
	Confirm  Action = "confirm"
	Deliver  Action = "deliver"
	Activate Action = "activate"
	Suspend  Action = "suspend"
	Resume   Action = "resume"
	Release  Action = "release"
	Close    Action = "close"
	Expire   Action = "expire"
)

var moves = map[Action]map[State]State{
	Confirm:  {Reserved: Active, PendingActivation: Active, Active: Active},
	Deliver:  {Reserved: PendingActivation, PendingActivation: PendingActivation, Active: Active},
	Activate: {PendingActivation: Active, Active: Active},
	Suspend:  {Active: Suspended, Suspended: Suspended},
	Resume:   {Suspended: Active, Active: Active},
	Release:  {Reserved: Released, PendingActivation: Released, Released: Released, Expired: Expired},
	Close:    {PendingActivation: Closed, Active: Closed, Suspended: Closed, Closed: Closed},
	Expire:   {Reserved: Expired, Expired: Expired},
}

// MoveError says that an opening in From cannot take the action.
type MoveError struct {
	From   State
	Action Action
}

func (e *MoveError) Error() string {
	return fmt.Sprintf("quota: cannot %s an opening that is %s", e.Action, e.From)
}

// Next is the state after an action. Repeating an action that already took
// effect returns the same state, so every action is idempotent.
func Next(from State, a Action) (State, error) {
	to, ok := moves[a][from]
	if !ok {
		return from, &MoveError{From: from, Action: a}
	}
	return to, nil
}

// Final reports whether nothing can follow.
func (s State) Final() bool { return s == Closed || s == Released || s == Expired }
