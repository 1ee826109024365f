// Package auditlog turns committed events into a tile-based transparency log
// (https://c2sp.org/tlog-tiles) that nobody has to trust us for.
//
// One sequencer at a time, fenced by an epoch in the ledger, takes the pending
// events in order and, a batch at a time,
//
//  1. appends their leaves and the new head to the ledger, in one transaction
//     that fails once another sequencer has taken the log;
//  2. signs the checkpoint of that head;
//  3. publishes the tiles, has the witnesses cosign the checkpoint, and publishes
//     it with their lines; it is replaced only when it still is the one last
//     seen: a sequencer that lags cannot roll it back.
//
// So nothing is signed that the ledger does not hold, nothing is published
// that was not signed, and whatever a crash leaves undone the next start does:
// the ledger has the bytes of every leaf, from which tiles come out again byte
// for byte. Open refuses (ErrAhead, ErrInconsistent, ErrForeign) a folder whose
// checkpoint the ledger cannot answer for, and a ledger that has less than a
// witness has cosigned.
//
// The encoding of a leaf is published in package receipt. What an event body
// may not be (no JSON object, or too large for a leaf) still gets its leaf, with
// this in place of the body, so that one bad event can neither stop the log nor
// pass unseen:
//
//	{"at":"…","body_sha256":"…","id":"…","kind":"…","unloggable":"not_json|too_large"}
//
// A Reader serves checkpoint, tiles and receipts; it needs no sequencer beside it.
package auditlog
