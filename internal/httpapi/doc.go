// Package httpapi is the HTTP API v1 of the gateway: it bounds, decodes and
// validates what strangers send, knows who asks, and turns decisions, errors
// and receipts into answers. openapi.yaml is its contract; tests hold every
// route, type and answer against it. It decides nothing itself.
//
// The way in: request id, limits, credential, role, content type, strict JSON,
// validation, verify types. Input that cannot be decoded is refused with its
// own code and recorded as an attempt before the refusal is sent.
package httpapi
