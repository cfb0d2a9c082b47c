package facts

import (
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/exchange"
)

// oneSidedCompletion judges a connection of which only the RST's sender is in the capture: what it acknowledged
// shows whether the other side spoke after its own last words.
func (c *Facts) oneSidedCompletion(l *Close, mid bool) Completion {
	x := l.Exchange
	const o, r = flows.Originator, flows.Responder
	me, peer := c.Side, c.Side.Peer()
	heard, at, known := c.ackedSince(l)
	b := Completion{Side: me, Frame: x.Last[me].Frame, Text: x.Last[me].Text, Want: -1}
	if end := l.LastData[me]; end.Seen() {
		b.Since = c.between(end, l.Mark)
	}
	if turn := c.lastTurn(l); (x.Protocol == "" || x.Guess) && !x.TLS && turn.Frame > b.Frame {
		b.Frame, b.Text = turn.Frame, ""
	}
	spoke := x.Last[me].Frame > 0
	switch {
	case x.BodySide == int(me) && x.BodyWant >= 0 && x.BodyGot < x.BodyWant:
		b.State, b.Got, b.Want = CutResponse, x.BodyGot, x.BodyWant
		if me == o {
			b.State = CutRequest
		}
	case x.Last[me].Kind == exchange.Partial || me == r && x.Open[r]:
		b.State = CutResponse
	case x.Last[me].Kind == exchange.Goodbye || x.CloseNotify[me] != 0:
		b.State = SaidGoodbye
	case (x.TLS || me == r && spoke) && !mid && setup(x.Last[me].Kind):
		b.State = OpenHandshake
	case me == r && !mid && x.Last[me].Kind == exchange.Greeting && heard <= 1:
		b.State = Unused
	case !known || mid && !spoke:
		b.State = Unclear
	case me == o && !spoke, me == r && !spoke && heard == 0:
		b.State = Unused
	case me == o && heard > 1 && c.stillComing(l):
		b.State, b.Side, b.Frame, b.Text = InFlight, r, 0, "" // with more of the answer under way
	case me == o && heard > 1, me == o && spoke && c.answeredBetween(x.Last[me].Frame, l):
		b.State, b.Side, b.Frame, b.Text = Answered, r, 0, ""
		b = c.flight(l, b)
	case me == o && l.By == ByFIN && c.ackedAfter(l.Frame) > 1:
		b = Completion{State: Unclear} // it went on receiving after its FIN
	case me == o:
		b.State = OpenRequest
	case heard > 1 && x.Last[me].Kind == exchange.Request && !x.Guess:
		b = Completion{State: Unclear} // it asks too: what came may have been the answer
	case heard > 1 && me == r && x.Last[me].Kind == exchange.Refusal:
		b = Completion{State: CutRequest, Side: peer, Want: -1} // what it had refused went on coming
	case heard > 1 && !(x.TLS && heard >= alertFrom && heard <= alertTo):
		b.State, b.Side, b.Frame, b.Text, b.Since = OpenRequest, peer, 0, "", c.between(at, l.Mark)
		b = c.runningUnseen(l, b)
	case heard > 1:
		b.State = SaidGoodbye
	case heard == 1 && l.By == ByThis && spoke:
		b = Completion{State: Unclear} // a FIN, or a byte of the peer's next message
	default:
		b.State = Answered
		b = c.flight(l, b)
	}
	return b
}

// lastTurn returns the first data of the sender behind the last growth of what it acknowledges: its peer had spoken
// before, and it began a new message there.
func (c *Facts) lastTurn(l *Close) (turn flows.Mark) {
	var acked flows.Seq
	known := false
	for i := range c.Conn.Events {
		e := &c.Conn.Events[i]
		if e.Side != c.Side || !e.Flags.Has(flows.ACK) || e.Flags&flows.RST != 0 || e.Frame > l.Frame ||
			e.Notes&(flows.Retransmitted|flows.Duplicate) != 0 {
			continue
		}
		if !known || e.ACK.Sub(acked) > 0 {
			acked, known, turn = e.ACK, true, flows.Mark{}
		}
		if e.DataLen > 0 && !turn.Seen() {
			turn = e.Mark
		}
	}
	return turn
}

// stillComing reports whether, in a capture of the client alone, more of the server's data was coming when it closed:
// its RST acknowledges several segments at once that nothing before it did, or several RSTs leave at one moment, each
// of which answers a segment.
func (c *Facts) stillComing(l *Close) bool {
	const several = 4 * 1460
	if l.By == ByThis && c.Flags.Has(flows.ACK) && c.Snd.HasRCV {
		return c.ACK.Sub(c.Snd.RCV.NXT) > several
	}
	return l.By == ByFIN && c.trainAfter() >= 3
}

// answeredBetween reports whether the sender acknowledged new bytes of its peer after its message at frame and before
// its own last data: that message had its answer, and what followed is not named.
func (c *Facts) answeredBetween(frame int, l *Close) bool {
	var at flows.Seq
	known := false
	for i := range c.Conn.Events {
		e := &c.Conn.Events[i]
		switch {
		case e.Side != c.Side || !e.Flags.Has(flows.ACK) || e.Flags&flows.RST != 0 || e.Frame < frame:
		case !known:
			at, known = e.ACK, true
		case e.Frame <= l.LastData[c.Side].Frame && e.ACK.Sub(at) > 0:
			return c.Conn.End(c.Side).FIN.Seen()
		}
	}
	return false
}

// ackedSince returns how many bytes of its peer the sender acknowledged between its own last data and the
// moment of closing, from when on, and whether the capture shows it.
func (c *Facts) ackedSince(l *Close) (n int32, at flows.Mark, known bool) {
	var from, to flows.Seq
	last := l.LastData[c.Side].Frame
	for i := range c.Conn.Events {
		e := &c.Conn.Events[i]
		if e.Side != c.Side || !e.Flags.Has(flows.ACK) || e.Flags&flows.RST != 0 || e.Frame > l.Frame {
			continue
		}
		if !known && (last == 0 || e.Frame >= last) {
			from, known = e.ACK, true
		}
		if !known {
			continue
		}
		if to = e.ACK; !at.Seen() && to.Sub(from) > 0 {
			at = e.Mark
		}
	}
	if l.By == ByThis && c.Flags.Has(flows.ACK) && known && c.ACK.Sub(to) > 0 {
		if to = c.ACK; !at.Seen() {
			at = c.Mark
		}
	}
	return to.Sub(from), at, known
}

// HeardUnseen returns how many bytes of the peer the sender acknowledged in a capture of its own segments alone. A
// single one may be a FIN.
func (c *Facts) HeardUnseen() int32 {
	if !c.OneSided() {
		return 0
	}
	if n, _, known := c.ackedSince(&c.Close); known && n > 1 {
		return n
	}
	return 0
}
