package rules

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/rules/claim"
)

// probedFrom is a connection whose server sends keep-alive probes a second apart, as soon as it has been idle so long.
// The client answers each; the timestamps of the probes show what arrived.
const probedFrom = opened + `
+0.001 > P. 1:3 ack 1 <nop,nop,TS val 21 ecr 9>
+0.020 < P. 1:3 ack 3 <nop,nop,TS val 41 ecr 21>
+0.000 > .  3:3(0) ack 3 <nop,nop,TS val 42 ecr 41>
+1.030 < .  2:2(0) ack 3 <nop,nop,TS val 1070 ecr 42>
+0.000 > .  3:3(0) ack 3 <nop,nop,TS val 1071 ecr 41>
`

var oneWayLossScripts = []script{
	{
		// The answers to the last three probes did not arrive: TSecr stays at the answer to the first.
		rule: "keepalive-unanswered",
		hit: probedFrom + `
+1.030 < .  2:2(0) ack 3 <nop,nop,TS val 2100 ecr 1071>
+0.000 > .  3:3(0) ack 3 <nop,nop,TS val 2101 ecr 41>
+1.030 < .  2:2(0) ack 3 <nop,nop,TS val 3130 ecr 1071>
+0.000 > .  3:3(0) ack 3 <nop,nop,TS val 3131 ecr 41>
+1.030 < .  2:2(0) ack 3 <nop,nop,TS val 4160 ecr 1071>
+0.000 > .  3:3(0) ack 3 <nop,nop,TS val 4161 ecr 41>
+1.020 < R. 3:3(0) ack 3 win 509 <nop,nop,TS val 5190 ecr 1071>`,
		// Each probe echoes the answer to the one before: all arrived, and the RST is the server's decision.
		miss: probedFrom + `
+1.030 < .  2:2(0) ack 3 <nop,nop,TS val 2100 ecr 1071>
+0.000 > .  3:3(0) ack 3 <nop,nop,TS val 2101 ecr 41>
+1.030 < .  2:2(0) ack 3 <nop,nop,TS val 3130 ecr 2101>
+0.000 > .  3:3(0) ack 3 <nop,nop,TS val 3131 ecr 41>
+1.030 < .  2:2(0) ack 3 <nop,nop,TS val 4160 ecr 3131>
+0.000 > .  3:3(0) ack 3 <nop,nop,TS val 4161 ecr 41>
+1.020 < R. 3:3(0) ack 3 win 509 <nop,nop,TS val 5190 ecr 4161>`,
	},
	{
		// Data is sent again although the client acknowledges it each time.
		rule: "gave-up-silently",
		hit: probedFrom + `
+0.100 < P. 3:27 ack 3 <nop,nop,TS val 1170 ecr 1071>
+0.000 > .  3:3(0) ack 27 <nop,nop,TS val 1171 ecr 1170>
+0.200 < P. 3:27 ack 3 <nop,nop,TS val 1370 ecr 1071>
+0.000 > .  3:3(0) ack 27 <nop,nop,TS val 1371 ecr 1370>
+0.400 < P. 3:27 ack 3 <nop,nop,TS val 1770 ecr 1071>
+0.000 > .  3:3(0) ack 27 <nop,nop,TS val 1771 ecr 1770>
+0.800 < P. 3:27 ack 3 <nop,nop,TS val 2570 ecr 1071>
+0.000 > .  3:3(0) ack 27 <nop,nop,TS val 2571 ecr 2570>
+9.000 > P. 3:7 ack 27 <nop,nop,TS val 11571 ecr 2570>
+0.027 < R  27:27(0) win 0 ipid 0`,
	},
}

// TestAnswersLost: what the timestamps prove not to have arrived is not said to be missing.
func TestAnswersLost(t *testing.T) {
	for _, s := range oneWayLossScripts {
		f := last(t, s.hit)
		if !f.Claims(claim.AckedEachTime) || !f.Claims(claim.EchoUnmoved) {
			t.Errorf("%s: the lost answers are not claimed: %s\n%s", s.rule, f.Summary, tell(f))
		}
	}
}

// TestUnseenAfterClose: in a capture of the server alone, what reached its closed socket may have been a request; a greeting or
// a handshake of its own completes no exchange.
func TestUnseenAfterClose(t *testing.T) {
	const syn = `
0.000 < S. 0:0(0) ack 1 win 65160 ipid 0
`
	const closes = `
+3.000 < F. %d:%[1]d(0) ack 28
+0.880 < R  %[2]d:%[2]d(0) win 0`
	f := last(t, syn+"+0.030 < P. 1 ack 28 \"VALUE 1\\r\\n\""+fmt.Sprintf(closes, 10, 11))
	if f.Rule != lateGoodbye && f.Rule != keepaliveRace || f.Harm == harmless || f.Confidence > 0.7 || strings.Contains(f.Summary, "only a closing") {
		t.Errorf("%s %.2f: %s\n%s", f.Rule.ID, f.Confidence, f.Summary, tell(f))
	}
	f = last(t, syn+"+0.030 < P. 1 ack 1 \"SSH-2.0-b\\r\\n\"\n+3.0 < F. 12:12(0) ack 1\n+0.880 < R  13:13(0) win 0")
	if f.Harm == harmless || strings.Contains(f.Summary, "complete") || strings.Contains(f.Symptom, "TLS") {
		t.Errorf("%s %.2f: %s\n%s", f.Rule.ID, f.Confidence, f.Summary, tell(f))
	}
}
