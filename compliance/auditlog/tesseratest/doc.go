// Package tesseratest holds the audit log against another implementation of
// the same formats: Tessera's client and fsck read our log, Tessera's log is
// cosigned by our witness, and a benchmark runs our sequencer beside Tessera's
// POSIX storage. It is a module of its own, because what Tessera depends on
// is no dependency of the gateway.
package tesseratest
