// Package keyagent lets a vault compute with master keys that are in another process: the gateway never holds them. An
// agent serves one unix socket, mode 0600, to processes of its own user and of root.
//
// # Protocol, version 1
//
// The client opens the socket and writes requests; each is one line of JSON, answered by one line, in order. A line is at
// most 64 KiB, bytes are in base64 (RFC 4648, padded), times in RFC 3339. No line holds a document's number in clear other
// than as data to be hashed, and an agent writes none of them anywhere.
//
//	{"op":"keys"}
//	    {"keys":[{"version":1,"suite":"international","from":"2026-12-02T00:00:00Z","documents":false}]}
//	{"op":"hmac","version":1,"purpose":"document-key","data":"…"}
//	    {"bytes":"…"}            32 bytes: HMAC under the version's key of the purpose
//	{"op":"wrap","version":1,"context":"…","data":"…"}
//	    {"bytes":"…"}            data sealed under the version's wrapping key; context is authenticated with it
//	{"op":"unwrap","version":1,"context":"…","data":"…"}
//	    {"bytes":"…"}            what was wrapped, in the same context alone
//
// Purposes are document-key, request-digest and index. A request that fails is answered by {"error":CODE}: `unknown_key`
// (no such version or purpose, or no more is left of it than makes document keys), `broken` (what should be unwrapped does
// not open), `malformed` (then the agent hangs up), `failed`. An agent with other backends, such as PKCS#11, keeps the
// three keys and the wrapping key of a version where they cannot be read, and answers the same.
package keyagent
