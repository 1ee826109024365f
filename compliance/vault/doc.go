// Package vault keeps personal data apart from everything else: documents
// become keyed HMACs (an unkeyed hash of an identity number is reversible by
// listing all numbers), and what must be kept is sealed under a data key whose
// destruction erases it.
package vault
