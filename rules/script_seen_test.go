package rules

import (
	"strings"
	"testing"
)

// TestSeenDevice: the TTL of a device that sent a RST in the name of a host tells its later ones, on other connections.
func TestSeenDevice(t *testing.T) {
	request := `+0.100 > P. 28 ack 44 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"`
	device := "conn 1\n< ttl 62\n" + answered + request + `
+0.001 < R  44:44(0) win 0 ipid 0 ttl 63
`
	later := "conn 2\n< ttl 62\n" + strings.ReplaceAll(answered, "0.000  > S", "10.000 > S") + request + `
+0.016 < R  44:44(0) win 0 ipid 0 ttl TTL`
	origin := func(text, ttl string) (Origin, string) {
		f := last(t, strings.Replace(text, "TTL", ttl, 1))
		s := ""
		for _, e := range f.OriginWhy {
			s += e.Says + "\n"
		}
		return f.Origin, s
	}
	if o, s := origin(device+later, "63"); o != OriginMiddlebox || !strings.Contains(s, "TCP stream 0") {
		t.Errorf("the TTL of the device: %s\n%s", o, s)
	}
	if o, s := origin(device+later, "61"); o != OriginUnknown {
		t.Errorf("another TTL: %s\n%s", o, s)
	}
	if o, s := origin(later, "63"); o != OriginUnknown {
		t.Errorf("no device was seen: %s\n%s", o, s)
	}
}
