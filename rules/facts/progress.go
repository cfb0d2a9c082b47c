package facts

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/exchange"
)

// A Stream is data that one side was sending and the other acknowledged as it came, without data of its own.
type Stream struct {
	First, Last flows.Mark // acknowledgments; the last of those that acknowledge new data
	Bytes       int64      // acknowledged from the first to the last
}

// streamSegments are so many segments of a side that its timeline cannot hold them all.
const streamSegments = 24

// running turns an open request into a stream where nothing but turns says that it is a request, and it was still
// coming: while the other side acknowledges new data, nothing is left unanswered.
func (c *Facts) running(l *Close, b Completion) Completion {
	x := l.Exchange
	if b.State != OpenRequest || b.After || !x.Guess || x.Last[b.Side].Len < LongMessage ||
		x.Last[b.Side].Kind == exchange.ClientHello {
		return b
	}
	s, _ := c.acknowledging(l, b)
	// Acknowledgments of one burst come within a round trip; of a fast stream, the timeline holds no more than that.
	took := s.Last.Time.Sub(s.First.Time)
	if c.Conn.Ends[b.Side].DataSegments > streamSegments {
		took = max(took, l.LastData[b.Side].Time.Sub(flows.Time(x.Last[b.Side].Time)))
	}
	if !s.Last.Seen() || took < max(c.RTT, 10*time.Millisecond) || l.Time.Sub(s.Last.Time) > c.Soon() {
		return b
	}
	b.State, b.Stream = Running, s
	return b
}

// streamSteps is how many acknowledgments, each of more than the last, show that data of a side that was not captured
// comes as a stream.
const streamSteps = 8

// runningUnseen is running for data that the capture does not hold: that the sender's acknowledgments rose up to the
// close shows that it was coming.
func (c *Facts) runningUnseen(l *Close, b Completion) Completion {
	s, steps := c.acknowledging(l, b)
	if steps < streamSteps || s.Bytes < LongMessage || l.Time.Sub(s.Last.Time) > c.Soon() {
		return b
	}
	if s.Last.Time.Sub(s.First.Time) < max(c.RTT, 10*time.Millisecond) && c.Snd.Segments <= streamSegments {
		return b // a burst, which may have been all
	}
	b.State, b.Stream = Running, s
	return b
}

// acknowledging returns which data of the side of b the other side acknowledged from b on, and by how many steps.
func (c *Facts) acknowledging(l *Close, b Completion) (s Stream, steps int) {
	var from, highest flows.Seq
	for i := range c.Conn.Events {
		e := &c.Conn.Events[i]
		if e.Side == b.Side || e.Frame < b.Frame || e.Frame >= l.Frame || !e.Flags.Has(flows.ACK) || e.Flags&flows.RST != 0 ||
			e.Notes&flows.Duplicate != 0 {
			continue
		}
		switch {
		case !s.First.Seen():
			s.First, from, highest = e.Mark, e.ACK, e.ACK
		case e.ACK.Sub(highest) > 0:
			s.Last, highest = e.Mark, e.ACK
			steps++
		}
	}
	s.Bytes = int64(highest.Sub(from))
	return s, steps
}

// sending turns an answer that only turns show to be one into a stream where the sender, which closed by FIN, was still
// acknowledging more of it, and more came behind the FIN: it had no end yet.
func (c *Facts) sending(l *Close, b Completion) Completion {
	if b.State != Answered || l.By != ByFIN || !l.Exchange.Guess || l.Exchange.TLS {
		return b
	}
	for i := range c.Conn.Events {
		e := &c.Conn.Events[i]
		if e.Side == b.Side && e.Frame > l.Frame && e.DataLen > 0 && e.Time.Sub(l.Time) <= max(c.Soon(), 50*time.Millisecond) &&
			e.Notes&(flows.Retransmitted|flows.Duplicate|flows.KeepAlive) == 0 {
			y := b
			y.State = OpenRequest
			if y = c.running(l, y); y.State == Running {
				return y
			}
			break
		}
	}
	return b
}

// turnsFrom is how many messages of the originator make an exchange of no known protocol one of turns.
const turnsFrom = 5

// OpaqueTurns reports whether the message that stands open is the last of many of no known protocol: that it is a
// request, and not an answer or one that wants none, is a guess.
func (c *Facts) OpaqueTurns() bool {
	x := c.Close.Exchange
	return c.Close.Completion.State == OpenRequest && x.Protocol == "" && !x.TLS && x.First >= 0 &&
		x.Messages[flows.Originator] >= turnsFrom && x.Messages[flows.Responder] >= turnsFrom-1
}

// AnswerBehind returns the first new data of the other side that was captured behind the RST, so soon that it had been
// sent before the RST arrived, where a request stands open: perhaps its answer. The zero Mark without one.
func (c *Facts) AnswerBehind() flows.Mark {
	b := c.Close.Completion
	if b.State != OpenRequest || c.Close.By != ByThis || b.Side != c.Side || b.Frame == 0 || b.After {
		return flows.Mark{}
	}
	for i := range c.After.Events {
		e := &c.After.Events[i]
		if e.Side != b.Side && e.DataLen > 0 && e.Notes&(flows.Retransmitted|flows.Duplicate) == 0 &&
			e.Time.Sub(c.Time) <= c.Soon() {
			return e.Mark
		}
	}
	return flows.Mark{}
}

// Quiet returns how long before the close the message that stands open had last made progress: new data of it, or an
// acknowledgment of new data.
func (c *Facts) Quiet() time.Duration {
	b := c.Close.Completion
	quiet := b.Since
	var highest flows.Seq
	known := false
	for i := range c.Conn.Events {
		e := &c.Conn.Events[i]
		if e.Side == b.Side || e.Frame >= c.Close.Frame || !e.Flags.Has(flows.ACK) || e.Flags&flows.RST != 0 {
			continue
		}
		if known && e.ACK.Sub(highest) > 0 {
			quiet = min(quiet, c.Close.Time.Sub(e.Time))
		}
		if !known || e.ACK.Sub(highest) > 0 {
			known, highest = true, e.ACK
		}
	}
	return quiet
}

// A Fall is a receive window that fell by what its side acknowledged: the application did not read it.
type Fall struct {
	First, Last flows.Mark
	Bytes       int64
}

// A window that fell by so much, over so long, did not fall for want of time to read.
const (
	fallFrom  = 1000
	fallTimes = 20 * time.Millisecond
)

// windowFell returns by how much the receive window of the RST's sender had fallen when it closed, since its own last
// data: over several acknowledgments, ACK plus window stayed the same.
func (c *Facts) windowFell(l *Close) Fall {
	e := c.Snd
	if !e.SYN.Seen() {
		return Fall{} // the scale of its window is not known
	}
	slack := int32(1)
	if e.SYNOpts.HasWScale && c.Rcv.SYNOpts.HasWScale {
		slack = 1 << e.SYNOpts.WScale
	}
	var first, last *flows.Event
	for i := len(c.Conn.Events) - 1; i >= 0; i-- {
		v := &c.Conn.Events[i]
		if v.Side != c.Side || v.Frame >= l.Frame || v.Notes&flows.Duplicate != 0 {
			continue
		}
		if v.Flags&(flows.SYN|flows.RST) != 0 || !v.Flags.Has(flows.ACK) || v.Frame < l.LastData[c.Side].Frame {
			break
		}
		if last == nil {
			last = v
		}
		if d := last.ACK.Add(last.WND).Sub(v.ACK.Add(v.WND)); d > slack || d < -slack {
			break
		}
		first = v
	}
	if first == nil {
		return Fall{}
	}
	f := Fall{First: first.Mark, Last: last.Mark, Bytes: int64(last.ACK.Sub(first.ACK))}
	if f.Bytes < fallFrom || f.Last.Time.Sub(f.First.Time) < fallTimes {
		return Fall{}
	}
	return f
}

// unread looks again at an exchange that is complete by turns: a RST of the sender's own decision after data that it
// had visibly not read, or after a message that wants no answer and had only just come, discards that data.
func (c *Facts) unread(l *Close, b Completion) Completion {
	if c.Kind != KindAbort || l.By != ByThis || c.Rcv.FIN.Seen() && c.Rcv.FIN.Frame < l.Frame {
		return b
	}
	switch {
	case b.State == OneWay && b.Side != c.Side && l.Unread > 0 && b.Since <= c.Soon():
		b.State, b.Got = Unread, int64(l.Unread)
	case b.State == Answered && b.Side == flows.Responder && c.outruns(l):
		o := flows.Originator
		b = Completion{State: CutRequest, Side: o, Frame: l.Exchange.Last[o].Frame, Left: int64(l.Unacked[o]), Want: -1}
	case b.Finished(c.Side) && b.Side != c.Side && c.Snd.ZeroWND.Seen():
		b.State, b.Full = Unread, true // what fills its window, and what its peer holds back
	case b.Finished(c.Side) && b.Side != c.Side:
		if f := c.windowFell(l); f.Bytes > 0 {
			b.State, b.Fall, b.Got = Unread, f, f.Bytes
		}
	}
	return b
}

// outruns reports whether the RST's sender, a client, had sent more than a closing message that the server cannot have
// answered: what it said last left before all of that arrived, and only turns make it an answer.
func (c *Facts) outruns(l *Close) bool {
	const o, r = flows.Originator, flows.Responder
	return c.ByClient() && l.Exchange.Guess && !l.Exchange.TLS && l.Unacked[o] > maxParting &&
		l.LastData[o].Frame < l.LastData[r].Frame
}

// said returns what the applications said, without data on a SYN that its receiver did not acknowledge: a TCP without
// Fast Open drops it (RFC 7413 §3), and the application never gets it.
func (c *Facts) said() *exchange.Summary {
	k := c.Conn
	x := &k.Exchange
	o := k.End(flows.Originator)
	if !k.SYN.Seen() || !o.FirstData.Seen() || o.FirstData.Frame != k.SYN.Frame || o.LastData.Frame != k.SYN.Frame ||
		!o.HasISS || !k.SYNACK.Seen() || o.SND.UNA.Sub(o.SND.ISS) > 1 || x.Last[flows.Responder].Frame > 0 {
		return x
	}
	return &exchange.Summary{Speaker: -1, First: -1, BodyWant: -1, BodySide: -1, AlertSide: -1, RequestSide: -1,
		VerdictSide: -1,
		Unused:      [2]bool{true, true}}
}

// BeginsAtClose reports whether the capture begins when the connection was already being closed: nothing of it before
// the first FIN but acknowledgments.
func (c *Facts) BeginsAtClose() bool {
	k := c.Conn
	if !k.Defects.Has(flows.NoHandshake) || k.Defects.Has(flows.Evicted) {
		return false
	}
	var fin flows.Mark
	for s := range k.Ends {
		for _, m := range [...]flows.Mark{k.Ends[s].FIN, k.Ends[s].UnseenFIN} {
			if m.Seen() && m.Frame < c.Frame && (!fin.Seen() || m.Frame < fin.Frame) {
				fin = m
			}
		}
	}
	if !fin.Seen() {
		return false
	}
	for s := range k.Ends {
		if m := k.Ends[s].FirstData; m.Seen() && m.Frame < fin.Frame {
			return false
		}
	}
	return true
}
