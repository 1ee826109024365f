package signing

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/asn1"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/big"
	"time"

	"github.com/emmansun/gmsm/sm2"
)

// Suite names a signature algorithm, in configuration and in demands.
type Suite string

// The suites. The first two sign for a log, the third for a witness of logs.
const (
	Ed25519     Suite = "ed25519"     // RFC 8032
	SM2         Suite = "sm2"         // SM2 with SM3: GB/T 32918.2, GB/T 32905
	Cosignature Suite = "cosignature" // timestamped Ed25519: C2SP tlog-cosignature, cosignature/v1
)

// LogSuites returns the suites that a log's own keys can have.
func LogSuites() []Suite { return []Suite{Ed25519, SM2} }

// sm2Type is the signature type of SM2 with SM3. C2SP has assigned it no byte;
// for that signed-note keeps 0xff, followed by a longer identifier: the OID of
// the algorithm (GM/T 0006).
const sm2Type = "\xffoid/1.2.156.10197.1.501\n"

const (
	sm2SecretSize    = 32
	sm2PublicSize    = 65 // uncompressed point
	sm2SignatureSize = 64 // r and s, 32 bytes each: DER would give one signature several spellings
	timeSize         = 8
)

// algorithm is what a Suite computes with.
type algorithm struct {
	suite                  Suite
	kind                   string // signature type, as it stands in front of a key
	secretSize, publicSize int
	generate               func(rand io.Reader) (secret []byte, err error)
	open                   func(secret []byte) (public []byte, sign signFunc, err error)
	verify                 func(public []byte) (checkFunc, error)
}

type (
	signFunc  func(msg []byte, at time.Time) ([]byte, error)
	checkFunc func(msg, sig []byte) bool
)

var algorithms = []algorithm{
	{Ed25519, "\x01", ed25519.SeedSize, ed25519.PublicKeySize, readSeed, openEd25519, verifyEd25519},
	{SM2, sm2Type, sm2SecretSize, sm2PublicSize, generateSM2, openSM2, verifySM2},
	{Cosignature, "\x04", ed25519.SeedSize, ed25519.PublicKeySize, readSeed, openCosignature, verifyCosignature},
}

func algorithmOf(s Suite) (algorithm, error) {
	for _, a := range algorithms {
		if a.suite == s {
			return a, nil
		}
	}
	return algorithm{}, fmt.Errorf("%w %q", ErrAlgorithm, s)
}

func readSeed(rand io.Reader) ([]byte, error) {
	seed := make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(rand, seed); err != nil {
		return nil, fmt.Errorf("signing: read randomness: %w", err)
	}
	return seed, nil
}

func openEd25519(seed []byte) ([]byte, signFunc, error) {
	key := ed25519.NewKeyFromSeed(seed)
	sign := func(msg []byte, _ time.Time) ([]byte, error) { return ed25519.Sign(key, msg), nil }
	return key.Public().(ed25519.PublicKey), sign, nil
}

func verifyEd25519(public []byte) (checkFunc, error) {
	return func(msg, sig []byte) bool { return ed25519.Verify(public, msg, sig) }, nil
}

// generateSM2 draws until the bytes are a private key: nearly always at once.
func generateSM2(rand io.Reader) ([]byte, error) {
	for {
		secret, err := readSeed(rand)
		if err != nil {
			return nil, err
		}
		if _, err := sm2.NewPrivateKey(secret); err == nil {
			return secret, nil
		}
	}
}

func openSM2(secret []byte) ([]byte, signFunc, error) {
	key, err := sm2.NewPrivateKey(secret)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: not an SM2 key", ErrKey)
	}
	public, err := sm2.PublicKeyToECDH(&key.PublicKey)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	sign := func(msg []byte, _ time.Time) ([]byte, error) {
		// Not injected: who repeats the randomness of two signatures gives the key away.
		der, err := sm2.SignASN1(rand.Reader, key, msg, sm2.DefaultSM2SignerOpts)
		if err != nil {
			return nil, fmt.Errorf("signing: %w", err)
		}
		var rs struct{ R, S *big.Int }
		if _, err := asn1.Unmarshal(der, &rs); err != nil {
			return nil, fmt.Errorf("signing: %w", err)
		}
		sig := make([]byte, sm2SignatureSize)
		rs.R.FillBytes(sig[:sm2SignatureSize/2])
		rs.S.FillBytes(sig[sm2SignatureSize/2:])
		return sig, nil
	}
	return public.Bytes(), sign, nil
}

func verifySM2(public []byte) (checkFunc, error) {
	key, err := sm2.NewPublicKey(public)
	if err != nil {
		return nil, fmt.Errorf("%w: not a point of the SM2 curve", ErrKey)
	}
	return func(msg, sig []byte) bool {
		if len(sig) != sm2SignatureSize {
			return false
		}
		r, s := new(big.Int).SetBytes(sig[:sm2SignatureSize/2]), new(big.Int).SetBytes(sig[sm2SignatureSize/2:])
		return sm2.VerifyWithSM2(key, nil, msg, r, s)
	}, nil
}

func openCosignature(seed []byte) ([]byte, signFunc, error) {
	key := ed25519.NewKeyFromSeed(seed)
	sign := func(msg []byte, at time.Time) ([]byte, error) {
		if at.Unix() < 0 {
			return nil, fmt.Errorf("signing: cosignature at %s", at)
		}
		sig := binary.BigEndian.AppendUint64(nil, uint64(at.Unix()))
		return append(sig, ed25519.Sign(key, cosigned(at.Unix(), msg))...), nil
	}
	return key.Public().(ed25519.PublicKey), sign, nil
}

func verifyCosignature(public []byte) (checkFunc, error) {
	return func(msg, sig []byte) bool {
		if len(sig) != timeSize+ed25519.SignatureSize {
			return false
		}
		at := binary.BigEndian.Uint64(sig)
		return at <= math.MaxInt64 && ed25519.Verify(public, cosigned(int64(at), msg), sig[timeSize:])
	}, nil
}

// cosigned is the message that a cosignature signs.
func cosigned(at int64, msg []byte) []byte {
	return append(fmt.Appendf(nil, "cosignature/v1\ntime %d\n", at), msg...)
}
