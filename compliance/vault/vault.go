package vault

import (
	"crypto/hmac"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"realname/compliance"
)

const (
	sealVersion = 1
	secretSize  = 32 // of master keys, MAC keys and salts, bytes
	nonceSize   = 12
)

// Errors of the vault.
var (
	ErrUnknownMaster = errors.New("vault: the data key is wrapped under a master-key version that is not loaded")
	ErrSealBroken    = errors.New("vault: the seal does not open: wrong key, other context, or changed bytes")
	ErrErased        = errors.New("vault: the data key was destroyed")
	ErrUnavailable   = errors.New("vault: the key agent does not answer")
	ErrStorageOnly   = errors.New("vault: the data key is kept for the law alone")
)

// Vault makes document keys and seals. It is safe for concurrent use.
type Vault struct {
	ring atomic.Pointer[ring]
	rand io.Reader
	now  func() time.Time
}

// master is one version that is loaded.
type master struct {
	*suite
	Opened
}

// ring is the master keys that are loaded.
type ring struct {
	masters  map[int]master
	versions []int // newest first
	whole    []int // of them, those that still seal and open
}

// New makes a vault from its master keys; rand supplies nonces, salts and data keys.
func New(keys MasterKeys, rand io.Reader, now func() time.Time) (*Vault, error) {
	v := &Vault{rand: rand, now: now}
	return v, v.Replace(keys)
}

// Over makes a vault that computes with a ring.
func Over(r Ring, rand io.Reader, now func() time.Time) (*Vault, error) {
	v := &Vault{rand: rand, now: now}
	return v, v.Use(r)
}

// Replace puts other master keys in the place of those that are loaded, while the vault is in use.
func (v *Vault) Replace(keys MasterKeys) error {
	r, err := keys.Open(v.rand)
	if err != nil {
		return err
	}
	return v.Use(r)
}

// Use puts another ring in the place of the one that is loaded, while the vault is in use.
func (v *Vault) Use(opened Ring) error {
	r := &ring{masters: map[int]master{}}
	for version, key := range opened {
		s, ok := suites[key.Suite]
		if !ok {
			return fmt.Errorf("vault: unknown suite %q", key.Suite)
		}
		r.masters[version] = master{s, key}
		r.versions = append(r.versions, version)
		if !key.Documents {
			r.whole = append(r.whole, version)
		}
	}
	if len(r.whole) == 0 {
		return errors.New("vault: no master key")
	}
	for _, list := range [][]int{r.versions, r.whole} {
		slices.Sort(list)
		slices.Reverse(list)
	}
	v.ring.Store(r)
	return nil
}

// Versions are the live master-key versions, newest first.
func (v *Vault) Versions() []int { return slices.Clone(v.ring.Load().versions) }

// Newest is the version that new seals are made under: the newest whose time has come, so that every node has it by then.
func (v *Vault) Newest() int {
	r := v.ring.Load()
	return r.newest(v.now())
}

func (r *ring) newest(now time.Time) int {
	for _, version := range r.whole {
		if !r.masters[version].From.After(now) {
			return version
		}
	}
	return r.whole[len(r.whole)-1]
}

// DocumentKeys are the keys of a canonical document under every live key
// version, newest first.
func (v *Vault) DocumentKeys(kind, issuingState, canonical string) ([]DocumentKey, error) {
	r := v.ring.Load()
	keys := make([]DocumentKey, 0, len(r.versions))
	for _, version := range r.versions {
		m := r.masters[version]
		mac, err := m.MAC(ForDocuments, framed(kind, issuingState, canonical))
		if err != nil {
			return nil, err
		}
		keys = append(keys, DocumentKey{Kind: kind, IssuingState: issuingState, Suite: m.mac, Version: version, MAC: hex.EncodeToString(mac)})
	}
	return keys, nil
}

// Tokens are keyed values of a text, `v1.hex`, under every live version. The first, of the oldest version, is the one to
// count by: rotation leaves it alone. What is kept under the others too goes on without it once its version is destroyed.
func (v *Vault) Tokens(kind, text string) ([]string, error) {
	r := v.ring.Load()
	out := make([]string, 0, len(r.versions))
	for _, version := range slices.Backward(r.versions) {
		mac, err := r.masters[version].MAC(ForDocuments, framed(kind, "", text))
		if err != nil {
			return nil, err
		}
		out = append(out, tokenPrefix(version)+hex.EncodeToString(mac))
	}
	return out, nil
}

// Counts reports whether a token is of the version that is counted by now.
func (v *Vault) Counts(token string) bool {
	r := v.ring.Load()
	return strings.HasPrefix(token, tokenPrefix(r.versions[len(r.versions)-1]))
}

func tokenPrefix(version int) string { return fmt.Sprintf("v%d.", version) }

// keyed is the HMAC of b.
func (s *suite) keyed(key, b []byte) []byte {
	mac := hmac.New(s.hash, key)
	mac.Write(b)
	return mac.Sum(nil)
}

// RequestDigest is a keyed digest of a request: it tells whether two requests
// are the same without being searchable for the numbers in them. It names its
// key version, so that rotation does not turn a replay into a mismatch.
func (v *Vault) RequestDigest(canonical []byte) (string, error) {
	r := v.ring.Load()
	return r.requestDigest(r.newest(v.now()), canonical)
}

// SameRequest reports whether digest was made of canonical.
func (v *Vault) SameRequest(digest string, canonical []byte) (bool, error) {
	r := v.ring.Load()
	for _, version := range r.whole {
		if !strings.HasPrefix(digest, strconv.Itoa(version)+":") {
			continue
		}
		of, err := r.requestDigest(version, canonical)
		return hmac.Equal([]byte(digest), []byte(of)), err
	}
	return false, nil
}

func (r *ring) requestDigest(version int, canonical []byte) (string, error) {
	mac, err := r.masters[version].MAC(ForRequests, canonical)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d:%s", version, hex.EncodeToString(mac)), nil
}

// NewDataKey makes a data key wrapped under the newest master key.
func (v *Vault) NewDataKey(id, tenantID, relationship, retentionClass string) (DataKey, error) {
	r := v.ring.Load()
	version := r.newest(v.now())
	m := r.masters[version]
	key := make([]byte, m.keySize)
	if _, err := io.ReadFull(v.rand, key); err != nil {
		return DataKey{}, fmt.Errorf("vault: randomness for a data key: %w", err)
	}
	wrapped, err := m.Wrap(framed("data-key", tenantID, id), key)
	if err != nil {
		return DataKey{}, err
	}
	return DataKey{
		ID: id, TenantID: tenantID, Relationship: relationship, RetentionClass: retentionClass,
		Suite: m.seal, MasterVersion: version, Wrapped: wrapped,
	}, nil
}

// Rewrap wraps a data key under the newest master key. What it seals stays as it is, and so does its suite.
func (v *Vault) Rewrap(dk DataKey) (DataKey, error) {
	key, err := v.unwrap(dk)
	if err != nil {
		return DataKey{}, err
	}
	r := v.ring.Load()
	dk.MasterVersion = r.newest(v.now())
	dk.Wrapped, err = r.masters[dk.MasterVersion].Wrap(framed("data-key", dk.TenantID, dk.ID), key)
	return dk, err
}

func (v *Vault) unwrap(dk DataKey) ([]byte, error) {
	if len(dk.Wrapped) == 0 {
		return nil, ErrErased
	}
	m, ok := v.ring.Load().masters[dk.MasterVersion]
	if !ok || m.Documents {
		return nil, ErrUnknownMaster
	}
	return m.Unwrap(framed("data-key", dk.TenantID, dk.ID), dk.Wrapped)
}

// Sealer seals and opens the fields of one data key.
type Sealer struct {
	vault *Vault
	suite *suite
	key   []byte
	dk    DataKey
}

// Sealer unwraps a data key that may be used.
func (v *Vault) Sealer(dk DataKey) (*Sealer, error) {
	if dk.StorageOnly && len(dk.Wrapped) > 0 {
		return nil, ErrStorageOnly
	}
	key, err := v.unwrap(dk)
	if err != nil {
		return nil, err
	}
	for _, s := range suites {
		if s.seal == dk.Suite && s.keySize == len(key) {
			return &Sealer{vault: v, suite: s, key: key, dk: dk}, nil
		}
	}
	return nil, ErrSealBroken
}

// DataKeyID is the id of the data key behind the seals.
func (s *Sealer) DataKeyID() string { return s.dk.ID }

// Seal seals plain text; field and record are bound in, so that a seal moved
// to another field, record or tenant does not open.
func (s *Sealer) Seal(field, record string, plain []byte) ([]byte, error) {
	return seal(s.vault.rand, s.suite, s.key, framed("field", s.dk.TenantID, s.dk.ID, field, record), plain)
}

// Open opens a seal made for the same field and record, or returns ErrSealBroken.
func (s *Sealer) Open(field, record string, sealed []byte) ([]byte, error) {
	return open(s.key, framed("field", s.dk.TenantID, s.dk.ID, field, record), sealed)
}

// Commitment commits to one input under a fresh random salt (32 bytes). The
// salt is returned to be sealed with the personal data; with it and the value
// anyone can check the commitment, without it nothing can be learnt.
func (v *Vault) Commitment(field string, value []byte) (compliance.Commitment, []byte, error) {
	salt := make([]byte, secretSize)
	if _, err := io.ReadFull(v.rand, salt); err != nil {
		return compliance.Commitment{}, nil, fmt.Errorf("vault: randomness for a salt: %w", err)
	}
	r := v.ring.Load()
	s := r.masters[r.newest(v.now())].suite
	return compliance.Commitment{Field: field, Alg: s.commitment, Value: hex.EncodeToString(s.keyed(salt, framed(field, string(value))))}, salt, nil
}

// VerifyCommitment reports whether c commits to value under salt.
func VerifyCommitment(c compliance.Commitment, salt, value []byte) bool {
	s, ok := byCommitment(c.Alg)
	return ok && hmac.Equal([]byte(c.Value), []byte(hex.EncodeToString(s.keyed(salt, framed(c.Field, string(value))))))
}

// seal makes version, suite, nonce and what the suite seals.
func seal(rand io.Reader, s *suite, key, aad, plain []byte) ([]byte, error) {
	gcm, err := s.gcm(key)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 2+nonceSize, 2+nonceSize+len(plain)+gcm.Overhead())
	out[0], out[1] = sealVersion, s.sealID
	if _, err := io.ReadFull(rand, out[2:]); err != nil {
		return nil, fmt.Errorf("vault: randomness for a nonce: %w", err)
	}
	return gcm.Seal(out, out[2:2+nonceSize], plain, aad), nil
}

func open(key, aad, sealed []byte) ([]byte, error) {
	if len(sealed) < 2+nonceSize || sealed[0] != sealVersion {
		return nil, ErrSealBroken
	}
	s, ok := bySeal(sealed[1])
	if !ok || len(key) != s.keySize {
		return nil, ErrSealBroken
	}
	gcm, err := s.gcm(key)
	if err != nil {
		return nil, err
	}
	plain, err := gcm.Open(nil, sealed[2:2+nonceSize], sealed[2+nonceSize:], aad)
	if err != nil {
		return nil, ErrSealBroken
	}
	return plain, nil
}

// framed joins parts with their lengths, so that no two lists give the same bytes.
func framed(parts ...string) []byte {
	n := 0
	for _, p := range parts {
		n += 8 + len(p)
	}
	out := make([]byte, 0, n)
	for _, p := range parts {
		out = binary.BigEndian.AppendUint64(out, uint64(len(p)))
		out = append(out, p...)
	}
	return out
}
