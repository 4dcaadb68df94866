package outbound_test

import (
	"net/netip"
	"testing"

	"github.com/pecete/pecete/outbound"
)

func TestPublic(t *testing.T) {
	for _, text := range []string{"1.1.1.1", "8.8.8.8", "192.0.1.1", "100.128.0.1", "172.32.0.1", "223.255.255.255", "2606:4700::1", "2a00:1450::1", "::ffff:8.8.8.8"} {
		if !outbound.Public(netip.MustParseAddr(text)) {
			t.Errorf("%s is public", text)
		}
	}
	for _, text := range private {
		if outbound.Public(netip.MustParseAddr(text)) {
			t.Errorf("%s is not public", text)
		}
	}
	if outbound.Public(netip.Addr{}) {
		t.Error("no address is public")
	}
}

var private = []string{
	"0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.254", "169.254.0.1", "169.254.169.254",
	"172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.0.1", "192.168.255.255", "198.18.0.1", "198.19.255.255", "198.51.100.1",
	"203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
	"::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:0:127.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::8.8.8.8",
	"64:ff9b:1::1", "100::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:10::1", "2001:20::1", "2001:db8::1", "2002:7f00:1::1", "2002:a9fe:a9fe::",
	"3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1",
}

// No address of version 6 that has one of version 4 in it, wherever, is public
// unless that one is.
func FuzzPublic(f *testing.F) {
	for _, text := range private {
		b := netip.MustParseAddr(text).As16()
		f.Add(b[:])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, ok := netip.AddrFromSlice(b)
		if !ok || !outbound.Public(a) {
			return
		}
		plain := a.Unmap()
		switch {
		case plain.IsLoopback(), plain.IsPrivate(), plain.IsLinkLocalUnicast(), plain.IsMulticast(), plain.IsUnspecified(),
			plain.IsInterfaceLocalMulticast(), plain.Is6() && !plain.IsGlobalUnicast():
			t.Fatalf("%v is public", a)
		}
		if plain.Is4() != outbound.Public(plain) && plain.Is4() {
			t.Fatalf("%v is public as %v only", plain, a)
		}
	})
}
