package facts

import "github.com/rstexplain/rstexplain/flows"

// unheard returns the sender's last series of retransmissions or probes of one kind, nil unless its timestamps prove
// that the peer's answers, which the capture holds, did not reach it: each echoes the same TSval, although the peer
// had sent a later one at least a round trip before (RFC 7323 §4.3).
func (c *Facts) unheard(kind flows.RunKind) *flows.Run {
	run := &c.Snd.Unheard
	if run.What != kind || run.Count < 2 || c.Snd.Last.Frame != run.Last.Frame ||
		c.Opts.HasTS && uint16(c.Opts.TSecr) != c.Snd.Echo {
		return nil
	}
	for i := range c.Conn.Events {
		e := &c.Conn.Events[i]
		// What lies behind a gap is not echoed.
		if e.Side == c.Side.Peer() && e.Frame > run.First.Frame && e.Frame < run.Last.Frame &&
			e.Notes&flows.Duplicate == 0 && e.Flags&flows.RST == 0 && e.SEQ.Sub(c.Snd.RCV.NXT) <= 0 &&
			run.Last.Time.Sub(e.Time) >= c.RTT {
			return run
		}
	}
	return nil
}

// Unheard reports whether timestamps prove that the answers to a series of the sender did not reach it.
func (c *Facts) Unheard(run *flows.Run) bool {
	u := c.unheard(run.What)
	return u != nil && u.Last == run.Last
}

// heardAfter reports whether the RST's own timestamp echoes the peer's last, sent after m: that segment did arrive.
func (c *Facts) heardAfter(m flows.Mark) bool {
	return c.Kind == KindAbort && c.Opts.HasTS && c.Rcv.HasTS && c.Opts.TSecr == c.Rcv.TSval && c.Rcv.Last.Frame > m.Frame
}
