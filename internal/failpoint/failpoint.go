// Package failpoint kills the process at its tenderest points, so that a
// campaign can see what a power cut there would leave behind.
//
// It does so only in a program built with the tag failpoint. In every other one
// Hit and Half are empty, the compiler leaves nothing of them, and the name of
// the variable does not even occur. In a program with the tag, the environment
// variable PECETE_FAILPOINT names a point, and the process kills itself when it
// comes by:
//
//	PECETE_FAILPOINT=after-sign       the first time
//	PECETE_FAILPOINT=after-sign:3     the third time
//	PECETE_FAILPOINT=@/path/of/file   as the file says at that moment, if it is
//	                                  there; a change of it starts a new count
//
// The process ends by SIGKILL: no handler runs, nothing is flushed or closed.
package failpoint

// The points, in the order in which a signature or a credential comes by.
const (
	// An authorization (users, credentials).
	StepUsed      = "step-used"      // the code's time step is spent, nothing is recorded
	GrantRecorded = "grant-recorded" // the grant is in the audit log and nowhere else
	GrantKept     = "grant-kept"     // the grant can be spent, nobody knows its SAD

	// An extension of one (credentials).
	GrantEnded        = "grant-ended"        // the grant before is ended, nothing is recorded
	ExtensionRecorded = "extension-recorded" // the grant that takes its place is in the audit log and nowhere else

	// A signature (credentials/sad, signing, server).
	BeforeReserve = "before-reserve" // all was judged, nothing is spent
	AfterReserve  = "after-reserve"  // the grant is spent, nothing is recorded
	IntentWritten = "intent-written" // the intent is on the disk
	BeforeSign    = "before-sign"    // the device is about to be asked
	AfterSign     = "after-sign"     // the device has signed
	BeforeAnswer  = "before-answer"  // the outcome is on the disk, nothing was sent
	HalfAnswer    = "half-answer"    // half of the answer to a signHash was sent

	// A request in mode A (signing).
	JobKept     = "job-kept"     // the job is in the registry, nothing is spent
	JobAccepted = "job-accepted" // the job waits for its turn, its client was not told
	JobSigned   = "job-signed"   // the device has signed, the result is in memory only

	// A batch on the signers' pages (documents), after the points of a code and of
	// its signatures.
	DocumentSigned = "document-signed" // one of its documents has its signature and is kept, the next has not

	// A code, a refresh token, a revocation (oauth).
	CodeRedeemed       = "code-redeemed"       // the code is spent, there is no token
	TokenKept          = "token-kept"          // the token is kept, its client was not told
	RefreshSwapped     = "refresh-swapped"     // the token is replaced, the next one nobody knows
	RevocationRecorded = "revocation-recorded" // the revocation is recorded, the token lives

	// A credential (credentials).
	KeyGenerated       = "key-generated"       // a key pair is in the device that nobody knows of
	IssuanceBegun      = "issuance-begun"      // the number of a certificate is kept, nothing is signed
	CertificateSigned  = "certificate-signed"  // the authority has signed, nobody has the certificate
	CredentialRecorded = "credential-recorded" // the credential is in the audit log and nowhere else

	// The end of an enrolment (enrolment), with the points of a credential between
	// these.
	EnrolmentClaimed = "enrolment-claimed" // somebody makes the certificate, and has begun nothing
	EnrolmentIssued  = "enrolment-issued"  // it is in the registry, and nobody was told

	// A head of the audit log (audit).
	HeadSigned  = "head-signed"  // the head is signed and nowhere
	HeadWritten = "head-written" // the head is in the log, and not yet kept
)
