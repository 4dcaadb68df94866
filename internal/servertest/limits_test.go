package servertest_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/proctest"
	"github.com/pecete/pecete/internal/servertest"
	"github.com/pecete/pecete/internal/stage"
)

// Two processes of one server count together what may be done how often: as many
// calls, loads and messages as the operator allows are allowed by both.
func TestTwoProcessesShareTheirLimits(t *testing.T) {
	ctx := servertest.Context(t)
	s := servertest.Raise(t)
	reconfigure(t, s, map[string]string{"onetime: memory": "onetime: " + proctest.Redis(t).URL})
	must(t, s.Configure("limits:\n  client: 3\n  loads: 4\n  messages: 2\n"))
	signer, err := s.AddSigner(ctx, "demo.signer@example.org", "Demo", "Signer", "--bare")
	must(t, err)
	credential, err := s.AddCredential(ctx, signer.ID, "--factors", "EMAIL")
	must(t, err)
	app, err := s.AddClient(ctx, "Demo Application", signer.ID)
	must(t, err)
	servertest.Serve(t, s)
	two, err := s.Join("two")
	must(t, err)
	servertest.Serve(t, two)
	webs := make([]*http.Client, 2)
	for n, process := range []*stage.Stage{s, two} {
		webs[n], err = process.HTTP()
		must(t, err)
		t.Cleanup(webs[n].CloseIdleConnections)
	}
	authenticate := func(web *http.Client) (*http.Response, error) {
		return web.PostForm(s.URL+"/oauth2/token", url.Values{
			"grant_type": {"client_credentials"}, "client_id": {app.ID}, "client_secret": {app.Secret},
		})
	}
	var got struct {
		AccessToken string `json:"access_token"`
	}
	resp, err := authenticate(webs[0]) // the first of three calls
	read(t, resp, err, http.StatusOK, &got)
	for what, row := range map[string]struct {
		done, most, answer int
		do                 func(web *http.Client) (*http.Response, error)
	}{
		"calls of a client": {1, 3, 200, authenticate},
		"loads of a page": {0, 4, 200, func(web *http.Client) (*http.Response, error) {
			return web.Get(s.URL + "/portal/login")
		}},
		"messages to a signer": {0, 2, 204, func(web *http.Client) (*http.Response, error) {
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+csc.BasePath+"/"+string(csc.MethodGetChallenge),
				strings.NewReader(fmt.Sprintf(`{"credentialID":%q,"authObjectID":"EMAIL"}`, credential)))
			must(t, err)
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Authorization", "Bearer "+got.AccessToken)
			return web.Do(r)
		}},
	} {
		for n := row.done + 1; n <= row.most+2; n++ {
			resp, err := row.do(webs[n%2])
			must(t, err)
			must(t, resp.Body.Close())
			if n <= row.most && resp.StatusCode != row.answer {
				t.Errorf("%s: number %d is answered with %d", what, n, resp.StatusCode)
			}
			wait, err := strconv.Atoi(resp.Header.Get("Retry-After"))
			if n > row.most && (resp.StatusCode != http.StatusTooManyRequests || err != nil || wait < 1 || wait > 600) {
				t.Errorf("%s: number %d is answered with %d, Retry-After %q", what, n, resp.StatusCode, resp.Header.Get("Retry-After"))
			}
		}
	}
}
