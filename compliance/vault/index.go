package vault

import (
	"crypto/hmac"
	"encoding/binary"
	"slices"
)

// Index makes the values of one scope of an index of things that resemble each
// other: what is equal can be looked up, and without the master key nothing
// can be learnt, not even whether two scopes hold the same. It is safe for
// concurrent use.
type Index struct {
	vault *Vault
	scope string

	newest   int
	versions []int // newest first
	keys     map[int]indexKeys
}

type indexKeys struct {
	*suite
	mac, seal []byte
}

// Index is that of a purpose and a scope within it; each pair has keys of its own.
func (v *Vault) Index(purpose, scope string) (*Index, error) {
	r := v.ring.Load()
	x := &Index{vault: v, scope: scope, newest: r.newest(v.now()), versions: r.whole, keys: map[int]indexKeys{}}
	for _, version := range r.whole {
		m := r.masters[version]
		mac, err := m.MAC(ForIndex, framed("mac", purpose, scope))
		if err != nil {
			return nil, err
		}
		seal, err := m.MAC(ForIndex, framed("seal", purpose, scope))
		if err != nil {
			return nil, err
		}
		x.keys[version] = indexKeys{suite: m.suite, mac: mac, seal: seal[:m.keySize]}
	}
	return x, nil
}

// Versions are the live key versions, that of new entries first.
func (x *Index) Versions() []int {
	others := slices.DeleteFunc(slices.Clone(x.versions), func(version int) bool { return version == x.newest })
	return append([]int{x.newest}, others...)
}

// Value is the keyed value of plain under a live key version: 64 bits of its HMAC.
func (x *Index) Value(version int, plain []byte) int64 {
	mac := hmac.New(x.keys[version].hash, x.keys[version].mac)
	mac.Write(plain)
	return int64(binary.BigEndian.Uint64(mac.Sum(nil)))
}

// Seal seals plain for the owner under the newest key version.
func (x *Index) Seal(owner string, plain []byte) (version int, sealed []byte, err error) {
	version = x.newest
	k := x.keys[version]
	sealed, err = seal(x.vault.rand, k.suite, k.seal, framed("index", x.scope, owner), plain)
	return version, sealed, err
}

// Open opens what was sealed for the same owner, or returns ErrSealBroken; ErrUnknownMaster when the version is not loaded.
func (x *Index) Open(version int, owner string, sealed []byte) ([]byte, error) {
	k, ok := x.keys[version]
	if !ok {
		return nil, ErrUnknownMaster
	}
	return open(k.seal, framed("index", x.scope, owner), sealed)
}
