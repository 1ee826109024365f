// Package signing holds the keys that sign checkpoints of the audit log.
//
// Keys and signatures have the text forms of C2SP signed-note
// (https://c2sp.org/signed-note), as golang.org/x/mod/sumdb/note writes them:
//
//	PRIVATE+KEY+<name>+<key id>+<base64 of algorithm byte and seed>   (key file, mode 0600)
//	<name>+<key id>+<base64 of algorithm byte and public key>         (verifier file)
//
// The name is the origin of the log that the key signs for, a URL without its
// scheme such as realname.example/log/1. Either file holds one key a line;
// empty lines and lines that begin with # say nothing. A second algorithm is a
// second line under the same name: the algorithm byte tells them apart, so that
// adding one changes no format. This build knows Ed25519 (0x01, RFC 8032).
package signing
