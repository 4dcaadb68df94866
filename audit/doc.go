// Package audit keeps the record of who did what, and finds out afterwards
// whether the record is whole and whether what it tells was allowed.
//
// # Writing
//
// One process writes one file. A line is a record of JSON in the one encoding
// this package gives it: a header (v, log, seq, time, prev), the caller's Entry
// and, in an audit.head record, the signed head. seq counts from 1 without a
// gap, so that it is also the number of the line; time never goes back; prev is
// the SHA-256 of the line before, without its newline, and 64 zeros in the
// first.
//
// Append comes before the deed and returns when the record is on the disk. If
// it returns an error, the deed must not be done: no record, no signature.
//
// After a write or a sync that failed nobody knows what the disk holds, and a
// later sync that succeeds says nothing about what the failed one should have
// written. So the Log takes no further record, and every deed answers "not
// now", which is what Unavailable means in the chain of its errors, until the
// file is mended: cut back to the last record that somebody was promised, its
// last block written again, synced, and read back from the disk. Then an
// audit.recovered record tells of it (docs/adr/0007). That is tried once a
// second and needs no restart.
//
// The chain alone shows an edit only to somebody who knows its end. So from
// time to time a key in the HSM signs the head of the chain, the signature goes
// into the file as an audit.head record and, once it is on the disk, to the
// Keeper, outside the file. What follows the last signed record is vouched for
// by nothing but the file itself: that is what Report.Unsigned counts, and what
// Config.Every and Config.Records keep short.
//
// # What the records say
//
// The Ledger judges signatures by four kinds of records, which therefore must
// carry the following. A grant is named by the id of its SAD; of several that a
// signer agreed to at once, and that have one SAD and one Step, each has the
// credential behind it, after a dot.
//
//	factor.verified  User, Factor; Step, if the factor was a TOTP code
//	grant.issued     Grant, Client, User, Credential, Count; Step, if it was
//	                 proved with a TOTP code; Bound, Hashes and HashOID, if the
//	                 signer agreed to hashes
//	sign.intent      Grant, Client, User, Credential, Hashes, HashOID; Signs,
//	                 if the key does not sign these hashes but what stands for
//	                 them
//	sign.done        Grant, Signatures: as many as the intent has Hashes
//	sign.failed      Grant: nothing was released for the intent
//
// User is the grant's, also where a client acts without one. An intent and its
// outcome are in the same log and have the same Request; an intent has one
// outcome or, after a crash, none. Grants may be issued by one process and
// spent by another: their logs are judged together.
//
// # Reading
//
// Verify reads one log and names the place of the first fault. VerifyFolder
// reads all logs of a folder, looks for every kept head in them and hands the
// records to a Ledger; it is what "pecete audit verify" calls.
package audit
