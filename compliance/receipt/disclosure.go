package receipt

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/emmansun/gmsm/sm3"
	"golang.org/x/mod/sumdb/note"
)

// Errors of disclosures; those of receipts occur as well.
var (
	// ErrDisclosure: the text is no disclosure of version 1.
	ErrDisclosure = errors.New("receipt: malformed disclosure")
	// ErrNotCommitted: the decision of the receipt commits to no such field, or to it otherwise.
	ErrNotCommitted = errors.New("receipt: the decision does not commit to this field so")
	// ErrOtherValue: value and salt are not what the commitment was made of.
	ErrOtherValue = errors.New("receipt: the commitment is to another value")
)

// DisclosureExtension is the file extension of disclosures.
const DisclosureExtension = ".disclosure.json"

// MaxDisclosure bounds the text of a disclosure in bytes: a receipt in JSON, and one value.
const MaxDisclosure = 2*MaxSize + 64<<10

// The algorithms of commitments: HMAC with the salt as key.
const (
	CommitSHA256 = "hmac-sha256-salted"
	CommitSM3    = "hmac-sm3-salted" // GB/T 32905
)

// Disclosure is one input of a decision in clear, with all that proves it: it
// holds personal data, and nothing of the decision's other inputs.
type Disclosure struct {
	V          int    `json:"v"`          // 1
	Field      string `json:"field"`      // such as party.0.holder.document
	Value      string `json:"value"`      // in clear
	Salt       []byte `json:"salt"`       // base64 in JSON
	Alg        string `json:"alg"`        // CommitSHA256 or CommitSM3
	Commitment string `json:"commitment"` // hex
	Receipt    string `json:"receipt"`    // of the decision, verbatim
}

// Disclosed is what a disclosure proves.
type Disclosed struct {
	Verified
	Decision string // id of the decision
	Version  int    // of the decision
	Field    string
	Value    string // personal data
	Alg      string
}

// Encode returns the text of the disclosure, with a newline at its end.
func (d Disclosure) Encode() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(d); err != nil {
		return nil, fmt.Errorf("receipt: %w", err)
	}
	return b.Bytes(), nil
}

// ParseDisclosure reads the text of a disclosure without verifying it.
func ParseDisclosure(text []byte) (Disclosure, error) {
	if len(text) > MaxDisclosure {
		return Disclosure{}, fmt.Errorf("%w: %d bytes, at most %d", ErrDisclosure, len(text), MaxDisclosure)
	}
	var d Disclosure
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	// The decoder's own errors may quote the value.
	if err := dec.Decode(&d); err != nil {
		return Disclosure{}, fmt.Errorf("%w: not the JSON of one", ErrDisclosure)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return Disclosure{}, fmt.Errorf("%w: something follows it", ErrDisclosure)
	}
	if d.V != 1 || d.Field == "" || len(d.Salt) == 0 || d.Receipt == "" {
		return Disclosure{}, fmt.Errorf("%w: want v 1, field, value, salt, alg, commitment and receipt", ErrDisclosure)
	}
	return d, nil
}

// VerifyDisclosure checks, offline, that the decision of the receipt was made on
// this value of this field: the receipt by the keys of its log, the commitment
// in the receipt's leaf, and the value and salt by the commitment.
func VerifyDisclosure(keys note.Verifiers, text []byte) (Disclosed, error) {
	d, err := ParseDisclosure(text)
	if err != nil {
		return Disclosed{}, err
	}
	v, err := Verify(keys, []byte(d.Receipt))
	if err != nil {
		return Disclosed{}, err
	}
	var event struct {
		Kind    string `json:"kind"`
		Subject string `json:"subject"`
		Data    struct {
			Version     int `json:"version"`
			Commitments []struct {
				Field string `json:"field"`
				Alg   string `json:"alg"`
				Value string `json:"value"`
			} `json:"commitments"`
		} `json:"data"`
	}
	if err := json.Unmarshal(v.Leaf.Event, &event); err != nil || event.Kind != "decision" {
		return Disclosed{}, fmt.Errorf("%w: the receipt is not that of a decision", ErrNotCommitted)
	}
	found := 0
	for _, c := range event.Data.Commitments {
		if c.Field != d.Field {
			continue
		}
		found++
		if c.Alg != d.Alg || c.Value != d.Commitment {
			return Disclosed{}, fmt.Errorf("%w: %q has another commitment there", ErrNotCommitted, d.Field)
		}
	}
	if found != 1 {
		return Disclosed{}, fmt.Errorf("%w: %d commitments to %q", ErrNotCommitted, found, d.Field)
	}
	mac, err := commitment(d.Alg, d.Salt, d.Field, d.Value)
	if err != nil {
		return Disclosed{}, err
	}
	if !hmac.Equal([]byte(mac), []byte(d.Commitment)) {
		return Disclosed{}, fmt.Errorf("%w of %q", ErrOtherValue, d.Field)
	}
	return Disclosed{Verified: v, Decision: event.Subject, Version: event.Data.Version, Field: d.Field, Value: d.Value, Alg: d.Alg}, nil
}

// commitment computes, apart from the code that makes commitments, hex of
// HMAC(salt, len(field) field len(value) value), the lengths as big-endian uint64.
func commitment(alg string, salt []byte, field, value string) (string, error) {
	var of func() hash.Hash
	switch alg {
	case CommitSHA256:
		of = sha256.New
	case CommitSM3:
		of = sm3.New
	default:
		return "", fmt.Errorf("%w: unknown algorithm %.40q", ErrDisclosure, alg)
	}
	mac := hmac.New(of, salt)
	for _, part := range []string{field, value} {
		mac.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		mac.Write([]byte(part))
	}
	return hex.EncodeToString(mac.Sum(nil)), nil
}
