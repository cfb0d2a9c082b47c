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

// running turns an open request into a stream where nothing but turns says that it is a request, and it was still
// coming: while the other side acknowledges new data, nothing is left unanswered.
func (c *Facts) running(l *Close, b Completion) Completion {
	x := l.Exchange
	if b.State != OpenRequest || b.After || !x.Guess || x.Last[b.Side].Len < LongMessage ||
		x.Last[b.Side].Kind == exchange.ClientHello {
		return b
	}
	var s Stream
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
		}
	}
	// Acknowledgments of one burst come within a round trip.
	if !s.Last.Seen() || s.Last.Time.Sub(s.First.Time) < max(c.RTT, 10*time.Millisecond) ||
		l.Time.Sub(s.Last.Time) > c.Soon() {
		return b
	}
	s.Bytes = int64(highest.Sub(from))
	b.State, b.Stream = Running, s
	return b
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
	case b.Finished(c.Side) && b.Side != c.Side:
		if f := c.windowFell(l); f.Bytes > 0 {
			b.State, b.Fall, b.Got = Unread, f, f.Bytes
		}
	}
	return b
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
