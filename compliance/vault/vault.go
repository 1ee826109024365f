package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"sort"

	"realname/compliance"
)

// Algorithm ids of the international suite. They stand beside every value, so
// that a second suite can live next to the first.
const (
	SuiteMAC        = "hmac-sha256"
	SuiteSeal       = "aes-256-gcm"
	SuiteCommitment = "hmac-sha256-salted"

	sealVersion   = 1
	sealAES256GCM = 1
	keySize       = 32
	nonceSize     = 12
)

// Errors of the vault.
var (
	ErrUnknownMaster = errors.New("vault: the data key is wrapped under a master-key version that is not loaded")
	ErrSealBroken    = errors.New("vault: the seal does not open: wrong key, other context, or changed bytes")
	ErrErased        = errors.New("vault: the data key was destroyed")
)

// Vault makes document keys and seals. It is safe for concurrent use.
type Vault struct {
	masters  map[int]master
	versions []int // newest first
	rand     io.Reader
}

type master struct {
	mac, wrap, digest, index []byte
}

// New makes a vault from its master keys; rand supplies nonces, salts and data keys.
func New(keys MasterKeys, rand io.Reader) (*Vault, error) {
	v := &Vault{masters: map[int]master{}, rand: rand}
	for version, secret := range keys {
		m := master{}
		for info, dst := range map[string]*[]byte{"document-key": &m.mac, "wrap": &m.wrap, "request-digest": &m.digest, "index": &m.index} {
			k, err := hkdf.Key(sha256.New, secret, nil, "realname/vault/1/"+info, keySize)
			if err != nil {
				return nil, fmt.Errorf("vault: derive %s key: %w", info, err)
			}
			*dst = k
		}
		v.masters[version] = m
		v.versions = append(v.versions, version)
	}
	if len(v.versions) == 0 {
		return nil, errors.New("vault: no master key")
	}
	sort.Sort(sort.Reverse(sort.IntSlice(v.versions)))
	return v, nil
}

// DocumentKeys are the keys of a canonical document under every live key
// version, newest first.
func (v *Vault) DocumentKeys(kind, issuingState, canonical string) []DocumentKey {
	keys := make([]DocumentKey, 0, len(v.versions))
	for _, version := range v.versions {
		mac := hmac.New(sha256.New, v.masters[version].mac)
		mac.Write(framed(kind, issuingState, canonical))
		keys = append(keys, DocumentKey{
			Kind: kind, IssuingState: issuingState, Suite: SuiteMAC,
			Version: version, MAC: hex.EncodeToString(mac.Sum(nil)),
		})
	}
	return keys
}

// RequestDigest is a keyed digest of a request: it tells whether two requests
// are the same without being searchable for the numbers in them. It names its
// key version, so that rotation does not turn a replay into a mismatch.
func (v *Vault) RequestDigest(canonical []byte) string {
	return v.requestDigest(v.versions[0], canonical)
}

// SameRequest reports whether digest was made of canonical.
func (v *Vault) SameRequest(digest string, canonical []byte) bool {
	for _, version := range v.versions {
		if hmac.Equal([]byte(digest), []byte(v.requestDigest(version, canonical))) {
			return true
		}
	}
	return false
}

func (v *Vault) requestDigest(version int, canonical []byte) string {
	mac := hmac.New(sha256.New, v.masters[version].digest)
	mac.Write(canonical)
	return fmt.Sprintf("%d:%s", version, hex.EncodeToString(mac.Sum(nil)))
}

// NewDataKey makes a data key wrapped under the newest master key.
func (v *Vault) NewDataKey(id, tenantID, relationship, retentionClass string) (DataKey, error) {
	key := make([]byte, keySize)
	if _, err := io.ReadFull(v.rand, key); err != nil {
		return DataKey{}, fmt.Errorf("vault: randomness for a data key: %w", err)
	}
	version := v.versions[0]
	wrapped, err := v.seal(v.masters[version].wrap, framed("data-key", tenantID, id), key)
	if err != nil {
		return DataKey{}, err
	}
	return DataKey{
		ID: id, TenantID: tenantID, Relationship: relationship, RetentionClass: retentionClass,
		Suite: SuiteSeal, MasterVersion: version, Wrapped: wrapped,
	}, nil
}

// Sealer seals and opens the fields of one data key.
type Sealer struct {
	vault *Vault
	key   []byte
	dk    DataKey
}

// Sealer unwraps a data key.
func (v *Vault) Sealer(dk DataKey) (*Sealer, error) {
	if len(dk.Wrapped) == 0 {
		return nil, ErrErased
	}
	m, ok := v.masters[dk.MasterVersion]
	if !ok {
		return nil, ErrUnknownMaster
	}
	key, err := open(m.wrap, framed("data-key", dk.TenantID, dk.ID), dk.Wrapped)
	if err != nil {
		return nil, err
	}
	return &Sealer{vault: v, key: key, dk: dk}, nil
}

// DataKeyID is the id of the data key behind the seals.
func (s *Sealer) DataKeyID() string { return s.dk.ID }

// Seal seals plain text; field and record are bound in, so that a seal moved
// to another field, record or tenant does not open.
func (s *Sealer) Seal(field, record string, plain []byte) ([]byte, error) {
	return s.vault.seal(s.key, framed("field", s.dk.TenantID, s.dk.ID, field, record), plain)
}

// Open opens a seal made for the same field and record, or returns ErrSealBroken.
func (s *Sealer) Open(field, record string, sealed []byte) ([]byte, error) {
	return open(s.key, framed("field", s.dk.TenantID, s.dk.ID, field, record), sealed)
}

// Commitment commits to one input under a fresh random salt (32 bytes). The
// salt is returned to be sealed with the personal data; with it and the value
// anyone can check the commitment, without it nothing can be learnt.
func (v *Vault) Commitment(field string, value []byte) (compliance.Commitment, []byte, error) {
	salt := make([]byte, keySize)
	if _, err := io.ReadFull(v.rand, salt); err != nil {
		return compliance.Commitment{}, nil, fmt.Errorf("vault: randomness for a salt: %w", err)
	}
	mac := hmac.New(sha256.New, salt)
	mac.Write(framed(field, string(value)))
	return compliance.Commitment{Field: field, Alg: SuiteCommitment, Value: hex.EncodeToString(mac.Sum(nil))}, salt, nil
}

// VerifyCommitment reports whether c commits to value under salt.
func VerifyCommitment(c compliance.Commitment, salt, value []byte) bool {
	mac := hmac.New(sha256.New, salt)
	mac.Write(framed(c.Field, string(value)))
	want, err := hex.DecodeString(c.Value)
	return err == nil && c.Alg == SuiteCommitment && hmac.Equal(want, mac.Sum(nil))
}

func (v *Vault) seal(key, aad, plain []byte) ([]byte, error) {
	gcm, err := newGCM(key)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 2+nonceSize, 2+nonceSize+len(plain)+gcm.Overhead())
	out[0], out[1] = sealVersion, sealAES256GCM
	if _, err := io.ReadFull(v.rand, out[2:]); err != nil {
		return nil, fmt.Errorf("vault: randomness for a nonce: %w", err)
	}
	return gcm.Seal(out, out[2:2+nonceSize], plain, aad), nil
}

func open(key, aad, sealed []byte) ([]byte, error) {
	if len(sealed) < 2+nonceSize || sealed[0] != sealVersion || sealed[1] != sealAES256GCM {
		return nil, ErrSealBroken
	}
	gcm, err := newGCM(key)
	if err != nil {
		return nil, err
	}
	plain, err := gcm.Open(nil, sealed[2:2+nonceSize], sealed[2+nonceSize:], aad)
	if err != nil {
		return nil, ErrSealBroken
	}
	return plain, nil
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	return cipher.NewGCM(block)
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
