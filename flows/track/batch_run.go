//go:build !plain

package track

import (
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track/internal/deferral"
)

// takeItem takes the item l of b, which tells of a connection's queue. Its record probably is id. Of a connection
// that the table has forgotten meanwhile, all of it is forgotten.
func (t *Table) takeItem(b *Batch, l *deferral.Line, id uint32) {
	if id = t.recordOfLine(l, id); id == 0 {
		if l.Bits&deferral.ItemClosed != 0 {
			t.closed.Push(0) // the queues count it
		}
		t.keepBounds()
		return
	}
	t.current = id
	switch c := t.conns.At(id); {
	case l.Bits&deferral.ItemClosed != 0:
		if c.marks&leaving != 0 {
			t.closed.Push(0)
		}
		c.marks |= ended
		t.leave(c)
	case l.Bits&deferral.ItemData != 0:
		if l.Captured < l.DataLen {
			c.defects |= flows.SnapCut
		}
		t.deliverData(c, c.sideOf(l.Bits&deferral.FromHi != 0), stampAt(flows.Mark{Frame: int(l.Frame), Time: l.Time}),
			b.lines.TextOf(l), uint32(l.DataLen))
	default:
		t.takeRun(c, &b.lines.Runs[l.Text], b.lines.Units)
	}
	t.keepBounds()
}

// takeRun takes the segments that h hands over, of c.
func (t *Table) takeRun(c *record, h *deferral.Run, units []deferral.Deferred) {
	origins := [2]*deferral.Origin{t.originOf(h.Origin[0]), t.originOf(h.Origin[1])}
	nxt := h.Nxt
	t.takingDeferred = true
	s := &t.deferred
	at := int(h.First)
	for k := range h.N {
		d := &units[at]
		at += d.Units()
		from := d.Bits & deferral.DeferredFromHi
		o := origins[from]
		s.Frame, s.Time, s.SEQ, s.ACK = int(d.Frame), h.Start+d.After(), nxt[from], d.ACK
		s.DataLen, s.Flags, s.WND, s.TTL, s.IPID = uint32(d.DataLen), flows.Flags(d.Flags), d.WND, h.TTL[from], d.IPID
		s.MAC, s.Domain, s.Interface, s.point = o.MAC, o.Domain, o.Interface, o.Point+1
		s.Opts.TSval, s.Opts.HasTS, s.Opts.HasSACK = d.TSval, d.Bits&deferral.DeferredTS != 0,
			d.Bits&deferral.DeferredSACK != 0
		t.addresses.List.SetEnds(&s.Segment, c.lo, c.hi, c.portLo, c.portHi, from != 0)
		s.delivered, s.Payload = k < h.Read, nil
		if !s.delivered {
			s.Payload = d.Text()
		}
		nxt[from] += flows.Seq(d.DataLen) + flows.Seq(d.Flags&uint8(flows.FIN))
		if !c.fits(s.Time) {
			t.coarsen(c)
		}
		if d.Captured < d.DataLen {
			c.defects |= flows.SnapCut
		}
		if d.Bits&deferral.DeferredLate != 0 {
			c.defects |= flows.Reordered
		}
		t.take(c, c.sideOf(from != 0), s)
	}
	t.takingDeferred = false
}

// originOf returns the origin of a number, nil for noOrigin.
func (t *Table) originOf(n uint16) *deferral.Origin {
	if n == deferral.NoOrigin {
		return nil
	}
	return &t.origins[n]
}
