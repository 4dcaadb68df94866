package credentials

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pecete/pecete/csc"
)

// List implements credentials/list (v2.0.0.2 §11.4). A client that acts for
// several users names one of them; a user's own token must not.
func (r Register) List(ctx context.Context, who Caller, req csc.ListRequest) (csc.ListResponse, error) {
	userID, err := r.listed(ctx, who, req.UserID)
	if err != nil {
		return csc.ListResponse{}, err
	}
	owner, err := r.Users.User(ctx, userID)
	if err != nil {
		return csc.ListResponse{}, fmt.Errorf("list credentials of %s: %w", userID, err)
	}
	all, err := r.Store.CredentialsOf(ctx, userID)
	if err != nil {
		return csc.ListResponse{}, err
	}
	resp := csc.ListResponse{CredentialIDs: []string{}, OnlyValid: req.OnlyValid}
	for _, c := range all {
		c.Disabled = c.Disabled || owner.Disabled || owner.Recovers(r.Now())
		if req.OnlyValid && c.Usable(r.Now()) != nil {
			continue
		}
		resp.CredentialIDs = append(resp.CredentialIDs, c.ID)
		if !req.CredentialInfo {
			continue
		}
		info, err := c.Info(req.View, r.Now())
		if err != nil {
			return csc.ListResponse{}, err
		}
		info.CredentialID = c.ID
		resp.CredentialInfos = append(resp.CredentialInfos, info)
	}
	return resp, nil
}

// listed is the user whose credentials are asked for.
func (r Register) listed(ctx context.Context, who Caller, userID string) (string, error) {
	if who.UserID != "" {
		if userID != "" {
			return "", csc.Refused("userID parameter MUST be null", nil)
		}
		return who.UserID, nil
	}
	err := r.actsFor(ctx, who, userID)
	if errors.Is(err, ErrUnknown) {
		return "", csc.Invalid("userID")
	}
	return userID, err
}

// Info implements credentials/info (v2.0.0.2 §11.5).
func (r Register) Info(ctx context.Context, who Caller, req csc.CredentialInfoRequest) (csc.CredentialInfo, error) {
	c, err := r.find(ctx, who, req.CredentialID)
	if err != nil {
		return csc.CredentialInfo{}, err
	}
	return c.Info(req.View, r.Now())
}

// Info describes c as far as v asks.
func (c Credential) Info(v csc.View, now time.Time) (csc.CredentialInfo, error) {
	info := csc.CredentialInfo{
		Description:        c.Description,
		SignatureQualifier: c.Qualifier,
		Key: csc.KeyInfo{
			Status: csc.KeyEnabled,
			Algo:   c.SignAlgos(),
			Len:    c.Key.Bits(),
			Curve:  c.Key.Curve(),
		},
		Auth:      csc.AuthInfo{Mode: c.Mode},
		SCAL:      c.SCAL,
		Multisign: c.Multisign,
		Lang:      Language(v.Lang),
	}
	if c.Disabled {
		info.Key.Status = csc.KeyDisabled
	}
	if v.AuthInfo && c.Mode == csc.Explicit {
		var err error
		if info.Auth.Objects, info.Auth.Expression, err = c.Factors.info(info.Lang); err != nil {
			return info, fmt.Errorf("factors of credential %s: %w", c.ID, err)
		}
	}
	cert, err := c.Certificate()
	if err != nil {
		return info, err
	}
	info.Cert.Status = c.certStatus(cert, now)
	info.Cert.Certificates = c.certificates(v.Certificates)
	if v.CertInfo {
		describe(&info.Cert, cert)
	}
	return info, nil
}

// certStatus is left out where none of the four words is true.
func (c Credential) certStatus(cert *x509.Certificate, now time.Time) string {
	switch {
	case c.Revoked:
		return csc.CertRevoked
	case now.After(cert.NotAfter):
		return csc.CertExpired
	case c.Suspended:
		return csc.CertSuspended
	case now.Before(cert.NotBefore):
		return ""
	}
	return csc.CertValid
}

func (c Credential) certificates(which string) []string {
	chain := c.Certificates
	switch which {
	case csc.CertificatesNone:
		return nil
	case csc.CertificatesChain:
	default:
		chain = chain[:1]
	}
	var texts []string
	for _, der := range chain {
		texts = append(texts, base64.StdEncoding.EncodeToString(der))
	}
	return texts
}

// generalizedTime is YYYYMMDDHHMMSSZ.
const generalizedTime = "20060102150405Z"

func describe(info *csc.CertInfo, cert *x509.Certificate) {
	info.IssuerDN = distinguishedName(cert.RawIssuer)
	info.SubjectDN = distinguishedName(cert.RawSubject)
	info.SerialNumber = fmt.Sprintf("%x", cert.SerialNumber.Bytes())
	info.ValidFrom = cert.NotBefore.UTC().Format(generalizedTime)
	info.ValidTo = cert.NotAfter.UTC().Format(generalizedTime)
	for _, oid := range cert.Policies {
		info.Policy = append(info.Policy, oid.String())
	}
	slices.Sort(info.Policy)
	info.QCStatements = qcStatements(cert)
}
