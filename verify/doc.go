// Package verify is the service: one request in, one decision out. It runs the
// checks that the policy demands, asks worker and authority, and commits the
// decision with its opening, sealed data and event in one ledger transaction.
// There is no path on which an answer leaves and its event is not durable.
//
// The interfaces that it consumes, Ledger and Authority, are declared here by
// the use made of them; imaging.Checker and the vault come as they are.
package verify
