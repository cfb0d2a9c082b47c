package rules

import (
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/rules/claim"
)

// TestOneAnswerAndClose: a server that answers one query and closes has left the next one, which it had received by then,
// perhaps on purpose; what it sent is not denied to be a response. Where it answers nothing after a query, it is surer.
func TestOneAnswerAndClose(t *testing.T) {
	const query = `"\x00\x1d\x12ID\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x03com\x00\x00\x01\x00\x01"`
	const answer = `"\x00\x1d\x12\x34\x81\x80\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x03com\x00\x00\x01\x00\x01"`
	first, second := strings.Replace(query, "ID", `\x34`, 1), strings.Replace(query, "ID", `\x35`, 1)
	begun := "conn 1 192.0.2.1:50000 > 198.51.100.1:53\n" + opened + "+0.001 > P. 1 ack 1 " + first + "\n"
	served := last(t, begun+"+0.020 < . 1:1(0) ack 32\n+0.001 > P. 32 ack 1 "+second+"\n+0.011 < P. 1 ack 32 "+answer+
		"\n+0.0001 > . 63:63(0) ack 32\n+0.0001 < F. 32:32(0) ack 32\n+0.013 < R 1:1(0) win 0 ipid 0")
	if served.Rule != dataAfterFIN || served.Confidence > 0.86 || !served.Claims(claim.NoResponse) {
		t.Errorf("%s %.2f %s\n%s", served.Rule.ID, served.Confidence, served.Summary, tell(served))
	}
	if s := tell(served); !strings.Contains(s, "no response to it") {
		t.Error(s)
	}
	unserved := last(t, begun+"+0.020 < . 1:1(0) ack 32\n+0.001 > P. 32 ack 1 "+second+
		"\n+0.011 < F. 1:1(0) ack 32\n+0.013 < R 1:1(0) win 0 ipid 0")
	if unserved.Rule != dataAfterFIN || unserved.Confidence < 0.95 {
		t.Errorf("%s %.2f %s\n%s", unserved.Rule.ID, unserved.Confidence, unserved.Summary, tell(unserved))
	}
}
