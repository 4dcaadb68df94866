// Package cms builds and reads CMS SignedData (RFC 5652) of one signer: the
// frame of AdES signatures and of time-stamp tokens.
//
// The two halves share the names of attributes and nothing else. What builds
// writes DER and verifies the signature it is given before it lets it in. What
// reads takes no encoding but DER, where two readers cannot understand the same
// bytes differently, and reports what it read: whether the signature, the digest
// and the certificate are good is asked of it one by one, because the callers
// want to know what was wrong.
//
// Neither holds a key, reads a clock or trusts a certificate.
package cms
