package keyagent

import (
	"errors"
	"time"

	"realname/compliance/vault"
)

// maxLine bounds a request and an answer.
const maxLine = 64 << 10

// Operations.
const (
	opKeys   = "keys"
	opHMAC   = "hmac"
	opWrap   = "wrap"
	opUnwrap = "unwrap"
)

// Codes of errors.
const (
	codeUnknown   = "unknown_key"
	codeBroken    = "broken"
	codeMalformed = "malformed"
	codeFailed    = "failed"
)

type request struct {
	Op      string `json:"op"`
	Version int    `json:"version,omitempty"`
	Purpose string `json:"purpose,omitempty"`
	Context []byte `json:"context,omitempty"`
	Data    []byte `json:"data,omitempty"`
}

type answer struct {
	Keys  []keyInfo `json:"keys,omitempty"`
	Bytes []byte    `json:"bytes,omitempty"`
	Error string    `json:"error,omitempty"`
}

type keyInfo struct {
	Version   int         `json:"version"`
	Suite     vault.Suite `json:"suite"`
	From      time.Time   `json:"from,omitzero"`
	Documents bool        `json:"documents"`
}

func codeOf(err error) string {
	switch {
	case errors.Is(err, vault.ErrUnknownMaster):
		return codeUnknown
	case errors.Is(err, vault.ErrSealBroken):
		return codeBroken
	}
	return codeFailed
}
