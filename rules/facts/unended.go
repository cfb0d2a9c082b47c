package facts

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
)

// How long after its own last bytes a program closes that neither closes as soon as it has said all nor waits
// for more: it is in the middle of something.
const (
	pauseFrom = 5 * time.Millisecond
	pauseTo   = 500 * time.Millisecond
)

// unended looks again at an exchange inside TLS that is complete as far as turns show. A server that closes on
// purpose says close_notify (RFC 8446 §6.1); some leave it out, but these close directly behind their last byte,
// or when their idle time is over. One that does neither was most likely ended from outside.
func (c *Facts) unended(l *Close, b Completion) Completion {
	const o, r = flows.Originator, flows.Responder
	x := l.Exchange
	if c.Side != r || l.By != ByFIN && (l.By != ByThis || c.Kind == KindReply) || !x.TLS || !x.HandshakeOK ||
		c.Conn.Defects&(LostBytes|flows.SnapCut|flows.NoHandshake) != 0 {
		return b
	}
	if x.CloseNotify[o] != 0 || x.CloseNotify[r] != 0 || x.AlertFrame[o] != 0 || x.AlertFrame[r] != 0 ||
		c.Rcv.FIN.Seen() && c.Rcv.FIN.Frame < l.Frame {
		return b
	}
	sent := l.LastData[r]
	if b.State != Answered && b.State != Unused || !sent.Seen() {
		return b
	}
	if pause := c.between(sent, l.Mark); pause < pauseFrom || pause > pauseTo {
		return b
	}
	b.State, b.Side, b.Frame = Unended, r, sent.Frame
	b.Since = c.between(sent, l.Mark)
	return b
}
