package server

import (
	"context"
	_ "embed" // the logo
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/pecete/pecete/csc"
)

// About is what info tells of the server and cannot be read from its code.
type About struct {
	Name        string
	Region      string            // ISO 3166-1 alpha-2
	URL         string            // https://host[:port], no slash at the end
	AuthType    []string          // how service authorization is had here (§11.1)
	Logo        string            // URL of a JPEG or PNG of at most 256×256; our own if ""
	Description map[string]string // by language; the first of Languages is the default
	Languages   []string          // RFC 5646
	Keys        []csc.KeySpec     // kinds of keys credentials can have
	PKCS1v15    bool
	// Locator is the member that says where the authorization server is: oauth2,
	// which is what "" means, oauth2Issuer or oauth2Servers.
	Locator string
	RAR     bool // authorization_details is understood
	FAPI    bool // FAPI 2.0 with private_key_jwt and DPoP is offered
}

const logoPath = "/logo.png"

//go:embed logo.png
var logo []byte

func serveLogo(c *gin.Context) { c.Data(http.StatusOK, "image/png", logo) }

// info implements info (v2.0.0.2 §11.1): what it claims is read from the
// routes, the algorithm table and the configuration.
func (s *Server) info(_ context.Context, req csc.InfoRequest) (csc.InfoResponse, error) {
	lang := s.About.language(req.Lang)
	algos, params := s.About.algorithms()
	resp := csc.InfoResponse{
		Specs:              csc.Version,
		Name:               s.About.Name,
		Logo:               s.About.logo(),
		Region:             s.About.Region,
		Lang:               lang,
		Description:        s.About.Description[lang],
		AuthType:           s.authType(),
		OAuth2FAPI:         s.About.FAPI,
		SupportedHashTypes: []csc.HashKind{csc.SDR, csc.DTBSR},
		SignAlgorithms:     csc.SignAlgorithms{Algos: algos, AlgoParams: params},
		SignatureFormats: csc.SignatureFormats{
			Formats:            []string{csc.CAdES, csc.PAdES},
			EnvelopeProperties: [][]string{{csc.Detached, csc.Attached}, {csc.Certification, csc.Revision}},
			AllowMix:           true,
		},
		ConformanceLevels:         []string{csc.LevelB},
		AsynchronousOperationMode: s.Signer.Jobs != nil,
	}
	s.About.locate(&resp)
	for _, r := range s.routes() {
		resp.Methods = append(resp.Methods, r.method)
	}
	return resp, nil
}

// authType is how service authorization is had (§11.1): auth/login is basic.
func (s *Server) authType() []string {
	if s.Logins == nil {
		return s.About.AuthType
	}
	return append([]string{"basic"}, s.About.AuthType...)
}

// locate says where the authorization server is, in one way (§11.1).
func (a About) locate(resp *csc.InfoResponse) {
	resp.SupportsRAR = a.RAR
	switch a.Locator {
	case "oauth2Issuer":
		resp.OAuth2Issuer = a.URL
	case "oauth2Servers":
		one := csc.OAuth2Server{IssuerIdentifier: a.URL, SupportsRAR: a.RAR}
		for _, kind := range a.AuthType {
			if strings.HasPrefix(kind, "oauth2") {
				one.AuthType = append(one.AuthType, kind)
			}
		}
		resp.OAuth2Servers, resp.SupportsRAR = []csc.OAuth2Server{one}, false
	default:
		resp.OAuth2 = a.URL
	}
}

// language is the supported language nearest to the one asked for.
func (a About) language(asked string) string {
	primary, _, _ := strings.Cut(strings.ToLower(asked), "-")
	if slices.Contains(a.Languages, primary) {
		return primary
	}
	return a.Languages[0]
}

func (a About) logo() string {
	if a.Logo != "" {
		return a.Logo
	}
	return a.URL + logoPath
}

// algorithms lists what any key may sign with; the parameters stand position by
// position beside it, those of PSS with SHA-256.
func (a About) algorithms() (oids, params []string) {
	for _, key := range a.Keys {
		for _, oid := range key.SignAlgos(a.PKCS1v15) {
			if slices.Contains(oids, oid) {
				continue
			}
			param := ""
			if oid == csc.OIDRSASSAPSS {
				h, _ := csc.HashByOID(csc.OIDSHA256)
				param = csc.PSSParams(h)
			}
			oids, params = append(oids, oid), append(params, param)
		}
	}
	return oids, params
}
