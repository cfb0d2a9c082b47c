package rules

import (
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/rules/claim"
)

// startTLS is a session of lines that goes on inside TLS 1.2, of which the snaplen left 14 bytes of each segment: what
// agreed on TLS is cut, and so is the end of the handshake.
const startTLS = opened + `
+0.001 > P. 1 ack 1 "STARTTLS\r\n"
+0.020 < P. 1:75(74) ack 11 snap 14 ":irc.a 670 go"
+0.001 > P. 11:328(317) ack 75 snap 14 "\x16\x03\x01\x01\x38\x01\x00\x01\x34\x03\x03\x06\xae\x00"
+0.020 < P. 75:1647(1572) ack 328 snap 14 "\x16\x03\x03\x03\x3a\x02\x00\x00\x36\x03\x03\x41\xe2\x68"
+0.001 > P. 328:914(586) ack 1647 snap 14 "\x16\x03\x03\x00\x07\x0b\x00\x00\x03\x00\x00\x00\x16\x03"
+0.020 < P. 1647:1873(226) ack 914 snap 14 "\x16\x03\x03\x00\xaa\x04\x00\x00\xa6\x00\x00\x01\x2c\x00"
+2.600 > F. 914 ack 1873
`

// cutHello13 begins TLS 1.3 with hellos whose extensions the snaplen cut; the second record behind Change Cipher Spec
// shows the version.
const cutHello13 = opened + `
+0.001 > P. 1:518(517) ack 1 snap 14 "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x06\xae\x00"
+0.020 < P. 1:1201(1200) ack 518 snap 14 "\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03\x41\xe2\x68"
`

// cutScripts are about payload that was not captured, or not whole.
var cutScripts = []script{
	{
		// Of the alert the header was captured: its record has a type of its own below TLS 1.3.
		rule: "close-notify-race",
		hit: startTLS + `
+0.020 < P. 1873:1904(31) ack 915 snap 14 "\x15\x03\x03\x00\x1a\xaa\xff\x91\x46\x85\xfc\x40\x51\x2a"
+0.000 > R  915 win 0 ipid 0 hdr 20`,
		miss: startTLS + `
+0.020 < P. 1873:2904(1031) ack 915 snap 14 "\x17\x03\x03\x04\x02\xaa\xff\x91\x46\x85\xfc\x40\x51\x2a"
+0.000 > R  915 win 0 ipid 0 hdr 20`,
	},
	{
		// The client's request has a length, though nothing of it was captured.
		rule: "reset-after-fin",
		hit: opened + `
+0.001 > P. 1:421(420) ack 1 snap 0
+0.020 < P. 1:560(559) ack 421 snap 22 "HTTP/1.1 400 Bad Reque"
+0.000 > .  421 ack 560
+0.200 < F. 560 ack 421
+0.000 > .  421 ack 561
+0.200 < R. 561 ack 421 win 501`,
		miss: opened + `
+0.200 < F. 1 ack 1
+0.000 > .  1 ack 2
+0.001 > P. 1:421(420) ack 2 snap 0
+0.020 < R  2 win 0 ipid 0 hdr 20`,
	},
	{
		// Change Cipher Spec, and what follows it, end the handshake, and are no request.
		rule: "data-after-fin",
		hit: cutHello13 + `
+0.001 > P. 518:582(64) ack 1201 snap 14 "\x14\x03\x03\x00\x01\x01\x17\x03\x03\x00\x35\x00\x00\x00"
+0.020 < F. 1201 ack 582
+0.138 > P. 582:681(99) ack 1201 snap 14 "\x17\x03\x03\x00\x5e\x00\x00\x00\x00\x00\x00\x00\x00\x00"
+0.020 < R  1201 win 0 ipid 0 hdr 20`,
	},
}

// TestCutHelloHidesVersion: a Server Hello whose extensions were not captured names no version.
func TestCutHelloHidesVersion(t *testing.T) {
	for text, want := range map[string]string{
		"": "TLS",
		// Finished as application data, or as a handshake message.
		`+0.001 > P. 518:582(64) ack 1201 snap 14 "\x14\x03\x03\x00\x01\x01\x17\x03\x03\x00\x35\x00\x00\x00"`: "TLS 1.3",
		`+0.001 > P. 518:569(51) ack 1201 snap 14 "\x14\x03\x03\x00\x01\x01\x16\x03\x03\x00\x28\x00\x00\x00"`: "TLS 1.2",
	} {
		resets, _ := explain(t, cutHello13+text+"\n+0.500 < R. 1201 ack 518 win 501")
		if got := resets[0].Conn.Exchange.Protocol; got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// TestFinishedIsNoRequest: the end of a handshake that was cut is not said to be a request without an answer.
func TestFinishedIsNoRequest(t *testing.T) {
	f := last(t, cutScripts[2].hit)
	if says(f, claim.Unanswered) != nil || strings.Contains(f.Summary, "request was unanswered") {
		t.Errorf("%s\n%s", f.Summary, tell(f))
	}
}

// TestRefusalCrossed: a refusal in place of the greeting ends the session also where the client's first command crossed
// it.
func TestRefusalCrossed(t *testing.T) {
	const early = opened + "+0.025 > P. 1 ack 1 \"EHLO early\\r\\n\"\n+0.011 < P. 1 ack 1 \"554 5.7.1 mx.a: blocked\\r\\n\"\n" +
		"+0.0001 > . 13 ack 26\n+0.0001 < F. 26 ack 1\n"
	f := last(t, early+"+0.015 < R 1 win 0 ipid 0 hdr 20")
	if f.Cause != FastClose || f.Severity == Error {
		t.Errorf("%s %s\n%s", f.Rule.ID, f.Summary, tell(f))
	}
	f = last(t, strings.Replace(early, "554 5.7.1 mx.a: blocked", "220 mx.a ESMTP, listens", 1)+"+0.015 < R 1 win 0 ipid 0 hdr 20")
	if f.Rule.ID == lateGoodbyeID {
		t.Errorf("greeting: %s %s\n%s", f.Rule.ID, f.Summary, tell(f))
	}
}

// TestCutReply: of a refusal whose line the snaplen cut, the code is there.
func TestCutReply(t *testing.T) {
	const cut = opened + "+0.025 < P. 1:51(50) ack 1 snap 14 \"554 5.7.1 mx.l\"\n+0.0001 > . 1 ack 51\n+0.0001 < F. 51 ack 1\n"
	f := last(t, cut+"+0.030 > P. 1:10(9) ack 52 snap 9 \"EHLO a\\r\\n\"\n+0.020 < R 52 win 0 ipid 0 hdr 20")
	if f.Rule.ID != lateGoodbyeID {
		t.Errorf("%s %s\n%s", f.Rule.ID, f.Summary, tell(f))
	}
	f = last(t, strings.Replace(cut, "554 5.7.1 mx.l", "aaaaaaaaaaaaaa", 1)+"+0.030 > P. 1:10(9) ack 52 snap 0\n+0.020 < R 52 win 0 ipid 0 hdr 20")
	if f.Rule.ID == lateGoodbyeID {
		t.Errorf("%s %s\n%s", f.Rule.ID, f.Summary, tell(f))
	}
}

// TestTrainOfOneSide: several RSTs at one moment answer several segments, which the capture of one side does not hold.
func TestTrainOfOneSide(t *testing.T) {
	const client = `
0.000  > S  0:0(0) win 64240 <mss 1460>
+0.020 > .  1:1(0) ack 1
+0.001 > P. 1:28 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.021 > .  28 ack 2897
+0.001 > .  28 ack 5793
`
	_, found := explain(t, client+"+0.001 > F. 28 ack 8689\n+0.005 > R 28 win 0 ipid 0\n+0 > R 28 win 0 ipid 0\n+0 > R 28 win 0 ipid 0\n+0 > R 28 win 0 ipid 0")
	if found[0].Cause != PeerCrash || strings.Contains(found[0].Summary, "complete") {
		t.Errorf("%s %s\n%s", found[0].Rule.ID, found[0].Summary, tell(found[0]))
	}
	f := last(t, client+"+0.001 > R. 28 ack 22897 win 502")
	if f.Cause != PeerCrash {
		t.Errorf("%s %s\n%s", f.Rule.ID, f.Summary, tell(f))
	}
	if f = last(t, client+"+0.001 > F. 28 ack 8689\n+0.005 > R 29 win 0 ipid 0"); f.Cause != FastClose {
		t.Errorf("one: %s %s\n%s", f.Rule.ID, f.Summary, tell(f))
	}
}
