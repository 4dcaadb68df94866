// Package balancer learns from a load balancer who the client is. One that only
// passes TLS on hides the address that limits are counted by: all strangers
// would share one limit, and one of them could use it up for all.
//
// So whoever is configured as a balancer must begin each connection with a
// header of the PROXY protocol, version 2, and is believed; whoever is not
// cannot say anything.
package balancer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// patience is how long a balancer may take to send its header.
const patience = 5 * time.Second

// A Listener accepts connections of clients, those of Balancers as the clients'
// whom they are for.
type Listener struct {
	net.Listener
	Balancers []netip.Prefix
}

// Accept waits for a connection. The header is read when somebody first reads
// or asks for the address, so that a slow balancer is in nobody's way.
func (l Listener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if !l.trusts(conn.RemoteAddr()) {
		return conn, nil
	}
	return &passed{Conn: conn, client: conn.RemoteAddr()}, nil
}

func (l Listener) trusts(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		return false
	}
	ip := tcp.AddrPort().Addr().Unmap()
	return slices.ContainsFunc(l.Balancers, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// A passed connection comes from a balancer.
type passed struct {
	net.Conn
	once   sync.Once
	client net.Addr // the balancer's until the header was read
	err    error
}

func (c *passed) learn() {
	c.once.Do(func() {
		if c.err = c.SetReadDeadline(time.Now().Add(patience)); c.err != nil {
			return
		}
		var client net.Addr
		if client, c.err = readHeader(c.Conn); c.err != nil {
			_ = c.Close() // nobody speaks here
			return
		}
		if client != nil {
			c.client = client
		}
		c.err = c.SetReadDeadline(time.Time{})
	})
}

// Read reads what follows the header.
func (c *passed) Read(b []byte) (int, error) {
	if c.learn(); c.err != nil {
		return 0, c.err
	}
	return c.Conn.Read(b)
}

// NetConn is the connection underneath.
func (c *passed) NetConn() net.Conn { return c.Conn }

// RemoteAddr is the client's.
func (c *passed) RemoteAddr() net.Addr {
	c.learn()
	return c.client
}

var errHeader = errors.New("balancer: no PROXY protocol v2 header")

// signature begins a header (PROXY protocol, section 2.2).
const signature = "\r\n\r\n\x00\r\nQUIT\n"

// maxHeader bounds what follows the first 16 bytes: addresses, and what else a
// balancer has to say, which is skipped.
const maxHeader = 4 << 10

// readHeader reads a header and not a byte more. It returns nil for a connection
// of the balancer's own, as for its checks.
func readHeader(r io.Reader) (net.Addr, error) {
	var fixed [16]byte
	if _, err := io.ReadFull(r, fixed[:]); err != nil {
		return nil, fmt.Errorf("%w: %w", errHeader, err)
	}
	length := binary.BigEndian.Uint16(fixed[14:])
	if string(fixed[:12]) != signature || fixed[12]>>4 != 2 || length > maxHeader {
		return nil, errHeader
	}
	rest := make([]byte, length)
	if _, err := io.ReadFull(r, rest); err != nil {
		return nil, fmt.Errorf("%w: %w", errHeader, err)
	}
	switch fixed[12] & 0xf {
	case 0: // LOCAL
		return nil, nil
	case 1: // PROXY
		return source(fixed[13], rest)
	}
	return nil, errHeader
}

// source is the client's address, by family: TCP over IPv4 or IPv6.
func source(family byte, addresses []byte) (net.Addr, error) {
	size := map[byte]int{0x11: 4, 0x21: 16}[family]
	if size == 0 || len(addresses) < 2*size+4 {
		return nil, errHeader
	}
	ip, _ := netip.AddrFromSlice(addresses[:size]) // it has one of the two lengths
	port := binary.BigEndian.Uint16(addresses[2*size:])
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(ip.Unmap(), port)), nil
}
