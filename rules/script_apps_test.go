package rules

import (
	"slices"
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/rules/claim"
)

// sshOpen is a session of SSH after its key exchange, with one command and its output.
const sshOpen = opened + `
+0.001 > P. 1 ack 1 "SSH-2.0-OpenSSH_9.6\r\n"
+0.001 < P. 1 ack 22 "SSH-2.0-OpenSSH_9.6\r\n"
+0.001 > P. 22 ack 22 "\x00\x00\x00\x0c\x0a\x14kexinit123"
+0.001 < P. 22 ack 38 "\x00\x00\x00\x0c\x0a\x14kexinit123"
+0.001 > P. 38 ack 38 "\x00\x00\x00\x0c\x0a\x15\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
+0.001 < P. 38 ack 54 "\x00\x00\x00\x0c\x0a\x15\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
+0.001 > P. 54:154(100) ack 54
+0.020 < P. 54:254(200) ack 154
`

// pptpUp is a control connection of PPTP.
const pptpUp = opened + `
+0.001 > P. 1:157(156) ack 1 "\x00\x9c\x00\x01\x1a\x2b\x3c\x4d\x00\x01\x00\x00"
+0.020 < P. 1:157(156) ack 157 "\x00\x9c\x00\x01\x1a\x2b\x3c\x4d\x00\x02\x00\x00\x01\x00\x01\x00\x00"
`

// tls13Done is a handshake of TLS 1.3 that offers tickets; none has come.
const tls13Done = opened + `
+0.001 > P. 1 ack 1 "\x16\x03\x01\x00\x3c\x01\x00\x00\x38\x03\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x13\x01\x01\x00\x00\x0d\x00\x2b\x00\x03\x02\x03\x04\x00\x2d\x00\x02\x01\x01"
+0.020 < P. 1 ack 66 "\x16\x03\x03\x00\x32\x02\x00\x00\x2e\x03\x03\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x00\x13\x01\x00\x00\x06\x00\x2b\x00\x02\x03\x04"
+0.000 < P. 56:361(305) ack 66 "\x17\x03\x03\x01\x2c"
+0.001 > P. 66:124(58) ack 361 "\x17\x03\x03\x00\x35"
`

var appScripts = []script{
	{
		// Windows and others set ACK in the RST that data draws after their FIN.
		rule: "late-goodbye",
		hit: opened + `
+0.001 < P. 1 ack 1 "220 mail ESMTP\r\n"
+0.001 > P. 1 ack 17 "EHLO a\r\n"
+0.020 < P. 17 ack 9 "250 mail\r\n"
+0.001 > P. 9 ack 27 "QUIT\r\n"
+0.000 > F. 15:15(0) ack 27
+0.020 < P. 27 ack 16 "221 bye\r\n"
+0.000 > R. 16:16(0) ack 36 win 0`,
		// Nothing came in between.
		miss: answered + `
+0.001 > F. 28:28(0) ack 44
+0.020 < .  44:44(0) ack 29
+0.000 > R. 29:29(0) ack 44 win 0`,
	},
	{
		// An upload of no known protocol is under way: no request is unanswered.
		rule: "abort-mid-transfer",
		hit: opened + `
+0.001 > P. 1:1449(1448) ack 1
+0.020 < .  1:1(0) ack 1449
+0.001 > P. 1449:2897(1448) ack 1
+0.020 < .  1:1(0) ack 2897
+1.000 > P. 2897:4345(1448) ack 1
+0.020 < .  1:1(0) ack 4345
+0.001 > P. 4345:5793(1448) ack 1
+0.020 < .  1:1(0) ack 5793
+0.001 > R. 5793:5793(0) ack 1`,
		// It had been complete for ten seconds.
		miss: opened + `
+0.001 > P. 1:1449(1448) ack 1
+0.020 < .  1:1(0) ack 1449
+0.001 > P. 1449:2897(1448) ack 1
+0.020 < .  1:1(0) ack 2897
+10.00 > R. 2897:2897(0) ack 1`,
	},
	{
		// An upload that still makes progress: its last acknowledgment is 200 ms old.
		rule: "abort-mid-transfer",
		hit: opened + `
+0.001 > P. 1 ack 1 "PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 90000\r\n\r\n"
+0.000 > .  52:1500(1448) ack 1
+0.020 < .  1:1(0) ack 52 win 500
+1.000 < .  1:1(0) ack 1500 win 500
+0.200 > R. 1500:1500(0) ack 1`,
		// Nothing has moved for ten seconds.
		miss: opened + `
+0.001 > P. 1 ack 1 "PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 90000\r\n\r\n"
+0.000 > .  52:1500(1448) ack 1
+0.020 < .  1:1(0) ack 52 win 500
+0.000 < .  1:1(0) ack 1500 win 500
+10.00 > R. 1500:1500(0) ack 1`,
	},
	{
		// A subflow of Multipath TCP is closed for its performance: the connection goes on elsewhere.
		rule: "mptcp-subflow",
		hit: opened + `
+0.001 > P. 1:1449(1448) ack 1
+0.020 < .  1:1(0) ack 1449
+0.001 > R. 1449:1449(0) ack 1 <mp_tcprst 5>`,
		// The whole connection is aborted.
		miss: opened + `
+0.001 > P. 1:1449(1448) ack 1
+0.020 < .  1:1(0) ack 1449
+0.001 > R. 1449:1449(0) ack 1 <mp_fastclose>`,
	},
	{
		// SSH: the client sends channel close and disconnect, and closes; the server's channel close comes late.
		rule: "late-goodbye",
		hit: sshOpen + `
+0.100 > P. 154:190(36) ack 254
+0.000 > P. 190:250(60) ack 254
+0.000 > F. 250:250(0) ack 254
+0.020 < P. 254:290(36) ack 250
+0.000 > R  250:250(0) win 0 ipid 0`,
		// It was still sending its output.
		miss: sshOpen + `
+0.100 > P. 154:190(36) ack 254
+0.000 > P. 190:250(60) ack 254
+0.000 > F. 250:250(0) ack 254
+0.020 < P. 254:1702(1448) ack 250
+0.000 > R  250:250(0) win 0 ipid 0`,
	},
	{
		// PPTP: the call is cleared, and the connection closed; the notification comes late.
		rule: "late-goodbye",
		hit: pptpUp + `
+5.000 > P. 157 ack 157 "\x00\x10\x00\x01\x1a\x2b\x3c\x4d\x00\x0c\x00\x00\x00\x01\x00\x00"
+0.000 > F. 173:173(0) ack 157
+0.020 < P. 157:305(148) ack 173 "\x00\x94\x00\x01\x1a\x2b\x3c\x4d\x00\x0d\x00\x00\x00\x01\x01\x00\x00\x00\x00\x00"
+0.000 > R  173:173(0) win 0 ipid 0`,
		// A call that was requested is not answered.
		miss: pptpUp + `
+0.001 > P. 157:325(168) ack 157 "\x00\xa8\x00\x01\x1a\x2b\x3c\x4d\x00\x07\x00\x00"
+5.000 > F. 325:325(0) ack 157
+0.020 < P. 157:189(32) ack 326 "\x00\x20\x00\x01\x1a\x2b\x3c\x4d\x00\x08\x00\x00\x00\x01\x00\x01\x01\x00\x00\x00"
+0.000 > R  326:326(0) win 0 ipid 0`,
	},
	{
		// RDP: the client disconnects by MCS; what the server sends crosses it.
		rule: "late-goodbye",
		hit: opened + `
+0.001 > P. 1 ack 1 "\x03\x00\x00\x0b\x06\xe0\x00\x00\x00\x01\x00"
+0.020 < P. 1 ack 12 "\x03\x00\x00\x0b\x06\xd0\x00\x01\x00\x01\x00"
+0.001 > P. 12 ack 12 "\x03\x00\x00\x0c\x02\xf0\x80\x64\x00\x06\x03\xec"
+0.020 < P. 12 ack 24 "\x03\x00\x00\x0c\x02\xf0\x80\x68\x00\x06\x03\xec"
+1.000 > P. 24 ack 24 "\x03\x00\x00\x09\x02\xf0\x80\x21\x80"
+0.000 > F. 33:33(0) ack 24
+0.020 < P. 24:64(40) ack 33 "\x03\x00\x00\x28\x02\xf0\x80\x68\x00\x06\x03\xec"
+0.000 > R  33:33(0) win 0 ipid 0`,
		miss: opened + `
+0.001 > P. 1 ack 1 "\x03\x00\x00\x0b\x06\xe0\x00\x00\x00\x01\x00"
+0.020 < P. 1 ack 12 "\x03\x00\x00\x0b\x06\xd0\x00\x01\x00\x01\x00"
+0.001 > P. 12 ack 12 "\x03\x00\x00\x0c\x02\xf0\x80\x64\x00\x06\x03\xec"
+1.000 > F. 24:24(0) ack 12
+0.020 < P. 12:52(40) ack 24 "\x03\x00\x00\x28\x02\xf0\x80\x68\x00\x06\x03\xec"
+0.000 > R  24:24(0) win 0 ipid 0`,
	},
	{
		// Four bytes behind a complete exchange of no known protocol are no next request.
		rule: "late-goodbye",
		hit: opened + `
+0.001 > P. 1 ack 1 "aaaabbbbcccc"
+0.020 < P. 1:400(399) ack 13
+0.010 < F. 400:400(0) ack 13
+0.001 > P. 13 ack 400 "\x00\x00\x00\x00"
+0.020 < R  400:400(0) win 0 ipid 0`,
		// As many as the first request had.
		miss: opened + `
+0.001 > P. 1 ack 1 "aaaabbbbcccc"
+0.020 < P. 1:400(399) ack 13
+0.010 < F. 400:400(0) ack 13
+0.001 > P. 13 ack 400 "aaaabbbbdddd"
+0.020 < R  400:400(0) win 0 ipid 0`,
	},
	{
		// The client closes without having requested anything: what the server sends for the handshake is no response.
		rule: "late-goodbye",
		hit: opened + `
+0.020 < P. 1 ack 1 "SSH-2.0-OpenSSH_9.6\r\n"
+0.001 > P. 1 ack 22 "SSH-2.0-libssh2_1.10.0\r\n"
+0.010 > F. 25:25(0) ack 22
+0.020 < P. 22:1100(1078) ack 25 "\x00\x00\x04\x32\x0a\x14"
+0.001 > R  25:25(0) win 0 ipid 0`,
		// It had sent a command.
		miss: opened + `
+0.001 < P. 1 ack 1 "220 mail ESMTP\r\n"
+0.001 > P. 1 ack 17 "EHLO a\r\n"
+0.010 > F. 9:9(0) ack 17
+0.020 < P. 17 ack 9 "250 mail\r\n"
+0.000 > R  9:9(0) win 0 ipid 0`,
	},
	{
		// "Exceeded MaxStartups" ends the session; what the client sends after it is no next request.
		rule: "late-goodbye",
		hit: opened + `
+0.020 < P. 1 ack 1 "Exceeded MaxStartups\r\n"
+0.000 < F. 23:23(0) ack 1
+0.001 > P. 1 ack 23 "SSH-2.0-libssh2_1.10.0\r\n"
+0.020 < R  23:23(0) win 0 ipid 0`,
		// The server leaves in the middle of the handshake.
		miss: opened + `
+0.020 < P. 1 ack 1 "SSH-2.0-OpenSSH_9.6\r\n"
+0.010 < F. 22:22(0) ack 1
+0.001 > P. 1 ack 22 "SSH-2.0-libssh2_1.10.0\r\n"
+0.020 < R  22:22(0) win 0 ipid 0`,
	},
	{
		// A log message wants no answer: the client that stops sending withdraws no request.
		rule: "idle-release",
		hit: opened + `
+0.001 > P. 1 ack 1 "<34>1 - host app - - - started\n"
+0.020 < .  1:1(0) ack 32
+5.000 > R. 32:32(0) ack 1`,
		// A command of a protocol that answers.
		miss: opened + `
+0.001 < P. 1 ack 1 "220 mail ESMTP\r\n"
+0.001 > P. 1 ack 17 "EHLO started\r\n"
+0.020 < .  17:17(0) ack 15
+5.000 > R. 15:15(0) ack 17`,
	},
	{
		// A collector that resets right behind a message has not read it.
		rule: "unread-data",
		hit: opened + `
+0.001 > P. 1 ack 1 "app.requests:1|c\n"
+0.020 < .  1:1(0) ack 18
+5.000 > P. 18 ack 1 "app.requests:7|c\n"
+0.020 < R. 1:1(0) ack 35`,
		miss: opened + `
+0.001 > P. 1 ack 1 "app.requests:1|c\n"
+0.020 < .  1:1(0) ack 18
+5.000 < R. 1:1(0) ack 18`,
	},
	{
		// C37.118: "data off" is not answered, and need not be.
		rule: "abortive-close",
		hit: opened + `
+0.001 > P. 1 ack 1 "\xaa\x41\x00\x12\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00"
+0.020 < P. 1:53(52) ack 19 "\xaa\x01\x00\x34"
+0.020 < P. 53:105(52) ack 19 "\xaa\x01\x00\x34"
+0.001 > P. 19 ack 105 "\xaa\x41\x00\x12\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00"
+0.010 < .  105:105(0) ack 37
+0.500 > R. 37:37(0) ack 105`,
		// A configuration was asked for.
		miss: opened + `
+0.001 > P. 1 ack 1 "\xaa\x41\x00\x12\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x05\x00\x00"
+0.010 < .  1:1(0) ack 19
+0.500 > R. 19:19(0) ack 1`,
	},
	{
		// The receive window falls by all that comes: the client has not read the response.
		rule: "unread-data",
		hit: opened + `
+0.001 > P. 1 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < .  1:1449(1448) ack 28 "HTTP/1.1 200 OK\r\nContent-Length: 4301\r\n\r\n"
+0.000 > .  28:28(0) ack 1449 win 490
+0.100 < .  1449:2897(1448) ack 28
+0.000 > .  28:28(0) ack 2897 win 479
+0.100 < P. 2897:4343(1446) ack 28
+0.000 > .  28:28(0) ack 4343 win 468
+0.500 > R. 28:28(0) ack 4343 win 468`,
		// It opens again: it was read.
		miss: opened + `
+0.001 > P. 1 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < .  1:1449(1448) ack 28 "HTTP/1.1 200 OK\r\nContent-Length: 4301\r\n\r\n"
+0.000 > .  28:28(0) ack 1449 win 490
+0.100 < .  1449:2897(1448) ack 28
+0.000 > .  28:28(0) ack 2897 win 501
+0.100 < P. 2897:4343(1446) ack 28
+0.000 > .  28:28(0) ack 4343 win 501
+0.500 > R. 28:28(0) ack 4343 win 501`,
	},
	{
		// The capture begins with the FIN: whether the exchange was finished is not known.
		rule: "captured-from-close",
		hit: `
0.000  < F. 44:44(0) ack 28
+0.010 > P. 28 ack 45 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < R  45:45(0) win 0 ipid 0`,
		miss: answered + `
+5.000 < F. 44:44(0) ack 28
+0.010 > P. 28 ack 45 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < R  45:45(0) win 0 ipid 0`,
	},
	{
		rule: "captured-from-close",
		hit: `
0.000  > .  28:28(0) ack 44
+0.010 > F. 28:28(0) ack 44
+0.020 < F. 44:44(0) ack 28
+0.000 > R  28:28(0) win 0 ipid 0`,
		// Data before it shows an exchange.
		miss: `
0.000  > P. 1:28 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < P. 1:44 ack 28 "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
+0.010 > F. 28:28(0) ack 44
+0.020 < F. 44:44(0) ack 28
+0.000 > R  28:28(0) win 0 ipid 0`,
	},
	{
		// An encrypted response in the middle of an upload, of the size of a ticket and too late for one.
		rule: "early-response",
		hit: tls13Done + `
+0.001 > .  124:1572(1448) ack 361 "\x17\x03\x03\x40\x11"
+0.020 < .  361:361(0) ack 1572
+0.000 > .  1572:3020(1448) ack 361
+0.100 < P. 361:441(80) ack 1572 "\x17\x03\x03\x00\x4b"
+0.000 < R. 441:441(0) ack 3020`,
		// As early as a ticket.
		miss: tls13Done + `
+0.001 > .  124:1572(1448) ack 361 "\x17\x03\x03\x40\x11"
+0.020 < P. 361:441(80) ack 124 "\x17\x03\x03\x00\x4b"
+0.100 < R. 441:441(0) ack 1572`,
	},
	{
		// Data on a SYN that was not acknowledged was never delivered: nothing is unanswered.
		rule: "idle-release",
		hit: `
0.000  > S  0:28(28) win 64240 <mss 1460> "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < S. 0:0(0) ack 1 win 65160 <mss 1460>
+0.000 > .  1:1(0) ack 1
+10.00 > R. 1:1(0) ack 1`,
		// It was.
		miss: `
0.000  > S  0:27(27) win 64240 <mss 1460> "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < S. 0:0(0) ack 28 win 65160 <mss 1460>
+0.000 > .  28:28(0) ack 1
+10.00 > R. 28:28(0) ack 1`,
	},
	{
		// The last segment of the handshake acknowledges what the server never sent.
		rule: "bad-handshake-ack",
		hit: `
0.000  > S  0:0(0)
+0.020 < S. 0:0(0) ack 1
+0.000 > .  1:1(0) ack 7777
+0.020 < R  7777:7777(0) win 0 ipid 0`,
		miss: opened + `
+0.020 < R  1:1(0) win 0 ipid 0`,
	},
}

// TestOnPurpose: a side that sent close_notify did not crash, whatever it left unanswered.
func TestOnPurpose(t *testing.T) {
	f := last(t, tlsDone+`
+0.100 > P. 391:496(105) ack 752 "\x17\x03\x03\x00\x64"
+0.050 > P. 496:527(31) ack 752 "\x15\x03\x03\x00\x1a"
+0.000 > F. 527:527(0) ack 752
+0.020 < P. 752:2200(1448) ack 496 "\x17\x03\x03\x05\xa3"
+0.000 > R  496:496(0) win 0 ipid 0`)
	if f.Severity == Error || strings.Contains(f.Remedy, "crash") || f.Confidence >= 0.9 || says(f, claim.GoodbyeSent) == nil {
		t.Errorf("%s %s %.2f, %s\n%s", f.Cause, f.Severity, f.Confidence, f.Remedy, tell(f))
	}
}

// TestVerdictInSummary: what a server refused is in the summary, and is a claim, where its last message does not say it.
func TestVerdictInSummary(t *testing.T) {
	const from, quit = opened + `
+0.001 < P. 1 ack 1 "220 mail ESMTP\r\n"
+0.001 > P. 1 ack 17 "EHLO a\r\n"
+0.020 < P. 17 ack 9 `, `
+0.001 > P. 9 ack 30 "QUIT\r\n"
+0.020 < P. 30 ack 15 "221 bye\r\n"
+0.000 < F. 39:39(0) ack 15
+0.000 > .  15:15(0) ack 40
+0.010 > F. 15:15(0) ack 40
+0.020 < R  40:40(0) win 0 ipid 0`
	f := last(t, from+`"550 go away\r\n"`+quit)
	if v := says(f, claim.Verdict); v == nil || v.Text != "550 go away" || v.Frames[0] != 6 || !strings.Contains(f.Summary, "550 go away") {
		t.Errorf("%s\n%s", f.Summary, tell(f))
	}
	f = last(t, from+`"250 welcome\r\n"`+quit)
	if says(f, claim.Verdict) != nil || strings.Contains(f.Summary, "error") {
		t.Errorf("%s\n%s", f.Summary, tell(f))
	}
}

// TestAlertNamed: before TLS 1.3 the type of a record shows that it is an alert, whatever its size.
func TestAlertNamed(t *testing.T) {
	what := func(record string) claim.What {
		f := last(t, tlsDone+`
+0.100 > P. 391:422(31) ack 752 "\x15\x03\x03\x00\x1a"
+0.000 > F. 422:422(0) ack 752
+0.020 < P. 752:981(229) ack 422 "`+record+`\x03\x03\x00\xe0"
+0.000 > R  422:422(0) win 0 ipid 0`)
		if e := says(f, claim.ReplyTo); e != nil {
			return e.What
		}
		return claim.Segment
	}
	if w := what(`\x15`); w != claim.Alert {
		t.Errorf("an alert is called %s", w)
	}
	if w := what(`\x17`); w != claim.Data {
		t.Errorf("application data is called %s", w)
	}
}

// TestNextData: a message of no known protocol is not called a request.
func TestNextData(t *testing.T) {
	f := last(t, opened+`
+0.001 > P. 1 ack 1 "aaaabbbbcccc"
+0.020 < P. 1:400(399) ack 13
+9.000 < F. 400:400(0) ack 13
+0.010 > P. 13 ack 400 "aaaabbbbdddd"
+0.020 < R  400:400(0) win 0 ipid 0`)
	if f.Rule != keepaliveRace || strings.Contains(f.Summary, "request") {
		t.Errorf("%s", f.Summary)
	}
	if !slices.ContainsFunc(f.Evidence, func(e Evidence) bool { return e.Kind == claim.Idle }) {
		t.Errorf("%s", tell(f))
	}
}

// TestStreamEndedByReset: a stream of HTTP/2 that the server ends with RST_STREAM is no plain complete exchange.
func TestStreamEndedByReset(t *testing.T) {
	served := func(end string) *Finding {
		return last(t, opened+`
+0.001 > P. 1 ack 1 "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x03\x01\x05\x00\x00\x00\x01\x82\x86\x84"
+0.020 < P. 1 ack 46 "\x00\x00\x00\x04\x00\x00\x00\x00\x00`+end+`"
+0.001 < F. 32:32(0) ack 46
+0.020 > F. 46:46(0) ack 33
+0.020 < R  33:33(0) win 0`)
	}
	f := served(`\x00\x00\x01\x01\x05\x00\x00\x00\x01\x88\x00\x00\x04\x03\x00\x00\x00\x00\x01\x00\x00\x00\x00`)
	if f.Severity == Info || !strings.Contains(f.Summary, "RST_STREAM") || strings.Contains(f.Summary, "complete") {
		t.Errorf("%s %s: %s\n%s", f.Rule.ID, f.Severity, f.Summary, tell(f))
	}
	f = served(`\x00\x00\x01\x01\x05\x00\x00\x00\x01\x88\x00\x00\x04\x08\x00\x00\x00\x00\x00\x00\x00\x00\x01`)
	if f.Severity != Info || strings.Contains(f.Summary, "RST_STREAM") {
		t.Errorf("%s %s: %s\n%s", f.Rule.ID, f.Severity, f.Summary, tell(f))
	}
}
