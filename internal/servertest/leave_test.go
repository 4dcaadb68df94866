package servertest_test

import (
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/internal/servertest"
)

// A server told to end says so, to its supervisor and to balancers, goes on
// answering for as long as it was configured to, and asks clients to leave.
func TestLeaving(t *testing.T) {
	s := servertest.Raise(t)
	reconfigure(t, s, map[string]string{"token_life: 10m": "token_life: 10m\nlinger: 10s"})
	told, err := net.ListenPacket("unixgram", filepath.Join(t.TempDir(), "notify"))
	must(t, err)
	defer told.Close()
	s.Env = append(s.Env, "NOTIFY_SOCKET="+told.LocalAddr().String())
	must(t, s.Serve(servertest.Context(t)))
	hear(t, told, "READY=1")
	web, err := s.HTTP()
	must(t, err)
	defer web.CloseIdleConnections()
	if resp := get(t, web, s.URL+"/readyz"); resp.StatusCode != http.StatusOK || resp.Close {
		t.Errorf("before: %s, close %v", resp.Status, resp.Close)
	}
	ended := make(chan error, 1)
	begun := time.Now()
	go func() { ended <- s.Stop() }()
	hear(t, told, "STOPPING=1")
	for {
		resp := get(t, web, s.URL+"/readyz")
		if resp.StatusCode == http.StatusServiceUnavailable {
			break
		}
	}
	web.CloseIdleConnections() // a connection from before over HTTP/2 is told to go away
	if resp := get(t, web, s.URL+"/healthz"); resp.StatusCode != http.StatusOK {
		t.Errorf("meanwhile: %s", resp.Status)
	}
	plain := web.Transport.(*http.Transport).Clone()
	plain.ForceAttemptHTTP2 = false
	plain.TLSClientConfig.NextProtos = []string{"http/1.1"}
	if resp := get(t, &http.Client{Transport: plain}, s.URL+"/healthz"); !resp.Close || !strings.HasPrefix(resp.Proto, "HTTP/1") {
		t.Errorf("a connection of %s is kept", resp.Proto)
	}
	must(t, <-ended)
	if took := time.Since(begun); took < 10*time.Second {
		t.Errorf("it went after %v", took)
	}
}

func get(t *testing.T, web *http.Client, url string) *http.Response {
	t.Helper()
	resp, err := web.Get(url)
	must(t, err)
	must(t, resp.Body.Close())
	return resp
}

// hear waits for a message to the supervisor.
func hear(t *testing.T, told net.PacketConn, want string) {
	t.Helper()
	must(t, told.SetReadDeadline(time.Now().Add(time.Minute)))
	text := make([]byte, 100)
	n, _, err := told.ReadFrom(text)
	must(t, err)
	if string(text[:n]) != want {
		t.Errorf("told %q, want %q", text[:n], want)
	}
}
