package credentials_test

import (
	"time"

	"github.com/pecete/pecete/oauth"
)

func demoClient() oauth.Client {
	return oauth.Client{ID: "a_demo", Name: "Demo", Grants: []string{"client_credentials"}, Scopes: []string{"service"}, Created: time.Now()}
}
