package rules

import (
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/rules/claim"
)

// mqttOpen is a session of MQTT whose client announces a keep alive of 60 s.
const mqttOpen = opened + `
+0.001 > P. 1 ack 1 "\x10\x0f\x00\x04MQTT\x04\x02\x00\x3c\x00\x03dev"
+0.020 < P. 1 ack 18 "\x20\x02\x00\x00"
+0.001 > .  18:18(0) ack 5
`

// mqttLate is what the client sends when the broker has closed, whose next number is 6, and the RST.
const mqttLate = `
+0.020 > .  18:18(0) ack 6
+2.000 > P. 18 ack 6 "\xc0\x00"
+0.020 < R  6:6(0) win 0 ipid 0`

// mqttScripts: a broker that closes when the keep alive has run out, and a client that leaves without DISCONNECT.
var mqttScripts = []script{
	{
		rule: "keepalive-race",
		hit: mqttOpen + `
+91.00 < F. 5:5(0) ack 18` + mqttLate,
		// Long before that it has another reason.
		miss: mqttOpen + `
+40.00 < F. 5:5(0) ack 18` + mqttLate,
	},
	{
		rule: "data-after-fin",
		hit: mqttOpen + `
+0.100 > P. 18 ack 5 "\x30\x04\x00\x01tx"
+0.020 < .  5:5(0) ack 24
+0.100 > F. 24:24(0) ack 5
+0.020 < F. 5:5(0) ack 25
+0.001 > R  5:5(0) win 0 ipid 0`,
		miss: mqttOpen + `
+0.100 > P. 18 ack 5 "\x30\x04\x00\x01tx\xe0\x00"
+0.020 < .  5:5(0) ack 26
+0.100 > F. 26:26(0) ack 5
+0.020 < F. 5:5(0) ack 27
+0.001 > R  5:5(0) win 0 ipid 0`,
	},
}

// TestMQTT: what a broker says of the end, or does not say.
func TestMQTT(t *testing.T) {
	f := last(t, mqttScripts[0].hit)
	if says := f.Summary + tell(f); !strings.Contains(says, "keep alive of 60") || !strings.Contains(says, "nothing of its own for 91") {
		t.Errorf("%s", says)
	}
	f = last(t, mqttScripts[0].miss)
	if f.Confidence > 0.7 || !strings.Contains(f.Remedy, "client identifier") {
		t.Errorf("%.2f: %s\n%s", f.Confidence, f.Summary, f.Remedy)
	}
	over := strings.Replace(mqttOpen, `MQTT\x04`, `MQTT\x05`, 1) + `
+1.000 < P. 5 ack 18 "\xe0\x01\x8e"
+0.000 < F. 8:8(0) ack 18
+0.020 > .  18:18(0) ack 9
+2.000 > P. 18 ack 9 "\xc0\x00"
+0.020 < R  9:9(0) win 0 ipid 0`
	if f = last(t, over); f.Cause != FastClose || !strings.Contains(f.Summary, "session taken over") ||
		!strings.Contains(f.Remedy, "an identifier of its own") {
		t.Errorf("%s: %s\n%s\n%s", f.Cause, f.Summary, f.Remedy, tell(f))
	}
}

// TestTakenOver: a second CONNECT with the same client identifier is why the broker ends the first session.
func TestTakenOver(t *testing.T) {
	second := "conn 2 192.0.2.9:41000 > 198.51.100.1:80\n" + strings.NewReplacer("0.000  > S", "+5.000 > S", "dev", "ID").Replace(mqttOpen) + "conn 1"
	text := "conn 1 192.0.2.1:40000 > 198.51.100.1:80" + mqttOpen + second + `
+0.001 < F. 5:5(0) ack 18` + mqttLate
	f := last(t, strings.Replace(text, "ID", "dev", 1))
	if f.Rule != keepaliveRace || !strings.Contains(f.Summary, "same client identifier") || !f.Claims(claim.SameClientID) {
		t.Errorf("%s: %s\n%s", f.Rule.ID, f.Summary, tell(f))
	}
	if f = last(t, strings.Replace(text, "ID", "dex", 1)); f.Claims(claim.SameClientID) || f.Rule == keepaliveRace {
		t.Errorf("another identifier: %s: %s\n%s", f.Rule.ID, f.Summary, tell(f))
	}
	late := strings.Replace(strings.Replace(text, "ID", "dev", 1), "+0.001 < F.", "+8.000 < F.", 1)
	if f = last(t, late); f.Claims(claim.SameClientID) {
		t.Errorf("long after that: %s", f.Summary)
	}
}
