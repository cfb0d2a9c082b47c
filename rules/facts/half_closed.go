package facts

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
)

// HalfClosed reports whether the RST's sender went on receiving after its own FIN (RFC 9293 §3.6): the peer sent data
// after it had acknowledged the FIN, and the sender acknowledged that data before the RST. Its FIN gave up nothing but
// sending; the RST is the close. A closed socket would have answered the data with a RST.
func (c *Facts) HalfClosed() bool {
	fin := c.Snd.FIN
	if c.OneSided() && c.Kind == KindAbort && fin.Seen() && fin.Frame < c.Frame && c.SEQ == c.Snd.SND.NXT {
		return c.ackedAfter(fin.Frame) > 1
	}
	if !fin.Seen() || fin.Frame >= c.Frame || !c.Snd.FINAcked.Seen() || c.Kind != KindAbort || c.Rcv.FIN.Seen() {
		return false
	}
	var end flows.Seq
	sent := false
	for i := range c.Conn.Events {
		e := &c.Conn.Events[i]
		switch {
		case e.Notes&flows.Duplicate != 0 || e.Flags&flows.RST != 0 || e.Frame <= fin.Frame || e.Frame >= c.Frame:
		case e.Side != c.Side && e.DataLen > 0 && e.Frame >= c.Snd.FINAcked.Frame && !sent:
			end, sent = e.End(), true
		case e.Side == c.Side && sent && e.Flags.Has(flows.ACK) && e.ACK.Sub(end) >= 0:
			return true
		}
	}
	return false
}

// ackedAfter returns how many bytes of its peer the RST's sender acknowledged after a frame of its own, before the RST.
// A single one may be a FIN.
func (c *Facts) ackedAfter(frame int) int32 {
	var from, to flows.Seq
	known := false
	for i := range c.Conn.Events {
		e := &c.Conn.Events[i]
		if e.Side != c.Side || !e.Flags.Has(flows.ACK) || e.Flags&flows.RST != 0 || e.Frame < frame || e.Frame >= c.Frame {
			continue
		}
		if !known {
			from, known = e.ACK, true
		}
		to = e.ACK
	}
	return to.Sub(from)
}

// Listened reports whether the RST's sender, which closed, had acknowledged data of the peer that it had not
// requested, and more came a while after: what it listened to was a stream.
func (c *Facts) Listened() bool {
	first, data := c.Rcv.FirstData, c.AfterClose.Data
	return first.Seen() && data.Seen() && c.Rcv.HasISS && c.Snd.HasRCV && c.Snd.RCV.NXT.Sub(c.Rcv.SND.ISS) > 1 &&
		data.Time.Sub(first.Time) > max(c.RTT, 20*time.Millisecond)
}

// lingersFrom is how long after its FIN a side must have gone on receiving for that to be a lingering close.
const lingersFrom = 100 * time.Millisecond

// Lingered reports whether the sender aborted a while after its own FIN, and acknowledged new data in between: a
// program that dies has no socket left that does so.
func (c *Facts) Lingered() bool {
	fin, data := c.Snd.FIN, c.Rcv.LastData
	return c.Kind == KindAbort && fin.Seen() && fin.Frame < c.Frame && data.Frame > fin.Frame &&
		c.Time.Sub(fin.Time) >= max(lingersFrom, 2*c.RTT) && c.Snd.Last.Frame > data.Frame &&
		c.Close.Unacked[c.Side.Peer()] == 0
}
