// Package signing holds the keys that sign checkpoints of the audit log, and
// those of the witnesses that cosign them.
//
// Keys and signatures have the text forms of C2SP signed-note
// (https://c2sp.org/signed-note), as golang.org/x/mod/sumdb/note writes them:
//
//	PRIVATE+KEY+<name>+<key id>+<base64 of signature type and secret>  (key file, mode 0600)
//	<name>+<key id>+<base64 of signature type and public key>          (verifier file)
//	— <name> <base64 of key id and signature>                          (line of a checkpoint)
//
// The name is the origin of the log that the key signs for, a URL without its
// scheme such as realname.example/log/1; a witness has a name of its own.
// Either file holds one key a line; empty lines and lines that begin with # say
// nothing. The key id is the first four bytes of SHA-256 of name, newline,
// signature type and public key. Three signature types are known:
//
//	suite        signature type                        secret             public key            signature
//	ed25519      0x01                                  32-byte seed       32 bytes              64 bytes, RFC 8032
//	sm2          0xff "oid/1.2.156.10197.1.501" 0x0a   32-byte scalar     65 bytes, 0x04 X Y    r and s, 32 bytes each
//	cosignature  0x04                                  32-byte seed       32 bytes              time and Ed25519 (c2sp.org/tlog-cosignature)
//
// C2SP has assigned SM2 with SM3 no byte. Its rule for such types is 0xff and
// then a longer identifier that is unlikely to collide; ours is the algorithm's
// OID (GM/T 0006). The signature is that of GB/T 32918.2 over the note's text,
// with the user id 1234567812345678 of GB/T 35276, and numbers are big-endian.
// Readers that do not know the type skip the line, as signed-note wants of them.
package signing
