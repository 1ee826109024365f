package receipt

// Kind is the stable code of a finding or a note.
type Kind string

// Findings: each means that the folder is not what the log's key signed.
const (
	CheckpointMissing   Kind = "checkpoint_missing"
	CheckpointMalformed Kind = "checkpoint_malformed"
	CheckpointSignature Kind = "checkpoint_signature"
	RootMismatch        Kind = "root_mismatch" // entries and tiles agree on another tree than the checkpoint signs

	TileMissing      Kind = "tile_missing"
	TileLength       Kind = "tile_length"
	TileAltered      Kind = "tile_altered"
	SubtreeRewritten Kind = "subtree_rewritten" // a tile and all beneath it agree, the signed tree has something else there
	Disagreement     Kind = "disagreement"      // tile and bundle differ, and no signed hash is left that says which is right

	BundleMissing    Kind = "bundle_missing"
	BundleMalformed  Kind = "bundle_malformed"
	EntryAltered     Kind = "entry_altered"
	EntryDropped     Kind = "entry_dropped"
	EntryInserted    Kind = "entry_inserted"
	EntryDuplicated  Kind = "entry_duplicated"
	EntriesReordered Kind = "entries_reordered"
	EntriesTruncated Kind = "entries_truncated"

	LeafMalformed Kind = "leaf_malformed"
	LeafOrigin    Kind = "leaf_origin"
	ChainSequence Kind = "chain_sequence" // tenant_seq does not follow
	ChainPrevious Kind = "chain_previous" // tenant_prev is not the tenant's previous leaf

	ReceiptMalformed Kind = "receipt_malformed"
	ReceiptSignature Kind = "receipt_signature"
	ReceiptInclusion Kind = "receipt_inclusion"
	ReceiptOrigin    Kind = "receipt_origin"
	ReceiptAhead     Kind = "receipt_ahead" // signed at a size that the log does not have: rolled back or cut
	ReceiptFork      Kind = "receipt_fork"  // the log had another tree at the size of the receipt
)

// Of disclosures, which are no part of a folder.
const (
	DisclosureMalformed  Kind = "disclosure_malformed"
	DisclosureCommitment Kind = "disclosure_commitment" // the decision commits to no such field, or to it otherwise
	DisclosureValue      Kind = "disclosure_value"      // the commitment is to another value
)

// Notes: worth knowing, no proof of anything.
const (
	UnknownFile        Kind = "unknown_file"
	BeyondCheckpoint   Kind = "beyond_checkpoint"
	UnknownSignature   Kind = "unknown_signature"
	ReceiptNotCompared Kind = "receipt_not_compared" // the tiles it would be compared with are damaged
)

// Range is a range of bytes in a file.
type Range struct {
	Offset int64 `json:"offset"`
	Length int64 `json:"length"`
}

// Finding names one thing that is wrong, and where.
type Finding struct {
	Kind     Kind   `json:"kind"`
	File     string `json:"file"`               // slash-separated, relative to the folder
	Other    string `json:"other,omitempty"`    // the second file, where two are concerned
	Bytes    *Range `json:"bytes,omitempty"`    // within File
	Entry    *int64 `json:"entry,omitempty"`    // index of the first entry concerned, from 0
	Last     *int64 `json:"last,omitempty"`     // index of the last, where they are several
	Event    string `json:"event,omitempty"`    // id of the event, as the bytes found tell it
	Expected string `json:"expected,omitempty"` // what the signed tree demands
	Found    string `json:"found,omitempty"`
}

// Report is the outcome of VerifyLog.
type Report struct {
	Origin   string    `json:"origin"`    // "" when the checkpoint does not verify
	Size     int64     `json:"size"`      // leaves; as signed, or as found when the checkpoint does not verify
	Root     string    `json:"root"`      // base64, as signed
	SignedBy []string  `json:"signed_by"` // keys (name+id) whose signatures on the checkpoint were verified
	Entries  int64     `json:"entries"`   // checked
	Tiles    int64     `json:"tiles"`     // tile files checked
	Tenants  int       `json:"tenants"`   // whose chains were followed
	Receipts int64     `json:"receipts"`  // checked
	Findings []Finding `json:"findings"`
	Notes    []Finding `json:"notes"`
	// Omitted counts findings and notes beyond the first maxFindings of each.
	Omitted int64 `json:"omitted,omitempty"`
}

// Sound reports whether nothing at all was found wrong.
func (r Report) Sound() bool { return len(r.Findings) == 0 }

// maxFindings bounds the memory that a wholly broken folder costs.
const maxFindings = 1000

func (r *Report) find(f Finding) { r.add(&r.Findings, f) }
func (r *Report) note(f Finding) { r.add(&r.Notes, f) }

func (r *Report) add(list *[]Finding, f Finding) {
	if len(*list) == maxFindings {
		r.Omitted++
		return
	}
	*list = append(*list, f)
}

func entryAt(i int64) *int64 { return &i }

func byteRange(offset, length int) *Range {
	return &Range{Offset: int64(offset), Length: int64(length)}
}
