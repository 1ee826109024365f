// Package receipt proves, offline, that a decision is in the audit log and
// that the log never changed. It is all that an auditor needs beside the public
// key: it imports neither the gateway nor the network.
//
// A receipt is a C2SP tlog-proof (https://c2sp.org/tlog-proof@v1): the leaf as
// extra data, its index, the RFC 6962 inclusion proof and the signed checkpoint
// that the proof leads to. The leaf is not trusted because it is there: its
// hash must be the one that is included.
//
// A leaf is canonical JSON (RFC 8785), at most 65,535 bytes, version 1:
//
//	{"event":{…},"origin":"…","tenant":"…","tenant_prev":"…","tenant_seq":7,"v":1}
//
//	event        the event as committed in the ledger, without personal data
//	origin       the log that the leaf belongs to, as in the checkpoint
//	tenant       the tenant it concerns, "" for the gateway itself
//	tenant_prev  hex of the RFC 6962 leaf hash (SHA-256 of 0x00 and the leaf) of
//	             the tenant's previous leaf, "" for its first
//	tenant_seq   the tenant's own count of leaves, dense from 1
//	v            1
//
// So an omission from one tenant's export shows, and a leaf moved to another
// log or tenant does not verify there.
//
// VerifyLog checks the folder of a whole log, and names what is wrong where.
package receipt
