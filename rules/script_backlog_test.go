package rules

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/rules/claim"
)

// keptWaiting is a handshake of which the server sends the second step again and again, although the client, next to the
// capture, acknowledges it each time. again is what the repeated SYN-ACKs have as options.
func keptWaiting(again string) string {
	return strings.ReplaceAll(`
0.000  > S  0:0(0) <mss 1460,sackOK,TS val 1000 ecr 0,nop,wscale 7>
+0.020 < S. 0:0(0) ack 1 <mss 1460,sackOK,TS val 9 ecr 1000,nop,wscale 7>
+0.001 > .  1:1(0) ack 1 <nop,nop,TS val 1020 ecr 9>
+1.000 < S. 0:0(0) ack 1 AGAIN
+0.001 > .  1:1(0) ack 1 <nop,nop,TS val 2021 ecr 9>
+2.000 < S. 0:0(0) ack 1 AGAIN
+0.001 > .  1:1(0) ack 1 <nop,nop,TS val 4021 ecr 9>
+4.000 > P. 1 ack 1 <nop,nop,TS val 8021 ecr 9> "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < R  1:1(0) win 0 ipid 0
`, "AGAIN", again)
}

// TestIgnoredACK: a SYN-ACK that is sent again although the client acknowledges it is one of a full accept queue, unless
// its timestamps show that the acknowledgments do not arrive; each leaves the other open.
func TestIgnoredACK(t *testing.T) {
	const bare, old = "<mss 1460,sackOK,nop,wscale 7>", "<mss 1460,sackOK,TS val 1009 ecr 1000,nop,wscale 7>"
	for _, c := range []struct {
		what, again string
		rule        *Rule
		open        Cause
	}{
		{"no timestamps", bare, acceptQueueOverflow, RetransmitTimeout},
		{"the SYN's timestamp is echoed", old, handshakeUnanswered, ClosedPort},
	} {
		f := last(t, keptWaiting(c.again))
		open := 0.0
		for _, a := range f.Alternatives {
			if a.Cause == c.open {
				open = a.Confidence
			}
		}
		if f.Rule != c.rule || f.Confidence > 0.8 || open < 0.12 || !f.Claims(claim.AckedEachTime) {
			t.Errorf("%s: %s %.2f, %s %.2f: %s\n%s", c.what, f.Rule.ID, f.Confidence, c.open, open, f.Summary, tell(f))
		}
		if f.Claims(claim.EchoUnmoved) != (c.again == old) {
			t.Errorf("%s:\n%s", c.what, tell(f))
		}
	}
	// No acknowledgment before the server gave up: nothing was ignored.
	f := last(t, `
0.000  > S  0:0(0)
+0.020 < S. 0:0(0) ack 1
+1.000 < S. 0:0(0) ack 1
+2.000 < S. 0:0(0) ack 1
+8.000 > .  1:1(0) ack 1
+0.020 < R  1:1(0) win 0 ipid 0`)
	if f.Rule != handshakeUnanswered || f.Confidence < 0.9 || f.Claims(claim.AckedEachTime) {
		t.Errorf("late: %s %.2f: %s\n%s", f.Rule.ID, f.Confidence, f.Summary, tell(f))
	}
}

// TestOverflowBeforeRequest: the RST came too early to answer the request, so that it answers the handshake's last ACK.
func TestOverflowBeforeRequest(t *testing.T) {
	until := func(ms int) string {
		return fmt.Sprintf("0.000 > S 0:0(0) win 64240 <mss 1460,sackOK,nop,wscale 10>\n"+
			"+0.068 < S. 0:0(0) ack 1 win 65160 ipid 0 <mss 1460,sackOK,nop,wscale 10>\n"+
			"+0.00001 > . 1:1(0) ack 1 win 63\n+0.024 > P. 1:75(74) ack 1 \"GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n\"\n"+
			"+%.3f < R  1:1(0) win 0 ipid 0\n+0.030 < R  1:1(0) win 0 ipid 0\n", float64(ms)/1000)
	}
	_, found := explain(t, until(45))
	if f := found[0]; f.Rule.ID != "accept-queue-overflow" {
		t.Errorf("%s %s", f.Rule.ID, f.Summary)
	}
	if _, found = explain(t, until(70)); found[0].Rule.ID == "accept-queue-overflow" {
		t.Errorf("the RST can answer the request: %s", found[0].Summary)
	}
}
