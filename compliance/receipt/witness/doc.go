// Package witness is both sides of C2SP tlog-witness
// (https://c2sp.org/tlog-witness): a witness that a regulator runs, and the
// client by which a log asks for its cosignatures.
//
// A witness remembers, for each log that it knows, the last checkpoint it has
// cosigned, and cosigns another only if that contains all entries of the last.
// So a log whose checkpoints bear its cosignature was neither forked nor rolled
// back since, whoever holds the log's key. It sees hashes and sizes, no entries.
//
// The record of a log is one file, replaced whole and synced before the
// cosignature leaves: what a crash may lose is an answer, never a record.
package witness
