package rules

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/exchange"
)

// A LetGo is the moment when the RST's sender gave the connection up: its FIN, else its first RST.
type LetGo struct {
	flows.Mark
	By       LetGoBy
	Exchange *exchange.Summary // what had been said by then
	Unread   uint32
	Unacked  [2]uint32 // octets under way, by side
	LastData [2]flows.Mark
	Business Business
}

// A LetGoBy says by what the sender let go.
type LetGoBy uint8

// The ways to let go.
const (
	ByThis      LetGoBy = iota // the RST itself
	ByFIN                      // an earlier FIN
	ByUnseenFIN                // an earlier FIN that the capture missed, known by its acknowledgment
	ByEarlier                  // an earlier RST
)

// letGo finds the moment.
func (c *Case) letGo() LetGo {
	k := c.Conn
	if snap := k.LetGo[c.Side]; snap != nil && snap.Frame < c.Frame {
		l := LetGo{Mark: snap.Mark, By: ByEarlier, Exchange: &snap.Exchange, Unread: snap.Unread, Unacked: snap.Outstanding, LastData: snap.LastData}
		if snap.FIN {
			l.By = ByFIN
		}
		l.Business = c.business(&l)
		return l
	}
	l := LetGo{Mark: c.Mark, By: ByThis, Exchange: &k.Exchange, Unread: c.Snd.Unread}
	for s := range 2 {
		l.LastData[s] = k.Ends[s].LastData
		l.Unacked[s] = k.Ends[s].Outstanding()
	}
	// What the RST itself acknowledges is no longer under way.
	if c.Flags.Has(flows.ACK) && c.Rcv.HasSND && c.ACK.Sub(c.Rcv.SND.UNA) > 0 {
		l.Unacked[c.Side.Peer()] = uint32(max(c.Rcv.SND.NXT.Sub(c.ACK), 0))
	}
	switch {
	case c.Snd.FIN.Seen() && c.Snd.FIN.Frame < c.Frame:
		l.Mark, l.By = c.Snd.FIN, ByFIN
	case c.Snd.UnseenFIN.Seen() && c.Snd.UnseenFIN.Frame < c.Frame:
		l.Mark, l.By = c.Snd.UnseenFIN, ByUnseenFIN
	}
	if l.By != ByThis {
		l.Exchange = until(&k.Exchange, c.Side, l.Frame)
		if peer := c.Side.Peer(); l.LastData[peer].Frame > l.Frame {
			l.LastData[peer] = c.dataBefore(peer, l.Frame)
		}
		l.Unacked = [2]uint32{}
	}
	l.Business = c.business(&l)
	return l
}

// dataBefore returns the last data of side s before frame, as far as the timeline tells.
func (c *Case) dataBefore(s flows.Side, frame int) flows.Mark {
	var m flows.Mark
	for i := range c.Conn.Events {
		if e := &c.Conn.Events[i]; e.Side == s && e.DataLen > 0 && e.Frame < frame {
			m = e.Mark
		}
	}
	return m
}

// until returns what is known of an exchange at an earlier frame: messages of the peer that began after it
// are left out.
func until(x *exchange.Summary, sender flows.Side, frame int) *exchange.Summary {
	peer := sender.Peer()
	if x.Last[peer].Frame <= frame {
		return x
	}
	y := *x
	y.Last[peer] = exchange.Message{}
	y.Speaker = int(sender)
	if y.Messages[peer]--; y.Messages[peer] == 0 && y.Messages[sender] == 0 {
		y.Speaker = -1
	}
	return &y
}

// A Business says how far the two applications were when the sender let go: the line between peer-crash
// and fast-close (causes.md §1.2).
type Business struct {
	Matter Matter
	Side   flows.Side    // whose message stands open, is cut or came last
	Frame  int           // of that message
	Since  time.Duration // from its last octet to the moment of letting go
	Text   string        // its first line, "" when opaque
	Got    int64         // octets of a cut body
	Want   int64         // octets announced, −1 unknown
}

// A Matter is what stood open, or that nothing did.
type Matter uint8

// The matters. Those before Answered are unfinished, whoever lets go.
const (
	Unclear       Matter = iota // the capture does not tell
	OpenRequest                 // a request stands unanswered
	OpenHandshake               // TLS or another set-up is not finished
	CutResponse                 // a response is cut short
	CutRequest                  // a request is cut short: its body has not all arrived
	InFlight                    // data of the peer was under way
	Unused                      // nobody has asked for anything yet
	Answered                    // the last message was an answer, and all of it
	SaidGoodbye                 // the last messages end the exchange by the protocol
)

// Finished reports whether s left nothing undone by letting go: the exchange was complete, or s is the
// originator and had never used the connection.
func (b Business) Finished(s flows.Side) bool {
	switch b.Matter {
	case Answered, SaidGoodbye:
		return true
	case Unused:
		return s == flows.Originator
	}
	return false
}

// Unfinished reports whether s left something undone.
func (b Business) Unfinished(s flows.Side) bool {
	return b.Matter != Unclear && !b.Finished(s)
}

// business judges what stood open at l.
func (c *Case) business(l *LetGo) Business {
	x := l.Exchange
	last := func(m Matter, side flows.Side) Business {
		msg := &x.Last[side]
		b := Business{Matter: m, Side: side, Frame: msg.Frame, Text: msg.Text, Want: -1}
		if end := l.LastData[side]; end.Seen() && end.Frame <= l.Frame {
			b.Since = l.Time.Sub(end.Time)
		}
		return b
	}
	const o, r = flows.Originator, flows.Responder
	mid := c.Conn.Defects&(flows.NoHandshake|flows.Evicted) != 0 // set-up messages may lie before the capture
	if x.Speaker < 0 {
		if mid || c.Conn.Defects.Has(flows.MissedPackets) {
			return Business{Matter: Unclear}
		}
		return Business{Matter: Unused, Side: o}
	}
	speaker := flows.Side(x.Speaker)
	kind := x.Last[speaker].Kind

	if x.TLS && !x.HandshakeOK && !mid && x.Pending == 0 && setup(x.Last[o].Kind) && setup(x.Last[r].Kind) {
		return last(OpenHandshake, speaker)
	}
	if x.BodySide >= 0 && x.BodyWant >= 0 && x.BodyGot < x.BodyWant && !c.Conn.Defects.Has(flows.MissedPackets) {
		b := last(CutResponse, flows.Side(x.BodySide))
		if x.BodySide == int(o) {
			b.Matter = CutRequest
		}
		b.Got, b.Want = x.BodyGot, x.BodyWant
		return b
	}
	if x.Last[r].Kind == exchange.Partial && speaker == r {
		b := last(CutResponse, r)
		b.Got, b.Want = x.BodyGot, x.BodyWant
		return b
	}
	if x.Pending > 0 && !c.answeredUnseen(l, o) {
		return last(OpenRequest, o)
	}
	if bye := goodbye(x); bye >= 0 {
		return last(SaidGoodbye, flows.Side(bye))
	}
	if x.Unused[o] && (x.HandshakeOK || !x.TLS) {
		return last(Unused, o)
	}
	switch kind {
	case exchange.Refusal, exchange.Response:
		if speaker == r {
			return c.flight(l, last(Answered, r))
		}
		return last(Answered, speaker)
	case exchange.Greeting:
		return last(Unused, r)
	case exchange.ClientHello, exchange.Handshake, exchange.Alert:
		if mid {
			return Business{Matter: Unclear}
		}
		return last(OpenHandshake, speaker)
	case exchange.Housekeeping:
		return last(Answered, speaker)
	case exchange.Request:
		if c.answeredUnseen(l, speaker) {
			return last(Answered, speaker.Peer())
		}
		return last(OpenRequest, speaker)
	}
	// Octets of no known protocol: turn-taking decides. The originator asks, the responder answers.
	if speaker == o {
		if c.answeredUnseen(l, o) {
			return last(Answered, r)
		}
		return last(OpenRequest, o)
	}
	if x.First == int(r) && x.Messages[o] == 0 {
		if mid {
			return c.flight(l, last(Answered, r))
		}
		return last(Unused, r) // it spoke first, and nobody asked for anything
	}
	return c.flight(l, last(Answered, r))
}

// setup reports whether a message of this kind belongs to the opening of a connection.
func setup(k exchange.Kind) bool {
	switch k {
	case exchange.None, exchange.ClientHello, exchange.Handshake, exchange.Alert:
		return true
	}
	return false
}

// goodbye returns the side whose goodbye stands, −1 without one. A goodbye counts when it is the last
// message of its side and nothing that wants an answer came after it.
func goodbye(x *exchange.Summary) int {
	for _, s := range [2]int{x.Speaker, 1 - x.Speaker} {
		m := &x.Last[s]
		if m.Kind != exchange.Goodbye && x.CloseNotify[s] == 0 {
			continue
		}
		if s == x.Speaker || x.Last[1-s].Kind == exchange.Housekeeping || x.Last[1-s].Kind == exchange.Response || x.Last[1-s].Kind == exchange.Goodbye {
			return s
		}
	}
	return -1
}

// answeredUnseen reports whether side s, which spoke last as far as the capture shows, acknowledged octets
// of its peer after that: the answer is missing from the capture.
func (c *Case) answeredUnseen(l *LetGo, s flows.Side) bool {
	if c.Conn.Defects&(flows.OneDirection|flows.MissedPackets) == 0 {
		return false
	}
	return c.Conn.Ends[s].AckedSince > 0
}

// flight turns an answered exchange into a cut one when the answer was still coming.
func (c *Case) flight(l *LetGo, b Business) Business {
	if !c.ByClient() || b.Side != flows.Responder {
		return b
	}
	// The responder had data under way that the sender had not acknowledged when it let go.
	if l.Unacked[flows.Responder] > 0 && l.LastData[flows.Responder].Frame > 0 {
		b.Matter, b.Got, b.Want = InFlight, int64(l.Unacked[flows.Responder]), -1
		return b
	}
	// Or it went on sending although it had not yet heard: more of the same answer.
	if l.By == ByThis && c.After.ReceiverData.Seen() && c.After.ReceiverData.Time.Sub(c.Time) < c.Soon() && b.Since < c.Soon() {
		b.Matter, b.Want = InFlight, -1
	}
	return b
}
