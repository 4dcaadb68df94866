package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/textproto"
	"strconv"
)

// A wire is one connection that is kept alive: TLS 1.3 and HTTP/1.1, written by
// hand, because a client that works as hard as the server would halve what is
// measured.
//
// HTTP/1.1 is the better of the two for this load: a request by HTTP/2 takes the
// server half as much again (docs/performance.md).
type wire struct {
	conn  *tls.Conn
	in    *bufio.Reader
	head  []byte // of a request, up to its length
	buf   []byte
	reply []byte
}

// dial opens a connection whose requests have these headers, each with its end
// of line.
func dial(ctx context.Context, s *server, headers string) (*wire, error) {
	dialer := tls.Dialer{Config: &tls.Config{
		RootCAs: s.roots, ServerName: "localhost", MinVersion: tls.VersionTLS13, NextProtos: []string{"http/1.1"},
	}}
	conn, err := dialer.DialContext(ctx, "tcp", s.listen)
	if err != nil {
		return nil, err
	}
	secure, ok := conn.(*tls.Conn)
	if !ok {
		return nil, errors.New("the connection is not TLS")
	}
	return &wire{
		conn: secure, in: bufio.NewReaderSize(conn, 64<<10),
		head: []byte(" HTTP/1.1\r\nHost: localhost\r\n" + headers + "Content-Length: "),
	}, nil
}

func (w *wire) close() { _ = w.conn.Close() } // nothing is lost with it

// post sends body to a method and returns the answer, which is good until the
// next call.
func (w *wire) post(path string, body []byte) (status int, reply []byte, err error) {
	w.buf = append(append(w.buf[:0], "POST "...), path...)
	w.buf = append(w.buf, w.head...)
	w.buf = strconv.AppendInt(w.buf, int64(len(body)), 10)
	w.buf = append(append(w.buf, "\r\n\r\n"...), body...)
	if _, err := w.conn.Write(w.buf); err != nil {
		return 0, nil, err
	}
	status, length, err := w.answer()
	if err != nil {
		return status, nil, err
	}
	if cap(w.reply) < length {
		w.reply = make([]byte, length)
	}
	w.reply = w.reply[:length]
	_, err = io.ReadFull(w.in, w.reply)
	return status, w.reply, err
}

// answer reads the head of an answer.
func (w *wire) answer() (status, length int, err error) {
	line, err := w.in.ReadSlice('\n')
	if err != nil {
		return 0, 0, err
	}
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return 0, 0, fmt.Errorf("answer begins with %q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, 0, err
	}
	length = -1
	for {
		line, err := w.in.ReadSlice('\n')
		if err != nil {
			return status, 0, err
		}
		if line = bytes.TrimRight(line, "\r\n"); len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		if textproto.CanonicalMIMEHeaderKey(string(name)) == "Content-Length" {
			if length, err = strconv.Atoi(string(textproto.TrimBytes(value))); err != nil {
				return status, 0, err
			}
		}
	}
	if length < 0 {
		return status, 0, errors.New("the answer does not say its length")
	}
	return status, length, nil
}
