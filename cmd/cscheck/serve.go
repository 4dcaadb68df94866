package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/pecete/pecete/conformance/faults"
	"github.com/pecete/pecete/conformance/sample"
)

const serveUsage = `usage: cscheck serve-faults [flags]

Serves the CSC API v2 with throw-away keys, for those who write clients: rightly,
or with faults. --without turns a rule off, --habit those that servers in the
field were seen not to keep together, --fault has the answers altered as the case
with that ID notices it. What a client has to know is written into a folder: the
authority that vouches for the server (ca.pem), and the client, the signer and
the credentials (fixtures.json), in the form that cscheck --config reads.

Ends with 0 when interrupted, 2 for wrong usage.

`

// serving is what the command line of serve-faults says.
type serving struct {
	listen, folder, habit string
	without, faults       words
	list                  bool
}

// serveFaults serves until the context ends.
func serveFaults(ctx context.Context, args []string, out, errs io.Writer) int {
	o, err := parseServing(args, errs)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitConformant
	case err == nil && o.list:
		listRules(out)
		return exitConformant
	case err == nil:
		err = o.serve(ctx, out)
	}
	if err != nil {
		fmt.Fprintln(errs, "cscheck:", err)
		return exitUsage
	}
	return exitConformant
}

func parseServing(args []string, errs io.Writer) (serving, error) {
	var o serving
	f := flag.NewFlagSet("cscheck serve-faults", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&o.listen, "listen", "127.0.0.1:0", "`ADDRESS` to listen on")
	f.StringVar(&o.folder, "folder", ".", "`FOLDER` for ca.pem and fixtures.json")
	f.StringVar(&o.habit, "habit", "", "`NAME` of a set of rules that are not kept")
	f.Var(&o.without, "without", "`RULE` that is not kept; may be repeated")
	f.Var(&o.faults, "fault", "`ID` of a case whose first fault the answers have; may be repeated")
	f.BoolVar(&o.list, "list", false, "list the rules and the habits")
	err := f.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(errs, serveUsage, "Flags:\n")
		f.SetOutput(errs)
		f.PrintDefaults()
	}
	if err == nil && f.NArg() > 0 {
		err = fmt.Errorf("serve-faults takes no argument %q", f.Arg(0))
	}
	return o, err
}

func listRules(out io.Writer) {
	fmt.Fprintln(out, "Rules, for --without:")
	for _, rule := range sample.Rules() {
		fmt.Fprintf(out, "  %-17s %s\n", rule, rule.Says())
	}
	fmt.Fprintln(out, "\nHabits, for --habit:")
	for _, h := range sample.Habits() {
		fmt.Fprintf(out, "  %-17s %s: %s\n", h.Name, h.Says, h.Off)
	}
	fmt.Fprintln(out, "\nFaults, for --fault: cscheck --explain ID tells those of a case")
}

// off are the rules that are not kept.
func (o serving) off() ([]sample.Rule, error) {
	var off []sample.Rule
	for _, word := range o.without {
		if sample.Rule(word).Says() == "" {
			return nil, fmt.Errorf("there is no rule %s; --list has them all", word)
		}
		off = append(off, sample.Rule(word))
	}
	if o.habit == "" {
		return off, nil
	}
	for _, h := range sample.Habits() {
		if h.Name == o.habit {
			return append(off, h.Off...), nil
		}
	}
	return nil, fmt.Errorf("there is no habit %s; --list has them all", o.habit)
}

// chosen are the faults of the cases.
func (o serving) chosen() ([]faults.Fault, error) {
	var chosen []faults.Fault
	for _, id := range o.faults {
		before := len(chosen)
		for _, f := range faults.All() {
			if f.Case == id && len(chosen) == before {
				chosen = append(chosen, f)
			}
		}
		if len(chosen) == before {
			return nil, fmt.Errorf("there is no fault of a case %s; --list without serve-faults has the cases", id)
		}
	}
	return chosen, nil
}

func (o serving) serve(ctx context.Context, out io.Writer) error {
	off, err := o.off()
	if err != nil {
		return err
	}
	chosen, err := o.chosen()
	if err != nil {
		return err
	}
	return o.serveWith(ctx, out, off, chosen)
}

func (o serving) serveWith(ctx context.Context, out io.Writer, off []sample.Rule, chosen []faults.Fault) (err error) {
	listener, err := net.Listen("tcp", o.listen)
	if err != nil {
		return err
	}
	origin := "https://" + listener.Addr().String()
	server, err := sample.New(origin, time.Now, off...)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	certificate, authority, err := loopback()
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	web := &http.Server{
		Handler: server, ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0),
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12},
	}
	ended := make(chan error, 1)
	go func() { ended <- web.ServeTLS(listener, "", "") }()
	defer func() { err = errors.Join(err, web.Close()) }()
	base, closeAll, err := before(origin+"/csc/v2", authority, chosen)
	defer func() { err = errors.Join(err, closeAll()) }()
	if err == nil {
		err = o.tell(out, base)
	}
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-ended:
		return err
	}
}

// A baseURI is where a server is, and who vouches for it.
type baseURI struct {
	url       string
	authority *x509.Certificate
}

// before stands the faults in front of the server, one before the other.
func before(url string, authority *x509.Certificate, chosen []faults.Fault) (base baseURI, closeAll func() error, err error) {
	base = baseURI{url, authority}
	var open []*faults.Proxy
	closeAll = func() (err error) {
		for _, p := range open {
			err = errors.Join(err, p.Close())
		}
		return err
	}
	for _, f := range chosen {
		pool := x509.NewCertPool()
		pool.AddCert(base.authority)
		p, err := faults.Start(base.url, pool, f)
		if err != nil {
			return base, closeAll, err
		}
		open = append(open, p)
		base.url = p.URL
		if base.authority, err = x509.ParseCertificate(p.Certificate); err != nil {
			return base, closeAll, err
		}
	}
	return base, closeAll, nil
}

// tell writes what a client has to know.
func (o serving) tell(out io.Writer, base baseURI) error {
	text, err := sample.Fixtures()
	if err != nil {
		return err
	}
	ca, fixtures := filepath.Join(o.folder, "ca.pem"), filepath.Join(o.folder, "fixtures.json")
	err = errors.Join(
		os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: base.authority.Raw}), 0o644),
		os.WriteFile(fixtures, append(text, '\n'), 0o644),
	)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "serving %s\ncscheck --ca %s --config %s %s\n", base.url, ca, fixtures, base.url)
	return err
}

// loopback is a certificate for this machine's own addresses, which vouches for
// itself.
func loopback() (tls.Certificate, *x509.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "cscheck serve-faults"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(0, 1, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		BasicConstraintsValid: true, IsCA: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, leaf, err
}
