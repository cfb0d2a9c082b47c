package rules

import (
	"strings"
	"testing"
)

// alertScripts: a server that refuses the client behind its Finished sends an alert that TLS 1.3 encrypts; the client
// closes, and the server, which has not read its request, resets. Behind a ticket two bytes are a close_notify.
var alertScripts = []script{
	{
		rule: "tls-rejected",
		hit: tls13Done + `
+0.0002 > P. 124:224(100) ack 361 "\x17\x03\x03\x00\x5f"
+0.044 < P. 361:385(24) ack 224 "\x17\x03\x03\x00\x13"
+0.002 > F. 224:224(0) ack 385
+0.043 < R. 385:385(0) ack 225`,
		miss: tls13Done + `
+0.0002 > P. 124:224(100) ack 361 "\x17\x03\x03\x00\x5f"
+0.020 < P. 361:616(255) ack 224 "\x17\x03\x03\x00\xfa"
+0.024 < P. 616:640(24) ack 224 "\x17\x03\x03\x00\x13"
+0.002 > F. 224:224(0) ack 640
+0.043 < R. 640:640(0) ack 225`,
	},
	{
		// Tickets that left before the request had arrived are no answer to it, and an alert is none.
		rule: "data-after-fin",
		hit: tls13Done + `
+0.0434 > P. 124:222(98) ack 361 "\x17\x03\x03\x00\x5d"
+0.0002 < P. 361:616(255) ack 124 "\x17\x03\x03\x00\xfa"
+0.0515 < P. 616:640(24) ack 222 "\x17\x03\x03\x00\x13"
+0.00003 < F. 640:640(0) ack 222
+0.0037 > P. 222:246(24) ack 641 "\x17\x03\x03\x00\x13"
+0.044 < R  641:641(0)`,
		miss: tls13Done + `
+0.0434 > P. 124:222(98) ack 361 "\x17\x03\x03\x00\x5d"
+0.0002 < P. 361:616(255) ack 124 "\x17\x03\x03\x00\xfa"
+0.0515 < P. 616:899(283) ack 222 "\x17\x03\x03\x00\xff"
+0.00001 < P. 899:923(24) ack 222 "\x17\x03\x03\x00\x13"
+0.00003 < F. 923:923(0) ack 222
+0.0037 > P. 222:246(24) ack 924 "\x17\x03\x03\x00\x13"
+0.044 < R  924:924(0)`,
	},
	{
		// A server answers, ends the session and closes in the middle of an upload inside TLS.
		rule: "early-response",
		hit: tls13Done + `
+0.0002 > P. 124:247(123) ack 361 "\x17\x03\x03\x00\x76"
+0.0001 > P. 247:1695(1448) ack 361 "\x17\x03\x03\x40\x00"
+0.0001 > P. 1695:3143(1448) ack 361
+0.0001 > P. 3143:4591(1448) ack 361
+0.044 < P. 361:616(255) ack 1695 "\x17\x03\x03\x00\xfa"
+0.00001 < P. 616:871(255) ack 1695 "\x17\x03\x03\x00\xfa"
+0.00001 < P. 871:957(86) ack 1695 "\x17\x03\x03\x00\x51"
+0.00001 < P. 957:981(24) ack 1695 "\x17\x03\x03\x00\x13"
+0.00001 < F. 981:981(0) ack 1695
+0.001 > P. 4591:6039(1448) ack 982
+0.016 < R  361:361(0)`,
		miss: tls13Done + `
+0.0002 > P. 124:247(123) ack 361 "\x17\x03\x03\x00\x76"
+0.0001 > P. 247:1695(1448) ack 361 "\x17\x03\x03\x05\xa3"
+0.044 < P. 361:616(255) ack 1695 "\x17\x03\x03\x00\xfa"
+0.00001 < P. 616:871(255) ack 1695 "\x17\x03\x03\x00\xfa"
+0.00001 < P. 871:957(86) ack 1695 "\x17\x03\x03\x00\x51"
+0.00001 < P. 957:981(24) ack 1695 "\x17\x03\x03\x00\x13"
+0.00001 < F. 981:981(0) ack 1695
+0.001 > P. 1695:1800(105) ack 982 "\x17\x03\x03\x00\x64"
+0.016 < R  982:982(0)`,
	},
}

// TestOnlyParting: whether 101 bytes are the whole response is not known, and no more than a closing message met the
// closed socket: that the client left in the middle is likelier, but not sure.
func TestOnlyParting(t *testing.T) {
	const asked = tls13Done + `
+0.0002 > P. 124:188(64) ack 361 "\x17\x03\x03\x00\x3b"
+0.045 < P. 361:462(101) ack 188 "\x17\x03\x03\x00\x60"
+0.001 > F. 188:188(0) ack 462
`
	f := last(t, asked+`+0.171 < P. 462:486(24) ack 189 "\x17\x03\x03\x00\x13"
+0.00003 > R  189:189(0) win 0 ipid 0`)
	if f.Rule.ID != "data-after-fin" || f.Confidence > 0.7 || f.Severity == Error {
		t.Errorf("%s %.2f %v %s", f.Rule.ID, f.Confidence, f.Severity, f.Summary)
	}
	g := last(t, asked+`+0.171 < P. 462:1910(1448) ack 189 "\x17\x03\x03\x40\x00"
+0.00003 > R  189:189(0) win 0 ipid 0`)
	if g.Rule.ID != "data-after-fin" || g.Confidence < 0.9 {
		t.Errorf("%.2f %s", g.Confidence, g.Summary)
	}
}

// TestClientRefused: what the application got is the alert, and the remedy looks for the client's certificate.
func TestClientRefused(t *testing.T) {
	f := last(t, alertScripts[0].hit)
	if !strings.Contains(f.Symptom, "gets the alert") || !strings.Contains(f.Remedy, "client certificate") || f.Severity == Info {
		t.Errorf("%s\n%s\n%s", f.Summary, f.Symptom, f.Remedy)
	}
	// An alert instead of the server's hello names what they do not have in common.
	f = last(t, decisionScripts[0].hit)
	if strings.Contains(f.Remedy, "client certificate") || !strings.Contains(f.Remedy, "in common") {
		t.Errorf("%s\n%s", f.Summary, f.Remedy)
	}
}

// TestRetransmittingReceiver: whoever retransmits long after a RST has not got it, and its application gets no error yet.
func TestRetransmittingReceiver(t *testing.T) {
	const push = "0.000 < P. 1:118(117) ack 1\n+0.00005 > R  1:1(0) win 0 ipid 0\n"
	f := last(t, push)
	if !strings.Contains(f.Symptom, "ECONNRESET") {
		t.Errorf("%s\n%s", f.Summary, f.Symptom)
	}
	_, found := explain(t, push+"+0.400 < P. 1:118(117) ack 1\n+0.00005 > R  1:1(0) win 0 ipid 0\n+0.800 < P. 1:118(117) ack 1\n")
	if f = found[0]; !strings.Contains(f.Symptom, "notices nothing of this RST") {
		t.Errorf("%s\n%s", f.Summary, f.Symptom)
	}
}
