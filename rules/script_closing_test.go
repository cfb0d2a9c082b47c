package rules

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/rules/claim"
)

// tlsHello and what follows are records whose outer form is that of TLS 1.2; what they hold is not looked at.
const tlsDone = opened + `
+0.001 > P. 1:206(205) ack 1 "\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03"
+0.020 < P. 1:96(95) ack 206 "\x16\x03\x03\x00\x5a\x02\x00\x00\x56\x03\x03"
+0.001 > P. 206:286(80) ack 96 "\x14\x03\x03\x00\x01\x01\x16\x03\x03\x00\x45"
+0.020 < P. 96:147(51) ack 286 "\x14\x03\x03\x00\x01\x01\x16\x03\x03\x00\x28"
+0.001 > P. 286:391(105) ack 147 "\x17\x03\x03\x00\x64"
+0.020 < P. 147:752(605) ack 391 "\x17\x03\x03\x02\x58"
+0.000 > .  391:391(0) ack 752
`

// h2Answered is a complete exchange of HTTP/2 in clear.
const h2Answered = opened + `
+0.001 > P. 1 ack 1 "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x03\x01\x05\x00\x00\x00\x01\x82\x86\x84"
+0.021 < P. 1 ack 46 "\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x01\x01\x05\x00\x00\x00\x01\x88"
+0.000 > .  46:46(0) ack 20
`

var closingScripts = []script{
	{
		rule: "health-probe",
		hit: `
0.000  > S  0:0(0) win 64240 <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7>
+0.020 < S. 0:0(0) ack 1
+0.000 > R. 1:1(0) ack 1 win 502`,
		// The server drops it.
		miss: opened + `
+0.001 < R. 1:1(0) ack 1 win 509`,
	},
	{
		rule: "close-notify-race",
		hit: tlsDone + `
+0.100 > P. 391:422(31) ack 752 "\x15\x03\x03\x00\x1a"
+0.000 > F. 422:422(0) ack 752
+0.020 < P. 752:783(31) ack 422 "\x15\x03\x03\x00\x1a"
+0.000 > R  422:422(0) win 0 ipid 0`,
		// Data of the application meets the closed socket.
		miss: tlsDone + `
+0.100 > P. 391:422(31) ack 752 "\x15\x03\x03\x00\x1a"
+0.000 > F. 422:422(0) ack 752
+0.010 < P. 752:1757(1005) ack 391 "\x17\x03\x03\x03\xe8"
+0.000 > R  391:391(0) win 0 ipid 0`,
	},
	{
		// Inside TLS the client's last record is a command that it does not wait for (LOGOUT); the server's answer to
		// it comes with the server's FIN.
		rule: "close-notify-race",
		hit: tlsDone + `
+0.100 > P. 391:425(34) ack 752 "\x17\x03\x03\x00\x1d"
+0.0005 > F. 425:425(0) ack 752
+0.020 < P. 752:872(120) ack 426 "\x17\x03\x03\x00\x73"
+0.000 < F. 872:872(0) ack 426
+0.000 > R  426:426(0) win 0 ipid 0`,
		// The server goes on sending.
		miss: tlsDone + `
+0.100 > P. 391:425(34) ack 752 "\x17\x03\x03\x00\x1d"
+0.0005 > F. 425:425(0) ack 752
+0.020 < P. 752:872(120) ack 426 "\x17\x03\x03\x00\x73"
+0.000 > R  426:426(0) win 0 ipid 0
+0.001 < P. 872:2272(1400) ack 426`,
	},
	{
		// FIN and RST at once with a request unread.
		rule: "unread-data",
		hit: opened + `
+0.001 > P. 1 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < .  1:1(0) ack 28
+0.001 < F. 1:1(0) ack 28 win 501
+0.000 < R. 2:2(0) ack 28 win 501`,
		// The request had been answered.
		miss: answered + `
+0.001 < F. 44:44(0) ack 28 win 501
+0.000 < R. 45:45(0) ack 28 win 501`,
	},
	{
		// A message every 10 ms is a stream, and no connection that was kept alive.
		rule: "data-after-fin",
		hit: opened + `
+0.001 > P. 1 ack 1 "aaaaaaaa"
+0.010 < P. 1 ack 9 "bbbb"
+0.001 > P. 9 ack 5 "aaaaaaaa"
+0.010 < P. 5 ack 17 "bbbb"
+0.001 > P. 17 ack 9 "aaaaaaaa"
+0.010 < P. 9 ack 25 "bbbb"
+0.001 > P. 25 ack 13 "aaaaaaaa"
+0.010 < P. 13 ack 33 "bbbb"
+0.001 > P. 33 ack 17 "aaaaaaaa"
+0.010 < P. 17 ack 41 "bbbb"
+0.002 < F. 21:21(0) ack 41
+0.008 > P. 41 ack 22 "aaaaaaaa"
+0.020 < R  22:22(0) win 0 ipid 0`,
		// It had been idle for half a minute.
		miss: opened + `
+0.001 > P. 1 ack 1 "aaaaaaaa"
+0.010 < P. 1 ack 9 "bbbb"
+0.001 > P. 9 ack 5 "aaaaaaaa"
+0.010 < P. 5 ack 17 "bbbb"
+0.001 > P. 17 ack 9 "aaaaaaaa"
+0.010 < P. 9 ack 25 "bbbb"
+0.001 > P. 25 ack 13 "aaaaaaaa"
+0.010 < P. 13 ack 33 "bbbb"
+0.001 > P. 33 ack 17 "aaaaaaaa"
+0.010 < P. 17 ack 41 "bbbb"
+30.00 < F. 21:21(0) ack 41
+0.008 > P. 41 ack 22 "aaaaaaaa"
+0.020 < R  22:22(0) win 0 ipid 0`,
	},
	{
		// The client's WINDOW_UPDATE and GOAWAY meet the closed socket: nothing that wants an answer.
		rule: "late-goodbye",
		hit: h2Answered + `
+0.500 < F. 20:20(0) ack 46
+0.001 > P. 46 ack 20 "\x00\x00\x04\x08\x00\x00\x00\x00\x00\x00\x00\x40\x00"
+0.000 > P. 59 ack 21 "\x00\x00\x08\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
+0.020 < R  20:20(0) win 0 ipid 0`,
		// A request goes before the GOAWAY.
		miss: h2Answered + `
+0.500 < F. 20:20(0) ack 46
+0.001 > P. 46 ack 20 "\x00\x00\x03\x01\x05\x00\x00\x00\x03\x82\x86\x84"
+0.000 > P. 58 ack 21 "\x00\x00\x08\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
+0.020 < R  20:20(0) win 0 ipid 0`,
	},
	{
		rule: "early-response",
		hit: opened + `
+0.001 > P. 1:201(200) ack 1 "POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 90000\r\n\r\n"
+0.000 > .  201:1661(1460) ack 1
+0.020 < P. 1 ack 1661 "HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
+0.000 < R. 73:73(0) ack 1661 win 502`,
		// The upload was complete.
		miss: opened + `
+0.001 > P. 1:201(200) ack 1 "POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 1607\r\n\r\n"
+0.000 > .  201:1661(1460) ack 1
+0.020 < P. 1 ack 1661 "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
+0.000 < R. 39:39(0) ack 1661 win 502`,
	},
	{
		rule: "keepalive-race",
		hit: answered + `
+5.000 < F. 44:44(0) ack 28
+0.000 > .  28:28(0) ack 45
+0.500 > P. 28 ack 45 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < R  45:45(0) win 0 ipid 0`,
		// It closed with the request unanswered.
		miss: opened + `
+0.001 > P. 1 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < .  1:1(0) ack 28
+5.000 < F. 1:1(0) ack 28
+0.000 > .  28:28(0) ack 2
+0.500 > P. 28 ack 2 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < R  2:2(0) win 0 ipid 0`,
	},
	{
		rule: "reset-after-fin",
		hit: answered + `
+0.001 > F. 28:28(0) ack 44
+0.020 < .  44:44(0) ack 29
+0.000 > R. 29:29(0) ack 44 win 502`,
		// Data came in between and was thrown away.
		miss: answered + `
+0.001 > P. 28 ack 44 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.000 > F. 56:56(0) ack 44
+0.020 < P. 44 ack 57 "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
+0.000 > R. 57:57(0) ack 87 win 502`,
	},
	{
		rule: "late-goodbye",
		hit: opened + `
+0.001 < P. 1 ack 1 "220 mail ESMTP\r\n"
+0.001 > P. 1 ack 17 "EHLO a\r\n"
+0.020 < P. 17 ack 9 "250 mail\r\n"
+0.001 > P. 9 ack 27 "QUIT\r\n"
+0.020 < P. 27 ack 15 "221 bye\r\n"
+0.000 < F. 36:36(0) ack 15
+0.000 > .  15:15(0) ack 37
+0.010 > F. 15:15(0) ack 37
+0.020 < R  37:37(0) win 0 ipid 0`,
		miss: answered + `
+5.000 < F. 44:44(0) ack 28
+0.000 > .  28:28(0) ack 45
+0.500 > P. 28 ack 45 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < R  45:45(0) win 0 ipid 0`,
	},
	{
		rule: "data-after-fin",
		hit: opened + `
+0.001 > P. 1 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.500 > F. 28:28(0) ack 1
+0.100 < P. 1 ack 28 "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
+0.000 > R  28:28(0) win 0 ipid 0`,
		miss: answered + `
+5.000 < F. 44:44(0) ack 28
+0.000 > .  28:28(0) ack 45
+0.500 > P. 28 ack 45 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < R  45:45(0) win 0 ipid 0`,
	},
	{
		rule: "reset-instead-of-fin",
		hit: answered + `
+0.001 < F. 44:44(0) ack 28
+0.000 > .  28:28(0) ack 45
+0.000 > R. 28:28(0) ack 45 win 502`,
		// The FIN crossed the RST: the client had not seen it.
		miss: answered + `
+0.001 < F. 44:44(0) ack 28
+0.000 > R. 28:28(0) ack 44 win 502`,
	},
}

var lostScripts = []script{
	{
		// A request is pending when a device forgets the connection: its RST comes from one hop nearer.
		rule: "idle-expiry",
		hit: `
< ttl 62
` + answered + `
+0.001 > P. 28 ack 44 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < .  44:44(0) ack 56
+30.00 > F. 56:56(0) ack 44
+0.016 < R  44:44(0) win 0 ipid 0 ttl 63`,
		// From farther away it is another host's.
		miss: `
< ttl 62
` + answered + `
+0.001 > P. 28 ack 44 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < .  44:44(0) ack 56
+30.00 > F. 56:56(0) ack 44
+0.016 < R  44:44(0) win 0 ipid 0 ttl 61`,
	},
	{
		rule: "wrong-host",
		hit: `
< ttl 50
` + answered + `
+0.100 > P. 28 ack 44 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < R  44:44(0) win 0 ipid 0 ttl 49`,
		miss: `
< ttl 50
` + answered + `
+0.100 > P. 28 ack 44 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < R  44:44(0) win 0 ipid 0 ttl 50`,
	},
	{
		rule: "state-lost-keepalive",
		hit: answered + `
+60.00 > .  27:27(0) ack 44
+0.020 < .  44:44(0) ack 28
+60.00 > .  27:27(0) ack 44
+0.020 < R  44:44(0) win 0 ipid 0`,
		miss: answered + `
+1.000 > P. 28 ack 44 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < R  44:44(0) win 0 ipid 0`,
	},
	{
		rule: "ended-unseen",
		hit: opened + `
+0.001 > P. 1 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < .  1:1401(1400) ack 28 "HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n"
+0.0001 > .  28:28(0) ack 1401
+0.002 < .  1401:2801(1400) ack 28
+0.0001 > R  28:28(0) win 0 ipid 0
+0.002 < .  2801:4201(1400) ack 28
+0.0001 > R  28:28(0) win 0 ipid 0`,
		// Its first RST is its own decision.
		miss: opened + `
+0.001 > P. 1 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < .  1:1401(1400) ack 28 "HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n"
+0.000 > R. 28:28(0) ack 1401 win 502
+0.001 < .  1401:2801(1400) ack 28
+0.000 > R  28:28(0) win 0 ipid 0`,
	},
	{
		rule: "state-lost",
		hit: answered + `
+1.000 > P. 28 ack 44 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < R  44:44(0) win 0 ipid 0`,
		// The server had closed.
		miss: answered + `
+1.000 < F. 44:44(0) ack 28
+0.010 > P. 28 ack 44 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < R  44:44(0) win 0 ipid 0`,
	},
}

// TestInFlight: data that acknowledges the FIN was sent after that had arrived; data that does not crossed it.
func TestInFlight(t *testing.T) {
	const asked = opened + "+0.001 > P. 1:28 ack 1 \"GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n\"\n+0.001 > F. 28:28(0) ack 1\n"
	for ack, want := range map[string]string{"29": "was sent after the FIN had arrived", "28": "in flight"} {
		f := last(t, asked+"+0.020 < P. 1:1001(1000) ack "+ack+"\n+0.00003 > R "+ack)
		if got := strings.ReplaceAll(f.Summary, " were ", " was "); !strings.Contains(got, want) {
			t.Errorf("ack %s: %s", ack, f.Summary)
		}
	}
}

// TestAnsweredBetween: in a capture of one side, a request was answered where that side acknowledged something before it
// went on.
func TestAnsweredBetween(t *testing.T) {
	const start = "0 > S 0\n+0.02 > . 1 ack 1\n+0.001 > P. 1:9(8) ack 1 \"\\x00\\x00\\x00\\x08\\x04\\xd2\\x16/\"\n"
	answered := last(t, start+"+0.02 > P. 9:109(100) ack 2\n+0.02 > P. 109:140(31) ack 802\n+0.001 > F. 140 ack 802\n+0.02 > R 141")
	if answered.Cause != FastClose {
		t.Errorf("answered: %s %s\n%s", answered.Rule.ID, answered.Summary, tell(answered))
	}
	open := last(t, start+"+0.001 > F. 9 ack 1\n+0.02 > R 10")
	if open.Cause == FastClose && open.Confidence > 0.85 {
		t.Errorf("not answered: %s %.2f\n%s", open.Rule.ID, open.Confidence, tell(open))
	}
}

// TestAfterGap: a request that the capture lacks, and the server acknowledged, leaves open whether the exchange was complete.
func TestAfterGap(t *testing.T) {
	f := last(t, answered+"+0.5 < . 44 ack 128\n+0.1 < F. 44 ack 128\n+0.02 > . 128 ack 45\n+0.01 > P. 128:228(100) ack 45\n+0.02 < R 45 win 0 ipid 0")
	if f.Cause == FastClose && f.Confidence > 0.85 || strings.Contains(f.Summary, "complete") {
		t.Errorf("%s %.2f: %s\n%s", f.Rule.ID, f.Confidence, f.Summary, tell(f))
	}
	f = last(t, answered+"+5 < . 44 ack 28\n+0.1 < F. 44 ack 28\n+0.02 > . 28 ack 45\n+0.01 > P. 28:128(100) ack 45\n+0.02 < R 45 win 0 ipid 0")
	if !strings.Contains(f.Summary, "kept-alive") && f.Rule.ID == keepaliveRaceID {
		t.Errorf("%s: %s\n%s", f.Rule.ID, f.Summary, tell(f))
	}
}

// TestIdleSinceHandshake: without data, the connection is idle from its handshake on.
func TestIdleSinceHandshake(t *testing.T) {
	if f := last(t, opened+"+4 > R. 1 ack 1"); strings.Contains(f.Summary, "last data") || !strings.Contains(f.Summary, "4.0 s after the handshake") {
		t.Error(f.Summary)
	}
	if f := last(t, answered+"+4 > R. 28 ack 44"); strings.Contains(f.Summary, "after the handshake") {
		t.Error(f.Summary)
	}
}

// TestIdlePastCrossingRequest: for a server that had not received the request which crossed its FIN, the connection was
// idle.
func TestIdlePastCrossingRequest(t *testing.T) {
	const crossed = answered + `
+1.000 > P. 28 ack 44 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.001 < F. 44:44(0) ack 28
+0.020 < R  45:45(0) win 0 ipid 0`
	f := last(t, crossed)
	if f.Rule.ID != "keepalive-race" || !strings.Contains(f.Summary, "kept-alive") || says(f, claim.Silent) == nil {
		t.Errorf("%s: %s\n%s", f.Rule.ID, f.Summary, tell(f))
	}
	f = last(t, strings.Replace(crossed, "F. 44:44(0) ack 28", "F. 44:44(0) ack 57", 1)) // it had received it
	if strings.Contains(f.Summary, "kept-alive") || says(f, claim.Silent) != nil {
		t.Errorf("%s: %s\n%s", f.Rule.ID, f.Summary, tell(f))
	}
	f = last(t, strings.Replace(crossed, "+1.000", "+0.010", 1)) // in mid-conversation
	if strings.Contains(f.Summary, "kept-alive") || says(f, claim.Silent) != nil {
		t.Errorf("%s: %s\n%s", f.Rule.ID, f.Summary, tell(f))
	}
}

// TestReceivesOn: what a side acknowledges after its FIN reached no closed socket; what draws the RST did.
func TestReceivesOn(t *testing.T) {
	const lingering = answered + `
+1.000 < F. 44:44(0) ack 28
+0.001 > .  28:28(0) ack 45
+0.600 > P. 28:47(19) ack 45
+0.021 < %s 45:45(0)
+2.500 > P. 47:48(1) ack 45
+0.021 < R  45:45(0) win 0 ipid 0`
	f := last(t, strings.Replace(lingering, "%s 45:45(0)", ". 45:45(0) ack 47", 1))
	if e := says(f, claim.AfterClose); e == nil || e.Bytes != 1 {
		t.Errorf("%s\n%s", f.Summary, tell(f))
	}
	if e := says(f, claim.ReceivesOn); e == nil || e.Bytes != 19 {
		t.Errorf("%s\n%s", f.Summary, tell(f))
	}
	f = last(t, strings.Replace(lingering, "%s 45:45(0)", "R 45:45(0) win 0 ipid 0", 1))
	if f.Claims(claim.ReceivesOn) {
		t.Errorf("refused at once: %s\n%s", f.Summary, tell(f))
	}
}

// TestAnsweredParting: a message that only its place makes the last one, and that is answered, may have been a request.
func TestAnsweredParting(t *testing.T) {
	const twice = opened + `
+0.001 > P. 1 ack 1 "ping1"
+0.020 < P. 1 ack 6 "pong1"
+0.000 > P. 6 ack 6 "a longer one"
+0.000 > F. 18:18(0) ack 6`
	f := last(t, twice+`
+0.022 < P. 6 ack 19 "an answer to"
+0.001 > R  19:19(0) win 0`)
	if f.Rule != lateGoodbye || f.Confidence > 0.7 || f.Harm == harmless || len(f.Alternatives) == 0 || f.Alternatives[0].Confidence < 0.2 {
		t.Errorf("%s %.2f %s\n%s", f.Rule.ID, f.Confidence, f.Harm, tell(f))
	}
	f = last(t, twice+`
+0.022 < F. 6:6(0) ack 19
+0.001 > R  19:19(0) win 0`)
	if f.Rule != lateGoodbye || f.Confidence < 0.9 || f.Harm != harmless {
		t.Errorf("%s %.2f %s\n%s", f.Rule.ID, f.Confidence, f.Harm, tell(f))
	}
}

// TestTurnedAway: a server of no known protocol that says one line unasked and closes behind it has most likely refused the
// client; a greeting, behind which it waits, has not.
func TestTurnedAway(t *testing.T) {
	const text = opened + `
+0.001 < P. 1 ack 1 "sorry, full\n"
+%s < F. 13:13(0) ack 1
+0.020 > .  1:1(0) ack 14
+0.200 > P. 1 ack 14 "hello"
+0.020 < R  14:14(0) win 0`
	if f := last(t, strings.Replace(text, "%s", "0.0001", 1)); f.Rule != lateGoodbye || f.Harm == harmless || f.Confidence > 0.7 {
		t.Errorf("%s %.2f %s\n%s", f.Rule.ID, f.Confidence, f.Harm, tell(f))
	}
	if f := last(t, strings.Replace(text, "%s", "0.100", 1)); f.Rule == lateGoodbye {
		t.Errorf("%s %.2f %s\n%s", f.Rule.ID, f.Confidence, f.Harm, tell(f))
	}
}

// TestTunnelAtRest: a tunnel that a proxy closes after a silence was in no exchange.
func TestTunnelAtRest(t *testing.T) {
	const text = opened + `
+0.001 > P. 1 ack 1 "CONNECT b:443 HTTP/1.1\r\nHost: b\r\n\r\n"
+0.001 < P. 1 ack 36 "HTTP/1.0 200 Connection established\r\n\r\n"
+%s < F. 40:40(0) ack 36
+0.020 > P. 36 ack 41 "abc"
+0.0001 < R 41:41(0) win 0`
	if f := last(t, strings.Replace(text, "%s", "2.0", 1)); f.Rule != keepaliveRace {
		t.Errorf("%s: %s\n%s", f.Rule.ID, f.Summary, tell(f))
	}
	if f := last(t, strings.Replace(text, "%s", "0.001", 1)); f.Cause != PeerCrash {
		t.Errorf("%s: %s\n%s", f.Rule.ID, f.Summary, tell(f))
	}
}

// TestAbortInTurns: an abort directly behind a message of an encrypted session of SSH may be a crash in the middle of it.
func TestAbortInTurns(t *testing.T) {
	const session = opened + `
+0.001 > P. 1 ack 1 "SSH-2.0-a\r\n"
+0.020 < P. 1 ack 12 "SSH-2.0-b\r\n"
+0.001 > P. 12:1012(1000) ack 12 "\x00\x00\x03\xe4\x04\x14"
+0.020 < P. 12:1012(1000) ack 1012 "\x00\x00\x03\xe4\x04\x14"
+0.001 > P. 1012 ack 1012 "\x00\x00\x00\x0c\x0a\x15\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
+0.020 < P. 1012 ack 1028 "\x00\x00\x00\x0c\x0a\x15\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
+0.001 > P. 1028:1072(44) ack 1028
+0.020 < P. 1028:1072(44) ack 1072
+0.001 > P. 1072:1172(100) ack 1072
+0.020 < P. 1072:1100(28) ack 1172
+%s > R. 1172:1172(0) ack 1100 win 5`
	if f := last(t, strings.Replace(session, "%s", "0.030", 1)); f.Rule != abortiveClose || f.Confidence > 0.7 || f.Harm == harmless {
		t.Errorf("%s %.2f: %s\n%s", f.Rule.ID, f.Confidence, f.Summary, tell(f))
	}
	if f := last(t, strings.Replace(session, "%s", "5.0", 1)); f.Confidence < 0.7 {
		t.Errorf("%s %.2f: %s\n%s", f.Rule.ID, f.Confidence, f.Summary, tell(f))
	}
}

// TestClosedOnRequest: a RST that answers a close is not what did harm, but that close did where a request was open.
func TestClosedOnRequest(t *testing.T) {
	const text = opened + `
+0.001 > P. 1 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < P. 1 ack 28 "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
%s
+0.020 < F. 44:44(0) ack %d
+0.020 > .  %[2]d:%[2]d(0) ack 45
+0.100 > R. %[2]d:%[2]d(0) ack 45 win 5`
	f := last(t, fmt.Sprintf(text, `+0.001 > P. 28 ack 44 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"`, 55))
	if f.Rule != resetInsteadOfFIN || f.Severity != Warning || strings.HasPrefix(f.Harm, "Harmless") || !strings.Contains(f.Symptom, "closed the connection itself") {
		t.Errorf("%s %s %s %s\n%s", f.Rule.ID, f.Severity, f.Harm, f.Symptom, tell(f))
	}
	f = last(t, fmt.Sprintf(text, "", 28))
	if f.Rule != resetInsteadOfFIN || f.Severity != Info || f.Harm != harmless {
		t.Errorf("%s %s %s\n%s", f.Rule.ID, f.Severity, f.Harm, tell(f))
	}
}
