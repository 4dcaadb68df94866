package outbound

import (
	"errors"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// What a URL cannot be.
var (
	ErrScheme = errors.New("outbound: not https")
	ErrHost   = errors.New("outbound: not a host in its one spelling")
	ErrPort   = errors.New("outbound: not a port to be asked")
	ErrURL    = errors.New("outbound: not a URL in its one spelling")
)

// maxURL is how long a URL may be, in bytes.
const maxURL = 2048

var (
	// printable is what a URL is written with (RFC 3986 §2), without the square
	// brackets, which stand around an address only, and the backslash, which some
	// take for a slash.
	printable = regexp.MustCompile(`^[A-Za-z0-9._~:/?!$&'()*+,;=%@\[\]-]+$`)
	// hostName is a name of the DNS in lower case, whose last label is no
	// number: 127.1 and 0x7f000001 are addresses to some.
	hostName = regexp.MustCompile(`^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)
)

// Parse reads the URL of a host that may be asked: https, a name or a public
// address in the one way it is written, and a port on which no other protocol is
// at home. It has neither user nor fragment. Whether the host may be dialled is
// found out when it is.
func Parse(address string) (*url.URL, error) {
	if len(address) > maxURL || !printable.MatchString(address) {
		return nil, ErrURL
	}
	if !strings.HasPrefix(address, "https://") {
		return nil, ErrScheme
	}
	u, err := url.Parse(address)
	if err != nil || u.String() != address || u.User != nil || u.Opaque != "" || u.ForceQuery || strings.Contains(u.Host, "@") {
		return nil, ErrURL
	}
	if !spelled(u) {
		return nil, ErrHost
	}
	return u, checkPort(u)
}

// spelled reports whether the host is written as we would write it.
func spelled(u *url.URL) bool {
	host := u.Hostname()
	written := host
	if a, err := netip.ParseAddr(host); err == nil {
		if a.Zone() != "" || a.Is4In6() || a.String() != host {
			return false
		}
		if a.Is6() {
			written = "[" + host + "]"
		}
	} else if !hostName.MatchString(host) || len(host) > 253 {
		return false
	}
	if port := u.Port(); port != "" {
		written += ":" + port
	}
	return written == u.Host
}

// others are ports above 1023 on which another protocol is at home.
var others = []int{
	1433, 1521, 1719, 1720, 1723, 2049, 2181, 2375, 2376, 2379, 2380, 3306, 3389, 3659, 4045, 5060, 5061, 5432, 5672, 5900, 5984, 5985, 5986,
	6000, 6379, 6443, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 7001, 8086, 8500, 9042, 9092, 9200, 9300, 10080, 10250, 11211, 27017,
}

func checkPort(u *url.URL) error {
	port := u.Port()
	if port == "" {
		return nil
	}
	n, err := strconv.Atoi(port)
	if err != nil || strconv.Itoa(n) != port || n > 65535 || n != 443 && n < 1024 || slices.Contains(others, n) {
		return ErrPort
	}
	return nil
}
