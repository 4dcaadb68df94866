// Package csc is the vocabulary of the Cloud Signature Consortium API: its
// method names, requests and responses, error codes, algorithm identifiers and
// scopes, as Go types. It knows no transport, no store and no key, and imports
// nothing of ours, so that every other package can speak it.
//
// Section numbers are those of v2.0.0.2, the newest version whose text is
// public in full; a method's clause in v2.2 is in the table of method.go.
package csc
