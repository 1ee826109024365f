// Package compliance is the vocabulary of realname: what is decided, on which
// grounds, and what the audit log commits to. The words are those of the
// Anti-Telecom-and-Online-Fraud Law and of identity verification; packages
// beneath it hold the policy, the vault, the log, receipts and signatures.
//
// Nothing in this package ever holds an identity number, a name or an image:
// a Decision and an Event speak of persons by commitments and random ids.
package compliance
