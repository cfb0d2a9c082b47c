package track

import (
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/exchange"
)

// A closeState is a Close in compact form, in Table.closeStates from a side's FIN or first RST on.
type closeState struct {
	at          stamp
	fin         bool
	unread      uint32
	outstanding [2]uint32
	lastData    [2]stamp
	exchange    exchange.State
}

// noteClose keeps the moment at which side gives the connection up.
func (t *Table) noteClose(c *record, side flows.Side, at stamp, fin bool) {
	x := &t.coldOf(c).side[side]
	if x.closeState != 0 {
		return
	}
	x.closeState = t.closeStates.Take()
	g := t.closeStates.At(x.closeState)
	g.at, g.fin, g.unread = at, fin, c.side[side].unread
	for i := range c.side {
		h := &c.side[i]
		una := h.una
		if peer := flows.Side(i).Peer(); peer == side && c.marks&hasReset != 0 {
			if f := &t.resetPartOf(c).side[peer]; f.hasAcked && una.Less(f.acked) {
				una = f.acked // the RST itself acknowledges it
			}
		}
		if h.bits&hasSND != 0 && una.Less(h.dataEnd()) {
			g.outstanding[i] = uint32(h.dataEnd() - una)
			if h.bits&hasISS != 0 && una == h.iss {
				g.outstanding[i]-- // the SYN
			}
		}
		if m := c.lastData(flows.Side(i)); m.Seen() {
			g.lastData[i] = stampAt(m)
		}
	}
	g.exchange = t.exchangeOf(c).Snapshot(t.names)
}

// closeOf makes a Close.
func (t *Table) closeOf(i uint32) *flows.Close {
	g := t.closeStates.At(i)
	out := &flows.Close{Mark: g.at.mark(), FIN: g.fin, Unread: g.unread, Outstanding: g.outstanding}
	for i, m := range g.lastData {
		out.LastData[i] = m.mark()
	}
	out.Exchange = g.exchange.Summary(t.names)
	return out
}
