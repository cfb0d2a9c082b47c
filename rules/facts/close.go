package facts

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/exchange"
)

// A Close is the moment when the RST's sender gave the connection up: its FIN, else its first RST.
type Close struct {
	flows.Mark
	By         CloseBy
	Exchange   *exchange.Summary // what had been said by then
	Unread     uint32
	Unacked    [2]uint32 // bytes under way, by side
	LastData   [2]flows.Mark
	Completion Completion
}

// A CloseBy says by what the sender closed.
type CloseBy uint8

// The ways to close.
const (
	ByThis      CloseBy = iota // the RST itself
	ByFIN                      // an earlier FIN
	ByUnseenFIN                // an earlier FIN that the capture missed, known by its acknowledgment
	ByEarlier                  // an earlier RST
)

// findClose finds the moment.
func (c *Facts) findClose() Close {
	k := c.Conn
	if snap := k.Closes[c.Side]; snap != nil && snap.Frame < c.Frame && !(snap.FIN && c.HalfClosed()) {
		l := Close{Mark: snap.Mark, By: ByEarlier, Exchange: &snap.Exchange, Unread: snap.Unread, Unacked: snap.Outstanding,
			LastData: snap.LastData}
		for s := range l.Unacked {
			if !c.acksSeen(flows.Side(s)) {
				l.Unacked[s] = 0
			}
		}
		if snap.FIN {
			l.By = ByFIN
		}
		l.Completion = c.unended(&l, c.afterGap(&l, c.completion(&l)))
		return l
	}
	said := c.said()
	l := Close{Mark: c.Mark, By: ByThis, Exchange: said, Unread: c.Snd.Unread}
	for s := range 2 {
		l.LastData[s] = k.Ends[s].LastData
		if c.acksSeen(flows.Side(s)) {
			l.Unacked[s] = k.Ends[s].UnackedData()
		}
	}
	// What the RST itself acknowledges is no longer under way.
	if c.Flags.Has(flows.ACK) && c.Rcv.HasSND && c.ACK.Sub(c.Rcv.SND.UNA) > 0 {
		l.Unacked[c.Side.Peer()] = uint32(max(c.Rcv.SND.NXT.Sub(c.ACK), 0))
	}
	switch {
	case c.HalfClosed():
	case c.Snd.FIN.Seen() && c.Snd.FIN.Frame < c.Frame:
		l.Mark, l.By = c.Snd.FIN, ByFIN
	case c.Snd.UnseenFIN.Seen() && c.Snd.UnseenFIN.Frame < c.Frame:
		l.Mark, l.By = c.Snd.UnseenFIN, ByUnseenFIN
	}
	if l.By != ByThis {
		l.Exchange = c.until(said, l.Frame)
		if peer := c.Side.Peer(); l.LastData[peer].Frame > l.Frame {
			l.LastData[peer] = c.dataBefore(peer, l.Frame)
		}
		l.Unacked = [2]uint32{}
	}
	if x := c.overtaken(); l.By == ByThis && x != nil {
		l.Exchange = x
	}
	l.Completion = c.unread(&l, c.unended(&l, c.afterGap(&l, c.completion(&l))))
	if x := l.Exchange; l.Completion.Finished(c.Side) &&
		(c.gapSince(max(x.Last[0].End, x.Last[1].End), l.Frame, maxParting) ||
			l.By == ByThis && c.Kind == KindUnclear && c.missedAtEnd(c.Side) > maxParting) {
		l.Completion = Completion{State: Unclear} // more than a closing message followed that the capture lacks
	}
	return l
}

// acksSeen reports whether the capture could show what of side s is acknowledged: it holds segments of the peer. Where
// it holds none, nothing is known to be under way.
func (c *Facts) acksSeen(s flows.Side) bool {
	return c.Conn.End(s.Peer()).Segments > 0 || !c.Conn.Defects.Has(flows.OneDirection)
}

// overtaken returns what had been said when the sender sent the RST, where the RST overtook the sender's own
// last bytes on the way: they come after it in the capture, with lower numbers. It returns nil when nothing
// shows that.
func (c *Facts) overtaken() *exchange.Summary {
	if c.Kind != KindAbort || !c.Snd.HasSND || c.SEQ.Sub(c.Snd.SND.NXT) <= 0 {
		return nil
	}
	s, p := c.Side, c.Side.Peer()
	for i := range c.After.Events {
		e := &c.After.Events[i]
		if e.Side != s || e.DataLen == 0 || e.SEQ.Sub(c.Snd.SND.NXT) < 0 || e.End().Sub(c.SEQ) > 0 ||
			e.Time.Sub(c.Time) > c.Soon() {
			continue
		}
		y := c.Conn.Exchange
		y.Speaker, y.Waiting[p] = int(s), 0
		y.Pending = y.Waiting[s]
		y.Last[s] = exchange.Message{Kind: exchange.Response, Frame: e.Frame, Time: int64(e.Time), Len: e.DataLen,
			End: e.Frame}
		y.BodySide, y.BodyWant, y.BodyGot = -1, -1, 0
		return &y
	}
	return nil
}

// dataBefore returns the last data of side s before frame, retransmissions among them, as far as the timeline holds it.
func (c *Facts) dataBefore(s flows.Side, frame int) flows.Mark {
	var m flows.Mark
	for i := range c.Conn.Events {
		if e := &c.Conn.Events[i]; e.Side == s && e.DataLen > 0 && e.Frame < frame && e.Notes&flows.Duplicate == 0 {
			m = e.Mark
		}
	}
	return m
}

// until returns what is known of an exchange at an earlier frame, when the sender closed: what the peer
// began to say after it is taken back.
func (c *Facts) until(x *exchange.Summary, frame int) *exchange.Summary {
	s, p := c.Side, c.Side.Peer()
	if x.Last[p].Frame <= frame {
		return x
	}
	y := *x
	before, own := c.dataBefore(p, frame), c.Snd.LastData
	y.Last[p] = exchange.Message{}
	y.Messages[p] = max(y.Messages[p]-1, 0)
	switch {
	case before.Frame > own.Frame:
		y.Speaker = int(p)
		y.Last[p] = exchange.Message{Kind: exchange.Opaque, Frame: before.Frame, End: before.Frame, Time: int64(before.Time)}
	case own.Seen():
		y.Speaker = int(s)
	default:
		y.Speaker = -1
	}
	if y.Request.Frame > frame {
		y.Request, y.RequestSide = exchange.Message{}, -1
		y.Waiting[p] = max(y.Waiting[p]-1, 0)
	} else if y.Speaker == int(s) && y.RequestSide == int(s) && y.Waiting[s] == 0 && y.Request.Frame > 0 &&
		y.Goodbye[s] == 0 {
		y.Waiting[s] = 1 // the answer came too late
	}
	y.Pending = y.Waiting[0] + y.Waiting[1]
	for _, at := range []*int{&y.CloseNotify[p], &y.Goodbye[p], &y.AlertFrame[p]} {
		if *at > frame {
			*at = 0
		}
	}
	if y.BodySide == int(p) {
		y.BodySide, y.BodyWant, y.BodyGot = -1, -1, 0
	}
	y.Open[p], y.Likely[p], y.InHeader[p] = false, false, false
	return &y
}

// oneClose is within what time a FIN and a RST are one act of a program: it shuts its direction down and closes, and
// what it has not read makes a RST of the rest (RFC 1122 §4.2.2.13). Java's Socket.close does so.
const oneClose = 2 * time.Millisecond

// AtOnce reports whether the sender aborted right behind its own FIN.
func (c *Facts) AtOnce() bool {
	return c.Close.By == ByFIN && c.Kind == KindAbort && c.Time.Sub(c.Close.Time) <= oneClose
}
