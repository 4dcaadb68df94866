package main

import (
	"crypto/tls"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"github.com/pecete/pecete/internal/freeport"
)

// told is what the bare server answers to everything: as long as what
// introspection says of a good token.
const told = `{"active":true,"scope":"service","client_id":"cl_0123456789abcdef0123456789abcdef","token_type":"Bearer",` +
	`"iat":1700000000,"exp":1700000600,"iss":"https://localhost:65535"}`

// bareName is the case of the server that does nothing.
const bareName = "oauth-bare"

// addBare makes a server with which everything is compared that is no more than a
// question: net/http and TLS, a form that is read, an answer, and nothing else.
// No server on that library takes less.
func (c *scene) addBare() error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	listen, err := freeport.Address()
	if err != nil {
		return err
	}
	c.bare = &server{}
	*c.bare = *c.memory
	c.bare.program, c.bare.config, c.bare.listen = program, filepath.Join(c.stage.Folder, "bare"), listen
	c.bare.args = []string{"-bare", listen, "-folder", c.stage.Folder}
	return nil
}

// serveBare is that server, with the certificate of a stage's folder. It has no
// limits of time: what they take is not counted.
func serveBare(listen, folder string) error {
	s := &http.Server{
		Addr:      listen,
		Handler:   http.HandlerFunc(tell),
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS13, NextProtos: []string{"http/1.1"}},
	}
	return s.ListenAndServeTLS(filepath.Join(folder, "tls.crt"), filepath.Join(folder, "tls.key"))
}

func tell(w http.ResponseWriter, r *http.Request) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return // so is the client
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, told) // the client is gone, and nobody else to tell
}
