package track_test

import (
	"fmt"
	"strings"
	"testing"
)

func TestExchangeInOrder(t *testing.T) {
	const (
		head = `"GET /long HTTP/1.1\r\n"`                         // 20 bytes
		rest = `"Host: example.com\r\n\r\n"`                      // 21
		resp = `"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"` // 40, and 100 of body
	)
	for _, c := range []struct{ name, script string }{
		{"in order", "+0 > P. 1 ack 1 " + head + "\n+0 > P. 21 ack 1 " + rest + "\n+0.1 < P. 1:141(140) ack 42 " + resp},
		{"request reordered", "+0 > P. 21 ack 1 " + rest + "\n+0 > P. 1 ack 1 " + head + "\n+0.1 < P. 1:141(140) ack 42 " + resp},
		{"the ACK captured before the request", "+0 < . 1 ack 42\n+0 > P. 1 ack 1 " + head + "\n+0 > P. 21 ack 1 " + rest + "\n+0.1 < P. 1:141(140) ack 42 " + resp},
		{"response in pieces, the last first", "+0 > P. 1 ack 1 " + head + "\n+0 > P. 21 ack 1 " + rest +
			"\n+0.1 < P. 121:141(20) ack 42\n+0 < . 61:121(60) ack 42\n+0 < . 1:61(60) ack 42 " + resp},
		{"lost before the capture and resent", "+0 > P. 1 ack 1 " + head + "\n+0 > P. 21 ack 1 " + rest +
			"\n+0.1 < . 61:121(60) ack 42\n+0 < P. 121:141(20) ack 42\n+0 > . 42 ack 1\n+0 > . 42 ack 1\n+0.2 < . 1:61(60) ack 42 " + resp},
		{"resent in one", "+0 > P. 1 ack 1 " + head + "\n+0 > P. 21 ack 1 " + rest +
			"\n+0.1 < . 61:121(60) ack 42\n+0.2 < P. 1:141(140) ack 42 " + resp},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := after(t, shake+c.script+"\n+0.1 > . 42 ack 141")
			x := got.Exchange
			if x.Path != "/long" || x.Host != "example.com" || x.Status != 200 || x.BodyWant != 100 || x.BodyGot != 100 || x.Pending != 0 || x.Guess {
				t.Errorf("%+v", x)
			}
			if got.Ends[0].Bytes != 41 || got.Ends[1].Bytes != 140 || got.Ends[0].Missing+got.Ends[1].Missing != 0 {
				t.Errorf("%+v", got.Ends)
			}
		})
	}
}

func TestExchangeWithLoss(t *testing.T) {
	// The capture missed 60 bytes of the body: the answer is still reported as one.
	r := resets(t, shake+`
+0   > P. 1 ack 1 "GET /long HTTP/1.1\r\nHost: a\r\n\r\n"
+0.1 < . 1:61(60) ack 32 "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"
+0   < . 121:141(20) ack 32
+0   > . 32 ack 141
+1   < R. 141 ack 32`)[0]
	if x := r.Conn.Exchange; x.Path != "/long" || x.Status != 200 || r.Conn.Ends[1].Missing != 60 {
		t.Errorf("%+v", x)
	}
	// The request is missing, and the answer to it is not.
	c := after(t, shake+"+0 < . 1 ack 32\n+0.1 < . 1:61(60) ack 32 \"HTTP/1.1 200 OK\\r\\nContent-Length: 20\\r\\n\\r\\n\"")
	if x := c.Exchange; x.Status != 200 || c.Ends[0].Missing != 31 {
		t.Errorf("%+v", x)
	}
}

func TestLetGoWaitsForWhatIsMissing(t *testing.T) {
	c := after(t, shake+`
+0   > P. 1 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.1 < . 1:61(60) ack 28 "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"
+0   < F. 141 ack 28
+0.2 < . 61:141(80) ack 28
+0   > . 28 ack 142`)
	g := c.Closes[1]
	if g == nil || g.Frame != 6 || g.Exchange.BodyGot != 100 {
		t.Errorf("%+v", g)
	}
	if s := c.Ends[0].State.String() + " " + c.Ends[1].State.String(); s != "CLOSE-WAIT FIN-WAIT-2" {
		t.Errorf("states %s", s)
	}
}

func TestWaitingIsBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString(shake + "+0 > P. 1 ack 1 \"GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n\"\n")
	for i := range 200 {
		fmt.Fprintf(&b, "+0 < . %d:%d(100) ack 28\n", 101+100*i, 201+100*i)
	}
	b.WriteString("+1 > R. 28 ack 1")
	r := resets(t, b.String())[0]
	if x := r.Conn.Exchange; x.Messages[1] != 1 || r.Conn.Ends[1].Missing != 100 || r.Conn.Ends[1].Bytes != 20000 {
		t.Errorf("%+v", x)
	}
}
