package rules

import (
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/rules/claim"
)

// gapScripts are about segments that the capture lacks just before the RST.
var gapScripts = []script{
	{
		// The RST's own number shows that its sender had sent more, perhaps a FIN: nothing says that it lost its state.
		rule: "unexplained-reply",
		hit: `
0.000 < S. 0:0(0) ack 1 win 65160 ipid 7 <mss 1460>
+74.7 < R  85:85(0) win 0 ipid 0 hdr 20`,
		miss: answered + `
+0.200 > P. 28 ack 44 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < R  44:44(0) win 0 ipid 0 hdr 20`,
	},
	{
		// An ACK of 15 round trips before draws no RST; what drew it is not in the capture.
		rule: "state-lost",
		hit: answered + `
+0.329 < R  44:44(0) win 0 ipid 0 hdr 20`,
		// In the form of an abort.
		miss: answered + `
+0.329 < R. 44:44(0) ack 28 win 502`,
	},
	{
		// A number that had been acknowledged comes back in a reply alone: to a late copy of an old segment.
		rule: "late-segment",
		hit: answered + `
+0.001 > F. 28:28(0) ack 44
+0.020 < F. 44:44(0) ack 29
+0.000 > .  29:29(0) ack 45
+0.600 < R  1:1(0) win 0 ipid 0 hdr 20`,
		miss: answered + `
+0.001 > F. 28:28(0) ack 44
+0.020 < F. 44:44(0) ack 29
+0.000 > .  29:29(0) ack 45
+0.030 < R. 45:45(0) ack 29 win 502`,
	},
	{
		// The server's FIN behind the RST shows that 958 of its bytes are not in the capture: the RST, in the form of a
		// reply, answers them.
		rule: "close-notify-race",
		hit: tlsDone + `
+0.100 > F. 391:391(0) ack 752
+0.300 > R  392:392(0) win 0 ipid 0 hdr 20
+0.000 < F. 1710:1710(0) ack 392
+0.000 > R  392:392(0) win 0 ipid 0 hdr 20`,
		miss: tlsDone + `
+0.100 > F. 391:391(0) ack 752
+0.020 < .  752:752(0) ack 392
+0.300 > R. 392:392(0) ack 752 win 502`,
	},
}

// TestFINByReset: a RST that acknowledges one number more than its peer was captured to have sent shows the peer's FIN.
func TestFINByReset(t *testing.T) {
	const server = `
0.000  < S. 0:0(0) ack 1 win 65160 ipid 0
+0.110 < .  1 ack 25
+0.000 < P. 1:209(208) ack 25
+0.100 < .  209 ack 49
`
	f := last(t, server+"+0.28 < R. 209 ack 50 win 501")
	if f.Rule.ID != "reset-instead-of-fin" || f.Confidence > 0.75 || says(f, claim.ClosedUnseen) == nil || f.Severity != Warning {
		t.Errorf("%s %.2f %s\n%s", f.Rule.ID, f.Confidence, f.Summary, tell(f))
	}
	if f = last(t, server+"+0.28 < R. 209 ack 49 win 501"); f.Rule.ID != unreadDataID {
		t.Errorf("no more: %s %s\n%s", f.Rule.ID, f.Summary, tell(f))
	}
}

// TestOwnFINUnseen: a RST at one above the captured, which the peer acknowledges afterwards, follows a FIN of its sender.
func TestOwnFINUnseen(t *testing.T) {
	const closed = answered + "+0.001 < F. 44 ack 28\n+0.001 > . 28 ack 45\n"
	f := last(t, closed+"+0.002 > R. 29 ack 45 win 502\n+0.02 < . 45 ack 29")
	if noted(f, claim.InWindow) != nil || strings.Contains(f.Summary, "in place of its own FIN") {
		t.Errorf("%s\n%s", f.Summary, tell(f))
	}
	f = last(t, closed+"+0.002 > R. 28 ack 45 win 502")
	if !strings.Contains(f.Summary, "in place of its own FIN") {
		t.Errorf("%s\n%s", f.Summary, tell(f))
	}
}

// TestLeftUnacknowledged: data that crossed the FIN before a RST is said.
func TestLeftUnacknowledged(t *testing.T) {
	const idle = answered + "+0.500 > P. 28:30(2) ack 44\n+0.0004 < F. 44 ack 28\n+0.0001 > . 30 ack 45\n"
	f := last(t, idle+"+0.0002 < R. 45 ack 28 win 502")
	if says(f, claim.AfterClose) == nil && says(f, claim.UnackedData) == nil && says(f, claim.Unread) == nil {
		t.Errorf("%s\n%s", f.Summary, tell(f))
	}
}

// TestOldACKDrawsNothing: a pure ACK that came many round trips before is not said to be what the RST answers.
func TestOldACKDrawsNothing(t *testing.T) {
	f := last(t, answered+"+0.329 < R  44:44(0) win 0 ipid 0 hdr 20")
	if says(f, claim.ReplyTo) != nil || f.Trigger != 0 || says(f, claim.Abort) != nil {
		t.Errorf("%s\n%s", f.Summary, tell(f))
	}
	if f = last(t, answered+"+0.019 < R  44:44(0) win 0 ipid 0 hdr 20"); says(f, claim.ReplyTo) == nil {
		t.Errorf("within a round trip: %s\n%s", f.Summary, tell(f))
	}
}

// TestLastOfCaptured: where the RST's own number lies above all that was captured of its sender, the last captured
// segment is not said to be its last one, and no FIN excluded.
func TestLastOfCaptured(t *testing.T) {
	for text, limited := range map[string]bool{
		"+0.3 > P. 28:39(11) ack 44\n+0.02 < R 44 win 0 ipid 0 hdr 20": false,
		// the client had more of the server than the capture holds
		"+0.3 > P. 28:39(11) ack 44\n+0.02 < R 44 win 0 ipid 0 hdr 20\n+0.1 > . 39 ack 88": true,
	} {
		f := last(t, answered+text)
		if e := says(f, claim.LastSegment); e == nil || e.Limited != limited {
			t.Errorf("%s: %s\n%s", text, f.Summary, tell(f))
		}
	}
}

// TestReplyOrAbort: a bare RST at its sender's next number, after its own FIN was acknowledged, can be both.
func TestReplyOrAbort(t *testing.T) {
	const closed = answered + "+0.001 > F. 28:28(0) ack 44 ipid 0\n+0.02 < . 44 ack 29\n"
	f := last(t, closed+"+0.3 > R 29 win 0 ipid 0")
	if says(f, claim.ReplyOrAbort) == nil || says(f, claim.Abort) != nil {
		t.Errorf("%s\n%s", f.Summary, tell(f))
	}
	if f = last(t, closed+"+0.3 > R. 29 ack 44 win 502"); says(f, claim.Abort) == nil {
		t.Errorf("with ACK: %s\n%s", f.Summary, tell(f))
	}
}

// TestLateDataBeforeOldACK: data that was sent again just before the RST draws it, and not a FIN of six seconds ago.
func TestLateDataBeforeOldACK(t *testing.T) {
	const closed = opened + `
+0.001 > P. 1 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+1.400 > F. 28:28(0) ack 1
+0.020 < F. 420:420(0) ack 29
`
	f := last(t, strings.ReplaceAll(closed, "+0.020 < S.", "+0.420 < S.")+"+6.2 < PF. 1:420(419) ack 29\n+0.004 > R 29 win 0 ipid 0 hdr 20")
	if f.Trigger != 7 {
		t.Errorf("answers %d: %s\n%s", f.Trigger, f.Summary, tell(f))
	}
	if f = last(t, closed+"+0.0001 > R 29 win 0 ipid 0 hdr 20"); f.Trigger != 6 {
		t.Errorf("answers %d: %s\n%s", f.Trigger, f.Summary, tell(f))
	}
}
