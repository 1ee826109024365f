// Package verify is the service: one request in, one decision out. It runs the
// checks that the policy demands, asks worker and authority, and commits the
// decision with its opening, sealed data and event in one ledger transaction.
// There is no path on which an answer leaves and its event is not durable.
//
// The interfaces it consumes (Ledger, imaging.Checker, Authority, Sealer) are
// declared here, small, by the use made of them.
package verify
