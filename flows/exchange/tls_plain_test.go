package exchange

import "testing"

// TestOtherLayer: a server that answers TLS in the clear, or HTTP with an alert of TLS.
func TestOtherLayer(t *testing.T) {
	hello := "\x16\x03\x01\x00\x3c\x01\x00\x00\x38\x03\x03" + string(make([]byte, 54))
	for _, c := range []struct {
		client, server string
		other          bool
		text           string
	}{
		{hello, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n<html>", true, "HTTP/1.1 400 Bad Request"},
		{hello, "<!DOCTYPE HTML>\n<html>", true, "<!DOCTYPE HTML>"},
		{hello, "HTTP/1.1 302 Found\r\nLocation: http://blocked.example/\r\n\r\n", false, ""},
		{hello, "\x15\x03\x01\x00\x02\x02\x28", false, "alert: handshake_failure (40)"},
		{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "\x15\x03\x01\x00\x02\x02\x0a", true, "TLS alert unexpected_message (10)"},
		{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", false,
			"HTTP/1.1 400 Bad Request"},
	} {
		for cut := 0; cut < len(c.server); cut++ {
			names, s := NewNames(), State{}
			s.Say(names, 0, 1, 0, []byte(c.client), uint32(len(c.client)))
			if cut > 0 {
				s.Say(names, 1, 2, 1e6, []byte(c.server[:cut]), uint32(cut))
			}
			s.Say(names, 1, 3, 2e6, []byte(c.server[cut:]), uint32(len(c.server)-cut))
			x := s.Summary(names)
			if x.OtherLayer != c.other || c.text != "" && x.Last[1].Text != c.text || c.other && x.Pending != 0 {
				t.Errorf("%q, cut at %d: other layer %t, %q, %d pending", c.server, cut, x.OtherLayer, x.Last[1].Text, x.Pending)
			}
		}
	}
}
