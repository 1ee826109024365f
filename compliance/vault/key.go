package vault

// DocumentKey is the keyed HMAC of a canonical document: what the ledger and
// the limiter see instead of a number. Two keys are equal only within one
// suite and key version.
type DocumentKey struct {
	Kind         string // kind of verify/idnumber
	IssuingState string // ISO 3166 alpha-3
	Suite        string // algorithm id, such as `hmac-sha256`
	Version      int    // key version
	MAC          string // hex
}

// DataKey is one data key of (tenant, person, relationship, retention class),
// wrapped under a master-key version. Destroying Wrapped is erasure.
type DataKey struct {
	ID             string
	TenantID       string
	PersonID       string
	Relationship   string
	RetentionClass string
	Suite          string // such as `aes-256-gcm`
	MasterVersion  int
	Wrapped        []byte
	StorageOnly    bool // erasure was asked before its time: it seals and opens nothing any more, and is kept for the law alone
}
