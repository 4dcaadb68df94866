// Package ades builds advanced electronic signatures: bytes in, bytes to be
// signed out. It holds no key, reads no clock and opens no connection; what it
// must know of those comes in as an argument, so that the same input gives the
// same signature format on every machine.
//
// A signature is made in two halves, because the key is somewhere else. The
// first half (NewCMS, PreparePDF) decides everything and gives the digest to be
// signed, which is what travels to signatures/signHash (v2.0.0.2 §11.10). The
// second half (Finish) takes the raw signature, checks it with the key of the
// certificate and gives the finished bytes.
//
// What is built today: CMS SignedData (RFC 5652) with the signed attributes of
// CAdES, and PAdES baseline B (ETSI EN 319 142-1) as an incremental update, so
// that the original file stays an untouched prefix of the signed one.
//
// The PDF half is read with pdfcpu and checked by an independent, strict reading
// of the cross-reference sections: a file that only opens after a repair is
// refused, because two programs might repair it in two ways and show two
// different documents under one signature. pdfcpu may panic on hostile files
// (that is caught here) and may exhaust stack or memory (that cannot be caught):
// documents of strangers belong in a process of their own.
package ades
