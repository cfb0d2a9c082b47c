package rules

import (
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/rules/claim"
)

// mqttOpened is an MQTT session whose CONNECT was accepted.
const mqttOpened = opened + `
+0.004 > P. 1 ack 1 "\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00"
+0.025 < .  1:1(0) ack 15
+0.003 < P. 1 ack 15 "\x20\x02\x00\x00"
+0.000 > .  15:15(0) ack 5
`

// TestAbortInOneWayMessage: a message that wants no answer is unfinished too as long as its own length says so.
func TestAbortInOneWayMessage(t *testing.T) {
	cut := last(t, mqttOpened+`
+0.070 > P. 15 ack 5 "\x30\xa0\x9c\x01\x00\x01aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
+0.000 > .  73:1521(1448) ack 5
+0.000 > P. 1521:2969(1448) ack 5
+0.040 < .  5:5(0) ack 1521
+0.000 < R. 5:5(0) ack 1521`)
	if cut.Cause != PeerCrash || cut.Confidence < 0.9 || cut.Severity != Error || !cut.Claims(claim.NotEnded) {
		t.Errorf("%s %.2f %s %s\n%s", cut.Rule.ID, cut.Confidence, cut.Severity, cut.Summary, tell(cut))
	}
	whole := last(t, mqttOpened+`
+0.070 > P. 15 ack 5 "\x30\x08\x00\x01aaaaaa"
+0.040 < .  5:5(0) ack 24
+1.000 < R. 5:5(0) ack 24`)
	if whole.Cause != FastClose || whole.Claims(claim.NotEnded) || !strings.Contains(whole.Summary, "PUBLISH") {
		t.Errorf("%s %.2f %s %s\n%s", whole.Rule.ID, whole.Confidence, whole.Severity, whole.Summary, tell(whole))
	}
}

// TestTransferIsNoProbe: a client that has received more than a greeting, and does not read the rest, checks no port.
func TestTransferIsNoProbe(t *testing.T) {
	transfer := last(t, opened+`
+0.100 < .  1:1461(1460) ack 1
+0.000 < P. 1461:2921(1460) ack 1
+0.000 > .  1:1(0) ack 2921 win 0
+0.000 < P. 2921:4381(1460) ack 1
+0.000 > .  1:1(0) ack 2921 win 0
+0.500 < P. 2921:4381(1460) ack 1
+0.000 > .  1:1(0) ack 2921 win 0
+0.700 > R. 1:1(0) ack 2921 win 3`)
	if transfer.Cause != PeerCrash || transfer.Severity != Error || transfer.Claims(claim.Idle) ||
		transfer.Claims(claim.NothingAsked) || !strings.Contains(transfer.Summary, "of the server's data were unack") {
		t.Errorf("%s %.2f: %s\n%s", transfer.Rule.ID, transfer.Confidence, transfer.Summary, tell(transfer))
	}
	greeted := last(t, opened+`
+0.100 < P. 1 ack 1 "220 mail ESMTP\r\n"
+0.000 > .  1:1(0) ack 17
+0.002 > R. 1:1(0) ack 17`)
	if greeted.Rule != healthProbe || greeted.Confidence < 0.9 || !strings.Contains(greeted.Summary, "most likely a check") {
		t.Errorf("%s %.2f: %s\n%s", greeted.Rule.ID, greeted.Confidence, greeted.Summary, tell(greeted))
	}
}

// TestClientWaitsForGreeting: a client that closes after three seconds without a greeting waited for it.
func TestClientWaitsForGreeting(t *testing.T) {
	const late = `
+0.030 < .  1:1(0) ack 2
+2.000 < P. 1 ack 2 "220 mail ESMTP\r\n"
+0.000 > R  2:2(0) win 0 ipid 0`
	waited := last(t, opened+"+2.980 > F. 1:1(0) ack 1"+late)
	if waited.Severity != Warning || waited.Confidence > 0.8 || strings.Contains(waited.Summary, "check") {
		t.Errorf("%.2f %s: %s\n%s", waited.Confidence, waited.Severity, waited.Summary, tell(waited))
	}
	for _, a := range waited.Alternatives {
		if strings.Contains(a.WhyNot, "its own numbers") {
			t.Errorf("the RST answers a segment\n%s", tell(waited))
		}
	}
	checked := last(t, opened+"+0.010 > F. 1:1(0) ack 1"+late)
	if checked.Severity != Info || !strings.Contains(checked.Summary, "check") {
		t.Errorf("%.2f %s: %s\n%s", checked.Confidence, checked.Severity, checked.Summary, tell(checked))
	}
}

// TestProbeOfMySQL: a server of MySQL counts connections that end before the login, and refuses the host in the end.
func TestProbeOfMySQL(t *testing.T) {
	f := last(t, mysqlGreeted+`
+0.007 > R. 1:1(0) ack 75`)
	if f.Rule != healthProbe || f.Severity != Warning || !strings.Contains(f.Remedy, "max_connect_errors") ||
		strings.Contains(f.Symptom, "nothing") {
		t.Errorf("%s %s: %s\n%s %s\n%s", f.Rule.ID, f.Severity, f.Summary, f.Symptom, f.Remedy, tell(f))
	}
}

// mysqlGreeted is a connection on which a server of MySQL has greeted.
const mysqlGreeted = opened + `
+0.030 < P. 1 ack 1 "\x46\x00\x00\x00\x0a8.0.36\x00\x08\x00\x00\x00aaaaaaaa\x00\xff\xff\xff\x02\x00\xff\xdf\x15\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00aaaaaaaaaaaa\x00caching_sha2_pass\x00"
+0.000 > .  1:1(0) ack 75
`

// TestOtherProtocol: bytes of another protocol than the server's have no length in its framing.
func TestOtherProtocol(t *testing.T) {
	const refusal = `
+0.000 < P. 75 ack 28 "\x21\x00\x00\x01\xff\x84\x04#08S01Got packets out of order"
+0.000 < R. 112:112(0) ack 28`
	f := last(t, mysqlGreeted+`
+0.004 > P. 1 ack 75 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.024 < .  75:75(0) ack 28`+refusal)
	if f.Cause != FastClose || f.Severity == Error || f.Claims(claim.NotEnded) ||
		!strings.Contains(f.Summary, "error 1156 Got packets out of order") || !strings.Contains(f.Remedy, "is no MySQL") {
		t.Errorf("%s %.2f %s: %s\n%s\n%s", f.Rule.ID, f.Confidence, f.Severity, f.Summary, f.Remedy, tell(f))
	}
	f = last(t, mysqlGreeted+`
+0.004 > P. 1 ack 75 "\x40\x9c\x00\x01\x85\xa6\xff\x01\x00\x00\x00\x01\x2d\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
+0.024 < .  75:75(0) ack 24
+0.000 < P. 75 ack 24 "\x21\x00\x00\x01\xff\x84\x04#08S01Got packets out of order"
+0.000 < R. 112:112(0) ack 24`)
	if f.Cause != PeerCrash || !f.Claims(claim.NotEnded) || strings.Contains(f.Remedy, "lingering_close") {
		t.Errorf("%s %.2f %s: %s\n%s", f.Rule.ID, f.Confidence, f.Severity, f.Summary, tell(f))
	}
}

// TestUnusedConnection: where neither side has sent anything, no exchange was interrupted.
func TestUnusedConnection(t *testing.T) {
	const late = `
+0.020 > .  1:1(0) ack 2
+4.000 > P. 1 ack 2 "hello\r\n"
+0.020 < R  2:2(0) win 0 ipid 0`
	idle := last(t, opened+"+3.500 < F. 1:1(0) ack 1"+late)
	if idle.Rule != dataAfterFIN || idle.Confidence >= 0.8 || strings.Contains(idle.Harm+tell(idle), "an exchange was") {
		t.Errorf("%s %.2f %s %s\n%s", idle.Rule.ID, idle.Confidence, idle.Harm, idle.Summary, tell(idle))
	}
	asked := last(t, opened+`
+0.001 > P. 1 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < F. 1:1(0) ack 28
+0.020 > P. 28 ack 2 "hello\r\n"
+0.020 < R  2:2(0) win 0 ipid 0`)
	if asked.Confidence < 0.9 || asked.Harm != lostHarm {
		t.Errorf("%s %.2f %s %s\n%s", asked.Rule.ID, asked.Confidence, asked.Harm, asked.Summary, tell(asked))
	}
	login := last(t, mysqlGreeted+"+2.000 < R. 75:75(0) ack 1")
	if !login.Claims(claim.Idle) || strings.Contains(tell(login), "an exchange seems") ||
		!strings.Contains(login.Summary, "time limit") {
		t.Errorf("%s %.2f %s %s\n%s", login.Rule.ID, login.Confidence, login.Harm, login.Summary, tell(login))
	}
}

// TestPreliminaryReply: a reply of 1yz is one, and not the final one.
func TestPreliminaryReply(t *testing.T) {
	f := last(t, opened+`
+0.020 < P. 1 ack 1 "220 ftp server\r\n"
+0.000 > P. 1 ack 17 "RETR f\r\n"
+0.020 < P. 17 ack 9 "150 Opening connection\r\n"
+0.000 > .  9:9(0) ack 41
+3.100 < R. 41:41(0) ack 9`)
	e := says(f, claim.NoResponse)
	if e == nil || !strings.Contains(e.Says, "no final response") || !strings.Contains(e.Says, "preliminary reply") {
		t.Errorf("%s: %s\n%s", f.Rule.ID, f.Summary, tell(f))
	}
}
