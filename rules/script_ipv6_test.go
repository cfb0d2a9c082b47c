package rules

import (
	"strings"
	"testing"
)

// TestHopLimit: what IPv4 calls TTL is the hop limit in IPv6.
func TestHopLimit(t *testing.T) {
	const text = `> ttl 64
< ttl 52
` + answered + `
+0.001 > P. 28 ack 44 "GET /b HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < R. 44:44(0) ack 56 ttl TTL ipid 777`
	for _, ttl := range []string{"52", "61"} {
		v4 := strings.Replace(text, "TTL", ttl, 1)
		v6 := "conn 1 [2001:db8::1]:40000 > [2001:db8::2]:80\n" + v4
		says := func(text string) (s string) {
			f := last(t, text)
			for _, e := range f.OriginWhy {
				s += e.Says + "\n"
			}
			return s + f.Summary + tell(f)
		}
		if s := says(v6); strings.Contains(s, "TTL") || !strings.Contains(s, "its hop limit") {
			t.Errorf("IPv6: %s", s)
		}
		if s := says(v4); strings.Contains(s, "hop limit") || !strings.Contains(s, "its TTL") {
			t.Errorf("IPv4: %s", s)
		}
	}
}
