package vault

import (
	"crypto/hkdf"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"time"
)

// Purposes of a Key's MACs, each under a key of its own.
const (
	ForDocuments = "document-key"   // document keys, and tokens of windows
	ForRequests  = "request-digest" // digests of requests
	ForIndex     = "index"          // keys of indexes, one for each scope
	forWrapping  = "wrap"
)

// Key computes with one version of the master key, wherever that is. It is safe for concurrent use.
type Key interface {
	// MAC is the keyed hash of data for a purpose, 32 bytes.
	MAC(purpose string, data []byte) ([]byte, error)
	// Wrap seals a data key; Unwrap opens it in the same context alone, or returns ErrSealBroken.
	Wrap(context, key []byte) (wrapped []byte, err error)
	Unwrap(context, wrapped []byte) (key []byte, err error)
}

// Opened is one version that can be computed with.
type Opened struct {
	Key
	Suite     Suite
	From      time.Time // when new seals are made under it; zero: at once
	Documents bool      // all that is left of a destroyed version: it makes document keys, and opens nothing
}

// Ring is the versions that can be computed with.
type Ring map[int]Opened

// Open derives what master keys compute with; rand supplies the nonces of wrapped keys.
func (keys MasterKeys) Open(rand io.Reader) (Ring, error) {
	r := Ring{}
	for version, k := range keys {
		key, err := k.open(rand)
		if err != nil {
			return nil, err
		}
		r[version] = Opened{Key: key, Suite: k.Suite, From: k.From, Documents: k.Documents}
	}
	return r, nil
}

// Newest is the highest version; zero when there is none.
func (r Ring) Newest() int {
	newest := 0
	for version := range r {
		newest = max(newest, version)
	}
	return newest
}

// Without is the ring but one version.
func (r Ring) Without(version int) Ring {
	out := maps.Clone(r)
	delete(out, version)
	return out
}

// WithDocumentsOnly is the ring in which one version makes document keys and no more.
func (r Ring) WithDocumentsOnly(version int) Ring {
	out := maps.Clone(r)
	k := out[version]
	k.Documents = true
	out[version] = k
	return out
}

// Fingerprint tells a key from another of its version, and nothing else of it: 16 hex digits.
func (o Opened) Fingerprint() (string, error) {
	mac, err := o.MAC(ForDocuments, framed("fingerprint"))
	if err != nil {
		return "", err
	}
	return hex.EncodeToString(mac)[:16], nil
}

// derived is a master key in this process: a key for each purpose.
type derived struct {
	*suite
	rand io.Reader
	keys map[string][]byte
}

// open makes the keys of a purpose each. The secret is as long in both suites.
func (k MasterKey) open(rand io.Reader) (*derived, error) {
	s, ok := suites[k.Suite]
	if !ok {
		return nil, fmt.Errorf("vault: unknown suite %q", k.Suite)
	}
	d := &derived{suite: s, rand: rand, keys: map[string][]byte{}}
	if k.Documents {
		d.keys[ForDocuments] = k.Secret
		return d, nil
	}
	for purpose, size := range map[string]int{ForDocuments: secretSize, forWrapping: s.keySize, ForRequests: secretSize, ForIndex: secretSize} {
		key, err := hkdf.Key(s.hash, k.Secret, nil, "realname/vault/1/"+purpose, size)
		if err != nil {
			return nil, fmt.Errorf("vault: derive %s key: %w", purpose, err)
		}
		d.keys[purpose] = key
	}
	return d, nil
}

// MAC implements Key.
func (d *derived) MAC(purpose string, data []byte) ([]byte, error) {
	key := d.keys[purpose]
	if key == nil || purpose == forWrapping {
		return nil, ErrUnknownMaster
	}
	return d.keyed(key, data), nil
}

// Wrap implements Key.
func (d *derived) Wrap(context, key []byte) ([]byte, error) {
	if d.keys[forWrapping] == nil {
		return nil, ErrUnknownMaster
	}
	return seal(d.rand, d.suite, d.keys[forWrapping], context, key)
}

// Unwrap implements Key.
func (d *derived) Unwrap(context, wrapped []byte) ([]byte, error) {
	if d.keys[forWrapping] == nil {
		return nil, ErrUnknownMaster
	}
	return open(d.keys[forWrapping], context, wrapped)
}
