package credentials

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
)

// distinguishedName writes a DER name by RFC 4514; attribute types without a
// name of their own stand as OID and hex.
func distinguishedName(der []byte) string {
	var rdns pkix.RDNSequence
	if rest, err := asn1.Unmarshal(der, &rdns); err != nil || len(rest) > 0 {
		return ""
	}
	return rdns.String()
}

var oidQCStatements = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 3}

// qcStatements are the OIDs of the certificate's QC statements (RFC 3739
// §3.2.6).
func qcStatements(cert *x509.Certificate) []string {
	var oids []string
	for _, ext := range cert.Extensions {
		if !ext.Id.Equal(oidQCStatements) {
			continue
		}
		var statements []struct {
			ID   asn1.ObjectIdentifier
			Info asn1.RawValue `asn1:"optional"`
		}
		if _, err := asn1.Unmarshal(ext.Value, &statements); err != nil {
			return nil
		}
		for _, s := range statements {
			oids = append(oids, s.ID.String())
		}
	}
	return oids
}
