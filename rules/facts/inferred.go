package facts

import (
	"cmp"
	"time"

	"github.com/rstexplain/rstexplain/flows"
)

// inferredRetransmissions returns the sender's retransmissions of one thing at the end of the timeline, which its peer
// acknowledged each time, so that the acknowledgments cannot have arrived: a capture near the peer shows
// it so. Nil when there are fewer than two.
func (c *Facts) inferredRetransmissions() *flows.Run {
	var room [8]flows.Mark // most resets have no such series: they shall cost no allocation
	frames := room[:0]
	run := flows.Run{What: flows.RunData}
	for i := len(c.Conn.Events) - 1; i >= 0; i-- {
		e := &c.Conn.Events[i]
		if e.Side != c.Side || e.LEN() == 0 || e.Notes&(flows.Duplicate|flows.KeepAlive|flows.WindowProbe) != 0 ||
			e.Flags&(flows.RST|flows.SYN) != 0 {
			continue
		}
		if len(frames) > 0 && e.SEQ != run.SEQ {
			break
		}
		if e.Notes&flows.Retransmitted == 0 {
			if len(frames) > 0 {
				run.Orig = e.Mark
			}
			break
		}
		if run.SEQ, run.LEN = e.SEQ, max(run.LEN, e.DataLen); e.DataLen == 0 {
			run.What, run.LEN = flows.RunFIN, 1
		}
		frames = append(frames, e.Mark)
	}
	if len(frames) < 2 || c.heardAfter(frames[0]) {
		return nil
	}
	return NewRun(run, frames)
}

// inferredProbes is the same for keep-alive probes: the answers are in the capture, but probes that follow
// each other sooner than the first followed the last data, and end in a RST, show that none arrived.
func (c *Facts) inferredProbes() *flows.Run {
	var room [8]flows.Mark
	frames := room[:0]
	var before flows.Mark
	for i := len(c.Conn.Events) - 1; i >= 0; i-- {
		e := &c.Conn.Events[i]
		if e.Notes&flows.Duplicate != 0 || e.Flags&flows.RST != 0 {
			continue
		}
		if e.Side == c.Side && (e.Notes&flows.KeepAlive != 0 ||
			c.OneSided() && e.LEN() == 0 && e.SEQ.Sub(c.Snd.SND.NXT) == -1) {
			frames = append(frames, e.Mark)
			continue
		}
		if e.DataLen > 0 || e.Side == c.Side {
			before = e.Mark
			break
		}
	}
	if len(frames) < 3 || !before.Seen() || c.heardAfter(frames[0]) {
		return nil
	}
	run := NewRun(flows.Run{What: flows.RunKeepAlive}, frames)
	if c.OneSided() && backsOff(frames) {
		return run
	}
	every := run.Last.Time.Sub(run.First.Time) / time.Duration(len(frames)-1)
	if run.First.Time.Sub(before.Time) < every*5/4 && !c.OneSided() {
		return nil
	}
	if end := c.Time.Sub(run.Last.Time); end < every*2/3 || end > every*3/2 {
		return nil
	}
	return run
}

// backsOff reports whether the distances between frames, latest first, grow as those of unanswered retransmissions do.
func backsOff(frames []flows.Mark) bool {
	for i := 2; i < len(frames); i++ {
		if d := frames[i-1].Time.Sub(frames[i].Time); frames[i-2].Time.Sub(frames[i-1].Time) < d*3/2 {
			return false
		}
	}
	return true
}

// PersistProbes returns the sender's series of probes that follow each other at growing distances, nil when there is
// none of three or more. Keep-alive probes come at even distances; those of the persist timer, for a window that is
// closed, back off as retransmissions do, whether they are answered or not (RFC 9293 §3.8.6.1; Linux:
// tcp_send_probe0).
func (c *Facts) PersistProbes() *flows.Run {
	var frames []flows.Mark
events:
	for i := len(c.Conn.Events) - 1; i >= 0; i-- {
		switch e := &c.Conn.Events[i]; {
		case e.Notes&flows.Duplicate != 0 || e.Flags&flows.RST != 0:
		case e.Side == c.Side && e.LEN() <= 1 && e.SEQ.Sub(c.Snd.SND.NXT) == -1:
			frames = append(frames, e.Mark)
		case e.DataLen > 0 || e.Side == c.Side:
			break events
		}
	}
	if len(frames) < 3 || !backsOff(frames) {
		return nil
	}
	return NewRun(flows.Run{What: flows.RunZeroWindow}, frames)
}

// NewRun returns run with frames, latest first.
func NewRun(run flows.Run, frames []flows.Mark) *flows.Run {
	run.Count = len(frames)
	run.Last, run.First = frames[0], frames[len(frames)-1]
	for i := len(frames) - 1; i >= 0 && len(run.Frames) < flows.MaxRunFrames; i-- {
		run.Frames = append(run.Frames, frames[i].Frame)
	}
	return &run
}

// Retransmissions returns the sender's series of retransmissions that went unanswered, or whose answers did not
// reach it.
func (c *Facts) Retransmissions() *flows.Run {
	if c.retransmissions == nil {
		c.retransmissions = &c.Snd.Retransmits
		if c.Snd.Retransmits.Count == 0 {
			c.retransmissions = cmp.Or(c.inferredRetransmissions(), c.unheard(flows.RunData), c.unheard(flows.RunFIN),
				c.retransmissions)
		}
	}
	return c.retransmissions
}

// KeepAliveProbes is the same for keep-alive probes.
func (c *Facts) KeepAliveProbes() *flows.Run {
	if c.keepAliveProbes == nil {
		c.keepAliveProbes = &c.Snd.KeepAlives
		if c.Snd.KeepAlives.Count == 0 {
			c.keepAliveProbes = cmp.Or(c.unheard(flows.RunKeepAlive), c.inferredProbes(), c.keepAliveProbes)
		}
	}
	return c.keepAliveProbes
}

// UnansweredRun returns the series of the sender that nothing had answered, nil when there is none of two or
// more.
func (c *Facts) UnansweredRun() *flows.Run {
	for _, run := range [...]*flows.Run{c.Retransmissions(), c.KeepAliveProbes(), &c.Snd.WndProbes} {
		if run.Count >= 2 && run.What != flows.RunSYN && run.What != flows.RunSYNACK {
			if run.What == flows.RunFIN {
				return cmp.Or(c.dataBeforeFIN(), run)
			}
			return run
		}
	}
	return nil
}

// dataBeforeFIN returns the series of data that the sender sent three times again or more before it closed and sent its
// FIN again, where the capture holds nothing of its peer: its ACK has not moved since, so that most likely nothing
// had come. Nil where there is none.
func (c *Facts) dataBeforeFIN() *flows.Run {
	const enough = 3
	if !c.OneSided() {
		return nil
	}
	var frames []flows.Mark
	run := flows.Run{What: flows.RunData}
	var ack flows.Seq
	known := false
	for i := len(c.Conn.Events) - 1; i >= 0; i-- {
		e := &c.Conn.Events[i]
		if e.Side != c.Side || e.Notes&flows.Duplicate != 0 || e.Flags&flows.RST != 0 {
			continue
		}
		if known && e.ACK != ack {
			break
		}
		ack, known = e.ACK, true
		if e.DataLen == 0 || e.Notes&flows.Retransmitted == 0 || len(frames) > 0 && e.SEQ.Sub(run.SEQ) > 0 {
			continue
		}
		if len(frames) == 0 || e.SEQ != run.SEQ {
			frames, run.SEQ, run.LEN = frames[:0], e.SEQ, 0
		}
		frames, run.LEN = append(frames, e.Mark), max(run.LEN, e.DataLen)
	}
	if len(frames) < enough || !backsOff(frames) {
		return nil
	}
	return NewRun(run, frames)
}

// Undelivered returns the peer's series of retransmitted data that the RST's sender never acknowledged although it was
// there: it sent other segments meanwhile, or its own RST acknowledges less. The data did not reach it, and what it did
// then follows from that. Nil where nothing shows it.
func (c *Facts) Undelivered() *flows.Run {
	run := &c.Rcv.Retransmits
	if run.Count < 2 || run.What != flows.RunData || run.First.Frame >= c.Close.Frame || c.Snd.ZeroWND.Seen() ||
		c.Close.By == ByEarlier {
		return nil
	}
	if c.Close.Time.Sub(run.First.Time) < max(time.Second, 3*c.RTT) {
		return nil // it may still have been under way
	}
	if t := c.Trigger; t != nil && c.Kind == KindReply && t.DataLen > 0 && t.SEQ.Sub(run.SEQ) <= 0 &&
		t.End().Sub(run.SEQ) > 0 {
		return nil // it arrived in the end
	}
	after := run.PeerLast.Frame > run.First.Frame && run.PeerLast.Time.Sub(run.First.Time) > c.Soon()
	aborts := c.Kind == KindAbort && c.Flags.Has(flows.ACK) && c.ACK.Sub(run.SEQ) <= 0
	if !after && !aborts {
		return nil // it may have been gone
	}
	return run
}

// OwnWindowClosed returns for how long the RST's sender had advertised a zero window, without a break, when it sent the
// RST: its program had not read what its system had received.
func (c *Facts) OwnWindowClosed() time.Duration {
	if !c.Snd.ZeroWND.Seen() {
		return 0
	}
	return c.Time.Sub(c.Snd.ZeroWND.Time)
}
