package rules

import (
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/rules/claim"
)

// pushes are events that a server, where the capture is, sends to a client 24 ms away.
const pushes = `
> ttl 63
< ttl 64 ipid 48531
0.000  > S  0:0(0) ipid 50006
+0.000 < S. 0:0(0) ack 1 ipid 0
+0.025 > .  1:1(0) ack 1 ipid 50007
+0.002 < P. 1 ack 1 "one\r\n"
+0.024 > .  1:1(0) ack 6 ipid 50008
+0.280 < P. 6 ack 1 "two\r\n"
+0.024 > .  1:1(0) ack 11 ipid 50009
+0.280 < P. 11 ack 1 "six\r\n"
`

// TestDeviceWithoutTheConnection: an exact reply to the last event, sooner than the client ever answered and with
// another TTL, is what a device sends that rejects the event or has lost the connection; it is no more a forged RST than
// the other. One that has IP IDs of its own, or other numbers, is.
func TestDeviceWithoutTheConnection(t *testing.T) {
	for _, c := range []struct {
		what, text string
		sure       bool
	}{
		{"a reply as a stack makes it", pushes + "+0.000145 > R 1:1(0) win 0 ttl 64 ipid 0", false},
		{"after a round trip", pushes + "+0.024 > R 1:1(0) win 0 ttl 64 ipid 0", false},
		{"an IP ID out of the client's count", pushes + "+0.000145 > R 1:1(0) win 0 ttl 64 ipid 777", true},
		{"two guesses", pushes + "+0.000145 > R 1:1(0) win 0 ttl 64 ipid 0\n+0.00001 > R 501:501(0) win 0 ttl 64 ipid 0", true},
	} {
		_, found := explain(t, c.text)
		f := found[0]
		open := 0.0
		for _, a := range f.Alternatives {
			if a.Cause == UnknownConnection {
				open = a.Confidence
			}
		}
		if f.Rule != forgedReset || f.Origin != OriginMiddlebox || c.sure != (f.Confidence >= 0.9) || !c.sure && open < 0.35 {
			t.Errorf("%s: %s %.2f, unknown-connection %.2f: %s\n%s", c.what, f.Rule.ID, f.Confidence, open, f.Summary, tell(f))
		}
		if !c.sure && (f.Trigger != 8 || !f.Claims(claim.ReplyTo) || !strings.Contains(f.Remedy, "NAT")) {
			t.Errorf("%s: trigger %d: %s\n%s", c.what, f.Trigger, f.Remedy, tell(f))
		}
	}
}
