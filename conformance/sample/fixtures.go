package sample

import "encoding/json"

// Fixtures are what a suite or a client must know to use the server, in the form
// that cscheck reads.
func Fixtures() ([]byte, error) {
	key := func(id, secret string) map[string]any { return map[string]any{"id": id, "secret": secret} }
	web := key(ClientID, ClientSecret)
	web["redirectURI"] = RedirectURI
	return json.MarshalIndent(map[string]any{
		"client": key(ClientID, ClientSecret), "otherClient": key(OtherClientID, OtherClientSecret), "webClient": web,
		"users": []any{map[string]any{
			"id": User, "login": User, "password": Password, "totpSecret": TOTPSecret, "values": map[string]string{"PIN": PIN},
			"credentials": []any{
				map[string]any{"id": CodeCredential, "roles": []string{"code"}},
				map[string]any{"id": PINCredential, "roles": []string{"rsa"}},
			},
		}},
		"stranger": map[string]any{"user": other, "credential": OthersCredential},
	}, "", "  ")
}
