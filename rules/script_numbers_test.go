package rules

import (
	"strings"
	"testing"
)

// download is a response of 90 kB of which the first segment has come.
const download = opened + `
+0.001 > P. 1 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < .  1:1401(1400) ack 28 "HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n"
+0.0001 > . 28 ack 1401
`

// largeRequest is a request of full size that is retransmitted, after another exchange.
const largeRequest = `
+5 > P. 28:1488(1460) ack 44 "POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n"
+0.3 > P. 28:1488(1460) ack 44 "POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n"
+0.6 > P. 28:1488(1460) ack 44 "POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n"
+1.2 > P. 28:1488(1460) ack 44 "POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n"
`

// numberScripts are situations in which sequence and acknowledgment numbers decide.
var numberScripts = []script{
	{
		// A RST+ACK behind a bare RST of the same side: an abort, and further RSTs answer what was in flight.
		rule: "abort-mid-transfer",
		hit: download + `
+0.01 < .  1401:2801(1400) ack 28
+0.0001 > R  28:28(0) win 0 ipid 0
+0.0001 > R. 28:28(0) ack 2801 win 502
+0.001 < .  2801:4201(1400) ack 28
+0.0001 > R  28:28(0) win 0 ipid 0`,
		// Bare RSTs only: a host without the connection.
		miss: download + `
+0.01 < .  1401:2801(1400) ack 28
+0.0001 > R  28:28(0) win 0 ipid 0
+0.001 < .  2801:4201(1400) ack 28
+0.0001 > R  28:28(0) win 0 ipid 0`,
	},
	{
		// The data crossed an abort.
		rule: "abortive-close",
		hit: answered + `
+0.500 > R 28 win 502
+0.0005 < . 44 ack 28`,
		// A host answers the request that came before the RST.
		miss: answered + `
+0.500 > P. 28 ack 44 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.02 < R 44 win 0 ipid 0`,
	},
	{
		// A second RST of the same side, seconds later, resets no half-closed connection.
		rule: "reset-after-fin",
		hit: answered + `
+0.001 > F. 28:28(0) ack 44
+0.02 < . 44 ack 29
+0 > R. 29:29(0) ack 44 win 502
+5 > R. 29:29(0) ack 44 win 502`,
	},
	{
		// The RST before the handshake ended an earlier incarnation: the data is not late.
		rule: "state-lost",
		hit: `
0 < R 77777 win 0 ipid 0
0.100 > S  0:0(0) win 64240 <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7>
+0.020 < S. 0:0(0) ack 1 win 65160 ipid 0 <mss 1460,sackOK,TS val 9 ecr 1,nop,wscale 7>
+0 > . 1 ack 1
+0.001 > P. 1:28 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < R 1 win 0 ipid 0`,
		// That after the handshake ended this one.
		miss: opened + `
+0.01 < R. 1 ack 1
+0.5 > P. 1:28 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < R 1 win 0 ipid 0`,
	},
	{
		// The second request never arrives, and the server closes by its own timer.
		rule: "mtu-black-hole",
		hit: answered + largeRequest + `
+113 < F. 44 ack 28
+0 > . 1488 ack 45
+0.01 > F. 1488 ack 45
+0.02 < R 45 win 0 ipid 0`,
		// It arrives at last, and the server has closed.
		miss: answered + largeRequest + `
+113 < F. 44 ack 28
+0 > . 28:1488(1460) ack 45
+0.02 < R 45 win 0 ipid 0`,
	},
	{
		// The same, and the server resets by its own timer.
		rule: "mtu-black-hole",
		hit:  answered + largeRequest + "+113 < R. 44 ack 28",
		// It had acknowledged the request.
		miss: answered + largeRequest + "+0.02 < . 44 ack 1488\n+113 < R. 44 ack 28",
	},
	{
		// The same, and the client resets when the server closes.
		rule: "mtu-black-hole",
		hit:  answered + largeRequest + "+113 < F. 44 ack 28\n+0 > R. 1488 ack 45",
		miss: answered + largeRequest + "+0.02 < . 44 ack 1488\n+113 < F. 44 ack 1488\n+0 > R. 1488 ack 45",
	},
	{
		// What is lost is small: the way, and not its MTU.
		rule: "data-unacked",
		hit: answered + `
+1.0 > P. 28:48(20) ack 44
+0.3 > P. 28:48(20) ack 44
+0.6 > P. 28:48(20) ack 44
+0.1 < . 44 ack 28
+60 < F. 44 ack 28
+0 > . 48 ack 45
+0.01 > F. 48 ack 45
+0.02 < R 45 win 0 ipid 0`,
		// The server had closed before the data was sent.
		miss: answered + `
+60 < F. 44 ack 28
+0.01 > P. 28:48(20) ack 45
+0.3 > P. 28:48(20) ack 45
+0.6 > P. 28:48(20) ack 45
+0.02 < R 45 win 0 ipid 0`,
	},
	{
		// The capture begins with keep-alive probes that carry a byte.
		rule: "keepalive-unanswered",
		hit: `
0 > . 27:28(1) ack 44 "\x00"
+1 > . 27:28(1) ack 44 "\x00"
+1 > . 27:28(1) ack 44 "\x00"
+1 > R. 28 ack 44`,
		// A byte that was typed, and sent again.
		miss: `
0 > P. 27:28(1) ack 44 "x"
+0.2 > P. 27:28(1) ack 44 "x"
+0.4 > P. 27:28(1) ack 44 "x"
+1 > R. 28 ack 44`,
	},
}

// TestRepeatedAbort: a RST that its sender repeats belongs to the event of the first, however late.
func TestRepeatedAbort(t *testing.T) {
	const closed = answered + "+0.001 > F. 28:28(0) ack 44\n+0.02 < . 44 ack 29\n+0 > R. 29:29(0) ack 44 win 502\n"
	if f := last(t, closed+"+5 > R. 29:29(0) ack 44 win 502"); f.Repeats != 10 {
		t.Errorf("repeats %d: %s", f.Repeats, f.Summary)
	}
	// Of the next connection it is none.
	next := strings.Replace(closed, "0.000 ", "+5 ", 1)
	if f := last(t, closed+"> iss 700000\n"+next); f.Repeats != 0 {
		t.Errorf("repeats %d: %s", f.Repeats, f.Summary)
	}
}
