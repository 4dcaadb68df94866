package conformance

import "regexp"

// The refusals several cases want, in the words of their tables.

// refused is 400 with a code and words of the server's choice.
func refused() refusal { return refusal{status: []int{400}} }

// malformedHeader is the answer all methods but info prescribe.
func malformedHeader() refusal { return bad("Malformed authorization header.") }

// missingString is how the tables refuse a string that is not there.
func missingString(name string) refusal {
	return bad("Missing (or invalid type) string parameter " + name)
}

// missingHashes keeps the name hashes had in v1.
func missingHashes() refusal { return bad("Missing (or invalid type) array parameter hash") }

func badCount() refusal {
	return bad("Missing (or invalid type) integer parameter numSignatures")
}

func badProof() refusal {
	return refusal{
		status: []int{400}, code: []string{"invalid_authentication_data"},
		text: "The authentication data is invalid",
	}
}

func badSAD() refusal     { return bad(wordsBadSAD) }
func expiredSAD() refusal { return bad(wordsExpiredSAD) }
func badHash() refusal    { return bad("Hash is not authorized by the SAD.") }
func badLength() refusal  { return bad("Invalid digest value length") }
func badMode() refusal    { return bad("Invalid parameter operationMode") }
func badAlgo() refusal    { return bad("Invalid parameter signAlgo") }
func badHashOID() refusal { return bad("Invalid parameter hashAlgorithmOID") }

// What a server says of a SAD that is dead, or dead by now.
const (
	wordsBadSAD     = "Invalid parameter SAD"
	wordsExpiredSAD = "SAD expired"
)

var expiredForm = regexp.MustCompile(`^Signing certificate '.+' is expired\.$`)

// expiredKey has the names of a certificate's owner in it.
func expiredKey() refusal {
	return refusal{status: []int{400}, code: []string{"invalid_request"}, pattern: expiredForm}
}
