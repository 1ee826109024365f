// Package sqlstore is the durable ledger on SQLite (embedded default) and
// PostgreSQL: one schema, one set of statements, two engines. It implements
// verify.Ledger, the ledger of compliance/auditlog (Store.Log) and the
// tenants with their credentials.
//
// # What it promises
//
// A write that returned nil is on disk (SQLite: WAL with synchronous FULL;
// PostgreSQL: synchronous_commit at least on), with its event in the same
// transaction. A write that returned an error left nothing, but for one case:
// when the connection to PostgreSQL breaks during COMMIT the outcome is not
// known here, and the caller learns it by its idempotency key.
//
// # Admission
//
// Commit counts openings and writes the new one in one transaction. SQLite has
// one writer, which is the lock. PostgreSQL runs READ COMMITTED and first takes
// an advisory lock on each person (and on each key of a demand without a
// person), in sorted order; statements after that see all that was committed
// under those locks. Imports may exceed a limit and take no locks.
//
// # Ledger time
//
// Every write has one time: the later of the clock and the durable mark, in
// microseconds, taken after the locks. It never runs backwards, not over a
// restart and not between two gateways on one PostgreSQL. A clock that is set
// back stands still here until it has caught up.
//
// # Leases
//
// A reserved opening whose lease has ended at ledger time has lapsed: it does
// not count, reads and Transition show it as expired, and nothing moves it to a
// state that counts (verify.ErrOpeningEnded). ExpireLeases later writes that
// state with its event. Because time never runs backwards, what lapsed stays so.
//
// # What has no event
//
// A change of state has its event in the same transaction, but for these: Enroll
// makes a person, its document keys and its data key without one (the decision
// or attempt that they are made for has its own), AddLegalEntity makes what the
// event of its first tenant names, and an upload has one event, at its end.
//
// # Order of events
//
// Each write draws a sequence number after its locks. Events reach the log in
// that order; of two writes that overlapped in time on PostgreSQL either may be
// first, and a late one is appended when it has committed.
package sqlstore
