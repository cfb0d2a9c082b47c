package rules

import (
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/rules/claim"
)

// TestLastHeardOfPeer: a peer that was heard before the first retransmission only does not "still" send.
func TestLastHeardOfPeer(t *testing.T) {
	const lost = answered + "+0.1 > P. 28:1428(1400) ack 44\n"
	const resent = "+0.3 > P. 28:1428(1400) ack 44\n+0.6 > P. 28:1428(1400) ack 44\n+1.2 > P. 28:1428(1400) ack 44\n+2.4 > R. 1428 ack 44 win 502"
	f := last(t, lost+"+0.0001 < . 44 ack 28\n"+resent)
	if says(f, claim.PeerHeard) != nil || says(f, claim.LastSegment) == nil {
		t.Errorf("before: %s\n%s", f.Summary, tell(f))
	}
	f = last(t, lost+strings.Replace(resent, "+1.2", "+0.1 < . 44 ack 28\n+1.2", 1))
	if says(f, claim.PeerHeard) == nil {
		t.Errorf("after: %s\n%s", f.Summary, tell(f))
	}
}

// TestAcknowledgedTooLate: an acknowledgment that came when the server had given up is not denied.
func TestAcknowledgedTooLate(t *testing.T) {
	const synacks = `
0.000  > S  0:0(0) win 64240 <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7>
+0.020 < S. 0:0(0) ack 1 win 65160 ipid 0
+1.000 < S. 0:0(0) ack 1 win 65160 ipid 0
+2.000 < S. 0:0(0) ack 1 win 65160 ipid 0
`
	f := last(t, synacks+"+4.2 > P. 1:78(77) ack 1\n+0.00005 < R 1 win 0 ipid 0 hdr 20")
	if f.Rule.ID != "handshake-unanswered" || strings.Contains(f.Summary, "no acknowledgment of it was seen") {
		t.Errorf("%s %s\n%s", f.Rule.ID, f.Summary, tell(f))
	}
	if e := says(f, claim.Unacked); e == nil || !strings.Contains(e.Says, "before the one that the RST answers") {
		t.Errorf("%s\n%s", f.Summary, tell(f))
	}
	if f = last(t, synacks+"+4.2 < R. 1 ack 1 win 501"); !strings.Contains(f.Summary, "no acknowledgment of it was seen") {
		t.Errorf("%s %s\n%s", f.Rule.ID, f.Summary, tell(f))
	}
}

// TestOtherStreamIsNamed: a connection that was reset too is not "this connection".
func TestOtherStreamIsNamed(t *testing.T) {
	c := claim.Claim{Kind: claim.AlsoReset, Stream: 7}
	if s := c.Statement(); !strings.Contains(s, "stream 7") || strings.Contains(s, "this connection") {
		t.Error(s)
	}
}

// TestAnsweredProbes: a system does not give up after a second of probes that are answered; its program does.
func TestAnsweredProbes(t *testing.T) {
	const full = download + `
+0 > .  28 ack 1401 win 0
+0.3 < . 1400:1400(0) ack 28
+0.0001 > .  28:28(0) ack 1401 win 0
+0.6 < . 1400:1400(0) ack 28
`
	f := last(t, full+"+0.0001 > .  28:28(0) ack 1401 win 0\n+0.6 < R. 1401 ack 28 win 501")
	if f.Rule.ID != "zero-window" || f.Confidence > 0.86 || strings.Contains(f.Symptom, "ETIMEDOUT") {
		t.Errorf("%s %.2f %s\n%s", f.Rule.ID, f.Confidence, f.Symptom, tell(f))
	}
	// What the reader sends meets no connection: the writer's program may as well have closed, its FIN waiting behind the data.
	f = last(t, full+"+0.0001 >  . 28:28(0) ack 1401 win 0\n+0.5 > P. 28:34(6) ack 1401 win 0\n+0.02 < R  1401:1401(0) win 0 ipid 0")
	if f.Confidence > 0.6 || strings.Contains(f.Symptom, "ETIMEDOUT") || len(f.Alternatives) == 0 ||
		f.Alternatives[0].Cause != PeerCrash {
		t.Errorf("%s %.2f %s\n%s", f.Rule.ID, f.Confidence, f.Symptom, tell(f))
	}
	f = last(t, full+"+1.2 < . 1400:1400(0) ack 28\n+2.4 < . 1400:1400(0) ack 28\n+8 > P. 28:34(6) ack 1401 win 0\n"+
		"+0.02 < R  1401:1401(0) win 0 ipid 0")
	if f.Rule.ID != "zero-window" || f.Confidence < 0.85 {
		t.Errorf("its probes were not answered: %s %.2f\n%s", f.Rule.ID, f.Confidence, tell(f))
	}
	f = last(t, strings.ReplaceAll(full, "+0.0001 >", "+61 >")+"+300 < R. 1401 ack 28 win 501")
	if f.Rule.ID == "zero-window" && f.Confidence < 0.9 {
		t.Errorf("after minutes: %s %.2f %s\n%s", f.Rule.ID, f.Confidence, f.Symptom, tell(f))
	}
}

// TestDamagedIsNotGenuine: what has impossible flags has no sender, and SO_LINGER does not help.
func TestDamagedIsNotGenuine(t *testing.T) {
	f := last(t, answered+"+1 > RF. 28 ack 44 win 59\n+30 > P. 28 ack 44 \"GET /2 HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n\"")
	if f.Origin != OriginUnknown || len(f.OriginWhy) > 0 || strings.Contains(f.Remedy, "SO_LINGER") {
		t.Errorf("%s %s: %s\n%s", f.Rule.ID, f.Origin, f.Remedy, tell(f))
	}
	if f = last(t, answered+"+0.001 > R. 28 ack 44 win 502"); f.Origin != OriginEndpoint {
		t.Errorf("%s: %s", f.Rule.ID, f.Origin)
	}
}

// TestTimerIsNeverEarly: a known idle time is not matched by less, but for the clocks.
func TestTimerIsNeverEarly(t *testing.T) {
	const asked = opened + "+0.001 > P. 1 ack 1 \"GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n\"\n+0.02 < . 1 ack 28\n"
	if f := last(t, asked+"+19.78 < R. 1 ack 28 win 501"); strings.Contains(tell(f), "Tomcat") {
		t.Errorf("19.8 s: %s", tell(f))
	}
	if f := last(t, asked+"+19.99 < R. 1 ack 28 win 501"); !strings.Contains(tell(f), "Tomcat") {
		t.Errorf("20.0 s: %s", tell(f))
	}
}

// TestFlightEndsAtFIN: data that acknowledges the FIN was not in flight when its receiver closed.
func TestFlightEndsAtFIN(t *testing.T) {
	const closed = download + `
+0.001 > F. 28 ack 1401
+0.001 < .  1401:2801(1400) ack 28
+0.020 < .  2801:4201(1400) ack 29
`
	f := last(t, closed+"+0.0001 > R 29 win 0 ipid 0")
	n := 0
	for _, e := range f.Evidence {
		if e.Kind == claim.AfterClose {
			n++
		}
	}
	if strings.Contains(f.Summary, "were in flight") && n == 1 {
		t.Errorf("%s\n%s", f.Summary, tell(f))
	}
}

// TestGuessedEnd: a message that only its place shows to end the session does so probably.
func TestGuessedEnd(t *testing.T) {
	const logout = tlsDone + "+0.100 > P. 391:425(34) ack 752 \"\\x17\\x03\\x03\\x00\\x1d\"\n+0.0005 > F. 425:425(0) ack 752\n"
	f := last(t, logout+"+0.020 < P. 752:872(120) ack 426 \"\\x17\\x03\\x03\\x00\\x73\"\n+0.000 < F. 872:872(0) ack 426\n+0.000 > R  426:426(0) win 0 ipid 0")
	if strings.Contains(tell(f)+f.Summary, "by its protocol") || !strings.Contains(f.Summary, "probably") {
		t.Errorf("%s\n%s", f.Summary, tell(f))
	}
}

// TestRefusalSaysWhy: where the server's last message is a refusal, it says what went wrong, and not SO_LINGER.
func TestRefusalSaysWhy(t *testing.T) {
	const ssh = opened + "+0.001 > P. 1 ack 1 \"SSH-2.0-libssh-0.9.6\\r\\n\"\n+0.02 < . 1 ack 23\n"
	f := last(t, ssh+"+0.001 < P. 1 ack 23 \"Exceeded MaxStartups\\r\\n\"\n+0.0001 < R. 23 ack 23 win 501")
	if f.Cause == FastClose && strings.Contains(f.Remedy, "SO_LINGER") {
		t.Errorf("%s %s: %s\n%s", f.Rule.ID, f.Summary, f.Remedy, tell(f))
	}
}

// TestDuplicatesAreNotPackets: one packet that was captured three times is one packet, with two duplicates.
func TestDuplicatesAreNotPackets(t *testing.T) {
	c := claim.Claim{Kind: claim.CapturedOnce, Hosts: 1, Count: 2}
	if s := c.Statement(); !strings.Contains(s, "1 other packet the capture holds 2 duplicates") {
		t.Error(s)
	}
}
