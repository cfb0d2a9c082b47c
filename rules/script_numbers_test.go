package rules

import (
	"slices"
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/rules/claim"
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

// noted returns the first note of a kind, nil without one.
func noted(f *Finding, k claim.Kind) *Evidence {
	if i := slices.IndexFunc(f.Notes, func(e Evidence) bool { return e.Kind == k }); i >= 0 {
		return &f.Notes[i]
	}
	return nil
}

// TestResetAtFIN: a RST with the number of its sender's FIN, which was acknowledged, is not acceptable by RFC 5961, and
// the peer may go on.
func TestResetAtFIN(t *testing.T) {
	const closed = answered + "+0.001 > F. 28:28(0) ack 44\n+0.02 < . 44 ack 29\n"
	f := last(t, closed+"+0.01 > R 28 win 0 ipid 0\n+5 < F. 44 ack 29")
	if noted(f, claim.AtFIN) == nil || noted(f, claim.GoesOn) == nil || f.Severity != Warning || f.Harm == harmless {
		t.Errorf("%s: %s\n%s", f.Summary, f.Harm, tell(f))
	}
	if strings.Contains(f.Summary, "both sides") {
		t.Errorf("the server had not closed: %s", f.Summary)
	}
	f = last(t, closed+"+0.01 > R 29 win 0 ipid 0")
	if noted(f, claim.AtFIN) != nil || noted(f, claim.GoesOn) != nil || f.Severity != Info {
		t.Errorf("at the number after the FIN: %s: %s\n%s", f.Summary, f.Harm, tell(f))
	}
}

// TestSymptomFollowsAcceptance: of a RST that its TCP drops, an application gets nothing.
func TestSymptomFollowsAcceptance(t *testing.T) {
	const request = answered + "+0.1 > P. 28 ack 44 \"GET /2 HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n\"\n"
	if f := last(t, request+"+0.02 < R. 44 ack 56 win 502"); !strings.Contains(f.Symptom, "gets ECONNRESET") {
		t.Errorf("acceptable: %s", f.Symptom)
	}
	if f := last(t, request+"+0.02 < R. 9000044 ack 56\n+0.3 > P. 28 ack 44 \"GET /2 HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n\""); !strings.Contains(f.Symptom, "notices nothing") {
		t.Errorf("outside of the window: %s", f.Symptom)
	}
}

// TestCapturedAtReceiver: a RST that was captured where it was to arrive did arrive.
func TestCapturedAtReceiver(t *testing.T) {
	const here = `
0.000  > S  0:0(0) win 64240 <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7>
+0.020 < S. 0:0(0) ack 1 win 65160 ipid 0 <mss 1460,sackOK,TS val 9 ecr 1,nop,wscale 7>
+0.0001 > .  1:1(0) ack 1
+0.001 > P. 1:1001(1000) ack 1
`
	resent := "+0.3 > P. 1:1001(1000) ack 1\n+0.6 > P. 1:1001(1000) ack 1\n+1.2 > P. 1:1001(1000) ack 1\n"
	if f := last(t, here+resent+"+2.4 > R. 1001 ack 1"); !strings.Contains(f.Symptom, "if the RST arrives") {
		t.Errorf("at the sender: %s", f.Symptom)
	}
	there := strings.NewReplacer("+0.020 <", "+0.0001 <", "+0.0001 >", "+0.020 >").Replace(here)
	f := last(t, there+strings.ReplaceAll(resent, "ack 1\n", "ack 1\n+0.0001 < . 1 ack 1001\n")+"+2.4 > R. 1001 ack 1")
	if strings.Contains(f.Symptom, "if the RST arrives") {
		t.Errorf("at the receiver: %s", f.Symptom)
	}
	if strings.Contains(f.Summary, "without an acknowledgment") {
		t.Errorf("it was acknowledged: %s", f.Summary)
	}
}

// TestClosedWindow: a window that was closed for minutes is evidence, whoever resets.
func TestClosedWindow(t *testing.T) {
	const full = download + `
+0 > .  28 ack 1401 win 0
+0.3 < . 1400:1400(0) ack 28
+0.0001 > .  28:28(0) ack 1401 win 0
+60 < . 1400:1400(0) ack 28
+0.0001 > .  28:28(0) ack 1401 win 0
`
	f := last(t, full+"+60 > R. 28 ack 1401 win 0")
	if e := says(f, claim.ZeroWindow); e == nil || f.Rule.ID == "application-timeout" || strings.Contains(f.Symptom, "time limit") {
		t.Errorf("%s %s\n%s", f.Summary, f.Symptom, tell(f))
	}
	f = last(t, strings.ReplaceAll(full, "win 0", "win 500")+"+60 > R. 28 ack 1401")
	if says(f, claim.ZeroWindow) != nil || f.Rule.ID != "application-timeout" {
		t.Errorf("%s\n%s", f.Summary, tell(f))
	}
}

// TestGapIsNotIdle: data that the capture lacks is neither idle time nor the end of an exchange.
func TestGapIsNotIdle(t *testing.T) {
	for _, text := range []string{
		"+24.6 > R. 28 ack 30000044",                            // the RST's ACK
		"+24.6 > . 28 ack 30000044\n+0.01 > R. 28 ack 30000044", // an earlier ACK
		"+24.6 < . 30000044 ack 28\n+0.01 > R. 28 ack 30000044", // a later SEQ
		"+24.6 < R. 30000044 ack 28",                            // the RST's SEQ
	} {
		f := last(t, answered+text)
		if says(f, claim.Idle) != nil || strings.Contains(f.Summary, "complete") || f.Confidence > 0.8 {
			t.Errorf("%s: %s %.2f\n%s", text, f.Summary, f.Confidence, tell(f))
		}
	}
	f := last(t, answered+"+24.6 > R. 28 ack 44")
	if says(f, claim.Idle) == nil || f.Confidence < 0.9 {
		t.Errorf("%s %.2f\n%s", f.Summary, f.Confidence, tell(f))
	}
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

// TestStorm: the RSTs that answer the data in flight are of one event, however long they come, and whether or not the capture
// shows which segment each of them answers.
func TestStorm(t *testing.T) {
	const filled = download + `
+0.020 > .  28:28(0) ack 1401
+0.000 < .  1401:60001(58600) ack 28
+0.300 > R. 28:28(0) ack 1401 win 502
+0.001 > R  28:28(0) win 0
+0.010 > R  28:28(0) win 0`
	if f := last(t, filled+"\n+0.150 > R  28:28(0) win 0"); f.Repeats != 9 {
		t.Errorf("repeats %d: %s, %s\n%s", f.Repeats, f.Rule.ID, f.Summary, tell(f))
	}
	// By then the data would have been retransmitted, and the capture would hold it.
	if f := last(t, filled+"\n+0.900 > R  28:28(0) win 0"); f.Repeats != 0 {
		t.Errorf("repeats %d: %s, %s\n%s", f.Repeats, f.Rule.ID, f.Summary, tell(f))
	}
}
