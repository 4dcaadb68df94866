package csc

// InfoRequest is the body of info (v2.0.0.2 §11.1).
type InfoRequest struct {
	Lang string `json:"lang,omitempty"`
}

// InfoResponse describes the server and what it can do (§11.1; SupportsRAR
// and SupportedHashTypes are of v2.1, OAuth2Servers of v2.2, OAuth2FAPI of TS
// 119 432 v1.3.1). Of OAuth2, OAuth2Issuer and OAuth2Servers one is set.
type InfoResponse struct {
	Specs                     string           `json:"specs"`
	Name                      string           `json:"name"`
	Logo                      string           `json:"logo"`
	Region                    string           `json:"region"`
	Lang                      string           `json:"lang"`
	Description               string           `json:"description"`
	AuthType                  []string         `json:"authType"`
	OAuth2                    string           `json:"oauth2,omitempty"`        // what oauth2/authorize and the others hang under
	OAuth2Issuer              string           `json:"oauth2Issuer,omitempty"`  // RFC 8414
	OAuth2Servers             []OAuth2Server   `json:"oauth2Servers,omitempty"` // then SupportsRAR is false
	OAuth2FAPI                bool             `json:"oauth2FAPIsupport,omitempty"`
	SupportsRAR               bool             `json:"supportsRar,omitempty"`
	SupportedHashTypes        []HashKind       `json:"supportedHashTypes"`
	AsynchronousOperationMode bool             `json:"asynchronousOperationMode"`
	Methods                   []Method         `json:"methods"`
	ValidationInfo            bool             `json:"validationInfo"`
	SignAlgorithms            SignAlgorithms   `json:"signAlgorithms"`
	SignatureFormats          SignatureFormats `json:"signature_formats"`
	ConformanceLevels         []string         `json:"conformance_levels"`
}

// An OAuth2Server is one authorization server of several (v2.2). Of BaseURI and
// IssuerIdentifier one is set.
type OAuth2Server struct {
	Label            string   `json:"label,omitempty"`
	BaseURI          string   `json:"baseUri,omitempty"`
	IssuerIdentifier string   `json:"issuerIdentifier,omitempty"`
	AuthType         []string `json:"authType"` // of oauth2code and oauth2client
	SupportsRAR      bool     `json:"supportsRar,omitempty"`
}

// SignAlgorithms lists what keys of this server may sign with. AlgoParams is
// read position by position against Algos.
type SignAlgorithms struct {
	Algos      []string `json:"algos"`
	AlgoParams []string `json:"algoParams,omitempty"`
}

// SignatureFormats lists the AdES formats of signatures/signDoc.
type SignatureFormats struct {
	Formats            []string   `json:"formats"`
	EnvelopeProperties [][]string `json:"envelope_properties,omitempty"`
	AllowMix           bool       `json:"allowMix,omitempty"` // v2.2: several in one request
}
