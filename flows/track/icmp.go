package track

import (
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track/internal/tuple"
)

// maxICMPNotes is how many ICMP errors are kept for one connection.
const maxICMPNotes = 4

// icmpNotes are the first ICMP errors about a connection, in Table.notes.
type icmpNotes struct {
	n    uint8
	list [maxICMPNotes]icmpNote
}

// An icmpNote is an ICMPNote without what the connection knows.
type icmpNote struct {
	at          stamp
	from        [16]byte
	mtu         uint16
	typ, code   uint8
	v6, syn     bool
	toResponder bool // the quoted segment was of the originator
}

// AddICMP takes an ICMP error that quotes a segment, in the order of the capture, and returns the stream of
// the connection it is about, or −1.
func (t *Table) AddICMP(n flows.ICMPNote) (stream int) {
	t.stats.ICMP++
	var tp tuple.Tuple
	t.addresses.Tuple(&tp, &n.Src, &n.Dst, false)
	id := t.recordOf(&tp, &n.Src, &n.Dst, 0)
	if id == 0 {
		return -1
	}
	c := t.conns.At(id)
	x := t.coldOf(c)
	if x.note == 0 {
		x.note = t.notes.Take()
	}
	v := t.notes.At(x.note)
	note := icmpNote{stampAt(n.Mark), n.From.IP, n.MTU, n.Type, n.Code, n.V6, n.QuotedSYN,
		c.sideOf(tp.FromHi) == flows.Originator}
	if v.n < maxICMPNotes {
		v.list[v.n] = note
		v.n++
	} else { // the first ones and the last
		v.list[maxICMPNotes-1] = note
	}
	if c.marks&watched != 0 {
		t.eachPending(c, func(p *pending) { p.r.Related.ICMP = append(p.r.Related.ICMP, t.icmp(c, note)) })
	}
	return int(c.stream)
}

// icmp makes an ICMPNote.
func (t *Table) icmp(c *record, n icmpNote) flows.ICMPNote {
	a := t.addrs(c)
	src, dst := a[flows.Responder], a[flows.Originator]
	if n.toResponder {
		src, dst = dst, src
	}
	return flows.ICMPNote{Mark: n.at.mark(), From: flows.Addr{IP: n.from}, Type: n.typ, Code: n.code, V6: n.v6,
		QuotedSYN: n.syn,
		Src:       src, Dst: dst, Stream: int(c.stream), MTU: n.mtu}
}

// icmpOf lists the ICMP errors about c so far.
func (t *Table) icmpOf(c *record) (out []flows.ICMPNote) {
	if c.cold == 0 {
		return nil
	}
	x := t.coldParts.At(c.cold)
	if x.note == 0 {
		return nil
	}
	v := t.notes.At(x.note)
	for _, n := range v.list[:v.n] {
		out = append(out, t.icmp(c, n))
	}
	return out
}
