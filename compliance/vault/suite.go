package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"fmt"
	"hash"

	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/sm4"
)

// Suite names a set of algorithms. A master-key version belongs to one; what was made under another stays readable.
type Suite string

// The two suites.
const (
	International Suite = "international" // HMAC-SHA-256, AES-256-GCM
	National      Suite = "national"      // HMAC-SM3 (GB/T 32905), SM4-GCM (GB/T 32907): commercial cryptography of China
)

// suite is what a Suite computes with. The ids stand beside every value.
type suite struct {
	mac, seal, commitment string
	sealID                byte // second byte of a seal
	keySize               int  // of sealing keys, bytes
	hash                  func() hash.Hash
	block                 func(key []byte) (cipher.Block, error)
}

var suites = map[Suite]*suite{
	International: {
		mac: "hmac-sha256", seal: "aes-256-gcm", commitment: "hmac-sha256-salted", sealID: 1, keySize: 32, hash: sha256.New, block: aes.NewCipher,
	},
	National: {
		mac: "hmac-sm3", seal: "sm4-gcm", commitment: "hmac-sm3-salted", sealID: 2, keySize: 16, hash: sm3.New, block: sm4.NewCipher,
	},
}

// bySeal finds the suite of a seal.
func bySeal(id byte) (*suite, bool) {
	for _, s := range suites {
		if s.sealID == id {
			return s, true
		}
	}
	return nil, false
}

func byCommitment(alg string) (*suite, bool) {
	for _, s := range suites {
		if s.commitment == alg {
			return s, true
		}
	}
	return nil, false
}

func (s *suite) gcm(key []byte) (cipher.AEAD, error) {
	block, err := s.block(key)
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	return cipher.NewGCM(block)
}
