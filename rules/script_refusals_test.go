package rules

import (
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/rules/claim"
)

// imapReady is the greeting of an IMAP server, and a first command that it has acknowledged and not answered.
const imapReady = opened + `
+0.001 < P. 1 ack 1 "* OK ready\r\n"
+0.000 > .  1:1(0) ack 13
+0.001 > P. 1 ack 13 "a1 CAPABILITY\r\n"
+0.020 < .  13:13(0) ack 16
`

// refusalScripts are those of servers that end the session in words before they have served it.
var refusalScripts = []script{
	{
		// The client's next command is in flight when the server turns it away.
		rule: "late-goodbye",
		hit: imapReady + `
+0.001 > P. 16 ack 13 "a2 LOGIN u p\r\n"
+0.010 < P. 13 ack 16 "* BYE Too many connections\r\n"
+0.000 < F. 41:41(0) ack 16
+0.010 < R  13:13(0) win 0 ipid 0`,
		// The session was in use: a command had been answered, and the server has acknowledged the open one.
		miss: imapReady + `
+0.001 < P. 13 ack 16 "* CAPABILITY IMAP4rev1\r\na1 OK done\r\n"
+0.001 > P. 16 ack 49 "a2 FETCH 1 BODY[]\r\n"
+0.020 < .  49:49(0) ack 35
+0.100 < P. 49 ack 35 "* BYE going down\r\n"
+0.000 < F. 67:67(0) ack 35
+0.000 > P. 35 ack 49 "a3 NOOP\r\n"
+0.020 < R  49:49(0) win 0 ipid 0`,
	},
	{
		// Redis turns the client away in words; its PING on a line of its own was not read.
		rule: "abortive-close",
		hit: opened + `
+0.001 > P. 1 ack 1 "PING\r\n"
+0.020 < .  1:1(0) ack 7
+0.000 < P. 1 ack 7 "-ERR max number of clients reached\r\n"
+0.000 > .  7:7(0) ack 37
+0.000 < R. 37:37(0) ack 7 win 501`,
		// Nothing was said.
		miss: opened + `
+0.001 > P. 1 ack 1 "PING\r\n"
+0.020 < .  1:1(0) ack 7
+0.000 < R. 1:1(0) ack 7 win 501`,
	},
	{
		// Of the client alone: it sent its data again and again, and its ACK never moved.
		rule: "gave-up-silently",
		hit: `
0.000  > S  0:0(0) win 64240 <mss 1460>
+0.020 > .  1:1(0) ack 1
+0.100 > P. 1:25(24) ack 1
+0.240 > P. 1:25(24) ack 1
+0.240 > P. 1:25(24) ack 1
+0.480 > P. 1:25(24) ack 1
+0.960 > P. 1:25(24) ack 1
+0.400 > R  1:1(0) win 0 ipid 0`,
		// Its ACK moved: the peer was there.
		miss: `
0.000  > S  0:0(0) win 64240 <mss 1460>
+0.020 > .  1:1(0) ack 1
+0.100 > P. 1:25(24) ack 1
+0.240 > P. 1:25(24) ack 1
+0.240 > .  25:25(0) ack 101
+0.400 > R  1:1(0) win 0 ipid 0`,
	},
	{
		// Of the client alone: its ACK grows behind its FIN, so its socket was open for reading.
		rule: "abortive-close",
		hit: `
0.000  > S  0:0(0) win 64240 <mss 1460>
+0.020 > .  1:1(0) ack 1
+0.001 > P. 1:6(5) ack 1
+0.000 > F. 6:6(0) ack 1
+0.024 > .  7:7(0) ack 8
+0.200 > .  7:7(0) ack 15
+0.100 > R. 7:7(0) ack 15 win 64`,
		// Its ACK grows by one, which may be a FIN.
		miss: `
0.000  > S  0:0(0) win 64240 <mss 1460>
+0.020 > .  1:1(0) ack 1
+0.001 > P. 1:6(5) ack 1
+0.000 > F. 6:6(0) ack 1
+0.224 > .  7:7(0) ack 2
+0.100 > R. 7:7(0) ack 2 win 64`,
	},
}

// TestRefusedHere: a capture that was made where a refusal was sent does not ask for another one there.
func TestRefusedHere(t *testing.T) {
	for _, c := range []struct {
		text string
		here bool
	}{
		{"0.000 > S 0:0(0) win 64240 ttl 63 <mss 1460>\n+0.00003 < R. =0:=0(0) ack 1 win 0 ipid 0 ttl 64", true},
		{"0.000 > S 0:0(0) win 64240 ttl 64 <mss 1460>\n+0.030 < R. =0:=0(0) ack 1 win 0 ipid 0 ttl 64", false},
		{"0.000 > S 0:0(0) win 64240 ttl 63 <mss 1460>\n+0.00003 < R. =0:=0(0) ack 1 win 0 ipid 0 ttl 57", false},
	} {
		f := last(t, c.text)
		if f.Rule != noListener || strings.Contains(f.CaptureNext, "made on the host of this capture") != c.here ||
			strings.Contains(f.CaptureNext, "own host too") == c.here {
			t.Errorf("%s: %s", f.Rule.ID, f.CaptureNext)
		}
		if s := f.Summary + f.Remedy + tell(f); strings.Count(s, "firewall") < 3 {
			t.Errorf("that a firewall may have sent it is not in all sentences: %s", s)
		}
	}
}

// TestTranslatedRefusal: a capture on all interfaces of a router holds a SYN and its refusal twice.
func TestTranslatedRefusal(t *testing.T) {
	const script = `
conn 1 192.0.2.1:40000 > 198.51.100.7:3306
conn 2 192.0.2.1:40000 > 203.0.113.9:3306
0.000 1> S =5000:=5000(0) win 64240 ttl 64 ipid 77 <mss 1460,sackOK,TS val 900 ecr 0,nop,wscale 7>
+0.00003 2> S =5000:=5000(0) win 64240 ttl TTL ipid 77 <mss 1460,sackOK,TS val 900 ecr 0,nop,wscale 7>
+0.00003 2< R. =0:=0(0) ack =5001 win 0 ttl 64 ipid 0
+0.000005 1< R. =0:=0(0) ack =5001 win 0 ttl 63 ipid 0`
	_, found := explain(t, strings.Replace(script, "TTL", "63", 1))
	made, copied := found[0], found[1]
	if made.Rule != noListener || !made.Claims(claim.TranslatedSYN) || made.Severity != Error {
		t.Errorf("%s %s\n%s", made.Rule.ID, made.Summary, tell(made))
	}
	if copied.Cause != ClosedPort || copied.Severity != Warning || !strings.Contains(copied.Summary, "by 203.0.113.9:3306") ||
		strings.Contains(copied.Summary, "nothing accepts") || !strings.Contains(copied.Remedy, "stream 1") {
		t.Errorf("%s %s\n%s", copied.Rule.ID, copied.Summary, copied.Remedy)
	}
	// A client that tries two addresses with equal numbers has sent two SYNs: no router was between.
	_, found = explain(t, strings.Replace(script, "TTL", "64", 1))
	for _, f := range found {
		if f.Claims(claim.TranslatedSYN) {
			t.Error(f.Summary)
		}
	}
}

// TestRemedyOfError: where the server's last message reports an error, no remedy says that there is nothing to mend.
func TestRemedyOfError(t *testing.T) {
	const script = opened + `
+0.001 < P. 1 ack 1 "220 mx.example ESMTP\r\n"
+0.000 > .  1:1(0) ack 23
+0.001 > P. 1 ack 23 "NOOP\r\n"
+0.020 < P. 23 ack 7 "REPLY\r\n"
+0.0001 < F. 41:41(0) ack 7
+0.020 > F. 7:7(0) ack 42
+0.020 < R  42:42(0) win 0 ipid 0`
	f := last(t, strings.Replace(script, "REPLY", "421 try later...", 1))
	if f.Cause != FastClose || !strings.Contains(f.Remedy, "last message") || strings.Contains(f.Remedy, "Harmless") {
		t.Errorf("%s %s: %s", f.Rule.ID, f.Summary, f.Remedy)
	}
	if f = last(t, strings.Replace(script, "REPLY", "221 see you soon", 1)); strings.Contains(f.Remedy, "went wrong") {
		t.Errorf("%s %s: %s", f.Rule.ID, f.Summary, f.Remedy)
	}
}
