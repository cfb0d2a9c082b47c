package rules

import (
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/claim"
)

// crossed is an exchange of no known protocol whose last request an abort of the server does not acknowledge. The
// words %s are the time between the response and that request.
func crossed(pause string) string {
	return opened + `
+0.001 > P. 1 ack 1 "\x01\x02hello"
+0.020 < .  1:1(0) ack 8
+0.300 < P. 1 ack 8 "\x01\x02welcome"
+0.000 > .  8:8(0) ack 10
+` + pause + ` > P. 8 ack 10 "m\n"
+0.015 < R. 10:10(0) ack 8 win 502`
}

// TestRequestInFlight: a request that was captured before an abort, and that the RST does not acknowledge, is lost.
func TestRequestInFlight(t *testing.T) {
	f := last(t, crossed("0.006"))
	if f.Cause != PeerCrash || f.Confidence > 0.9 || f.Harm == harmless || !f.Claims(claim.UnackedData) ||
		!strings.Contains(f.Symptom, "ECONNRESET") {
		t.Errorf("%s %.2f %s %s\n%s\n%s", f.Rule.ID, f.Confidence, f.Harm, f.Summary, f.Symptom, tell(f))
	}
	// After a pause it crosses the close of a connection at rest; it is lost all the same.
	f = last(t, crossed("8.000"))
	if f.Cause != FastClose || f.Confidence >= 0.8 || f.Harm == harmless || strings.Contains(f.Symptom, "noticed nothing") {
		t.Errorf("%s %.2f %s %s\n%s\n%s", f.Rule.ID, f.Confidence, f.Harm, f.Summary, f.Symptom, tell(f))
	}
	// Nothing is in flight.
	f = last(t, strings.Replace(crossed("0.006"), "+0.006 > P. 8 ack 10 \"m\\n\"\n", "", 1))
	if f.Cause != FastClose || f.Harm != harmless || f.Claims(claim.UnackedData) {
		t.Errorf("%s %.2f %s %s\n%s", f.Rule.ID, f.Confidence, f.Harm, f.Summary, tell(f))
	}
}

// TestHeardInOneDirection: what the other side sent is known from the acknowledgment numbers.
func TestHeardInOneDirection(t *testing.T) {
	const syn = `
0.000  > S  0:0(0) win 64240 <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7>
+0.023 > .  1:1(0) ack 1`
	f := last(t, syn+`
+0.023 > .  1:1(0) ack 105
+0.000 > R. 1:1(0) ack 105 win 502`)
	if says(f, claim.NothingSent) != nil || says(f, claim.AckedUnseen) == nil || says(f, claim.AckedUnseen).Bytes != 104 ||
		!f.Claims(claim.NothingAsked) {
		t.Errorf("%s: %s\n%s", f.Rule.ID, f.Summary, tell(f))
	}
	f = last(t, syn+`
+0.023 > R. 1:1(0) ack 1 win 502`)
	if says(f, claim.NothingSent) == nil || says(f, claim.AckedUnseen) != nil {
		t.Errorf("%s: %s\n%s", f.Rule.ID, f.Summary, tell(f))
	}
}

// searching is an LDAP search of which one entry has come.
const searching = opened + `
+0.004 > P. 1 ack 1 "\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00"
+0.025 < P. 1 ack 15 "\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00"
+0.000 > P. 15 ack 15 "\x30\x1e\x02\x01\x02\x63\x19\x04\x00\x0a\x01\x02\x0a\x01\x00\x02\x01\x00\x02\x01\x00\x01\x01\x00\x87\x04name\x30\x00"
+0.030 < P. 15 ack 47 "\x30\x0b\x02\x01\x02\x64\x06\x04\x02aa\x30\x00"
+0.000 > .  47:47(0) ack 28
`

// unbound is the client's unbind and its RST.
const unbound = `
+0.020 > P. 47 ack %d "\x30\x05\x02\x01\x03\x42\x00"
+0.000 > R. 54:54(0) ack %d win 502`

// TestUnbindDuringSearch: a session that ends before its search is done is not complete.
func TestUnbindDuringSearch(t *testing.T) {
	f := last(t, searching+strings.ReplaceAll(unbound, "%d", "28"))
	if f.Rule != lateGoodbye || f.Confidence > 0.9 || f.Harm == harmless || !f.Claims(claim.NotEnded) ||
		strings.Contains(tell(f), "complete") || strings.Contains(f.Symptom, "nothing") {
		t.Errorf("%s %.2f %s %s\n%s\n%s", f.Rule.ID, f.Confidence, f.Harm, f.Summary, f.Symptom, tell(f))
	}
	f = last(t, searching+`+0.001 < P. 28 ack 47 "\x30\x0c\x02\x01\x02\x65\x07\x0a\x01\x00\x04\x00\x04\x00"
+0.000 > .  47:47(0) ack 42`+strings.ReplaceAll(unbound, "%d", "42"))
	if f.Rule != lateGoodbye || f.Confidence < 0.9 || f.Harm != harmless || f.Claims(claim.NotEnded) {
		t.Errorf("%s %.2f %s %s\n%s", f.Rule.ID, f.Confidence, f.Harm, f.Summary, tell(f))
	}
}

// TestLingeringClose: who goes on receiving after its FIN, and resets when a time limit ends, has not died.
func TestLingeringClose(t *testing.T) {
	const upload = opened + `
+0.001 > P. 1 ack 1 "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n"
+0.020 < .  1:1(0) ack 52
+0.100 > .  52:1052(1000) ack 1
+0.020 < .  1:1(0) ack 1052`
	f := last(t, upload+`
+1.000 < F. 1:1(0) ack 1052
+0.000 > .  1052:1052(0) ack 2
+0.010 > .  1052:2052(1000) ack 2
+0.020 < .  2:2(0) ack 2052
+0.470 < R. 2:2(0) ack 2052 win 502`)
	if f.Rule != unreadData || strings.Contains(f.Remedy, "crash") || strings.Contains(f.Summary, "died") ||
		says(f, claim.ClosedBy) == nil || !strings.Contains(f.Remedy, "lingering close") {
		t.Errorf("%s %.2f %s %s\n%s", f.Rule.ID, f.Confidence, f.Summary, f.Remedy, tell(f))
	}
	f = last(t, upload+`
+1.500 < R. 1:1(0) ack 1052 win 502`)
	if f.Rule != unreadData || !strings.Contains(f.Remedy, "crash") || !strings.Contains(f.Summary, "died") {
		t.Errorf("%s %.2f %s %s\n%s", f.Rule.ID, f.Confidence, f.Summary, f.Remedy, tell(f))
	}
}

// TestDataBehindAbort: what the peer still sends when a RST is on its way is lost, so the reset is not harmless.
func TestDataBehindAbort(t *testing.T) {
	const stream = opened + `
+0.010 > P. 1:39(38) ack 1
+0.050 < P. 1:8(7) ack 39
+0.100 < P. 8:15(7) ack 39
+0.00004 > .  39:39(0) ack 15
+0.100 > R. 39:39(0) ack 15 win 501`
	for _, test := range []struct {
		after string
		lost  bool
	}{
		{"\n+0.030 < P. 15:22(7) ack 39", true},
		{"\n+0.030 < F. 15:15(0) ack 39", false},
		{"", false},
	} {
		_, found := explain(t, stream+test.after)
		f := found[0]
		if lost := f.Severity != Info; lost != test.lost || lost && f.Confidence > 0.75 {
			t.Errorf("%q: %s %.2f %v %s\n%s", test.after, f.Rule.ID, f.Confidence, f.Severity, f.Summary, tell(f))
		}
	}
}

// TestSymptomOfClosedReceiver: a server that has sent its response and its FIN before the RST came has nothing to write.
func TestSymptomOfClosedReceiver(t *testing.T) {
	const left = opened + `
+0.001 > P. 1 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.400 > F. 28:28(0) ack 1
+0.400 < P. 1 ack 29 "HTTP/1.1 504 x\r\nContent-Length: 0\r\n\r\n"
`
	_, found := explain(t, left+"+0.00006 < F. 38:38(0) ack 29\n+0.020 > R  29:29(0) win 0 ipid 0")
	if f := found[0]; !strings.Contains(f.Symptom, "noticed nothing") {
		t.Errorf("%s %s\n%s", f.Rule.ID, f.Symptom, tell(f))
	}
	_, found = explain(t, left+"+0.020 > R  29:29(0) win 0 ipid 0")
	if f := found[0]; strings.Contains(f.Symptom, "noticed nothing") {
		t.Errorf("it is still open: %s %s\n%s", f.Rule.ID, f.Symptom, tell(f))
	}
}

// TestQueuedFIN: a side that sends as much as may be under way has no FIN on the wire yet when its program ends; one
// that has nothing under way would have sent it.
func TestQueuedFIN(t *testing.T) {
	const bulk = answered + `
+0.100 > P. 28 ack 44 "GET /b HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < .  44:1492(1448) ack 56 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
+0.000 < .  1492:2940(1448) ack 56
+0.000 < P. 2940:4388(1448) ack 56
`
	const data, rst = "+0.001 > P. 56:65(9) ack ", "\n+0.021 < R "
	f := last(t, bulk+data+"1492"+rst+"1492:1492(0) win 0 ipid 0\n+0.02 > . 65:65(0) ack 4388"+rst+"4388:4388(0) win 0 ipid 0")
	if f.Rule != dataAfterFIN {
		t.Fatalf("the second RST: %s: %s", f.Rule.ID, f.Summary)
	}
	f = last(t, bulk+data+"1492"+rst+"1492:1492(0) win 0 ipid 0")
	if f.Rule != dataAfterFIN || !f.Claims(claim.UnackedData) || !strings.Contains(f.Summary, "its FIN waits") {
		t.Errorf("%s: %s\n%s", f.Rule.ID, f.Summary, tell(f))
	}
	if f := last(t, bulk+data+"4388"+rst+"4388:4388(0) win 0 ipid 0"); f.Rule == dataAfterFIN {
		t.Errorf("all acknowledged: %s: %s", f.Rule.ID, f.Summary)
	}
}

// TestClosedInOutage: a FIN that leaves in one burst with the acknowledgment that ends a run of retransmissions had
// waited behind them.
func TestClosedInOutage(t *testing.T) {
	const outage = answered + `
+5.000 < P. 44:104(60) ack 28
+0.400 < P. 44:104(60) ack 28
+0.900 < P. 44:104(60) ack 28
+1.800 < P. 44:104(60) ack 28
`
	const ack, fin = "+0.010 > . 28:28(0) ack 104\n", " < FP. 104:304(200) ack 28\n" +
		"+0.00001 > P. 28:64(36) ack 104\n+0.021 < R 104:104(0) win 0 ipid 0"
	f := last(t, outage+ack+"+0.00002"+fin)
	if f.Rule != dataAfterFIN || !f.Claims(claim.SentAgain) || !strings.Contains(f.Summary, "during an outage") ||
		!strings.Contains(f.Remedy, "the outage began") {
		t.Errorf("%s: %s\n%s", f.Rule.ID, f.Summary, f.Remedy)
	}
	if f := last(t, outage+ack+"+2.000"+fin); strings.Contains(f.Summary, "outage") {
		t.Errorf("closed after it: %s: %s", f.Rule.ID, f.Summary)
	}
}

// TestSeemsComplete: a closed window, or data that the answer cannot have been for, shows that nothing was complete; of a
// long answer of no known protocol nothing shows it.
func TestSeemsComplete(t *testing.T) {
	const asks = opened + `
+0.001 > P. 1 ack 1 "\x01\x02hello"
+0.020 < .  1:1449(1448) ack 8 "\x01\x02welcome"
+0.000 < P. 1449:2897(1448) ack 8
`
	for _, c := range []struct {
		what, rest string
		rule       *Rule
		atMost     float64
	}{
		{"window closed", "+0.001 > . 8:8(0) ack 2897 win 0\n+0.300 > R. 8:8(0) ack 2897 win 75", unreadData, 0.95},
		{"window open", "+0.001 > . 8:8(0) ack 2897\n+0.300 > R. 8:8(0) ack 2897", abortiveClose, 0.9},
		{"at once", "+0.001 > . 8:8(0) ack 2897\n+0.001 > R. 8:8(0) ack 2897", abortiveClose, 0.65},
		{"data before the answer", "+0.001 > P. 8:908(900) ack 1449\n+0.001 < P. 2897:2907(10) ack 8\n" +
			"+0.001 > R. 908:908(0) ack 2907", abortMidTransfer, 0.92},
	} {
		f := last(t, asks+c.rest)
		if f.Rule != c.rule || f.Confidence > c.atMost || c.atMost < 0.9 && f.Severity != Warning {
			t.Errorf("%s: %s %.2f %s: %s\n%s", c.what, f.Rule.ID, f.Confidence, f.Severity, f.Summary, tell(f))
		}
	}
}

// TestQueuedFINOneSided: of one direction, a RST with a number far below what its sender had just sent answers a segment
// that the capture does not hold, and its sender is the one that sent.
func TestQueuedFINOneSided(t *testing.T) {
	const sends = `
0.000  < S. 0:0(0) ack 1 <mss 1460,sackOK>
+0.040 < .  1:1449(1448) ack 400 "SSH-2.0-x\r\n"
+0.000 < .  1449:2897(1448) ack 400
+0.020 < .  2897:4345(1448) ack 400
+0.000 < P. 4345:5793(1448) ack 400
`
	f := last(t, sends+"+0.0001 < R 1449:1449(0) win 0 ipid 0")
	if f.Rule != dataAfterFIN || !strings.Contains(f.Summary, "its FIN waits") {
		t.Errorf("%s: %s\n%s", f.Rule.ID, f.Summary, tell(f))
	}
	f = last(t, sends+"+2.000 < R 5793:5793(0) win 0 ipid 0")
	if strings.Contains(f.Summary, "its FIN waits") {
		t.Errorf("all acknowledged: %s: %s", f.Rule.ID, f.Summary)
	}
	resets, _ := explain(t, sends+"+0.0001 < R 1449:1449(0) win 0 ipid 0")
	if s := resets[0].From[flows.Responder]; s != flows.Established {
		t.Errorf("a server that sends data is in %s", s)
	}
}

// TestPreceded: a segment behind the RST that is older by its time may be what the RST answers.
func TestPreceded(t *testing.T) {
	const closes = answered + "+5.000 < R. 44:44(0) ack 28\n"
	if f := last(t, closes+"-0.059 > . 27:27(0) ack 44"); f.Confidence > preceded || f.Severity == Info {
		t.Errorf("%.2f %s: %s", f.Confidence, f.Severity, f.Summary)
	}
	if f := last(t, closes+"+0.059 > . 27:27(0) ack 44"); f.Confidence <= preceded {
		t.Errorf("%.2f %s: %s", f.Confidence, f.Severity, f.Summary)
	}
}

// TestLongMessageMayGoOn: a long message of no known framing that flows until the close does not seem complete.
func TestLongMessageMayGoOn(t *testing.T) {
	const text = opened + `
+0.001 > P. 1 ack 1 "\x01\x02hello"
+0.020 < .  1:20001(20000) ack 8
+0.000 > .  8:8(0) ack 20001
+%s > F. 8:8(0) ack 20001
+0.020 < .  20001:22001(2000) ack 8
+0.000 > R  8 win 0`
	if f := last(t, strings.Replace(text, "%s", "0.010", 1)); !strings.Contains(f.Summary, "more may have been due") {
		t.Errorf("%s: %s", f.Rule.ID, f.Summary)
	}
	if f := last(t, strings.Replace(text, "%s", "3.000", 1)); strings.Contains(f.Summary, "more may have been due") {
		t.Errorf("%s: %s", f.Rule.ID, f.Summary)
	}
}
