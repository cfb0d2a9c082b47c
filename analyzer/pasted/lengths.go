package pasted

import (
	"bytes"
	"slices"

	"github.com/rstexplain/rstexplain/flows"
)

// A list without the column Length shows an application's line with nothing that says how long its data is. The next
// line of the connection that has numbers says it: such lines wait for that one.

// maxUnmeasured is how many lines wait at most.
const maxUnmeasured = 64

// unmeasured reports whether nothing in the line of p says how many bytes of data it has.
func (p *Packet) unmeasured() bool {
	return p.Words&SaysApplication != 0 && p.Has&(HasLen|HasWire|HasDump) == 0 && p.Src.IP.IsValid() && p.Dst.IP.IsValid()
}

// wait keeps p, if lines of its connection wait for their length, or p itself does. It reports whether it did.
func (r *Reader) wait(p *Packet) bool {
	if len(r.unmeasured) > 0 {
		w := &r.unmeasured[0]
		if w.Src != p.Src && w.Src != p.Dst || w.Dst != p.Dst && w.Dst != p.Src || p.Has&HasDump != 0 {
			r.measure()
		}
	}
	if len(r.unmeasured) == 0 && !p.unmeasured() {
		return false
	}
	q := *p
	q.SACK, q.Dump = slices.Clone(p.SACK), bytes.Clone(p.Dump)
	r.unmeasured = append(r.unmeasured, q)
	if len(r.unmeasured) >= maxUnmeasured || r.unmeasured[0].Src == p.Src && p.Has&HasSEQ != 0 ||
		r.unmeasured[0].Src == p.Dst && p.Has&HasACK != 0 && r.numbers.beyond(&r.unmeasured[0], p) > 0 {
		r.measure()
	}
	return true
}

// measure takes the lines that wait, with the lengths that the last of them leaves.
func (r *Reader) measure() {
	list := r.unmeasured
	r.unmeasured = nil
	for i := range list {
		p := &list[i]
		if p.unmeasured() {
			alike := uint32(0) // lines of the same side that share the bytes
			for k := i; k < len(list); k++ {
				q := &list[k]
				if q.Src == p.Src && q.unmeasured() {
					alike++
				} else if n := r.numbers.beyond(p, q); n > 0 {
					p.Len, p.Has = max(n/alike, 1), p.Has|HasLen
					break
				}
			}
		}
		r.settle(p)
	}
}

// beyond returns how many bytes behind all that the sender of w has sent a later packet of the connection begins, or
// acknowledges, 0 where it does not say.
func (n *numbering) beyond(w, p *Packet) uint32 {
	const most = 1 << 20
	_, me, _, _, _ := n.of(w)
	next, ok := me.expected()
	if !ok || !me.hasBase {
		return 0
	}
	at, has := p.SEQ, p.Has&HasSEQ
	if w.Src != p.Src {
		at, has = p.ACK, p.Has&HasACK
	}
	if has == 0 || p.Flags&flows.SYN != 0 {
		return 0
	}
	if d := me.base + at - next; d < most {
		return d
	}
	return 0
}
