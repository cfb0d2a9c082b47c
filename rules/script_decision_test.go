package rules

import (
	"fmt"
	"strings"
	"testing"
)

var decisionScripts = []script{
	{
		rule: "tls-rejected",
		hit: opened + `
+0.001 > P. 1:206(205) ack 1 "\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03"
+0.020 < P. 1:8(7) ack 206 "\x15\x03\x03\x00\x02\x02\x28"
+0.000 < R. 8:8(0) ack 206 win 502`,
		miss: tlsDone + `
+0.100 > R. 391:391(0) ack 752 win 502`,
	},
	{
		rule: "accepted-then-dropped",
		hit: opened + `
+0.001 < R. 1:1(0) ack 1 win 509`,
		miss: answered + `
+0.001 < R. 44:44(0) ack 28 win 509`,
	},
	{
		// A RST alone does not show that the connection was new.
		rule: "accepted-then-dropped",
		hit: opened + `
+0.001 < R. 1:1(0) ack 1 win 509`,
		miss: `
0.000 < R. 5000:5000(0) ack 9000 win 509`,
	},
	{
		rule: "application-timeout",
		hit: opened + `
+0.001 > P. 1 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < .  1:1(0) ack 28
+9.980 > R. 28:28(0) ack 1 win 502`,
		// Ten seconds after the answer: idle.
		miss: answered + `
+10.00 > R. 28:28(0) ack 44 win 502`,
	},
	{
		rule: "abort-mid-transfer",
		hit: opened + `
+0.001 > P. 1 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < .  1:1401(1400) ack 28 "HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n"
+0.000 > R. 28:28(0) ack 1401 win 502`,
		miss: answered + `
+0.000 > R. 28:28(0) ack 44 win 502`,
	},
	{
		rule: "unread-data",
		hit: answered + `
+0.100 > P. 28 ack 44 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < R. 44:44(0) ack 56 win 502`,
		miss: answered + `
+0.100 < R. 44:44(0) ack 28 win 502`,
	},
	{
		rule: "idle-release",
		hit: answered + `
+12.00 > R. 28:28(0) ack 44 win 502`,
		miss: answered + `
+0.001 > R. 28:28(0) ack 44 win 502`,
	},
	{
		// Only the RST's ACK shows that the server had gone on sending: a gap of the capture, and no idle time.
		rule: "idle-release",
		hit: answered + `
+12.00 > R. 28:28(0) ack 44 win 502`,
		miss: answered + `
+12.00 > R. 28:28(0) ack 90044 win 502`,
	},
	{
		rule: "abortive-close",
		hit: answered + `
+0.001 > R. 28:28(0) ack 44 win 502`,
		miss: opened + `
+0.001 > P. 1 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < .  1:1(0) ack 28
+0.001 > R. 28:28(0) ack 1 win 502`,
	},
}

// weakScripts are what is left: little is known, and the finding says so.
var weakScripts = []script{
	{
		// Nothing but the RST is in the capture: that a handshake came just before is not known.
		rule: "unexplained-abort",
		hit: `
0.000  < R. 1:1(0) ack 1 win 0`,
		miss: opened + `
+0.001 < R. 1:1(0) ack 1 win 0`,
	},
	{
		rule: "unexplained-reply",
		hit: `
0.000  > .  1:1(0) ack 1
+0.020 < .  1:1(0) ack 1
+0.000 < F. 1:1(0) ack 1
+0.000 > .  1:1(0) ack 2
+0.010 > .  1:1(0) ack 2
+0.020 < R  2:2(0) win 0 ipid 0`,
	},
	{
		rule: "unexplained-abort",
		hit: opened + `
+0.001 > P. 1 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < .  1:1(0) ack 28
+0.100 < F. 1:1(0) ack 28
+0.000 > .  28:28(0) ack 2
+0.100 < R. 2:2(0) ack 28 win 502`,
	},
	{
		rule: "unexplained-release",
		hit: `
0.000  > .  1:1(0) ack 1
+0.010 < .  1:1(0) ack 1
+0.010 > R. 1:1(0) ack 1 win 502`,
	},
}

// TestFellTogether: a connection at rest and one in use that end within a millisecond belonged to a process that died.
func TestFellTogether(t *testing.T) {
	two := func(gap string) string {
		return `conn 1 192.0.2.1:4001 > 198.51.100.1:9000
0.000 > S 0:0(0) win 64240 <mss 1460>
+0.020 < S. 0:0(0) ack 1 win 65160 <mss 1460>
+0.0001 > . 1:1(0) ack 1
conn 2 192.0.2.1:4002 > 198.51.100.1:9000
+0.000 > S 0:0(0) win 64240 <mss 1460>
+0.020 < S. 0:0(0) ack 1 win 65160 <mss 1460>
+0.0001 > . 1:1(0) ack 1
+0.010 > P. 1:4(3) ack 1
+0.020 < P. 1:141(140) ack 4
+0.0001 > . 4:4(0) ack 141
conn 1
+1.500 > P. 1:10(9) ack 1
+0.020 < . 1:1(0) ack 10
conn 2
+2.300 < F. 141:141(0) ack 4 win 501
conn 1
` + gap + ` < R. 1:1(0) ack 10 win 501
conn 2
+0.020 > P. 4:10(6) ack 142
+0.020 < R  142:142(0) win 0 ipid 0
`
	}
	f := last(t, two("+0.00004"))
	if f.Confidence > 0.6 || len(f.Alternatives) == 0 || f.Alternatives[0].Cause != PeerCrash || !strings.Contains(f.Remedy, "crash") {
		t.Errorf("%s %.2f %s\n%s", f.Rule.ID, f.Confidence, f.Summary, tell(f))
	}
	if f = last(t, two("+0.005")); f.Rule.ID != "keepalive-race" || f.Confidence < 0.85 {
		t.Errorf("%s %.2f %s\n%s", f.Rule.ID, f.Confidence, f.Summary, tell(f))
	}
}

// TestOneSidedTurns: the sender's own acknowledgments show where its last message began, and one byte more in the RST
// that the other side was not at rest.
func TestOneSidedTurns(t *testing.T) {
	const talk = `conn 1 192.0.2.1:4001 > 198.51.100.1:9000
0.000 < P. 1:141(140) ack 4 win 501
+0.300 < P. 141:281(140) ack 7 win 501
+0.300 < P. 281:421(140) ack 10 win 501
`
	f := last(t, talk+"+0.300 < R. 421:421(0) ack 11 win 501")
	if strings.Contains(f.Summary, "seems complete") || f.Confidence > 0.7 {
		t.Errorf("%s %.2f %s\n%s", f.Rule.ID, f.Confidence, f.Summary, tell(f))
	}
	asks := strings.NewReplacer("<", ">").Replace(talk)
	f = last(t, asks+"+0.0001 > R. 421:421(0) ack 10 win 501")
	if strings.Contains(tell(f), "#1 ") || f.Confidence > 0.8 {
		t.Errorf("%s %.2f %s\n%s", f.Rule.ID, f.Confidence, f.Summary, tell(f))
	}
}

// TestFINAndRSTAtOnce: a program that shuts down and closes with data unread sends FIN and RST in one act, which cuts the
// response.
func TestFINAndRSTAtOnce(t *testing.T) {
	const asked = opened + `
+0.001 > P. 1 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < P. 1 ack 28 "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n1234"
+0.010 > .  28 ack 47 win 0
+0.200 > F. 28:28(0) ack 47 win 0
`
	f := last(t, asked+"+0.00007 > R. 29:29(0) ack 47 win 75")
	if f.Rule.ID != "abort-mid-transfer" || f.Confidence < 0.9 || strings.Contains(tell(f), "leave that open") {
		t.Errorf("%s %.2f %s\n%s", f.Rule.ID, f.Confidence, f.Summary, tell(f))
	}
	if f = last(t, asked+"+0.3 > R. 29:29(0) ack 47 win 75"); f.Rule.ID == "abort-mid-transfer" {
		t.Errorf("300 ms behind its FIN: %s", f.Summary)
	}
}

// TestTwoWayMessage: a text message of WebSocket is no request, so that nothing shows a request left undone.
func TestTwoWayMessage(t *testing.T) {
	get := "GET /s HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
	agreed := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
	message := "\x81\x85\x01\x02\x03\x04ifmhn"
	c, s := 1+len(get), 1+len(agreed)
	f := last(t, opened+fmt.Sprintf("\n+0.001 > P. 1 ack 1 %q\n+0.020 < P. 1 ack %d %q\n+0.010 > P. %d ack %d %q\n"+
		"+0.020 < . %d:%d(0) ack %d\n+0.400 < R. %d:%d(0) ack %d win 501",
		get, c, agreed, c, s, message, s, s, c+len(message), s, s, c+len(message)))
	if f.Confidence > 0.7 || f.Severity == Error || strings.Contains(f.Summary, "request") {
		t.Errorf("%s %.2f %v %s\n%s", f.Rule.ID, f.Confidence, f.Severity, f.Summary, tell(f))
	}
}
