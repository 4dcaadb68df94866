package verify

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"time"
)

// Facts are a Report as it is told: to people, as JSON, and by the process that
// reads documents to the one that asked it. What was not reached is empty.
type Facts struct {
	Valid      bool             `json:"valid"` // the file is signed, all of it, and nothing speaks against any signature
	Signatures []SignatureFacts `json:"signatures"`
	Problems   Problems         `json:"problems,omitempty"` // of the file, beside those of its signatures
}

// SignatureFacts are those of one signature.
type SignatureFacts struct {
	Field   string `json:"field,omitempty"`
	Format  string `json:"format,omitempty"`
	Valid   bool   `json:"valid"`
	Intact  bool   `json:"intact"`  // what was signed is there as it was signed
	Trusted bool   `json:"trusted"` // the certificate leads to an authority that is trusted

	Claimed time.Time     `json:"claimedTime,omitzero"`
	Stamp   *StampFacts   `json:"timeStamp,omitempty"`
	Chain   []Certificate `json:"chain,omitempty"` // from the signer up, as far as it leads

	CoversDocument bool       `json:"coversDocument"`
	Covered        int64      `json:"coveredBytes,omitempty"`
	Changes        []Change   `json:"changedSince,omitempty"`
	Revocation     Revocation `json:"revocation,omitempty"`

	Problems Problems  `json:"problems,omitempty"`
	Notes    []Finding `json:"notes,omitempty"`
}

// StampFacts are those of a time-stamp.
type StampFacts struct {
	Time      time.Time   `json:"time"`
	Authority Certificate `json:"authority"`
	Trusted   bool        `json:"trusted"`
}

// A Certificate is what one says of itself.
type Certificate struct {
	Name    string `json:"name"`
	Subject string `json:"subject"`
	Issuer  string `json:"issuer"`

	IssuerName string    `json:"issuerName"`
	Serial     string    `json:"serial"` // hex
	NotBefore  time.Time `json:"notBefore"`
	NotAfter   time.Time `json:"notAfter"`
	SHA256     string    `json:"sha256"`
}

// most is how many letters of what a stranger wrote are told.
const most = 300

// Facts tells the report.
func (r Report) Facts() Facts {
	f := Facts{Valid: r.OK(), Problems: r.Problems, Signatures: []SignatureFacts{}}
	for _, s := range r.Signatures {
		f.Signatures = append(f.Signatures, s.facts())
	}
	return f
}

func (s Signature) facts() SignatureFacts {
	f := SignatureFacts{
		Field: short(s.Field), Format: short(s.SubFilter), Valid: s.OK(), Intact: s.Intact(), Trusted: s.Trusted,
		Claimed: s.Claimed, CoversDocument: s.CoversDocument, Covered: s.Covered, Changes: s.Changes,
		Revocation: s.Revocation, Problems: s.Problems, Notes: s.Notes,
	}
	if s.Stamp != nil {
		f.Stamp = &StampFacts{s.Stamp.Time, certificate(s.Stamp.Authority), s.Stamp.Trusted}
	}
	chain := s.Chain
	if len(chain) == 0 && s.Signer != nil {
		chain = []*x509.Certificate{s.Signer}
	}
	for _, cert := range chain {
		f.Chain = append(f.Chain, certificate(cert))
	}
	return f
}

func certificate(cert *x509.Certificate) Certificate {
	sum := sha256.Sum256(cert.Raw)
	c := Certificate{
		Name: short(cert.Subject.CommonName), Subject: short(cert.Subject.String()), Issuer: short(cert.Issuer.String()),
		Serial:    short(hex.EncodeToString(cert.SerialNumber.Bytes())),
		NotBefore: cert.NotBefore, NotAfter: cert.NotAfter, SHA256: hex.EncodeToString(sum[:]),
	}
	c.IssuerName = short(cert.Issuer.CommonName)
	if c.Name == "" {
		c.Name = c.Subject
	}
	if c.IssuerName == "" {
		c.IssuerName = c.Issuer
	}
	return c
}

// short is the beginning of what may be long.
func short(text string) string {
	if letters := []rune(text); len(letters) > most {
		return string(letters[:most]) + "…"
	}
	return text
}
