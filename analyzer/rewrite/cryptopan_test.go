package rewrite

import (
	"net/netip"
	"testing"
)

// referenceKey is the key of the sample that the authors of Crypto-PAn publish with their code.
var referenceKey = []byte{21, 34, 23, 141, 51, 164, 207, 128, 19, 10, 91, 22, 73, 144, 125, 16,
	216, 152, 143, 131, 121, 121, 101, 39, 98, 87, 76, 45, 42, 132, 34, 2}

func TestCryptoPAn(t *testing.T) {
	c, err := NewCryptoPAn(referenceKey)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []struct{ from, to string }{
		{"128.11.68.132", "135.242.180.132"},
		{"129.118.74.4", "134.136.186.123"},
		{"130.132.252.244", "133.68.164.234"},
		{"141.223.7.43", "141.167.8.160"},
		{"156.29.3.236", "147.225.12.42"},
	} {
		if got := c.Map(netip.MustParseAddr(v.from)); got.String() != v.to {
			t.Errorf("%s became %s, want %s", v.from, got, v.to)
		}
	}
}

func TestCryptoPAnKeepsPrefixes(t *testing.T) {
	c, _ := NewCryptoPAn(referenceKey)
	pairs := [][2]string{{"10.1.2.3", "10.1.2.4"}, {"10.1.2.3", "10.1.130.3"}, {"10.0.0.1", "192.168.0.1"},
		{"2001:db8::1", "2001:db8:0:1::1"}, {"fe80::1", "ff02::1"}}
	for _, p := range pairs {
		a, b := netip.MustParseAddr(p[0]), netip.MustParseAddr(p[1])
		if got, want := shared(c.Map(a), c.Map(b)), shared(a, b); got != want {
			t.Errorf("%s and %s share %d bits, their images %d", a, b, want, got)
		}
	}
}

// shared counts the leading bits that a and b have in common.
func shared(a, b netip.Addr) int {
	x, y := a.AsSlice(), b.AsSlice()
	for i := range len(x) * 8 {
		if (x[i/8]^y[i/8])>>(7-i%8)&1 != 0 {
			return i
		}
	}
	return len(x) * 8
}

func TestCryptoPAnKey(t *testing.T) {
	if _, err := NewCryptoPAn(make([]byte, 16)); err == nil {
		t.Error("a short key was taken")
	}
}
