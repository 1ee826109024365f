package verify

import "time"

// SharedImages is the scope of the index of images that tenants share.
const SharedImages = "shared"

// ImageSearch looks one photo up in the index of images that were seen before.
type ImageSearch struct {
	PersonID string // whose own entries are no reuse; empty for nobody
	Scopes   []ImageScope
}

// ImageScope is what is looked up in one scope of the index, and what is put
// there with the decision.
type ImageScope struct {
	Scope string    // a tenant's id, or SharedImages
	Bands []int64   // keyed values under every live key version
	Since time.Time // older entries are as good as forgotten
	// Alike says in what a stored entry is like the photo. hits are those of Bands
	// that it shares. It runs inside the transaction: pure, quick, no I/O.
	Alike func(hits []int64, e ImageEntry) Likeness
	// Whole is in what an entry of the same person must be alike to be the same
	// photo, which then takes the place of that entry.
	Whole Likeness
	Put   *ImageEntry // nil: only looked for
	Most  int         // entries that the scope may hold; the oldest go first
}

// ImageEntry is one image in the index.
type ImageEntry struct {
	TenantID   string
	PersonID   string
	KeyVersion int
	Bands      []int64
	Sealed     []byte // the fingerprints; empty in the shared scope
}

// Likeness is in what two images show the same.
type Likeness struct{ Card, Portrait, Template bool }

// Or is in what either says.
func (l Likeness) Or(o Likeness) Likeness {
	return Likeness{l.Card || o.Card, l.Portrait || o.Portrait, l.Template || o.Template}
}

// Covers reports whether l holds in all that o does.
func (l Likeness) Covers(o Likeness) bool { return l.Or(o) == l }
