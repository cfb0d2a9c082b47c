package track

import "github.com/rstexplain/rstexplain/flows"

// takeItem takes the item l of b, which tells of a connection's journal. Its record probably is id. Of a connection
// that the table has forgotten meanwhile, all of it is forgotten.
func (t *Table) takeItem(b *Batch, l *Ordinary, id uint32) {
	if id = t.recordOfLine(l, id); id == 0 {
		if l.bits&lineOver != 0 {
			t.closed.Push(0) // the journals count it
		}
		t.buryClosed()
		return
	}
	t.current = id
	switch c := t.conns.At(id); {
	case l.bits&lineOver != 0:
		if c.marks&leaving != 0 {
			t.closed.Push(0)
		}
		c.marks |= ended
		t.leave(c)
	case l.bits&lineHeard != 0:
		if l.captured < l.DataLen {
			c.defects |= flows.SnapCut
		}
		t.say(c, c.sideOf(l.bits&ordinaryFromHi != 0), stampAt(flows.Mark{Frame: int(l.Frame), Time: l.Time}), b.lines.textOf(l), uint32(l.DataLen))
	default:
		t.takeHanded(c, &b.lines.handed[l.text], b.lines.units)
	}
	t.buryClosed()
}

// takeHanded takes the segments that h hands over, of c.
func (t *Table) takeHanded(c *record, h *handed, units []deferred) {
	origins := [2]*origin{t.originOf(h.origin[0]), t.originOf(h.origin[1])}
	nxt := h.nxt
	t.following = true
	s := &t.followed
	at := int(h.first)
	for k := range h.n {
		d := &units[at]
		at += d.units()
		from := d.bits & deferredFromHi
		o := origins[from]
		s.Frame, s.Time, s.SEQ, s.ACK = int(d.Frame), h.start+d.after(), nxt[from], d.ACK
		s.DataLen, s.Flags, s.WND, s.TTL, s.IPID = uint32(d.DataLen), flows.Flags(d.flags), d.WND, h.ttl[from], d.IPID
		s.MAC, s.Domain, s.Interface, s.place = o.mac, o.domain, o.iface, o.place+1
		s.Opts.TSval, s.Opts.HasTS, s.Opts.HasSACK = d.TSval, d.bits&deferredTS != 0, d.bits&deferredSACK != 0
		t.met.List.SetEnds(&s.Segment, c.lo, c.hi, c.portLo, c.portHi, from != 0)
		s.told, s.Payload = k < h.told, nil
		if !s.told {
			s.Payload = d.text()
		}
		nxt[from] += flows.Seq(d.DataLen) + flows.Seq(d.flags&uint8(flows.FIN))
		if !c.fits(s.Time) {
			t.coarsen(c)
		}
		if d.captured < d.DataLen {
			c.defects |= flows.SnapCut
		}
		if d.bits&deferredLate != 0 {
			c.defects |= flows.Reordered
		}
		t.take(c, c.sideOf(from != 0), s)
	}
	t.following = false
}

// originOf returns the origin of a number, nil for noOrigin.
func (t *Table) originOf(n uint16) *origin {
	if n == noOrigin {
		return nil
	}
	return &t.known[n]
}
