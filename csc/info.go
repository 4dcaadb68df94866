package csc

// InfoRequest is the body of info (v2.0.0.2 §11.1).
type InfoRequest struct {
	Lang string `json:"lang,omitempty"`
}

// InfoResponse describes the server and what it can do (§11.1; SupportsRAR
// and SupportedHashTypes are of v2.1).
type InfoResponse struct {
	Specs                     string           `json:"specs"`
	Name                      string           `json:"name"`
	Logo                      string           `json:"logo"`
	Region                    string           `json:"region"`
	Lang                      string           `json:"lang"`
	Description               string           `json:"description"`
	AuthType                  []string         `json:"authType"`
	OAuth2                    string           `json:"oauth2,omitempty"`
	SupportsRAR               bool             `json:"supportsRar,omitempty"`
	SupportedHashTypes        []HashKind       `json:"supportedHashTypes"`
	AsynchronousOperationMode bool             `json:"asynchronousOperationMode"`
	Methods                   []Method         `json:"methods"`
	ValidationInfo            bool             `json:"validationInfo"`
	SignAlgorithms            SignAlgorithms   `json:"signAlgorithms"`
	SignatureFormats          SignatureFormats `json:"signature_formats"`
	ConformanceLevels         []string         `json:"conformance_levels"`
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
}
