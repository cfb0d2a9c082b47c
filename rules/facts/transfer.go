package facts

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
)

// Transfer returns the FTP transfer whose data the connection carries, nil where it is no data connection.
func (c *Facts) Transfer() *flows.Transfer {
	if x := c.Related.Transfer; x != nil && !x.OfControl {
		return x
	}
	return nil
}

// SessionTransfer returns the latest transfer of the FTP session whose control connection this is, where it had no final
// reply when the RST's sender closed; nil without one.
func (c *Facts) SessionTransfer() *flows.Transfer {
	if x := c.Related.Transfer; x != nil && x.OfControl && x.Data.Seen() &&
		(!x.Final.Seen() || x.Final.Frame > c.Close.Frame) {
		return x
	}
	return nil
}

// LostFinalReply reports whether the server of an FTP session had sent a whole file, and its final reply never came: a
// server sends that reply as soon as it has closed the data connection, so it was most likely lost on the path.
func (c *Facts) LostFinalReply() bool {
	x := c.SessionTransfer()
	return x != nil && !x.Up && x.Opened.Seen() && x.Ended.Seen() && !c.ByClient() &&
		c.Time.Sub(x.Ended.Time) > max(time.Second, 4*c.RTT)
}

// transferred judges a data connection of FTP, whose file ends with the FIN of its sender (RFC 959 §3.4.1).
func (c *Facts) transferred(l *Close, x *flows.Transfer) Completion {
	d := x.Sender
	b := Completion{State: CutTransfer, Side: d, Frame: l.Frame, Text: x.Text, Want: -1}
	switch fin := c.Conn.Ends[d].FIN; {
	case fin.Seen() && fin.Frame <= l.Frame, c.Conn.Ends[d].UnseenFIN.Seen():
		b.State = Transferred
		return b
	case c.Conn.Ends[d].Segments == 0, c.Conn.Defects.Has(flows.NoHandshake):
		return Completion{State: Unclear}
	}
	known, acked := false, flows.Seq(0)
	switch e := c.eventAt(l.Frame); {
	case c.Side == d:
	case l.By == ByFIN && e != nil:
		known, acked = true, e.ACK
	case l.By == ByThis && c.Kind == KindAbort && c.Flags.Has(flows.ACK):
		known, acked = true, c.ACK
	}
	if known && c.Conn.Ends[d].HasISS {
		if n := acked.Sub(c.Conn.Ends[d].SND.ISS + 1); n >= 0 {
			b.Got = int64(n)
			if x.Size >= b.Got {
				b.Want = x.Size
			}
			if x.Size == b.Got {
				b.State = Transferred
			}
		}
	}
	return b
}

// eventAt returns the event of a frame, nil where the timeline does not hold it.
func (c *Facts) eventAt(frame int) *flows.Event {
	for i := range c.Conn.Events {
		if e := &c.Conn.Events[i]; e.Frame == frame {
			return e
		}
	}
	return nil
}
