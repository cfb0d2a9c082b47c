package facts

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/exchange"
)

// uncrossed takes a request out of the exchange that crossed the sender's FIN or RST on its way: the
// sender had not received it (it acknowledges none of it) when it closed.
func (c *Facts) uncrossed(l *Close) *exchange.Summary {
	x := l.Exchange
	const o, r = flows.Originator, flows.Responder
	ended := x.Last[r].Kind == exchange.Refusal || x.Last[r].Kind == exchange.Goodbye // unasked, it may come behind it
	if c.Side != r || x.Speaker != int(o) && !ended || l.Unacked[o] == 0 || x.Last[o].Len == 0 ||
		l.Unacked[o] < x.Last[o].Len || x.Last[r].Frame == 0 {
		return x
	}
	if !ended && c.lostRequest(l) {
		return x
	}
	y := *x
	y.Speaker = int(r)
	if y.RequestSide == int(o) && y.Request.Frame >= y.Last[o].Frame {
		y.Request, y.RequestSide = exchange.Message{}, -1
		if y.Waiting[o] = max(y.Waiting[o]-1, 0); y.Guess {
			y.Waiting[o] = 0 // by turns, the responder had the last word
		}
		y.Pending = y.Waiting[0] + y.Waiting[1]
	}
	for _, at := range []*int{&y.CloseNotify[o], &y.Goodbye[o], &y.AlertFrame[o]} {
		if *at >= y.Last[o].Frame {
			*at = 0
		}
	}
	if y.BodySide == int(o) {
		y.BodySide, y.BodyWant, y.BodyGot = -1, -1, 0
	}
	y.Last[o] = exchange.Message{}
	y.Open[o], y.Likely[o] = false, false
	return &y
}

// crossingFor is how long after its last data an abort can cross a request of the same conversation. After a longer
// pause it is that of a kept-alive connection.
const crossingFor = time.Second

// lostRequest reports whether an abort of the responder, in mid-conversation, leaves out a request of the originator
// that was captured before it: unlike one that crosses the close of a connection at rest, it is part of what the abort
// ended.
func (c *Facts) lostRequest(l *Close) bool {
	x := l.Exchange
	asked, said := &x.Last[flows.Originator], l.LastData[flows.Responder]
	return l.By == ByThis && c.crossed(l) && !x.CloseAnnounced[flows.Responder] && said.Seen() && asked.Frame > said.Frame &&
		flows.Time(asked.Time).Sub(said.Time) < crossingFor
}

// Crossed reports whether the sender aborted while a request of its peer was on its way: captured before the RST, whose
// ACK leaves all of it out.
func (c *Facts) Crossed() bool { return c.crossed(&c.Close) }

func (c *Facts) crossed(l *Close) bool {
	peer := c.Side.Peer()
	m := &c.Conn.Exchange.Last[peer]
	if l.By != ByThis || c.Kind != KindAbort || l.Unacked[peer] < max(m.Len, 1) || m.Frame == 0 || m.Frame > l.Frame {
		return false
	}
	switch m.Kind {
	case exchange.Request, exchange.Opaque, exchange.ClientHello:
		return true
	}
	return false
}

// Withdrawn returns the response of the peer that the sender ended the session in the middle of, by its protocol's own
// words (an LDAP unbind during a search), and whether there is one.
func (c *Facts) Withdrawn() (*exchange.Message, bool) {
	b, m := c.Close.Completion, &c.Close.Exchange.Last[c.Side.Peer()]
	return m, b.State == SaidGoodbye && b.Side == c.Side && m.Kind == exchange.Partial && m.Frame < b.Frame
}

// Preceded reports whether a segment that the capture has behind the RST is older by its time: what the sender said last,
// or what the RST answers, may be that segment.
func (c *Facts) Preceded() bool {
	for i := range c.After.Events {
		e := &c.After.Events[i]
		if e.Time < c.Time && e.Flags&flows.RST == 0 && e.Notes&flows.Duplicate == 0 {
			return true
		}
	}
	return false
}

// crossingSlack is how much longer than usual a path may take at times.
const crossingSlack = 500 * time.Millisecond

// CrossedAfter returns the first data of the peer that was captured behind an abort and had been sent before the RST could
// arrive: it was lost. A closing message is not meant. The zero Mark without one.
func (c *Facts) CrossedAfter() flows.Mark {
	m := c.After.ReceiverData
	if c.Close.By != ByThis || c.Kind != KindAbort || !m.Seen() || m.Time.Sub(c.Time) > c.Soon()+crossingSlack {
		return flows.Mark{}
	}
	e := c.eventAfter(m.Frame)
	if e == nil || e.Flags.Has(flows.FIN) || c.Close.Exchange.TLS && e.DataLen <= MaxSealedAlert {
		return flows.Mark{}
	}
	return m
}
