// Package quota is the arithmetic of legal count limits and the life of an
// opening. It is pure: the counts come from the ledger, inside the transaction
// that writes the opening, so that no counter can drift from what it counts.
package quota

import "time"

// Part is what a key stands for in an opening.
type Part string

// The parts that are no role of a party; every role is a part too.
const (
	Holder      Part = "holder"
	Proxy       Part = "proxy"
	Phone       Part = "phone"        // the holder's phone number
	Account     Part = "bank_account" // the bank account that the holder binds
	LegalEntity Part = "legal_entity"
	Tenant      Part = "tenant"
)

// Key is one thing that a count runs over: the person in a role, the phone
// number, the legal entity or the tenant, by its random id.
type Key struct {
	Part Part
	ID   string
}

// Counting says what is counted.
type Counting string

// What can be counted.
const (
	Openings Counting = "openings"
	Persons  Counting = "persons" // distinct holders
)

// Mode says how strict a limit is.
type Mode string

// The modes. A limit in principle (原则上) gives way to an exception that two people granted.
const (
	Hard        Mode = "hard"
	InPrinciple Mode = "in_principle"
)

// Demand is one limit that one request touches: count the openings of these
// products in these states under all of these keys, or their distinct holders,
// and admit Want more if the sum does not pass Max.
type Demand struct {
	Family   string
	Clause   string
	Reason   string // catalogue code of a refusal
	Products []string
	States   []State
	By       []Key
	Counts   Counting
	Mode     Mode
	Person   string   // the holder who comes in; with Persons he counts once
	Entity   string   // the legal entity that asks: whose exceptions hold
	Whole    bool     // the count holds only when all of the entity's stock is loaded
	Without  []string // openings that this very write ends or moves
	Max      int
	Want     int
}

// Use is what the ledger counted for a demand, this request not included.
type Use struct {
	Demand
	Used       int
	Reserved   int       // of Used, reservations that may still run out
	FreesAt    time.Time // when the first of them does; zero for none
	Incomplete bool      // stock is missing, so that there may be more than Used
	Exception  string    // id of an exception that lets this request pass the limit once
}

// Full reports whether the demand does not fit, exceptions aside.
func (u Use) Full() bool { return u.Used+u.Want > u.Max }

// Admits reports whether the demand fits: never on an incomplete count.
func (u Use) Admits() bool {
	if u.Full() {
		return u.Exception != ""
	}
	return !u.Incomplete
}

// Refused returns the uses that do not fit; a request is admitted when there is none.
func Refused(uses []Use) []Use {
	var out []Use
	for _, u := range uses {
		if !u.Admits() {
			out = append(out, u)
		}
	}
	return out
}
