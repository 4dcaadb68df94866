package soak_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pecete/pecete/csc"
)

// A shot is a request for one signature and what came of it.
type shot struct {
	grant     *loadGrant
	digest    []byte
	status    int
	retry     string // Retry-After
	signature []byte
	took      time.Duration // since it was due
	answer    time.Duration // since it was sent
	body      string        // where the answer is neither a signature nor 503
}

// A volley is what is fired: at a rate whatever comes back, or, with no rate,
// each connection's next when its last was answered.
type volley struct {
	connections int
	rate        float64 // requests a second
	length      time.Duration
	most        int64 // signatures, after which it ends; 0 for any
}

// A result is what came of a volley.
type result struct {
	shots       []shot
	length      time.Duration
	signed      int
	refused     int
	odd         []shot
	signedTook  []time.Duration // since they were due, ascending
	answered    []time.Duration // likewise, since they were sent
	refusedTook []time.Duration
	serverCPU   time.Duration
	spent       int // connections that ended for want of a grant
}

// fire fires a volley with HTTP/1.1, written by hand: the machine is the
// server's, and the client shall cost as little of it as can be.
func (l *loadStage) fire(v volley) result {
	l.t.Helper()
	var next, signed, empty atomic.Int64
	guns := make([]*gun, v.connections)
	for n := range guns {
		guns[n] = l.gun()
	}
	cpu, start := l.cpu(), time.Now()
	shots := make([][]shot, v.connections)
	var all sync.WaitGroup
	for n := range v.connections {
		all.Go(func() {
			gun := guns[n]
			defer gun.close()
			for {
				due := time.Now()
				if v.rate > 0 {
					due = start.Add(time.Duration(float64(next.Add(1)-1) / v.rate * float64(time.Second)))
					time.Sleep(time.Until(due))
				}
				if due.Sub(start) >= v.length || time.Since(start) >= v.length+5*time.Second || v.most > 0 && signed.Load() >= v.most {
					return
				}
				g := l.draw(int(next.Load()) + n)
				if g == nil {
					empty.Add(1)
					return
				}
				s := gun.shoot(g, due)
				g.put(s.status == http.StatusOK)
				if s.status == http.StatusOK {
					signed.Add(1)
				}
				shots[n] = append(shots[n], s)
			}
		})
	}
	all.Wait()
	r := result{length: time.Since(start), serverCPU: l.cpu() - cpu, spent: int(empty.Load())}
	for _, of := range shots {
		r.shots = append(r.shots, of...)
	}
	l.judge(&r)
	return r
}

// draw finds a grant with something left, beginning at number n.
func (l *loadStage) draw(n int) *loadGrant {
	for i := range l.grants {
		if g := l.grants[(n+i)%len(l.grants)]; g.take() {
			return g
		}
	}
	return nil
}

// judge sorts the answers and verifies every signature.
func (l *loadStage) judge(r *result) {
	for _, s := range r.shots {
		switch {
		case s.status == http.StatusOK && l.good(s.grant.credential, s.digest, s.signature):
			r.signed++
			r.signedTook = append(r.signedTook, s.took)
			r.answered = append(r.answered, s.answer)
		case s.status == http.StatusServiceUnavailable && s.retry >= "1" && s.retry <= "9":
			r.refused++
			r.refusedTook = append(r.refusedTook, s.answer)
		default:
			r.odd = append(r.odd, s)
		}
	}
	slices.Sort(r.signedTook)
	slices.Sort(r.answered)
	slices.Sort(r.refusedTook)
}

func (r result) String() string {
	return fmt.Sprintf("%d signed (%.0f/s, p50 %v p99 %v, since due p50 %v p99 %v), %d refused (%.0f/s, p50 %v p99 %v), %d odd, cpu %v in %v",
		r.signed, r.perSecond(), at(r.answered, 0.5), at(r.answered, 0.99), at(r.signedTook, 0.5), at(r.signedTook, 0.99),
		r.refused, float64(r.refused)/r.length.Seconds(), at(r.refusedTook, 0.5), at(r.refusedTook, 0.99),
		len(r.odd), r.serverCPU, r.length.Round(time.Millisecond))
}

func (r result) perSecond() float64 { return float64(r.signed) / r.length.Seconds() }

// at is a quantile of what is sorted.
func at(of []time.Duration, q float64) time.Duration {
	if len(of) == 0 {
		return 0
	}
	return of[min(len(of)-1, int(q*float64(len(of))))].Round(10 * time.Microsecond)
}

// A gun is one connection.
type gun struct {
	t     testing.TB
	l     *loadStage
	conn  net.Conn
	from  *bufio.Reader
	token string
}

func (l *loadStage) gun() *gun {
	g := &gun{t: l.t, l: l, token: l.token}
	g.connect()
	return g
}

func (g *gun) connect() {
	conn, err := tls.Dial("tcp", strings.TrimPrefix(g.l.URL, "https://"), g.l.trust())
	if err != nil {
		g.t.Errorf("connect: %v", err)
		return
	}
	g.conn, g.from = conn, bufio.NewReader(conn)
}

func (g *gun) close() {
	if g.conn != nil {
		_ = g.conn.Close()
	}
}

// shoot sends a request that was due at a time and reads the answer.
func (g *gun) shoot(grant *loadGrant, due time.Time) shot {
	s := shot{grant: grant, digest: randomDigest()}
	if g.conn == nil {
		s.body = "no connection"
		return s
	}
	sent := time.Now()
	closed, err := false, error(nil)
	if _, err = g.conn.Write(g.l.signHash(grant, s.digest)); err == nil {
		closed, err = s.read(g.from)
	}
	if err != nil {
		s.body = err.Error()
	}
	if err != nil || closed {
		g.close()
		g.connect()
	}
	s.took, s.answer = time.Since(due), time.Since(sent)
	return s
}

// read reads an answer, with an eye on the cost. It says whether the server
// closes the connection.
func (s *shot) read(from *bufio.Reader) (closed bool, err error) {
	length := 0
	for n := 0; ; n++ {
		line, err := from.ReadSlice('\n')
		if err != nil {
			return false, err
		}
		name, value, _ := strings.Cut(strings.TrimRight(string(line), "\r\n"), ":")
		value = strings.TrimSpace(value)
		switch {
		case n == 0:
			s.status, err = strconv.Atoi(strings.Fields(name + " ? ?")[1])
		case name == "":
			return closed, s.readBody(from, length)
		case name == "Content-Length":
			length, err = strconv.Atoi(value)
		case name == "Retry-After":
			s.retry = value
		case name == "Connection":
			closed = value == "close"
		}
		if err != nil {
			return false, err
		}
	}
}

func (s *shot) readBody(from *bufio.Reader, length int) error {
	if s.status == http.StatusServiceUnavailable {
		_, err := from.Discard(length)
		return err
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(from, body); err != nil {
		return err
	}
	var answer struct {
		Signatures [][]byte `json:"signatures"`
	}
	if s.status == http.StatusOK && json.Unmarshal(body, &answer) == nil && len(answer.Signatures) == 1 {
		s.signature = answer.Signatures[0]
	} else {
		s.body = string(body)
	}
	return nil
}

// signHash is a whole request for one signature.
func (l *loadStage) signHash(g *loadGrant, digest []byte) []byte {
	text := base64.StdEncoding.EncodeToString(digest)
	g.once.Do(func() {
		body := fmt.Sprintf(`{"credentialID":%q,"SAD":%q,"hashAlgorithmOID":%q,"signAlgo":%q,"hashes":["`, g.credential, string(g.sad), csc.OIDSHA256, l.algo)
		g.request = fmt.Sprintf("POST %s/signatures/signHash HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"+
			"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", csc.BasePath, l.token, len(body)+len(text)+len(`"]}`), body)
	})
	return []byte(g.request + text + `"]}`)
}

// trust is a client's side of TLS with this server, with HTTP/1.1.
func (l *loadStage) trust(protocols ...string) *tls.Config {
	text, err := os.ReadFile(filepath.Join(l.Folder, "tls.crt"))
	roots := x509.NewCertPool()
	if err != nil || !roots.AppendCertsFromPEM(text) {
		l.t.Errorf("the server's certificate: %v", err)
	}
	return &tls.Config{RootCAs: roots, ServerName: "localhost", MinVersion: tls.VersionTLS12, NextProtos: protocols}
}
