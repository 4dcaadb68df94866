package server

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/pecete/pecete/csc"
)

// info says in one way where the authorization server is, and of the clients it
// serves what is configured.
func TestInfoOfTheAuthorizationServer(t *testing.T) {
	const url = "https://sign.example.test"
	for _, tt := range []struct {
		about About
		want  string
	}{
		{About{}, `{"oauth2":"` + url + `"}`},
		{About{Locator: "oauth2", RAR: true, FAPI: true}, `{"oauth2":"` + url + `","oauth2FAPIsupport":true,"supportsRar":true}`},
		{About{Locator: "oauth2Issuer", RAR: true}, `{"oauth2Issuer":"` + url + `","supportsRar":true}`},
		{About{Locator: "oauth2Servers"}, `{"oauth2Servers":[{"issuerIdentifier":"` + url + `","authType":["oauth2code","oauth2client"]}]}`},
		{
			About{Locator: "oauth2Servers", RAR: true, FAPI: true},
			`{"oauth2Servers":[{"issuerIdentifier":"` + url + `","authType":["oauth2code","oauth2client"],"supportsRar":true}],"oauth2FAPIsupport":true}`,
		},
	} {
		tt.about.URL, tt.about.Languages = url, []string{"en"}
		tt.about.AuthType = []string{"oauth2code", "external", "oauth2client"}
		resp, err := (&Server{About: tt.about}).info(context.Background(), csc.InfoRequest{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := json.Marshal(struct {
			OAuth2        string             `json:"oauth2,omitempty"`
			OAuth2Issuer  string             `json:"oauth2Issuer,omitempty"`
			OAuth2Servers []csc.OAuth2Server `json:"oauth2Servers,omitempty"`
			OAuth2FAPI    bool               `json:"oauth2FAPIsupport,omitempty"`
			SupportsRAR   bool               `json:"supportsRar,omitempty"`
		}{resp.OAuth2, resp.OAuth2Issuer, resp.OAuth2Servers, resp.OAuth2FAPI, resp.SupportsRAR})
		if err != nil || string(got) != tt.want {
			t.Errorf("%+v: %s, %v; want %s", tt.about, got, err, tt.want)
		}
	}
}
