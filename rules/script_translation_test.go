package rules

import (
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/rules/claim"
)

// TestUntranslatedAnswer: the same SYN toward two addresses was translated between them, and a SYN-ACK that comes from
// the second alone has passed that device by. Nothing of it is forged, whatever the Ethernet addresses are.
func TestUntranslatedAnswer(t *testing.T) {
	const service, backend = "conn 1 10.244.1.192:38530 > 10.103.175.29:7800\n> iss 5000\n0 > S 0:0(0) <mss 1410,sackOK,TS val 1 ecr 0,nop,wscale 7>\n",
		"conn 2 10.244.1.192:38530 > 10.244.1.189:7800\n> iss 5000\n+0.0002 > S 0:0(0) <mss 1410,sackOK,TS val 1 ecr 0,nop,wscale 7>\n+0.0001 < S. 0:0(0) ack 1\n"
	for _, c := range []struct {
		what, text string
		rule       *Rule
	}{
		{"untranslated", service + backend + "+0.0001 2> R 1:1(0) win 0 ipid 0", wrongHost},
		{"from another Ethernet address", service + backend + "+0.0001 2> R 1:1(0) win 0 ipid 0 mac 02:00:00:00:00:99", wrongHost},
		{"translated back, and cancelled", service + backend + "+0.0001 1< S. 0:0(0) ack 1\n+0.001 1> R 1:1(0) win 0 ipid 0\n+0.0001 2> R 1:1(0) win 0 ipid 0", connectWithdrawn},
		{"another SYN", strings.Replace(service, "iss 5000", "iss 77", 1) + backend + "+0.0001 2> R 1:1(0) win 0 ipid 0", connectWithdrawn},
	} {
		f := last(t, c.text)
		if f.Rule != c.rule || f.Claims(claim.SameSYN) != (c.rule == wrongHost) || strings.Contains(f.Summary, "forged") {
			t.Errorf("%s: %s %.2f: %s\n%s", c.what, f.Rule.ID, f.Confidence, f.Summary, tell(f))
		}
	}
}
