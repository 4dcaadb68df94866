package csc

// The values of signature_format (v2.0.0.2 §11.11).
const (
	CAdES = "C"
	PAdES = "P"
)

// The values of signed_envelope_property, by what they are of.
const (
	Detached      = "Detached"      // CAdES
	Attached      = "Attached"      // CAdES, the default
	Certification = "Certification" // PAdES, the default
	Revision      = "Revision"      // PAdES
)

// LevelB is the conformance level of a signature without a time stamp, which is
// the default.
const LevelB = "AdES-B-B"

// SignDocRequest is the body of signatures/signDoc (v2.0.0.2 §11.11), which has
// DocumentDigests or Documents, and in the form of v2.2 §11.14 a
// SignatureCreationRequest in their stead.
type SignDocRequest struct {
	CredentialID             string                    `json:"credentialID,omitempty"`
	SignatureQualifier       Qualifier                 `json:"signatureQualifier,omitempty"`
	SAD                      Secret                    `json:"SAD,omitempty"`
	DocumentDigests          []DocumentDigests         `json:"documentDigests,omitempty"`
	Documents                []Document                `json:"documents,omitempty"`
	SignatureCreationRequest *SignatureCreationRequest `json:"signatureCreationRequest,omitempty"`
	Operation
	ReturnValidationInfo bool   `json:"returnValidationInfo,omitempty"`
	ClientData           string `json:"clientData,omitempty"`
}

// DocumentDigests are hashes of documents that are to be signed alike.
type DocumentDigests struct {
	Hashes           []Digest `json:"hashes"`
	HashAlgorithmOID string   `json:"hashAlgorithmOID,omitempty"`
	AdESParameters
	SigningAlgorithm
}

// A Document is one to be signed.
type Document struct {
	Document []byte `json:"document"`
	AdESParameters
	SigningAlgorithm
}

// AdESParameters say what kind of signature is wanted.
type AdESParameters struct {
	SignatureFormat        string           `json:"signature_format"`
	ConformanceLevel       string           `json:"conformance_level,omitempty"`
	SignedProps            []SignedProperty `json:"signed_props,omitempty"`
	SignedEnvelopeProperty string           `json:"signed_envelope_property,omitempty"`
}

// A SignedProperty is a signed attribute by its name or OID, with the Base64 of
// its encoding.
type SignedProperty struct {
	Name  string `json:"attribute_name"`
	Value []byte `json:"attribute_value,omitempty"`
}

// A SigningAlgorithm names how the key signs, as in signatures/signHash.
type SigningAlgorithm struct {
	SignAlgo       string `json:"signAlgo"`
	SignAlgoParams string `json:"signAlgoParams,omitempty"`
}

// A SignatureCreationRequest is one of v2.2: a document or hashes, with the
// parameters beside them (Data Model 1.0.0 §9.3), or in objects of their own.
type SignatureCreationRequest struct {
	Label            string            `json:"label,omitempty"`
	Document         []byte            `json:"document,omitempty"`
	DocumentType     string            `json:"documentType,omitempty"`
	Hashes           []Digest          `json:"hashes,omitempty"`
	HashAlgorithmOID string            `json:"hashAlgorithmOID,omitempty"`
	AdES             *AdESParameters   `json:"adesParameters,omitempty"`
	Algorithm        *SigningAlgorithm `json:"signingAlgorithm,omitempty"`

	SignatureFormat        string           `json:"signature_format,omitempty"`
	ConformanceLevel       string           `json:"conformance_level,omitempty"`
	SignedProps            []SignedProperty `json:"signed_props,omitempty"`
	SignedEnvelopeProperty string           `json:"signed_envelope_property,omitempty"`
	SignAlgo               string           `json:"signAlgo,omitempty"`
	SignAlgoParams         string           `json:"signAlgoParams,omitempty"`
}

// SetDocuments gives the request its documents, in their order, which were read
// apart from it.
func (r *SignDocRequest) SetDocuments(documents [][]byte) {
	for i := range r.Documents {
		if i < len(documents) {
			r.Documents[i].Document = documents[i]
		}
	}
	if rest := len(r.Documents); r.SignatureCreationRequest != nil && rest < len(documents) {
		r.SignatureCreationRequest.Document = documents[rest]
	}
}

// SignDocResponse has the signed documents, and the signatures that stand beside
// theirs, each in the order of the request. In mode A it has the ResponseID
// alone.
type SignDocResponse struct {
	DocumentWithSignature [][]byte `json:"DocumentWithSignature,omitempty"`
	SignatureObject       [][]byte `json:"SignatureObject,omitempty"`
	ResponseID            string   `json:"responseID,omitempty"`
}

// Parameters are those of the request, wherever in it they stand.
func (r SignatureCreationRequest) Parameters() (AdESParameters, SigningAlgorithm, error) {
	kind := AdESParameters{r.SignatureFormat, r.ConformanceLevel, r.SignedProps, r.SignedEnvelopeProperty}
	asked := SigningAlgorithm{r.SignAlgo, r.SignAlgoParams}
	if r.AdES != nil {
		if r.SignatureFormat != "" || r.ConformanceLevel != "" || r.SignedProps != nil || r.SignedEnvelopeProperty != "" {
			return kind, asked, Invalid("adesParameters")
		}
		kind = *r.AdES
	}
	if r.Algorithm != nil {
		if asked != (SigningAlgorithm{}) {
			return kind, asked, Invalid("signingAlgorithm")
		}
		asked = *r.Algorithm
	}
	switch {
	case kind.SignatureFormat == "":
		return kind, asked, Missing("string", "signature_format")
	case asked.SignAlgo == "":
		return kind, asked, Missing("string", "signAlgo")
	}
	return kind, asked, nil
}
