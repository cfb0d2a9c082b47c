package rules

import (
	"strings"
	"testing"
)

// oneSided is a client of which alone the capture holds segments, and its first data.
const oneSided = `
0.000  > S  0:0(0) win 64240 <mss 1460>
+0.020 > .  1:1(0) ack 1
+0.001 > P. 1:101 ack 1
`

var givingUpScripts = []script{
	{
		// One direction only. Six retransmissions are what a system makes before it gives up; two are not, and an
		// acknowledgment that the capture lacks may have ended them.
		rule: "gave-up-silently",
		hit: oneSided + `
+0.4   > P. 1:101 ack 1
+0.8   > P. 1:101 ack 1
+1.6   > P. 1:101 ack 1
+3.2   > P. 1:101 ack 1
+6.4   > P. 1:101 ack 1
+12.8  > P. 1:101 ack 1
+60.0  > R  101:101(0) win 0 ipid 0`,
		miss: oneSided + `
+0.4   > P. 1:101 ack 1
+0.8   > P. 1:101 ack 1
+60.0  > R  101:101(0) win 0 ipid 0`,
	},
	{
		// The RST's number shows 20000 bytes that the server never got: its challenge ACK asks for the first of them.
		rule: "data-unacked",
		hit: opened + `
+0.001 > P. 1 ack 1 "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 40000\r\n\r\n"
+0.020 < .  1:1(0) ack 52
+5.000 > R. 20052:20052(0) ack 1 win 502
+0.020 < .  1:1(0) ack 52`,
		// The server does not answer the RST: the capture may lack what it did get.
		miss: opened + `
+0.001 > P. 1 ack 1 "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 40000\r\n\r\n"
+0.020 < .  1:1(0) ack 52
+5.000 > R. 20052:20052(0) ack 1 win 502`,
	},
	{
		rule: "data-unacked",
		hit: answered + `
+1.000 > P. 28 ack 44 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.200 > P. 28 ack 44 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.400 > P. 28 ack 44 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.800 > P. 28 ack 44 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+1.600 > R. 56:56(0) ack 44 win 502`,
		// Acknowledged, so the way is not the trouble.
		miss: answered + `
+1.000 > P. 28 ack 44 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.200 > P. 28 ack 44 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < .  44:44(0) ack 56
+3.000 > R. 56:56(0) ack 44 win 502`,
	},
	{
		// The peer repeats an old acknowledgment, and the data goes out once more after it.
		rule: "data-unacked",
		hit: answered + `
+1.000 > P. 28 ack 44 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.200 > P. 28 ack 44 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < .  44:44(0) ack 28
+0.400 > P. 28 ack 44 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.800 > R. 56:56(0) ack 44 win 502`,
		// After that acknowledgment nothing is sent again: nothing more was left unanswered.
		miss: answered + `
+1.000 > P. 28 ack 44 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.200 > P. 28 ack 44 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.400 > P. 28 ack 44 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < .  44:44(0) ack 28
+0.800 > R. 56:56(0) ack 44 win 502`,
	},
	{
		rule: "mtu-black-hole",
		hit: opened + `
+0.001 > P. 1:301(300) ack 1 "POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n"
+0.020 < .  1:1(0) ack 301
+0.001 > .  301:1761(1460) ack 1
+0.000 > P. 1761:1861(100) ack 1
+0.020 < .  1:1(0) ack 301
+0.200 > .  301:1761(1460) ack 1
+0.400 > .  301:1761(1460) ack 1
+0.800 > .  301:1761(1460) ack 1
+1.600 > R. 1861:1861(0) ack 1 win 502`,
		// Small segments are lost as well.
		miss: opened + `
+0.001 > P. 1:301(300) ack 1 "POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n"
+0.020 < .  1:1(0) ack 301
+0.001 > P. 301:401(100) ack 1
+0.200 > P. 301:401(100) ack 1
+0.400 > P. 301:401(100) ack 1
+0.800 > P. 301:401(100) ack 1
+1.600 > R. 401:401(0) ack 1 win 502`,
	},
	{
		rule: "keepalive-unanswered",
		hit: answered + `
+10.00 > .  27:27(0) ack 44
+1.000 > .  27:27(0) ack 44
+1.000 > .  27:27(0) ack 44
+1.000 > R. 28:28(0) ack 44 win 502`,
		// The probes are answered; the client drops the connection later.
		miss: answered + `
+10.00 > .  27:27(0) ack 44
+0.020 < .  44:44(0) ack 28
+10.00 > .  27:27(0) ack 44
+0.020 < .  44:44(0) ack 28
+5.000 > R. 28:28(0) ack 44 win 502`,
	},
	{
		// A keep-alive probe of the peer's own answers none.
		rule: "keepalive-unanswered",
		hit: answered + `
+10.00 > .  27:27(0) ack 44
+1.000 > .  27:27(0) ack 44
+0.500 < .  43:43(0) ack 28
+0.500 > .  27:27(0) ack 44
+1.000 > R. 28:28(0) ack 44 win 502`,
		miss: answered + `
+10.00 > .  27:27(0) ack 44
+1.000 > .  27:27(0) ack 44
+0.500 > .  27:27(0) ack 44
+0.020 < .  44:44(0) ack 28
+5.000 > R. 28:28(0) ack 44 win 502`,
	},
	{
		rule: "zero-window",
		hit: opened + `
+0.001 > P. 1:1001(1000) ack 1
+0.020 < .  1:1(0) ack 1001 win 0
+0.300 > .  1000:1000(0) ack 1
+0.020 < .  1:1(0) ack 1001 win 0
+0.600 > .  1000:1000(0) ack 1
+0.020 < .  1:1(0) ack 1001 win 0
+5.000 > R. 1001:1001(0) ack 1 win 502`,
		// It is the reader that resets: it ended with data unread.
		miss: opened + `
+0.001 > P. 1:1001(1000) ack 1
+0.020 < .  1:1(0) ack 1001 win 0
+0.300 > .  1000:1000(0) ack 1
+0.020 < .  1:1(0) ack 1001 win 0
+1.000 < R. 1:1(0) ack 1001 win 0`,
	},
	{
		rule: "gave-up-silently",
		hit: answered + `
+1.000 > P. 28 ack 44 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.200 > P. 28 ack 44 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.400 > P. 28 ack 44 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.800 > P. 28 ack 44 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+30.00 < P. 44 ack 28 "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"
+0.000 > R  28:28(0) win 0 ipid 0`,
		miss: answered + `
+1.000 > P. 28 ack 44 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < R  44:44(0) win 0 ipid 0`,
	},
}

var overScripts = []script{
	{
		rule: "late-segment",
		hit: answered + `
+0.001 > F. 28:28(0) ack 44
+0.020 < F. 44:44(0) ack 29
+0.000 > .  29:29(0) ack 45
+2.000 > .  29:29(0) ack 45
+0.020 < R  45:45(0) win 0 ipid 0`,
		// The RST answers the last ACK of the closing itself.
		miss: answered + `
+0.001 > F. 28:28(0) ack 44
+0.020 < F. 44:44(0) ack 29
+0.000 > .  29:29(0) ack 45
+0.020 < R  45:45(0) win 0 ipid 0`,
	},
	{
		rule: "stray-segment",
		hit: `
0.000  > P. 1 ack 1 "hello"
+0.020 < R  1:1(0) win 0 ipid 0`,
		// The host has just answered: it had the connection.
		miss: answered + `
+0.100 > P. 28 ack 44 "hello"
+0.020 < R  44:44(0) win 0 ipid 0`,
	},
	{
		rule: "idle-reset",
		hit: `
> ttl 64
< ttl 50
` + answered + `
+350.0 < R. 44:44(0) ack 28 ttl 63 ipid 5000`,
		// The same from the server itself.
		miss: `
> ttl 64
< ttl 50
` + answered + `
+350.0 < R. 44:44(0) ack 28 win 502`,
	},
	{
		rule: "idle-expiry",
		hit: answered + `
+350.0 > P. 28 ack 44 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < R  44:44(0) win 0 ipid 0`,
		miss: answered + `
+0.500 > P. 28 ack 44 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < R  44:44(0) win 0 ipid 0`,
	},
	{
		rule: "forged-reset",
		// It comes 0.1 ms after the request; the server is 20 ms away, and answers later all the same.
		hit: `
< ttl 50
` + opened + `
+0.001 > P. 1 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.0001 < R. 1:1(0) ack 28 ttl 61 ipid 7777
+0.020 < .  1:1(0) ack 28
+0.001 < P. 1 ack 28 "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"`,
		miss: `
< ttl 50
` + opened + `
+0.001 > P. 1 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < R. 1:1(0) ack 28 win 502`,
	},
}

// TestRetransmissionsBeforeFIN: where only one side was captured, data that it retransmitted three times before it
// closed, with an ACK that no longer moved, was most likely not answered.
func TestRetransmissionsBeforeFIN(t *testing.T) {
	const sent = `
0.000  > S  0:0(0) win 64240 <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7>
+0.020 > .  1:1(0) ack 1
+0.001 > P. 1:272(271) ack 1
`
	const resent = "+0.26 > P. 1:272(271) ack 1\n+0.48 > P. 1:272(271) ack 1\n+0.96 > P. 1:272(271) ack 1\n"
	const closed = "+7 > F. 272 ack 1\n+0.26 > F. 272 ack 1\n+0.24 > F. 272 ack 1\n+6 > R 273 win 0 ipid 0"
	f := last(t, sent+resent+closed)
	if f.Cause != RetransmitTimeout || f.Confidence > 0.7 || len(f.Alternatives) == 0 || f.Alternatives[0].Cause != PeerCrash {
		t.Errorf("%s %.2f %s\n%s", f.Cause, f.Confidence, f.Summary, tell(f))
	}
	if f = last(t, sent+strings.ReplaceAll(resent, "ack 1\n", "ack 901\n")+closed); f.Cause == RetransmitTimeout && f.Confidence > 0.7 {
		t.Errorf("its ACK moved: %s %.2f %s\n%s", f.Cause, f.Confidence, f.Summary, tell(f))
	}
}

// TestUndeliveredSays: that the side which the data never reached sent other segments is said where it did.
func TestUndeliveredSays(t *testing.T) {
	const lost = answered + `
+0.010 < .  44:84(40) ack 28
+0.300 < .  44:84(40) ack 28
+0.600 < .  44:84(40) ack 28
%s
+1.200 < .  44:84(40) ack 28
+2.000 > R. 28:28(0) ack 44 win 502`
	for between, want := range map[string]string{
		"":                            "does not acknowledge it",
		"+0.1 > P. 28 ack 44 \"x\"\n": "sent other segments",
	} {
		f := last(t, strings.Replace(lost, "%s", between, 1))
		if f.Cause != RetransmitTimeout || !strings.Contains(f.Summary, want) {
			t.Errorf("%q: %s: %s\n%s", between, f.Rule.ID, f.Summary, tell(f))
		}
	}
}
