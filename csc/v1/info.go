package v1

import "github.com/pecete/pecete/csc"

// InfoResponse describes the server (§11.1).
type InfoResponse struct {
	Specs       string       `json:"specs"`
	Name        string       `json:"name"`
	Logo        string       `json:"logo"`
	Region      string       `json:"region"`
	Lang        string       `json:"lang"`
	Description string       `json:"description"`
	AuthType    []string     `json:"authType"`
	OAuth2      string       `json:"oauth2"` // what oauth2/authorize and the others hang under
	Methods     []csc.Method `json:"methods"`
}

// InfoOf tells what v2 tells, with the methods that v1 has and the base URI of the
// authorization server, which v1 knows no other name for.
func InfoOf(told csc.InfoResponse, oauth2 string, methods []csc.Method) InfoResponse {
	return InfoResponse{
		Specs: Version, Name: told.Name, Logo: told.Logo, Region: told.Region, Lang: told.Lang,
		Description: told.Description, AuthType: told.AuthType, OAuth2: oauth2, Methods: methods,
	}
}
