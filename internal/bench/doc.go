// Command bench says how fast a whole server is, as a ratio to what its device
// can do at all.
//
// Both sides are measured in one run on one SoftHSM token: the reference is the
// server's own pool of signers in this process, each signature verified with
// its certificate's key, and nothing else around it; the other side is
// signatures/signHash over HTTPS at a real pecete serve, with authorizations
// that were given before, the audit log synced and verification on. The two
// take turns in slices of a second or two, in an order drawn anew for each
// round; a ratio is taken inside a round, and the median over the rounds is
// told. A slice in which other programs took more than a tenth of the machine
// is measured again.
//
// The load client shares the cores with the server, so that the processor time
// of a signature is told beside the rates: the server's own over that of the
// reference (cpu_ratio). It is also what neighbours disturb least.
package main
